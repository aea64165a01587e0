/*
 * Facts at write time: what counts as loop, stall, retry and waste, what does not, and that a
 * summary keeps them, also beside those of older rules.
 */
#include "proto/base/mem.h"
#include "proto/otlp/json.h"
#include "query/find/index/index.h"
#include "query/model/summary.h"
#include "query/rca/facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define BYTES_MAX ((size_t)64 << 20)

/* A run under construction: spans as OTLP JSON, one after the other, a second each. */
struct run {
        struct clew_buffer json;
        struct clew_buffer otlp;
        struct clew_buffer record;
        struct clew_arena arena;
        struct clew_summary summary;
        unsigned n;
        bool open; /* the root has not ended */
};

static void begin(struct run *r)
{
        memset(r, 0, sizeof(*r));
        clew_buffer_init(&r->json, BYTES_MAX);
        clew_buffer_init(&r->otlp, BYTES_MAX);
        clew_buffer_init(&r->record, BYTES_MAX);
        clew_arena_init(&r->arena, (size_t)1 << 30);
        clew_buffer_append_cstr(&r->json, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[");
}

static void attribute(struct run *r, const char *key, const char *value)
{
        clew_buffer_printf(&r->json, ",{\"key\":\"%s\",\"value\":{\"stringValue\":\"%s\"}}", key,
                           value);
}

static void span(struct run *r, unsigned parent, const char *kind, const char *name)
{
        unsigned id = ++r->n;

        clew_buffer_printf(&r->json,
                           "%s{\"traceId\":\"0102030405060708090a0b0c0d0e0f10\",\"spanId\":"
                           "\"%016x\",\"name\":\"%s\",\"startTimeUnixNano\":\"%u000000000\"",
                           id > 1 ? "," : "", id, name, 1000 + 2 * id);
        if (parent > 0)
                clew_buffer_printf(&r->json, ",\"parentSpanId\":\"%016x\"", parent);
        if (parent > 0 || !r->open)
                clew_buffer_printf(&r->json, ",\"endTimeUnixNano\":\"%u000000000\"",
                                   parent > 0 ? 1001 + 2 * id : 9000u);
        clew_buffer_printf(&r->json,
                           ",\"attributes\":[{\"key\":\"openinference.span.kind\",\"value\":{"
                           "\"stringValue\":\"%s\"}}",
                           kind);
}

static void end(struct run *r, bool failed)
{
        clew_buffer_append_cstr(&r->json, "]");
        if (failed)
                clew_buffer_append_cstr(&r->json,
                                        ",\"status\":{\"code\":2,\"message\":\"it broke\"}");
        clew_buffer_append_cstr(&r->json, "}");
}

static void root(struct run *r)
{
        span(r, 0, "AGENT", "agent");
        end(r, false);
}

/* A model call of 100 tokens that was told @heard and writes @text. */
static void model(struct run *r, const char *heard, const char *text, bool failed)
{
        span(r, 1, "LLM", "chat");
        attribute(r, "llm.model_name", "m-1");
        attribute(r, "llm.input_messages.0.message.role", "user");
        attribute(r, "llm.input_messages.0.message.content", heard);
        if (*text) {
                attribute(r, "llm.output_messages.0.message.role", "assistant");
                attribute(r, "llm.output_messages.0.message.content", text);
        }
        clew_buffer_append_cstr(&r->json,
                                ",{\"key\":\"llm.token_count.prompt\",\"value\":{\"intValue\":"
                                "\"90\"}},{\"key\":\"llm.token_count.completion\",\"value\":{"
                                "\"intValue\":\"10\"}}");
        end(r, failed);
}

static void tool(struct run *r, const char *name, const char *args, const char *result, bool failed)
{
        span(r, 1, "TOOL", name);
        attribute(r, "tool.name", name);
        if (*args)
                attribute(r, "input.value", args);
        if (*result)
                attribute(r, "output.value", result);
        end(r, failed);
}

/* A model call and the tool call that it asks for. */
static void turn(struct run *r, const char *args, const char *result, bool failed)
{
        model(r, "go on", "I call it", false);
        tool(r, "search", args, result, failed);
}

/* Where it is known already, as it is of what was hot for long, it is the same. */
static void derive_known(const struct run *r)
{
        struct clew_slice known = clew_buffer_slice(&r->record);
        CLEW_BUFFER record = {0};
        uint64_t start_ns;

        clew_buffer_init(&record, BYTES_MAX);
        assert_int_equal(clew_model_deriver()->summarize_known(
                                 NULL, NULL, clew_buffer_slice(&r->otlp), CLEW_SLICE_NULL, known,
                                 &record, &start_ns, NULL),
                         0);
        assert_int_equal(record.len, known.len);
        assert_memory_equal(record.data, known.data, known.len);
}

/* Derives the summary as the store does, and reads it back. */
static const struct clew_summary_facts *finish(struct run *r)
{
        struct clew_error err = {0};
        uint64_t start_ns;

        clew_buffer_append_cstr(&r->json, "]}]}]}");
        assert_int_equal(clew_buffer_error(&r->json), 0);
        if (clew_otlp_from_json(clew_buffer_slice(&r->json), CLEW_OTLP_TRACES, &r->otlp, &err) < 0)
                fail_msg("%s", err.message);
        assert_int_equal(clew_model_deriver()->summarize(NULL, NULL, clew_buffer_slice(&r->otlp),
                                                         CLEW_SLICE_NULL, &r->record, &start_ns),
                         0);
        assert_int_equal(clew_summary_decode(clew_buffer_slice(&r->record), &r->arena, &r->summary),
                         0);
        derive_known(r);
        return &r->summary.facts;
}

static void release(struct run *r)
{
        clew_buffer_deinit(&r->json);
        clew_buffer_deinit(&r->otlp);
        clew_buffer_deinit(&r->record);
        clew_arena_deinit(&r->arena);
}

#define ARGS "{\\\"q\\\": \\\"birds\\\"}"

static void test_plain_run_has_none(void **state)
{
        struct run r;
        const struct clew_summary_facts *f;

        (void)state;
        begin(&r);
        root(&r);
        turn(&r, "{\\\"q\\\": 1}", "one", false);
        turn(&r, "{\\\"q\\\": 2}", "two", false);
        model(&r, "and?", "done", false);
        f = finish(&r);
        assert_int_equal(f->loops + f->stalls + f->retries + f->waste_steps, 0);
        assert_int_equal(r.summary.outcome, CLEW_OUTCOME_OK);
        release(&r);
}

/* What runs were asked is the same where it is equal, and different elsewhere. */
static void test_runs_of_one_task(void **state)
{
        static const char *const asked[] = {"Find birds.", " Find birds.\\n", "Find fish."};
        uint32_t of[3];

        (void)state;
        for (int i = 0; i < 3; i++) {
                struct run r;

                begin(&r);
                span(&r, 0, "AGENT", "finder");
                attribute(&r, "input.value", asked[i]);
                end(&r, false);
                turn(&r, i ? ARGS : "{}", "one", false);
                (void)finish(&r);
                of[i] = r.summary.asked;
                release(&r);
        }
        assert_true(of[0] != 0 && of[0] == of[1]);
        assert_true(of[2] != 0 && of[0] != of[2]);
}

static void test_loop(void **state)
{
        struct run r;
        const struct clew_summary_facts *f;

        (void)state;
        begin(&r);
        root(&r);
        for (int i = 0; i < 4; i++)
                turn(&r, ARGS, "no birds today", false);
        f = finish(&r);
        assert_int_equal(f->loops, 1);
        assert_int_equal(f->loop_rounds, 4);
        assert_int_equal(f->loop_step, 3); /* the agent, a model call, the first search */
        /* Three rounds in vain, each a search and the model call that asked for it. */
        assert_int_equal(f->waste_steps, 6);
        assert_int_equal(f->waste_tokens, 300);
        assert_int_equal(f->waste_ns, 6 * (uint64_t)1000000000);
        release(&r);
}

static void test_polling_is_no_loop(void **state)
{
        struct run r;
        const struct clew_summary_facts *f;

        (void)state;
        begin(&r);
        root(&r);
        turn(&r, ARGS, "10 %", false);
        turn(&r, ARGS, "50 %", false);
        turn(&r, ARGS, "90 %", false);
        f = finish(&r);
        assert_int_equal(f->loops, 0);
        assert_int_equal(f->waste_steps, 0);
        release(&r);
}

/* Spans without arguments and results cannot be compared. */
static void test_unrecorded_calls_are_not_alike(void **state)
{
        struct run r;
        const struct clew_summary_facts *f;

        (void)state;
        begin(&r);
        root(&r);
        for (int i = 0; i < 10; i++)
                turn(&r, "", "", false);
        f = finish(&r);
        assert_int_equal(f->loops + f->stalls + f->retries + f->waste_steps, 0);
        release(&r);
}

static void test_open_run_shows_its_loop(void **state)
{
        struct run r;
        const struct clew_summary_facts *f;

        (void)state;
        begin(&r);
        r.open = true;
        root(&r);
        for (int i = 0; i < 3; i++)
                turn(&r, ARGS, "no birds today", false);
        f = finish(&r);
        assert_int_equal(r.summary.outcome, CLEW_OUTCOME_OPEN);
        assert_int_equal(f->loops, 1);
        assert_int_equal(f->loop_rounds, 3);
        release(&r);
}

static void test_retry(void **state)
{
        struct run r;
        const struct clew_summary_facts *f;

        (void)state;
        begin(&r);
        root(&r);
        turn(&r, ARGS, "HTTP 503", true);
        turn(&r, ARGS, "HTTP 503", true);
        turn(&r, ARGS, "a list of birds", false);
        f = finish(&r);
        assert_int_equal(f->retries, 2);
        assert_int_equal(f->waste_steps, 4);
        assert_int_equal(f->waste_tokens, 200);
        release(&r);
}

/* A test that fails, is mended and run again: a retry, but its failure was of use. */
static void test_work_between_is_no_waste(void **state)
{
        struct run r;
        const struct clew_summary_facts *f;

        (void)state;
        begin(&r);
        root(&r);
        turn(&r, ARGS, "1 failed", true);
        tool(&r, "edit", "{\\\"line\\\": 3}", "written", false);
        turn(&r, ARGS, "all passed", false);
        f = finish(&r);
        assert_int_equal(f->retries, 1);
        assert_int_equal(f->waste_steps, 0);
        release(&r);
}

static void test_model_retry(void **state)
{
        struct run r;
        const struct clew_summary_facts *f;

        (void)state;
        begin(&r);
        root(&r);
        model(&r, "go", "", true);
        model(&r, "go", "done", false);
        f = finish(&r);
        assert_int_equal(f->retries, 1);
        assert_int_equal(f->waste_steps, 1);
        assert_int_equal(f->waste_tokens, 100);
        release(&r);
}

static void test_same_answer_again(void **state)
{
        struct run r;
        const struct clew_summary_facts *f;

        (void)state;
        begin(&r);
        root(&r);
        turn(&r, ARGS, "a list of birds", false);
        turn(&r, "{\\\"q\\\": 2}", "two", false);
        turn(&r, ARGS, "a list of birds", false);
        turn(&r, "{\\\"q\\\": 3}", "", false);
        turn(&r, "{\\\"q\\\": 3}", "", false); /* nothing was answered: nothing was repeated */
        f = finish(&r);
        assert_int_equal(f->retries, 0);
        assert_int_equal(f->waste_steps, 2);
        release(&r);
}

static void test_stall(void **state)
{
        struct run r;
        const struct clew_summary_facts *f;

        (void)state;
        begin(&r);
        root(&r);
        turn(&r, ARGS, "a list of birds", false);
        for (int i = 0; i < 9; i++) {
                char text[32];

                (void)snprintf(text, sizeof(text), "I think, %d", i);
                model(&r, "go on", text, false);
        }
        f = finish(&r);
        assert_int_equal(f->stalls, 1);
        assert_int_equal(f->stall_calls, 9);
        assert_int_equal(f->stall_step, 4);
        release(&r);
}

/* Every failed run has a signature, also without a cause. */
static void test_signature_of_the_unexplained(void **state)
{
        struct run r;

        (void)state;
        begin(&r);
        span(&r, 0, "CHAIN", "job");
        end(&r, true);
        (void)finish(&r);
        assert_int_equal(r.summary.outcome, CLEW_OUTCOME_ERROR);
        assert_true(r.summary.cause.signature.len > 0);
        release(&r);
}

static void test_plain_deriver_leaves_them_out(void **state)
{
        struct run r;
        CLEW_BUFFER plain = {0};
        struct clew_summary s;
        uint64_t start_ns;

        (void)state;
        clew_buffer_init(&plain, BYTES_MAX);
        begin(&r);
        root(&r);
        for (int i = 0; i < 4; i++)
                turn(&r, ARGS, "no birds today", false);
        assert_int_equal(finish(&r)->loops, 1);
        assert_int_equal(clew_model_deriver_plain()->version, 0);
        assert_int_equal(clew_model_deriver_plain()->summarize(NULL, NULL,
                                                               clew_buffer_slice(&r.otlp),
                                                               CLEW_SLICE_NULL, &plain, &start_ns),
                         0);
        assert_int_equal(clew_summary_decode(clew_buffer_slice(&plain), &r.arena, &s), 0);
        assert_int_equal(s.facts.loops, 0);
        assert_int_equal(s.asked, 0);
        assert_int_equal(s.n_tool, 4);
        release(&r);
}

/* The record of a store of version 1, byte by byte: no facts, and what it has is read. */
static void test_old_record(void **state)
{
        static const uint8_t record[] = {1,   2,  1, 4,  2, 7,   3,   'r', 'u',
                                         'n', 16, 5, 53, 4, 'l', 'o', 'o', 'p'};
        CLEW_ARENA arena = {0};
        struct clew_summary s;

        (void)state;
        clew_arena_init(&arena, 1 << 20);
        assert_int_equal(clew_summary_decode(clew_slice_make(record, sizeof(record)), &arena, &s),
                         0);
        assert_int_equal(s.rules_version, 1);
        assert_int_equal(s.n_spans, 5);
        assert_true(clew_slice_eq_cstr(s.name, "run"));
        assert_true(clew_slice_eq_cstr(s.cause.rule, "loop"));
        assert_int_equal(s.facts.retries, 0);
        assert_int_equal(s.facts.waste_tokens, 0);
}

static void test_record_keeps_all(void **state)
{
        const struct clew_summary_facts facts = {1, 2, 3,          4,          5,    6,
                                                 7, 8, 1ull << 40, 1ull << 50, 0.125};
        const struct clew_summary s = {
                .rules_version = 10, .n_spans = 1, .n_steps = 1, .facts = facts, .asked = 12};
        struct clew_summary back;
        CLEW_BUFFER out = {0};
        CLEW_ARENA arena = {0};

        (void)state;
        clew_buffer_init(&out, 4096);
        clew_arena_init(&arena, 1 << 20);
        clew_summary_encode(&s, &out);
        assert_int_equal(clew_summary_decode(clew_buffer_slice(&out), &arena, &back), 0);
        assert_int_equal(back.asked, 12);
        assert_int_equal(back.facts.loops, 1);
        assert_int_equal(back.facts.loop_rounds, 2);
        assert_int_equal(back.facts.loop_step, 3);
        assert_int_equal(back.facts.stalls, 4);
        assert_int_equal(back.facts.stall_calls, 5);
        assert_int_equal(back.facts.stall_step, 6);
        assert_int_equal(back.facts.retries, 7);
        assert_int_equal(back.facts.waste_steps, 8);
        assert_true(back.facts.waste_tokens == 1ull << 40);
        assert_true(back.facts.waste_ns == 1ull << 50);
        assert_true(back.facts.waste_usd == 0.125);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_plain_run_has_none),
                cmocka_unit_test(test_runs_of_one_task),
                cmocka_unit_test(test_loop),
                cmocka_unit_test(test_polling_is_no_loop),
                cmocka_unit_test(test_unrecorded_calls_are_not_alike),
                cmocka_unit_test(test_open_run_shows_its_loop),
                cmocka_unit_test(test_retry),
                cmocka_unit_test(test_work_between_is_no_waste),
                cmocka_unit_test(test_model_retry),
                cmocka_unit_test(test_same_answer_again),
                cmocka_unit_test(test_stall),
                cmocka_unit_test(test_signature_of_the_unexplained),
                cmocka_unit_test(test_plain_deriver_leaves_them_out),
                cmocka_unit_test(test_old_record),
                cmocka_unit_test(test_record_keeps_all),
        };

        clew_facts_install();
        clew_index_install();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
