/*
 * The walker against protobuf-c: an export request that the walker accepts must be readable there,
 * with the same number of items. Inputs are those of fuzz-walk. Kept short, because protobuf-c is
 * quadratic where a sub-message repeats.
 */
#include "proto/opentelemetry/proto/logs/v1/logs.pb-c.h"
#include "proto/opentelemetry/proto/trace/v1/trace.pb-c.h"
#include "proto/otlp/walk.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_BYTES_MAX 8192u

static size_t count_items(struct clew_slice data)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(data);
        struct clew_slice raw;
        size_t n = 0;

        while (clew_otlp_read(&r, &raw, NULL))
                n++;
        return n;
}

static size_t count_spans(struct clew_slice request)
{
        Opentelemetry__Proto__Trace__V1__TracesData *pb =
                opentelemetry__proto__trace__v1__traces_data__unpack(NULL, request.len,
                                                                     request.data);
        size_t n = 0;

        CLEW_ASSERT(pb);
        for (size_t i = 0; i < pb->n_resource_spans; i++) {
                for (size_t k = 0; k < pb->resource_spans[i]->n_scope_spans; k++)
                        n += pb->resource_spans[i]->scope_spans[k]->n_spans;
        }
        opentelemetry__proto__trace__v1__traces_data__free_unpacked(pb, NULL);
        return n;
}

static size_t count_logs(struct clew_slice request)
{
        Opentelemetry__Proto__Logs__V1__LogsData *pb =
                opentelemetry__proto__logs__v1__logs_data__unpack(NULL, request.len, request.data);
        size_t n = 0;

        CLEW_ASSERT(pb);
        for (size_t i = 0; i < pb->n_resource_logs; i++) {
                for (size_t k = 0; k < pb->resource_logs[i]->n_scope_logs; k++)
                        n += pb->resource_logs[i]->scope_logs[k]->n_log_records;
        }
        opentelemetry__proto__logs__v1__logs_data__free_unpacked(pb, NULL);
        return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct clew_slice request = clew_slice_from(clew_slice_make(data, size), 1);

        if (size == 0 || size > INPUT_BYTES_MAX)
                return 0;
        if (data[0] & 1) {
                if (clew_otlp_check(request, CLEW_OTLP_LOGS, NULL) == 0)
                        CLEW_ASSERT(count_logs(request) == count_items(request));
        } else if (clew_otlp_check(request, CLEW_OTLP_TRACES, NULL) == 0) {
                CLEW_ASSERT(count_spans(request) == count_items(request));
        }
        return 0;
}
