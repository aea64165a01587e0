/*
 * Hazards: a connection may die while events of the same batch still point at it, so the dead are
 * freed after the batch. Pieces lie in the thread's input buffer or in the watcher, so they are
 * sent or copied before anything else happens.
 */
#include "collector/front/guard.h"

#include "collector/front/guard-int.h"
#include "proto/base/clock.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Full reads, until so much waits in the buffers of connections that each may leave only little
 * there. */
#define STASHED_BYTES_MAX ((size_t)16 * 1024 * 1024)
#define INPUT_BYTES_SHORT ((size_t)16 * 1024)
#define READS_IN_TURN 8
/* Payload from this size on is moved from socket to socket. */
#define BULK_BYTES_MIN ((size_t)32 * 1024)
#define PIPE_BYTES ((size_t)256 * 1024)
#define ANSWER_BYTES 512u /* reserved for each HTTP/2 connection */
#define EVENTS_IN_TURN 256
#define TICK_MS 100
#define PLACES_MS 5 /* while somebody waits for a place */
#define ARRIVALS_IN_TURN 64u
#define RETRY_MS 2             /* while somebody waits for what others have just given back */
#define CONNECTIONS_MAX 16384u /* a silent one costs less than 1 KiB */
/* Accepted and not looked at yet: a part of the descriptors. The door waits a moment for room. */
#define ARRIVALS_PART 8
#define ARRIVALS_MIN 8u
#define ARRIVALS_MAX 1024u
#define ARRIVAL_WAIT_NS (50 * CLEW_NS_PER_MS)

static uint64_t monotonic_ms(void)
{
        return clew_clock_monotonic_ns(clew_clock_system()) / CLEW_NS_PER_MS;
}

/* ---- from the client to the server ---------------------------------------------------------- */

/* Of a client that has closed its side already there is nothing to do, unless it has said all. */
static bool is_gone(const struct clew_guard *g, const struct clew_conn *c)
{
        char byte;

        if (!clew_guard_is_h2(g) && c->h1.state == CLEW_H1_ANSWER)
                return false;
        return recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Passes the pieces on, and keeps what is not taken. False when the server is gone. */
static bool pass_on(struct clew_guard *g, struct clew_conn *c, struct clew_guard_pieces *p)
{
        struct msghdr m = {.msg_iov = p->at, .msg_iovlen = p->n};
        size_t sent = 0;

        if (p->bytes == 0)
                return true;
        if (c->back < 0 && is_gone(g, c))
                return false;
        if (c->back < 0 && !c->wants_back && !clew_conn_open_back(g, c)) {
                c->wants_back = true;
                g->n_wanting++;
        }
        if (c->back >= 0 && clew_stash_len(&c->to_back) == 0) {
                ssize_t n = sendmsg(c->back, &m, MSG_NOSIGNAL | MSG_DONTWAIT);

                if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
                        return false;
                sent = n > 0 ? (size_t)n : 0;
        }
        for (unsigned i = 0; i < p->n; i++) {
                size_t skip = sent < p->at[i].iov_len ? sent : p->at[i].iov_len;

                sent -= skip;
                if (skip < p->at[i].iov_len &&
                    !clew_stash_add(g, &c->to_back, (const char *)p->at[i].iov_base + skip,
                                    p->at[i].iov_len - skip))
                        return false;
        }
        return true;
}

/* The server takes nothing more: what it said before comes first. */
static void hear_out(struct clew_guard *g, struct clew_conn *c)
{
        while (c->back >= 0) {
                ssize_t n = recv(c->back, g->spare, sizeof(g->spare), MSG_DONTWAIT);

                if (n <= 0 || clew_guard_is_h2(g) ||
                    !clew_stash_add(g, &c->to_client, g->spare, (size_t)n))
                        break;
        }
        clew_conn_linger(g, c);
}

/* Shows @n bytes to the watcher and passes on what it lets through. Returns what was consumed;
 * *ret_alive false when the connection is ended. */
static size_t watch_bytes(struct clew_guard *g, struct clew_conn *c, const uint8_t *data, size_t n,
                          bool *ret_alive)
{
        size_t at = 0;

        *ret_alive = true;
        do {
                struct clew_guard_pieces pieces = {.n = 0};
                enum clew_guard_verdict v;
                size_t used = clew_guard_is_h2(g) ? clew_h2_from_client(&c->h2, data + at, n - at,
                                                                        g->now_ms, &pieces, &v)
                                                  : clew_h1_from_client(&c->h1, data + at, n - at,
                                                                        g->now_ms, &pieces, &v);

                at += used;
                clew_conn_hold(g, c, v == CLEW_GUARD_HOLD);
                if (!pass_on(g, c, &pieces)) {
                        hear_out(g, c);
                        *ret_alive = false;
                        return at;
                }
                if (v == CLEW_GUARD_END) {
                        clew_conn_end(g, c);
                        *ret_alive = false;
                        return at;
                }
                if (used == 0)
                        break;
        } while (at < n && !c->held && clew_stash_len(&c->to_back) == 0);
        return at;
}

/* What was read before and not let through. */
static bool watch_input(struct clew_guard *g, struct clew_conn *c)
{
        bool alive;
        size_t used;

        used = watch_bytes(g, c, c->input.bytes.data + c->input.at, clew_stash_len(&c->input),
                           &alive);
        if (alive && clew_stash_len(&c->input))
                clew_stash_take(g, &c->input, used);
        return alive;
}

/* The client has said all. One of HTTP/1.1 may still read the answers to what it said: the server
 * is told when it has begun the last of them, since it might take the news for a client that is
 * gone. */
static void after_client_eof(struct clew_guard *g, struct clew_conn *c)
{
        if (c->list == CLEW_LIST_DEAD || !c->client_eof || c->leaving || c->ending ||
            clew_stash_len(&c->input) || clew_stash_len(&c->to_back))
                return;
        if (c->back >= 0 && c->h1.state == CLEW_H1_ANSWER)
                return;
        if (c->back >= 0 && clew_h1_is_idle(&c->h1))
                shutdown(c->back, SHUT_WR);
        else if (clew_stash_len(&c->to_client))
                clew_conn_linger(g, c);
        else
                clew_conn_kill(g, c);
}

static void on_client_eof(struct clew_guard *g, struct clew_conn *c)
{
        c->client_eof = true;
        if (clew_guard_is_h2(g))
                clew_conn_kill(g, c);
        else
                after_client_eof(g, c);
}

/* Payload that nobody looks at goes from socket to socket without a copy. What the server does not
 * take is copied out of the pipe after all. False when the connection is ended. */
static bool pump_bulk(struct clew_guard *g, struct clew_conn *c)
{
        size_t want = clew_h2_bulk(&c->h2);
        ssize_t in;

        if (want > PIPE_BYTES)
                want = PIPE_BYTES;
        in = splice(c->fd, NULL, g->pipe[1], NULL, want, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        if (in < 0)
                return errno == EAGAIN || errno == EINTR || errno == EINVAL;
        if (in == 0)
                return false;
        clew_h2_passed(&c->h2, (size_t)in, g->now_ms);
        while (in > 0) {
                ssize_t out = splice(g->pipe[0], NULL, c->back, NULL, (size_t)in,
                                     SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

                if (out <= 0)
                        break;
                in -= out;
        }
        while (in > 0) {
                ssize_t out = read(g->pipe[0], g->chunk,
                                   (size_t)in < CLEW_GUARD_INPUT_BYTES ? (size_t)in
                                                                       : CLEW_GUARD_INPUT_BYTES);

                if (out <= 0 || !clew_stash_add(g, &c->to_back, g->chunk, (size_t)out))
                        return false;
                in -= out;
        }
        return true;
}

static bool has_bulk(const struct clew_guard *g, const struct clew_conn *c)
{
        return clew_guard_is_h2(g) && g->pipe[0] >= 0 && c->back >= 0 &&
               clew_h2_bulk(&c->h2) >= BULK_BYTES_MIN;
}

/* Reads, watches, passes on; a few times, so that others get their turn. */
static void pump_client(struct clew_guard *g, struct clew_conn *c)
{
        for (int i = 0; i < READS_IN_TURN; i++) {
                size_t room = g->stashed_bytes < STASHED_BYTES_MAX ? CLEW_GUARD_INPUT_BYTES
                                                                   : INPUT_BYTES_SHORT;
                bool alive = true;
                ssize_t n;
                size_t used;

                if ((clew_stash_len(&c->input) || c->held) && !watch_input(g, c))
                        return;
                if (c->held || clew_stash_len(&c->to_back) || clew_stash_len(&c->input) ||
                    c->client_eof)
                        return;
                if (has_bulk(g, c)) {
                        if (pump_bulk(g, c))
                                continue;
                        clew_conn_kill(g, c);
                        return;
                }
                /* After a large frame comes the head of another: the less is read with it, the less
                 * is copied. */
                if (room > c->next_read)
                        room = c->next_read;
                n = recv(c->fd, g->chunk, room, MSG_DONTWAIT);
                if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
                        return;
                if (n <= 0) {
                        if (n < 0)
                                clew_conn_kill(g, c);
                        else
                                on_client_eof(g, c);
                        return;
                }
                used = watch_bytes(g, c, g->chunk, (size_t)n, &alive);
                if (!alive)
                        return;
                if (used < (size_t)n &&
                    !clew_stash_add(g, &c->input, g->chunk + used, (size_t)n - used)) {
                        clew_conn_kill(g, c);
                        return;
                }
                c->next_read = has_bulk(g, c) ? INPUT_BYTES_SHORT : CLEW_GUARD_INPUT_BYTES;
                if ((size_t)n < room && !has_bulk(g, c))
                        return;
        }
}

/* ---- from the server to the client ---------------------------------------------------------- */

static void on_back_eof(struct clew_guard *g, struct clew_conn *c)
{
        if (c->ending)
                clew_conn_farewell(g, c);
        else
                clew_conn_linger(g, c);
}

static void now_known(struct clew_guard *g, struct clew_conn *c)
{
        if (c->list != CLEW_LIST_NEW ||
            (clew_guard_is_h2(g) ? c->h2.n_answered : c->h1.n_answered) == 0)
                return;
        clew_conn_unlink(c);
        clew_conn_append(g, c, CLEW_LIST_KNOWN);
}

static void pump_back(struct clew_guard *g, struct clew_conn *c)
{
        for (int i = 0; i < READS_IN_TURN; i++) {
                ssize_t n = recv(c->back, g->chunk, CLEW_GUARD_INPUT_BYTES, MSG_DONTWAIT);
                bool ok;

                if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
                        break;
                if (n <= 0) {
                        on_back_eof(g, c);
                        return;
                }
                if (clew_guard_is_h2(g)) {
                        clew_h2_from_core(&c->h2, g->chunk, (size_t)n, g->now_ms);
                        ok = clew_conn_flush(g, c);
                } else {
                        clew_h1_from_server(&c->h1, g->now_ms);
                        ok = clew_conn_send(g, c, g->chunk, (size_t)n);
                }
                if (!ok) {
                        clew_conn_kill(g, c);
                        return;
                }
                if ((size_t)n < CLEW_GUARD_INPUT_BYTES || clew_stash_len(&c->to_client))
                        break;
        }
        now_known(g, c);
        clew_conn_touch(g, c);
        /* An answer makes room for the next request. */
        if (c->held && !c->ending && !watch_input(g, c))
                return;
        if (!clew_guard_is_h2(g))
                after_client_eof(g, c);
}

/* ---- events --------------------------------------------------------------------------------- */

static void read_on(struct clew_guard *g, struct clew_conn *c)
{
        for (int i = 0; i < READS_IN_TURN; i++) {
                ssize_t n = recv(c->fd, g->chunk, CLEW_GUARD_INPUT_BYTES, MSG_DONTWAIT);

                if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)) {
                        clew_conn_kill(g, c);
                        return;
                }
                if (n < 0)
                        return;
        }
}

static void on_client_event(struct clew_guard *g, struct clew_conn *c, uint32_t events)
{
        if (events & (EPOLLERR | EPOLLHUP)) {
                clew_conn_kill(g, c);
                return;
        }
        if (events & EPOLLOUT) {
                if (!clew_conn_flush(g, c)) {
                        clew_conn_kill(g, c);
                        return;
                }
                clew_conn_all_said(g, c);
                if (c->list == CLEW_LIST_DEAD)
                        return;
        }
        if (c->leaving)
                read_on(g, c);
        else if (events & EPOLLRDHUP)
                on_client_eof(g, c);
        else if (events & EPOLLIN)
                pump_client(g, c);
}

static void on_back_event(struct clew_guard *g, struct clew_conn *c, uint32_t events)
{
        if (events & EPOLLOUT) {
                if (!clew_stash_send(g, &c->to_back, c->back)) {
                        on_back_eof(g, c);
                        return;
                }
                if (clew_stash_len(&c->to_back) == 0)
                        pump_client(g, c);
        }
        if (c->list != CLEW_LIST_DEAD && c->back >= 0 && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                pump_back(g, c);
}

static void settle(struct clew_guard *g, struct clew_conn *c)
{
        if (c->list == CLEW_LIST_DEAD)
                return;
        /* The watcher may have something to say, whoever spoke. */
        if (clew_guard_is_h2(g) && (c->h2.to_client.len || clew_buffer_error(&c->h2.to_client)) &&
            !clew_conn_flush(g, c)) {
                clew_conn_kill(g, c);
                return;
        }
        clew_conn_watch(g, c);
}

static void on_event(struct clew_guard *g, const struct epoll_event *e)
{
        bool is_back = (uintptr_t)e->data.ptr & 1;
        struct clew_conn *c = (struct clew_conn *)(void *)((char *)e->data.ptr - is_back);

        if (c->list == CLEW_LIST_DEAD)
                return;
        if (!is_back)
                on_client_event(g, c, e->events);
        else if (c->back >= 0)
                on_back_event(g, c, e->events);
        settle(g, c);
}

/* ---- arrivals ------------------------------------------------------------------------------- */

/* False when there is no place for it yet. */
static bool admit(struct clew_guard *g, const struct clew_arrival *a)
{
        struct epoll_event e = {.events = EPOLLIN};
        struct clew_conn *c;

        while (g->n_conns >= CONNECTIONS_MAX ||
               clew_guard_descriptors(g) + 1 > g->options.n_descriptors) {
                if (!clew_guard_make_room(g, NULL, false))
                        return false;
        }
        c = clew_calloc(1, sizeof(*c));
        if (!c) {
                close(a->fd);
                return true;
        }
        c->fd = a->fd;
        c->back = -1;
        c->next_read = CLEW_GUARD_INPUT_BYTES;
        c->peer = a->peer;
        clew_buffer_init(&c->input.bytes, CLEW_STASH_BYTES_MAX);
        clew_buffer_init(&c->to_back.bytes, CLEW_STASH_BYTES_MAX);
        clew_buffer_init(&c->to_client.bytes, CLEW_STASH_BYTES_MAX);
        if (clew_guard_is_h2(g))
                clew_h2_init(&c->h2, &g->totals, g->now_ms);
        else
                clew_h1_init(&c->h1, &g->totals, g->now_ms);
        clew_conn_append(g, c, CLEW_LIST_NEW);
        g->n_conns++;
        c->fd_events = e.events;
        e.data.ptr = c;
        /* An answer must not fail for want of memory once it has been given. */
        if ((clew_guard_is_h2(g) && !clew_buffer_reserve(&c->h2.to_client, ANSWER_BYTES)) ||
            epoll_ctl(g->epoll, EPOLL_CTL_ADD, c->fd, &e) < 0) {
                clew_conn_kill(g, c);
                return true;
        }
        pump_client(g, c);
        settle(g, c);
        return true;
}

/* Some of those that the door has handed over; the rest when the others had their turn. */
static void admit_some(struct clew_guard *g)
{
        struct clew_arrival a[ARRIVALS_IN_TURN];
        eventfd_t count;
        size_t n;
        size_t done = 0;
        bool more;

        (void)!eventfd_read(g->wake, &count);
        pthread_mutex_lock(&g->lock);
        n = g->n_arrivals < ARRIVALS_IN_TURN ? g->n_arrivals : ARRIVALS_IN_TURN;
        memcpy(a, g->arrivals, n * sizeof(a[0]));
        pthread_mutex_unlock(&g->lock);
        while (done < n && admit(g, &a[done]))
                done++;
        g->arrivals_wait = done < n;
        pthread_mutex_lock(&g->lock);
        g->n_arrivals -= done;
        memmove(g->arrivals, g->arrivals + done, g->n_arrivals * sizeof(a[0]));
        more = g->n_arrivals > 0;
        pthread_cond_signal(&g->room);
        pthread_mutex_unlock(&g->lock);
        if (more && !g->arrivals_wait)
                (void)!eventfd_write(g->wake, 1);
}

/* Places at the server, first for those that came first. */
static void give_places(struct clew_guard *g)
{
        struct clew_conn *head = &g->lists[CLEW_LIST_NEW];
        struct clew_conn *c = head->next;

        while (c != head && g->n_wanting > 0) {
                if (!c->wants_back) {
                        c = c->next;
                        continue;
                }
                if (!clew_conn_open_back(g, c))
                        return;
                c->wants_back = false;
                g->n_wanting--;
                if (!clew_stash_send(g, &c->to_back, c->back))
                        clew_conn_kill(g, c);
                else if (clew_stash_len(&c->to_back) == 0)
                        pump_client(g, c);
                settle(g, c);
                c = head->next; /* others may have gone */
        }
}

void clew_guard_take(void *guard, int fd, const struct clew_address *peer)
{
        struct clew_guard *g = guard;
        struct timespec until = clew_clock_deadline(ARRIVAL_WAIT_NS);
        bool taken;

        pthread_mutex_lock(&g->lock);
        while (g->n_arrivals >= g->arrivals_max &&
               pthread_cond_timedwait(&g->room, &g->lock, &until) == 0)
                continue;
        taken = g->n_arrivals < g->arrivals_max;
        if (taken)
                g->arrivals[g->n_arrivals++] = (struct clew_arrival){.fd = fd, .peer = *peer};
        pthread_mutex_unlock(&g->lock);
        if (taken)
                (void)!eventfd_write(g->wake, 1);
        else
                close(fd);
}

/* ---- time ----------------------------------------------------------------------------------- */

/* A client that has closed, and one that has only said all, look alike until something is sent to
 * them. A question is work that nobody may wait for any more. */
static void probe(struct clew_guard *g, struct clew_conn *c)
{
        struct clew_slice words = clew_guard_is_h2(g) || c->probed || !c->client_eof
                                          ? CLEW_SLICE_NULL
                                          : clew_h1_probe(&c->h1);

        if (words.len == 0 || clew_stash_len(&c->to_client))
                return;
        c->probed = true;
        if (!clew_conn_send(g, c, words.data, words.len))
                clew_conn_kill(g, c);
}

static void tick_conn(struct clew_guard *g, struct clew_conn *c)
{
        uint64_t unread = clew_guard_is_pressed(&g->totals) ? CLEW_GUARD_UNREAD_PRESSED_MS
                                                            : CLEW_GUARD_UNREAD_MS;
        enum clew_guard_verdict v;

        if (c->linger_ms && g->now_ms > c->linger_ms) {
                clew_conn_kill(g, c);
                return;
        }
        if (c->unread_ms && g->now_ms - c->unread_ms > unread) {
                clew_guard_log_end(g, "answers are not taken");
                clew_conn_kill(g, c);
                return;
        }
        if (c->leaving || c->ending)
                return;
        if (atomic_load(&g->quiesced) && clew_conn_is_idle(g, c) && !clew_guard_is_h2(g)) {
                clew_conn_kill(g, c);
                return;
        }
        v = clew_guard_is_h2(g) ? clew_h2_tick(&c->h2, g->now_ms) : clew_h1_tick(&c->h1, g->now_ms);
        if (v == CLEW_GUARD_END)
                clew_conn_end(g, c);
        else
                probe(g, c);
}

/* Those that wait for what all share. */
static void retry_conn(struct clew_guard *g, struct clew_conn *c)
{
        if (c->leaving || c->ending)
                return;
        if (clew_guard_is_h2(g))
                clew_h2_retry(&c->h2, g->now_ms);
        if (c->held)
                pump_client(g, c);
        if (c->list != CLEW_LIST_DEAD && clew_guard_is_h2(g) && c->h2.to_core_len &&
            clew_stash_len(&c->input) == 0)
                (void)!watch_input(g, c);
}

/* @fn may end any connection; the memory stays until the burial. */
static void for_each(struct clew_guard *g, void (*fn)(struct clew_guard *, struct clew_conn *))
{
        size_t n = 0;

        for (unsigned i = 0; i < CLEW_LIST_DEAD; i++) {
                const struct clew_conn *head = &g->lists[i];

                for (struct clew_conn *c = head->next; c != head && n < CONNECTIONS_MAX;
                     c = c->next)
                        g->round[n++] = c;
        }
        for (size_t i = 0; i < n; i++) {
                if (g->round[i]->list == CLEW_LIST_DEAD)
                        continue;
                fn(g, g->round[i]);
                settle(g, g->round[i]);
        }
}

static void keep_time(struct clew_guard *g)
{
        struct clew_guard_totals *t = &g->totals;

        if (clew_guard_is_pressed(t) && t->n_given_back != g->seen_given_back &&
            g->now_ms >= g->next_retry_ms) {
                g->seen_given_back = t->n_given_back;
                g->next_retry_ms = g->now_ms + RETRY_MS;
                for_each(g, retry_conn);
        }
        if (g->now_ms >= g->next_tick_ms) {
                g->next_tick_ms = g->now_ms + TICK_MS;
                for_each(g, retry_conn);
                for_each(g, tick_conn);
        }
}

static void say_last(struct clew_guard *g, struct clew_conn *c)
{
        if (c->back >= 0 && !c->leaving)
                pump_back(g, c);
}

static void *guard_main(void *argument)
{
        struct clew_guard *g = argument;
        struct epoll_event events[EVENTS_IN_TURN];

        pthread_setname_np(pthread_self(), clew_guard_is_h2(g) ? "clewd-guard-g" : "clewd-guard-h");
        while (!atomic_load(&g->stopping)) {
                bool soon = clew_guard_is_pressed(&g->totals) &&
                            g->totals.n_given_back != g->seen_given_back;
                int ms = soon ? RETRY_MS : g->totals.places_wanted ? PLACES_MS : TICK_MS;
                int n = epoll_wait(g->epoll, events, EVENTS_IN_TURN, ms);
                bool arrivals = false;

                g->now_ms = monotonic_ms();
                for (int i = 0; i < n; i++) {
                        if (events[i].data.ptr)
                                on_event(g, &events[i]);
                        else
                                arrivals = true;
                }
                give_places(g);
                if (arrivals || g->arrivals_wait)
                        admit_some(g);
                g->totals.places_wanted = g->n_wanting > 0 || g->arrivals_wait;
                keep_time(g);
                clew_guard_bury(g);
        }
        for_each(g, say_last); /* the servers have said all they will */
        for (unsigned i = 0; i < CLEW_LIST_DEAD; i++) {
                while (g->lists[i].next != &g->lists[i])
                        clew_conn_kill(g, g->lists[i].next);
        }
        clew_guard_bury(g);
        return NULL;
}

/* ---- lifecycle ------------------------------------------------------------------------------ */

static int set_up(struct clew_guard *g)
{
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};

        g->chunk = clew_malloc(CLEW_GUARD_INPUT_BYTES);
        g->round = clew_calloc(CONNECTIONS_MAX, sizeof(struct clew_conn *));
        g->arrivals = clew_calloc(ARRIVALS_MAX, sizeof(*g->arrivals));
        g->epoll = epoll_create1(EPOLL_CLOEXEC);
        g->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (pipe2(g->pipe, O_CLOEXEC | O_NONBLOCK) < 0)
                g->pipe[0] = g->pipe[1] = -1;
        else
                (void)fcntl(g->pipe[0], F_SETPIPE_SZ, (int)PIPE_BYTES); /* or less, as it is */
        if (!g->chunk || !g->round || !g->arrivals)
                return -ENOMEM;
        if (g->epoll < 0 || g->wake < 0 || epoll_ctl(g->epoll, EPOLL_CTL_ADD, g->wake, &e) < 0)
                return -errno;
        return -pthread_create(&g->thread, NULL, guard_main, g);
}

static void init_lock(struct clew_guard *g)
{
        pthread_condattr_t attr;

        pthread_mutex_init(&g->lock, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&g->room, &attr);
        pthread_condattr_destroy(&attr);
}

int clew_guard_new(const struct clew_guard_options *options, struct clew_guard **ret)
{
        struct clew_guard *g = clew_calloc(1, sizeof(*g));
        int r;

        if (!g)
                return -ENOMEM;
        g->options = *options;
        g->now_ms = monotonic_ms();
        g->totals.admission = options->admission;
        g->totals.share = options->protocol == CLEW_GUARD_HTTP2 ? CLEW_SHARE_GRPC : CLEW_SHARE_HTTP;
        g->totals.max_waiting = options->max_waiting;
        clew_h2_totals_init(&g->totals, g->now_ms);
        for (unsigned i = 0; i < CLEW_CONN_LISTS; i++)
                g->lists[i].prev = g->lists[i].next = &g->lists[i];
        g->epoll = g->wake = g->pipe[0] = g->pipe[1] = -1;
        g->arrivals_max = options->n_descriptors / ARRIVALS_PART;
        if (g->arrivals_max < ARRIVALS_MIN)
                g->arrivals_max = ARRIVALS_MIN;
        if (g->arrivals_max > ARRIVALS_MAX)
                g->arrivals_max = ARRIVALS_MAX;
        init_lock(g);
        r = set_up(g);
        if (r < 0) {
                clew_guard_free(g);
                return r;
        }
        g->started = true;
        *ret = g;
        return 0;
}

void clew_guard_quiesce(struct clew_guard *g)
{
        atomic_store(&g->quiesced, true);
}

void clew_guard_stop(struct clew_guard *g)
{
        if (!g->started)
                return;
        atomic_store(&g->stopping, true);
        (void)!eventfd_write(g->wake, 1);
        pthread_join(g->thread, NULL);
        g->started = false;
        for (size_t i = 0; i < g->n_arrivals; i++)
                close(g->arrivals[i].fd);
        g->n_arrivals = 0;
}

void clew_guard_free(struct clew_guard *g)
{
        if (!g)
                return;
        clew_guard_stop(g);
        if (g->epoll >= 0)
                close(g->epoll);
        if (g->wake >= 0)
                close(g->wake);
        if (g->pipe[0] >= 0) {
                close(g->pipe[0]);
                close(g->pipe[1]);
        }
        pthread_cond_destroy(&g->room);
        pthread_mutex_destroy(&g->lock);
        clew_free(g->round);
        clew_free(g->chunk);
        clew_free(g->arrivals);
        clew_free(g);
}
