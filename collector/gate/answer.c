#include "collector/gate/answer.h"

#include "proto/base/slice.h"

#include <stdarg.h>
#include <stdio.h>

#define PARTS_MAX 1024u /* an answer's sub-messages: a short text and a few numbers */

#define WIRE_VARINT 0u
#define WIRE_BYTES 2u
#define TAG(field, wire) ((uint8_t)((field) << 3 | (wire)))

/* Retry: what OTLP lets a client send again. Both overload answers carry a RetryInfo. */
static const struct {
        int grpc;
        int http;
        bool retry;
} codes[CLEW_ANSWER_KINDS] = {
        [CLEW_ANSWER_OK] = {0, 200, false},
        [CLEW_ANSWER_MALFORMED] = {3, 400, false},      /* INVALID_ARGUMENT */
        [CLEW_ANSWER_TOO_LARGE] = {8, 413, false},      /* RESOURCE_EXHAUSTED, no RetryInfo */
        [CLEW_ANSWER_UNIMPLEMENTED] = {12, 501, false}, /* UNIMPLEMENTED */
        [CLEW_ANSWER_NOT_FOUND] = {12, 404, false},
        [CLEW_ANSWER_BAD_METHOD] = {12, 405, false},
        [CLEW_ANSWER_BAD_TYPE] = {3, 415, false},
        [CLEW_ANSWER_FORBIDDEN] = {7, 403, false}, /* PERMISSION_DENIED */
        [CLEW_ANSWER_NO_KEY] = {16, 401, false},   /* UNAUTHENTICATED */
        [CLEW_ANSWER_PREFLIGHT] = {0, 204, false},
        [CLEW_ANSWER_OVERLOADED] = {14, 429, true}, /* UNAVAILABLE */
        [CLEW_ANSWER_NOT_STORED] = {14, 503, true},
};

int clew_answer_grpc_code(enum clew_answer_kind kind)
{
        return codes[kind].grpc;
}

int clew_answer_http_code(enum clew_answer_kind kind)
{
        return codes[kind].http;
}

bool clew_answer_may_retry(enum clew_answer_kind kind)
{
        return codes[kind].retry;
}

void clew_answer_set(struct clew_answer *a, enum clew_answer_kind kind, const char *fmt, ...)
{
        va_list ap;

        a->kind = kind;
        va_start(ap, fmt);
        vsnprintf(a->message, sizeof(a->message), fmt, ap);
        va_end(ap);
}

static void put_bytes(struct clew_buffer *out, unsigned field, struct clew_slice s)
{
        clew_buffer_append_byte(out, TAG(field, WIRE_BYTES));
        clew_buffer_append_varint(out, s.len);
        clew_buffer_append_slice(out, s);
}

static void put_number(struct clew_buffer *out, unsigned field, uint64_t v)
{
        if (v == 0)
                return;
        clew_buffer_append_byte(out, TAG(field, WIRE_VARINT));
        clew_buffer_append_varint(out, v);
}

static void put_text(struct clew_buffer *out, unsigned field, const char *s)
{
        if (*s)
                put_bytes(out, field, clew_slice_of_cstr(s));
}

/* A sub-message could not be built: say so instead of sending half of it. */
static void put_part(struct clew_buffer *out, unsigned field, const struct clew_buffer *part)
{
        if (clew_buffer_error(part))
                out->error = clew_buffer_error(part);
        else
                put_bytes(out, field, clew_buffer_slice(part));
}

void clew_answer_write_response(const struct clew_answer *a, struct clew_buffer *out)
{
        CLEW_BUFFER partial = {0};

        clew_buffer_init(&partial, PARTS_MAX);
        if (a->n_rejected == 0 && !a->message[0])
                return;
        put_number(&partial, 1, a->n_rejected);
        put_text(&partial, 2, a->message);
        put_part(out, 1, &partial);
}

void clew_answer_write_retry_info(const struct clew_answer *a, struct clew_buffer *out)
{
        CLEW_BUFFER duration = {0};

        clew_buffer_init(&duration, PARTS_MAX);
        put_number(&duration, 1, a->retry_ms / 1000);
        put_number(&duration, 2, (uint64_t)(a->retry_ms % 1000) * 1000000);
        put_part(out, 1, &duration);
}

void clew_answer_write_status(const struct clew_answer *a, struct clew_buffer *out)
{
        CLEW_BUFFER retry = {0};
        CLEW_BUFFER any = {0};

        clew_buffer_init(&retry, PARTS_MAX);
        clew_buffer_init(&any, PARTS_MAX);
        put_number(out, 1, (uint64_t)clew_answer_grpc_code(a->kind));
        put_text(out, 2, a->message);
        if (!clew_answer_may_retry(a->kind))
                return;
        clew_answer_write_retry_info(a, &retry);
        put_text(&any, 1, "type.googleapis.com/google.rpc.RetryInfo");
        put_part(&any, 2, &retry);
        put_part(out, 3, &any);
}

/* Messages are our own ASCII, but may quote a few bytes of a peer's header. */
static void put_json_text(struct clew_buffer *out, const char *s)
{
        clew_buffer_append_byte(out, '"');
        for (; *s; s++) {
                unsigned char ch = (unsigned char)*s;

                if (ch == '"' || ch == '\\')
                        clew_buffer_printf(out, "\\%c", ch);
                else if (ch < 0x20 || ch >= 0x7f)
                        clew_buffer_append_byte(out, '?');
                else
                        clew_buffer_append_byte(out, ch);
        }
        clew_buffer_append_byte(out, '"');
}

void clew_answer_write_response_json(const struct clew_answer *a, const char *rejected_name,
                                     struct clew_buffer *out)
{
        if (a->n_rejected == 0 && !a->message[0]) {
                clew_buffer_append_cstr(out, "{}");
                return;
        }
        clew_buffer_printf(out,
                           "{\"partialSuccess\":{\"%s\":\"%llu\",\"errorMessage\":", rejected_name,
                           (unsigned long long)a->n_rejected);
        put_json_text(out, a->message);
        clew_buffer_append_cstr(out, "}}");
}

void clew_answer_write_status_json(const struct clew_answer *a, struct clew_buffer *out)
{
        clew_buffer_printf(out, "{\"code\":%d,\"message\":", clew_answer_grpc_code(a->kind));
        put_json_text(out, a->message);
        if (clew_answer_may_retry(a->kind))
                clew_buffer_printf(
                        out,
                        ",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\","
                        "\"retryDelay\":\"%u.%03us\"}]",
                        a->retry_ms / 1000, a->retry_ms % 1000);
        clew_buffer_append_byte(out, '}');
}
