/*
 * Segments that one call seals have one index run, written behind the last of them. When the call
 * does not come to its end, or something of a segment has gone meanwhile, there is none, every walk
 * reads the traces, and the segments are indexed in the background.
 */
#include "storage/index/sink-int.h"
#include "storage/source/store-int.h"
#include "storage/store.h"
#include "tests/lib/store-append.h"
#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TRACES 30u
#define SERVICES 3u

/* A trace is found by the last byte of its id. */
static int derive(void *context, const struct clew_trace_id *id, struct clew_slice traces,
                  struct clew_slice logs, struct clew_buffer *out, uint64_t *ret_start_ns,
                  struct clew_index_sink *sink)
{
        (void)context;
        (void)traces;
        (void)logs;
        (void)ret_start_ns;
        clew_buffer_append_byte(out, 1);
        if (sink)
                clew_index_add(sink, CLEW_INDEX_FACET, clew_slice_make(id->bytes + 15, 1));
        return 0;
}

static int derive_plain(void *context, const struct clew_trace_id *id, struct clew_slice traces,
                        struct clew_slice logs, struct clew_buffer *out, uint64_t *ret_start_ns)
{
        return derive(context, id, traces, logs, out, ret_start_ns, NULL);
}

static const struct clew_deriver deriver = {
        .version = 1, .summarize = derive_plain, .summarize_indexed = derive, .index_version = 1};

static struct clew_store *open_store(const char *dir)
{
        struct clew_store_options o = {.mode = CLEW_STORE_COLLECT, .deriver = &deriver};
        struct clew_store *store = NULL;
        struct clew_error err = {0};

        if (clew_store_open(dir, &o, &store, &err) < 0)
                fail_msg("open: %s", err.message);
        return store;
}

static void fill(struct clew_store *store)
{
        for (uint32_t i = 1; i <= TRACES; i++) {
                struct test_span s = {.trace_id = test_trace_id(i),
                                      .span_id = test_span_id(i),
                                      .name = "s",
                                      .start_ns = 1000000 + i * 7919 % 5000,
                                      .end_ns = 2000000};
                char service[8];

                snprintf(service, sizeof(service), "s%u", i % SERVICES);
                assert_int_equal(test_store_append(store, service, &s, 5), 0);
        }
}

static int choose(void *context, struct clew_index_run *run, struct clew_index_set *ret,
                  struct clew_index_set *sure, struct clew_error *err)
{
        int r = clew_index_find(run, CLEW_INDEX_FACET, clew_slice_make(context, 1), ret, err);

        (void)sure;
        return r < 0 ? r : 0;
}

/* How many traces a walk gives that looks for one; it is always among them. */
static uint32_t count_given(struct clew_view *v, uint8_t wanted)
{
        const struct clew_index_chooser chooser = {
                .version = 1, .choose = choose, .context = &wanted};
        struct clew_list_entry e;
        struct clew_error err = {0};
        bool found = false;
        uint32_t n = 0;

        assert_int_equal(clew_view_list_chosen(v, NULL, &chooser, &err), 0);
        for (; clew_view_next(v, &e, &err) == 1; n++)
                found |= e.id.bytes[15] == wanted;
        assert_true(found);
        return n;
}

/* @n_runs runs cover all segments; 0: they cover none, and all traces are given. */
static void check(struct clew_store *store, uint32_t n_runs)
{
        struct clew_view *v = NULL;
        struct clew_error err = {0};

        assert_int_equal(clew_view_open(store, &v, &err), 0);
        assert_int_equal(clew_view_read_index(v, 1, &err), 0);
        assert_int_equal(v->index.n_runs, n_runs);
        assert_int_equal(v->index.n_segments, SERVICES);
        assert_int_equal(v->index.n_covered, n_runs ? SERVICES : 0);
        for (uint8_t i = 1; i <= TRACES; i++)
                assert_int_equal(count_given(v, i), n_runs ? 1 : TRACES);
        clew_view_close(v);
}

/* What becomes of the transaction that writes the run. */
struct ending {
        struct clew_store *store;
        bool lost; /* it is never made */
        bool late; /* another process writes before it */
        unsigned n;
};

/* What a process does that erases a trace of the segment, or indexes it anew. */
static void forget_first_segment(struct clew_store *store)
{
        struct clew_env *env = store->env;
        struct clew_error err = {0};
        struct clew_state state;
        MDB_txn *txn = NULL;

        assert_int_equal(clew_txn_begin_write(env, &txn, &err), 0);
        assert_int_equal(clew_state_read(env, txn, &state, &err), 0);
        assert_int_equal(clew_index_forget(env, txn, &state, 1, &err), 0);
        assert_int_equal(clew_state_write(env, txn, &state, &err), 0);
        assert_int_equal(clew_txn_commit(env, txn, &err), 0);
}

static void run_to_the_end(void *context, void (*fn)(void *argument), void *argument)
{
        struct ending *e = context;

        e->n++; /* one for each segment comes before */
        if (e->n == SERVICES + 1 && e->late)
                forget_first_segment(e->store);
        if (e->n != SERVICES + 1 || !e->lost)
                fn(argument);
}

static void on_finding(void *context, const char *object, const char *what)
{
        (void)context;
        printf("# finding: %s: %s\n", object, what);
}

static void check_ending(struct ending ending)
{
        bool whole = !ending.lost && !ending.late;
        struct clew_seal_options o = {.run = run_to_the_end, .context = &ending};
        struct clew_seal_stats stats;
        struct clew_error err = {0};
        uint64_t indexed = 0;
        struct test_dir dir;

        test_dir_make(&dir);
        ending.store = open_store(dir.path);
        fill(ending.store);
        assert_int_equal(clew_store_seal(ending.store, &o, &stats, &err), 0);
        assert_int_equal(stats.segments, SERVICES);
        assert_true(ending.n > SERVICES);
        check(ending.store, whole ? 1 : 0);
        o = (struct clew_seal_options){.index = true};
        do {
                assert_int_equal(clew_store_seal(ending.store, &o, &stats, &err), 0);
                indexed += stats.indexed;
        } while (stats.more);
        assert_int_equal(indexed, whole ? 0 : SERVICES);
        check(ending.store, 1);
        clew_store_close(ending.store);
        assert_int_equal(clew_store_verify(dir.path, on_finding, NULL, &err), 0);
        test_dir_remove(&dir);
}

static void test_written(void **state)
{
        (void)state;
        check_ending((struct ending){.lost = false});
}

static void test_lost(void **state)
{
        (void)state;
        check_ending((struct ending){.lost = true});
}

static void test_late(void **state)
{
        (void)state;
        check_ending((struct ending){.late = true});
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_written),
                cmocka_unit_test(test_lost),
                cmocka_unit_test(test_late),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
