#include "collector/front/guard-h2-int.h"

#include "collector/front/guard-refusal-int.h"
#include "proto/base/mem.h"

#include <errno.h>
#include <string.h>

enum frame_type {
        FRAME_DATA = 0,
        FRAME_HEADERS = 1,
        FRAME_PRIORITY = 2,
        FRAME_RST_STREAM = 3,
        FRAME_SETTINGS = 4,
        FRAME_PUSH_PROMISE = 5,
        FRAME_PING = 6,
        FRAME_GOAWAY = 7,
        FRAME_WINDOW_UPDATE = 8,
        FRAME_CONTINUATION = 9,
};

#define FLAG_END_STREAM 0x1u
#define FLAG_ACK 0x1u
#define FLAG_END_HEADERS 0x4u
#define FLAG_PADDED 0x8u
#define STREAM_MASK 0x7fffffffu
#define SETTING_INITIAL_WINDOW 4u
#define SETTING_BYTES 6u
#define DEFAULT_WINDOW 65535
#define ERROR_NONE 0u
#define ERROR_PROTOCOL 1u
#define ERROR_REFUSED_STREAM 7u
#define ERROR_CANCEL 8u
#define ERROR_ENHANCE_YOUR_CALM 11u
/* Answers are small; this is for the frames of all streams of a connection. */
#define TO_CLIENT_MAX ((size_t)4 * 1024 * 1024)
#define WINDOW_LOW_BYTES ((int64_t)32 * 1024)

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
#define PREFACE_BYTES (sizeof(preface) - 1)

static uint32_t be32(const uint8_t *p)
{
        return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* ---- verdicts ------------------------------------------------------------------------------- */

static enum clew_guard_verdict end(struct clew_h2 *c, const char *reason)
{
        c->reason = reason;
        return CLEW_GUARD_END;
}

static enum clew_guard_verdict end_flood(struct clew_h2 *c, const char *reason)
{
        c->is_flood = true;
        return end(c, reason);
}

static enum clew_guard_verdict spend(struct clew_h2 *c, enum clew_guard_limit which, uint64_t now)
{
        const struct clew_guard_rate *rate = &clew_guard_rates[which];

        clew_bucket_refill(&c->buckets[which], rate->burst, rate->per_second, now);
        if (!clew_bucket_take(&c->buckets[which]))
                return end_flood(c, rate->name);
        if (rate->all_burst)
                (void)!clew_bucket_take(&c->totals->buckets[which]);
        return CLEW_GUARD_GO;
}

/* True when all connections together do too much of what this one does, too. */
static bool must_slow_down(struct clew_h2 *c, enum clew_guard_limit which, uint64_t now)
{
        const struct clew_guard_rate *rate = &clew_guard_rates[which];
        struct clew_bucket *all = &c->totals->buckets[which];

        clew_bucket_refill(all, rate->all_burst, rate->all_per_second, now);
        return all->milli < 1000 && c->buckets[which].milli < (uint64_t)rate->burst * 1000;
}

/* ---- frames of our own ---------------------------------------------------------------------- */

static void put_head(struct clew_buffer *out, size_t len, uint8_t type, uint8_t flags, uint32_t id)
{
        const uint8_t head[CLEW_H2_HEAD_BYTES] = {
                (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len,       type,        flags,
                (uint8_t)(id >> 24),  (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id,
        };

        clew_buffer_append(out, head, sizeof(head));
}

static void put_be32(struct clew_buffer *out, uint32_t v)
{
        const uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
                              (uint8_t)v};

        clew_buffer_append(out, b, sizeof(b));
}

static void put_number_frame(struct clew_buffer *out, uint8_t type, uint32_t id, uint32_t v)
{
        put_head(out, 4, type, 0, id);
        put_be32(out, v);
}

/* True where a frame of our own may be put between those of the core. */
static bool may_speak(const struct clew_h2 *c)
{
        return c->core.head_len == 0;
}

void clew_h2_farewell(struct clew_h2 *c)
{
        size_t n = c->reason ? strlen(c->reason) : 0;

        if (!may_speak(c))
                return;
        put_head(&c->to_client, 8 + n, FRAME_GOAWAY, 0, 0);
        put_be32(&c->to_client, c->last_stream);
        put_be32(&c->to_client, c->is_flood ? ERROR_ENHANCE_YOUR_CALM
                                : c->reason ? ERROR_PROTOCOL
                                            : ERROR_NONE);
        clew_buffer_append(&c->to_client, c->reason, n);
}

/* ---- streams -------------------------------------------------------------------------------- */

static struct clew_h2_stream *find(struct clew_h2 *c, uint32_t id)
{
        /* The newest are asked for most. */
        for (unsigned i = c->n_streams; i > 0; i--) {
                if (c->streams[i - 1].id == id)
                        return &c->streams[i - 1];
        }
        return NULL;
}

static bool is_favoured(const struct clew_h2 *c, const struct clew_h2_stream *s)
{
        return c->totals->favoured == c && c->totals->favoured_stream == s->id;
}

static size_t small_part(const struct clew_h2_stream *s)
{
        return s->arrived < CLEW_GUARD_SMALL_BYTES ? s->arrived : CLEW_GUARD_SMALL_BYTES;
}

static void stop_waiting(struct clew_h2 *c, struct clew_h2_stream *s)
{
        if (s->waits)
                c->totals->n_waiting--;
        s->waits = false;
}

static void close_stream(struct clew_h2 *c, struct clew_h2_stream *s)
{
        struct clew_guard_totals *t = c->totals;

        stop_waiting(c, s);
        t->n_streams--;
        t->small_bytes -= small_part(s);
        c->small_bytes -= small_part(s);
        if (s->taken) {
                clew_admission_give_back(t->admission, t->share, s->taken);
                if (is_favoured(c, s))
                        t->favoured = NULL;
        }
        t->n_given_back++;
        c->n_streams--;
        *s = c->streams[c->n_streams];
}

static struct clew_h2_stream *open_stream(struct clew_h2 *c, uint32_t id, uint64_t now)
{
        if (c->n_streams == c->streams_capacity) {
                unsigned capacity = c->streams_capacity ? 2 * c->streams_capacity : 8;
                void *grown = clew_realloc_array(c->streams, capacity, sizeof(*c->streams));

                if (!grown)
                        return NULL;
                c->streams = grown;
                c->streams_capacity = capacity;
        }
        c->streams[c->n_streams] = (struct clew_h2_stream){
                .id = id, .moved_ms = now, .rate_ms = now, .window = c->initial_window};
        c->totals->n_streams++;
        return &c->streams[c->n_streams++];
}

/* The call has been answered to its end: its client earns. */
static void answered(struct clew_h2 *c)
{
        c->n_answered++;
        for (unsigned i = 0; i < CLEW_LIMITS; i++)
                clew_bucket_earn(&c->buckets[i], clew_guard_rates[i].per_call,
                                 clew_guard_rates[i].burst);
}

/* ---- budget --------------------------------------------------------------------------------- */

static size_t step_of(const struct clew_h2_stream *s)
{
        size_t step = s->arrived;

        if (step < CLEW_GUARD_STEP_BYTES_MIN)
                step = CLEW_GUARD_STEP_BYTES_MIN;
        if (step > CLEW_GUARD_STEP_BYTES_MAX)
                step = CLEW_GUARD_STEP_BYTES_MAX;
        return s->asked < step ? s->asked : step;
}

static bool take(struct clew_h2 *c, const struct clew_h2_stream *s, size_t n)
{
        struct clew_guard_totals *t = c->totals;

        if (clew_admission_take(t->admission, t->share, n))
                return true;
        if (t->favoured && !is_favoured(c, s))
                return false;
        t->favoured = c;
        t->favoured_stream = s->id;
        clew_admission_take_beyond(t->admission, t->share, n);
        return true;
}

/* The core, too, is told that the stream is over. Without room the call runs into its deadline. */
static void put_core_reset(struct clew_h2 *c, uint32_t id)
{
        const uint8_t frame[] = {
                0,
                0,
                4,
                FRAME_RST_STREAM,
                0,
                (uint8_t)(id >> 24),
                (uint8_t)(id >> 16),
                (uint8_t)(id >> 8),
                (uint8_t)id,
                0,
                0,
                0,
                ERROR_CANCEL,
        };

        if (c->to_core_len + sizeof(frame) > sizeof(c->to_core))
                return;
        memcpy(c->to_core + c->to_core_len, frame, sizeof(frame));
        c->to_core_len += (unsigned)sizeof(frame);
}

/* No room, and no room to wait: the stream is answered in the core's stead. Nothing of the core's
 * is kept back for it, since later header blocks build on earlier ones. */
static void refuse_stream(struct clew_h2 *c, struct clew_h2_stream *s)
{
        uint32_t id = s->id;
        CLEW_BUFFER block = {0};

        clew_guard_refusal_block(&block);
        if (!s->answering && clew_buffer_error(&block) == 0) {
                put_head(&c->to_client, block.len, FRAME_HEADERS,
                         FLAG_END_HEADERS | FLAG_END_STREAM, id);
                clew_buffer_append_slice(&c->to_client, clew_buffer_slice(&block));
                put_number_frame(&c->to_client, FRAME_RST_STREAM, id, ERROR_NONE);
        } else {
                put_number_frame(&c->to_client, FRAME_RST_STREAM, id, ERROR_REFUSED_STREAM);
        }
        put_core_reset(c, id);
        close_stream(c, s);
}

static void start_counting(struct clew_h2_stream *s, uint64_t now)
{
        s->moved_ms = s->rate_ms = now;
        s->rate_base = s->arrived;
}

/* Tells the client that it may send more of @s, as far as the budget has room. False when the
 * stream is gone. */
static bool let_in(struct clew_h2 *c, struct clew_h2_stream *s)
{
        size_t step;

        if (s->asked == 0 || s->window >= WINDOW_LOW_BYTES || !may_speak(c))
                return true;
        step = step_of(s);
        if (!take(c, s, step)) {
                if (!s->waits && c->totals->n_waiting >= c->totals->max_waiting) {
                        refuse_stream(c, s);
                        return false;
                }
                c->totals->n_waiting += !s->waits;
                s->waits = true;
                return true;
        }
        stop_waiting(c, s);
        put_number_frame(&c->to_client, FRAME_WINDOW_UPDATE, s->id, (uint32_t)step);
        s->window += (int64_t)step;
        s->asked -= step;
        s->taken += step;
        return true;
}

void clew_h2_retry(struct clew_h2 *c, uint64_t now_ms)
{
        for (unsigned i = 0; i < c->n_streams;) {
                bool waited = c->streams[i].waits;

                if (!let_in(c, &c->streams[i]))
                        continue;                   /* another stream has its place now */
                if (waited && !c->streams[i].waits) /* the wait was not the client's doing */
                        start_counting(&c->streams[i], now_ms);
                i++;
        }
}

/* ---- the client's frames -------------------------------------------------------------------- */

static enum clew_guard_verdict late(struct clew_h2 *c, uint32_t id, uint64_t now)
{
        if (id > c->last_stream || id % 2 == 0)
                return end(c, "frame for a stream that was never opened");
        return spend(c, CLEW_LIMIT_LATE, now);
}

static enum clew_guard_verdict hold(struct clew_h2 *c)
{
        c->waits_for_totals = true;
        return CLEW_GUARD_HOLD;
}

static enum clew_guard_verdict check_data(struct clew_h2 *c, struct clew_h2_reader *r, uint64_t now)
{
        struct clew_h2_stream *s = find(c, r->stream);
        struct clew_guard_totals *t = c->totals;
        bool last = r->flags & FLAG_END_STREAM;

        if (r->stream == 0)
                return end(c, "data for no stream");
        if (!s || s->client_done)
                return late(c, r->stream, now);
        if ((int64_t)r->left > s->window)
                return end(c, "more data than the window allows");
        if (c->small_bytes + r->left > CLEW_GUARD_SMALL_BYTES_FREE &&
            t->small_bytes + r->left > CLEW_GUARD_ALL_SMALL_BYTES_MAX &&
            s->arrived < CLEW_GUARD_SMALL_BYTES && t->favoured != c)
                return hold(c);
        if (((r->left < CLEW_H2_CRUMB_BYTES && !last) || (r->flags & FLAG_PADDED)) &&
            spend(c, CLEW_LIMIT_CRUMBS, now) != CLEW_GUARD_GO)
                return CLEW_GUARD_END;
        s->moved_ms = now;
        return CLEW_GUARD_GO;
}

/* Bytes count when they are here, not when a frame has announced them. */
static void data_arrived(struct clew_h2 *c, struct clew_h2_reader *r, size_t n, uint64_t now)
{
        struct clew_h2_stream *s = find(c, r->stream);
        size_t before;

        r->since_ms = now;
        if (!s)
                return; /* of a stream that is over */
        before = small_part(s);
        s->arrived += n;
        s->window -= (int64_t)n;
        s->moved_ms = now;
        c->totals->small_bytes += small_part(s) - before;
        c->small_bytes += small_part(s) - before;
        if (r->left == 0 && r->flags & FLAG_END_STREAM)
                s->client_done = true;
        else
                (void)!let_in(c, s);
}

static enum clew_guard_verdict check_new_stream(struct clew_h2 *c, struct clew_h2_reader *r,
                                                uint64_t now)
{
        struct clew_guard_totals *t = c->totals;
        struct clew_h2_stream *s;

        if (c->n_streams >= CLEW_H2_STREAMS_MAX)
                return CLEW_GUARD_HOLD;
        if (t->n_streams >= CLEW_H2_ALL_STREAMS_MAX && c->n_streams >= CLEW_H2_STREAMS_FREE)
                return hold(c);
        if (must_slow_down(c, CLEW_LIMIT_RESETS, now))
                return CLEW_GUARD_HOLD;
        s = open_stream(c, r->stream, now);
        if (!s)
                return hold(c);
        s->client_done = r->flags & FLAG_END_STREAM;
        c->last_stream = r->stream;
        return CLEW_GUARD_GO;
}

static enum clew_guard_verdict check_headers(struct clew_h2 *c, struct clew_h2_reader *r,
                                             uint64_t now)
{
        struct clew_h2_stream *s = find(c, r->stream);
        enum clew_guard_verdict v = CLEW_GUARD_GO;

        if (r->stream % 2 == 0)
                return end(c, "a stream number that no client uses");
        if (r->left > CLEW_H2_BLOCK_BYTES_MAX)
                return end_flood(c, "headers are too large");
        if (r->stream > c->last_stream)
                v = check_new_stream(c, r, now);
        else if (!s)
                v = late(c, r->stream, now);
        else if (s->client_done || !(r->flags & FLAG_END_STREAM))
                return end(c, "headers inside a stream");
        else
                s->client_done = true;
        if (v != CLEW_GUARD_GO)
                return v;
        c->block_bytes = r->left;
        c->block_frames = 1;
        c->block_stream = r->flags & FLAG_END_HEADERS ? 0 : r->stream;
        return CLEW_GUARD_GO;
}

static enum clew_guard_verdict check_continuation(struct clew_h2 *c, struct clew_h2_reader *r)
{
        if (c->block_stream == 0 || r->stream != c->block_stream)
                return end(c, "a continuation of nothing");
        c->block_bytes += r->left;
        c->block_frames++;
        if (c->block_bytes > CLEW_H2_BLOCK_BYTES_MAX || c->block_frames > CLEW_H2_BLOCK_FRAMES_MAX)
                return end_flood(c, "headers are too large");
        if (r->flags & FLAG_END_HEADERS)
                c->block_stream = 0;
        return CLEW_GUARD_GO;
}

static enum clew_guard_verdict check_reset(struct clew_h2 *c, struct clew_h2_reader *r,
                                           uint64_t now)
{
        struct clew_h2_stream *s = find(c, r->stream);

        if (r->left != 4)
                return end(c, "a reset of a wrong size");
        if (!s)
                return late(c, r->stream, now);
        close_stream(c, s);
        return spend(c, CLEW_LIMIT_RESETS, now);
}

static enum clew_guard_verdict check_settings(struct clew_h2 *c, struct clew_h2_reader *r,
                                              uint64_t now)
{
        if (r->stream != 0 || r->left % SETTING_BYTES != 0 || (r->flags & FLAG_ACK && r->left))
                return end(c, "damaged settings");
        if (r->left > CLEW_H2_SETTINGS_BYTES_MAX)
                return end_flood(c, "too many settings");
        if (!(r->flags & FLAG_ACK)) {
                c->client_settings = true;
                return spend(c, CLEW_LIMIT_SETTINGS, now);
        }
        /* Some acknowledge before they have heard; the core knows how to take that. */
        if (c->settings_acked < c->settings_sent + 1) {
                c->settings_acked++;
                c->settings_ms = now;
                return CLEW_GUARD_GO;
        }
        r->drop = true;
        return spend(c, CLEW_LIMIT_LATE, now);
}

static enum clew_guard_verdict check_window(struct clew_h2 *c, struct clew_h2_reader *r,
                                            uint64_t now)
{
        if (r->left != 4)
                return end(c, "a window update of a wrong size");
        if (r->stream != 0 && !find(c, r->stream)) {
                r->drop = true;
                return late(c, r->stream, now);
        }
        return spend(c, CLEW_LIMIT_WINDOWS, now);
}

static enum clew_guard_verdict check_other(struct clew_h2 *c, struct clew_h2_reader *r,
                                           uint64_t now)
{
        switch (r->type) {
        case FRAME_PING:
                if (r->left != 8 || r->stream != 0)
                        return end(c, "a damaged ping");
                return spend(c, r->flags & FLAG_ACK ? CLEW_LIMIT_LATE : CLEW_LIMIT_PINGS, now);
        case FRAME_GOAWAY:
                if (r->left < 8 || r->stream != 0)
                        return end(c, "a damaged goaway");
                r->drop = c->n_goaway++ > 0;
                return r->drop ? spend(c, CLEW_LIMIT_IGNORED, now) : CLEW_GUARD_GO;
        case FRAME_PUSH_PROMISE:
                return end(c, "clients cannot push");
        default: /* PRIORITY, and types that we do not know: to be ignored (section 5.5) */
                r->drop = true;
                return spend(c, CLEW_LIMIT_IGNORED, now);
        }
}

static enum clew_guard_verdict check_frame(struct clew_h2 *c, struct clew_h2_reader *r,
                                           uint64_t now)
{
        r->drop = false;
        if (r->left > CLEW_H2_FRAME_BYTES_MAX)
                return end(c, "a frame is larger than the settings allow");
        if (c->block_stream && r->type != FRAME_CONTINUATION)
                return end(c, "a header block is interrupted");
        if (!c->client_settings && r->type != FRAME_SETTINGS)
                return end(c, "the first frame is not settings");
        switch (r->type) {
        case FRAME_DATA:
                return check_data(c, r, now);
        case FRAME_HEADERS:
                return check_headers(c, r, now);
        case FRAME_CONTINUATION:
                return check_continuation(c, r);
        case FRAME_RST_STREAM:
                return check_reset(c, r, now);
        case FRAME_SETTINGS:
                return check_settings(c, r, now);
        case FRAME_WINDOW_UPDATE:
                return check_window(c, r, now);
        default:
                return check_other(c, r, now);
        }
}

/* ---- reading -------------------------------------------------------------------------------- */

/* Collects the nine bytes; returns how many were consumed. */
static size_t read_head(struct clew_h2_reader *r, const uint8_t *data, size_t n, uint64_t now)
{
        size_t want = CLEW_H2_HEAD_BYTES - r->head_len;
        size_t take_now = n < want ? n : want;

        if (r->head_len == 0)
                r->since_ms = now;
        memcpy(r->head + r->head_len, data, take_now);
        r->head_len += (unsigned)take_now;
        if (r->head_len == CLEW_H2_HEAD_BYTES) {
                r->left = be32(r->head) >> 8;
                r->type = r->head[3];
                r->flags = r->head[4];
                r->stream = be32(r->head + 5) & STREAM_MASK;
                r->small_len = 0;
        }
        return take_now;
}

static void next_frame(struct clew_h2_reader *r)
{
        r->head_len = 0;
        r->checked = false;
}

/* @n bytes of the payload are on their way. */
static void take_payload(struct clew_h2 *c, size_t n, uint64_t now)
{
        struct clew_h2_reader *r = &c->client;

        r->left -= (uint32_t)n;
        if (r->type == FRAME_DATA)
                data_arrived(c, r, n, now);
        if (r->left == 0)
                next_frame(r);
}

/* One frame, or a part: its head is checked when it is complete, and again after a hold. Returns
 * what was consumed; *ret_full when @out has no more places. */
static size_t client_step(struct clew_h2 *c, const uint8_t *data, size_t n, uint64_t now,
                          struct clew_guard_pieces *out, enum clew_guard_verdict *ret,
                          bool *ret_full)
{
        struct clew_h2_reader *r = &c->client;
        size_t at = 0;
        size_t take_now;

        if (r->head_len < CLEW_H2_HEAD_BYTES) {
                bool split = r->head_len > 0;

                at = read_head(r, data, n, now);
                r->split = split || r->head_len < CLEW_H2_HEAD_BYTES;
                if (r->head_len < CLEW_H2_HEAD_BYTES)
                        return at;
        }
        if (!r->checked) {
                *ret = check_frame(c, r, now);
                if (*ret == CLEW_GUARD_HOLD)
                        r->split = true; /* by the time it goes on, the input is another */
                if (*ret != CLEW_GUARD_GO)
                        return at;
                r->checked = true;
                if (!r->drop && r->split) {
                        memcpy(c->split_head, r->head, CLEW_H2_HEAD_BYTES);
                        *ret_full = !clew_guard_put(out, c->split_head, CLEW_H2_HEAD_BYTES);
                } else if (!r->drop) {
                        *ret_full = !clew_guard_put(out, data + at - CLEW_H2_HEAD_BYTES,
                                                    CLEW_H2_HEAD_BYTES);
                }
        }
        take_now = n - at < r->left ? n - at : r->left;
        if (!r->drop && !*ret_full)
                *ret_full = !clew_guard_put(out, data + at, take_now);
        else if (*ret_full)
                take_now = 0;
        take_payload(c, take_now, now);
        return at + take_now;
}

size_t clew_h2_bulk(const struct clew_h2 *c)
{
        const struct clew_h2_reader *r = &c->client;

        return r->checked && r->type == FRAME_DATA ? r->left : 0;
}

void clew_h2_passed(struct clew_h2 *c, size_t n, uint64_t now_ms)
{
        CLEW_ASSERT(n <= clew_h2_bulk(c));
        take_payload(c, n, now_ms);
}

static size_t read_preface(struct clew_h2 *c, const uint8_t *data, size_t n,
                           struct clew_guard_pieces *out, enum clew_guard_verdict *ret)
{
        size_t want = PREFACE_BYTES - c->preface_len;
        size_t take_now = n < want ? n : want;

        if (take_now && memcmp(data, preface + c->preface_len, take_now) != 0) {
                *ret = end(c, "no HTTP/2 preface");
                return 0;
        }
        c->preface_len += (unsigned)take_now;
        if (c->preface_len == PREFACE_BYTES)
                (void)!clew_guard_put(out, preface, PREFACE_BYTES);
        return take_now;
}

/* Between two frames of the client, and not inside a header block. */
static void put_own_frames(struct clew_h2 *c, struct clew_guard_pieces *out)
{
        c->to_core_len -= c->to_core_sent;
        memmove(c->to_core, c->to_core + c->to_core_sent, c->to_core_len);
        c->to_core_sent = 0;
        if (c->to_core_len == 0 || c->client.head_len > 0 || c->block_stream)
                return;
        (void)!clew_guard_put(out, c->to_core, c->to_core_len);
        c->to_core_sent = c->to_core_len;
}

size_t clew_h2_from_client(struct clew_h2 *c, const uint8_t *data, size_t n, uint64_t now_ms,
                           struct clew_guard_pieces *out, enum clew_guard_verdict *ret)
{
        size_t at = 0;
        bool full = false;

        *ret = c->is_over ? end_flood(c, clew_guard_rates[CLEW_LIMIT_RESETS].name) : CLEW_GUARD_GO;
        c->waits_for_totals = false;
        put_own_frames(c, out);
        if (*ret == CLEW_GUARD_GO && c->preface_len < PREFACE_BYTES && n)
                at = read_preface(c, data, n, out, ret);
        while (*ret == CLEW_GUARD_GO && !full &&
               (at < n || (c->client.head_len == CLEW_H2_HEAD_BYTES && !c->client.checked)))
                at += client_step(c, data + at, n - at, now_ms, out, ret, &full);
        return at;
}

/* ---- the core's frames ---------------------------------------------------------------------- */

static void core_settings(struct clew_h2 *c, const struct clew_h2_reader *r, uint64_t now)
{
        if (r->flags & FLAG_ACK)
                return;
        if (c->settings_sent++ == c->settings_acked)
                c->settings_ms = now;
        for (unsigned i = 0; i + SETTING_BYTES <= r->small_len; i += SETTING_BYTES) {
                if ((r->small[i] << 8 | r->small[i + 1]) == SETTING_INITIAL_WINDOW)
                        c->initial_window = be32(r->small + i + 2) & STREAM_MASK;
        }
}

/* Returns false when the frame is kept from the client. */
static bool core_window(struct clew_h2 *c, const struct clew_h2_reader *r)
{
        struct clew_h2_stream *s = find(c, r->stream);

        if (r->stream == 0 || r->small_len != 4)
                return true;
        if (s)
                s->asked += be32(r->small) & STREAM_MASK;
        return false;
}

static void core_reset(struct clew_h2 *c, const struct clew_h2_reader *r, uint64_t now)
{
        struct clew_h2_stream *s = find(c, r->stream);
        bool is_fault = r->small_len == 4 && be32(r->small) != ERROR_NONE;

        if (!s)
                return;
        close_stream(c, s);
        /* The client made us reset: the same cost as a reset of its own. Told at its next frame. */
        if (is_fault && spend(c, CLEW_LIMIT_RESETS, now) != CLEW_GUARD_GO)
                c->is_over = true;
}

/* A frame of the core is complete, or its payload is too large to be of interest. */
static bool core_frame(struct clew_h2 *c, struct clew_h2_reader *r, uint64_t now)
{
        struct clew_h2_stream *s;

        switch (r->type) {
        case FRAME_SETTINGS:
                core_settings(c, r, now);
                return true;
        case FRAME_WINDOW_UPDATE:
                return core_window(c, r);
        case FRAME_RST_STREAM:
                core_reset(c, r, now);
                return true;
        case FRAME_HEADERS:
        case FRAME_DATA:
                s = find(c, r->stream);
                if (!s)
                        return true;
                s->answering = true;
                s->moved_ms = now;
                if (r->flags & FLAG_END_STREAM) {
                        close_stream(c, s);
                        answered(c);
                }
                return true;
        default:
                return true;
        }
}

/* Frames whose payload is looked at are passed on when they are complete. */
static bool is_small_control(const struct clew_h2_reader *r)
{
        return r->left <= CLEW_H2_SMALL_PAYLOAD_MAX &&
               (r->type == FRAME_SETTINGS || r->type == FRAME_WINDOW_UPDATE ||
                r->type == FRAME_RST_STREAM);
}

static size_t core_step(struct clew_h2 *c, const uint8_t *data, size_t n, uint64_t now)
{
        struct clew_h2_reader *r = &c->core;
        size_t at = 0;
        size_t take_now;

        if (r->head_len < CLEW_H2_HEAD_BYTES) {
                at = read_head(r, data, n, now);
                if (r->head_len < CLEW_H2_HEAD_BYTES)
                        return at;
                r->drop = is_small_control(r);
                if (!r->drop) {
                        r->checked = core_frame(c, r, now);
                        if (r->checked)
                                clew_buffer_append(&c->to_client, r->head, CLEW_H2_HEAD_BYTES);
                }
        }
        take_now = n - at < r->left ? n - at : r->left;
        if (r->drop) {
                memcpy(r->small + r->small_len, data + at, take_now);
                r->small_len += (unsigned)take_now;
        } else if (r->checked) {
                clew_buffer_append(&c->to_client, data + at, take_now);
        }
        r->left -= (uint32_t)take_now;
        if (r->left > 0)
                return at + take_now;
        if (r->drop && core_frame(c, r, now)) {
                clew_buffer_append(&c->to_client, r->head, CLEW_H2_HEAD_BYTES);
                clew_buffer_append(&c->to_client, r->small, r->small_len);
        }
        next_frame(r);
        return at + take_now;
}

void clew_h2_from_core(struct clew_h2 *c, const uint8_t *data, size_t n, uint64_t now_ms)
{
        size_t at = 0;

        while (at < n)
                at += core_step(c, data + at, n - at, now_ms);
        clew_h2_retry(c, now_ms);
}

/* ---- deadlines ------------------------------------------------------------------------------ */

static bool passed(uint64_t now, uint64_t since, uint64_t limit)
{
        return now > since && now - since > limit;
}

/* Whether the client keeps @s waiting, rather than we it. */
static bool client_is_due(const struct clew_h2_stream *s)
{
        return !s->client_done && !s->waits && s->window > 0;
}

static bool is_too_slow(const struct clew_h2_stream *s, uint64_t now)
{
        uint64_t ms = now > s->rate_ms ? now - s->rate_ms : 0;

        return ms > CLEW_GUARD_RATE_GRACE_MS &&
               (s->arrived - s->rate_base) * 1000 / ms < CLEW_GUARD_RATE_MIN_BYTES_PER_S;
}

static enum clew_guard_verdict check_streams(struct clew_h2 *c, uint64_t now)
{
        bool pressed = clew_guard_is_pressed(c->totals);
        uint64_t stall = pressed ? CLEW_GUARD_STALL_PRESSED_MS : CLEW_GUARD_STALL_MS;
        uint64_t unread = pressed ? CLEW_GUARD_UNREAD_PRESSED_MS : CLEW_GUARD_UNREAD_MS;

        for (unsigned i = 0; i < c->n_streams; i++) {
                const struct clew_h2_stream *s = &c->streams[i];

                if (s->answering && passed(now, s->moved_ms, unread))
                        return end_flood(c, "answers are not taken");
                if (!client_is_due(s) || s->answering)
                        continue;
                if (passed(now, s->moved_ms, stall))
                        return end_flood(c, "a message stopped arriving");
                if (pressed && is_too_slow(s, now))
                        return end_flood(c, "a message arrives too slowly while others wait");
        }
        return CLEW_GUARD_GO;
}

enum clew_guard_verdict clew_h2_tick(struct clew_h2 *c, uint64_t now_ms)
{
        uint64_t frame = clew_guard_is_pressed(c->totals) ? CLEW_GUARD_STALL_PRESSED_MS
                                                          : CLEW_GUARD_FRAME_MS;

        if (c->is_over)
                return end_flood(c, clew_guard_rates[CLEW_LIMIT_RESETS].name);
        if (!c->client_settings && passed(now_ms, c->begun_ms, CLEW_GUARD_HELLO_MS))
                return end(c, "no settings in time");
        if (c->settings_sent > c->settings_acked &&
            passed(now_ms, c->settings_ms, CLEW_GUARD_SETTINGS_ACK_MS))
                return end(c, "settings are not acknowledged");
        if (c->client.head_len > 0 && c->client.checked &&
            passed(now_ms, c->client.since_ms, frame))
                return end_flood(c, "a frame stopped arriving");
        if (c->client.head_len > 0 && c->client.head_len < CLEW_H2_HEAD_BYTES &&
            passed(now_ms, c->client.since_ms, frame))
                return end_flood(c, "a frame stopped arriving");
        return check_streams(c, now_ms);
}

bool clew_h2_is_idle(const struct clew_h2 *c)
{
        return c->n_streams == 0;
}

/* ---- lifecycle ------------------------------------------------------------------------------ */

void clew_h2_totals_init(struct clew_guard_totals *t, uint64_t now_ms)
{
        for (unsigned i = 0; i < CLEW_LIMITS; i++)
                clew_bucket_init(&t->buckets[i], clew_guard_rates[i].all_burst, now_ms);
}

void clew_h2_init(struct clew_h2 *c, struct clew_guard_totals *totals, uint64_t now_ms)
{
        *c = (struct clew_h2){
                .totals = totals, .begun_ms = now_ms, .initial_window = DEFAULT_WINDOW};
        clew_buffer_init(&c->to_client, TO_CLIENT_MAX);
        for (unsigned i = 0; i < CLEW_LIMITS; i++)
                clew_bucket_init(&c->buckets[i], clew_guard_rates[i].burst, now_ms);
}

void clew_h2_deinit(struct clew_h2 *c)
{
        while (c->n_streams)
                close_stream(c, &c->streams[c->n_streams - 1]);
        if (c->totals->favoured == c)
                c->totals->favoured = NULL;
        clew_free(c->streams);
        c->streams = NULL;
        clew_buffer_deinit(&c->to_client);
}
