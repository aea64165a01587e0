/*
 * The query language: every example of its page, limits, and what a query says of one small trace.
 */
#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "proto/otlp/json.h"
#include "query/find/language/language.h"
#include "query/find/path.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define PAGE "query/find/language/README.md"

static int parse(struct clew_arena *arena, struct clew_slice text, bool strict,
                 struct clew_query **ret, struct clew_query_error *err)
{
        const struct clew_query_options options = {.strict = strict};

        return clew_query_parse(text, &options, arena, ret, err);
}

/* ---- the page ---------------------------------------------------------------------------------
 */

static void must_parse(const char *line)
{
        CLEW_ARENA arena = {0};
        struct clew_query *q = NULL;
        struct clew_query_error err;
        int r;

        clew_arena_init(&arena, CLEW_QUERY_ARENA_MAX);
        r = parse(&arena, clew_slice_of_cstr(line), true, &q, &err);
        if (r < 0)
                fail_msg("%s: column %zu: %s", line,
                         clew_query_column(clew_slice_of_cstr(line), err.offset), err.message);
        clew_query_deinit(q);
}

static void must_refuse(const char *line, const char *told)
{
        CLEW_ARENA arena = {0};
        struct clew_query *q = NULL;
        struct clew_query_error err;
        char text[400];
        int r;

        clew_arena_init(&arena, CLEW_QUERY_ARENA_MAX);
        r = parse(&arena, clew_slice_of_cstr(line), true, &q, &err);
        if (r == 0)
                fail_msg("was read: %s", line);
        (void)snprintf(text, sizeof(text), "column %zu: %s",
                       clew_query_column(clew_slice_of_cstr(line), err.offset), err.message);
        if (strncmp(text, told, strlen(told)) != 0)
                fail_msg("%s\n  told: %s\n  page: %s", line, text, told);
}

static void must_be_path(const char *line)
{
        CLEW_ARENA arena = {0};
        struct clew_path *path = NULL;
        struct clew_error err = {0};

        clew_arena_init(&arena, CLEW_QUERY_ARENA_MAX);
        if (clew_path_parse(clew_slice_of_cstr(line), &arena, &path, &err) < 0)
                fail_msg("%s: %s", line, err.message);
}

enum block { OUTSIDE, QUERIES, REFUSED, PATHS };

static enum block block_of(const char *line)
{
        return strcmp(line, "```traceql") == 0   ? QUERIES
               : strcmp(line, "```refused") == 0 ? REFUSED
               : strcmp(line, "```path") == 0    ? PATHS
                                                 : OUTSIDE;
}

static void test_page(void **state)
{
        char name[1024];
        char line[2048];
        char before[2048] = "";
        enum block block = OUTSIDE;
        unsigned n[4] = {0};
        FILE *file;

        (void)state;
        (void)snprintf(name, sizeof(name), "%s/%s", getenv("CLEW_SOURCE_ROOT"), PAGE);
        file = fopen(name, "r");
        assert_non_null(file);
        while (fgets(line, sizeof(line), file)) {
                line[strcspn(line, "\n")] = '\0';
                if (strncmp(line, "```", 3) == 0) {
                        block = block == OUTSIDE ? block_of(line) : OUTSIDE;
                        before[0] = '\0';
                        continue;
                }
                n[block]++;
                if (block == QUERIES)
                        must_parse(line);
                else if (block == PATHS)
                        must_be_path(line);
                else if (block == REFUSED && strncmp(line, "column ", 7) == 0)
                        must_refuse(before, line);
                (void)snprintf(before, sizeof(before), "%s", line);
        }
        (void)fclose(file);
        assert_true(n[QUERIES] >= 45);
        assert_true(n[REFUSED] >= 60);
        assert_int_equal(n[PATHS], 10);
}

/* Texts of our own, one a line: those that are queries and those that are none. */
static void read_texts(const char *name, bool good)
{
        char path[1024];
        char line[2048];
        unsigned n = 0;
        FILE *file;

        (void)snprintf(path, sizeof(path), "%s/tests/fixtures/language/%s",
                       getenv("CLEW_SOURCE_ROOT"), name);
        file = fopen(path, "r");
        assert_non_null(file);
        while (fgets(line, sizeof(line), file)) {
                CLEW_ARENA arena = {0};
                struct clew_query *q = NULL;
                struct clew_query_error err;
                int r;

                line[strcspn(line, "\n")] = '\0';
                if (line[0] == '#')
                        continue;
                n++;
                clew_arena_init(&arena, CLEW_QUERY_ARENA_MAX);
                r = parse(&arena, clew_slice_of_cstr(line), false, &q, &err);
                if (good && r < 0)
                        fail_msg("%s: column %zu: %s", line, err.offset + 1, err.message);
                if (!good && r == 0)
                        fail_msg("was read: %s", line);
                if (r < 0)
                        assert_true(err.message[0] && err.offset <= strlen(line) && err.len > 0);
                if (r == 0)
                        clew_query_deinit(q);
        }
        (void)fclose(file);
        assert_true(n > 40);
}

static void test_texts(void **state)
{
        (void)state;
        read_texts("queries.txt", true);
        read_texts("refused.txt", false);
}

/* ---- limits -----------------------------------------------------------------------------------
 */

static void refused_for(const char *begin, const char *repeat, size_t n, const char *end)
{
        CLEW_ARENA arena = {0};
        CLEW_BUFFER text = {0};
        struct clew_query *q = NULL;
        struct clew_query_error err;

        clew_arena_init(&arena, CLEW_QUERY_ARENA_MAX);
        clew_buffer_init(&text, (size_t)4 << 20);
        clew_buffer_append_cstr(&text, begin);
        for (size_t i = 0; i < n; i++)
                clew_buffer_append_cstr(&text, repeat);
        clew_buffer_append_cstr(&text, end);
        assert_true(parse(&arena, clew_buffer_slice(&text), true, &q, &err) < 0);
        assert_true(err.message[0] != '\0');
}

static void test_limits(void **state)
{
        (void)state;
        refused_for("{ name = \"", "x", (size_t)1 << 20, "\" }");
        refused_for("", "(", 10000, "");
        refused_for("{ ", "(", 10000, " .a }");
        refused_for("{ ", "!", 10000, "(.a) }");
        refused_for("{ .a", " && .a", 9000, " }");
        refused_for("{ }", " && { }", 9000, "");
        refused_for("{ .a =~ \"", "(", 1000, "\" }");
        refused_for("{ span.clew.path =~ \"", "((a{100}){100}){100}", 1, "\" }");
        refused_for("{ span.clew.path =~ \"", "(", 1000, "\" }");
}

/* ---- one trace --------------------------------------------------------------------------------
 */

/*
 * 1 root (agent, svc=shop) - 2 search ok - 3 chat - 4 search error (below 3); 5 other root.
 */
#define TRACE "tests/fixtures/language/trace.json"

struct fixture {
        struct clew_buffer traces;
        struct clew_arena arena;
        struct clew_summary summary;
        struct clew_query_facts facts;
};

static int setup(void **state)
{
        static struct fixture f;
        static char text[65536];
        char name[1024];
        struct clew_error err = {0};
        FILE *file;
        size_t n;
        struct clew_trace *trace;
        int r;

        clew_buffer_init(&f.traces, 1 << 20);
        clew_arena_init(&f.arena, (size_t)64 << 20);
        (void)snprintf(name, sizeof(name), "%s/" TRACE, getenv("CLEW_SOURCE_ROOT"));
        file = fopen(name, "r");
        if (!file)
                return -1;
        n = fread(text, 1, sizeof(text), file);
        (void)fclose(file);
        r = clew_otlp_from_json(clew_slice_make(text, n), CLEW_OTLP_TRACES, &f.traces, &err);
        if (r < 0)
                return r;
        r = clew_trace_build(clew_buffer_slice(&f.traces), CLEW_SLICE_NULL, NULL, &f.arena, &trace);
        if (r < 0)
                return r;
        clew_summary_of_trace(trace, &f.summary);
        f.facts = (struct clew_query_facts){
                .id = trace->id, .start_ns = trace->start_ns, .summary = &f.summary};
        *state = &f;
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        clew_buffer_deinit(&f->traces);
        clew_arena_deinit(&f->arena);
        return 0;
}

/* @want: numbers of the steps that meet the query, "" for none; groups are told apart by ";". */
static void steps(struct fixture *f, const char *text, const char *want)
{
        CLEW_ARENA arena = {0};
        CLEW_BUFFER got = {0};
        struct clew_query *q = NULL;
        struct clew_query_error err;
        struct clew_query_run *run;
        struct clew_query_result result;
        enum clew_verdict3 verdict;
        int r;

        clew_arena_init(&arena, CLEW_QUERY_ARENA_MAX);
        clew_buffer_init(&got, 4096);
        r = parse(&arena, clew_slice_of_cstr(text), false, &q, &err);
        if (r < 0)
                fail_msg("%s: column %zu: %s", text, err.offset + 1, err.message);
        run = clew_query_run_new(q);
        assert_non_null(run);
        verdict = clew_query_judge(run, &f->facts);
        r = clew_query_evaluate(run, &f->facts, clew_buffer_slice(&f->traces), CLEW_SLICE_NULL,
                                &result);
        assert_true(r >= 0);
        for (uint32_t i = 0; i < result.n_sets; i++) {
                clew_buffer_append_cstr(&got, i > 0 ? ";" : "");
                for (uint32_t k = 0; k < result.sets[i].n; k++)
                        clew_buffer_printf(&got, "%s%u", k > 0 ? " " : "",
                                           result.sets[i].steps[k] + 1);
        }
        clew_buffer_append_byte(&got, 0);
        if (strcmp((const char *)got.data, want) != 0)
                fail_msg("%s\n  steps:  %s\n  wanted: %s", text, (const char *)got.data, want);
        assert_int_equal(r, want[0] != '\0');
        if ((verdict == CLEW_YES && r != 1) || (verdict == CLEW_NO && r != 0))
                fail_msg("%s: the summary says %s", text, verdict == CLEW_YES ? "yes" : "no");
        clew_query_run_free(run);
        clew_query_deinit(q);
}

static void test_conditions(void **state)
{
        struct fixture *f = *state;

        steps(f, "{ }", "1 2 3 4 5");
        steps(f, "{ true }", "1 2 3 4 5");
        steps(f, "{ false }", "");
        steps(f, "{ 1 = 2 }", "");
        steps(f, "{ name = \"search\" }", "2 4");
        steps(f, "{ name != \"search\" }", "1 3 5");
        steps(f, "{ name =~ \"s.*\" }", "2 4 5");
        steps(f, "{ name !~ \"s.*\" }", "1 3");
        steps(f, "{ name =~ \"s\" }", "");
        steps(f, "{ status = error }", "4");
        steps(f, "{ status != error }", "1 2 3 5");
        steps(f, "{ statusMessage = \"gone\" }", "4");
        steps(f, "{ kind = server || kind = client }", "1 3");
        steps(f, "{ duration > 1us && duration <= 4us }", "3 4");
        steps(f, "{ nestedSetParent < 0 }", "1 5");
        steps(f, "{ nestedSetLeft = 1 && nestedSetRight = 8 }", "1");
        steps(f, "{ childCount > 0 }", "1 3");
        steps(f, "{ trace:duration > 8s }", "1 2 3 4 5");
        steps(f, "{ trace:duration > 9s }", "");
        steps(f, "{ trace:rootName = \"run\" && trace:rootService = \"shop\" }", "1 2 3 4 5");
        steps(f, "{ trace:id = \"0102030405060708090a0b0c0d0e0f10\" && name = \"chat\" }", "3");
        steps(f, "{ span:id = \"0000000000000004\" || span:parentID = \"0000000000000003\" }", "4");
        steps(f, "{ instrumentation:name = \"lib\" && instrumentation:version = \"1\" }",
              "1 2 3 4 5");
}

static void test_attributes(void **state)
{
        struct fixture *f = *state;

        steps(f, "{ span.n = 2 }", "3");
        steps(f, "{ span.n + 1 > 7 }", "1 5");
        steps(f, "{ -span.n = -3 }", "4");
        steps(f, "{ span.n % 2 = 1 && span.n ^ 2 < 50 }", "1 2 4");
        steps(f, "{ 2 < span.n }", "1 4 5");
        steps(f, "{ span.q = nil }", "1 3 4 5");
        steps(f, "{ span.q != nil }", "2");
        steps(f, "{ span.q != \"x\" }", "2");
        steps(f, "{ !(span.q = \"x\") }", "1 2 3 4 5");
        steps(f, "{ resource.zone = \"a\" && .zone = \"a\" && span.zone = nil }", "1 2 3 4 5");
        steps(f, "{ span.tags = \"y\" }", "2");
        steps(f, "{ span.tags != \"y\" }", "");
        steps(f, "{ span.tags != \"z\" }", "2");
        steps(f, "{ span.flag }", "2");
        steps(f, "{ !span.flag }", "1 3 4 5");
        steps(f, "{ span.flag = true }", "2");
        steps(f, "{ span.n = \"2\" }", "");
        steps(f, "{ span.deep != nil }", "2");
        steps(f, "{ event:name = \"exception\" && event.exception.type = \"Timeout\" }", "4");
        steps(f, "{ event:timeSinceStart = 1us }", "4");
        steps(f, "{ parent.n = 2 }", "4");
        steps(f, "{ parent.name = \"run\" }", "2 3");
        steps(f, "{ parent.span.gen_ai.agent.name = \"boss\" }", "2 3");
        steps(f, "{ parent.duration > 1s }", "2 3");
        steps(f, "{ span.clew.attr.n = \"9\" }", "5");
        steps(f, "{ span.clew.attr.zone = \"a\" && span.n = 9 }", "5");
        steps(f, "{ span.clew.attr.exception.type != nil }", "4");
}

/* Numbers that are not exact as doubles; and the least there is, which has no positive twin. */
static void test_large_numbers(void **state)
{
        struct fixture *f = *state;
        static const char *const true_ones[] = {
                "9007199254740993 > 9007199254740992.0",
                "9007199254740993 != 9007199254740992.0",
                "9007199254740992.0 < 9007199254740993",
                "-9007199254740993 < -9007199254740992.0",
                "9007199254740992 = 9007199254740992.0",
                "9223372036854775807 < 9223372036854775808.0",
                "9223372036854775807 < 1e300 && 9223372036854775807 > -1e300",
                "-9223372036854775808 = -9223372036854775808.0",
                "-9223372036854775808 < -9223372036854775807",
                "-9223372036854775808 > -9223372036854775809.0e1",
                "3 < 3.5 && -3 > -3.5 && 4 > 3.5 && -4 < -3.5 && 0 = -0.0",
                "9007199254740992 + 1 = 9007199254740993",
                "9223372036854775807 + 1 > 9223372036854775807",
                "-9223372036854775808 - 1 <= -9223372036854775808",
                "-(-9223372036854775808) > 9223372036854775807",
                "3037000500 * 3037000499 = 9223372033963249500",
                "9007199254740993 % 2 = 1",
                "-9223372036854775808 % -1 = 0",
                "- -5 = 5 && -(5) = -5 && 3 - -5 = 8 && 3 -5 = -2",
                "-2 ^ 2 = 4 && -9223372036854775808 ^ 2 > 1e37",
        };
        static const char *const refused[] = {
                "9223372036854775808 > 0",    "9223372036854775809 > 0",
                "-9223372036854775809 < 0",   "1 - 9223372036854775808 < 0",
                "-(9223372036854775808) < 0",
        };

        for (size_t i = 0; i < CLEW_ARRAY_LEN(true_ones); i++) {
                char text[128];

                (void)snprintf(text, sizeof(text), "{ %s }", true_ones[i]);
                steps(f, text, "1 2 3 4 5");
        }
        for (size_t i = 0; i < CLEW_ARRAY_LEN(refused); i++) {
                CLEW_ARENA arena = {0};
                struct clew_query *q = NULL;
                struct clew_query_error err;
                char text[128];

                clew_arena_init(&arena, CLEW_QUERY_ARENA_MAX);
                (void)snprintf(text, sizeof(text), "{ %s }", refused[i]);
                if (parse(&arena, clew_slice_of_cstr(text), false, &q, &err) != -EINVAL ||
                    strcmp(err.message, "a number out of range") != 0)
                        fail_msg("%s was read", text);
        }
        steps(f, "{ span.n + 9007199254740990 = 9007199254740993 }", "4");
        steps(f, "{ span.n > -9223372036854775808 && span.n = 2 }", "3");
        steps(f, "{ span.n = -2 }", "");
        steps(f, "{ } | count() > -9223372036854775808", "1 2 3 4 5");
}

static void test_derived(void **state)
{
        struct fixture *f = *state;

        steps(f, "{ span.clew.kind = \"tool\" }", "2 4");
        steps(f, "{ span.clew.kind = \"tool\" && span.clew.error }", "4");
        steps(f, "{ span.clew.tool = \"search\" }", "2 4");
        steps(f, "{ span.clew.tool = \"fetch\" }", "");
        steps(f, "{ span.clew.tool != \"search\" }", "");
        steps(f, "{ span.clew.model =~ \"m-.*\" }", "3");
        steps(f, "{ span.clew.agent = \"boss\" && span.clew.kind = \"llm\" }", "3");
        steps(f, "{ span.clew.step = 3 }", "3");
        steps(f, "{ span.clew.tokens = 120 && span.clew.tokens.in = 100 }", "3");
        steps(f, "{ span.clew.run.tokens = 120 }", "1");
        steps(f, "{ span.clew.run.tokens > 200 }", "");
        steps(f, "{ span.clew.outcome = \"ok\" }", "1");
        steps(f, "{ span.clew.outcome = \"failed\" }", "");
        steps(f, "{ span.clew.outcome = nil }", "2 3 4 5");
        steps(f, "{ span.clew.text =~ \".*red shoes.*\" }", "2");
        steps(f, "{ span.clew.text =~ \".*hidden g.m.*\" }", "2");
        steps(f, "{ span.clew.text =~ \"red\" }", "");
        steps(f, "{ span.clew.text !~ \".*red shoes.*\" }", "1 3 4 5");
        steps(f, "{ span.clew.text =~ \".*nowhere.*\" }", "");
        steps(f, "{ span.clew.path =~ \"search search\" }", "1");
        steps(f, "{ span.clew.path =~ \"search search/error $\" }", "1");
        steps(f, "{ span.clew.path =~ \"search llm:m-large search\" }", "1");
        steps(f, "{ span.clew.path !~ \"fetch\" }", "1");
        steps(f, "{ span.clew.path =~ \"answer\" }", "");
}

static void test_structure(void **state)
{
        struct fixture *f = *state;

        steps(f, "{ name = \"run\" } > { }", "2 3");
        steps(f, "{ name = \"run\" } >> { }", "2 3 4");
        steps(f, "{ status = error } < { }", "3");
        steps(f, "{ status = error } << { }", "1 3");
        steps(f, "{ name = \"chat\" } ~ { }", "2");
        steps(f, "{ } ~ { }", "2 3");
        steps(f, "{ name = \"run\" } !> { }", "1 4 5");
        steps(f, "{ name = \"run\" } !>> { }", "1 5");
        steps(f, "{ status = error } !< { }", "1 2 4 5");
        steps(f, "{ status = error } !<< { }", "2 4 5");
        steps(f, "{ name = \"chat\" } !~ { }", "1 3 4 5");
        steps(f, "{ name = \"run\" } &> { name = \"chat\" }", "1 3");
        steps(f, "{ name = \"run\" } &>> { status = error }", "1 4");
        steps(f, "{ status = error } &< { }", "3 4");
        steps(f, "{ status = error } &<< { name = \"run\" }", "1 4");
        steps(f, "{ name = \"chat\" } &~ { }", "2 3");
        steps(f, "{ name = \"none\" } !>> { name = \"side\" }", "5");
        steps(f, "{ status = error } && { name = \"side\" }", "4 5");
        steps(f, "{ status = error } && { name = \"none\" }", "");
        steps(f, "{ status = error } || { name = \"none\" }", "4");
        steps(f, "{ name = \"run\" } > { } > { status = error }", "4");
        steps(f, "({ name = \"run\" } > { name = \"chat\" }) && { name = \"side\" }", "3 5");
}

static void test_pipelines(void **state)
{
        struct fixture *f = *state;

        steps(f, "{ name = \"search\" } | count() = 2", "2 4");
        steps(f, "{ name = \"search\" } | count() > 2", "");
        steps(f, "{ } | sum(span.n) = 22 | { span.n > 6 }", "1 5");
        steps(f, "{ } | avg(span.clew.tokens) = 120", "1 2 3 4 5");
        steps(f, "{ } | max(span.none) > 0", "");
        steps(f, "{ } | by(name)", "1;2 4;3;5");
        steps(f, "{ } | by(name) | count() > 1", "2 4");
        steps(f, "{ } | by(span.q)", "1 3 4 5;2");
        steps(f, "{ } | by(name) | by(status)", "1;2;4;3;5");
        steps(f, "{ } | by(name) | { span.n > 2 } | coalesce()", "1 4 5");
        steps(f, "{ } | by(name) | ({ status = error } || { span.n = 9 })", "4;5");
        steps(f, "count() > 4 | { name = \"side\" }", "5");
        steps(f, "({ name = \"search\" } | count() > 1) >> { }", "");
        steps(f, "({ } | count() > 1 | { name = \"run\" }) > { }", "2 3");
        steps(f, "{ status = error } | select(span.n, name)", "4");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_page),       cmocka_unit_test(test_texts),
                cmocka_unit_test(test_limits),     cmocka_unit_test(test_conditions),
                cmocka_unit_test(test_attributes), cmocka_unit_test(test_large_numbers),
                cmocka_unit_test(test_derived),    cmocka_unit_test(test_structure),
                cmocka_unit_test(test_pipelines),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
