/*
 * What the two halves of the guard share: a connection (its sockets, buffers, end; guard-conn.c)
 * and the thread that serves them (guard.c). Everything here belongs to that thread, but for what
 * is marked.
 */
#ifndef CLEW_COLLECTOR_GUARD_INT_H
#define CLEW_COLLECTOR_GUARD_INT_H

#include "collector/front/guard-h1-int.h"
#include "collector/front/guard-h2-int.h"
#include "collector/front/guard.h"

#include <pthread.h>
#include <stdatomic.h>

/* One read. Large, because each costs two system calls and the memory is shared by all. */
#define CLEW_GUARD_INPUT_BYTES ((size_t)256 * 1024)
#define CLEW_GUARD_SPARE_BYTES 4096u
#define CLEW_GUARD_PAIR_DESCRIPTORS 2u
#define CLEW_STASH_BYTES_MAX ((size_t)8 * 1024 * 1024)

/* Bytes that wait for a socket. */
struct clew_stash {
        struct clew_buffer bytes;
        size_t at;
};

/* KNOWN: has had an answer. */
enum clew_conn_list { CLEW_LIST_NEW, CLEW_LIST_KNOWN, CLEW_LIST_DEAD, CLEW_CONN_LISTS };

struct clew_conn {
        struct clew_conn *prev;
        struct clew_conn *next;
        enum clew_conn_list list;
        int fd;
        int back; /* -1 = not open */
        uint32_t fd_events;
        uint32_t back_events;
        struct clew_address peer;
        uint64_t active_ms;      /* when it came, or had its last answer */
        struct clew_stash input; /* read, but not let through yet */
        struct clew_stash to_back;
        struct clew_stash to_client; /* HTTP/1.1, and last words; HTTP/2 has its watcher's */
        /* since when the client takes nothing of what waits; 0 = nothing does */
        uint64_t unread_ms;
        bool leaving;       /* ended: what is left is to be sent, what comes is not looked at */
        uint64_t linger_ms; /* ... and everything has been sent: until when it is read on */
        size_t next_read;
        bool wants_back; /* there was no place at the server yet */
        bool held;
        bool held_by_totals;
        bool client_eof;
        bool probed; /* ... and since then something was said to it, to see whether it reads */
        bool ending; /* the last words are to follow what the server still says */
        union {
                struct clew_h1 h1;
                struct clew_h2 h2;
        };
};

struct clew_arrival {
        int fd;
        struct clew_address peer;
};

struct clew_guard {
        struct clew_guard_options options;
        struct clew_guard_totals totals;
        int epoll;
        int wake;
        pthread_t thread;
        bool started;
        atomic_bool quiesced;
        atomic_bool stopping;
        pthread_mutex_t lock;
        /* under the lock: */
        struct clew_arrival *arrivals;
        size_t n_arrivals;
        pthread_cond_t room; /* on the monotonic clock */
        size_t arrivals_max; /* constant */
        /* of the thread: */
        struct clew_conn lists[CLEW_CONN_LISTS]; /* rings, least recently active first */
        size_t n_conns;
        size_t n_backs;
        size_t n_opened;
        size_t n_wanting; /* connections that want a place at the server */
        bool arrivals_wait;
        size_t stashed_bytes;
        uint64_t now_ms;
        uint64_t next_tick_ms;
        uint64_t seen_given_back;
        uint64_t next_retry_ms;
        int pipe[2];    /* between two sockets, empty between two uses; -1 = there is none */
        uint8_t *chunk; /* INPUT_BYTES */
        uint8_t spare[CLEW_GUARD_SPARE_BYTES]; /* while the chunk is in use */
        struct clew_conn **round;              /* CONNECTIONS_MAX: those of one walk over all */
};

static inline bool clew_guard_is_h2(const struct clew_guard *g)
{
        return g->options.protocol == CLEW_GUARD_HTTP2;
}

/* How many descriptors it uses. */
static inline size_t clew_guard_descriptors(const struct clew_guard *g)
{
        return g->n_conns + CLEW_GUARD_PAIR_DESCRIPTORS * g->n_backs;
}

/* ---- buffers -------------------------------------------------------------------------------- */

static inline size_t clew_stash_len(const struct clew_stash *s)
{
        return s->bytes.len - s->at;
}

/* False when memory is short or too much waits. */
CLEW_MUST_USE bool clew_stash_add(struct clew_guard *g, struct clew_stash *s, const void *data,
                                  size_t n);
void clew_stash_take(struct clew_guard *g, struct clew_stash *s, size_t n);
/* Returns false when the socket is broken. */
CLEW_MUST_USE bool clew_stash_send(struct clew_guard *g, struct clew_stash *s, int fd);

/* ---- connections ---------------------------------------------------------------------------- */

void clew_conn_append(struct clew_guard *g, struct clew_conn *c, enum clew_conn_list which);
void clew_conn_unlink(struct clew_conn *c);
/* It is the most recently active of its list. */
void clew_conn_touch(struct clew_guard *g, struct clew_conn *c);
void clew_conn_hold(struct clew_guard *g, struct clew_conn *c, bool held);
/* Tells the system for which events of its sockets we wait. */
void clew_conn_watch(struct clew_guard *g, struct clew_conn *c);

/* Sends the client @n bytes, behind what waits for it. False when it is gone. */
CLEW_MUST_USE bool clew_conn_send(struct clew_guard *g, struct clew_conn *c, const uint8_t *data,
                                  size_t n);
/* Sends what waits for the client, here and with its watcher. False when it is gone. */
CLEW_MUST_USE bool clew_conn_flush(struct clew_guard *g, struct clew_conn *c);

/* Gives the server its end of a pair, for which others may have to make room. */
CLEW_MUST_USE bool clew_conn_open_back(struct clew_guard *g, struct clew_conn *c);

/* Nothing is under way on it. */
bool clew_conn_is_idle(const struct clew_guard *g, const struct clew_conn *c);

/* A watcher has ended the connection: last words, then the end. */
void clew_conn_end(struct clew_guard *g, struct clew_conn *c);
/* HTTP/1.1: the last words, now that the server has said its own. */
void clew_conn_farewell(struct clew_guard *g, struct clew_conn *c);
/* The server is done with it: what waits for the client is sent, then the end. */
void clew_conn_linger(struct clew_guard *g, struct clew_conn *c);
/* Of a connection that is leaving: the client may read what was sent before it breaks. */
void clew_conn_all_said(struct clew_guard *g, struct clew_conn *c);
/* At once. Everything but the memory, which events of this batch may still point at. */
void clew_conn_kill(struct clew_guard *g, struct clew_conn *c);
void clew_guard_log_end(const struct clew_guard *g, const char *reason);

/* Frees the dead. */
void clew_guard_bury(struct clew_guard *g);
/* Ends the connection that has the least claim to its place. @with_back: a place at the server is
 * wanted. False when there is none to end. */
CLEW_MUST_USE bool clew_guard_make_room(struct clew_guard *g, const struct clew_conn *for_whom,
                                        bool with_back);

#endif
