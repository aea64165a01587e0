/*
 * Invariants of the agent model over the real runs in ../shared/data: every trace is one tree with
 * one root, kinds and verdicts are what the data set says, each token is booked once, tool calls
 * are paired with the model calls that asked for them, and the summary says the same as the model.
 * Skipped when the data is not there.
 */
#include "proto/base/buffer.h"
#include "proto/base/mem.h"
#include "proto/otlp/json.h"
#include "query/model/ledger.h"
#include "query/model/message.h"
#include "query/model/summary.h"
#include "query/model/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define LINE_MAX_BYTES ((size_t)256 << 20)
#define ARENA_MAX ((size_t)1 << 30)
#define WINDOW_LOG_MAX 27

struct expectation {
        const char *file;
        uint32_t traces;
        uint32_t spans;
        uint32_t passed;
        uint32_t failed;
        bool calls_by_id; /* tool calls are in the answers, so each tool step has its caller */
};

static const struct expectation expectations[] = {
        {"tau-airline.jsonl.zst", 200, 3818, 84, 116, true},
        {"tau-retail.jsonl.zst", 100, 2311, 73, 27, true},
        {"mini-swe.jsonl.zst", 120, 8614, 88, 32, false},
};

struct totals {
        uint32_t traces;
        uint32_t spans;
        uint32_t passed;
        uint32_t failed;
};

static void check_kinds(const struct clew_trace *t)
{
        uint32_t errors = 0;

        assert_int_equal(t->n_roots, 1);
        assert_int_equal(t->root, 0);
        assert_int_equal(t->steps[0].kind, CLEW_KIND_AGENT);
        assert_true(t->n_llm > 0);
        assert_true(t->tokens.in > 0);
        assert_true(t->tokens.out > 0);
        assert_true(t->session.len > 0);
        assert_int_equal(t->n_agents, 1);
        assert_int_equal(t->n_scores, 1);
        assert_int_equal(t->n_steps, 1 + t->n_llm + t->n_tool);
        for (uint32_t i = 1; i < t->n_steps; i++) {
                const struct clew_step *s = &t->steps[i];

                assert_int_equal(s->parent, 0);
                assert_false(clew_step_is(s, CLEW_STEP_SKEW | CLEW_STEP_OPEN | CLEW_STEP_ORPHAN |
                                                     CLEW_STEP_INFERRED_KIND));
                if (s->kind == CLEW_KIND_LLM) {
                        assert_true(clew_step_is(s, CLEW_STEP_BOOKED));
                        assert_true(s->model.len > 0);
                } else {
                        assert_int_equal(s->kind, CLEW_KIND_TOOL);
                        assert_true(s->tool_name.len > 0);
                        assert_true(s->tool_arguments.len > 0);
                        assert_non_null(s->tool_result.data);
                        errors += s->error.is_error;
                }
        }
        /* Only commands fail in these runs, with a status. */
        assert_int_equal(t->n_errors, errors);
}

static void check_messages(const struct clew_trace *t, struct clew_arena *arena)
{
        for (uint32_t i = 0; i < t->n_steps; i++) {
                struct clew_messages in;
                struct clew_messages out;

                if (t->steps[i].kind != CLEW_KIND_LLM)
                        continue;
                assert_int_equal(clew_step_messages(t, &t->steps[i], CLEW_MESSAGES_IN, arena, &in),
                                 0);
                assert_int_equal(
                        clew_step_messages(t, &t->steps[i], CLEW_MESSAGES_OUT, arena, &out), 0);
                assert_true(in.n >= 2);
                assert_int_equal(in.items[0].role, CLEW_ROLE_SYSTEM);
                assert_int_equal(out.n, 1);
                assert_int_equal(out.items[0].role, CLEW_ROLE_ASSISTANT);
                assert_true(out.items[0].n_parts > 0);
                assert_false(in.truncated || out.truncated);
        }
}

static void check_edges(const struct clew_trace *t, bool calls_by_id)
{
        for (uint32_t i = 0; i < t->n_steps; i++) {
                uint32_t caller;

                if (t->steps[i].kind != CLEW_KIND_TOOL)
                        continue;
                caller = clew_trace_caller(t, i);
                assert_int_not_equal(caller, CLEW_STEP_NONE);
                assert_int_equal(t->steps[caller].kind, CLEW_KIND_LLM);
                assert_true(caller < i);
        }
        for (uint32_t i = 0; calls_by_id && i < t->n_edges; i++) {
                if (t->edges[i].type == CLEW_EDGE_CALL)
                        assert_true(t->edges[i].id.len > 0);
        }
}

static void check_ledger(const struct clew_trace *t, struct clew_arena *arena)
{
        struct clew_ledger ledger;
        uint64_t in = 0;

        assert_int_equal(clew_ledger_build(t, NULL, arena, &ledger), 0);
        assert_int_equal(ledger.n, t->n_llm);
        assert_int_equal(ledger.n_without_usage, 0);
        for (uint32_t i = 0; i < ledger.n; i++)
                in += ledger.lines[i].tokens.in;
        assert_int_equal(in, t->tokens.in);
}

static void check_summary(const struct clew_trace *t, struct clew_slice bytes,
                          struct clew_arena *arena)
{
        CLEW_BUFFER record = {.max_bytes = 1 << 20};
        struct clew_summary s;
        uint64_t start;

        assert_int_equal(clew_model_deriver()->summarize(NULL, &t->id, bytes, CLEW_SLICE_NULL,
                                                         &record, &start),
                         0);
        assert_int_equal(clew_summary_decode(clew_buffer_slice(&record), arena, &s), 0);
        assert_int_equal(s.outcome, t->outcome);
        assert_int_equal(s.n_steps, t->n_steps);
        assert_int_equal(s.tokens.in, t->tokens.in);
        assert_int_equal(s.n_tool, t->n_tool);
        assert_int_equal(start, t->start_ns);
}

static void check_line(const struct expectation *e, struct clew_slice json, struct totals *totals)
{
        CLEW_BUFFER bytes = {.max_bytes = LINE_MAX_BYTES};
        struct clew_error err = {0};
        struct clew_trace *t;
        CLEW_ARENA arena = {0};

        clew_arena_init(&arena, ARENA_MAX);
        if (clew_otlp_from_json(json, CLEW_OTLP_TRACES, &bytes, &err) < 0)
                fail_msg("%s: %s", e->file, err.message);
        assert_int_equal(
                clew_trace_build(clew_buffer_slice(&bytes), CLEW_SLICE_NULL, NULL, &arena, &t), 0);
        check_kinds(t);
        check_edges(t, e->calls_by_id);
        check_ledger(t, &arena);
        check_summary(t, clew_buffer_slice(&bytes), &arena);
        /* Histories grow with each call: one trace in eight is enough for the slow part. */
        if (totals->traces % 8 == 0)
                check_messages(t, &arena);
        totals->traces++;
        totals->spans += t->n_spans;
        totals->passed += t->outcome == CLEW_OUTCOME_PASSED;
        totals->failed += t->outcome == CLEW_OUTCOME_FAILED;
}

static void take_lines(const struct expectation *e, struct clew_buffer *text, bool last,
                       struct totals *totals)
{
        struct clew_slice left = clew_buffer_slice(text);
        const uint8_t *end;
        CLEW_BUFFER rest = {.max_bytes = LINE_MAX_BYTES};

        while (left.len > 0 && (end = memchr(left.data, '\n', left.len))) {
                size_t n = (size_t)(end - left.data);

                if (n > 0)
                        check_line(e, clew_slice_make(left.data, n), totals);
                left = clew_slice_from(left, n + 1);
        }
        if (last && left.len > 0) {
                check_line(e, left, totals);
                left.len = 0;
        }
        clew_buffer_append_slice(&rest, left);
        clew_buffer_clear(text);
        clew_buffer_append_slice(text, clew_buffer_slice(&rest));
}

static void read_all(const struct expectation *e, FILE *f, struct totals *totals)
{
        ZSTD_DCtx *context = ZSTD_createDCtx();
        size_t in_size = ZSTD_DStreamInSize();
        size_t out_size = (size_t)4 << 20;
        uint8_t *in = clew_malloc(in_size);
        uint8_t *out = clew_malloc(out_size);
        CLEW_BUFFER text = {.max_bytes = LINE_MAX_BYTES};
        size_t n;

        assert_true(context && in && out);
        (void)ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
        while ((n = fread(in, 1, in_size, f)) > 0) {
                ZSTD_inBuffer from = {in, n, 0};
                bool more = true;

                while (more) {
                        ZSTD_outBuffer to = {out, out_size, 0};

                        assert_false(ZSTD_isError(ZSTD_decompressStream(context, &to, &from)));
                        clew_buffer_append(&text, out, to.pos);
                        if (memchr(out, '\n', to.pos))
                                take_lines(e, &text, false, totals);
                        more = from.pos < from.size || to.pos == to.size;
                }
        }
        take_lines(e, &text, true, totals);
        (void)ZSTD_freeDCtx(context);
        clew_free(in);
        clew_free(out);
}

#define EXIT_SKIPPED 77

static size_t n_skipped;

static void test_file(void **state)
{
        const struct expectation *e = *state;
        const char *root = getenv("CLEW_SOURCE_ROOT");
        struct totals totals = {0};
        char path[4096];
        FILE *f;

        (void)snprintf(path, sizeof(path), "%s/../shared/data/%s", root ? root : ".", e->file);
        f = fopen(path, "rb");
        if (!f) {
                print_message("skipped: %s is not there\n", path);
                n_skipped++;
                skip();
                return;
        }
        read_all(e, f, &totals);
        (void)fclose(f);
        assert_int_equal(totals.traces, e->traces);
        assert_int_equal(totals.spans, e->spans);
        assert_int_equal(totals.passed, e->passed);
        assert_int_equal(totals.failed, e->failed);
}

int main(void)
{
        struct CMUnitTest tests[sizeof(expectations) / sizeof(expectations[0])];
        int failed;

        for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
                union {
                        const void *in;
                        void *out;
                } state = {&expectations[i]};

                tests[i] = (struct CMUnitTest){.name = expectations[i].file,
                                               .test_func = test_file,
                                               .initial_state = state.out};
        }
        failed = cmocka_run_group_tests(tests, NULL, NULL);
        /* Nothing was tried: meson and the suite call that skipped. */
        return failed == 0 && n_skipped == sizeof(tests) / sizeof(tests[0]) ? EXIT_SKIPPED : failed;
}
