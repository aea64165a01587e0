/*
 * Statistics that were begun over indexes, and then meet one that is damaged, are begun anew
 * without: nothing is counted twice, nothing is left out. So do steps that an index tells, and
 * those of a trace with more than it does.
 */
#include "proto/otlp/json.h"
#include "query/find/index/index.h"
#include "query/rca/facts.h"
#include "query/serve/stats.h"
#include "storage/index/catalog-keys-int.h"
#include "storage/source/store-int.h"
#include "tests/lib/otlp-build.h"
#include "tests/lib/store-append.h"
#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RUNS = 60, LARGE = 50 };

static struct clew_store *open_store(const char *dir)
{
        struct clew_store_options o = {.mode = CLEW_STORE_COLLECT, .deriver = clew_model_deriver()};
        struct clew_store *store = NULL;
        struct clew_error err = {0};

        if (clew_store_open(dir, &o, &store, &err) < 0)
                fail_msg("open: %s", err.message);
        return store;
}

static void append(struct clew_store *store, uint32_t run)
{
        struct clew_error err = {0};
        CLEW_BUFFER text = {0};
        CLEW_BUFFER otlp = {0};

        clew_buffer_init(&text, 1 << 20);
        clew_buffer_init(&otlp, 1 << 20);
        clew_buffer_printf(
                &text,
                "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\","
                "\"value\":{\"stringValue\":\"svc-%u\"}}]},\"scopeSpans\":[{\"scope\":{\"name\":"
                "\"s\"},\"spans\":[{\"traceId\":\"%032x\",\"spanId\":\"%016x\",\"name\":\"run\","
                "\"kind\":1,\"startTimeUnixNano\":\"%u000000000\",\"endTimeUnixNano\":"
                "\"%u000000000\",\"attributes\":[{\"key\":\"gen_ai.operation.name\",\"value\":"
                "{\"stringValue\":\"invoke_agent\"}},{\"key\":\"gen_ai.agent.name\",\"value\":"
                "{\"stringValue\":\"agent-%u\"}}]}]}]}]}",
                run % 3, run, run, 1000 + run, 1001 + run + run % 7, run % 4);
        if (clew_otlp_from_json(clew_buffer_slice(&text), CLEW_OTLP_TRACES, &otlp, &err) < 0)
                fail_msg("json: %s", err.message);
        assert_int_equal(
                test_store_append_otlp(store, clew_buffer_slice(&otlp), CLEW_OTLP_TRACES, 5), 0);
}

static void seal(struct clew_store *store)
{
        struct clew_seal_options o = {0};
        struct clew_seal_stats stats;
        struct clew_error err = {0};

        if (clew_store_seal(store, &o, &stats, &err) < 0)
                fail_msg("seal: %s", err.message);
}

/* Cuts all blocks of the first run, the oldest. */
static void damage(const char *dir)
{
        struct clew_store *store = open_store(dir);
        struct clew_slice cut = CLEW_SLICE_LITERAL("x");
        struct clew_error err = {0};
        struct clew_key keys[256];
        uint32_t n = 0;
        uint64_t first = 0;
        MDB_txn *txn = NULL;
        CLEW_SCAN scan = {0};
        struct clew_state state;

        assert_int_equal(clew_txn_begin_write(store->env, &txn, &err), 0);
        assert_int_equal(clew_scan_open(store->env, txn, CLEW_TABLE_INDEX, &scan, &err), 0);
        while (clew_scan_next(&scan, &err) == 1 && n < CLEW_ARRAY_LEN(keys)) {
                uint64_t number;

                if (clew_index_key_read(scan.key, &number) != CLEW_INDEX_KEY_BLOCK)
                        continue;
                first = first ? first : number;
                if (number != first)
                        continue;
                keys[n].len = scan.key.len;
                memcpy(keys[n++].bytes, scan.key.data, scan.key.len);
        }
        clew_scan_close(&scan);
        assert_true(n > 0);
        for (uint32_t i = 0; i < n; i++)
                assert_int_equal(clew_table_put(store->env, txn, CLEW_TABLE_INDEX,
                                                clew_key_slice(&keys[i]), &cut, 1, &err),
                                 0);
        assert_int_equal(clew_state_read(store->env, txn, &state, &err), 0);
        assert_int_equal(clew_state_write(store->env, txn, &state, &err), 0);
        assert_int_equal(clew_txn_commit(store->env, txn, &err), 0);
        clew_store_close(store);
}

/* A trace of @n calls that are all alike, behind its root. */
static void append_calls(struct clew_store *store, uint32_t run, uint32_t n)
{
        struct clew_error err = {0};
        CLEW_BUFFER text = {0};
        CLEW_BUFFER otlp = {0};

        clew_buffer_init(&text, 32 << 20);
        clew_buffer_init(&otlp, 32 << 20);
        clew_buffer_append_cstr(&text, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[");
        for (uint32_t i = 0; i <= n; i++) {
                clew_buffer_printf(&text,
                                   "%s{\"traceId\":\"%032x\",\"spanId\":\"%016x\",\"name\":\"x\","
                                   "\"startTimeUnixNano\":\"7000000000\",\"endTimeUnixNano\":"
                                   "\"7001000000\"",
                                   i > 0 ? "," : "", run, i + 1);
                if (i > 0)
                        clew_buffer_append_cstr(
                                &text,
                                ",\"parentSpanId\":\"0000000000000001\",\"attributes\":[{"
                                "\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\""
                                ":\"execute_tool\"}},{\"key\":\"gen_ai.tool.name\",\"value\":{"
                                "\"stringValue\":\"search\"}}]");
                clew_buffer_append_cstr(&text, "}");
        }
        clew_buffer_append_cstr(&text, "]}]}]}");
        if (clew_otlp_from_json(clew_buffer_slice(&text), CLEW_OTLP_TRACES, &otlp, &err) < 0)
                fail_msg("json: %s", err.message);
        assert_int_equal(
                test_store_append_otlp(store, clew_buffer_slice(&otlp), CLEW_OTLP_TRACES, 5), 0);
}

/* Runs or steps by @by, as a text; how many index runs were asked. */
static uint32_t count(const char *dir, const char *by, bool no_index, struct clew_buffer *out)
{
        struct clew_store *store = open_store(dir);
        struct clew_view *view = NULL;
        struct clew_filter filter = {.no_index = no_index, .runs = true};
        struct clew_select s = {0};
        struct clew_stats stats;
        struct clew_error err = {0};
        uint32_t runs;

        clew_buffer_clear(out);
        assert_int_equal(clew_view_open(store, &view, &err), 0);
        assert_int_equal(clew_stats_init(&stats, by, NULL, 0, &err, NULL), 0);
        if (clew_stats_gather(&stats, view, &filter, clew_clock_system(), &s, &err) < 0)
                fail_msg("gather: %s", err.message);
        for (uint32_t i = 0; i < stats.groups.n; i++) {
                const struct clew_group *g = stats.groups.all[i];

                clew_buffer_printf(out, "%.*s %llu %g;", (int)g->keys[0].len, g->keys[0].data,
                                   (unsigned long long)g->n, g->quantiles[CLEW_GROUP_P50]);
        }
        clew_buffer_printf(out, " all %llu, %llu selected",
                           (unsigned long long)stats.groups.total.n,
                           (unsigned long long)s.selected);
        clew_buffer_append_byte(out, 0);
        runs = clew_view_index_use(view)->runs;
        clew_select_deinit(&s);
        clew_stats_deinit(&stats);
        clew_view_close(view);
        clew_store_close(store);
        return runs;
}

static void damage_and_count(const char *by)
{
        struct clew_store *store;
        struct test_dir dir;
        CLEW_BUFFER want = {0};
        CLEW_BUFFER got = {0};

        clew_buffer_init(&want, 1 << 16);
        clew_buffer_init(&got, 1 << 16);
        test_dir_make(&dir);
        store = open_store(dir.path);
        for (uint32_t i = 1; i <= RUNS; i++) {
                append(store, i);
                if (i == LARGE || i == RUNS) /* so unlike that they are not merged at rest */
                        seal(store);
        }
        clew_store_close(store);
        assert_int_equal(count(dir.path, by, true, &want), 0);
        assert_true(count(dir.path, by, false, &got) > 1);
        assert_string_equal((const char *)got.data, (const char *)want.data);
        damage(dir.path);
        assert_int_equal(count(dir.path, by, false, &got), 0); /* it ended without */
        assert_string_equal((const char *)got.data, (const char *)want.data);
        test_dir_remove(&dir);
}

static void test_damaged(void **state)
{
        (void)state;
        damage_and_count("agent");
        damage_and_count("kind");
}

static void test_many_steps(void **state)
{
        static const uint32_t calls[] = {1, 40, 400, 20000};
        struct clew_store *store;
        struct test_dir dir;
        CLEW_BUFFER want = {0};
        CLEW_BUFFER got = {0};

        (void)state;
        clew_buffer_init(&want, 1 << 16);
        clew_buffer_init(&got, 1 << 16);
        test_dir_make(&dir);
        store = open_store(dir.path);
        for (uint32_t i = 0; i < CLEW_ARRAY_LEN(calls); i++)
                append_calls(store, i + 1, calls[i]);
        seal(store);
        clew_store_close(store);
        assert_int_equal(count(dir.path, "tool", true, &want), 0);
        assert_int_equal(count(dir.path, "tool", false, &got), 1);
        assert_string_equal((const char *)got.data, (const char *)want.data);
        assert_non_null(strstr((const char *)got.data, "search 20441 0.001;"));
        test_dir_remove(&dir);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_damaged),
                                           cmocka_unit_test(test_many_steps)};

        clew_facts_install();
        clew_index_install();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
