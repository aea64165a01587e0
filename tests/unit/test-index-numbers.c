/*
 * Which traces indexes let through where numbers are compared. That answers are right is for
 * test-index-query.c; here that they are not found by opening everything.
 */
#include "proto/otlp/json.h"
#include "query/find/index/index.h"
#include "query/find/select.h"
#include "query/rca/facts.h"
#include "storage/store.h"
#include "tests/lib/otlp-build.h"
#include "tests/lib/store-append.h"
#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BASE_US 100000000u

static uint64_t no_time(void *context)
{
        (void)context;
        return 1;
}

static const struct clew_clock still = {no_time, no_time, NULL};

/* A trace of one span that says a number. */
static void append_number(struct clew_store *store, uint32_t trace, const char *value)
{
        struct clew_error err = {0};
        CLEW_BUFFER text = {0};
        CLEW_BUFFER otlp = {0};

        clew_buffer_init(&text, 1 << 16);
        clew_buffer_init(&otlp, 1 << 16);
        clew_buffer_printf(
                &text,
                "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"%032x\","
                "\"spanId\":\"%016x\",\"name\":\"n\",\"startTimeUnixNano\":\"%u000\","
                "\"endTimeUnixNano\":\"%u000\",\"attributes\":[{\"key\":\"n\",\"value\":"
                "{%s}}]}]}]}]}",
                trace, trace, BASE_US, BASE_US + (1u << trace % 20), value);
        if (clew_otlp_from_json(clew_buffer_slice(&text), CLEW_OTLP_TRACES, &otlp, &err) < 0)
                fail_msg("json: %s", err.message);
        assert_int_equal(
                test_store_append_otlp(store, clew_buffer_slice(&otlp), CLEW_OTLP_TRACES, 5), 0);
}

/* What indexes let through, and how many of these were opened. */
static void assert_chosen(struct clew_store *store, const char *text, uint64_t chosen,
                          uint64_t opened)
{
        const struct clew_query_options options = {.strict = true};
        struct clew_query_error e;
        struct clew_query *q = NULL;
        struct clew_filter f = {0};
        struct clew_select s;
        struct clew_selected t;
        struct clew_view *v = NULL;
        struct clew_error err = {0};
        int r;
        CLEW_ARENA arena = {0};

        clew_arena_init(&arena, CLEW_QUERY_ARENA_MAX);
        assert_int_equal(clew_query_parse(clew_slice_of_cstr(text), &options, &arena, &q, &e), 0);
        f.queries[0] = q;
        f.n_queries = 1;
        assert_int_equal(clew_view_open(store, &v, &err), 0);
        r = clew_select_init(&s, v, &f, &still, NULL, &err);
        while (r >= 0 && (r = clew_select_next(&s, &t, &err)) == 1)
                ;
        assert_int_equal(r, 0);
        if (clew_view_index_use(v)->chosen != chosen || s.scanned != opened)
                fail_msg("%s: %llu chosen, %llu opened", text,
                         (unsigned long long)clew_view_index_use(v)->chosen,
                         (unsigned long long)s.scanned);
        clew_select_deinit(&s);
        clew_view_close(v);
        clew_query_deinit(q);
}

/* A number is opened for where it is about as large as the bound; what is said by its code alone is
 * not. */
static void test_numbers_narrow(void **state)
{
        static const char *const said[] = {
                "\"intValue\":\"-70000\"",      "\"intValue\":\"-7\"",
                "\"intValue\":\"0\"",           "\"intValue\":\"200\"",
                "\"intValue\":\"500\"",         "\"intValue\":\"999\"",
                "\"intValue\":\"1000\"",        "\"intValue\":\"4096\"",
                "\"intValue\":\"4351\"",        "\"intValue\":\"4352\"",
                "\"intValue\":\"70000\"",       "\"doubleValue\":-0.5",
                "\"doubleValue\":0.25",         "\"doubleValue\":4100.5",
                "\"doubleValue\":\"NaN\"",      "\"stringValue\":\"5000\"",
                "\"doubleValue\":\"Infinity\"", "\"boolValue\":true",
        };
        struct clew_store_options o = {
                .mode = CLEW_STORE_COLLECT, .deriver = clew_model_deriver(), .clock = &still};
        struct clew_seal_options seal = {0};
        struct clew_seal_stats stats;
        struct clew_store *store = NULL;
        struct clew_error err = {0};
        struct test_dir dir;

        (void)state;
        test_dir_make(&dir);
        assert_int_equal(clew_store_open(dir.path, &o, &store, &err), 0);
        for (uint32_t i = 0; i < CLEW_ARRAY_LEN(said); i++)
                append_number(store, i + 1, said[i]);
        if (clew_store_seal(store, &seal, &stats, &err) < 0)
                fail_msg("seal: %s", err.message);
        assert_chosen(store, "{ span.n > 4000 }", 6, 0);
        assert_chosen(store, "{ span.n > 4100 }", 6, 3);
        assert_chosen(store, "{ span.n >= 4352 }", 3, 1);
        assert_chosen(store, "{ span.n < 4352 }", 13, 1);
        assert_chosen(store, "{ 500 <= span.n }", 9, 0);
        assert_chosen(store, "{ span.n < -6.5 }", 2, 0);
        assert_chosen(store, "{ span.n <= -7 && span.n > -8 }", 1, 1);
        assert_chosen(store, "{ span.n = 200 }", 1, 0);
        assert_chosen(store, "{ span.n = 70000 }", 1, 1);
        assert_chosen(store, "{ span.n = 0.25 }", 1, 1);
        assert_chosen(store, "{ span.n != 200 }", 15, 15);
        assert_chosen(store, "{ .n > 5s }", 1, 0);
        assert_chosen(store, "{ duration > 130ms && duration < 530ms }", 2, 0);
        assert_chosen(store, "{ duration > 130ms && span.clew.kind = \"tool\" }", 0, 0);
        assert_chosen(store, "{ duration > 130ms && span.clew.error = false }", 2, 0);
        assert_chosen(store, "{ duration > 130ms && span.clew.tokens = nil }", 2, 0);
        assert_chosen(store, "{ duration >= 262144us }", 1, 0);
        assert_chosen(store, "{ span.clew.tokens > 0 }", 0, 0);
        clew_store_close(store);
        test_dir_remove(&dir);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers_narrow)};

        clew_facts_install();
        clew_index_install();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
