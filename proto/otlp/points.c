/*
 * See points.h. Field numbers: opentelemetry/proto/metrics/v1/metrics.proto.
 */
#include "proto/otlp/points.h"

#include "proto/base/cursor.h"
#include "proto/base/json.h"

#include <errno.h>

/* What leads to the data points: a bit for each field number of the message at that depth. */
static const uint32_t path[] = {
        1u << 1,                                           /* resource_metrics */
        1u << 2,                                           /* scope_metrics */
        1u << 2,                                           /* metrics */
        1u << 5 | 1u << 7 | 1u << 9 | 1u << 10 | 1u << 11, /* gauge, sum, histograms, summary */
        1u << 1,                                           /* data_points */
};

#define DEPTH CLEW_ARRAY_LEN(path)

/* Passes over a field of another type than bytes. */
static void skip_number(struct clew_cursor *c, unsigned wire_type)
{
        if (wire_type == 0)
                (void)clew_cursor_varint(c);
        else if (wire_type == 1)
                (void)clew_cursor_le64(c);
        else if (wire_type == 5)
                (void)clew_cursor_le32(c);
        else
                clew_cursor_fail(c);
}

static int count_protobuf(struct clew_slice request, uint64_t *ret, struct clew_error *err)
{
        struct clew_cursor open[DEPTH];
        unsigned depth = 0;
        uint64_t n = 0;

        open[0] = clew_cursor_make(request);
        for (;;) {
                struct clew_cursor *c = &open[depth];
                struct clew_slice bytes;
                uint64_t tag;

                if (clew_cursor_left(c) == 0 && !c->failed) {
                        if (depth == 0)
                                break;
                        depth--;
                        continue;
                }
                tag = clew_cursor_varint(c);
                if ((tag & 7) != 2)
                        skip_number(c, (unsigned)(tag & 7));
                bytes = (tag & 7) == 2 ? clew_cursor_bytes(c, clew_cursor_varint(c))
                                       : CLEW_SLICE_NULL;
                if (c->failed || tag >> 3 == 0)
                        return clew_error_set(err, -EBADMSG, 0, "the metrics are no OTLP protobuf");
                if ((tag & 7) != 2 || tag >> 3 > 31 || (path[depth] >> (tag >> 3) & 1) == 0)
                        continue;
                if (depth + 1 == DEPTH)
                        n++;
                else
                        open[++depth] = clew_cursor_make(bytes);
        }
        *ret = n;
        return 0;
}

static int count_json(struct clew_slice request, uint64_t *ret, struct clew_error *err)
{
        struct clew_json_reader r = clew_json_reader_make(request, CLEW_JSON_DEPTH_MAX);
        uint64_t n = 0;
        int result;

        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return clew_error_set(err, -EBADMSG, 0, "the metrics are no OTLP JSON");
        while (clew_json_next(&r) != CLEW_JSON_END) {
                if (r.token != CLEW_JSON_KEY ||
                    (!clew_json_text_is(&r, "dataPoints") && !clew_json_text_is(&r, "data_points")))
                        continue;
                if (clew_json_next(&r) != CLEW_JSON_ARRAY_BEGIN)
                        continue;
                while (clew_json_next_element(&r)) {
                        clew_json_skip(&r);
                        n++;
                }
        }
        result = clew_json_reader_error(&r, err);
        if (result < 0)
                return -EBADMSG;
        *ret = n;
        return 0;
}

int clew_otlp_count_points(struct clew_slice request, bool is_json, uint64_t *ret,
                           struct clew_error *err)
{
        return is_json ? count_json(request, ret, err) : count_protobuf(request, ret, err);
}
