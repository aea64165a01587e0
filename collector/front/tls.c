/*
 * See tls.h. One thread has all connections.
 *
 *   HELLO --handshake--> FIRST --bytes, a pair--> OPEN --guard's end--> LEAVING
 *     |                    |                       |                      |
 *     +--(10 s, an error)--+--(the client is gone)-+----------------------+--> freed
 *
 * Hazards: events of one batch may still point at a connection that has ended: the dead are freed
 * after it. OpenSSL may hold decrypted bytes that no event tells of: reading goes on while it does.
 * A socket that is closed with unread bytes in it is reset, and the end of the answer is lost:
 * LEAVING reads on until the client has closed too.
 */
#include "collector/front/tls.h"

#include "collector/front/tls-session-int.h"
#include "collector/front/unwatch-int.h"
#include "proto/base/clock.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* Of each direction, when something waits. */
#define PIECE_BYTES ((size_t)16 * 1024)
#define TURNS_MAX 8
#define EVENTS_IN_TURN 128
#define TICK_MS 100
/* From the first byte to the first decrypted one. */
#define HELLO_MS 10000u
/* Nobody is displaced within his first moment. */
#define FIRST_MS 25u
/* An answer that is not taken any more, as the guard has it. */
#define DRAIN_MS 10000u
#define LEAVING_MS 1500u
#define STOP_MS 500u
/* Accepted and not looked at yet: a part of the places. The door waits a moment for room. */
#define ARRIVALS_MAX 1024u
#define ARRIVALS_MIN 8u
#define ARRIVALS_PART 4u
#define ARRIVAL_WAIT_NS (50 * CLEW_NS_PER_MS)
#define CROWDED_MS 5 /* until somebody may be displaced */

/* DRAIN: open, but the guard has closed its end; what it said before is on its way. */
enum state { HELLO, FIRST, OPEN, DRAIN, LEAVING, DEAD };

struct piece {
        uint8_t *bytes; /* NULL: nothing waits */
        size_t at;
        size_t n;
};

struct conn {
        struct conn *prev; /* in the list of its state; by time of the last sign of life */
        struct conn *next;
        struct clew_tls_session *session;
        struct clew_address peer;
        struct piece to_back;
        struct piece to_client;
        uint64_t since_ms; /* of this state; OPEN: of the last byte */
        int fd;
        int back; /* -1 before OPEN */
        enum clew_door_protocol port;
        enum state state;
        uint32_t client_events;
        uint32_t back_events;
        bool wants_write; /* OpenSSL does */
        bool client_eof;
        bool back_hup;  /* the guard has closed its end */
        bool told_back; /* that the client has said all */
};

struct arrival {
        int fd;
        enum clew_door_protocol port;
        struct clew_address peer;
};

struct clew_tls {
        struct clew_tls_options options;
        pthread_t thread;
        int epoll;
        int wake;
        pthread_mutex_t lock;
        /* under the lock: */
        struct arrival arrivals[ARRIVALS_MAX]; /* a ring */
        unsigned first_arrival;
        unsigned n_arrivals;
        unsigned n_arrivals_max;
        pthread_cond_t room_made; /* on the monotonic clock */
        struct clew_tls_context *context;
        bool ends;
        /* the thread's: */
        struct conn lists[DEAD + 1]; /* heads of rings */
        size_t n_conns;
        bool crowded; /* somebody waits for a place */
        uint64_t now_ms;
        uint8_t room[PIECE_BYTES];
};

static uint64_t monotonic_ms(void)
{
        return clew_clock_monotonic_ns(clew_clock_system()) / CLEW_NS_PER_MS;
}

/* ---- lists ---------------------------------------------------------------------------------- */

static void unlink_conn(struct conn *c)
{
        c->prev->next = c->next;
        c->next->prev = c->prev;
}

/* Behind all others of that state: it is the one that was heard of last. */
static void put(struct clew_tls *t, struct conn *c, enum state state)
{
        struct conn *head = &t->lists[state];

        if (state == OPEN && c->back_hup) {
                state = DRAIN;
                head = &t->lists[DRAIN];
        }
        if (c->prev)
                unlink_conn(c);
        c->state = state;
        c->since_ms = t->now_ms;
        c->prev = head->prev;
        c->next = head;
        head->prev->next = c;
        head->prev = c;
}

static bool is_open(const struct conn *c)
{
        return c->state == OPEN || c->state == DRAIN;
}

static void end(struct clew_tls *t, struct conn *c)
{
        if (c->state == DEAD)
                return;
        put(t, c, DEAD);
        if (c->back >= 0)
                clew_unwatch_close(t->epoll, c->back);
        clew_unwatch_close(t->epoll, c->fd);
        c->back = c->fd = -1;
}

static void free_dead(struct clew_tls *t)
{
        struct conn *head = &t->lists[DEAD];

        while (head->next != head) {
                struct conn *c = head->next;

                unlink_conn(c);
                clew_tls_session_free(c->session);
                clew_free(c->to_back.bytes);
                clew_free(c->to_client.bytes);
                clew_free(c);
                t->n_conns--;
        }
}

/* ---- pieces --------------------------------------------------------------------------------- */

/* Keeps what was not taken. False without memory. */
static bool keep(struct piece *p, const uint8_t *bytes, size_t n)
{
        p->bytes = clew_malloc(n);
        if (!p->bytes)
                return false;
        memcpy(p->bytes, bytes, n);
        p->at = 0;
        p->n = n;
        return true;
}

static void took(struct piece *p, size_t n)
{
        p->at += n;
        if (p->at < p->n)
                return;
        clew_free(p->bytes);
        *p = (struct piece){.bytes = NULL};
}

/* ---- from the client ------------------------------------------------------------------------ */

/* The guard takes nothing more. What it has said goes out first. */
static void lost_back(struct clew_tls *t, struct conn *c)
{
        took(&c->to_back, c->to_back.n - c->to_back.at);
        c->back_hup = true;
        put(t, c, OPEN);
}

/* Bytes to the guard's end. False when it is gone. */
static bool give_back(struct conn *c, const uint8_t *bytes, size_t n, size_t *ret_taken)
{
        ssize_t sent = send(c->back, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);

        *ret_taken = sent > 0 ? (size_t)sent : 0;
        return sent >= 0 || errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* The first bytes tell what is spoken. False when that is not served, or there is no pair. */
static bool open_back(struct clew_tls *t, struct conn *c, const uint8_t *first, size_t n)
{
        enum clew_door_protocol spoken = c->port;
        int pair[2];
        int both[2];

        switch (clew_door_greeting_of((const char *)first, n)) {
        case CLEW_GREETING_HTTP1:
                spoken = CLEW_DOOR_HTTP;
                break;
        case CLEW_GREETING_HTTP2:
                spoken = CLEW_DOOR_GRPC;
                break;
        case CLEW_GREETING_NONE:
        case CLEW_GREETING_TLS:
                break;
        }
        if (!t->options.take[spoken] ||
            socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
                return false;
        memcpy(both, pair, sizeof(both));
        c->back = both[0];
        if (epoll_ctl(t->epoll, EPOLL_CTL_ADD, c->back,
                      &(struct epoll_event){.data.ptr = (char *)c + 1}) < 0) {
                close(both[1]);
                return false;
        }
        put(t, c, OPEN);
        t->options.take[spoken](t->options.context[spoken], both[1], &c->peer);
        return true;
}

/* Decrypts one piece and passes it on. False when there is nothing more to do now. */
static bool from_client(struct clew_tls *t, struct conn *c)
{
        size_t n;
        size_t taken = 0;

        if (c->to_back.bytes || c->client_eof || c->back_hup ||
            (c->state != FIRST && c->state != OPEN))
                return false;
        switch (clew_tls_session_read(c->session, t->room, sizeof(t->room), &n)) {
        case CLEW_TLS_DONE:
                break;
        case CLEW_TLS_WANT_READ:
                return false;
        case CLEW_TLS_WANT_WRITE:
                c->wants_write = true;
                return false;
        case CLEW_TLS_END:
                c->client_eof = true;
                return true;
        case CLEW_TLS_FAILED:
                end(t, c);
                return false;
        }
        if (c->state == FIRST && !open_back(t, c, t->room, n)) {
                end(t, c);
                return false;
        }
        if (!give_back(c, t->room, n, &taken)) {
                lost_back(t, c);
                return false;
        }
        if (taken < n && !keep(&c->to_back, t->room + taken, n - taken)) {
                end(t, c);
                return false;
        }
        put(t, c, OPEN);
        return true;
}

static void flush_back(struct clew_tls *t, struct conn *c)
{
        size_t taken;

        if (c->to_back.bytes && c->back >= 0) {
                if (!give_back(c, c->to_back.bytes + c->to_back.at, c->to_back.n - c->to_back.at,
                               &taken))
                        lost_back(t, c);
                else
                        took(&c->to_back, taken);
        }
        if (c->client_eof && !c->to_back.bytes && !c->told_back && c->back >= 0) {
                c->told_back = true;
                (void)shutdown(c->back, SHUT_WR);
        }
}

/* ---- to the client -------------------------------------------------------------------------- */

/* Encrypts and sends. False when the connection has ended. */
static bool write_client(struct clew_tls *t, struct conn *c, const uint8_t *bytes, size_t n,
                         size_t *ret_taken)
{
        *ret_taken = 0;
        while (*ret_taken < n) {
                size_t sent;

                switch (clew_tls_session_write(c->session, bytes + *ret_taken, n - *ret_taken,
                                               &sent)) {
                case CLEW_TLS_DONE:
                        *ret_taken += sent;
                        break;
                case CLEW_TLS_WANT_WRITE:
                        c->wants_write = true;
                        return true;
                case CLEW_TLS_WANT_READ:
                        return true;
                case CLEW_TLS_END:
                case CLEW_TLS_FAILED:
                        end(t, c);
                        return false;
                }
        }
        return true;
}

static bool flush_client(struct clew_tls *t, struct conn *c)
{
        size_t taken;

        if (!c->to_client.bytes)
                return true;
        if (!write_client(t, c, c->to_client.bytes + c->to_client.at,
                          c->to_client.n - c->to_client.at, &taken))
                return false;
        took(&c->to_client, taken);
        return true;
}

/* All was said: the client is told, and has a moment to close. */
static void leave(struct clew_tls *t, struct conn *c)
{
        clew_tls_session_say_end(c->session);
        (void)shutdown(c->fd, SHUT_WR);
        clew_unwatch_close(t->epoll, c->back);
        c->back = -1;
        put(t, c, LEAVING);
}

/* Takes one piece of the guard's and sends it. False when there is nothing more to do now. */
static bool from_back(struct clew_tls *t, struct conn *c)
{
        size_t taken;
        ssize_t n;

        if (!is_open(c) || !flush_client(t, c) || c->to_client.bytes)
                return false;
        n = recv(c->back, t->room, sizeof(t->room), MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
                return false;
        if (n <= 0) {
                leave(t, c); /* at once: no event tells of it again */
                return false;
        }
        if (!write_client(t, c, t->room, (size_t)n, &taken))
                return false;
        if (taken < (size_t)n && !keep(&c->to_client, t->room + taken, (size_t)n - taken)) {
                end(t, c);
                return false;
        }
        put(t, c, OPEN);
        return true;
}

/* ---- one connection ------------------------------------------------------------------------- */

static void shake_hands(struct clew_tls *t, struct conn *c)
{
        static struct clew_log_limit limit = {.per_second = 1};

        switch (clew_tls_session_accept(c->session)) {
        case CLEW_TLS_DONE: {
                uint64_t since = c->since_ms;

                put(t, c, FIRST);
                c->since_ms = since; /* one time for both */
                break;
        }
        case CLEW_TLS_WANT_READ:
                break;
        case CLEW_TLS_WANT_WRITE:
                c->wants_write = true;
                break;
        case CLEW_TLS_END:
        case CLEW_TLS_FAILED:
                clew_count(t->options.counters, CLEW_COUNT_TLS_FAILED, 1);
                clew_log_limited(&limit, CLEW_LOG_WARN, "tls.refused", "reason=\"%s\"",
                                 clew_tls_session_why(c->session));
                end(t, c);
                break;
        }
}

static void read_away(struct clew_tls *t, struct conn *c)
{
        for (int i = 0; i < TURNS_MAX; i++) {
                ssize_t n = recv(c->fd, t->room, sizeof(t->room), MSG_DONTWAIT);

                if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK))
                        end(t, c);
                if (n <= 0)
                        return;
        }
}

/* While nothing of the guard's end is wanted, only its close is told, and once (EPOLLET): a level
 * would be told again and again. */
static void watch_back(struct clew_tls *t, struct conn *c)
{
        uint32_t want = (c->to_client.bytes ? 0u : EPOLLIN) | (c->to_back.bytes ? EPOLLOUT : 0u);

        want = want ? want : EPOLLET;
        if (want != c->back_events)
                (void)epoll_ctl(t->epoll, EPOLL_CTL_MOD, c->back,
                                &(struct epoll_event){.events = want, .data.ptr = (char *)c + 1});
        c->back_events = want;
}

static void watch(struct clew_tls *t, struct conn *c)
{
        bool reads = !is_open(c) || (!c->to_back.bytes && !c->client_eof && !c->back_hup);
        uint32_t want = (reads ? EPOLLIN : 0u) | (c->wants_write ? EPOLLOUT : 0u);

        if (want != c->client_events)
                (void)epoll_ctl(t->epoll, EPOLL_CTL_MOD, c->fd,
                                &(struct epoll_event){.events = want, .data.ptr = c});
        c->client_events = want;
        if (c->back >= 0)
                watch_back(t, c);
}

/* Whatever has happened: everything that can go on goes on, a few times. */
static void pump(struct clew_tls *t, struct conn *c)
{
        bool more = true;

        c->wants_write = false;
        if (c->state == HELLO)
                shake_hands(t, c);
        if (c->state == LEAVING)
                read_away(t, c);
        for (int i = 0; i < TURNS_MAX && more && c->state != DEAD; i++) {
                more = false;
                if (is_open(c))
                        flush_back(t, c);
                if (c->state == FIRST || c->state == OPEN)
                        more |= from_client(t, c);
                if (c->state == FIRST && c->client_eof)
                        end(t, c);
                if (is_open(c))
                        more |= from_back(t, c);
        }
        /* What is decrypted already, a record at most, no event tells of. */
        while (c->state == OPEN && clew_tls_session_has_more(c->session) && from_client(t, c))
                ;
        if (is_open(c))
                flush_back(t, c);
        if (c->state != DEAD)
                watch(t, c);
}

static void on_event(struct clew_tls *t, const struct epoll_event *e)
{
        bool is_back = (uintptr_t)e->data.ptr & 1;
        struct conn *c = (struct conn *)(void *)((char *)e->data.ptr - is_back);

        if (c->state == DEAD)
                return;
        if (!is_back && (e->events & (EPOLLERR | EPOLLHUP)) != 0) {
                end(t, c);
                return;
        }
        if (is_back && (e->events & (EPOLLERR | EPOLLHUP)) != 0 && !c->back_hup)
                lost_back(t, c);
        pump(t, c);
}

/* ---- arrivals and ends ---------------------------------------------------------------------- */

/* False when nobody may be displaced. */
static bool make_room(struct clew_tls *t)
{
        static const enum state order[] = {LEAVING, DRAIN, HELLO, FIRST, OPEN};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(order); i++) {
                struct conn *head = &t->lists[order[i]];
                struct conn *c = head->next;

                if (c == head || t->now_ms - c->since_ms < FIRST_MS)
                        continue;
                clew_count(t->options.counters, CLEW_COUNT_CONNECTIONS_DISPLACED, 1);
                end(t, c);
                free_dead(t);
                return true;
        }
        return false;
}

static void admit(struct clew_tls *t, const struct arrival *a, struct clew_tls_session *session)
{
        struct conn *c = NULL;

        if (session)
                c = clew_calloc(1, sizeof(*c));
        if (!c) {
                clew_tls_session_free(session);
                close(a->fd);
                return;
        }
        t->n_conns++;
        c->session = session;
        c->fd = a->fd;
        c->back = -1;
        c->port = a->port;
        c->peer = a->peer;
        c->client_events = EPOLLIN;
        put(t, c, HELLO);
        if (epoll_ctl(t->epoll, EPOLL_CTL_ADD, c->fd,
                      &(struct epoll_event){.events = EPOLLIN, .data.ptr = c}) < 0)
                end(t, c);
        else
                pump(t, c);
}

/* Some of those that wait, so that others get their turn. True when the thread is to end. */
static bool take_arrivals(struct clew_tls *t)
{
        uint64_t counted;
        bool ends = false;

        (void)!read(t->wake, &counted, sizeof(counted));
        for (int i = 0; i < EVENTS_IN_TURN; i++) {
                struct clew_tls_session *session;
                struct arrival a;
                bool none;

                t->crowded = t->n_conns >= t->options.n_connections_max && !make_room(t);
                pthread_mutex_lock(&t->lock);
                ends = t->ends;
                none = t->n_arrivals == 0 || t->crowded;
                t->crowded = t->crowded && t->n_arrivals > 0;
                if (!none) {
                        a = t->arrivals[t->first_arrival];
                        t->first_arrival = (t->first_arrival + 1) % ARRIVALS_MAX;
                        t->n_arrivals--;
                        /* Under the lock: a reload frees the context, but for what sessions keep.
                         */
                        session = clew_tls_session_new(t->context, a.fd);
                        pthread_cond_signal(&t->room_made);
                }
                pthread_mutex_unlock(&t->lock);
                if (none)
                        return ends;
                admit(t, &a, session);
        }
        (void)!eventfd_write(t->wake, 1); /* there are more */
        return ends;
}

static void end_late(struct clew_tls *t)
{
        static const struct {
                enum state state;
                uint64_t ms;
        } bounds[] = {
                {HELLO, HELLO_MS}, {FIRST, HELLO_MS}, {DRAIN, DRAIN_MS}, {LEAVING, LEAVING_MS}};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(bounds); i++) {
                struct conn *head = &t->lists[bounds[i].state];

                while (head->next != head && t->now_ms - head->next->since_ms >= bounds[i].ms) {
                        if (bounds[i].state == HELLO || bounds[i].state == FIRST)
                                clew_count(t->options.counters, CLEW_COUNT_TLS_FAILED, 1);
                        end(t, head->next);
                }
        }
}

/* ---- the thread ----------------------------------------------------------------------------- */

static void *tls_main(void *argument)
{
        struct clew_tls *t = argument;
        struct epoll_event events[EVENTS_IN_TURN];
        uint64_t stop_ms = UINT64_MAX;

        pthread_setname_np(pthread_self(), "clewd-tls");
        while (t->now_ms < stop_ms && (stop_ms == UINT64_MAX || t->n_conns > 0)) {
                int n = epoll_wait(t->epoll, events, EVENTS_IN_TURN,
                                   t->crowded ? CROWDED_MS : TICK_MS);

                t->now_ms = monotonic_ms();
                for (int i = 0; i < n; i++) {
                        if (events[i].data.ptr)
                                on_event(t, &events[i]);
                }
                free_dead(t);
                if (take_arrivals(t) && stop_ms == UINT64_MAX)
                        stop_ms = t->now_ms + STOP_MS;
                end_late(t);
                free_dead(t);
        }
        for (int i = 0; i < DEAD; i++) {
                while (t->lists[i].next != &t->lists[i])
                        end(t, t->lists[i].next);
        }
        free_dead(t);
        return NULL;
}

/* ---- lifecycle ------------------------------------------------------------------------------ */

static unsigned places_for_arrivals(size_t n_connections)
{
        size_t n = n_connections / ARRIVALS_PART;

        return n < ARRIVALS_MIN ? ARRIVALS_MIN : n > ARRIVALS_MAX ? ARRIVALS_MAX : (unsigned)n;
}

int clew_tls_new(const struct clew_tls_options *options, struct clew_tls **ret,
                 struct clew_error *err)
{
        struct clew_tls *t = clew_calloc(1, sizeof(*t));
        pthread_condattr_t attr;
        int r;

        if (!t)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        t->options = *options;
        t->now_ms = monotonic_ms();
        t->n_arrivals_max = places_for_arrivals(options->n_connections_max);
        pthread_mutex_init(&t->lock, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&t->room_made, &attr);
        pthread_condattr_destroy(&attr);
        for (int i = 0; i <= DEAD; i++)
                t->lists[i].prev = t->lists[i].next = &t->lists[i];
        t->epoll = epoll_create1(EPOLL_CLOEXEC);
        t->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        r = t->epoll < 0 || t->wake < 0 ||
                            epoll_ctl(t->epoll, EPOLL_CTL_ADD, t->wake,
                                      &(struct epoll_event){.events = EPOLLIN}) < 0
                    ? -errno
                    : clew_tls_context_new(&options->files, &t->context, err);
        if (r == 0)
                r = -pthread_create(&t->thread, NULL, tls_main, t);
        if (r < 0) {
                if (!err->message[0])
                        clew_error_set(err, r, 0, "cannot start TLS: %s", strerror(-r));
                clew_tls_free(t);
                return r;
        }
        *ret = t;
        return 0;
}

void clew_tls_take(void *tls, int fd, const struct clew_address *peer, enum clew_door_protocol port)
{
        struct clew_tls *t = tls;
        struct timespec until = clew_clock_deadline(ARRIVAL_WAIT_NS);
        bool room;
        int r = 0;

        pthread_mutex_lock(&t->lock);
        while (t->n_arrivals >= t->n_arrivals_max && !t->ends && r == 0)
                r = pthread_cond_timedwait(&t->room_made, &t->lock, &until);
        room = t->n_arrivals < t->n_arrivals_max && !t->ends;
        if (room)
                t->arrivals[(t->first_arrival + t->n_arrivals++) % ARRIVALS_MAX] =
                        (struct arrival){.fd = fd, .port = port, .peer = *peer};
        pthread_mutex_unlock(&t->lock);
        if (room)
                (void)!eventfd_write(t->wake, 1);
        else
                close(fd);
}

int clew_tls_check(const struct clew_tls_files *files, struct clew_error *err)
{
        struct clew_tls_context *context = NULL;
        int r = clew_tls_context_new(files, &context, err);

        if (r == 0)
                clew_tls_context_free(context);
        return r;
}

void clew_tls_reload(struct clew_tls *t)
{
        struct clew_tls_context *context;
        struct clew_tls_context *old;
        struct clew_error err = {0};

        if (clew_tls_context_new(&t->options.files, &context, &err) < 0) {
                clew_log(CLEW_LOG_ERROR, "tls.unreadable",
                         "reason=\"%s\" action=\"the certificate read before still counts\"",
                         err.message);
                return;
        }
        pthread_mutex_lock(&t->lock);
        old = t->context;
        t->context = context;
        pthread_mutex_unlock(&t->lock);
        clew_tls_context_free(old);
        clew_log(CLEW_LOG_INFO, "tls.read", "certificate=\"%s\"", t->options.files.cert);
}

void clew_tls_stop(struct clew_tls *t)
{
        pthread_mutex_lock(&t->lock);
        t->ends = true;
        pthread_mutex_unlock(&t->lock);
        (void)!eventfd_write(t->wake, 1);
        pthread_join(t->thread, NULL);
}

void clew_tls_free(struct clew_tls *t)
{
        if (!t)
                return;
        for (; t->n_arrivals > 0; t->n_arrivals--)
                close(t->arrivals[(t->first_arrival + t->n_arrivals - 1) % ARRIVALS_MAX].fd);
        clew_tls_context_free(t->context);
        if (t->epoll >= 0)
                close(t->epoll);
        if (t->wake >= 0)
                close(t->wake);
        pthread_cond_destroy(&t->room_made);
        pthread_mutex_destroy(&t->lock);
        clew_free(t);
}
