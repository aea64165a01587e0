/* One connection of the guard: its buffers, its end, and who makes room for whom. */
#include "collector/front/guard-int.h"

#include "collector/front/unwatch-int.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Beyond this nothing more is read from the server for a client. */
#define TO_CLIENT_HIGH_BYTES ((size_t)64 * 1024)

/* ---- lists ---------------------------------------------------------------------------------- */

void clew_conn_unlink(struct clew_conn *c)
{
        c->prev->next = c->next;
        c->next->prev = c->prev;
}

void clew_conn_append(struct clew_guard *g, struct clew_conn *c, enum clew_conn_list which)
{
        struct clew_conn *head = &g->lists[which];

        c->list = which;
        c->active_ms = g->now_ms;
        c->prev = head->prev;
        c->next = head;
        head->prev->next = c;
        head->prev = c;
}

void clew_conn_touch(struct clew_guard *g, struct clew_conn *c)
{
        if (c->list == CLEW_LIST_DEAD)
                return;
        c->active_ms = g->now_ms;
        if (c->next == &g->lists[c->list])
                return;
        clew_conn_unlink(c);
        clew_conn_append(g, c, c->list);
}

/* ---- stashes -------------------------------------------------------------------------------- */

bool clew_stash_add(struct clew_guard *g, struct clew_stash *s, const void *data, size_t n)
{
        size_t before = s->bytes.capacity;

        clew_buffer_append(&s->bytes, data, n);
        g->stashed_bytes += s->bytes.capacity - before;
        return clew_buffer_error(&s->bytes) == 0;
}

static void stash_drop(struct clew_guard *g, struct clew_stash *s)
{
        g->stashed_bytes -= s->bytes.capacity;
        clew_buffer_deinit(&s->bytes);
        clew_buffer_init(&s->bytes, CLEW_STASH_BYTES_MAX);
        s->at = 0;
}

void clew_stash_take(struct clew_guard *g, struct clew_stash *s, size_t n)
{
        s->at += n;
        if (s->at == s->bytes.len)
                stash_drop(g, s);
}

bool clew_stash_send(struct clew_guard *g, struct clew_stash *s, int fd)
{
        while (clew_stash_len(s)) {
                ssize_t n = send(fd, s->bytes.data + s->at, clew_stash_len(s),
                                 MSG_NOSIGNAL | MSG_DONTWAIT);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return errno == EAGAIN || errno == EWOULDBLOCK;
                clew_stash_take(g, s, (size_t)n);
        }
        return true;
}

/* ---- the end of a connection ---------------------------------------------------------------- */

static void close_back(struct clew_guard *g, struct clew_conn *c)
{
        if (c->back < 0)
                return;
        clew_unwatch_close(g->epoll, c->back);
        c->back = -1;
        g->n_backs--;
        stash_drop(g, &c->to_back);
}

void clew_conn_kill(struct clew_guard *g, struct clew_conn *c)
{
        if (c->list == CLEW_LIST_DEAD)
                return;
        close_back(g, c);
        clew_unwatch_close(g->epoll, c->fd);
        if (c->held && c->held_by_totals)
                g->totals.n_held--;
        c->held = false;
        g->n_wanting -= c->wants_back;
        c->wants_back = false;
        if (clew_guard_is_h2(g))
                clew_h2_deinit(&c->h2);
        else
                clew_h1_deinit(&c->h1);
        stash_drop(g, &c->input);
        stash_drop(g, &c->to_client);
        clew_conn_unlink(c);
        clew_conn_append(g, c, CLEW_LIST_DEAD);
        g->n_conns--;
        g->totals.n_given_back++;
}

void clew_guard_bury(struct clew_guard *g)
{
        struct clew_conn *head = &g->lists[CLEW_LIST_DEAD];

        while (head->next != head) {
                struct clew_conn *c = head->next;

                clew_conn_unlink(c);
                clew_free(c);
        }
}

void clew_conn_watch(struct clew_guard *g, struct clew_conn *c)
{
        struct clew_stash *out = &c->to_client;
        bool to_client = clew_stash_len(out) || (clew_guard_is_h2(g) && c->h2.to_client.len);
        size_t waiting = clew_stash_len(out) + (clew_guard_is_h2(g) ? c->h2.to_client.len : 0);
        bool reads = (!c->held && clew_stash_len(&c->to_back) == 0 && !c->client_eof &&
                      clew_stash_len(&c->input) == 0) ||
                     c->leaving;
        uint32_t want = (reads ? (uint32_t)EPOLLIN : 0u) |
                        (clew_guard_is_h2(g) ? (uint32_t)EPOLLRDHUP : 0u) |
                        (to_client ? (uint32_t)EPOLLOUT : 0u);
        struct epoll_event e = {.data.ptr = c};

        if (c->list == CLEW_LIST_DEAD)
                return;
        if (want != c->fd_events) {
                e.events = c->fd_events = want;
                (void)epoll_ctl(g->epoll, EPOLL_CTL_MOD, c->fd, &e);
        }
        if (c->back < 0)
                return;
        want = (waiting < TO_CLIENT_HIGH_BYTES ? (uint32_t)EPOLLIN : 0u) |
               (clew_stash_len(&c->to_back) ? (uint32_t)EPOLLOUT : 0u);
        if (want != c->back_events) {
                e.events = c->back_events = want;
                e.data.ptr = (char *)c + 1;
                (void)epoll_ctl(g->epoll, EPOLL_CTL_MOD, c->back, &e);
        }
}

/* Sends @n bytes behind what waits, and keeps what does not go out. Needs memory only for that. */
static bool send_or_keep(struct clew_guard *g, struct clew_stash *s, int fd, const uint8_t *data,
                         size_t n)
{
        ssize_t sent = 0;

        if (!clew_stash_send(g, s, fd))
                return false;
        if (n && clew_stash_len(s) == 0) {
                sent = send(fd, data, n, MSG_NOSIGNAL | MSG_DONTWAIT);
                if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
                        return false;
                sent = sent < 0 ? 0 : sent;
        }
        return (size_t)sent == n || clew_stash_add(g, s, data + sent, n - (size_t)sent);
}

bool clew_conn_send(struct clew_guard *g, struct clew_conn *c, const uint8_t *data, size_t n)
{
        size_t before = clew_stash_len(&c->to_client);

        if (!send_or_keep(g, &c->to_client, c->fd, data, n))
                return false;
        if (clew_stash_len(&c->to_client) == 0)
                c->unread_ms = 0;
        else if (c->unread_ms == 0 || clew_stash_len(&c->to_client) < before + n)
                c->unread_ms = g->now_ms;
        return true;
}

bool clew_conn_flush(struct clew_guard *g, struct clew_conn *c)
{
        bool ok;

        if (!clew_guard_is_h2(g))
                return clew_conn_send(g, c, NULL, 0);
        ok = clew_buffer_error(&c->h2.to_client) == 0 &&
             clew_conn_send(g, c, c->h2.to_client.data, c->h2.to_client.len);
        clew_buffer_clear(&c->h2.to_client);
        return ok;
}

void clew_conn_hold(struct clew_guard *g, struct clew_conn *c, bool held)
{
        bool by_totals = held && clew_guard_is_h2(g) && c->h2.waits_for_totals;

        if (c->held && c->held_by_totals)
                g->totals.n_held--;
        if (by_totals)
                g->totals.n_held++;
        c->held = held;
        c->held_by_totals = by_totals;
}

/* Of a connection that is leaving: the client may read what was sent before it breaks. */
void clew_conn_all_said(struct clew_guard *g, struct clew_conn *c)
{
        if (!c->leaving || c->linger_ms || clew_stash_len(&c->to_client))
                return;
        if (c->client_eof) {
                clew_conn_kill(g, c);
                return;
        }
        shutdown(c->fd, SHUT_WR);
        c->linger_ms = g->now_ms +
                       (clew_guard_is_h2(g) ? CLEW_GUARD_LINGER_H2_MS : CLEW_GUARD_LINGER_H1_MS);
}

void clew_conn_linger(struct clew_guard *g, struct clew_conn *c)
{
        close_back(g, c);
        stash_drop(g, &c->to_back);
        stash_drop(g, &c->input);
        g->n_wanting -= c->wants_back;
        c->wants_back = false;
        clew_conn_hold(g, c, false);
        c->leaving = true;
        if (!clew_conn_flush(g, c)) {
                clew_conn_kill(g, c);
                return;
        }
        clew_conn_all_said(g, c);
        if (c->list != CLEW_LIST_DEAD)
                clew_conn_watch(g, c);
}

void clew_guard_log_end(const struct clew_guard *g, const char *reason)
{
        static struct clew_log_limit limit = {.per_second = 2};

        clew_log_limited(&limit, CLEW_LOG_WARN, "connection.ended", "protocol=%s reason=\"%s\"",
                         clew_guard_is_h2(g) ? "grpc" : "http", reason);
}

void clew_conn_farewell(struct clew_guard *g, struct clew_conn *c)
{
        CLEW_BUFFER words = {0};

        clew_buffer_init(&words, CLEW_STASH_BYTES_MAX);
        clew_h1_farewell(&c->h1, &words);
        (void)!clew_stash_add(g, &c->to_client, words.data, words.len);
        clew_conn_linger(g, c);
}

/* A watcher has ended the connection. */
void clew_conn_end(struct clew_guard *g, struct clew_conn *c)
{
        const char *reason = clew_guard_is_h2(g) ? c->h2.reason : c->h1.reason;

        if (c->leaving || c->ending)
                return;
        if (reason) {
                clew_count(g->options.counters, CLEW_COUNT_CONNECTIONS_ENDED, 1);
                clew_guard_log_end(g, reason);
        }
        if (clew_guard_is_h2(g)) {
                clew_h2_farewell(&c->h2);
                clew_conn_linger(g, c);
                return;
        }
        if (c->back >= 0 && c->h1.status && c->h1.n_answered) {
                /* An earlier answer may still be on its way. */
                c->ending = true;
                clew_conn_hold(g, c, true);
                stash_drop(g, &c->input);
                stash_drop(g, &c->to_back);
                shutdown(c->back, SHUT_WR);
                clew_conn_watch(g, c);
                return;
        }
        clew_conn_farewell(g, c);
}

/* ---- making room ---------------------------------------------------------------------------- */

bool clew_conn_is_idle(const struct clew_guard *g, const struct clew_conn *c)
{
        return (clew_guard_is_h2(g) ? clew_h2_is_idle(&c->h2) : clew_h1_is_idle(&c->h1)) &&
               clew_stash_len(&c->to_client) == 0 && clew_stash_len(&c->to_back) == 0;
}

/* Who goes first when room is wanted: those without an answer, after a fair time; those that have
 * had one and rest; then, as there are too many even of these, those that came a moment ago, idle
 * ones first; then whoever has been idle for a while. Each time the oldest, or the one idle
 * longest. Nobody goes before his moment: whoever comes after waits for that. */
static const struct {
        enum clew_conn_list list;
        bool idle;
        uint64_t rest_ms; /* since it came, or since its last answer */
} claims[] = {
        {CLEW_LIST_NEW, true, CLEW_GUARD_FAIR_MS},    {CLEW_LIST_NEW, false, CLEW_GUARD_FAIR_MS},
        {CLEW_LIST_KNOWN, true, CLEW_GUARD_REST_MS},  {CLEW_LIST_NEW, true, CLEW_GUARD_MOMENT_MS},
        {CLEW_LIST_NEW, false, CLEW_GUARD_MOMENT_MS}, {CLEW_LIST_KNOWN, true, CLEW_GUARD_FAIR_MS},
};

static struct clew_conn *least_claim(struct clew_guard *g, const struct clew_conn *for_whom,
                                     bool with_back)
{
        for (unsigned i = 0; i < CLEW_ARRAY_LEN(claims); i++) {
                struct clew_conn *head = &g->lists[claims[i].list];

                for (struct clew_conn *c = head->next; c != head; c = c->next) {
                        if (g->now_ms - c->active_ms < claims[i].rest_ms)
                                break; /* those behind it are younger */
                        if (c != for_whom && (!with_back || c->back >= 0) &&
                            (!claims[i].idle || clew_conn_is_idle(g, c)))
                                return c;
                }
        }
        return NULL;
}

bool clew_guard_make_room(struct clew_guard *g, const struct clew_conn *for_whom, bool with_back)
{
        static struct clew_log_limit limit = {.per_second = 1};
        struct clew_conn *c = least_claim(g, for_whom, with_back);

        if (!c)
                return false;
        clew_log_limited(
                &limit, CLEW_LOG_WARN, "connection.displaced",
                "protocol=%s connections=%zu hint=\"more connections than there are places "
                "or descriptors (ulimit -n)\"",
                clew_guard_is_h2(g) ? "grpc" : "http", g->n_conns);
        clew_count(g->options.counters, CLEW_COUNT_CONNECTIONS_DISPLACED, 1);
        if (with_back && clew_guard_is_h2(g)) {
                clew_h2_farewell(&c->h2); /* so that its client calls elsewhere, or again */
                clew_conn_linger(g, c);
        } else {
                clew_conn_kill(g, c);
        }
        return true;
}

bool clew_conn_open_back(struct clew_guard *g, struct clew_conn *c)
{
        const int send_bytes = (int)(2 * CLEW_GUARD_INPUT_BYTES);
        int pair[2];
        int ours;
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = (char *)c + 1};

        while (g->n_backs >= g->options.n_backs_max ||
               clew_guard_descriptors(g) + CLEW_GUARD_PAIR_DESCRIPTORS > g->options.n_descriptors) {
                if (!clew_guard_make_room(g, c, g->n_backs >= g->options.n_backs_max))
                        return false;
        }
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
                return false;
        /* What is read at a time shall go out at a time; the system allows less, as it sees fit. */
        ours = (int)(g->n_opened++ % 2); /* servers choose a thread by the number */
        (void)setsockopt(pair[ours], SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof(send_bytes));
        c->back = pair[ours];
        c->back_events = EPOLLIN;
        if (epoll_ctl(g->epoll, EPOLL_CTL_ADD, c->back, &e) < 0) {
                close(pair[0]);
                close(pair[1]);
                c->back = -1;
                return false;
        }
        g->n_backs++;
        g->options.connect(g->options.context, pair[1 - ours], &c->peer);
        return true;
}
