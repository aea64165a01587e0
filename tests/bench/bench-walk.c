/*
 * Microbenchmark of the walker: CPU time for checking, walking, writing parts and merging.
 *
 *     bench-walk                1,000 regular spans of 500 bytes in 1, 10 and 1,000 traces
 *     bench-walk FILE...        each FILE one encoded request
 *
 * Prints figures; it is no test and has no pass mark.
 */
#include "proto/otlp/merge.h"
#include "proto/otlp/walk.h"
#include "tests/unit/random-otlp.h"

#include <stdio.h>
#include <time.h>

#define ROUND_S 0.5 /* long enough for a steady figure on a busy machine */
#define REQUEST_BYTES_MAX (256u << 20)

enum what { CHECK, WALK, WALK_WRITE, MERGE };

static double cpu_s(void)
{
        struct timespec t;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* One pass; returns the number of items, 0 on failure. */
static size_t pass(enum what what, struct clew_slice request, struct clew_arena *arena,
                   struct clew_buffer *out)
{
        struct clew_otlp_batch batch;
        size_t items;

        clew_arena_reset(arena);
        clew_buffer_clear(out);
        if (what == CHECK)
                return clew_otlp_check(request, CLEW_OTLP_TRACES, NULL) == 0;
        if (what == MERGE)
                return clew_otlp_merge(&request, 1, CLEW_OTLP_TRACES, arena, out, &items) == 0;
        if (clew_otlp_walk(request, CLEW_OTLP_TRACES, arena, &batch, NULL) < 0)
                return 0;
        for (size_t i = 0; what == WALK_WRITE && i < batch.n_traces; i++)
                clew_otlp_write_trace(&batch, &batch.traces[i], out);
        return batch.n_items;
}

static int measure(const char *name, struct clew_slice request)
{
        static const char *const names[] = {"check", "walk", "walk+write", "merge"};
        CLEW_ARENA arena = {0};
        CLEW_BUFFER out = {0};
        size_t items;

        clew_arena_init(&arena, REQUEST_BYTES_MAX);
        clew_buffer_init(&out, REQUEST_BYTES_MAX);
        items = pass(WALK, request, &arena, &out);
        for (int what = CHECK; what <= MERGE; what++) {
                double start = cpu_s();
                double spent;
                size_t n = 0;

                do {
                        if (pass((enum what)what, request, &arena, &out) == 0)
                                return 1;
                        n++;
                        spent = cpu_s() - start;
                } while (spent < ROUND_S);
                printf("%-24s %-10s %7.0f ns/item %8.2f M items/s %8.0f MB/s  (CPU; %zu items, "
                       "%zu B)\n",
                       name, names[what], spent / (double)(n * items) * 1e9,
                       (double)(n * items) / spent / 1e6, (double)(n * request.len) / spent / 1e6,
                       items, request.len);
        }
        return 0;
}

static int measure_file(const char *path)
{
        CLEW_BUFFER bytes = {0};
        FILE *file = fopen(path, "rb");
        size_t n = 0;

        clew_buffer_init(&bytes, REQUEST_BYTES_MAX);
        if (!file) {
                perror(path);
                return 1;
        }
        do {
                uint8_t *p = clew_buffer_reserve(&bytes, 65536);

                n = p ? fread(p, 1, 65536, file) : 0;
                if (p)
                        clew_buffer_commit(&bytes, n);
        } while (n > 0);
        fclose(file);
        return measure(path, clew_buffer_slice(&bytes));
}

int main(int argc, char **argv)
{
        static const uint32_t traces[] = {1, 10, 1000};
        int failed = 0;

        for (int i = 1; i < argc; i++)
                failed |= measure_file(argv[i]);
        for (size_t i = 0; argc == 1 && i < CLEW_ARRAY_LEN(traces); i++) {
                CLEW_BUFFER request = {0};
                char name[40];

                clew_buffer_init(&request, REQUEST_BYTES_MAX);
                regular_request(1000, traces[i], &request);
                snprintf(name, sizeof(name), "1,000 spans, %u traces", traces[i]);
                failed |= measure(name, clew_buffer_slice(&request));
        }
        return failed;
}
