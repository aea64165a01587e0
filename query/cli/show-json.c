/*
 * The step as one JSON object: the fields of the step record, then texts, messages, attributes,
 * events, links, scores, scope and resource.
 */
#include "query/cli/brief.h"
#include "query/cli/output.h"
#include "query/cli/show-int.h"
#include "query/cli/step-record.h"
#include "query/model/message.h"
#include "query/model/prompt.h"

static void put_attributes(struct clew_json_writer *w, const char *key, struct clew_message_iter it)
{
        struct clew_attribute a;

        clew_json_write_key(w, key);
        clew_json_write_object_begin(w);
        while (clew_attribute_next(&it, &a)) {
                clew_json_write_key_slice(w, a.key);
                clew_write_value(w, &a.value);
        }
        clew_json_write_object_end(w);
}

static void put_text(struct clew_json_writer *w, const char *key, struct clew_slice text)
{
        if (text.len == 0)
                return;
        clew_json_write_key(w, key);
        clew_json_write_string(w, text);
}

static void put_part(struct clew_json_writer *w, const struct clew_part *p)
{
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "type");
        clew_json_write_cstr(w, clew_part_type_name(p->type));
        put_text(w, "text", p->text);
        put_text(w, "name", p->name);
        put_text(w, "id", p->id);
        put_text(w, "media_type", p->media_type);
        put_text(w, "uri", p->uri);
        if (p->media_bytes > 0) {
                clew_json_write_key(w, "media_bytes");
                clew_json_write_uint64(w, p->media_bytes);
        }
        if (p->media_hash != 0) {
                clew_json_write_key(w, "media_hash");
                clew_json_write_uint64_string(w, p->media_hash);
        }
        if (p->is_error) {
                clew_json_write_key(w, "is_error");
                clew_json_write_bool(w, true);
        }
        clew_json_write_object_end(w);
}

void clew_write_message(struct clew_json_writer *w, const struct clew_message *m)
{
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "role");
        clew_json_write_cstr(w, clew_role_name(m->role));
        put_text(w, "name", m->name);
        put_text(w, "finish_reason", m->finish_reason);
        clew_json_write_key(w, "parts");
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < m->n_parts; i++)
                put_part(w, &m->parts[i]);
        clew_json_write_array_end(w);
        clew_json_write_object_end(w);
}

static int put_messages(struct clew_show *v, struct clew_json_writer *w, const char *key,
                        enum clew_direction direction)
{
        struct clew_messages m = {0};
        int r;

        clew_arena_reset(&v->scratch);
        r = clew_step_messages(v->opened.trace, v->step, direction, &v->scratch, &m);
        if (r < 0)
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

static void put_events(struct clew_json_writer *w, const struct clew_span *span)
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
                put_attributes(w, "attributes", clew_event_attributes(&e));
                clew_json_write_object_end(w);
        }
        clew_json_write_array_end(w);
}

static void put_links(struct clew_json_writer *w, const struct clew_span *span)
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
                put_attributes(w, "attributes", clew_link_attributes(&link));
                clew_json_write_object_end(w);
        }
        clew_json_write_array_end(w);
}

static void put_origin(struct clew_json_writer *w, const struct clew_provenance *p)
{
        clew_json_write_key(w, clew_field_name(p->field));
        clew_json_write_object_begin(w);
        put_text(w, "key", p->key);
        clew_json_write_key(w, "origin");
        clew_json_write_cstr(w, clew_origin_name(p->origin));
        clew_json_write_key(w, "dialect");
        clew_json_write_cstr(w, clew_dialect_name(p->dialect));
        clew_json_write_object_end(w);
}

static void put_provenance(struct clew_show *v, struct clew_json_writer *w)
{
        clew_json_write_key(w, "why_fields");
        clew_json_write_object_begin(w);
        for (uint32_t i = 0; i < v->step->n_provenance; i++)
                put_origin(w, &v->step->provenance[i]);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(clew_show_unkept_fields); i++) {
                struct clew_provenance p;

                clew_arena_reset(&v->scratch);
                if (clew_step_field_origin(v->opened.trace, v->step, clew_show_unkept_fields[i],
                                           &v->scratch, &p))
                        put_origin(w, &p);
        }
        clew_json_write_object_end(w);
}

/* Numbers and bools as such; a structure may be cut, and stays text. */
static void put_parameter(struct clew_json_writer *w, const struct clew_parameter *p)
{
        struct clew_json_reader r = clew_json_reader_make(p->value, 1);
        enum clew_json_token token = clew_json_next(&r);

        clew_json_write_key_slice(w, p->name);
        (void)clew_json_next(&r);
        if (p->is_json && r.status == CLEW_JSON_COMPLETE &&
            (token == CLEW_JSON_NUMBER || token == CLEW_JSON_TRUE || token == CLEW_JSON_FALSE))
                clew_json_write_raw(w, p->value);
        else
                clew_json_write_string(w, p->value);
}

static void put_parameters(struct clew_show *v, struct clew_json_writer *w)
{
        const struct clew_parameter *p = NULL;
        uint32_t n = 0;

        clew_arena_reset(&v->scratch);
        if (v->step->model.len == 0 || clew_step_parameters(v->step, &v->scratch, &p, &n) < 0 ||
            n == 0)
                return;
        clew_json_write_key(w, "parameters");
        clew_json_write_object_begin(w);
        for (uint32_t i = 0; i < n; i++)
                put_parameter(w, &p[i]);
        clew_json_write_object_end(w);
}

static void put_prompt(struct clew_show *v, struct clew_json_writer *w)
{
        struct clew_prompt p;

        clew_arena_reset(&v->scratch);
        if (clew_step_prompt(v->opened.trace, v->step, &v->scratch, &p) < 0 ||
            p.name.len + p.version.len + p.template.len + p.variables.len == 0)
                return;
        clew_json_write_key(w, "prompt");
        clew_json_write_object_begin(w);
        put_text(w, "name", p.name);
        put_text(w, "version", p.version);
        put_text(w, "template", p.template);
        put_text(w, "variables", p.variables);
        clew_json_write_object_end(w);
}

static void put_field(struct clew_show *v, struct clew_json_writer *w, const char *key,
                      enum clew_field field)
{
        struct clew_slice text;

        clew_arena_reset(&v->scratch);
        if (clew_step_field(v->opened.trace, v->step, field, &v->scratch, &text))
                put_text(w, key, text);
}

static int put_all(struct clew_show *v, struct clew_json_writer *w)
{
        const struct clew_step *s = v->step;
        int r = 0;

        put_text(w, "tool_call_id", s->tool_call_id);
        if (s->tool_name.len > 0)
                put_field(v, w, "tool_type", CLEW_FIELD_TOOL_TYPE);
        put_text(w, "tool_arguments", s->tool_arguments);
        put_text(w, "tool_result", s->tool_result);
        put_text(w, "input", s->input);
        put_text(w, "output", s->output);
        put_text(w, "finish_reason", s->finish_reason);
        put_parameters(v, w);
        put_prompt(v, w);
        if (s->first_token_ns > 0) {
                clew_json_write_key(w, "first_token_ns");
                clew_json_write_uint64(w, s->first_token_ns);
        }
        put_text(w, "provider", s->provider);
        put_text(w, "session", s->session);
        put_text(w, "other_session", s->other_session);
        put_text(w, "user", s->user);
        clew_json_write_key(w, "dialect");
        clew_json_write_cstr(w, clew_dialect_name(s->dialect));
        if (clew_shows_messages(s))
                r = put_messages(v, w, "input_messages", CLEW_MESSAGES_IN);
        if (clew_shows_messages(s) && r == 0)
                r = put_messages(v, w, "output_messages", CLEW_MESSAGES_OUT);
        put_provenance(v, w);
        clew_json_write_key(w, "span_name");
        clew_json_write_string(w, s->span.name);
        put_attributes(w, "attributes", clew_span_attributes(&s->span));
        put_events(w, &s->span);
        put_links(w, &s->span);
        clew_json_write_key(w, "scope");
        clew_json_write_object_begin(w);
        put_text(w, "name", clew_scope_name(s->scope));
        put_text(w, "version", clew_scope_version(s->scope));
        put_attributes(w, "attributes", clew_scope_attributes(s->scope));
        clew_json_write_object_end(w);
        put_attributes(w, "resource", clew_resource_attributes(s->resource));
        return r;
}

int clew_show_json(struct clew_show *v)
{
        const struct clew_output_flags flags = {.json = true};
        struct clew_step_record record = {
                .trace = v->opened.trace, .step = v->opened.step, .brief = &v->raw};
        struct clew_output out;
        struct clew_json_writer w;
        int status = clew_output_init(&out, v->cli, &flags, "step", clew_step_fields);
        int r;

        if (status != 0)
                return status;
        clew_step_brief(v->opened.trace, v->step, &v->scratch, &v->raw);
        w = clew_output_begin(&out, "step");
        clew_output_fields(&out, &w, &record);
        r = put_all(v, &w);
        status = r < 0 ? clew_cli_fail(v->cli, r, NULL) : clew_output_end(&out, &w);
        clew_output_deinit(&out);
        return status;
}
