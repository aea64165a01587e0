/*
 * Export requests. Whatever the bytes: walk and check give the same verdict (limits apart), memory
 * stays under the arena's limit, and what is accepted keeps the promises of walk.h and merge.h.
 */
#include "proto/otlp/merge.h"
#include "proto/otlp/span.h"
#include "proto/otlp/walk.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#define MEMORY_MAX (64u << 20)

static size_t count_items(struct clew_slice data)
{
        struct clew_otlp_reader r = clew_otlp_reader_make(data);
        struct clew_slice raw;
        size_t n = 0;

        while (clew_otlp_read(&r, &raw, NULL))
                n++;
        return n;
}

static void merge_and_compare(struct clew_slice parts, enum clew_otlp_signal signal)
{
        CLEW_ARENA scratch = {0};
        CLEW_BUFFER once = {0};
        CLEW_BUFFER twice = {0};
        struct clew_slice resent[2] = {parts, parts};
        struct clew_slice merged;
        size_t n_once;
        size_t n_twice;

        clew_arena_init(&scratch, MEMORY_MAX);
        clew_buffer_init(&once, MEMORY_MAX);
        clew_buffer_init(&twice, MEMORY_MAX);
        CLEW_ASSERT(clew_otlp_merge(resent, 2, signal, &scratch, &once, &n_once) == 0);
        merged = clew_buffer_slice(&once);
        CLEW_ASSERT(clew_otlp_check(merged, signal, NULL) == 0);
        CLEW_ASSERT(count_items(merged) == n_once);
        CLEW_ASSERT(clew_otlp_merge(&merged, 1, signal, &scratch, &twice, &n_twice) == 0);
        CLEW_ASSERT(clew_slice_eq(merged, clew_buffer_slice(&twice)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        enum clew_otlp_signal signal = size > 0 && data[0] & 1 ? CLEW_OTLP_LOGS : CLEW_OTLP_TRACES;
        struct clew_slice request = clew_slice_from(clew_slice_make(data, size), 1);
        CLEW_ARENA arena = {0};
        CLEW_BUFFER parts = {0};
        struct clew_error err = {0};
        struct clew_otlp_batch b;
        int checked = clew_otlp_check(request, signal, NULL);
        int r;

        clew_arena_init(&arena, MEMORY_MAX);
        clew_buffer_init(&parts, MEMORY_MAX);
        r = clew_otlp_walk(request, signal, &arena, &b, &err);
        /* Both stop at the first fault, but a walk sees all envelopes before the first item, and
         * leaves out an item that the check finds too deep. */
        CLEW_ASSERT((r == 0) == (checked == 0) ||
                    (checked == -E2BIG && (r < 0 || b.n_rejected > 0)));
        if (r < 0) {
                CLEW_ASSERT(err.code == r && err.message[0]);
                CLEW_ASSERT(err.offset <= request.len);
                return 0;
        }
        for (size_t i = 0; i < b.n_traces; i++) {
                size_t from = parts.len;

                clew_otlp_write_trace(&b, &b.traces[i], &parts);
                CLEW_ASSERT(clew_buffer_error(&parts) == 0);
                CLEW_ASSERT(count_items(clew_slice_from(clew_buffer_slice(&parts), from)) ==
                            b.traces[i].n_items);
        }
        CLEW_ASSERT(parts.len == b.split_bytes);
        CLEW_ASSERT(clew_otlp_check(clew_buffer_slice(&parts), signal, NULL) == 0);
        CLEW_ASSERT(count_items(request) == b.n_items + b.n_rejected);
        CLEW_ASSERT(count_items(clew_buffer_slice(&parts)) == b.n_items);
        merge_and_compare(clew_buffer_slice(&parts), signal);
        return 0;
}
