/*
 * A long walk moves to newer snapshots: what arrives behind its place is found, nothing is given
 * twice, and the snapshot that it began with is not kept.
 */
#include "query/find/select.h"
#include "query/model/summary.h"
#include "storage/store.h"
#include "tests/lib/otlp-build.h"
#include "tests/lib/store-append.h"
#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TRACES = 60 };

static uint64_t now_ns;

static uint64_t read_clock(void *context)
{
        (void)context;
        return now_ns;
}

static const struct clew_clock clock_of_test = {read_clock, read_clock, NULL};

/* Trace @n starts at second @n. */
static void append(struct clew_store *store, uint32_t n)
{
        struct test_span s = {.trace_id = test_trace_id(n),
                              .span_id = test_span_id(n),
                              .name = "s",
                              .start_ns = n * CLEW_NS_PER_S,
                              .end_ns = n * CLEW_NS_PER_S + 1000};

        assert_int_equal(test_store_append(store, "svc", &s, 5), 0);
}

static void seal(struct clew_store *store)
{
        struct clew_seal_options o = {0};
        struct clew_seal_stats stats;
        struct clew_error err = {0};

        if (clew_store_seal(store, &o, &stats, &err) < 0)
                fail_msg("seal: %s", err.message);
}

/* How often each trace was given, while trace 1000 + k arrives at second 5.5 after k steps, and all
 * is sealed now and then. @step_ns: what the clock moves by for each; @idle_ns: by what before. */
static void walk(uint64_t idle_ns, uint64_t step_ns, unsigned given[TRACES + 2], unsigned *ret_late)
{
        struct clew_store_options o = {.mode = CLEW_STORE_COLLECT,
                                       .deriver = clew_model_deriver(),
                                       .clock = &clock_of_test};
        struct clew_filter filter = {0};
        struct clew_store *store = NULL;
        struct clew_view *view = NULL;
        struct clew_select s = {0};
        struct clew_selected t;
        struct clew_error err = {0};
        struct test_dir dir;
        unsigned n = 0;
        int r;

        *ret_late = 0;
        memset(given, 0, (TRACES + 2) * sizeof(*given));
        test_dir_make(&dir);
        assert_int_equal(clew_store_open(dir.path, &o, &store, &err), 0);
        for (uint32_t i = 1; i <= TRACES; i++)
                append(store, i);
        seal(store);
        assert_int_equal(clew_view_open(store, &view, &err), 0);
        now_ns += idle_ns;
        append(store, TRACES + 1);
        r = clew_select_init(&s, view, &filter, &clock_of_test, NULL, &err);
        while (r >= 0 && (r = clew_select_next(&s, &t, &err)) == 1) {
                uint64_t second = t.start_ns / CLEW_NS_PER_S;

                if (t.start_ns % CLEW_NS_PER_S != 0) {
                        ++*ret_late;
                } else {
                        assert_true(second >= 1 && second <= TRACES + 1);
                        given[second]++;
                }
                now_ns += step_ns;
                if (++n == 20) {
                        struct test_span late = {.trace_id = test_trace_id(1000),
                                                 .span_id = test_span_id(1000),
                                                 .name = "late",
                                                 .start_ns = 5 * CLEW_NS_PER_S + 500,
                                                 .end_ns = 6 * CLEW_NS_PER_S};

                        assert_int_equal(test_store_append(store, "svc", &late, 5), 0);
                        seal(store);
                }
        }
        if (r < 0)
                fail_msg("walk: %s", err.message);
        assert_int_equal(s.seen, n);
        clew_select_deinit(&s);
        clew_view_close(view);
        clew_store_close(store);
        test_dir_remove(&dir);
}

static void test_yields(void **state)
{
        unsigned given[TRACES + 2];
        unsigned late;

        (void)state;
        walk(0, 300 * CLEW_NS_PER_MS, given, &late);
        assert_int_equal(late, 1); /* it came after the walk began */
        for (unsigned i = 1; i <= TRACES; i++)
                assert_int_equal(given[i], 1);
        assert_int_equal(given[TRACES + 1], 0); /* and this before, but the view is older */
        walk(0, CLEW_NS_PER_MS, given, &late);
        assert_int_equal(late, 0); /* a short walk is one snapshot */
        walk(2 * CLEW_VIEW_HELD_NS, CLEW_NS_PER_MS, given, &late);
        assert_int_equal(given[TRACES + 1], 1); /* a view that was held for long is renewed first */
        for (unsigned i = 1; i <= TRACES; i++)
                assert_int_equal(given[i], 1);
}

/* ---- on a machine that is busy ----------------------------------------------------------------
 */

/* Each look at the clock takes longer than the one before, while a walk is prepared. */
static uint64_t slow_ns;

static uint64_t read_slow_clock(void *context)
{
        (void)context;
        now_ns += slow_ns;
        slow_ns *= 2;
        return now_ns;
}

static const struct clew_clock slow_clock = {read_clock, read_slow_clock, NULL};

/* The walk goes on behind @after (NULL: begins); it takes PREPARED_S at least until it can. */
enum { PREPARED_S = 7 };
static void prepare(struct clew_view *view, const struct clew_list_entry *after)
{
        uint64_t ready_ns = now_ns + PREPARED_S * CLEW_NS_PER_S;
        struct clew_error err = {0};

        slow_ns = CLEW_NS_PER_S;
        assert_int_equal(clew_view_renew(view, &err), 0);
        assert_int_equal(clew_view_list(view, after, &err), 0);
        slow_ns = 0;
        now_ns = now_ns < ready_ns ? ready_ns : now_ns;
}

/* What it costs to begin must not be paid for every trace. */
static void test_slow_preparation(void **state)
{
        struct clew_store_options o = {
                .mode = CLEW_STORE_COLLECT, .deriver = clew_model_deriver(), .clock = &slow_clock};
        struct clew_list_entry e = {.start_ns = 0};
        struct clew_store *store = NULL;
        struct clew_view *view = NULL;
        struct clew_error err = {0};
        struct test_dir dir;
        unsigned renewals = 0;
        unsigned n = 0;
        int r;

        (void)state;
        test_dir_make(&dir);
        assert_int_equal(clew_store_open(dir.path, &o, &store, &err), 0);
        for (uint32_t i = 1; i <= TRACES; i++)
                append(store, i);
        seal(store);
        assert_int_equal(clew_view_open(store, &view, &err), 0);
        prepare(view, NULL);
        while ((r = clew_view_next(view, &e, &err)) == 1) {
                const struct clew_list_entry after = {.id = e.id, .start_ns = e.start_ns};

                n++;
                now_ns += 50 * CLEW_NS_PER_MS;
                if (!clew_view_is_old(view))
                        continue;
                renewals++;
                prepare(view, &after);
        }
        assert_int_equal(r, 0);
        assert_int_equal(n, TRACES);
        assert_true(renewals <= TRACES / 10);
        assert_true(renewals > 0); /* 3 s of steps: it does move on */
        clew_view_close(view);
        clew_store_close(store);
        test_dir_remove(&dir);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_yields),
                                           cmocka_unit_test(test_slow_preparation)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
