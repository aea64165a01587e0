/*
 * Root cause in process: what `clew why` costs once a trace is open.
 *
 *     bench-why STORE [TIMES]    analyses every trace that many times (5)
 *
 * Prints one JSON object a trace, largest last, and no verdict. Times are CPU milliseconds of this
 * thread, the least of all rounds: `open` reads and unpacks the trace, `model` makes steps of its
 * spans, `why` prepares the view, runs all rules and ranks what they found.
 */
#include "proto/base/clock.h"
#include "proto/base/number.h"
#include "query/rca/rca.h"
#include "storage/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS_DEFAULT 5u
#define TRACES_MAX 4096u
#define ARENA_MAX ((size_t)8 << 30)

struct cost {
        struct clew_trace_id id;
        uint32_t spans;
        size_t bytes;
        uint32_t findings;
        double open_ms;
        double model_ms;
        double why_ms;
};

static double cpu_ms(void)
{
        struct timespec t;

        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void least(double *at, double value, bool first)
{
        if (first || value < *at)
                *at = value;
}

static int measure(struct clew_view *view, struct cost *c, bool first, struct clew_error *err)
{
        CLEW_ARENA arena = {0};
        struct clew_trace_data data;
        struct clew_trace *trace;
        struct clew_why why;
        double t[4];
        int r;

        clew_arena_init(&arena, ARENA_MAX);
        t[0] = cpu_ms();
        r = clew_view_load(view, &c->id, &data, err);
        t[1] = cpu_ms();
        if (r == 0)
                r = clew_trace_build(data.traces, data.logs, &CLEW_TRACE_FULL, &arena, &trace);
        t[2] = cpu_ms();
        if (r == 0)
                r = clew_why_analyse(trace, NULL, 0, &arena, &why);
        t[3] = cpu_ms();
        if (r < 0)
                return r;
        c->spans = trace->n_spans;
        c->bytes = data.traces.len + data.logs.len;
        c->findings = why.n_findings;
        least(&c->open_ms, t[1] - t[0], first);
        least(&c->model_ms, t[2] - t[1], first);
        least(&c->why_ms, t[3] - t[2], first);
        return 0;
}

static int by_size(const void *x, const void *y)
{
        const struct cost *a = x;
        const struct cost *b = y;

        return (a->bytes > b->bytes) - (a->bytes < b->bytes);
}

static void print(const struct cost *c)
{
        char hex[CLEW_TRACE_ID_HEX];

        clew_trace_id_to_hex(&c->id, hex);
        printf("{\"trace_id\":\"%s\",\"spans\":%u,\"bytes\":%zu,\"findings\":%u,\"open_ms\":%.3f,"
               "\"model_ms\":%.3f,\"why_ms\":%.3f}\n",
               hex, c->spans, c->bytes, c->findings, c->open_ms, c->model_ms, c->why_ms);
}

static int read_store(struct clew_store *store, uint64_t rounds, struct clew_error *err)
{
        struct cost *costs = calloc(TRACES_MAX, sizeof(*costs));
        struct clew_list_entry entry;
        struct clew_view *view = NULL;
        size_t n = 0;
        int r = costs ? clew_view_open(store, &view, err) : -1;

        if (r == 0)
                r = clew_view_list(view, NULL, err);
        while (r >= 0 && n < TRACES_MAX && (r = clew_view_next(view, &entry, err)) == 1)
                costs[n++].id = entry.id;
        for (uint64_t k = 0; k < rounds && r >= 0; k++) {
                for (size_t i = 0; i < n && r >= 0; i++)
                        r = measure(view, &costs[i], k == 0, err);
        }
        if (r >= 0) {
                qsort(costs, n, sizeof(*costs), by_size);
                for (size_t i = 0; i < n; i++)
                        print(&costs[i]);
        }
        free(costs);
        clew_view_close(view);
        return r < 0 ? r : 0;
}

int main(int argc, char **argv)
{
        struct clew_store_options options = {.mode = CLEW_STORE_READ};
        struct clew_store *store = NULL;
        struct clew_error err = {0};
        uint64_t rounds = ROUNDS_DEFAULT;
        int r;

        if (argc < 2 || argc > 3 ||
            (argc == 3 && !clew_parse_uint64(clew_slice_of_cstr(argv[2]), &rounds))) {
                fprintf(stderr, "usage: bench-why STORE [TIMES]\n");
                return 2;
        }
        r = clew_store_open(argv[1], &options, &store, &err);
        if (r == 0)
                r = read_store(store, rounds, &err);
        if (r < 0)
                fprintf(stderr, "bench-why: %s\n", err.message);
        clew_store_close(store);
        return r < 0;
}
