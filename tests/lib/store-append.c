#include "tests/lib/store-append.h"

#include "proto/base/arena.h"
#include "proto/otlp/walk.h"

#include <errno.h>

#define BYTES_MAX ((size_t)4 << 20)

static int
with_fragment(struct clew_slice request, enum clew_otlp_signal signal, uint64_t arrival_ns,
              int (*fn)(void *context, const struct clew_fragment *f, struct clew_error *err),
              void *context)
{
        struct clew_fragment_encoder *encoder = clew_fragment_encoder_new();
        struct clew_fragment fragment = {0};
        struct clew_otlp_batch batch;
        struct clew_error err = {0};
        CLEW_ARENA arena = {0};
        CLEW_BUFFER bytes = {0};
        int r;

        if (!encoder)
                return -ENOMEM;
        clew_arena_init(&arena, BYTES_MAX);
        clew_buffer_init(&bytes, BYTES_MAX);
        r = clew_otlp_walk(request, signal, &arena, &batch, &err);
        if (r == 0 && batch.n_traces != 1)
                r = -EINVAL;
        if (r == 0)
                r = clew_fragment_encode(encoder, &batch, &batch.traces[0], arrival_ns, &bytes);
        if (r == 0) {
                fragment.trace_id = batch.traces[0].id;
                fragment.run = batch.traces[0].run;
                fragment.has_run = batch.traces[0].has_run;
                fragment.bytes = clew_buffer_slice(&bytes);
                r = fn(context, &fragment, &err);
        }
        clew_fragment_encoder_free(encoder);
        return r;
}

static int append(void *context, const struct clew_fragment *f, struct clew_error *err)
{
        return clew_store_append(context, f, 1, err);
}

int test_store_append_otlp(struct clew_store *store, struct clew_slice request,
                           enum clew_otlp_signal signal, uint64_t arrival_ns)
{
        return with_fragment(request, signal, arrival_ns, append, store);
}

int test_store_append(struct clew_store *store, const char *service, const struct test_span *span,
                      uint64_t arrival_ns)
{
        return test_with_fragment(service, span, arrival_ns, append, store);
}

int test_with_fragment(const char *service, const struct test_span *span, uint64_t arrival_ns,
                       int (*fn)(void *context, const struct clew_fragment *f,
                                 struct clew_error *err),
                       void *context)
{
        CLEW_BUFFER request = {0};

        clew_buffer_init(&request, BYTES_MAX);
        test_put_traces(&request, service, span, 1);
        return with_fragment(clew_buffer_slice(&request), CLEW_OTLP_TRACES, arrival_ns, fn,
                             context);
}
