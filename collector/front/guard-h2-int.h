/*
 * HTTP/2 as the guard sees it: frame headers (RFC 9113, section 4), never header text.
 *
 * The packaged gRPC core holds no limit on resets, header blocks, control frames or streams that
 * survives a peer which ignores SETTINGS, and buffers what such a peer makes it answer. So each
 * byte of a client passes here first. A frame is passed on as it came, dropped (of no use to the
 * core), held back (the connection is not read for a while) or the end of the connection. What the
 * core sends passes here too: it says when streams are over, and it asks for messages.
 *
 * That asking is where memory is bounded. The core lets a client send 64 KiB of a message, and when
 * it knows its length asks for the rest with one WINDOW_UPDATE. The guard keeps that update and
 * hands it out in steps, as the budget has room; no header text, no call is involved, and other
 * streams of the connection go on. A client that sends more than it was allowed is ended.
 *
 * Pure: no I/O, no clock. One thread.
 */
#ifndef CLEW_COLLECTOR_GUARD_H2_H
#define CLEW_COLLECTOR_GUARD_H2_H

#include "collector/front/guard-watch-int.h"
#include "proto/base/buffer.h"

#define CLEW_H2_HEAD_BYTES 9u
#define CLEW_H2_SMALL_PAYLOAD_MAX 64u
#define CLEW_H2_TO_CORE_BYTES (13u * 16)

/* A stream between the client's HEADERS and the last frame of its answer. */
struct clew_h2_stream {
        uint32_t id;
        bool client_done; /* END_STREAM came */
        bool answering;   /* the core has sent HEADERS */
        bool waits;       /* for budget */
        uint64_t opened_ms;
        uint64_t moved_ms; /* a frame of it came or went */
        uint64_t rate_ms;  /* its rate is counted from here, with what had arrived by then */
        size_t rate_base;
        size_t arrived;
        int64_t window; /* what the client may still send, as far as it was told */
        size_t asked;   /* what the core has asked for and the client was not told */
        size_t taken;   /* of the budget */
};

struct clew_h2_reader {
        uint8_t head[CLEW_H2_HEAD_BYTES];
        unsigned head_len;
        bool split;   /* the head came in several inputs */
        bool checked; /* the head is complete and allowed */
        bool drop;    /* client: not passed on; core: passed on when it is complete */
        uint8_t type;
        uint8_t flags;
        uint32_t stream;
        uint32_t left; /* of the payload */
        uint64_t since_ms;
        uint8_t small[CLEW_H2_SMALL_PAYLOAD_MAX];
        unsigned small_len;
};

struct clew_h2 {
        struct clew_guard_totals *totals;
        struct clew_h2_reader client;
        struct clew_h2_reader core;
        struct clew_buffer to_client; /* frames of our own, and those of the core, in order */
        uint8_t split_head[CLEW_H2_HEAD_BYTES]; /* at most one for each input */
        uint8_t to_core[CLEW_H2_TO_CORE_BYTES]; /* frames of our own: resets of refused streams */
        unsigned to_core_len;
        unsigned to_core_sent; /* of those, what the last input has passed on */
        unsigned preface_len;
        bool client_settings; /* the first frame came */
        unsigned settings_sent;
        unsigned settings_acked;
        uint64_t settings_ms; /* when the oldest that is not acknowledged went out */
        uint64_t begun_ms;
        int64_t initial_window; /* as the core set it */
        struct clew_h2_stream *streams;
        unsigned n_streams;
        unsigned streams_capacity;
        uint32_t last_stream;
        uint32_t block_stream; /* a header block is open; 0 = none */
        uint32_t block_bytes;
        unsigned block_frames;
        unsigned n_goaway;
        uint64_t n_answered;
        size_t small_bytes;
        struct clew_bucket buckets[CLEW_LIMITS];
        const char *reason;    /* why the connection is ended */
        bool is_flood;         /* ... by a rate: ENHANCE_YOUR_CALM, otherwise PROTOCOL_ERROR */
        bool is_over;          /* what the core did because of it was one too much */
        bool waits_for_totals; /* held back by what all do together, and others should give way */
};

void clew_h2_totals_init(struct clew_guard_totals *t, uint64_t now_ms);

void clew_h2_init(struct clew_h2 *c, struct clew_guard_totals *totals, uint64_t now_ms);
/* Gives back what its streams hold. */
void clew_h2_deinit(struct clew_h2 *c);

/* Takes bytes of the client: returns how many were consumed; what is to be passed on is in @out. */
size_t clew_h2_from_client(struct clew_h2 *c, const uint8_t *data, size_t n, uint64_t now_ms,
                           struct clew_guard_pieces *out, enum clew_guard_verdict *ret);
/* Takes bytes of the core; what the client shall get is appended to c->to_client. */
void clew_h2_from_core(struct clew_h2 *c, const uint8_t *data, size_t n, uint64_t now_ms);

/* How much of what comes next is payload that passes unseen; @n of it have passed some other way.
 */
size_t clew_h2_bulk(const struct clew_h2 *c);
void clew_h2_passed(struct clew_h2 *c, size_t n, uint64_t now_ms);

/* Hands out windows for which there was no budget. */
void clew_h2_retry(struct clew_h2 *c, uint64_t now_ms);
/* Deadlines; to be called a few times a second. */
enum clew_guard_verdict clew_h2_tick(struct clew_h2 *c, uint64_t now_ms);
/* The last words: GOAWAY, where a frame may begin. */
void clew_h2_farewell(struct clew_h2 *c);

/* True when nothing of it is under way. */
bool clew_h2_is_idle(const struct clew_h2 *c);

#endif
