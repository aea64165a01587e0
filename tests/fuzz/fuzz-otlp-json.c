/*
 * OTLP JSON. First byte: bit 0 = logs, bit 1 = the rest is protobuf (else JSON). What is accepted
 * is written as complete JSON in UTF-8, reads back, and from the first reading on nothing changes.
 * What is refused leaves the output as it was.
 */
#include "proto/base/json.h"
#include "proto/base/utf8.h"
#include "proto/otlp/json.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#define MEMORY_MAX ((size_t)64 << 20)

static bool to_json(const struct clew_buffer *pb, enum clew_otlp_signal signal,
                    struct clew_buffer *json)
{
        struct clew_json_reader r;
        int ret;

        clew_buffer_clear(json);
        ret = clew_otlp_to_json(clew_buffer_slice(pb), signal, json);
        if (ret < 0) {
                CLEW_ASSERT((ret == -EBADMSG || ret == -E2BIG) && json->len == 0);
                return false;
        }
        r = clew_json_reader_make(clew_buffer_slice(json), CLEW_JSON_DEPTH_MAX);
        clew_json_next(&r);
        clew_json_skip(&r);
        CLEW_ASSERT(clew_json_next(&r) == CLEW_JSON_END && r.status == CLEW_JSON_COMPLETE);
        CLEW_ASSERT(clew_utf8_valid(clew_buffer_slice(json)));
        return true;
}

static bool from_json(struct clew_slice json, enum clew_otlp_signal signal, struct clew_buffer *pb)
{
        struct clew_error err = {0};
        int ret;

        clew_buffer_clear(pb);
        ret = clew_otlp_from_json(json, signal, pb, &err);
        if (ret == 0) {
                CLEW_ASSERT(err.code == 0);
                return true;
        }
        CLEW_ASSERT((ret == -EBADMSG || ret == -E2BIG) && pb->len == 0);
        CLEW_ASSERT(err.code == ret && err.message[0] && err.offset <= json.len);
        return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        enum clew_otlp_signal signal = size > 0 && data[0] & 1 ? CLEW_OTLP_LOGS : CLEW_OTLP_TRACES;
        struct clew_slice input = clew_slice_from(clew_slice_make(data, size), 1);
        CLEW_BUFFER pb = {0};
        CLEW_BUFFER json = {0};
        CLEW_BUFFER again = {0};

        clew_buffer_init(&pb, MEMORY_MAX);
        clew_buffer_init(&json, MEMORY_MAX);
        clew_buffer_init(&again, MEMORY_MAX);
        if (size > 0 && data[0] & 2) {
                clew_buffer_append_slice(&again, input);
                if (!to_json(&again, signal, &json))
                        return 0;
                CLEW_ASSERT(from_json(clew_buffer_slice(&json), signal, &pb));
        } else if (!from_json(input, signal, &pb)) {
                return 0;
        }
        /* unknownFields may hold known fields that are malformed inside. */
        if (!to_json(&pb, signal, &json))
                return 0;
        CLEW_ASSERT(from_json(clew_buffer_slice(&json), signal, &again));
        CLEW_ASSERT(to_json(&again, signal, &json));
        CLEW_ASSERT(from_json(clew_buffer_slice(&json), signal, &pb));
        CLEW_ASSERT(clew_slice_eq(clew_buffer_slice(&pb), clew_buffer_slice(&again)));
        return 0;
}
