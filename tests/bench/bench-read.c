/*
 * Reading in process: what a query pays before the agent model begins.
 *
 *     bench-read STORE     loads every trace; takes the first page of the list
 *
 * Prints one JSON object of figures; it is no test and has no pass mark. Times are in
 * microseconds: wall times, in which a busy machine shows, and the average CPU time. The store's
 * pages are read once before the clock starts: the figures are those of a file in the page cache.
 */
#include "proto/base/clock.h"
#include "storage/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PAGE 50u         /* entries of a list page, as `clew list` shows */
#define PAGE_ROUNDS 200u /* enough for a p99 */

struct times {
        uint64_t *ns;
        size_t n;
        size_t capacity;
        uint64_t cpu_ns; /* of all together */
};

static uint64_t clock_ns(clockid_t clock)
{
        struct timespec t;

        clock_gettime(clock, &t);
        return (uint64_t)t.tv_sec * CLEW_NS_PER_S + (uint64_t)t.tv_nsec;
}

/* What has passed since @start, and of this thread's CPU time since @cpu. */
static int add_time(struct times *t, uint64_t start, uint64_t cpu)
{
        if (t->n == t->capacity) {
                size_t want = t->capacity ? t->capacity * 2 : 256;
                void *more = realloc(t->ns, want * sizeof(*t->ns));

                if (!more)
                        return -1;
                t->ns = more;
                t->capacity = want;
        }
        t->ns[t->n++] = clock_ns(CLOCK_MONOTONIC) - start;
        t->cpu_ns += clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu;
        return 0;
}

static int order(const void *a, const void *b)
{
        const uint64_t *x = a;
        const uint64_t *y = b;

        return (*x > *y) - (*x < *y);
}

static void print_times(const char *name, struct times *t)
{
        double sum = 0;

        if (t->n == 0)
                return;
        qsort(t->ns, t->n, sizeof(*t->ns), order);
        for (size_t i = 0; i < t->n; i++)
                sum += (double)t->ns[i];
        printf("\"%s\":{\"n\":%zu,\"avg_us\":%.1f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f,"
               "\"cpu_us\":%.1f}",
               name, t->n, sum / (double)t->n / 1e3, (double)t->ns[t->n / 2] / 1e3,
               (double)t->ns[t->n - 1 - t->n / 100] / 1e3, (double)t->ns[t->n - 1] / 1e3,
               (double)t->cpu_ns / (double)t->n / 1e3);
        free(t->ns);
}

/* The first @max entries; their ids if @ids is given. Returns how many, or a negative errno. */
static int list(struct clew_view *view, size_t max, struct clew_trace_id *ids,
                struct clew_error *err)
{
        struct clew_list_entry entry;
        size_t n = 0;
        int r = clew_view_list(view, NULL, err);

        while (r >= 0 && n < max && (r = clew_view_next(view, &entry, err)) == 1) {
                if (ids)
                        ids[n] = entry.id;
                n++;
        }
        return r < 0 ? r : (int)n;
}

/* Neighbours share a segment: a fixed shuffle, so that no load finds its segment just opened. */
static void shuffle(struct clew_trace_id *ids, size_t n)
{
        uint64_t state = 88172645463325252u;

        for (size_t i = n; i > 1; i--) {
                struct clew_trace_id swap = ids[i - 1];
                size_t j;

                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                j = (size_t)(state % i);
                ids[i - 1] = ids[j];
                ids[j] = swap;
        }
}

static int load_all(struct clew_view *view, const struct clew_trace_id *ids, size_t n,
                    struct times *ret_times, uint64_t *ret_bytes, struct clew_error *err)
{
        struct clew_trace_data data;

        *ret_bytes = 0;
        for (size_t i = 0; i < n; i++) {
                uint64_t start = clock_ns(CLOCK_MONOTONIC);
                uint64_t cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);
                int r = clew_view_load(view, &ids[i], &data, err);

                if (r < 0)
                        return r;
                *ret_bytes += data.traces.len + data.logs.len;
                if (ret_times && add_time(ret_times, start, cpu) < 0)
                        return -1;
        }
        return 0;
}

static int read_store(struct clew_store *store, struct clew_error *err)
{
        struct times by_id = {0}, page = {0};
        struct clew_store_stats stats;
        struct clew_trace_id *ids = NULL;
        struct clew_view *view = NULL;
        uint64_t bytes = 0;
        int n = 0;
        int r = clew_view_open(store, &view, err);

        if (r == 0)
                r = clew_view_stats(view, &stats, err);
        if (r == 0) {
                ids = calloc(stats.traces + 1, sizeof(*ids));
                r = ids ? 0 : -1;
        }
        if (r == 0) {
                n = list(view, stats.traces, ids, err);
                r = n < 0 ? n : 0;
        }
        if (r == 0)
                shuffle(ids, (size_t)n);
        for (int pass = 0; r == 0 && pass < 2; pass++)
                r = load_all(view, ids, (size_t)n, pass ? &by_id : NULL, &bytes, err);
        for (size_t i = 0; r == 0 && i < PAGE_ROUNDS; i++) {
                uint64_t start = clock_ns(CLOCK_MONOTONIC);
                uint64_t cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);

                r = clew_view_renew(view, err);
                if (r == 0)
                        r = list(view, PAGE, NULL, err) < 0 ? -1 : 0;
                if (r == 0)
                        r = add_time(&page, start, cpu);
        }
        if (r == 0) {
                printf("{\"traces\":%d,\"bytes\":%llu,", n, (unsigned long long)bytes);
                print_times("load", &by_id);
                printf("%s", n ? "," : "");
                print_times("list", &page);
                printf("}\n");
        }
        free(ids);
        clew_view_close(view);
        return r;
}

int main(int argc, char **argv)
{
        struct clew_store_options options = {.mode = CLEW_STORE_READ};
        struct clew_store *store = NULL;
        struct clew_error err = {0};
        int r;

        if (argc != 2) {
                fprintf(stderr, "usage: bench-read STORE\n");
                return 2;
        }
        r = clew_store_open(argv[1], &options, &store, &err);
        if (r == 0)
                r = read_store(store, &err);
        if (r < 0)
                fprintf(stderr, "bench-read: %s\n", err.message);
        clew_store_close(store);
        return r < 0;
}
