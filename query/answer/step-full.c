/*
 * See step-full.h.
 */
#include "query/answer/step-full.h"

#include "query/answer/brief.h"
#include "query/answer/message-record-int.h"
#include "query/answer/values.h"
#include "query/model/message.h"
#include "query/model/prompt.h"

const enum clew_field clew_unkept_fields[CLEW_UNKEPT_FIELDS] = {
        CLEW_FIELD_TOOL_TYPE,      CLEW_FIELD_TOOL_DESCRIPTION, CLEW_FIELD_PROMPT_NAME,
        CLEW_FIELD_PROMPT_VERSION, CLEW_FIELD_PROMPT_TEMPLATE,  CLEW_FIELD_PROMPT_VARIABLES,
        CLEW_FIELD_TAGS,
};

/* A value with its stand-ins told. */
#define SHOWN_BYTES_MAX ((size_t)256 << 20)

/* What is being written. */
struct full {
        const struct clew_trace *trace;
        const struct clew_step *step;
        struct clew_arena *scratch;
};

/* What a rule of retention left out is told in words here as it is in messages. */
static void put_shown(struct full *v, struct clew_json_writer *w, const struct clew_value *value)
{
        CLEW_BUFFER json = {0};
        struct clew_json_writer own = clew_json_writer_make(&json, 0);

        clew_arena_reset(v->scratch);
        if (value->type == CLEW_VALUE_STRING) {
                clew_json_write_string(w, clew_stand_in_show(value->bytes, v->scratch));
                return;
        }
        clew_buffer_init(&json, SHOWN_BYTES_MAX);
        clew_write_value(&own, value);
        if (clew_buffer_error(&json) < 0)
                clew_write_value(w, value);
        else
                clew_json_write_raw(w, clew_stand_in_show(clew_buffer_slice(&json), v->scratch));
}

static void put_attributes(struct full *v, struct clew_json_writer *w, const char *key,
                           struct clew_message_iter it)
{
        struct clew_attribute a;

        clew_json_write_key(w, key);
        clew_json_write_object_begin(w);
        while (clew_attribute_next(&it, &a)) {
                clew_json_write_key_slice(w, a.key);
                if (v->trace->left_out)
                        put_shown(v, w, &a.value);
                else
                        clew_write_value(w, &a.value);
        }
        clew_json_write_object_end(w);
}

/* Each with a role that is known, and more than the text itself taken for one message. */
static bool is_conversation(const struct clew_messages *m, struct clew_slice text)
{
        for (uint32_t i = 0; i < m->n; i++) {
                const struct clew_message *one = &m->items[i];

                if (one->role == CLEW_ROLE_OTHER || one->n_parts == 0 ||
                    one->parts[0].text.len == text.len)
                        return false;
        }
        return m->n > 0;
}

int clew_shown_messages(const struct clew_trace *trace, const struct clew_step *step,
                        enum clew_direction direction, struct clew_arena *arena,
                        struct clew_messages *ret)
{
        struct clew_slice text = direction == CLEW_MESSAGES_IN ? step->input : step->output;
        bool all = clew_shows_messages(step);
        int r;

        *ret = (struct clew_messages){0};
        if (!all && ((step->kind != CLEW_KIND_AGENT && step->kind != CLEW_KIND_CHAIN) ||
                     step->tool_name.len > 0 || text.len == 0 || text.data[0] != '['))
                return 0;
        r = clew_step_messages(trace, step, direction, arena, ret);
        if (r == 0 && !all && !is_conversation(ret, text))
                *ret = (struct clew_messages){0};
        return r;
}

static int put_messages(struct full *v, struct clew_json_writer *w, const char *key,
                        enum clew_direction direction)
{
        struct clew_messages m = {0};
        int r;

        clew_arena_reset(v->scratch);
        r = clew_shown_messages(v->trace, v->step, direction, v->scratch, &m);
        if (r < 0 || (m.n == 0 && !clew_shows_messages(v->step)))
                return r;
        clew_json_write_key(w, key);
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < m.n; i++)
                clew_write_message(w, &m.items[i]);
        clew_json_write_array_end(w);
        if (m.truncated) { /* by the sender, or by a limit on its side */
                clew_json_write_key(w, direction == CLEW_MESSAGES_IN ? "input_messages_cut"
                                                                     : "output_messages_cut");
                clew_json_write_bool(w, true);
        }
        return 0;
}

static void put_events(struct full *v, struct clew_json_writer *w, const struct clew_span *span)
{
        struct clew_message_iter it = clew_span_events(span);
        struct clew_span_event e;

        clew_json_write_key(w, "events");
        clew_json_write_array_begin(w);
        while (clew_span_event_next(&it, &e)) {
                clew_json_write_object_begin(w);
                clew_json_write_key(w, "name");
                clew_json_write_string(w, e.name);
                clew_json_write_key(w, "time");
                clew_write_time(w, e.time_ns);
                put_attributes(v, w, "attributes", clew_event_attributes(&e));
                clew_json_write_object_end(w);
        }
        clew_json_write_array_end(w);
}

static void put_links(struct full *v, struct clew_json_writer *w, const struct clew_span *span)
{
        struct clew_message_iter it = clew_span_links(span);
        struct clew_span_link link;

        clew_json_write_key(w, "links");
        clew_json_write_array_begin(w);
        while (clew_span_link_next(&it, &link)) {
                clew_json_write_object_begin(w);
                clew_json_write_key(w, "trace_id");
                clew_write_trace_id(w, &link.trace_id);
                clew_json_write_key(w, "span_id");
                clew_write_span_id(w, &link.span_id);
                put_attributes(v, w, "attributes", clew_link_attributes(&link));
                clew_json_write_object_end(w);
        }
        clew_json_write_array_end(w);
}

static void put_origin(struct clew_json_writer *w, const struct clew_provenance *p)
{
        clew_json_write_key(w, clew_field_name(p->field));
        clew_json_write_object_begin(w);
        clew_write_member(w, "key", p->key);
        clew_json_write_key(w, "origin");
        clew_json_write_cstr(w, clew_origin_name(p->origin));
        clew_json_write_key(w, "dialect");
        clew_json_write_cstr(w, clew_dialect_name(p->dialect));
        clew_json_write_object_end(w);
}

static void put_provenance(struct full *v, struct clew_json_writer *w)
{
        clew_json_write_key(w, "why_fields");
        clew_json_write_object_begin(w);
        for (uint32_t i = 0; i < v->step->n_provenance; i++)
                put_origin(w, &v->step->provenance[i]);
        for (size_t i = 0; i < CLEW_UNKEPT_FIELDS; i++) {
                struct clew_provenance p;

                clew_arena_reset(v->scratch);
                if (clew_step_field_origin(v->trace, v->step, clew_unkept_fields[i], v->scratch,
                                           &p))
                        put_origin(w, &p);
        }
        clew_json_write_object_end(w);
}

/* Numbers and bools as such; a structure may be cut, and stays text. */
static void put_parameter(struct clew_json_writer *w, const struct clew_parameter *p)
{
        struct clew_json_reader r = clew_json_reader_make(p->value, 1);
        enum clew_json_token token = clew_json_next(&r);
        struct clew_json_reader first = r;

        clew_json_write_key_slice(w, p->name);
        (void)clew_json_next(&r);
        if (p->is_json && r.status == CLEW_JSON_COMPLETE &&
            (token == CLEW_JSON_NUMBER || token == CLEW_JSON_TRUE || token == CLEW_JSON_FALSE))
                clew_json_write_token(w, &first);
        else
                clew_json_write_string(w, p->value);
}

static void put_parameters(struct full *v, struct clew_json_writer *w)
{
        const struct clew_parameter *p = NULL;
        uint32_t n = 0;

        clew_arena_reset(v->scratch);
        if (v->step->model.len == 0 || clew_step_parameters(v->step, v->scratch, &p, &n) < 0 ||
            n == 0)
                return;
        clew_json_write_key(w, "parameters");
        clew_json_write_object_begin(w);
        for (uint32_t i = 0; i < n; i++)
                put_parameter(w, &p[i]);
        clew_json_write_object_end(w);
}

static void put_prompt(struct full *v, struct clew_json_writer *w)
{
        struct clew_prompt p;

        clew_arena_reset(v->scratch);
        if (clew_step_prompt(v->trace, v->step, v->scratch, &p) < 0 ||
            p.name.len + p.version.len + p.template.len + p.variables.len == 0)
                return;
        clew_json_write_key(w, "prompt");
        clew_json_write_object_begin(w);
        clew_write_member(w, "name", p.name);
        clew_write_member(w, "version", p.version);
        clew_write_member(w, "template", p.template);
        clew_write_member(w, "variables", p.variables);
        clew_json_write_object_end(w);
}

/* The tools that the request offers. */
static void put_tools(struct full *v, struct clew_json_writer *w)
{
        const struct clew_tool_definition *tools = NULL;
        uint32_t n = 0;

        clew_arena_reset(v->scratch);
        if ((v->step->kind != CLEW_KIND_LLM && v->step->kind != CLEW_KIND_AGENT) ||
            clew_step_tool_definitions(v->trace, v->step, v->scratch, &tools, &n) < 0 || n == 0)
                return;
        clew_json_write_key(w, "tools_offered");
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < n; i++) {
                clew_json_write_object_begin(w);
                clew_write_member(w, "name", tools[i].name);
                clew_write_member(w, "description", tools[i].description);
                clew_json_write_object_end(w);
        }
        clew_json_write_array_end(w);
}

static void put_field(struct full *v, struct clew_json_writer *w, const char *key,
                      enum clew_field field)
{
        struct clew_slice text;

        clew_arena_reset(v->scratch);
        if (clew_step_field(v->trace, v->step, field, v->scratch, &text))
                clew_write_member(w, key, text);
}

int clew_step_write_full(struct clew_json_writer *w, const struct clew_trace *trace,
                         const struct clew_step *step, struct clew_arena *scratch)
{
        struct full view = {trace, step, scratch};
        struct full *v = &view;
        const struct clew_step *s = step;
        int r = 0;

        clew_write_member(w, "tool_call_id", s->tool_call_id);
        if (s->tool_name.len > 0)
                put_field(v, w, "tool_type", CLEW_FIELD_TOOL_TYPE);
        clew_write_member(w, "tool_arguments", s->tool_arguments);
        clew_write_member(w, "tool_result", s->tool_result);
        clew_write_member(w, "input", s->input);
        clew_write_member(w, "output", s->output);
        clew_write_member(w, "finish_reason", s->finish_reason);
        put_parameters(v, w);
        put_prompt(v, w);
        put_tools(v, w);
        if (s->first_token_ns > 0) {
                clew_json_write_key(w, "first_token_ns");
                clew_json_write_uint64(w, s->first_token_ns);
        }
        clew_write_member(w, "provider", s->provider);
        clew_write_member(w, "session", s->session);
        clew_write_member(w, "other_session", s->other_session);
        clew_write_member(w, "user", s->user);
        clew_json_write_key(w, "dialect");
        clew_json_write_cstr(w, clew_dialect_name(s->dialect));
        r = put_messages(v, w, "input_messages", CLEW_MESSAGES_IN);
        if (r == 0)
                r = put_messages(v, w, "output_messages", CLEW_MESSAGES_OUT);
        put_provenance(v, w);
        clew_json_write_key(w, "span_name");
        clew_json_write_string(w, s->span.name);
        put_attributes(v, w, "attributes", clew_span_attributes(&s->span));
        put_events(v, w, &s->span);
        put_links(v, w, &s->span);
        clew_json_write_key(w, "scope");
        clew_json_write_object_begin(w);
        clew_write_member(w, "name", clew_scope_name(s->scope));
        clew_write_member(w, "version", clew_scope_version(s->scope));
        put_attributes(v, w, "attributes", clew_scope_attributes(s->scope));
        clew_json_write_object_end(w);
        put_attributes(v, w, "resource", clew_resource_attributes(s->resource));
        clew_write_left_out(w, trace);
        return r;
}

int clew_step_put_full(struct clew_record_writer *out, const struct clew_trace *trace,
                       uint32_t step, const struct clew_step_texts *texts)
{
        const struct clew_step_record record = {
                .trace = trace, .step = step, .brief = texts->brief};
        struct clew_json_writer w;
        int r;

        clew_buffer_clear(texts->brief);
        clew_step_brief(trace, &trace->steps[step], texts->scratch, texts->brief);
        w = clew_record_begin(out, "step");
        clew_record_fields(out, &w, &record);
        r = clew_step_write_full(&w, trace, &trace->steps[step], texts->scratch);
        return r < 0 ? r : clew_record_end(out, &w);
}
