#include "collector/front/guard-refusal-int.h"

#include "collector/gate/answer.h"
#include "proto/base/base64.h"

#include <string.h>

#define BLOCK_BYTES_MAX 4096u
#define BODY_BYTES_MAX 2048u
#define HPACK_STATUS_200 0x88u    /* static table, entry 8 */
#define HPACK_LITERAL 0x00u       /* without indexing, new name */
#define HPACK_LENGTH_PREFIX 0x7fu /* seven bits, no Huffman code */
#define RETRY_MS 1000u

static const struct clew_answer overload = {
        .kind = CLEW_ANSWER_OVERLOADED,
        .retry_ms = RETRY_MS,
        .message = "the collector is out of memory budget; retry later",
};

static void put_text(struct clew_buffer *out, struct clew_slice s)
{
        if (s.len < HPACK_LENGTH_PREFIX) {
                clew_buffer_append_byte(out, (uint8_t)s.len);
        } else {
                clew_buffer_append_byte(out, HPACK_LENGTH_PREFIX);
                clew_buffer_append_varint(out, s.len - HPACK_LENGTH_PREFIX);
        }
        clew_buffer_append_slice(out, s);
}

static void put_field(struct clew_buffer *out, const char *name, struct clew_slice value)
{
        clew_buffer_append_byte(out, HPACK_LITERAL);
        put_text(out, clew_slice_of_cstr(name));
        put_text(out, value);
}

static void put_binary(struct clew_buffer *out, const char *name, const struct clew_buffer *value)
{
        CLEW_BUFFER text = {0};

        clew_buffer_init(&text, BODY_BYTES_MAX);
        clew_base64_encode(clew_buffer_slice(value), &text);
        if (clew_buffer_error(value) == 0 && clew_buffer_error(&text) == 0)
                put_field(out, name, clew_buffer_slice(&text));
}

void clew_guard_refusal_block(struct clew_buffer *out)
{
        CLEW_BUFFER status = {0};
        CLEW_BUFFER retry = {0};

        clew_buffer_init(out, BLOCK_BYTES_MAX);
        clew_buffer_init(&status, BODY_BYTES_MAX);
        clew_buffer_init(&retry, BODY_BYTES_MAX);
        clew_answer_write_status(&overload, &status);
        clew_answer_write_retry_info(&overload, &retry);
        clew_buffer_append_byte(out, HPACK_STATUS_200);
        put_field(out, "content-type", CLEW_SLICE_LITERAL("application/grpc"));
        put_field(out, "grpc-status", CLEW_SLICE_LITERAL("14"));
        put_field(out, "grpc-message", clew_slice_of_cstr(overload.message));
        put_binary(out, "grpc-status-details-bin", &status);
        put_binary(out, "google.rpc.retryinfo-bin", &retry);
}

void clew_guard_refusal_http(struct clew_buffer *out, const char *status, const char *reason)
{
        clew_buffer_printf(out,
                           "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
                           "Connection: close\r\n\r\n%s\n",
                           status, strlen(reason) + 1, reason);
}

void clew_guard_overload_http(struct clew_buffer *out, bool json)
{
        CLEW_BUFFER body = {0};

        clew_buffer_init(&body, BODY_BYTES_MAX);
        if (json)
                clew_answer_write_status_json(&overload, &body);
        else
                clew_answer_write_status(&overload, &body);
        clew_buffer_printf(out,
                           "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/%s\r\n"
                           "Retry-After: %u\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
                           json ? "json" : "x-protobuf", RETRY_MS / 1000, body.len);
        clew_buffer_append_slice(out, clew_buffer_slice(&body));
}
