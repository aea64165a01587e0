/*
 * What a pass of retention finds: at most so many traces, and, when those wait, others.
 */
#include "query/model/summary.h"
#include "query/serve/retention.h"
#include "storage/store.h"
#include "tests/lib/otlp-build.h"
#include "tests/lib/store-append.h"
#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { OLD = 23, YOUNG = 4, A_PASS = 5 };

static uint64_t read_clock(void *context)
{
        (void)context;
        return 1000 * 3600 * CLEW_NS_PER_S;
}

static const struct clew_clock clock_of_test = {read_clock, read_clock, NULL};

static void fill(struct clew_store *store)
{
        const struct clew_seal_options o = {0};
        struct clew_seal_stats stats;
        struct clew_error err = {0};

        for (uint32_t i = 1; i <= OLD + YOUNG; i++) {
                uint64_t age_s = i <= OLD ? 7200 + i : 60 + i;
                uint64_t at_ns = read_clock(NULL) - age_s * CLEW_NS_PER_S;
                struct test_span s = {.trace_id = test_trace_id(i),
                                      .span_id = test_span_id(i),
                                      .name = "s",
                                      .start_ns = at_ns,
                                      .end_ns = at_ns + 1000};

                assert_int_equal(test_store_append(store, "svc", &s, 5), 0);
        }
        if (clew_store_seal(store, &o, &stats, &err) < 0)
                fail_msg("seal: %s", err.message);
}

static void look(const struct clew_retention *rules, struct clew_view *view, uint64_t skip,
                 struct clew_retention_plan *plan)
{
        struct clew_error err = {0};

        clew_retention_plan_init(plan);
        plan->until_full = true;
        plan->pass_max = A_PASS;
        plan->skip = skip;
        if (clew_retention_look(rules, view, &clock_of_test, NULL, plan, &err) < 0)
                fail_msg("look: %s", err.message);
}

/* Passes of which none can drop anything meet each trace that is due once, and begin again. */
static void walk(const char *text)
{
        struct clew_store_options o = {.mode = CLEW_STORE_COLLECT,
                                       .deriver = clew_model_deriver(),
                                       .clock = &clock_of_test};
        unsigned met[OLD + YOUNG + 1] = {0};
        struct clew_retention rules;
        struct clew_store *store = NULL;
        struct clew_view *view = NULL;
        struct clew_error err = {0};
        struct test_dir dir;
        uint64_t skip = 0;
        unsigned passes = 0;

        test_dir_make(&dir);
        if (clew_retention_parse(&rules, clew_slice_of_cstr(text), &err) < 0)
                fail_msg("rules: %s", err.message);
        assert_int_equal(clew_store_open(dir.path, &o, &store, &err), 0);
        fill(store);
        assert_int_equal(clew_view_open(store, &view, &err), 0);
        do {
                struct clew_retention_plan plan;
                size_t n;

                look(&rules, view, skip, &plan);
                n = plan.ids.len / sizeof(struct clew_trace_id);
                assert_int_equal(n, passes < OLD / A_PASS ? A_PASS : OLD % A_PASS);
                assert_int_equal(plan.more, n == A_PASS);
                for (size_t i = 0; i < n; i++) {
                        const struct clew_trace_id *ids = (const void *)plan.ids.data;
                        uint32_t k = 1;

                        for (struct clew_trace_id id = test_trace_id(k); k < OLD + YOUNG;
                             id = test_trace_id(++k)) {
                                if (clew_trace_id_eq(&id, &ids[i]))
                                        break;
                        }
                        met[k]++;
                }
                assert_int_equal(clew_retention_next_skip(&plan, 1), plan.more ? skip : 0);
                skip = clew_retention_next_skip(&plan, 0);
                clew_retention_plan_deinit(&plan);
                passes++;
        } while (skip > 0);
        assert_int_equal(passes, OLD / A_PASS + 1);
        for (uint32_t i = 1; i <= OLD + YOUNG; i++)
                assert_int_equal(met[i], i <= OLD ? 1 : 0);
        clew_view_close(view);
        clew_store_close(store);
        clew_retention_deinit(&rules);
        test_dir_remove(&dir);
}

static void test_passes(void **state)
{
        (void)state;
        walk("drop older=1h\n");                             /* by age alone */
        walk("drop older=1h { span.clew.run.steps < 9 }\n"); /* by what a summary says */
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_passes)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
