/*
 * The one table of fields that are no attributes as sent: the intrinsics of TraceQL, and what Clew
 * derives (span.clew.*). Queries, help, lists of tags and --fields are made from it.
 *
 * Facts of the run (outcome, cause, loops, totals) stand on one span of the trace, the one that
 * speaks for the run, so that counting spans by them counts runs. What belongs to a step stands on
 * that step.
 */
#include "query/find/language/readers-int.h"

#include "proto/base/number.h"
#include "query/find/judged.h"
#include "query/find/path.h"

#include <stdio.h>
#include <string.h>

#define READER(name) static CLEW_READER(name)
#define TELLER(name) static CLEW_TELLER(name)

static const struct clew_step *step_of(const struct clew_run_at *at, uint32_t step)
{
        return &at->trace->steps[step];
}

/* ---- facts of the run -------------------------------------------------------------------------
 */

/* The word, and the wider one that lists select by: an error is a failure. */
TELLER(tell_outcome)
{
        enum clew_outcome o = facts->summary->outcome;
        const char *wider = o == CLEW_OUTCOME_ERROR                 ? "failed"
                            : o == CLEW_OUTCOME_PASSED              ? "ok"
                            : o == CLEW_OUTCOME_OPEN && facts->lost ? "open"
                                                                    : NULL;

        (void)key;
        clew_values_add_text(out, clew_slice_of_cstr(facts->lost ? "lost" : clew_outcome_name(o)));
        if (wider)
                clew_values_add_text(out, clew_slice_of_cstr(wider));
        return true;
}

#define TELL_TEXT(name, field)                                                                     \
        TELLER(name)                                                                               \
        {                                                                                          \
                (void)key;                                                                         \
                return clew_tell_text(facts->summary->field, out);                                 \
        }
#define TELL_COUNT(name, field)                                                                    \
        TELLER(name)                                                                               \
        {                                                                                          \
                (void)key;                                                                         \
                clew_values_add_int(out, CLEW_TYPE_INT, (int64_t)facts->summary->field);           \
                return true;                                                                       \
        }

TELL_TEXT(tell_cause_rule, cause.rule)
TELL_TEXT(tell_cause_detail, cause.detail)
TELL_TEXT(tell_signature, cause.signature)
TELL_TEXT(tell_user, user)
TELL_TEXT(tell_run_name, name)
TELL_TEXT(tell_error, error)
TELL_COUNT(tell_loops, facts.loops)
TELL_COUNT(tell_loop_rounds, facts.loop_rounds)
TELL_COUNT(tell_stalls, facts.stalls)
TELL_COUNT(tell_stall_calls, facts.stall_calls)
TELL_COUNT(tell_retries, facts.retries)
TELL_COUNT(tell_waste_steps, facts.waste_steps)
TELL_COUNT(tell_waste_tokens, facts.waste_tokens)
TELL_COUNT(tell_run_tokens, tokens.total)
TELL_COUNT(tell_run_steps, n_steps)
TELL_COUNT(tell_run_spans, n_spans)
TELL_COUNT(tell_run_errors, n_errors)
TELL_COUNT(tell_run_llm, n_llm)
TELL_COUNT(tell_run_tool, n_tool)

TELLER(tell_cause_step)
{
        (void)key;
        if (facts->summary->cause.step > 0)
                clew_values_add_int(out, CLEW_TYPE_INT, facts->summary->cause.step);
        return true;
}

TELLER(tell_waste_time)
{
        (void)key;
        clew_values_add_int(out, CLEW_TYPE_DURATION, (int64_t)facts->summary->facts.waste_ns);
        return true;
}

TELLER(tell_waste_cost)
{
        (void)key;
        clew_values_add_number(out, facts->summary->facts.waste_usd);
        return true;
}

TELLER(tell_run_cost)
{
        (void)key;
        if (facts->summary->has_cost)
                clew_values_add_number(out, facts->summary->cost_usd);
        return true;
}

/* The step that the rules blame. */
READER(read_cause)
{
        (void)key;
        if (at->facts->summary->cause.step == step + 1)
                clew_values_add_bool(out, true);
}

/* ---- facts of a step --------------------------------------------------------------------------
 */

READER(read_step)
{
        (void)at;
        (void)key;
        clew_values_add_int(out, CLEW_TYPE_INT, (int64_t)step + 1);
}

READER(read_kind)
{
        (void)key;
        clew_values_add_text(out, clew_slice_of_cstr(clew_kind_name(step_of(at, step)->kind)));
}

READER(read_label)
{
        (void)key;
        clew_values_add_text(out, step_of(at, step)->name);
}

/* As the lists of a summary count: wrappers, fragments and the like are no calls. */
static bool counts(const struct clew_step *s)
{
        return !clew_step_is(s, CLEW_STEP_WRAPPER | CLEW_STEP_FRAGMENT | CLEW_STEP_POLL |
                                        CLEW_STEP_STANDIN | CLEW_STEP_SETUP);
}

READER(read_tool)
{
        const struct clew_step *s = step_of(at, step);

        (void)key;
        if (s->kind == CLEW_KIND_TOOL && counts(s))
                clew_values_add_text(out, s->tool_name);
}

READER(read_model)
{
        const struct clew_step *s = step_of(at, step);

        (void)key;
        if (s->kind == CLEW_KIND_LLM && counts(s))
                clew_values_add_text(out, s->model);
}

/* The agent that the step belongs to, itself when it is one. */
READER(read_agent)
{
        uint32_t agent = step_of(at, step)->agent;

        (void)key;
        while (agent != CLEW_STEP_NONE) {
                const struct clew_step *a = step_of(at, agent);

                if (counts(a) && a->kind == CLEW_KIND_AGENT && a->agent_name.len > 0) {
                        clew_values_add_text(out, a->agent_name);
                        return;
                }
                agent = a->parent == CLEW_STEP_NONE ? CLEW_STEP_NONE
                                                    : step_of(at, a->parent)->agent;
        }
}

#define TELL_NAMES(fn, names, count)                                                               \
        TELLER(fn)                                                                                 \
        {                                                                                          \
                bool whole = !facts->summary->more;                                                \
                (void)key;                                                                         \
                for (uint32_t i = 0; i < facts->summary->count; i++)                               \
                        whole &= clew_tell_text(facts->summary->names[i].name, out);               \
                return whole;                                                                      \
        }

TELL_NAMES(tell_tools, tools, n_tools)
TELL_NAMES(tell_models, models, n_models)
TELL_NAMES(tell_agents, agents, n_agents)

READER(read_session)
{
        const struct clew_step *s = step_of(at, step);

        (void)key;
        clew_values_add_text(out, s->session);
        clew_values_add_text(out, s->other_session);
        if (step == at->speaker) {
                clew_values_add_text(out, at->trace->session);
                clew_values_add_text(out, at->trace->other_session);
        }
}

TELLER(tell_sessions)
{
        const struct clew_summary *s = facts->summary;
        bool whole = clew_tell_text(s->session, out) && !s->more;

        (void)key;
        for (uint32_t i = 0; i < s->n_sessions; i++)
                whole &= clew_tell_text(s->sessions[i], out);
        return whole;
}

READER(read_error)
{
        (void)key;
        clew_values_add_bool(out, step_of(at, step)->error.is_error);
}

READER(read_error_type)
{
        (void)key;
        clew_values_add_text(out, step_of(at, step)->error.type);
}

READER(read_error_message)
{
        (void)key;
        clew_values_add_text(out, step_of(at, step)->error.message);
}

static void add_tokens(const struct clew_step *s, unsigned bit, uint64_t v, struct clew_values *out)
{
        if (clew_step_is(s, CLEW_STEP_BOOKED) && (bit == 0 || (s->tokens.has & bit) != 0))
                clew_values_add_int(out, CLEW_TYPE_INT, (int64_t)v);
}

READER(read_tokens)
{
        const struct clew_step *s = step_of(at, step);

        (void)key;
        if (s->tokens.has != 0)
                add_tokens(s, 0, s->tokens.total, out);
}

READER(read_tokens_in)
{
        const struct clew_step *s = step_of(at, step);

        (void)key;
        add_tokens(s, CLEW_TOKENS_IN, s->tokens.in, out);
}

READER(read_tokens_out)
{
        const struct clew_step *s = step_of(at, step);

        (void)key;
        add_tokens(s, CLEW_TOKENS_OUT, s->tokens.out, out);
}

READER(read_tokens_cached)
{
        const struct clew_step *s = step_of(at, step);

        (void)key;
        add_tokens(s, CLEW_TOKENS_CACHE_READ, s->tokens.cache_read, out);
}

READER(read_cost)
{
        const struct clew_step *s = step_of(at, step);

        (void)key;
        if (clew_step_is(s, CLEW_STEP_BOOKED) && s->has_cost)
                clew_values_add_number(out, s->cost_usd);
}

READER(read_provider)
{
        (void)key;
        clew_values_add_text(out, step_of(at, step)->provider);
}

READER(read_finish)
{
        (void)key;
        clew_values_add_text(out, step_of(at, step)->finish_reason);
}

READER(read_dialect)
{
        (void)key;
        clew_values_add_text(out,
                             clew_slice_of_cstr(clew_dialect_name(step_of(at, step)->dialect)));
}

READER(read_arguments)
{
        (void)key;
        clew_values_add_text(out, step_of(at, step)->tool_arguments);
}

READER(read_result)
{
        (void)key;
        clew_values_add_text(out, step_of(at, step)->tool_result);
}

READER(read_result_error)
{
        const struct clew_step *s = step_of(at, step);
        const bool *failed = s->kind == CLEW_KIND_TOOL ? clew_run_at_judged(at) : NULL;

        (void)key;
        if (s->kind == CLEW_KIND_TOOL)
                clew_values_add_bool(out, failed ? failed[step] : s->error.is_error);
}

READER(read_input)
{
        (void)key;
        clew_values_add_text(out, step_of(at, step)->input);
}

READER(read_output)
{
        (void)key;
        clew_values_add_text(out, step_of(at, step)->output);
}

/* ---- scores -----------------------------------------------------------------------------------
 */

/* A score with a label alone is asked for by it: span.clew.score.correct = "pass". */
static void add_score(struct clew_values *out, bool has_value, double value,
                      struct clew_slice label)
{
        if (has_value)
                clew_values_add_number(out, value);
        clew_values_add_text(out, label);
}

/* What people said; nothing when it cannot be read, which the walk of notes tells elsewhere. */
static struct clew_query_said said_of(const struct clew_query_facts *facts,
                                      struct clew_arena *arena)
{
        struct clew_query_said said = {0};

        if (facts->say && facts->say(facts->say_context, &facts->id, arena, &said) < 0)
                return (struct clew_query_said){0};
        return said;
}

TELLER(tell_score)
{
        const struct clew_summary *s = facts->summary;
        struct clew_query_said said = said_of(facts, out->arena);

        for (uint32_t i = 0; i < s->n_scores; i++) {
                if (clew_slice_eq(s->scores[i].name, key))
                        add_score(out, s->scores[i].has_value, s->scores[i].value,
                                  s->scores[i].label);
        }
        for (uint32_t i = 0; i < said.n_scores; i++) {
                if (clew_slice_eq(said.scores[i].name, key))
                        add_score(out, said.scores[i].has_value, said.scores[i].value,
                                  said.scores[i].label);
        }
        return !s->more;
}

TELLER(tell_labels)
{
        struct clew_query_said said = said_of(facts, out->arena);

        (void)key;
        for (uint32_t i = 0; i < said.n_labels; i++)
                clew_values_add_text(out, said.labels[i]);
        return true;
}

static bool is_about(const struct clew_run_at *at, const struct clew_score *score, uint32_t step)
{
        return score->place == CLEW_SCORE_HERE && score->target == CLEW_SCORE_STEP &&
               score->step == step && step != at->trace->root;
}

READER(read_score)
{
        const struct clew_trace *t = at->trace;

        if (step == at->speaker)
                (void)tell_score(at->facts, key, out);
        for (uint32_t i = 0; i < t->n_scores; i++) {
                if (is_about(at, &t->scores[i], step) && clew_slice_eq(t->scores[i].name, key))
                        add_score(out, t->scores[i].has_value, t->scores[i].value,
                                  t->scores[i].label);
        }
}

/* ---- any attribute, as text -------------------------------------------------------------------
 */

/* Numbers as people write them: 0.1 is found as 0.1, whatever its last binary digit. */
static void add_double_texts(struct clew_values *out, double v)
{
        struct clew_slice last = CLEW_SLICE_NULL;

        for (int digits = 6; digits <= 17; digits++) {
                struct clew_slice text = clew_arena_printf(out->arena, "%.*g", digits, v);

                if (!clew_slice_eq(text, last))
                        clew_values_add_text(out, text);
                last = text;
        }
}

static void add_as_texts(struct clew_message_iter it, struct clew_slice key,
                         struct clew_values *out)
{
        struct clew_slice found;
        struct clew_slice raw;

        while (clew_attribute_next_raw(&it, &found, &raw)) {
                struct clew_values all = {.arena = out->arena};
                struct clew_value v;

                if (!clew_slice_eq(found, key))
                        continue;
                if (clew_value_parse(raw, &v) && v.type == CLEW_VALUE_BYTES)
                        clew_values_add_text(out, v.bytes);
                else if (clew_value_parse(raw, &v))
                        clew_values_add_value(&all, &v);
                for (uint32_t i = 0; i < all.n; i++) {
                        const struct clew_operand *o = &all.items[i];

                        if (o->type == CLEW_TYPE_INT)
                                clew_values_add_text(out, clew_arena_printf(out->arena, "%lld",
                                                                            (long long)o->integer));
                        else if (o->type == CLEW_TYPE_FLOAT)
                                add_double_texts(out, o->number);
                        else if (o->type == CLEW_TYPE_BOOL)
                                clew_values_add_text(
                                        out, clew_slice_of_cstr(o->boolean ? "true" : "false"));
                        else
                                clew_values_add(out, o);
                }
                /* It is there, whatever it holds. */
                clew_values_add(out, &(struct clew_operand){.type = CLEW_TYPE_OTHER});
        }
}

READER(read_any_attribute)
{
        const struct clew_trace *t = at->trace;
        const struct clew_step *s = step_of(at, step);
        struct clew_message_iter it = clew_span_events(&s->span);
        struct clew_span_event event;
        struct clew_span_link link;

        add_as_texts(clew_span_attributes(&s->span), key, out);
        while (clew_span_event_next(&it, &event))
                add_as_texts(clew_event_attributes(&event), key, out);
        it = clew_span_links(&s->span);
        while (clew_span_link_next(&it, &link))
                add_as_texts(clew_link_attributes(&link), key, out);
        add_as_texts(clew_scope_attributes(s->scope), key, out);
        add_as_texts(clew_resource_attributes(s->resource), key, out);
        for (uint32_t i = 0; i < t->n_logs; i++) {
                bool mine = (i >= s->logs && i - s->logs < s->n_logs) ||
                            (step == at->speaker && i >= t->n_logs - t->n_loose_logs);

                if (!mine)
                        continue;
                add_as_texts(clew_log_attributes(&t->logs[i].record), key, out);
                add_as_texts(clew_resource_attributes(t->logs[i].resource), key, out);
                add_as_texts(clew_scope_attributes(t->logs[i].scope), key, out);
        }
}

/* Compared by patterns only: language/evaluate.c reads them in its own way. */
READER(read_special)
{
        (void)at;
        (void)step;
        (void)key;
        (void)out;
}

/* ---- the table --------------------------------------------------------------------------------
 */

static const char *const outcome_words[] = {"ok",   "passed", "failed",    "error",   "open",
                                            "lost", "paused", "cancelled", "unknown", NULL};
static const char *const kind_words[] = {
        "generic",   "agent",     "llm",    "tool",   "retriever", "embedding", "reranker", "chain",
        "guardrail", "evaluator", "prompt", "memory", "mcp",       "handoff",   "event",    NULL};

#define TEXT CLEW_TYPE_TEXT
#define INT CLEW_TYPE_INT
#define TIME CLEW_TYPE_DURATION
#define NUMBER CLEW_TYPE_FLOAT
#define NONE CLEW_COVER_NONE
#define ALL CLEW_COVER_ALL
#define RUN CLEW_COVER_RUN
#define FACTS CLEW_NEED_FACTS

static const struct clew_field_row rows[] = {
        /* clang-format off */
        {"name", "span:name", TEXT, NONE, 0, clew_read_name, NULL, NULL, "span", NULL,
         "name of the span, as sent"},
        {"status", "span:status", CLEW_TYPE_STATUS, NONE, 0, clew_read_status, NULL, NULL, "span", NULL,
         "ok, error or unset, as sent"},
        {"statusMessage", "span:statusMessage", TEXT, NONE, 0, clew_read_status_message, NULL, NULL,
         "span", NULL, "message of the status"},
        {"kind", "span:kind", CLEW_TYPE_SPAN_KIND, NONE, 0, clew_read_span_kind, NULL, NULL, "span",
         NULL, "internal, server, client, producer, consumer"},
        {"duration", "span:duration", TIME, NONE, 0, clew_read_duration, NULL, NULL, "span", NULL,
         "end less start; 0 while it is open"},
        {"span:id", NULL, TEXT, NONE, 0, clew_read_span_id, NULL, NULL, "span", NULL, "16 hex digits"},
        {"span:parentID", NULL, TEXT, NONE, 0, clew_read_parent_id, NULL, NULL, "span", NULL,
         "of the parent; nil on a root"},
        {"childCount", "span:childCount", INT, NONE, 0, clew_read_children, NULL, NULL, "span", NULL,
         "direct children"},
        {"nestedSetLeft", NULL, INT, NONE, 0, clew_read_left, NULL, NULL, "span", NULL,
         "place of its beginning in the tree"},
        {"nestedSetRight", NULL, INT, NONE, 0, clew_read_right, NULL, NULL, "span", NULL,
         "place of its end in the tree"},
        {"nestedSetParent", NULL, INT, NONE, 0, clew_read_parent, NULL, NULL, "span", NULL,
         "nestedSetLeft of the parent; below 0 on roots"},
        {"trace:id", NULL, TEXT, ALL, 0, NULL, clew_tell_trace_id, NULL, "trace", "trace_id",
         "32 hex digits"},
        {"trace:duration", "traceDuration", TIME, ALL, 0, NULL, clew_tell_trace_duration, NULL, "trace",
         "duration_nano", "from the first start to the last end"},
        {"trace:rootName", "rootName", TEXT, NONE, 0, clew_read_root_name, NULL, NULL, "trace", NULL,
         "name of the root span"},
        {"trace:rootService", "rootServiceName", TEXT, ALL, 0, clew_read_root_service,
         clew_tell_root_service, NULL, "trace", "service", "service.name of the root"},
        {"event:name", NULL, TEXT, NONE, 0, clew_read_event_name, NULL, NULL, "event", NULL,
         "of each event of the span"},
        {"event:timeSinceStart", NULL, TIME, NONE, 0, clew_read_event_time, NULL, NULL, "event", NULL,
         "from the span's start to the event"},
        {"link:traceID", NULL, TEXT, NONE, 0, clew_read_link_trace, NULL, NULL, "link", NULL,
         "trace that a link names"},
        {"link:spanID", NULL, TEXT, NONE, 0, clew_read_link_span, NULL, NULL, "link", NULL,
         "span that a link names"},
        {"instrumentation:name", NULL, TEXT, NONE, 0, clew_read_scope_name, NULL, NULL, "scope", NULL,
         "of the instrumentation scope"},
        {"instrumentation:version", NULL, TEXT, NONE, 0, clew_read_scope_version, NULL, NULL, "scope",
         NULL, "of the instrumentation scope"},

        {"span.clew.outcome", NULL, TEXT, RUN, 0, NULL, tell_outcome, outcome_words, "run",
         "outcome", "ok (or passed), failed (or error), open (or lost)"},
        {"span.clew.name", NULL, TEXT, RUN, 0, NULL, tell_run_name, NULL, "run", "name",
         "name of the run, as lists show it"},
        {"span.clew.user", NULL, TEXT, RUN, 0, NULL, tell_user, NULL, "run", "user", "who it was for"},
        {"span.clew.session", NULL, TEXT, CLEW_COVER_MANY, 0, read_session, tell_sessions, NULL,
         "step", "session", "session or conversation id"},
        {"span.clew.error.first", NULL, TEXT, RUN, 0, NULL, tell_error, NULL, "run", "error",
         "the error that lists show"},
        {"span.clew.cause", NULL, CLEW_TYPE_BOOL, NONE, FACTS, read_cause, NULL, NULL, "step", NULL,
         "true on the step that the rules blame"},
        {"span.clew.cause.rule", NULL, TEXT, RUN, FACTS, NULL, tell_cause_rule, NULL, "run",
         "cause.rule", "rule that explains the failure"},
        {"span.clew.cause.step", NULL, INT, RUN, FACTS, NULL, tell_cause_step, NULL, "run",
         "cause.step", "number of the blamed step"},
        {"span.clew.cause.detail", NULL, TEXT, RUN, FACTS, NULL, tell_cause_detail, NULL, "run",
         "cause.detail", "the finding in one line"},
        {"span.clew.signature", NULL, TEXT, RUN, FACTS, NULL, tell_signature, NULL, "run",
         "cause.signature", "kind of failure; clew clusters groups by it"},
        {"span.clew.loops", NULL, INT, RUN, FACTS, NULL, tell_loops, NULL, "run", "loops",
         "loops: same calls and answers, three times"},
        {"span.clew.loop", NULL, INT, RUN, FACTS, NULL, tell_loop_rounds, NULL, "run", "loop.rounds",
         "rounds of the longest loop"},
        {"span.clew.stalls", NULL, INT, RUN, FACTS, NULL, tell_stalls, NULL, "run", "stalls",
         "stretches of model calls that learnt nothing"},
        {"span.clew.stall", NULL, INT, RUN, FACTS, NULL, tell_stall_calls, NULL, "run", NULL,
         "model calls of the longest stall"},
        {"span.clew.retries", NULL, INT, RUN, FACTS, NULL, tell_retries, NULL, "run", "retries",
         "failed calls that were made again"},
        {"span.clew.waste.steps", NULL, INT, RUN, FACTS, NULL, tell_waste_steps, NULL, "run",
         "waste.steps", "steps that changed nothing"},
        {"span.clew.waste.tokens", NULL, INT, RUN, FACTS, NULL, tell_waste_tokens, NULL, "run",
         "waste.tokens", "tokens of those steps"},
        {"span.clew.waste.time", NULL, TIME, RUN, FACTS, NULL, tell_waste_time, NULL, "run",
         "waste.duration_nano", "time of those steps"},
        {"span.clew.waste.cost", NULL, NUMBER, RUN, FACTS, NULL, tell_waste_cost, NULL, "run",
         "waste.cost_usd", "dollars of those steps"},
        {"span.clew.run.tokens", NULL, INT, RUN, 0, NULL, tell_run_tokens, NULL, "run",
         "tokens_total", "tokens of the whole run"},
        {"span.clew.run.cost", NULL, NUMBER, RUN, 0, NULL, tell_run_cost, NULL, "run", "cost_usd",
         "dollars of the whole run"},
        {"span.clew.run.steps", NULL, INT, RUN, 0, NULL, tell_run_steps, NULL, "run", "steps",
         "steps of the run"},
        {"span.clew.run.spans", NULL, INT, RUN, 0, NULL, tell_run_spans, NULL, "run", "spans",
         "spans of the run"},
        {"span.clew.run.errors", NULL, INT, RUN, 0, NULL, tell_run_errors, NULL, "run", "errors",
         "failed steps of the run"},
        {"span.clew.run.llm_calls", NULL, INT, RUN, 0, NULL, tell_run_llm, NULL, "run",
         "llm_calls", "model calls of the run"},
        {"span.clew.run.tool_calls", NULL, INT, RUN, 0, NULL, tell_run_tool, NULL, "run",
         "tool_calls", "tool calls of the run"},

        {"span.clew.step", NULL, INT, NONE, 0, read_step, NULL, NULL, "step", NULL,
         "number of the step, as in ID#9"},
        {"span.clew.kind", NULL, TEXT, NONE, 0, read_kind, NULL, kind_words, "step", NULL,
         "agent, llm, tool, retriever, handoff, chain ..."},
        {"span.clew.step.name", NULL, TEXT, NONE, 0, read_label, NULL, NULL, "step", NULL,
         "name of the step, as trees show it"},
        {"span.clew.tool", NULL, TEXT, CLEW_COVER_ANY, 0, read_tool, tell_tools, NULL, "step",
         "tools", "tool that was called, whatever the dialect"},
        {"span.clew.model", NULL, TEXT, CLEW_COVER_ANY, 0, read_model, tell_models, NULL, "step",
         "models", "model that answered"},
        {"span.clew.agent", NULL, TEXT, CLEW_COVER_ANY, 0, read_agent, tell_agents, NULL, "step",
         "agents", "agent that the step belongs to"},
        {"span.clew.error", NULL, CLEW_TYPE_BOOL, NONE, 0, read_error, NULL, NULL, "step", NULL,
         "the step failed, by whatever sign"},
        {"span.clew.error.type", NULL, TEXT, NONE, 0, read_error_type, NULL, NULL, "step", NULL,
         "type of its error"},
        {"span.clew.error.message", NULL, TEXT, NONE, 0, read_error_message, NULL, NULL, "step",
         NULL, "message of its error"},
        {"span.clew.tokens", NULL, INT, NONE, 0, read_tokens, NULL, NULL, "step", NULL,
         "tokens booked on the step"},
        {"span.clew.tokens.in", NULL, INT, NONE, 0, read_tokens_in, NULL, NULL, "step", NULL,
         "input tokens, cached ones included"},
        {"span.clew.tokens.out", NULL, INT, NONE, 0, read_tokens_out, NULL, NULL, "step", NULL,
         "output tokens, reasoning included"},
        {"span.clew.tokens.cached", NULL, INT, NONE, 0, read_tokens_cached, NULL, NULL, "step",
         NULL, "input tokens read from a cache"},
        {"span.clew.cost", NULL, NUMBER, NONE, 0, read_cost, NULL, NULL, "step", NULL,
         "dollars booked on the step"},
        {"span.clew.provider", NULL, TEXT, NONE, 0, read_provider, NULL, NULL, "step", NULL,
         "provider of the model"},
        {"span.clew.finish_reason", NULL, TEXT, NONE, 0, read_finish, NULL, NULL, "step", NULL,
         "stop, length, tool_call, content_filter, error"},
        {"span.clew.dialect", NULL, TEXT, NONE, 0, read_dialect, NULL, NULL, "step", NULL,
         "convention that the span is written in"},
        {"span.clew.tool.arguments", NULL, TEXT, NONE, CLEW_NEED_TEXTS, read_arguments, NULL, NULL,
         "step", NULL, "arguments of a tool call"},
        {"span.clew.tool.result", NULL, TEXT, NONE, CLEW_NEED_TEXTS, read_result, NULL, NULL,
         "step", NULL, "what a tool answered"},
        {"span.clew.result_error", NULL, CLEW_TYPE_BOOL, NONE, CLEW_NEED_TEXTS | CLEW_NEED_EDGES,
         read_result_error, NULL, NULL, "step", NULL,
         "the tool call failed, by a sign or by its answer"},
        {"span.clew.input", NULL, TEXT, NONE, CLEW_NEED_TEXTS, read_input, NULL, NULL, "step",
         NULL, "input of the step, as sent"},
        {"span.clew.output", NULL, TEXT, NONE, CLEW_NEED_TEXTS, read_output, NULL, NULL, "step",
         NULL, "output of the step, as sent"},
        {"span.clew.label", NULL, TEXT, RUN, 0, NULL, tell_labels, NULL, "run", NULL,
         "labels that people gave, steps included"},
        {"span.clew.score.", NULL, CLEW_TYPE_ANY, CLEW_COVER_SOME, 0, read_score, tell_score, NULL,
         "step", "scores", "score of that name: its value, and its label"},
        {"span.clew.attr.", NULL, TEXT, NONE, 0, read_any_attribute, NULL, NULL, "step", NULL,
         "attribute of that key, as text, wherever it stands"},
        {"span.clew.text", NULL, TEXT, NONE, 0, read_special, NULL, NULL, "step", NULL,
         "every text of the span; only =~ and !~"},
        {"span.clew.path", NULL, TEXT, NONE, 0, read_special, NULL, NULL, "run", NULL,
         "row of steps; only =~, !~ (clew help path)"},
        /* clang-format on */
};

const struct clew_field_row *clew_field_rows(size_t *ret_n)
{
        *ret_n = CLEW_ARRAY_LEN(rows);
        return rows;
}

bool clew_field_is_key(const struct clew_field_ref *ref)
{
        return !ref->row || ref->row->read == read_any_attribute;
}

bool clew_field_is_text(const struct clew_field_row *row)
{
        return row->read == read_special && strcmp(row->name, "span.clew.text") == 0;
}

bool clew_field_is_session(const struct clew_field_row *row)
{
        return row->read == read_session;
}

bool clew_field_is_path(const struct clew_field_row *row)
{
        return row->read == read_special && !clew_field_is_text(row);
}

const struct clew_field_row *clew_field_find(struct clew_slice name, struct clew_slice *ret_rest)
{
        *ret_rest = CLEW_SLICE_NULL;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(rows); i++) {
                struct clew_slice row = clew_slice_of_cstr(rows[i].name);

                if (clew_slice_eq(name, row) ||
                    (rows[i].alias && clew_slice_eq_cstr(name, rows[i].alias)))
                        return row.data[row.len - 1] == '.' ? NULL : &rows[i];
                if (row.data[row.len - 1] == '.' && clew_slice_starts_with(name, row)) {
                        *ret_rest = clew_slice_from(name, row.len);
                        return &rows[i];
                }
        }
        return NULL;
}

/* ---- near names -------------------------------------------------------------------------------
 */

#define NEAR_BYTES_MAX 64u

size_t clew_edit_distance(struct clew_slice a, struct clew_slice b, size_t max)
{
        size_t row[NEAR_BYTES_MAX + 1];

        if (a.len > NEAR_BYTES_MAX || b.len > NEAR_BYTES_MAX || a.len > b.len + max ||
            b.len > a.len + max)
                return max + 1;
        for (size_t j = 0; j <= b.len; j++)
                row[j] = j;
        for (size_t i = 1; i <= a.len; i++) {
                size_t diagonal = row[0];

                row[0] = i;
                for (size_t j = 1; j <= b.len; j++) {
                        size_t replace = diagonal + (a.data[i - 1] != b.data[j - 1]);
                        size_t step = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

                        diagonal = row[j];
                        row[j] = replace < step ? replace : step;
                }
        }
        return row[b.len] > max ? max + 1 : row[b.len];
}

/* "model" for span.clew.model: the name without what stands before it. */
static const char *named_short(struct clew_slice name)
{
        static const char prefix[] = "span.clew.";
        const struct clew_slice clew = CLEW_SLICE_LITERAL("clew.");

        if (clew_slice_starts_with(name, clew))
                name = clew_slice_from(name, clew.len);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(rows); i++) {
                size_t n = sizeof(prefix) - 1;

                if (strncmp(rows[i].name, prefix, n) == 0 &&
                    clew_slice_eq_cstr(name, rows[i].name + n))
                        return rows[i].name;
        }
        return NULL;
}

const char *clew_field_nearest(struct clew_slice name)
{
        const char *best = named_short(name);
        size_t least = name.len > 8 ? 4 : 3;

        if (best)
                return best;

        for (size_t i = 0; i < CLEW_ARRAY_LEN(rows); i++) {
                struct clew_slice row = clew_slice_of_cstr(rows[i].name);
                struct clew_slice alias = clew_slice_of_cstr(rows[i].alias);
                size_t d = clew_edit_distance(name, row, least);
                size_t e = alias.len ? clew_edit_distance(name, alias, least) : d;

                if (d < least || e < least) {
                        best = d <= e ? rows[i].name : rows[i].alias;
                        least = d < e ? d : e;
                }
        }
        return best;
}

bool clew_query_is_near(struct clew_slice name, const char *known)
{
        return clew_edit_distance(name, clew_slice_of_cstr(known), 2) <= 2;
}

bool clew_query_field_at(size_t i, struct clew_query_field_help *ret)
{
        static const char *const types[CLEW_TYPE_COUNT] = {
                [CLEW_TYPE_BOOL] = "true/false", [CLEW_TYPE_INT] = "number",
                [CLEW_TYPE_FLOAT] = "number",    [CLEW_TYPE_DURATION] = "time",
                [CLEW_TYPE_TEXT] = "text",       [CLEW_TYPE_STATUS] = "status",
                [CLEW_TYPE_SPAN_KIND] = "kind",  [CLEW_TYPE_ANY] = "number/text",
        };

        if (i >= CLEW_ARRAY_LEN(rows))
                return false;
        *ret = (struct clew_query_field_help){rows[i].name, types[rows[i].type], rows[i].where,
                                              rows[i].record, rows[i].help};
        return true;
}
