/*
 * clew show: one step in full.
 *
 * First what the model makes of the step, then its texts, then everything the span carries: what is
 * not interpreted is still seen. --raw gives the span as it was sent, as OTLP JSON.
 */
#include "query/cli/show-int.h"

#include "proto/otlp/json.h"
#include "query/answer/brief.h"
#include "query/answer/safe.h"
#include "query/answer/step-record.h"
#include "query/answer/trace-record.h"
#include "query/answer/when.h"
#include "query/cli/commands.h"
#include "query/cli/open.h"
#include "query/cli/output.h"
#include "query/cli/page.h"
#include "query/model/prompt.h"
#include "query/review/note.h"
#include "query/review/reviews.h"

#include <errno.h>

/* Messages of one step, with all their history. */
#define SCRATCH_MAX ((size_t)2 << 30)
/* Edges of one step that are listed: an answer may ask for hundreds of calls. */
#define EDGES_MAX 24u
#define EDGE_NAME_COLUMNS ((size_t)40) /* of the step at its other end */
/* Log records without a trace that --logs reads. */
#define UNCORRELATED_BYTES_MAX ((size_t)256 << 20)

/* Every difference, however small, and the end as sent when it lies before the start. */
static void put_skew(struct clew_show *v)
{
        struct clew_skew k = clew_step_skew(v->opened.trace, v->opened.step);
        uint32_t parent = v->step->parent + 1;
        char text[CLEW_WHEN_TEXT];
        char end[CLEW_WHEN_TEXT];

        if (k.before_ns > 0) {
                clew_when_length(k.before_ns, text);
                clew_page_fieldf(&v->page, "clock", CLEW_SLICE_NULL,
                                 "starts %s before its parent #%u", text, parent);
        }
        if (k.after_ns > 0) {
                clew_when_length(k.after_ns, text);
                clew_page_fieldf(&v->page, "clock", CLEW_SLICE_NULL, "ends %s after its parent #%u",
                                 text, parent);
        }
        if (k.negative_ns > 0) {
                clew_when_length(k.negative_ns, text);
                clew_when_full(v->step->end_ns, v->look.utc, end);
                clew_page_fieldf(&v->page, "clock", CLEW_SLICE_NULL,
                                 "ends %s before it starts, at %s; taken as 0", text, end);
        }
}

static void put_trace_line(struct clew_show *v)
{
        const struct clew_trace *trace = v->opened.trace;
        const struct clew_step *s = v->step;
        char hex[CLEW_TRACE_ID_HEX];
        char text[CLEW_WHEN_TEXT];

        clew_trace_id_to_hex(&trace->id, hex);
        clew_page_words(&v->page, "trace", clew_slice_of_cstr(hex));
        clew_span_id_to_hex(&s->span.span_id, hex);
        clew_page_field(&v->page, "span", clew_slice_of_cstr(hex));
        if (s->parent != CLEW_STEP_NONE) {
                const struct clew_step *parent = &trace->steps[s->parent];

                clew_page_fieldf(&v->page, "parent", clew_step_label(parent), "#%u %s ",
                                 s->parent + 1, clew_kind_word(parent->kind));
        }
        if (s->agent != CLEW_STEP_NONE && s->agent != s->parent && s->kind != CLEW_KIND_AGENT)
                clew_page_fieldf(&v->page, "agent", clew_step_label(&trace->steps[s->agent]),
                                 "#%u ", s->agent + 1);
        if (s->start_ns > 0 && !clew_step_is(s, CLEW_STEP_STANDIN)) {
                char took[CLEW_WHEN_TEXT];
                char offset[CLEW_WHEN_TEXT];

                clew_when_full(s->start_ns, v->look.utc, text);
                clew_when_offset(s->start_ns >= trace->start_ns ? s->start_ns - trace->start_ns : 0,
                                 offset);
                clew_when_length(clew_step_duration_ns(s), took);
                clew_buffer_clear(&v->raw);
                clew_buffer_printf(&v->raw, "+%s  %s%s  %s", offset,
                                   s->end_ns > 0 ? "took " : "still open",
                                   s->end_ns > 0 ? took : "", text);
                clew_page_words(&v->page, "start", clew_buffer_slice(&v->raw));
                put_skew(v);
        }
}

void clew_show_token_parts(const struct clew_tokens *tokens, struct clew_buffer *out)
{
        const struct {
                const char *label;
                uint64_t count;
        } parts[] = {
                {"cache written", tokens->cache_write}, {"audio in", tokens->in_audio},
                {"audio out", tokens->out_audio},       {"image in", tokens->in_image},
                {"image out", tokens->out_image},
        };

        for (size_t i = 0; i < CLEW_ARRAY_LEN(parts); i++) {
                if (parts[i].count > 0)
                        clew_buffer_printf(out, ", %s %llu", parts[i].label,
                                           (unsigned long long)parts[i].count);
        }
}

static void put_tokens(struct clew_show *v)
{
        const struct clew_tokens *k = &v->step->tokens;

        if (k->total == 0)
                return;
        clew_buffer_clear(&v->raw);
        clew_buffer_printf(&v->raw, "%llu (in %llu, out %llu", (unsigned long long)k->total,
                           (unsigned long long)k->in, (unsigned long long)k->out);
        if (k->cache_read > 0)
                clew_buffer_printf(&v->raw, ", cached %llu", (unsigned long long)k->cache_read);
        if (k->reasoning > 0)
                clew_buffer_printf(&v->raw, ", reasoning %llu", (unsigned long long)k->reasoning);
        clew_show_token_parts(k, &v->raw);
        clew_buffer_append_cstr(&v->raw, ")");
        if (clew_step_is(v->step, CLEW_STEP_ROLLUP))
                clew_buffer_append_cstr(&v->raw, " repeats its descendants");
        if (clew_step_is(v->step, CLEW_STEP_CUMULATIVE))
                clew_buffer_append_cstr(&v->raw,
                                        " its own part of the running total that was sent");
        clew_page_words(&v->page, "tokens", clew_buffer_slice(&v->raw));
}

/* "temperature 0, max_tokens 64" */
static void put_parameters(struct clew_show *v)
{
        const struct clew_parameter *p = NULL;
        uint32_t n = 0;

        clew_arena_reset(&v->scratch);
        if (v->step->model.len == 0 || clew_step_parameters(v->step, &v->scratch, &p, &n) < 0)
                return;
        clew_buffer_clear(&v->raw);
        for (uint32_t i = 0; i < n; i++) {
                clew_buffer_append_cstr(&v->raw, i > 0 ? ", " : "");
                clew_buffer_append_slice(&v->raw, p[i].name);
                clew_buffer_append_cstr(&v->raw, " ");
                clew_buffer_append_slice(&v->raw, p[i].value);
        }
        clew_page_field(&v->page, "parameters", clew_buffer_slice(&v->raw));
}

/* "search, lookup": the tools that the request offers. */
static void put_tools(struct clew_show *v)
{
        const struct clew_tool_definition *tools = NULL;
        uint32_t n = 0;

        clew_arena_reset(&v->scratch);
        if ((v->step->kind != CLEW_KIND_LLM && v->step->kind != CLEW_KIND_AGENT) ||
            clew_step_tool_definitions(v->opened.trace, v->step, &v->scratch, &tools, &n) < 0 ||
            n == 0)
                return;
        clew_buffer_clear(&v->raw);
        for (uint32_t i = 0; i < n; i++) {
                clew_buffer_append_cstr(&v->raw, i > 0 ? ", " : "");
                clew_buffer_append_slice(&v->raw, tools[i].name);
        }
        clew_page_words(&v->page, "offers", clew_buffer_slice(&v->raw));
}

/* Fields that steps do not keep. */
static void put_field(struct clew_show *v, const char *label, enum clew_field field)
{
        struct clew_slice text;

        clew_arena_reset(&v->scratch);
        if (clew_step_field(v->opened.trace, v->step, field, &v->scratch, &text))
                clew_page_field(&v->page, label, text);
}

/* "greet, version 7", then the template and what was put into it. */
static void put_prompt(struct clew_show *v)
{
        struct clew_prompt p;

        clew_arena_reset(&v->scratch);
        if (clew_step_prompt(v->opened.trace, v->step, &v->scratch, &p) < 0)
                return;
        clew_buffer_clear(&v->raw);
        clew_buffer_append_slice(&v->raw, p.name);
        if (p.version.len > 0) {
                clew_buffer_append_cstr(&v->raw, p.name.len > 0 ? ", version " : "version ");
                clew_buffer_append_slice(&v->raw, p.version);
        }
        clew_page_field(&v->page, "prompt", clew_buffer_slice(&v->raw));
        clew_page_field(&v->page, "template", p.template);
        clew_page_field(&v->page, "variables", p.variables);
}

static void put_model(struct clew_show *v)
{
        const struct clew_step *s = v->step;
        char text[CLEW_WHEN_TEXT];

        clew_page_field(&v->page, "model", s->model);
        if (!clew_slice_eq(s->request_model, s->model))
                clew_page_field(&v->page, "asked for", s->request_model);
        clew_page_field(&v->page, "provider", s->provider);
        put_parameters(v);
        put_prompt(v);
        put_tools(v);
        clew_page_field(&v->page, "tool", s->tool_name);
        if (s->tool_name.len > 0) {
                put_field(v, "tool type", CLEW_FIELD_TOOL_TYPE);
                put_field(v, "about", CLEW_FIELD_TOOL_DESCRIPTION);
        }
        clew_page_field(&v->page, "call id", s->tool_call_id);
        clew_page_field(&v->page, "finish", s->finish_reason);
        put_tokens(v);
        if (s->first_token_ns > 0) {
                clew_when_length(s->first_token_ns, text);
                clew_page_field(&v->page, "first token", clew_slice_of_cstr(text));
        }
        if (s->has_cost) {
                clew_cost_short(s->cost_usd, text);
                clew_page_field(&v->page, "cost", clew_slice_of_cstr(text));
        }
        clew_page_field(&v->page, "session", s->session);
        clew_page_field(&v->page, "", s->other_session);
        clew_page_field(&v->page, "user", s->user);
        put_field(v, "tags", CLEW_FIELD_TAGS);
        clew_page_field(&v->page, "dialect", clew_slice_of_cstr(clew_dialect_name(s->dialect)));
}

static void put_error(struct clew_show *v)
{
        const struct clew_step_error *e = &v->step->error;

        if (e->is_error) {
                clew_page_field(&v->page, "error", e->type.len > 0 ? e->type : e->message);
                if (e->type.len > 0)
                        clew_page_field(&v->page, "", e->message);
                clew_page_field(&v->page, "seen in",
                                clew_slice_of_cstr(clew_error_source_name(e->source)));
        }
        if (v->step->flags != 0) {
                struct clew_json_writer w;

                clew_buffer_clear(&v->raw);
                w = clew_json_writer_make(&v->raw, 0);
                clew_write_step_flags(&w, v->step->flags);
                if (v->raw.len > 2)
                        clew_page_field(&v->page, "marks", clew_buffer_slice(&v->raw));
        }
}

static void put_edge(struct clew_show *v, const struct clew_edge *e, bool outgoing)
{
        const struct clew_trace *trace = v->opened.trace;
        uint32_t other = outgoing ? e->to : e->from;
        const char *inferred = e->inferred ? " (by name and order)" : "";
        char hex[CLEW_TRACE_ID_HEX];

        clew_buffer_clear(&v->raw);
        if (other == CLEW_STEP_NONE) {
                clew_trace_id_to_hex(&e->trace_id, hex);
                clew_buffer_printf(&v->raw, "%s to trace %s", clew_edge_type_name(e->type), hex);
        } else {
                clew_buffer_printf(&v->raw, "%s %s #%u%s: ", clew_edge_type_name(e->type),
                                   outgoing ? "to" : "from", other + 1, inferred);
                clew_safe_line(&v->raw, clew_step_label(&trace->steps[other]), EDGE_NAME_COLUMNS,
                               v->look.ascii);
        }
        clew_page_words(&v->page, "edge", clew_buffer_slice(&v->raw));
}

static void put_edges(struct clew_show *v)
{
        const struct clew_trace *trace = v->opened.trace;
        uint32_t n = 0;

        for (uint32_t i = 0; i < trace->n_edges; i++) {
                const struct clew_edge *e = &trace->edges[i];

                if (e->from != v->opened.step && e->to != v->opened.step)
                        continue;
                if (n++ < EDGES_MAX || v->all)
                        put_edge(v, e, e->from == v->opened.step);
        }
        if (n > EDGES_MAX && !v->all)
                clew_page_fieldf(&v->page, "edge", CLEW_SLICE_NULL, "%u more (--all)",
                                 n - EDGES_MAX);
}

static void put_scores(struct clew_show *v)
{
        const struct clew_trace *trace = v->opened.trace;

        for (uint32_t i = 0; i < trace->n_scores; i++) {
                const struct clew_score *s = &trace->scores[i];

                if (!clew_score_is_of(trace, s, v->opened.step) && s->emitter != v->opened.step)
                        continue;
                clew_buffer_clear(&v->raw);
                clew_score_brief(s, &v->raw);
                clew_page_field(&v->page, "score", clew_buffer_slice(&v->raw));
        }
}

/* What judges said of the run: told with its root. */
static void put_judged(struct clew_show *v)
{
        struct clew_view *view = v->cli->view;
        uint32_t n =
                v->opened.step == v->opened.trace->root ? clew_note_count(view, &v->opened.id) : 0;
        uint32_t from = n > CLEW_NOTES_SHOWN_MAX ? n - CLEW_NOTES_SHOWN_MAX : 0;

        for (uint32_t i = from; i < n; i++) {
                struct clew_slice note;
                struct clew_error err = {0};

                clew_buffer_clear(&v->raw);
                if (clew_view_note(view, &v->opened.id, i, &note, &err) == 0 &&
                    clew_note_brief(note, &v->raw))
                        clew_page_field(&v->page, "judged", clew_buffer_slice(&v->raw));
        }
}

#define REVIEWS_ARENA_MAX ((size_t)64 << 20)

/* What people say of the step; with the root also what they say of the run. */
static void put_said(struct clew_show *v)
{
        const struct clew_span_id *span = &v->opened.trace->steps[v->opened.step].span.span_id;
        bool is_root = v->opened.step == v->opened.trace->root;
        CLEW_ARENA arena = {0};
        struct clew_reviews r = {0};
        struct clew_error err = {0};

        clew_arena_init(&arena, REVIEWS_ARENA_MAX);
        if (clew_reviews_of_trace(v->cli->view, &v->opened.id, &arena, &r, &err) < 0)
                clew_page_field(&v->page, "said", clew_slice_of_cstr(err.message));
        for (uint32_t i = 0; i < r.n_now; i++) {
                const struct clew_annotation *by = r.now[i].by;

                if (by->target == CLEW_ANNOTATED_SPAN ? !clew_span_id_eq(&by->span_id, span)
                                                      : !is_root)
                        continue;
                clew_buffer_clear(&v->raw);
                clew_facet_brief(&r.now[i], &v->raw);
                clew_page_field(&v->page, "said", clew_buffer_slice(&v->raw));
        }
}

static void put_origin(struct clew_show *v, const struct clew_provenance *p)
{
        clew_buffer_clear(&v->raw);
        clew_buffer_printf(&v->raw, "%s %s ", clew_field_name(p->field),
                           v->look.ascii ? "<-" : "←");
        clew_buffer_append_slice(&v->raw, p->key);
        clew_buffer_printf(&v->raw, "  (%s, %s)", clew_origin_name(p->origin),
                           clew_dialect_name(p->dialect));
        clew_page_line(&v->page, clew_buffer_slice(&v->raw));
}

static void put_why_fields(struct clew_show *v)
{
        const struct clew_step *s = v->step;

        clew_page_heading(&v->page, "FIELDS AND WHERE THEY CAME FROM");
        for (uint32_t i = 0; i < s->n_provenance; i++)
                put_origin(v, &s->provenance[i]);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(clew_unkept_fields); i++) {
                struct clew_provenance p;

                clew_arena_reset(&v->scratch);
                if (clew_step_field_origin(v->opened.trace, s, clew_unkept_fields[i], &v->scratch,
                                           &p))
                        put_origin(v, &p);
        }
}

static void put_head(struct clew_show *v)
{
        const struct clew_step *s = v->step;
        char id[CLEW_SHORT_ID];

        clew_cli_short_id(v->cli, &v->opened.id, id);
        clew_page_title(&v->page, s->error.is_error ? CLEW_TONE_BAD : CLEW_TONE_STRONG,
                        clew_step_label(s), "%s#%u  %s%s ", id, v->opened.step + 1,
                        s->error.is_error ? "ERROR  " : "", clew_kind_name(s->kind));
        put_trace_line(v);
        put_model(v);
        put_error(v);
        put_edges(v);
        put_scores(v);
        put_judged(v);
        put_said(v);
}

static int print_page(struct clew_show *v)
{
        int r;

        put_head(v);
        if (v->why_fields)
                put_why_fields(v);
        r = clew_show_texts(v);
        if (r < 0)
                return clew_cli_fail(v->cli, r, NULL);
        clew_show_span(v);
        return clew_page_error(&v->page) < 0
                       ? clew_cli_fail(v->cli, clew_page_error(&v->page), NULL)
                       : 0;
}

/* Appends field @field of wire type 2. */
static void put_message(struct clew_buffer *out, uint32_t field, struct clew_slice bytes)
{
        clew_buffer_append_varint(out, (uint64_t)field << 3 | 2);
        clew_buffer_append_varint(out, bytes.len);
        clew_buffer_append_slice(out, bytes);
}

/* TracesData with this span alone: resource_spans 1 { resource 1, scope_spans 2 { scope 1, spans 2
 * } }. */
static int print_raw(struct clew_show *v)
{
        const struct clew_step *s = v->step;
        CLEW_BUFFER scope = {0};
        CLEW_BUFFER resource = {0};
        CLEW_BUFFER data = {0};
        CLEW_BUFFER json = {0};
        int r;

        clew_buffer_init(&scope, CLEW_LINE_BYTES_MAX);
        clew_buffer_init(&resource, CLEW_LINE_BYTES_MAX);
        clew_buffer_init(&data, CLEW_LINE_BYTES_MAX);
        clew_buffer_init(&json, CLEW_LINE_BYTES_MAX);
        if (clew_step_is(s, CLEW_STEP_STANDIN)) {
                clew_cli_error(v->cli, "that span was never received; only its id is known");
                return CLEW_EXIT_USAGE;
        }
        put_message(&scope, 1, s->scope);
        put_message(&scope, 2, s->span.raw);
        put_message(&resource, 1, s->resource);
        put_message(&resource, 2, clew_buffer_slice(&scope));
        put_message(&data, 1, clew_buffer_slice(&resource));
        r = clew_buffer_error(&data);
        if (r == 0)
                r = clew_otlp_to_json(clew_buffer_slice(&data), CLEW_OTLP_TRACES, &json);
        if (r < 0)
                return clew_cli_fail(v->cli, r, NULL);
        fwrite(json.data, 1, json.len, v->cli->out);
        fputc('\n', v->cli->out);
        return 0;
}

static int print_json(struct clew_show *v)
{
        const struct clew_output_flags flags = {.json = true};
        const struct clew_step_texts texts = {&v->scratch, &v->raw};
        struct clew_output out;
        int r = clew_output_init(&out, v->cli, &flags, "step", clew_step_fields);

        if (r != 0)
                return r;
        r = clew_step_put_full(&out.writer, v->opened.trace, v->opened.step, &texts);
        clew_output_deinit(&out);
        return r < 0 ? clew_cli_fail(v->cli, r, NULL) : 0;
}

/* Agents that log without a trace context (Claude Code) name the call or the prompt: their records
 * lie under no trace, and those that name a step of this one are added. */
static int add_uncorrelated_logs(struct clew_show *v, const struct clew_trace_options *options,
                                 struct clew_arena *arena)
{
        const struct clew_trace_id none = {{0}};
        struct clew_slice traces = clew_arena_copy(arena, v->opened.data.traces);
        struct clew_slice parts[2] = {clew_arena_copy(arena, v->opened.data.logs)};
        struct clew_trace_data data;
        struct clew_error err = {0};
        int r = clew_view_load(v->cli->view, &none, &data, &err);

        if (r == -ENOENT || (r == 0 && data.logs.len > UNCORRELATED_BYTES_MAX)) {
                if (r == 0)
                        clew_cli_note(v->cli,
                                      "there are over %u MiB of log records without a "
                                      "trace; they were not searched",
                                      (unsigned)(UNCORRELATED_BYTES_MAX >> 20));
                data.logs = CLEW_SLICE_NULL;
                r = 0;
        }
        if (r < 0)
                return clew_cli_fail(v->cli, r, &err);
        /* Two LogsData messages, one after the other, are one. */
        parts[1] = data.logs;
        r = clew_trace_build(traces, clew_arena_concat(arena, parts, 2), options, arena,
                             &v->opened.trace);
        if (r == 0)
                r = clew_aimed_add(v->opened.trace, &v->opened.aimed, arena);
        return r < 0 ? clew_cli_fail(v->cli, r, NULL) : 0;
}

static int one_step(struct clew_show *v, const char *text)
{
        struct clew_trace_options options = CLEW_TRACE_FULL;
        CLEW_ARENA arena = {0};
        int r;

        options.provenance = v->why_fields || v->json;
        options.results = true;
        clew_arena_init(&arena, CLEW_TRACE_ARENA_MAX);
        clew_arena_init(&v->scratch, SCRATCH_MAX);
        clew_buffer_init(&v->raw, CLEW_LINE_BYTES_MAX);
        r = clew_cli_open_scored(v->cli, text, &options, &arena, &v->opened);
        if (r == 0) {
                if (v->opened.step == CLEW_STEP_NONE)
                        v->opened.step =
                                v->opened.trace->root != CLEW_STEP_NONE ? v->opened.trace->root : 0;
                if (v->opened.trace->n_steps == 0 && !v->logs) {
                        clew_cli_error(v->cli, "the trace has log records only, no steps; --logs "
                                               "shows them");
                        r = CLEW_EXIT_USAGE;
                }
        }
        if (r == 0 && v->logs && v->opened.trace->n_steps > 0 &&
            v->opened.trace->n_from_logs == 0 && !v->opened.joined)
                r = add_uncorrelated_logs(v, &options, &arena);
        if (r == 0 && v->logs) {
                clew_page_init(&v->page, v->cli->out, &v->look, v->all);
                clew_show_logs(v);
                if (v->opened.trace->n_logs == 0)
                        clew_cli_note(v->cli, "the trace has no log records");
                r = clew_page_error(&v->page) < 0
                            ? clew_cli_fail(v->cli, clew_page_error(&v->page), NULL)
                            : 0;
                clew_page_deinit(&v->page);
        } else if (r == 0) {
                v->step = &v->opened.trace->steps[v->opened.step];
                clew_page_init(&v->page, v->cli->out, &v->look, v->all);
                if (v->tokens)
                        r = clew_show_tokens(v);
                else if (v->raw_json)
                        r = print_raw(v);
                else
                        r = v->json ? print_json(v) : print_page(v);
                clew_page_deinit(&v->page);
        }
        clew_arena_deinit(&v->scratch);
        clew_buffer_deinit(&v->raw);
        return r;
}

int clew_cmd_show(struct clew_cli *cli, int argc, char **argv)
{
        struct clew_show v = {.cli = cli};
        struct clew_display_flags display = {0};
        struct clew_flag_set shared = {0};
        const struct clew_flag own[] = {
                {"all", 0, NULL, "whole texts and values, however long", .ret_flag = &v.all},
                {"why-fields", 0, NULL, "which key fed each field", .ret_flag = &v.why_fields},
                {"tokens", 0, NULL, "how the trace's token total comes about",
                 .ret_flag = &v.tokens},
                {"prices", 0, "FILE", "prices for --tokens, see query/README.md",
                 .ret_text = &v.price_file},
                {"logs", 0, NULL, "every log record of the trace, and the step it belongs to",
                 .ret_flag = &v.logs},
                {"raw", 0, NULL, "the span as sent, as OTLP JSON", .ret_flag = &v.raw_json},
                {"json", 0, NULL, "one JSON object", .ret_flag = &v.json},
                {0},
        };
        CLEW_ARENA ids = {0};
        struct clew_arguments args;
        int status = CLEW_EXIT_OK;
        int r;

        clew_arena_init(&ids, (size_t)64 << 20);
        clew_display_flags_add(&shared, &display);
        r = clew_options_parse(cli, argc, argv, own, shared.flags, &args);
        if (r == 0)
                r = clew_cli_expand(cli, &args, &ids);
        if (r == 0)
                r = clew_look_init(&v.look, cli, &display);
        if (r != 0)
                return r;
        if (args.n == 0) {
                clew_cli_error(cli, "show needs a step: clew show ID#STEP (clew tree ID numbers "
                                    "them)");
                return CLEW_EXIT_USAGE;
        }
        clew_pager_start(cli, &display);
        for (size_t i = 0; i < args.n; i++) {
                r = one_step(&v, args.values[i]);
                if (r > status)
                        status = r;
        }
        return status;
}
