#include "collector/commit/ingest.h"

#include "proto/base/clock.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/otlp/json.h"
#include "proto/otlp/points.h"

#include <errno.h>
#include <string.h>

/* The inflater makes room a step ahead of the limit. */
#define BODY_SLACK_BYTES ((size_t)128 * 1024)
/* Where the first key of a JSON request is looked for. */
#define GUESS_BYTES 128u
/* What a fragment adds to its bytes: header, pack, and what does not shrink. */
#define FRAGMENT_OVERHEAD_BYTES ((size_t)512)
#define FRAGMENT_GROWTH_PARTS 64u
#define FRAGMENTS_SLACK_BYTES ((size_t)1024 * 1024)
/* A request that grows beyond this, because each of its traces gets its own resource, is a large
 * one whatever its own size. */
#define SPLIT_FACTOR 2u

void clew_ingest_init(struct clew_ingest *in, size_t max_request_bytes,
                      struct clew_counters *counters)
{
        *in = (struct clew_ingest){.max_request_bytes = max_request_bytes, .counters = counters};
}

void clew_ingest_deinit(struct clew_ingest *in)
{
        in->counters = NULL;
}

int clew_scratch_init(struct clew_scratch *s, const struct clew_ingest *in)
{
        *s = (struct clew_scratch){.encoder = clew_fragment_encoder_new()};
        if (!s->encoder)
                return -ENOMEM;
        clew_buffer_init(&s->body, in->max_request_bytes + BODY_SLACK_BYTES);
        clew_buffer_init(&s->protobuf, in->max_request_bytes);
        clew_buffer_init(&s->redacted, CLEW_REDACTED_BYTES_MAX(in->max_request_bytes));
        clew_mask_work_init(&s->work, in->max_request_bytes);
        clew_arena_init(&s->arena, CLEW_INGEST_ARENA_MAX);
        return 0;
}

void clew_scratch_deinit(struct clew_scratch *s)
{
        clew_buffer_deinit(&s->body);
        clew_buffer_deinit(&s->protobuf);
        clew_buffer_deinit(&s->redacted);
        clew_mask_work_deinit(&s->work);
        clew_arena_deinit(&s->arena);
        clew_fragment_encoder_free(s->encoder);
        s->encoder = NULL;
}

static void tidy_buffer(struct clew_buffer *b)
{
        if (b->capacity > CLEW_INGEST_KEEP_BYTES)
                clew_buffer_deinit(b);
        else
                clew_buffer_clear(b);
}

/* @large: the encoder has grown with the request, too. */
static void tidy_scratch(struct clew_scratch *s, bool large)
{
        if (large) {
                clew_fragment_encoder_free(s->encoder);
                s->encoder = NULL;
        }
        tidy_buffer(&s->body);
        tidy_buffer(&s->protobuf);
        tidy_buffer(&s->redacted);
        clew_mask_work_tidy(&s->work, CLEW_INGEST_KEEP_BYTES);
        clew_arena_reset(&s->arena);
        if (s->arena.used_bytes > CLEW_INGEST_KEEP_BYTES)
                clew_arena_deinit(&s->arena);
}

static size_t total_len(const struct clew_request *q)
{
        size_t n = 0;

        for (size_t i = 0; i < q->n_parts; i++)
                n += q->parts[i].len;
        return n;
}

void clew_ingest_too_large(struct clew_ingest *in, struct clew_answer *ret)
{
        clew_count(in->counters, CLEW_COUNT_TOO_LARGE, 1);
        clew_answer_set(ret, CLEW_ANSWER_TOO_LARGE,
                        "the request is larger than max-request-bytes = %zu; send smaller batches",
                        in->max_request_bytes);
}

void clew_ingest_refuse(struct clew_ingest *in, struct clew_answer *ret)
{
        clew_count(in->counters, CLEW_COUNT_OVERLOADED, 1);
        clew_answer_set(ret, CLEW_ANSWER_OVERLOADED,
                        "the collector is out of memory budget; retry later");
        ret->retry_ms = CLEW_INGEST_RETRY_MS;
}

/* Malformed, too large, or out of memory: the three ways in which decoding ends early. */
static enum clew_ingest_outcome refuse(struct clew_ingest *in, int code,
                                       const struct clew_error *err, struct clew_answer *ret)
{
        if (code == -ENOMEM) {
                clew_ingest_refuse(in, ret);
        } else if (code == -EMSGSIZE && err->message[0]) {
                clew_count(in->counters, CLEW_COUNT_TOO_LARGE, 1);
                clew_answer_set(ret, CLEW_ANSWER_TOO_LARGE, "%s", err->message);
        } else if (code == -EMSGSIZE) {
                clew_ingest_too_large(in, ret);
        } else {
                clew_count(in->counters, CLEW_COUNT_MALFORMED, 1);
                clew_answer_set(ret, CLEW_ANSWER_MALFORMED, "%s",
                                err->message[0] ? err->message : strerror(-code));
        }
        return CLEW_INGEST_ANSWER;
}

/* What the first bytes of a body say against its headers; NULL when nothing. */
static const char *mistaken_headers(const struct clew_request *q, struct clew_slice body)
{
        if (q->encoding == CLEW_ENCODING_IDENTITY &&
            clew_slice_starts_with(body, CLEW_SLICE_LITERAL("\x1f\x8b")))
                return "the body is gzip, but Content-Encoding does not say so";
        if (q->encoding == CLEW_ENCODING_IDENTITY &&
            clew_encoding_sniff(body) != CLEW_ENCODING_IDENTITY)
                return "the body is compressed, but Content-Encoding does not say so";
        if (!q->is_json && clew_slice_starts_with(body, CLEW_SLICE_LITERAL("{")))
                return "the body looks like JSON, but Content-Type does not say so";
        if (q->is_json && clew_slice_starts_with(body, CLEW_SLICE_LITERAL("\n")) && body.len > 1 &&
            (body.data[1] & 0x80))
                return "the body looks like protobuf, but Content-Type says JSON";
        return NULL;
}

static enum clew_ingest_outcome refuse_body(struct clew_ingest *in, int code,
                                            const struct clew_request *q, struct clew_slice body,
                                            const struct clew_error *err, struct clew_answer *ret)
{
        const char *mistake = mistaken_headers(q, body);

        static struct clew_log_limit limit = {.per_second = 1};

        (void)refuse(in, code, err, ret);
        if (ret->kind == CLEW_ANSWER_MALFORMED)
                clew_log_limited(&limit, CLEW_LOG_WARN, "request.malformed", "hint=\"%s\"",
                                 mistake ? mistake
                                         : "the body is not OTLP; an exporter that compresses must "
                                           "use one of " CLEW_ENCODING_NAMES);
        if (ret->kind == CLEW_ANSWER_MALFORMED && mistake)
                clew_answer_set(ret, CLEW_ANSWER_MALFORMED, "%s", mistake);
        return CLEW_INGEST_ANSWER;
}

static void release(const struct clew_request *q)
{
        if (q->release)
                q->release(q->context);
}

/*
 * Puts the request into one piece, at most @max bytes of it. A single uncompressed piece is used
 * where it lies: then *@ret_borrowed is true and the request is not yet released.
 */
static int gather(const struct clew_request *q, size_t max, struct clew_buffer *body,
                  struct clew_slice *ret, bool *ret_borrowed, struct clew_error *err)
{
        size_t total = total_len(q);
        int r;

        *ret_borrowed = false;
        clew_buffer_clear(body);
        if (q->encoding == CLEW_ENCODING_IDENTITY && total > max)
                return -EMSGSIZE;
        if (q->encoding == CLEW_ENCODING_IDENTITY && q->n_parts == 1) {
                *ret = q->parts[0];
                *ret_borrowed = true;
                return 0;
        }
        if (q->encoding != CLEW_ENCODING_IDENTITY) {
                r = clew_encoding_undo(q->encoding, q->parts, q->n_parts, max, body, err);
        } else {
                if (total && !clew_buffer_reserve(body, total))
                        return clew_buffer_error(body);
                for (size_t i = 0; i < q->n_parts; i++)
                        clew_buffer_append_slice(body, q->parts[i]);
                r = clew_buffer_error(body);
        }
        *ret = clew_buffer_slice(body);
        return r;
}

static bool grows_large(const struct clew_otlp_batch *batch, size_t body_len)
{
        return batch->split_bytes > SPLIT_FACTOR * body_len + CLEW_INGEST_SMALL_BYTES;
}

/* What all fragments of @batch can take. */
static size_t fragments_max(const struct clew_otlp_batch *batch)
{
        return batch->split_bytes + batch->split_bytes / FRAGMENT_GROWTH_PARTS +
               batch->n_traces * FRAGMENT_OVERHEAD_BYTES + FRAGMENTS_SLACK_BYTES;
}

static int encode_traces(struct clew_scratch *scratch, const struct clew_otlp_batch *batch,
                         struct clew_submission *sub, struct clew_error *err)
{
        uint64_t now = clew_clock_unix_ns(clew_clock_system());
        size_t from = 0;

        if (!scratch->encoder)
                scratch->encoder = clew_fragment_encoder_new();
        if (!scratch->encoder)
                return -ENOMEM;
        clew_buffer_init(&sub->bytes, fragments_max(batch));
        sub->fragments = clew_calloc(batch->n_traces, sizeof(*sub->fragments));
        if (!sub->fragments)
                return -ENOMEM;
        for (size_t i = 0; i < batch->n_traces; i++) {
                int r = clew_fragment_encode(scratch->encoder, batch, &batch->traces[i], now,
                                             &sub->bytes);

                if (r == -EMSGSIZE)
                        return clew_error_set(err, r, 0,
                                              "one trace of the request is too large to be stored "
                                              "in one piece; send smaller batches");
                if (r < 0)
                        return r;
                sub->fragments[i].trace_id = batch->traces[i].id;
                sub->fragments[i].run = batch->traces[i].run;
                sub->fragments[i].has_run = batch->traces[i].has_run;
                sub->fragments[i].bytes.len = sub->bytes.len - from;
                from = sub->bytes.len;
        }
        sub->n_fragments = batch->n_traces;
        from = 0;
        for (size_t i = 0; i < batch->n_traces; i++) {
                sub->fragments[i].bytes.data = sub->bytes.data + from;
                from += sub->fragments[i].bytes.len;
        }
        return 0;
}

static void count_items(struct clew_ingest *in, const struct clew_otlp_batch *batch)
{
        clew_count(in->counters,
                   batch->signal == CLEW_OTLP_TRACES ? CLEW_COUNT_SPANS : CLEW_COUNT_LOGS,
                   batch->n_items);
        clew_count(in->counters, CLEW_COUNT_SPANS_REFUSED, batch->n_rejected);
}

/* JSON names its signal in its first key. */
static bool begins_with_key(struct clew_slice json, const char *key)
{
        size_t n = json.len < GUESS_BYTES ? json.len : GUESS_BYTES;

        return n && memmem(json.data, n, key, strlen(key)) != NULL;
}

/* Metrics are not kept. Who sends some is told how many, and where the same figures are: a partial
 * success, which no client repeats (OTLP, "Partial Success"). */
static enum clew_ingest_outcome refuse_metrics(struct clew_ingest *in, const struct clew_request *q,
                                               struct clew_slice body, struct clew_answer *ret)
{
        static struct clew_log_limit limit = {.per_second = 1};
        struct clew_error err = {.code = 0};
        uint64_t n = 0;
        int r = clew_otlp_count_points(body, q->is_json, &n, &err);

        if (r < 0)
                return refuse_body(in, r, q, body, &err, ret);
        clew_count(in->counters, CLEW_COUNT_OTLP_BYTES, body.len);
        if (n == 0) {
                clew_count(in->counters, CLEW_COUNT_ACCEPTED, 1);
                return CLEW_INGEST_ANSWER;
        }
        clew_count(in->counters, CLEW_COUNT_METRICS_REFUSED, 1);
        clew_count(in->counters, CLEW_COUNT_POINTS_REFUSED, n);
        ret->n_rejected = n;
        ret->rejected = "rejectedDataPoints";
        clew_answer_set(ret, CLEW_ANSWER_OK,
                        "clewd keeps no metrics; tokens, cost, durations and failures of agents "
                        "are counted from traces and logs: GET /metrics. "
                        "OTEL_METRICS_EXPORTER=none sends none");
        clew_log_limited(&limit, CLEW_LOG_INFO, "metrics.refused",
                         "points=%llu hint=\"not kept; OTEL_METRICS_EXPORTER=none sends none\"",
                         (unsigned long long)n);
        return CLEW_INGEST_ANSWER;
}

/* JSON to protobuf, what rules take out of it, and the walk. */
static int read_batch(const struct clew_ingest *in, struct clew_scratch *scratch,
                      const struct clew_request *q, enum clew_otlp_signal signal,
                      struct clew_slice body, struct clew_otlp_batch *batch,
                      struct clew_redacted *redacted, struct clew_error *err)
{
        int r;

        if (q->is_json) {
                r = clew_otlp_from_json(body, signal, &scratch->protobuf, err);
                if (r < 0)
                        return r;
                body = clew_buffer_slice(&scratch->protobuf);
        }
        if (in->redactor) {
                r = clew_redactor_run(in->redactor, q->redact_key, signal, &body, &scratch->work,
                                      &scratch->redacted, redacted, err);
                if (r < 0)
                        return r;
        }
        redacted->len = body.len;
        r = clew_otlp_walk(body, signal, &scratch->arena, batch, err);
        if (r == 0 && in->redactor)
                clew_otlp_refuse_deep(batch, redacted->n_deep);
        if (r == -E2BIG)
                return -EBADMSG; /* too deep or too many: the message says which; never retry */
        if (r == -ENOMEM && scratch->arena.over_limit)
                return clew_error_set(err, -EMSGSIZE, 0,
                                      "the request holds more spans and traces than can be indexed "
                                      "in %zu MiB; send smaller batches",
                                      CLEW_INGEST_ARENA_MAX >> 20);
        return r;
}

static enum clew_ingest_outcome decode_body(struct clew_ingest *in, struct clew_scratch *scratch,
                                            const struct clew_request *q, struct clew_slice body,
                                            enum clew_ingest_size size, struct clew_submission *sub,
                                            struct clew_answer *ret)
{
        struct clew_error err = {.code = 0};
        enum clew_otlp_signal signal = q->signal;
        struct clew_otlp_batch batch;
        struct clew_redacted redacted;
        int r;

        if (q->is_metrics ||
            (q->guess_signal && q->is_json && begins_with_key(body, "\"resourceMetrics\"")))
                return refuse_metrics(in, q, body, ret);
        if (q->guess_signal && q->is_json && begins_with_key(body, "\"resourceLogs\""))
                signal = CLEW_OTLP_LOGS;
        r = read_batch(in, scratch, q, signal, body, &batch, &redacted, &err);
        if (r < 0)
                return refuse_body(in, r, q, body, &err, ret);
        if (size != CLEW_INGEST_LARGE && grows_large(&batch, redacted.len))
                return CLEW_INGEST_MORE;
        if (in->redactor)
                clew_redactor_count(in->redactor, &redacted);
        clew_count(in->counters, CLEW_COUNT_OTLP_BYTES, body.len);
        count_items(in, &batch);
        ret->n_rejected = batch.n_rejected;
        ret->rejected = signal == CLEW_OTLP_LOGS ? "rejectedLogRecords" : "rejectedSpans";
        /* JSON that does not fit leaves its item empty; then the message tells why. */
        clew_answer_set(ret, CLEW_ANSWER_OK, "%s",
                        batch.n_rejected == 0 ? ""
                        : err.message[0]      ? err.message
                                              : batch.reject_reason);
        if (batch.n_traces == 0) {
                clew_count(in->counters, CLEW_COUNT_ACCEPTED, 1);
                return CLEW_INGEST_ANSWER;
        }
        err.message[0] = '\0';
        r = encode_traces(scratch, &batch, sub, &err);
        if (r < 0) {
                clew_submission_deinit(sub);
                return refuse(in, r, &err, ret);
        }
        return CLEW_INGEST_COMMIT;
}

static size_t limit_of(const struct clew_ingest *in, enum clew_ingest_size size)
{
        size_t limit = in->max_request_bytes;

        if (size == CLEW_INGEST_SMALL && limit > CLEW_INGEST_SMALL_BYTES)
                return CLEW_INGEST_SMALL_BYTES;
        if (size == CLEW_INGEST_MEDIUM && limit > CLEW_INGEST_LARGE_BYTES)
                return CLEW_INGEST_LARGE_BYTES;
        return limit;
}

enum clew_ingest_size clew_ingest_size_of(const struct clew_ingest *in,
                                          const struct clew_request *request)
{
        size_t n = clew_encoding_hint(request->encoding, request->parts, request->n_parts,
                                      in->max_request_bytes);

        /* What will be too large whatever is done is not decoded anywhere. */
        if (request->encoding == CLEW_ENCODING_IDENTITY)
                n = total_len(request);

        if (n <= CLEW_INGEST_SMALL_BYTES)
                return CLEW_INGEST_SMALL;
        return n <= CLEW_INGEST_LARGE_BYTES ? CLEW_INGEST_MEDIUM : CLEW_INGEST_LARGE;
}

enum clew_ingest_outcome clew_ingest_decode(struct clew_ingest *in, struct clew_scratch *scratch,
                                            const struct clew_request *request,
                                            enum clew_ingest_size size, struct clew_submission *sub,
                                            struct clew_answer *ret)
{
        size_t limit = limit_of(in, size);
        size_t wire_bytes = total_len(request);
        enum clew_ingest_outcome outcome;
        struct clew_error err = {.code = 0};
        struct clew_slice body = CLEW_SLICE_NULL;
        bool borrowed;
        int r;

        *ret = (struct clew_answer){.kind = CLEW_ANSWER_OK, .received_ns = request->received_ns};
        r = gather(request, limit, &scratch->body, &body, &borrowed, &err);
        if (r == -EMSGSIZE && limit < in->max_request_bytes) {
                tidy_buffer(&scratch->body); /* the stream holds more than it said */
                return CLEW_INGEST_MORE;
        }
        if (r == -EMSGSIZE)
                err.message[0] = '\0'; /* the limit is the collector's: it is named */
        /* What is small may stay until it is known that it will not be decoded again. */
        if (!borrowed && size == CLEW_INGEST_LARGE)
                release(request);
        outcome = r < 0 ? refuse(in, r, &err, ret)
                        : decode_body(in, scratch, request, body, size, sub, ret);
        if (outcome != CLEW_INGEST_MORE)
                clew_count(in->counters, CLEW_COUNT_WIRE_BYTES, wire_bytes);
        if (outcome != CLEW_INGEST_MORE && (borrowed || size != CLEW_INGEST_LARGE))
                release(request);
        tidy_scratch(scratch, size == CLEW_INGEST_LARGE);
        return outcome;
}

void clew_ingest_committed(struct clew_ingest *in, int result, struct clew_answer *answer)
{
        uint64_t now = clew_clock_monotonic_ns(clew_clock_system());

        clew_histogram_observe(&in->counters->acks,
                               now > answer->received_ns ? now - answer->received_ns : 0);
        if (result == 0) {
                clew_count(in->counters, CLEW_COUNT_ACCEPTED, 1);
                return;
        }
        if (result == -EMSGSIZE) {
                clew_count(in->counters, CLEW_COUNT_TOO_LARGE, 1);
                clew_answer_set(answer, CLEW_ANSWER_TOO_LARGE,
                                "one trace of the request is too large for the store");
                return;
        }
        clew_count(in->counters, CLEW_COUNT_NOT_STORED, 1);
        answer->n_rejected = 0;
        answer->retry_ms = CLEW_INGEST_RETRY_MS;
        if (result == -EREMOTE) {
                clew_answer_set(answer, CLEW_ANSWER_NOT_STORED,
                                "the bucket cannot take it now; it is not acknowledged; retry "
                                "later");
                return;
        }
        clew_answer_set(answer, CLEW_ANSWER_NOT_STORED, "%s (%s); nothing was stored; retry later",
                        result == -ENOSPC || result == -EDQUOT ? "the disk of the store is full"
                                                               : "the store failed",
                        strerror(-result));
}
