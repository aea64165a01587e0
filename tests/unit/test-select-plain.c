/*
 * What rules of root cause find is asked for no more often than it is needed: traces that are not
 * sealed are chosen without it where the conditions allow that, and it is there for whoever gets
 * them.
 */
#include "query/find/index/index.h"
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

enum { TRACES = 12, FAILED = 3, STATUS_ERROR = 2 };

/* Conditions that only what is found can meet, and every trace does. */
static const char *const asking[] = {
        "span.clew.cause = true",      "span.clew.cause.rule = \"a-rule\"",
        "span.clew.cause.step = 1",    "span.clew.cause.detail = \"in one line\"",
        "span.clew.signature = \"k\"", "span.clew.loops = 2",
        "span.clew.loop = 3",          "span.clew.stalls = 4",
        "span.clew.stall = 5",         "span.clew.retries = 6",
        "span.clew.waste.steps = 7",   "span.clew.waste.tokens = 8",
        "span.clew.waste.time = 9ns",  "span.clew.waste.cost = 10",
};

static unsigned n_analysed;

static void analyse(struct clew_trace *trace, struct clew_arena *arena, struct clew_summary *ret)
{
        (void)trace;
        (void)arena;
        n_analysed++;
        ret->cause = (struct clew_summary_cause){.rule = CLEW_SLICE_LITERAL("a-rule"),
                                                 .step = 1,
                                                 .detail = CLEW_SLICE_LITERAL("in one line"),
                                                 .signature = CLEW_SLICE_LITERAL("k")};
        ret->facts = (struct clew_summary_facts){.loops = 2,
                                                 .loop_rounds = 3,
                                                 .stalls = 4,
                                                 .stall_calls = 5,
                                                 .retries = 6,
                                                 .waste_steps = 7,
                                                 .waste_tokens = 8,
                                                 .waste_ns = 9,
                                                 .waste_usd = 10};
}

struct fixture {
        struct test_dir dir;
        struct clew_store *store;
        struct clew_view *view;
};

/* Nothing of it is sealed. */
static int set_up(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        struct clew_store_options o = {.mode = CLEW_STORE_COLLECT, .deriver = clew_model_deriver()};
        struct clew_error err = {0};

        assert_non_null(f);
        test_dir_make(&f->dir);
        assert_int_equal(clew_store_open(f->dir.path, &o, &f->store, &err), 0);
        for (uint32_t i = 1; i <= TRACES; i++) {
                struct test_span s = {.trace_id = test_trace_id(i),
                                      .span_id = test_span_id(i),
                                      .name = "s",
                                      .start_ns = i * CLEW_NS_PER_S,
                                      .end_ns = i * CLEW_NS_PER_S + 1000,
                                      .status = i <= FAILED ? STATUS_ERROR : 0};

                assert_int_equal(test_store_append(f->store, "svc", &s, 5), 0);
        }
        assert_int_equal(clew_view_open(f->store, &f->view, &err), 0);
        n_analysed = 0;
        *state = f;
        return 0;
}

static int tear_down(void **state)
{
        struct fixture *f = *state;

        clew_view_close(f->view);
        clew_store_close(f->store);
        test_dir_remove(&f->dir);
        free(f);
        return 0;
}

static bool is_whole(const struct clew_selected *t)
{
        return clew_slice_eq_cstr(t->summary.cause.rule, "a-rule") && t->summary.facts.loops == 2;
}

/* Selected traces; each has all of it, or none has. */
static unsigned walk(const struct fixture *f, const struct clew_filter *filter, bool whole)
{
        struct clew_select s = {0};
        struct clew_selected t;
        struct clew_error err = {0};
        unsigned n = 0;
        int r = clew_select_init(&s, f->view, filter, clew_clock_system(), NULL, &err);

        while (r >= 0 && (r = clew_select_next(&s, &t, &err)) == 1) {
                assert_int_equal(is_whole(&t), whole);
                n++;
        }
        if (r < 0)
                fail_msg("walk: %s", err.message);
        assert_int_equal(s.seen, TRACES);
        clew_select_deinit(&s);
        return n;
}

static unsigned ask(const struct fixture *f, const char *condition)
{
        const struct clew_query_options options = {0};
        struct clew_filter filter = {.n_queries = 1};
        struct clew_query *query = NULL;
        struct clew_query_error mistake;
        struct clew_arena arena;
        char text[128];
        unsigned n;

        (void)snprintf(text, sizeof(text), "{ %s }", condition);
        clew_arena_init(&arena, CLEW_QUERY_ARENA_MAX);
        if (clew_query_parse(clew_slice_of_cstr(text), &options, &arena, &query, &mistake) < 0)
                fail_msg("%s: %s", text, mistake.message);
        filter.queries[0] = query;
        n = walk(f, &filter, true);
        clew_query_deinit(query);
        clew_arena_deinit(&arena);
        return n;
}

static void test_of_what_is_selected_alone(void **state)
{
        const struct fixture *f = *state;
        const struct clew_filter failed = {.outcomes = CLEW_OUTCOMES_FAILED};

        assert_int_equal(walk(f, &failed, true), FAILED);
        assert_int_equal(n_analysed, FAILED);
        assert_int_equal(ask(f, "status = error"), FAILED);
        assert_int_equal(n_analysed, 2 * FAILED);
}

static void test_of_all_without_a_condition(void **state)
{
        const struct fixture *f = *state;
        const struct clew_filter all = {0};

        assert_int_equal(walk(f, &all, true), TRACES);
        assert_int_equal(n_analysed, TRACES);
}

static void test_a_condition_may_ask_for_it(void **state)
{
        const struct fixture *f = *state;

        for (size_t i = 0; i < CLEW_ARRAY_LEN(asking); i++) {
                if (ask(f, asking[i]) != TRACES)
                        fail_msg("{ %s } was put to traces without what it asks for", asking[i]);
        }
}

/* All fields of that kind are in the table above. */
static void test_the_table_is_whole(void **state)
{
        static const char *const words[] = {".cause", ".signature", ".loop",
                                            ".stall", ".retries",   ".waste"};
        struct clew_query_field_help field;

        (void)state;
        for (size_t i = 0; clew_query_field_at(i, &field); i++) {
                bool is_found = false;
                bool is_here = false;

                for (size_t k = 0; k < CLEW_ARRAY_LEN(words); k++)
                        is_found |= strstr(field.name, words[k]) != NULL;
                for (size_t k = 0; k < CLEW_ARRAY_LEN(asking); k++)
                        is_here |= strncmp(asking[k], field.name, strlen(field.name)) == 0;
                if (is_found && !is_here)
                        fail_msg("%s is asked for by no condition here", field.name);
        }
}

static void test_who_needs_none_gets_none(void **state)
{
        const struct fixture *f = *state;
        const struct clew_filter plain = {.plain = true};
        const struct clew_filter light = {.light = CLEW_LIGHT | CLEW_LIGHT_SERVICE};
        const struct clew_filter cause = {.light = CLEW_LIGHT | CLEW_LIGHT_CAUSE};

        assert_int_equal(walk(f, &plain, false), TRACES);
        assert_int_equal(walk(f, &light, false), TRACES);
        assert_int_equal(n_analysed, 0);
        assert_int_equal(walk(f, &cause, true), TRACES);
}

static void test_one_may_be_had_whole(void **state)
{
        const struct fixture *f = *state;
        const struct clew_filter plain = {.plain = true};
        struct clew_select s = {0};
        struct clew_selected t;
        struct clew_error err = {0};

        assert_int_equal(clew_select_init(&s, f->view, &plain, clew_clock_system(), NULL, &err), 0);
        assert_int_equal(clew_select_next(&s, &t, &err), 1);
        assert_false(is_whole(&t));
        assert_int_equal(clew_select_whole(&s, &t, &err), 0);
        assert_true(is_whole(&t));
        assert_int_equal(n_analysed, 1);
        assert_int_equal(clew_select_whole(&s, &t, &err), 0);
        assert_int_equal(n_analysed, 1);
        clew_select_deinit(&s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_of_what_is_selected_alone, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_of_all_without_a_condition, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_a_condition_may_ask_for_it, set_up, tear_down),
                cmocka_unit_test(test_the_table_is_whole),
                cmocka_unit_test_setup_teardown(test_who_needs_none_gets_none, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_one_may_be_had_whole, set_up, tear_down),
        };

        clew_model_set_facts(analyse);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
