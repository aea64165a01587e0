/*
 * clew reindex on a store that older rules summarised: what it tells, what it changes, and that a
 * dry run changes nothing.
 */
#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "query/cli/cli.h"
#include "query/find/index/index.h"
#include "query/model/summary.h"
#include "storage/store.h"
#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define ARGUMENTS_MAX 8

#define SPAN(trace, model, tokens)                                                                 \
        "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{" \
        "\"stringValue\":\"a\"}}]},\"scopeSpans\":[{\"spans\":[{\"traceId\":\"" trace              \
        "\",\"spanId\":\"0000000000000001\",\"name\":\"chat\",\"startTimeUnixNano\":"              \
        "\"1757000000000000000\",\"endTimeUnixNano\":\"1757000001000000000\",\"attributes\":["     \
        "{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"chat\"}},"                \
        "{\"key\":\"gen_ai.request.model\",\"value\":{\"stringValue\":\"" model "\"}},"            \
        "{\"key\":\"gen_ai.usage.input_tokens\",\"value\":{\"intValue\":\"" tokens                 \
        "\"}}]}]}]}]}\n"

#define TRACE_A "aaaa0000000000000000000000000001"
#define TRACE_B "bbbb0000000000000000000000000002"

struct fixture {
        struct test_dir dir;
        char store[512];
        char *out;
        char *err;
        size_t out_len;
        size_t err_len;
};

/* What rules of version 1 would have made: another model, no session, fewer tokens. */
static int summarize_old(void *context, const struct clew_trace_id *id, struct clew_slice traces,
                         struct clew_slice logs, struct clew_buffer *out, uint64_t *ret_start_ns)
{
        struct clew_name_count model = {CLEW_SLICE_LITERAL("unknown-model"), 1};
        CLEW_BUFFER fresh = {.max_bytes = 1 << 20};
        CLEW_ARENA arena = {0};
        struct clew_summary s;
        int r = clew_model_deriver()->summarize(NULL, id, traces, logs, &fresh, ret_start_ns);

        (void)context;
        clew_arena_init(&arena, 1 << 20);
        if (r == 0)
                r = clew_summary_decode(clew_buffer_slice(&fresh), &arena, &s);
        if (r < 0)
                return r;
        s.rules_version = CLEW_RULES_VERSION - 1;
        s.tokens.in /= 2;
        if (id->bytes[0] == 0xaa) {
                s.models = &model;
                s.n_models = 1;
                s.outcome = CLEW_OUTCOME_ERROR;
        }
        clew_summary_encode(&s, out);
        return clew_buffer_error(out);
}

/* With an index that has nothing in it. */
static int summarize_indexed_old(void *context, const struct clew_trace_id *id,
                                 struct clew_slice traces, struct clew_slice logs,
                                 struct clew_buffer *out, uint64_t *ret_start_ns,
                                 struct clew_index_sink *sink)
{
        (void)sink;
        return summarize_old(context, id, traces, logs, out, ret_start_ns);
}

static int run(struct fixture *f, const char *const *words)
{
        char *argv[ARGUMENTS_MAX + 4] = {(char *)"clew", (char *)"--store", f->store};
        struct clew_cli cli;
        int argc = 3;
        int status;

        for (; *words; words++)
                argv[argc++] = (char *)(uintptr_t)*words;
        free(f->out);
        free(f->err);
        clew_cli_init(&cli);
        cli.out = open_memstream(&f->out, &f->out_len);
        cli.err = open_memstream(&f->err, &f->err_len);
        status = clew_cli_run(&cli, argc, argv);
        clew_cli_deinit(&cli);
        fclose(cli.out);
        fclose(cli.err);
        return status;
}

#define RUN(f, ...) run(f, (const char *const[]){__VA_ARGS__, NULL})

static void seal_with_old_rules(struct fixture *f)
{
        const struct clew_deriver old = {.version = CLEW_RULES_VERSION - 1,
                                         .summarize = summarize_old,
                                         .summarize_indexed = summarize_indexed_old,
                                         .index_version =
                                                 clew_index_version() - CLEW_INDEX_RULES - 1};
        const struct clew_store_options options = {.mode = CLEW_STORE_WRITE, .deriver = &old};
        const struct clew_seal_options seal = {0};
        struct clew_seal_stats stats = {0};
        struct clew_error err = {0};
        struct clew_store *store;

        assert_int_equal(clew_store_open(f->store, &options, &store, &err), 0);
        assert_int_equal(clew_store_seal(store, &seal, &stats, &err), 0);
        assert_int_equal(stats.traces, 2);
        clew_store_close(store);
}

static int set_up(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        char path[512];
        FILE *file;

        assert_non_null(f);
        test_dir_make(&f->dir);
        (void)snprintf(f->store, sizeof(f->store), "%s/store", f->dir.path);
        (void)snprintf(path, sizeof(path), "%s/runs.jsonl", f->dir.path);
        file = fopen(path, "w");
        assert_non_null(file);
        fputs(SPAN(TRACE_A, "m-1", "100") SPAN(TRACE_B, "m-1", "40"), file);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(RUN(f, "import", "--no-seal", path), 0);
        seal_with_old_rules(f);
        *state = f;
        return 0;
}

static int tear_down(void **state)
{
        struct fixture *f = *state;

        test_dir_remove(&f->dir);
        free(f->out);
        free(f->err);
        free(f);
        return 0;
}

static void assert_told(const char *text, const char *part)
{
        if (!text || !strstr(text, part))
                fail_msg("expected \"%s\" in:\n%s", part, text ? text : "(nothing)");
}

static void test_tells_and_changes(void **state)
{
        struct fixture *f = *state;
        char from[64];

        assert_int_equal(RUN(f, "doctor"), 0);
        assert_told(f->out, "2 summaries are of other rules: clew reindex");
        assert_int_equal(RUN(f, "reindex", "--dry-run"), 0);
        assert_told(f->out, "2 summaries looked at, 2 would change");
        (void)snprintf(from, sizeof(from), "2 of them came from rules version %u",
                       CLEW_RULES_VERSION - 1);
        assert_told(f->err, from);
        assert_int_equal(RUN(f, "list", "--since", "all", "--json"), 0);
        assert_told(f->out, "unknown-model"); /* nothing was written */
        assert_int_equal(RUN(f, "reindex", "--json"), 0);
        assert_told(f->out, "\"dry_run\":false,\"seen\":2,\"changed\":2,\"failed\":0");
        assert_told(f->out, "{\"field\":\"outcome\",\"changed\":1,\"examples\":[{\"trace_id\":"
                            "\"" TRACE_A "\",\"from\":\"error\",\"to\":\"ok\"}]}");
        assert_told(f->out, "{\"field\":\"models\",\"changed\":1,\"examples\":[{\"trace_id\":"
                            "\"" TRACE_A "\",\"from\":\"unknown-model 1\",\"to\":\"m-1 1\"}]}");
        assert_told(f->out, "{\"field\":\"tokens.in\",\"changed\":2,");
        assert_told(f->out, "\"from\":\"20\",\"to\":\"40\"");
        assert_null(strstr(f->out, "\"field\":\"session\""));
        assert_int_equal(RUN(f, "list", "--since", "all", "--json"), 0);
        assert_null(strstr(f->out, "unknown-model"));
        assert_int_equal(RUN(f, "doctor", "--json"), 0);
        assert_told(f->out, "\"summaries_of_other_rules\":0");
        assert_int_equal(RUN(f, "reindex"), 0);
        assert_told(f->out, ": 0 summaries looked at, 0 changed");
        assert_int_equal(RUN(f, "reindex", "--all"), 0);
        assert_told(f->out, ": 2 summaries looked at, 0 changed");
}

/* What indexes of older rules would have told is read from summaries, and who waits for that is
 * told why, until they are made anew. */
static void test_stale_indexes(void **state)
{
        static const char note[] = "index run of another version of Clew is not used";
        struct fixture *f = *state;

        assert_int_equal(RUN(f, "list", "--service", "a", "--since", "all", "-q"), 0);
        assert_told(f->out, TRACE_A);
        assert_told(f->out, TRACE_B);
        assert_told(f->err, note);
        assert_int_equal(RUN(f, "doctor"), 0);
        assert_told(f->out, "1 run of another version of Clew: not used");
        assert_int_equal(RUN(f, "doctor", "--json"), 0);
        assert_told(f->out, "\"index_runs_of_other_versions\":1,");
        assert_int_equal(RUN(f, "reindex", "--indexes"), 0);
        assert_int_equal(RUN(f, "list", "--service", "a", "--since", "all", "-q"), 0);
        assert_told(f->out, TRACE_B);
        assert_null(strstr(f->err, "another version"));
        assert_int_equal(RUN(f, "doctor", "--json"), 0);
        assert_told(f->out, "\"index_runs_of_other_versions\":0,");
}

static void test_table(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(RUN(f, "reindex"), 0);
        assert_told(f->out, "FIELD");
        assert_told(f->out, "unknown-model 1");
        assert_told(f->out, "tokens.in");
}

static void test_bad_usage(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(RUN(f, "reindex", "now"), CLEW_EXIT_USAGE);
        f->store[strlen(f->store) - 1] = 0; /* no such directory */
        assert_int_equal(RUN(f, "reindex"), CLEW_EXIT_STORE);
        assert_int_equal(RUN(f, "reindex", "--dry-run"), CLEW_EXIT_STORE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_tells_and_changes, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_stale_indexes, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_table, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_bad_usage, set_up, tear_down),
        };

        clew_index_install();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
