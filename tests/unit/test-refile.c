/*
 * Log records that an older version stored without a trace: counted as such until a reindex puts
 * them where their own ids say; after it they are a run, once.
 */
#include "proto/base/arena.h"
#include "proto/otlp/json.h"
#include "proto/otlp/walk.h"
#include "query/find/loose.h"
#include "query/find/refile.h"
#include "query/model/trace.h"
#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define RECORD(name, more)                                                                         \
        "{\"timeUnixNano\":\"1795900000000000000\",\"attributes\":[{\"key\":\"event.name\","       \
        "\"value\":{\"stringValue\":\"codex." name "\"}},{\"key\":\"conversation.id\",\"value\":{" \
        "\"stringValue\":\"c-1\"}}" more "]}"
#define TEXT(key, value) ",{\"key\":\"" key "\",\"value\":{\"stringValue\":\"" value "\"}}"

static const char request[] = "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[" RECORD(
        "user_prompt", TEXT("prompt", "go")) "," //
        RECORD("sse_event", TEXT("input_token_count", "7")
                                    TEXT("output_token_count",
                                         "3")) ","
                                               "{\"body\":{\"stringValue\":\"a line\"}}]}]}]}";

/* As before there were runs: all under the trace id of zeros. */
static void append_as_before(struct clew_store *store)
{
        CLEW_BUFFER protobuf = {.max_bytes = 65536};
        CLEW_BUFFER bytes = {.max_bytes = 65536};
        CLEW_ARENA arena = {0};
        struct clew_fragment_encoder *encoder = clew_fragment_encoder_new();
        struct clew_otlp_batch batch;
        struct clew_error err = {0};

        clew_arena_init(&arena, 1 << 20);
        assert_non_null(encoder);
        assert_int_equal(
                clew_otlp_from_json(clew_slice_of_cstr(request), CLEW_OTLP_LOGS, &protobuf, &err),
                0);
        assert_int_equal(
                clew_otlp_walk(clew_buffer_slice(&protobuf), CLEW_OTLP_LOGS, &arena, &batch, &err),
                0);
        for (size_t i = 0; i < batch.n_traces; i++) {
                struct clew_fragment fragment = {.has_run = false};

                clew_buffer_clear(&bytes);
                assert_int_equal(clew_fragment_encode(encoder, &batch, &batch.traces[i], 5, &bytes),
                                 0);
                fragment.bytes = clew_buffer_slice(&bytes);
                assert_int_equal(clew_store_append(store, &fragment, 1, &err), 0);
        }
        clew_fragment_encoder_free(encoder);
}

static void check(struct clew_store *store, uint64_t loose, int n_runs)
{
        struct clew_list_entry entry;
        struct clew_trace_data data;
        struct clew_view *view = NULL;
        struct clew_error err = {0};
        CLEW_ARENA arena = {0};
        uint64_t n = 0;
        bool about = true;
        int runs = 0;

        clew_arena_init(&arena, 16 << 20);
        assert_int_equal(clew_view_open(store, &view, &err), 0);
        assert_int_equal(clew_loose_count(view, &n, &about, &err), 0);
        assert_int_equal(n, loose);
        assert_false(about);
        assert_int_equal(clew_view_list(view, NULL, &err), 0);
        while (clew_view_next(view, &entry, &err) == 1) {
                struct clew_trace_id id = entry.id;
                struct clew_trace *trace;

                runs++;
                assert_int_equal(clew_view_load(view, &id, &data, &err), 0);
                assert_int_equal(clew_trace_build(data.traces, data.logs, NULL, &arena, &trace), 0);
                assert_int_equal(trace->n_llm, 1);
                assert_int_equal(trace->tokens.total, 10);
                assert_int_equal(trace->n_logs, 2);
        }
        assert_int_equal(runs, n_runs);
        clew_view_close(view);
}

static void records_find_their_run(void **state)
{
        struct clew_store_options o = {.mode = CLEW_STORE_WRITE};
        struct clew_store *store = NULL;
        struct clew_error err = {0};
        struct test_dir dir;
        uint64_t n = 0;

        (void)state;
        test_dir_make(&dir);
        assert_int_equal(clew_store_open(dir.path, &o, &store, &err), 0);
        append_as_before(store);
        check(store, 1, 0); /* two of the three name a run */
        for (int i = 0; i < 2; i++) {
                assert_int_equal(clew_refile(store, 7, &n, &err), 0);
                assert_int_equal(n, 2);
                check(store, 1, 1);
        }
        clew_store_close(store);
        test_dir_remove(&dir);
}

static void nothing_to_do(void **state)
{
        struct clew_store_options o = {.mode = CLEW_STORE_WRITE};
        struct clew_store *store = NULL;
        struct clew_error err = {0};
        struct test_dir dir;
        uint64_t n = 9;

        (void)state;
        test_dir_make(&dir);
        assert_int_equal(clew_store_open(dir.path, &o, &store, &err), 0);
        assert_int_equal(clew_refile(store, 7, &n, &err), 0);
        assert_int_equal(n, 0);
        check(store, 0, 0);
        clew_store_close(store);
        test_dir_remove(&dir);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(records_find_their_run),
                cmocka_unit_test(nothing_to_do),
        };

        return cmocka_run_group_tests_name("refile", tests, NULL, NULL);
}
