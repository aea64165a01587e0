/*
 * Statistics that were begun over indexes, and then meet one that is damaged, are begun anew
 * without: nothing is counted twice, nothing is left out. So do steps that an index tells, and
 * those of a trace with more than it does. Sums of steps are there again after a trace has moved
 * on.
 */
#include "proto/otlp/json.h"
#include "query/find/index/index.h"
#include "query/rca/facts.h"
#include "query/serve/stats.h"
#include "storage/index/catalog-int.h"
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

/* All that is hot; indexes are at rest only without an idle time. */
static void seal_as(struct clew_store *store, uint64_t idle_ns)
{
        struct clew_seal_options o = {.idle_ns = idle_ns};
        struct clew_seal_stats stats = {.more = true};
        struct clew_error err = {0};

        while (stats.more) {
                if (clew_store_seal(store, &o, &stats, &err) < 0)
                        fail_msg("seal: %s", err.message);
        }
}

static void seal(struct clew_store *store)
{
        seal_as(store, 0);
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

/* Index runs with sums, and those whose sums are of more than they list. */
static void count_sums(struct clew_store *store, uint32_t *ret_with, uint32_t *ret_worn)
{
        struct clew_index_catalog c = {0};
        struct clew_error err = {0};
        MDB_txn *txn = NULL;

        *ret_with = *ret_worn = 0;
        assert_int_equal(clew_txn_begin_read(store->env, &txn, &err), 0);
        assert_int_equal(clew_index_catalog_read(&c, store->env, txn, clew_index_version(), &err),
                         0);
        for (uint32_t i = 0; i < c.n_runs; i++) {
                uint64_t words[RUNS / 64 + 1] = {0};
                struct clew_index_set dead = {words, c.runs[i].head.n_traces};

                assert_in_range(dead.n, 1, RUNS);
                if (!clew_index_has(&c.runs[i], CLEW_INDEX_SUM))
                        continue;
                assert_int_equal(clew_index_dead(&c, &c.runs[i], &dead, &err), 0);
                *ret_with += 1;
                *ret_worn += clew_index_set_count(&dead) > 0;
        }
        clew_index_catalog_deinit(&c);
        clew_txn_end_read(store->env, txn);
}

static void compare_steps(const char *dir)
{
        static const char *const by[] = {"kind", "agent", "kind,service"};
        CLEW_BUFFER want = {0};
        CLEW_BUFFER got = {0};

        clew_buffer_init(&want, 1 << 16);
        clew_buffer_init(&got, 1 << 16);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(by); i++) {
                (void)count(dir, by[i], true, &want);
                (void)count(dir, by[i], false, &got);
                assert_string_equal((const char *)got.data, (const char *)want.data);
        }
}

/* A run that is not merged again with others, and has sums, of which traces move on and go. */
static void test_worn(void **state)
{
        struct clew_store *store;
        struct test_dir dir;
        uint32_t with;
        uint32_t worn;

        (void)state;
        test_dir_make(&dir);
        store = open_store(dir.path);
        for (uint32_t i = 1; i <= LARGE; i++) {
                append(store, i);
                if (i % (LARGE / 2) == 0)
                        seal(store);
        }
        count_sums(store, &with, &worn);
        assert_int_equal(with, 1);
        assert_int_equal(worn, 0);
        for (uint32_t i = 0; i < 3; i++) {
                append_calls(store, 7 + i, i); /* at rest what moved is in a run of its own */
                seal_as(store, CLEW_NS_PER_S);
                count_sums(store, &with, &worn);
                assert_int_equal(with, 1 + (i > 1)); /* those that moved before, together */
                assert_int_equal(worn, 1);
                clew_store_close(store);
                compare_steps(dir.path);
                store = open_store(dir.path);
                seal_as(store, 0);
                count_sums(store, &with, &worn);
                assert_int_equal(with, 1 + (i > 0));
                assert_int_equal(worn, 0);
                clew_store_close(store);
                compare_steps(dir.path);
                store = open_store(dir.path);
        }
        clew_store_close(store);
        test_dir_remove(&dir);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_damaged),
                                           cmocka_unit_test(test_many_steps),
                                           cmocka_unit_test(test_worn)};

        clew_facts_install();
        clew_index_install();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
