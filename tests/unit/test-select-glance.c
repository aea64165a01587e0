/*
 * What is not sealed is ruled out by its bytes: answers are those of a walk that summarises it all,
 * and what lies elsewhere or is said about others is not lost by it.
 */
#include "proto/base/utf8.h"
#include "proto/otlp/json.h"
#include "query/find/select.h"
#include "query/find/text.h"
#include "storage/store.h"
#include "tests/lib/store-append.h"
#include "tests/lib/temp-dir.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#include <cmocka.h>

#define TEXT(key, value) "{\"key\":\"" key "\",\"value\":{\"stringValue\":\"" value "\"}}"
#define SPAN(trace, start, attributes, links)                                                      \
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"scope\":{\"name\":\"s\"},\"spans\":[{"            \
        "\"traceId\":\"" trace "\",\"spanId\":\"00000000000000" start "\",\"name\":\"s\","         \
        "\"startTimeUnixNano\":\"17600000" start                                                   \
        "000000000\",\"endTimeUnixNano\":\"17600000" start                                         \
        "000000001\",\"attributes\":[" attributes "],\"links\":[" links "]}]}]}]}"
#define AGENT_SPAN(trace, start, attributes)                                                       \
        "{\"resourceSpans\":[{\"resource\":{\"attributes\":[" TEXT(                                \
                "service.name",                                                                    \
                "claude-code") "]},\"scopeSpans\":[{\"scope\":{\"name\":\"com.anthropic.claude_"   \
                               "code.tracing\"},"                                                  \
                               "\"spans\":[{\"traceId\":\"" trace                                  \
                               "\",\"spanId\":\"00000000000000" start "\","                        \
                               "\"name\":\"claude_code.tool\",\"startTimeUnixNano\":"              \
                               "\"17600000" start "000000000\","                                   \
                               "\"endTimeUnixNano\":\"17600000" start                              \
                               "000000001\",\"attributes\":[" TEXT(                                \
                                       "session.id",                                               \
                                       "sess-of-run") "," TEXT("prompt.id",                        \
                                                               "prompt-1") "," attributes          \
                                                                           "]}]}]}]}"
#define ID(n) "0" n "000000000000000000000000000000"

static const char *const traces[] = {
        SPAN(ID("1"), "11", TEXT("session.id", "conv-plain-1") "," TEXT("output", "river stones"),
             ""),
        SPAN(ID("2"), "12", "{\"key\":\"session.id\",\"value\":{\"intValue\":\"12345\"}}", ""),
        SPAN(ID("3"), "13",
             TEXT("metadata", "{\\\"session_id\\\": \\\"h\\\\u00f4tel-9 \\\\u00e9t\\\\u00e9\\\"}"),
             ""),
        SPAN(ID("4"), "14", "{\"key\":\"session.id\",\"value\":{\"boolValue\":true}}", ""),
        SPAN(ID("5"), "15", "{\"key\":\"session.id\",\"value\":{\"doubleValue\":1e30}}", ""),
        SPAN(ID("6"), "16", TEXT("output", "R\\u00edver \\\"quoted\\\" \\\\u0041lpha"), ""),
        /* Says something about the first, and nothing of what is searched for. */
        SPAN(ID("7"), "17",
             TEXT("annotations.0.annotation.name",
                  "helpful") "," TEXT("annotations.0.annotation.label", "good"),
             "{\"traceId\":\"" ID("1") "\",\"spanId\":\"0000000000000011\"}"),
        /* One run in two traces: each has what the other lacks. */
        AGENT_SPAN(ID("8"), "18", TEXT("output", "left half")),
        AGENT_SPAN(ID("9"), "19", TEXT("output", "right half")),
        SPAN(ID("a"), "20", TEXT("user.id", "nobody"), ""),
};

static const char *const queries[] = {
        "{ span.clew.session = \"conv-plain-1\" }",
        "{ span.clew.session = \"12345\" }",
        "{ span.clew.session = \"h\303\264tel-9 \303\251t\303\251\" }",
        "{ span.clew.session = \"true\" }",
        "{ span.clew.session = \"1e+30\" }",
        "{ span.clew.session = \"1e30\" }",
        "{ span.clew.session = \"sess-of-run\" }",
        "{ span.clew.session = \"nowhere\" }",
        "{ span.clew.session != \"conv-plain-1\" }",
        "{ !(span.clew.session = \"conv-plain-1\") }",
        "{ span.clew.session = \"conv-plain-1\" || span.user.id = \"nobody\" }",
        "{ span.clew.session = \"nowhere\" } || { span.clew.text =~ \".*river.*\" }",
        "{ span.clew.text =~ \".*river.*\" }",
        "{ span.clew.text =~ \"(?i).*r\303\255ver.*\" }",
        "{ span.clew.text =~ \".*Alpha.*\" }",
        "{ span.clew.text =~ \".*quoted.*\" }",
        "{ span.clew.text !~ \".*river.*\" }",
        "{ span.clew.text =~ \".*left half.*\" } && { span.clew.text =~ \".*right half.*\" }",
        "{ span.clew.text =~ \".*right half.*\" }",
        "{ span.clew.text =~ \".*nowhere.*\" }",
        "{ span.user.id != nil }",
        "{ span.absent = nil && span.clew.session = \"conv-plain-1\" }",
        "{ span.absent != nil }",
};

struct fixture {
        struct test_dir dir;
        struct clew_store *store;
        struct clew_view *view;
};

static int set_up(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        struct clew_store_options o = {.mode = CLEW_STORE_COLLECT, .deriver = clew_model_deriver()};
        struct clew_error err = {0};

        assert_non_null(f);
        test_dir_make(&f->dir);
        assert_int_equal(clew_store_open(f->dir.path, &o, &f->store, &err), 0);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(traces); i++) {
                CLEW_BUFFER otlp = {0};

                clew_buffer_init(&otlp, 1 << 20);
                if (clew_otlp_from_json(clew_slice_of_cstr(traces[i]), CLEW_OTLP_TRACES, &otlp,
                                        &err) < 0)
                        fail_msg("trace %zu: %s", i + 1, err.message);
                assert_int_equal(test_store_append_otlp(f->store, clew_buffer_slice(&otlp),
                                                        CLEW_OTLP_TRACES, 5),
                                 0);
        }
        assert_int_equal(clew_view_open(f->store, &f->view, &err), 0);
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

/* Ids, numbers of scores and sessions of what the filter selects. */
static void walk(const struct fixture *f, const struct clew_filter *filter, struct clew_buffer *out,
                 uint64_t *ret_opened)
{
        struct clew_select s = {0};
        struct clew_selected t;
        struct clew_error err = {0};
        int r = clew_select_init(&s, f->view, filter, clew_clock_system(), NULL, &err);

        clew_buffer_clear(out);
        while (r >= 0 && (r = clew_select_next(&s, &t, &err)) == 1)
                clew_buffer_printf(out, "%02x:%u:%.*s ", t.id.bytes[0], t.summary.n_scores,
                                   (int)t.summary.session.len,
                                   (const char *)t.summary.session.data);
        if (r < 0)
                fail_msg("walk: %s", err.message);
        clew_buffer_printf(out, "%llu seen", (unsigned long long)s.seen);
        *ret_opened = 0;
        if (filter->n_queries > 0)
                *ret_opened = clew_query_run_met(s.runs[0])->no_text;
        clew_select_deinit(&s);
}

static uint64_t compare(const struct fixture *f, struct clew_filter *filter, const char *what)
{
        CLEW_BUFFER with = {0};
        CLEW_BUFFER without = {0};
        uint64_t left_out;
        uint64_t ignored;

        clew_buffer_init(&with, 1 << 16);
        clew_buffer_init(&without, 1 << 16);
        filter->no_index = true;
        walk(f, filter, &without, &ignored);
        filter->no_index = false;
        walk(f, filter, &with, &left_out);
        clew_buffer_append_byte(&with, 0);
        clew_buffer_append_byte(&without, 0);
        if (strcmp((const char *)with.data, (const char *)without.data) != 0)
                fail_msg("%s\n  by bytes: %s\n  by all:   %s", what, (const char *)with.data,
                         (const char *)without.data);
        return left_out;
}

static uint64_t ask(const struct fixture *f, const char *text)
{
        const struct clew_query_options options = {0};
        struct clew_filter filter = {.n_queries = 1};
        struct clew_query *query = NULL;
        struct clew_query_error mistake;
        CLEW_ARENA arena = {0};
        uint64_t n;

        clew_arena_init(&arena, CLEW_QUERY_ARENA_MAX);
        if (clew_query_parse(clew_slice_of_cstr(text), &options, &arena, &query, &mistake) < 0)
                fail_msg("%s: %s", text, mistake.message);
        filter.queries[0] = query;
        n = compare(f, &filter, text);
        clew_query_deinit(query);
        return n;
}

static void test_answers_are_the_same(void **state)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(queries); i++)
                (void)ask(*state, queries[i]);
}

/* Those of seven that stand alone and carry nothing for others. */
static void test_bytes_rule_out(void **state)
{
        assert_int_equal(ask(*state, "{ span.clew.session = \"conv-plain-1\" }"), 6);
        assert_true(ask(*state, "{ span.clew.text =~ \".*nowhere.*\" }") >= 7);
        assert_int_equal(ask(*state, "{ span.clew.session = \"12345\" }"), 0); /* may be a number */
        assert_int_equal(ask(*state, "{ span.clew.outcome = \"ok\" }"), 0);
}

static void test_sessions_of_a_filter(void **state)
{
        static const char *const names[] = {"conv-plain-1", "conv-pl*", "12345", "true",
                                            "sess-of-run",  "nowhere",  "*",     "sess*"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(names); i++) {
                struct clew_filter filter = {.sessions = {&names[i], 1}};

                (void)compare(*state, &filter, names[i]);
        }
        for (size_t i = 1; i <= CLEW_ARRAY_LEN(names); i++) {
                struct clew_filter filter = {.sessions = {names, i}};

                (void)compare(*state, &filter, "several");
        }
}

/* What was said about a trace is there, though who said it has nothing of what was asked for. */
static void test_carriers_are_met(void **state)
{
        const char *name = "conv-plain-1";
        struct clew_filter filter = {.sessions = {&name, 1}};
        CLEW_BUFFER out = {0};
        uint64_t ignored;

        clew_buffer_init(&out, 1 << 16);
        walk(*state, &filter, &out, &ignored);
        clew_buffer_append_byte(&out, 0);
        assert_string_equal((const char *)out.data, "01:1:conv-plain-1 9 seen");
}

/* Characters that are passed over have no other case. */
static void test_folding(void **state)
{
        locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
        CLEW_BUFFER out = {0};

        (void)state;
        clew_buffer_init(&out, 64);
        for (uint32_t c = 1; c < 0x20000; c++) {
                uint8_t text[8];
                struct clew_slice s = {text, 0};
                uint8_t folded[8];
                size_t n;

                if (c >= 0xd800 && c < 0xe000)
                        continue;
                s.len = clew_utf8_encode(c, text);
                n = clew_utf8_encode(clew_text_fold_sign(c), folded);
                clew_buffer_clear(&out);
                clew_text_fold(&out, s);
                if (out.len != n || memcmp(out.data, folded, n) != 0)
                        fail_msg("U+%04x", c);
                if (locale && c != 0x3c2 && c != 0x17f && c >= 0x80)
                        assert_int_equal(clew_text_fold_sign(c), towlower_l((wint_t)c, locale));
        }
        freelocale(locale);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_answers_are_the_same, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_bytes_rule_out, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_sessions_of_a_filter, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_carriers_are_met, set_up, tear_down),
                cmocka_unit_test(test_folding),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
