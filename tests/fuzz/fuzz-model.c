/*
 * The agent model on OTLP JSON (traces, line break, logs), so that mutations reach keys, values and
 * message texts. Whatever was sent: the tree keeps the promises of trace.h, every step gives
 * messages within bounds, the ledger adds up to the totals, and the summary, which is derived
 * without texts and edges, says the same as the full model and reads back.
 */
#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/otlp/json.h"
#include "query/find/language/language.h"
#include "query/model/ledger.h"
#include "query/model/message.h"
#include "query/model/parameters.h"
#include "query/model/summary.h"
#include "query/model/trace.h"
#include "tests/fuzz/fuzz.h"

#define MEMORY_MAX ((size_t)512 << 20)

static void check_tree(const struct clew_trace *t)
{
        uint32_t roots = 0;

        for (uint32_t i = 0; i < t->n_steps; i++) {
                const struct clew_step *s = &t->steps[i];
                uint32_t children = 0;

                CLEW_ASSERT(s->parent == CLEW_STEP_NONE || s->parent < i);
                CLEW_ASSERT(s->n_descendants < t->n_steps - i);
                CLEW_ASSERT(clew_trace_find(t, &s->span.span_id) == i);
                CLEW_ASSERT(s->name.len > 0 && s->kind < CLEW_KIND_COUNT);
                roots += s->parent == CLEW_STEP_NONE;
                for (uint32_t c = s->first_child; c != CLEW_STEP_NONE; c = t->steps[c].next_sibling)
                        children += t->steps[c].parent == i;
                CLEW_ASSERT(children == s->n_children);
        }
        CLEW_ASSERT(roots == t->n_roots);
        for (uint32_t i = 0; i < t->n_edges; i++) {
                CLEW_ASSERT(t->edges[i].from < t->n_steps);
                CLEW_ASSERT(t->edges[i].to == CLEW_STEP_NONE || t->edges[i].to < t->n_steps);
                CLEW_ASSERT(i == 0 || t->edges[i - 1].from <= t->edges[i].from);
        }
        for (uint32_t i = 0; i < t->n_scores; i++)
                CLEW_ASSERT(t->scores[i].step == CLEW_STEP_NONE || t->scores[i].step < t->n_steps);
}

static void check_messages(const struct clew_trace *t)
{
        CLEW_ARENA arena = {0};

        clew_arena_init(&arena, MEMORY_MAX);
        for (uint32_t i = 0; i < t->n_steps; i++) {
                const struct clew_tool_definition *definitions;
                const struct clew_parameter *parameters;
                uint32_t n;

                for (int d = 0; d < 2; d++) {
                        struct clew_messages m;
                        uint64_t parts = 0;

                        if (clew_step_messages(t, &t->steps[i], (enum clew_direction)d, &arena,
                                               &m) < 0)
                                return;
                        for (uint32_t k = 0; k < m.n; k++)
                                parts += m.items[k].n_parts;
                        CLEW_ASSERT(parts <= CLEW_MESSAGE_PARTS_MAX);
                }
                if (clew_step_tool_definitions(t, &t->steps[i], &arena, &definitions, &n) < 0)
                        return;
                if (clew_step_parameters(&t->steps[i], &arena, &parameters, &n) < 0)
                        return;
                CLEW_ASSERT(n <= CLEW_PARAMETERS_MAX);
                clew_arena_reset(&arena);
        }
}

static void check_ledger(const struct clew_trace *t, struct clew_arena *arena)
{
        struct clew_ledger ledger;
        uint64_t in = 0;
        uint64_t out = 0;

        if (clew_ledger_build(t, NULL, arena, &ledger) < 0)
                return;
        for (uint32_t i = 0; i < ledger.n; i++) {
                enum clew_booking b = ledger.lines[i].booking;

                if (b == CLEW_BOOKED || b == CLEW_BOOKED_ROLLUP) {
                        in += ledger.lines[i].tokens.in;
                        out += ledger.lines[i].tokens.out;
                }
        }
        CLEW_ASSERT(in == t->tokens.in && out == t->tokens.out);
}

static void check_summary(const struct clew_trace *t, struct clew_slice traces,
                          struct clew_slice logs, struct clew_arena *arena)
{
        CLEW_BUFFER record = {.max_bytes = MEMORY_MAX};
        struct clew_summary s;
        uint64_t start;

        if (clew_model_deriver()->summarize(NULL, &t->id, traces, logs, &record, &start) < 0)
                return;
        CLEW_ASSERT(clew_summary_decode(clew_buffer_slice(&record), arena, &s) == 0);
        CLEW_ASSERT(s.outcome == t->outcome && s.n_steps == t->n_steps);
        CLEW_ASSERT(s.n_errors == t->n_errors && s.n_llm == t->n_llm && s.n_tool == t->n_tool);
        CLEW_ASSERT(s.tokens.in == t->tokens.in && s.tokens.out == t->tokens.out);
        CLEW_ASSERT(start == t->start_ns);
}

/* What the summary says of a query is what the spans say. */
static void check_query(const struct clew_trace *t, struct clew_slice traces,
                        struct clew_slice logs)
{
        static const char *const texts[] = {
                "{ span.clew.attr.service.name =~ \"a.*\" } && { span.clew.attr.score = \"0.5\" }",
                "{ span.clew.outcome = \"failed\" && span.clew.run.tokens > 10 }",
                "{ span.clew.kind = \"llm\" } >> { span.clew.error }",
                "{ span.clew.path =~ \"any any/error? ... answer\" }",
                "{ } | by(name) | max(duration) > 1s | coalesce()",
        };
        struct clew_summary summary;
        struct clew_query_facts facts = {.id = t->id, .start_ns = t->start_ns, .summary = &summary};

        clew_summary_of_trace(t, &summary);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(texts); i++) {
                CLEW_ARENA arena = {.max_bytes = CLEW_QUERY_ARENA_MAX};
                struct clew_query *q = NULL;
                struct clew_query_error err;
                struct clew_query_result result;
                struct clew_query_run *run;
                enum clew_verdict3 said;
                int r;

                CLEW_ASSERT(clew_query_parse(clew_slice_of_cstr(texts[i]), NULL, &arena, &q,
                                             &err) == 0);
                run = clew_query_run_new(q);
                CLEW_ASSERT(run != NULL);
                said = clew_query_judge(run, &facts);
                r = clew_query_evaluate(run, &facts, traces, logs, &result);
                CLEW_ASSERT(r < 0 || said == CLEW_MAYBE || (said == CLEW_YES) == (r == 1));
                clew_query_run_free(run);
                clew_query_deinit(q);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEW_BUFFER traces = {.max_bytes = MEMORY_MAX};
        CLEW_BUFFER logs = {.max_bytes = MEMORY_MAX};
        const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
        size_t n = line ? (size_t)(line - data) : size;
        struct clew_trace_options options = CLEW_TRACE_FULL;
        struct clew_trace *t;
        CLEW_ARENA arena = {0};

        options.results = true;
        clew_arena_init(&arena, MEMORY_MAX);
        if (clew_otlp_from_json(clew_slice_make(data, n), CLEW_OTLP_TRACES, &traces, NULL) < 0)
                return 0;
        if (line && clew_otlp_from_json(clew_slice_from(clew_slice_make(data, size), n + 1),
                                        CLEW_OTLP_LOGS, &logs, NULL) < 0)
                clew_buffer_clear(&logs);
        if (clew_trace_build(clew_buffer_slice(&traces), clew_buffer_slice(&logs), &options, &arena,
                             &t) < 0)
                return 0;
        check_tree(t);
        check_query(t, clew_buffer_slice(&traces), clew_buffer_slice(&logs));
        check_messages(t);
        check_ledger(t, &arena);
        check_summary(t, clew_buffer_slice(&traces), clew_buffer_slice(&logs), &arena);
        return 0;
}
