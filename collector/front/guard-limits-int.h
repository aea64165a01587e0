/*
 * What one connection may do before a request of it is answered, and what all of them may do
 * together: the numbers of the frame guard, each with its reason, and the buckets that count rates.
 *
 * A limit of a connection ends it; a limit of all holds back those that do the thing, and nobody
 * else. Answered calls earn: a client that gets its work done may ping, cancel and update windows
 * in proportion to it, a client that only does these things may not.
 *
 * Times are milliseconds of a monotonic clock.
 */
#ifndef CLEW_COLLECTOR_GUARD_LIMITS_H
#define CLEW_COLLECTOR_GUARD_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- HTTP/2 frames -------------------------------------------------------------------------- */

enum clew_guard_limit {
        CLEW_LIMIT_RESETS, /* streams ended early, by the client or because of it */
        CLEW_LIMIT_PINGS,
        CLEW_LIMIT_SETTINGS, /* not their acknowledgements */
        CLEW_LIMIT_WINDOWS,  /* WINDOW_UPDATE */
        CLEW_LIMIT_IGNORED,  /* PRIORITY, unknown types, a second GOAWAY: never passed on */
        CLEW_LIMIT_CRUMBS,   /* DATA that is empty, tiny or padded, but for a stream's last */
        CLEW_LIMIT_LATE,     /* frames for streams that are over */
        CLEW_LIMITS
};

struct clew_guard_rate {
        const char *name; /* for the log and for GOAWAY */
        uint32_t burst;   /* of a connection */
        uint32_t per_second;
        uint32_t per_call;  /* earned by each answered call */
        uint32_t all_burst; /* of all connections together; 0 = no limit of that kind */
        uint32_t all_per_second;
};

extern const struct clew_guard_rate clew_guard_rates[CLEW_LIMITS];

/* The core advertises 128 streams and enforces it only on peers that have acknowledged that. */
#define CLEW_H2_STREAMS_MAX 128u
/* Of all connections: each costs the core about 10 KiB, and an unread message up to 64 KiB. */
#define CLEW_H2_ALL_STREAMS_MAX 1024u
/* ... beyond which a connection may still have these: the share that nobody can take from it. */
#define CLEW_H2_STREAMS_FREE 4u
/* A header block as sent. The core refuses more than 8 KiB of metadata, but only after reading all
 * of it; packed text is never larger than unpacked. */
#define CLEW_H2_BLOCK_BYTES_MAX (12u * 1024)
#define CLEW_H2_BLOCK_FRAMES_MAX 8u /* real clients send one */
/* Offered by the core: a large message in few frames costs both sides less. */
#define CLEW_H2_FRAME_BYTES_MAX (1024u * 1024)
#define CLEW_H2_SETTINGS_BYTES_MAX 192u /* 32 settings; eight are defined */
#define CLEW_H2_CRUMB_BYTES 16u         /* DATA below this is a crumb: a gRPC prefix alone is 5 */
/* The core's window for a stream before its message has been asked for: small requests fit into
 * it, and need no budget. */
#define CLEW_GUARD_SMALL_BYTES (64u * 1024)
/* Small requests of all connections that may lie unanswered in the core ... */
#define CLEW_GUARD_ALL_SMALL_BYTES_MAX (48u * 1024 * 1024)
/* ... beyond which a connection may still have these. */
#define CLEW_GUARD_SMALL_BYTES_FREE (64u * 1024)
/* A message larger than small is let in by steps: as much as has arrived, within these. What an
 * idle sender holds of the budget is so in proportion to what it has sent. */
#define CLEW_GUARD_STEP_BYTES_MIN (64u * 1024)
#define CLEW_GUARD_STEP_BYTES_MAX (1024u * 1024)

/* ---- HTTP/1.1 ------------------------------------------------------------------------------- */

#define CLEW_H1_HEAD_BYTES_MAX                                                                     \
        (24u * 1024) /* request line and headers; below the library's own                          \
                      */
#define CLEW_H1_FIELDS_MAX 100u
#define CLEW_H1_CHUNK_LINE_MAX 256u /* a size and its extensions, which nobody sends */
#define CLEW_H1_TRAILER_BYTES_MAX 4096u
#define CLEW_H1_BLANK_LINES_MAX                                                                    \
        4u /* before a request: tolerated, as RFC 9112, section 2.2 asks                           \
            */
/* Chunks of a few bytes cost much and carry nothing: framing may be as much as data, beyond ... */
#define CLEW_H1_FRAMING_BYTES_FREE (1024u * 1024)

/* ---- times ---------------------------------------------------------------------------------- */

#define CLEW_GUARD_HELLO_MS                                                                        \
        10000u /* until the first request line or the HTTP/2 preface is there                      \
                */
/* A connection without an answer keeps its place for so long, when others want it. */
#define CLEW_GUARD_FAIR_MS 1000u
/* ... or, when there are too many of them, for so long: a request and its answer, on a busy
 * machine. */
#define CLEW_GUARD_MOMENT_MS 25u
/* ... and one with answers, after the last: longer than the export interval of SDKs. */
#define CLEW_GUARD_REST_MS 10000u
#define CLEW_GUARD_SETTINGS_ACK_MS 10000u
#define CLEW_GUARD_FRAME_MS 20000u /* a frame, once begun, is complete */
/* A message or body of which nothing arrives. gRPC calls are cancelled one by one at 30 s, so a
 * connection ends only when that had no effect. */
#define CLEW_GUARD_STALL_MS 35000u
#define CLEW_GUARD_STALL_PRESSED_MS 1200u /* ... while others wait for what it holds */
/* While others wait: less than this, over its whole time, is a stall with manners. */
#define CLEW_GUARD_RATE_MIN_BYTES_PER_S (64u * 1024)
#define CLEW_GUARD_RATE_GRACE_MS 1500u
/* An answer that the client does not take, for want of window or because it does not read. */
#define CLEW_GUARD_UNREAD_MS 10000u
#define CLEW_GUARD_UNREAD_PRESSED_MS 1200u
/* A connection that is ended is read on for this long after its last words, so that they are not
 * lost (RFC 9112, section 9.6): an HTTP client may be in the middle of a large body. */
#define CLEW_GUARD_LINGER_H2_MS 300u
#define CLEW_GUARD_LINGER_H1_MS 2000u

/* ---- rates ---------------------------------------------------------------------------------- */

struct clew_bucket {
        uint64_t at_ms;
        uint64_t milli; /* thousandths of what may be taken */
};

void clew_bucket_init(struct clew_bucket *b, uint32_t burst, uint64_t now_ms);
/* Adds what time has brought, up to @burst. */
void clew_bucket_refill(struct clew_bucket *b, uint32_t burst, uint32_t per_second,
                        uint64_t now_ms);
/* Takes one; false when there is none. */
bool clew_bucket_take(struct clew_bucket *b);
void clew_bucket_earn(struct clew_bucket *b, uint32_t n, uint32_t burst);

#endif
