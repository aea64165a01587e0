/*
 * What the summary of a trace costs, in process: with facts and likely causes, and without.
 *
 *     bench-derive STORE [TIMES]    derives every trace that many times (5)
 *
 * Prints one JSON object: traces, their bytes, and the CPU milliseconds of this thread for all of
 * them together, the least of all rounds for each trace; `check` is a hash of all records with
 * facts, which stays the same as long as they say the same.
 */
#include "proto/base/buffer.h"
#include "proto/base/hash.h"
#include "proto/base/number.h"
#include "query/model/summary.h"
#include "query/rca/facts.h"
#include "storage/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS_DEFAULT 5u
#define RECORD_MAX ((size_t)16 << 20)

struct total {
        uint64_t traces;
        uint64_t bytes;
        uint64_t check;
        double plain_ms;
        double facts_ms;
};

static double cpu_ms(void)
{
        struct timespec t;

        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Derives once; the least time goes to @least. */
static int derive(const struct clew_deriver *deriver, const struct clew_trace_id *id,
                  const struct clew_trace_data *data, struct clew_buffer *out, double *least)
{
        double before = cpu_ms();
        uint64_t start_ns;
        double spent;
        int r;

        clew_buffer_clear(out);
        r = deriver->summarize(deriver->context, id, data->traces, data->logs, out, &start_ns);
        spent = cpu_ms() - before;
        *least = *least < 0 || spent < *least ? spent : *least;
        return r;
}

static int measure(struct clew_view *view, const struct clew_trace_id *id, uint64_t rounds,
                   struct total *total, struct clew_error *err)
{
        CLEW_BUFFER record = {0};
        struct clew_trace_data data;
        double plain = -1;
        double facts = -1;
        int r = clew_view_load(view, id, &data, err);

        clew_buffer_init(&record, RECORD_MAX);
        for (uint64_t k = 0; k < rounds && r == 0; k++) {
                r = derive(clew_model_deriver_plain(), id, &data, &record, &plain);
                if (r == 0)
                        r = derive(clew_model_deriver(), id, &data, &record, &facts);
        }
        if (r < 0)
                return r;
        total->traces++;
        total->bytes += data.traces.len + data.logs.len;
        total->check = clew_hash_seeded(clew_buffer_slice(&record), total->check);
        total->plain_ms += plain;
        total->facts_ms += facts;
        return 0;
}

static int measure_all(struct clew_store *store, uint64_t rounds, struct clew_error *err)
{
        struct total total = {0};
        struct clew_list_entry entry;
        struct clew_view *walk = NULL;
        struct clew_view *view = NULL;
        int r = clew_view_open(store, &walk, err);

        if (r == 0)
                r = clew_view_open(store, &view, err);
        if (r == 0)
                r = clew_view_list(walk, NULL, err);
        while (r >= 0 && (r = clew_view_next(walk, &entry, err)) == 1)
                r = measure(view, &entry.id, rounds, &total, err);
        clew_view_close(view);
        clew_view_close(walk);
        if (r < 0)
                return r;
        printf("{\"traces\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"plain_ms\":%.3f,\"facts_ms\":%.3f,"
               "\"check\":\"%016" PRIx64 "\"}\n",
               total.traces, total.bytes, total.plain_ms, total.facts_ms, total.check);
        return 0;
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
                fprintf(stderr, "usage: bench-derive STORE [TIMES]\n");
                return 2;
        }
        clew_facts_install();
        r = clew_store_open(argv[1], &options, &store, &err);
        if (r == 0)
                r = measure_all(store, rounds, &err);
        if (r < 0)
                fprintf(stderr, "bench-derive: %s\n", err.message);
        clew_store_close(store);
        return r < 0;
}
