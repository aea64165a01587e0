#include "tests/lib/store-append.h"

#include "proto/base/arena.h"
#include "proto/otlp/walk.h"

#include <errno.h>

#define BYTES_MAX ((size_t)1 << 20)

int test_store_append(struct clew_store *store, const char *service, const struct test_span *span,
                      uint64_t arrival_ns)
{
        struct clew_fragment_encoder *encoder = clew_fragment_encoder_new();
        struct clew_fragment fragment = {.trace_id = span->trace_id};
        struct clew_otlp_batch batch;
        struct clew_error err = {0};
        CLEW_ARENA arena = {0};
        CLEW_BUFFER request = {0};
        CLEW_BUFFER bytes = {0};
        int r;

        if (!encoder)
                return -ENOMEM;
        clew_arena_init(&arena, BYTES_MAX);
        clew_buffer_init(&request, BYTES_MAX);
        clew_buffer_init(&bytes, BYTES_MAX);
        test_put_traces(&request, service, span, 1);
        r = clew_otlp_walk(clew_buffer_slice(&request), CLEW_OTLP_TRACES, &arena, &batch, &err);
        if (r == 0)
                r = clew_fragment_encode(encoder, &batch, &batch.traces[0], arrival_ns, &bytes);
        fragment.bytes = clew_buffer_slice(&bytes);
        if (r == 0)
                r = clew_store_append(store, &fragment, 1, &err);
        clew_fragment_encoder_free(encoder);
        return r;
}
