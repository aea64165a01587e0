#include "query/find/refile.h"

#include "proto/base/arena.h"
#include "proto/base/mem.h"
#include "proto/otlp/walk.h"

#include <errno.h>

/* Index of the records, and what is appended. */
#define ARENA_MAX ((size_t)1 << 30)
#define ENCODED_MAX ((size_t)1 << 30)

static int append(struct clew_store *store, const struct clew_otlp_batch *batch,
                  const struct clew_otlp_trace *trace, uint64_t arrival_ns,
                  struct clew_fragment_encoder *encoder, struct clew_error *err)
{
        struct clew_fragment fragment = {.trace_id = trace->id};
        CLEW_BUFFER bytes = {0};
        int r;

        clew_buffer_init(&bytes, ENCODED_MAX);
        r = clew_fragment_encode(encoder, batch, trace, arrival_ns, &bytes);
        fragment.bytes = clew_buffer_slice(&bytes);
        return r < 0 ? r : clew_store_append(store, &fragment, 1, err);
}

int clew_refile(struct clew_store *store, uint64_t arrival_ns, uint64_t *ret,
                struct clew_error *err)
{
        const struct clew_trace_id nobody = {{0}};
        struct clew_fragment_encoder *encoder = NULL;
        struct clew_view *view = NULL;
        struct clew_trace_data data;
        struct clew_otlp_batch batch = {0};
        CLEW_ARENA arena = {0};
        struct clew_slice logs = CLEW_SLICE_NULL;
        int r = clew_view_open(store, &view, err);

        *ret = 0;
        clew_arena_init(&arena, ARENA_MAX);
        if (r == 0) {
                r = clew_view_load(view, &nobody, &data, err);
                if (r == 0)
                        logs = clew_arena_copy(&arena, data.logs);
                clew_view_close(view); /* an append is not to wait behind a snapshot */
        }
        if (r == -ENOENT || (r == 0 && logs.len == 0))
                return clew_arena_failed(&arena) ? -ENOMEM : 0;
        if (r == 0)
                r = clew_otlp_walk(logs, CLEW_OTLP_LOGS, &arena, &batch, err);
        if (r == 0 && !(encoder = clew_fragment_encoder_new()))
                r = -ENOMEM;
        for (size_t i = 0; i < batch.n_traces && r == 0; i++) {
                if (clew_trace_id_is_zero(&batch.traces[i].id))
                        continue;
                r = append(store, &batch, &batch.traces[i], arrival_ns, encoder, err);
                *ret += batch.traces[i].n_items;
        }
        clew_fragment_encoder_free(encoder);
        return r;
}
