/*
 * HTTP/1.1 as the guard sees it: heads and framing (RFC 9112), never meaning.
 *
 * A head is passed on only when it is complete and says in exactly one way how long its body is;
 * a body only as far as its framing holds. So the server behind never sees half a head, and never
 * reads a message otherwise than anybody else would: what can be read in two ways is refused and
 * the connection closed, because the next request on it may be somebody else's (request smuggling).
 *
 * The next request is looked at when the answer to the last has begun: one request of a connection
 * is under way at a time. Body bytes beyond small take budget by steps, as they come.
 *
 * Pure: no I/O, no clock. One thread.
 */
#ifndef CLEW_COLLECTOR_GUARD_H1_H
#define CLEW_COLLECTOR_GUARD_H1_H

#include "collector/front/guard-watch-int.h"
#include "proto/base/buffer.h"

#define CLEW_H1_LINE_MAX 300u /* above CLEW_H1_CHUNK_LINE_MAX */

enum clew_h1_state {
        CLEW_H1_HEAD,
        CLEW_H1_BODY, /* of known length */
        CLEW_H1_SIZE, /* the line before a chunk */
        CLEW_H1_CHUNK,
        CLEW_H1_CHUNK_END,
        CLEW_H1_TRAILER,
        CLEW_H1_ANSWER, /* complete: the answer is awaited */
};

struct clew_h1 {
        struct clew_guard_totals *totals;
        enum clew_h1_state state;
        struct clew_buffer head;
        uint8_t line[CLEW_H1_LINE_MAX]; /* the line that is being read, framing only */
        unsigned line_len;
        unsigned n_blank; /* empty lines before a request */
        uint64_t left;    /* of the body or chunk */
        uint64_t framing_bytes;
        size_t trailer_bytes;
        size_t arrived;    /* of the body */
        size_t taken;      /* of the budget */
        bool is_json;      /* what the client reads, as far as its head says */
        bool is_question;  /* the last request: GET of HTTP/1.1 */
        bool waits;        /* for budget */
        uint64_t begun_ms; /* of this request's first byte, or of the silence before it */
        uint64_t moved_ms;
        uint64_t rate_ms;
        size_t rate_base;
        uint64_t n_answered;
        const char *status; /* why the connection is ended; NULL = without a word */
        const char *reason;
        bool is_overload;
};

void clew_h1_init(struct clew_h1 *c, struct clew_guard_totals *totals, uint64_t now_ms);
void clew_h1_deinit(struct clew_h1 *c);

/* See clew_h2_from_client(). */
size_t clew_h1_from_client(struct clew_h1 *c, const uint8_t *data, size_t n, uint64_t now_ms,
                           struct clew_guard_pieces *out, enum clew_guard_verdict *ret);
/* The server has sent something: the answer, when the request is complete. */
void clew_h1_from_server(struct clew_h1 *c, uint64_t now_ms);
enum clew_guard_verdict clew_h1_tick(struct clew_h1 *c, uint64_t now_ms);
/* Appends the last words. */
void clew_h1_farewell(const struct clew_h1 *c, struct clew_buffer *out);

/* What may be said to a client that has closed its side while the answer to its question is made,
 * before that begins: an interim answer, which changes nothing for who still reads, and which the
 * system of who does not answers with a reset. A null slice when nothing may. */
CLEW_MUST_USE struct clew_slice clew_h1_probe(const struct clew_h1 *c);

/* No byte of a request is here. */
bool clew_h1_is_idle(const struct clew_h1 *c);

#endif
