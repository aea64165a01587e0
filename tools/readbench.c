/*
 * readbench: how long it takes to read from a store, in process.
 *
 *     readbench STORE [N]
 *
 * Loads N traces (default 200) by id, in an order that is scattered but always the same, each with
 * a fresh view, and lists the newest 50 traces N times. Prints one JSON object with p50, p99 and
 * max in ms and the size of what was loaded. The first round is not timed: it brings the file into
 * the page cache.
 */
#include "proto/base/clock.h"
#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "storage/store.h"
#include "tools/loadgen/latency.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LOADS_MAX 1000000u
#define LIST_ROWS 50

struct bench {
        struct clew_store *store;
        struct clew_trace_id *ids;
        size_t n_ids;
        struct clew_latency load;
        struct clew_latency list;
        uint64_t loaded_bytes;
};

static uint64_t now_ns(void)
{
        return clew_clock_monotonic_ns(clew_clock_system());
}

/* Remembers all ids, or lists the first @rows when @bench is NULL. */
static int walk_list(struct clew_view *view, struct bench *bench, size_t rows,
                     struct clew_error *err)
{
        struct clew_list_entry entry;
        int rc = clew_view_list(view, NULL, err);

        for (size_t n = 0; rc >= 0 && n < rows; n++) {
                rc = clew_view_next(view, &entry, err);
                if (rc <= 0)
                        break;
                if (!bench)
                        continue;
                if ((n & (n - 1)) == 0) {
                        void *p = clew_realloc_array(bench->ids, n ? 2 * n : 1, sizeof(entry.id));

                        if (!p)
                                return -ENOMEM;
                        bench->ids = p;
                }
                bench->ids[bench->n_ids++] = entry.id;
        }
        return rc < 0 ? rc : 0;
}

static int load_one(struct bench *b, size_t i, bool timed, struct clew_error *err)
{
        uint64_t scattered = clew_hash(clew_slice_make(&i, sizeof(i)));
        struct clew_trace_data data = {0};
        struct clew_view *view = NULL;
        uint64_t begin = now_ns();
        int rc = clew_view_open(b->store, &view, err);

        if (rc == 0)
                rc = clew_view_load(view, &b->ids[scattered % b->n_ids], &data, err);
        if (rc == 0 && timed) {
                clew_latency_add(&b->load, now_ns() - begin);
                b->loaded_bytes += data.traces.len + data.logs.len;
        }
        clew_view_close(view);
        return rc;
}

static int list_once(struct bench *b, bool timed, struct clew_error *err)
{
        struct clew_view *view = NULL;
        uint64_t begin = now_ns();
        int rc = clew_view_open(b->store, &view, err);

        if (rc == 0)
                rc = walk_list(view, NULL, LIST_ROWS, err);
        if (rc == 0 && timed)
                clew_latency_add(&b->list, now_ns() - begin);
        clew_view_close(view);
        return rc;
}

static int run(struct bench *b, size_t n, struct clew_error *err)
{
        struct clew_view *view = NULL;
        int rc = clew_view_open(b->store, &view, err);

        if (rc == 0)
                rc = walk_list(view, b, SIZE_MAX, err);
        clew_view_close(view);
        if (rc == 0 && b->n_ids == 0)
                return clew_error_set(err, -ENOENT, 0, "the store holds no trace");
        for (unsigned round = 0; rc == 0 && round < 2; round++) {
                for (size_t i = 0; rc == 0 && i < n; i++) {
                        rc = load_one(b, i, round > 0, err);
                        if (rc == 0)
                                rc = list_once(b, round > 0, err);
                }
        }
        return rc;
}

static void print_latency(const char *name, const struct clew_latency *l)
{
        printf("\"%s\":{\"p50\":%.4f,\"p99\":%.4f,\"max\":%.4f}", name,
               (double)clew_latency_quantile_ns(l, 500) / 1e6,
               (double)clew_latency_quantile_ns(l, 990) / 1e6, (double)l->max_ns / 1e6);
}

int main(int argc, char **argv)
{
        struct clew_store_options options = {.mode = CLEW_STORE_READ};
        static struct bench bench;
        struct clew_error err = {0};
        unsigned n = 200;
        int rc;

        if (argc < 2 || argc > 3 || (argc == 3 && sscanf(argv[2], "%u", &n) != 1) || n == 0 ||
            n > LOADS_MAX) {
                fputs("usage: readbench STORE [N]\n", stderr);
                return 2;
        }
        rc = clew_store_open(argv[1], &options, &bench.store, &err);
        if (rc == 0)
                rc = run(&bench, n, &err);
        if (rc == 0) {
                printf("{\"traces\":%zu,\"loads\":%u,\"mean_bytes\":%.0f,", bench.n_ids, n,
                       (double)bench.loaded_bytes / n);
                print_latency("load_ms", &bench.load);
                printf(",");
                print_latency("list_ms", &bench.list);
                printf("}\n");
        } else {
                fprintf(stderr, "readbench: %s\n", err.message[0] ? err.message : strerror(-rc));
        }
        clew_free(bench.ids);
        clew_store_close(bench.store);
        return rc == 0 ? 0 : 1;
}
