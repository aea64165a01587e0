/*
 * See export-int.h.
 */
#include "query/review/export/export-int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void clew_put_text(struct clew_json_writer *w, const char *key, struct clew_slice text)
{
        clew_json_write_key(w, key);
        clew_json_write_string(w, text);
}

/* The token that a whole JSON text begins with; CLEW_JSON_END when it is none. */
static enum clew_json_token kind_of(struct clew_slice text)
{
        struct clew_json_reader r = clew_json_reader_make(text, CLEW_JSON_DEPTH_DEFAULT);
        enum clew_json_token first = clew_json_next(&r);

        clew_json_skip(&r);
        return clew_json_next(&r) == CLEW_JSON_END && r.status == CLEW_JSON_COMPLETE
                       ? first
                       : CLEW_JSON_END;
}

/* Written anew token by token: what was sent may hold what JSON does not allow (NaN, broken UTF-8).
 */
static void put_json(struct clew_json_writer *w, struct clew_slice text)
{
        struct clew_json_reader r = clew_json_reader_make(text, CLEW_JSON_DEPTH_DEFAULT);
        CLEW_ARENA arena = {0};
        double number;

        clew_arena_init(&arena, CLEW_ITEM_BYTES_MAX);
        while (clew_json_next(&r) != CLEW_JSON_END) {
                switch (r.token) {
                case CLEW_JSON_OBJECT_BEGIN:
                        clew_json_write_object_begin(w);
                        break;
                case CLEW_JSON_OBJECT_END:
                        clew_json_write_object_end(w);
                        break;
                case CLEW_JSON_ARRAY_BEGIN:
                        clew_json_write_array_begin(w);
                        break;
                case CLEW_JSON_ARRAY_END:
                        clew_json_write_array_end(w);
                        break;
                case CLEW_JSON_KEY:
                        clew_json_write_key_slice(w, clew_json_string(&r, &arena));
                        break;
                case CLEW_JSON_STRING:
                        clew_json_write_string(w, clew_json_string(&r, &arena));
                        break;
                case CLEW_JSON_NUMBER:
                        if (memchr(r.text.data, 'N', r.text.len) ||
                            memchr(r.text.data, 'I', r.text.len) || r.text.data[0] == '.' ||
                            (r.text.len > 1 && r.text.data[0] == '0' && r.text.data[1] != '.'))
                                clew_json_write_double(w,
                                                       clew_json_double(&r, &number) ? number : 0);
                        else
                                clew_json_write_raw(w, r.text);
                        break;
                case CLEW_JSON_TRUE:
                case CLEW_JSON_FALSE:
                        clew_json_write_bool(w, r.token == CLEW_JSON_TRUE);
                        break;
                case CLEW_JSON_NULL:
                case CLEW_JSON_END:
                        clew_json_write_null(w);
                        break;
                }
        }
        if (clew_arena_failed(&arena))
                w->out->error = w->out->error ? w->out->error : -ENOMEM;
}

void clew_put_value(struct clew_json_writer *w, struct clew_slice text)
{
        enum clew_json_token kind = kind_of(text);

        if (kind == CLEW_JSON_OBJECT_BEGIN || kind == CLEW_JSON_ARRAY_BEGIN)
                put_json(w, text);
        else
                clew_json_write_string(w, text);
}

void clew_put_object(struct clew_json_writer *w, const char *key, struct clew_slice text)
{
        if (kind_of(text) == CLEW_JSON_OBJECT_BEGIN) {
                put_json(w, text);
                return;
        }
        clew_json_write_object_begin(w);
        if (text.len) {
                clew_json_write_key(w, key);
                clew_put_value(w, text);
        }
        clew_json_write_object_end(w);
}

/* ---- messages ------------------------------------------------------------------------------- */

static void put_call_id(struct clew_json_writer *w, struct clew_slice id, uint32_t number)
{
        char made[32];

        clew_json_write_key(w, "id");
        if (id.len == 0) {
                snprintf(made, sizeof(made), "call_%u", number);
                id = clew_slice_of_cstr(made);
        }
        clew_json_write_string(w, id);
}

void clew_put_call(struct clew_json_writer *w, const struct clew_item_call *call, uint32_t number,
                   enum clew_chat_style style)
{
        clew_json_write_object_begin(w);
        put_call_id(w, call->id, number);
        clew_json_write_key(w, "type");
        clew_json_write_cstr(w, "function");
        if (style == CLEW_CHAT_INSPECT) {
                clew_put_text(w, "function", call->name);
                clew_json_write_key(w, "arguments");
                clew_put_object(w, "arguments", call->arguments);
        } else {
                clew_json_write_key(w, "function");
                clew_json_write_object_begin(w);
                clew_put_text(w, "name", call->name);
                clew_json_write_key(w, "arguments");
                if (style == CLEW_CHAT_OPENAI)
                        clew_json_write_string(w, call->arguments.len ? call->arguments
                                                                      : CLEW_SLICE_LITERAL("{}"));
                else
                        clew_put_object(w, "arguments", call->arguments);
                clew_json_write_object_end(w);
        }
        clew_json_write_object_end(w);
}

static const char *role_of(enum clew_role role)
{
        switch (role) {
        case CLEW_ROLE_SYSTEM:
                return "system";
        case CLEW_ROLE_ASSISTANT:
                return "assistant";
        case CLEW_ROLE_TOOL:
                return "tool";
        case CLEW_ROLE_USER:
        case CLEW_ROLE_OTHER:
                break;
        }
        return "user";
}

void clew_put_message(struct clew_json_writer *w, const struct clew_item_message *m,
                      enum clew_chat_style style)
{
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "role");
        clew_json_write_cstr(w, role_of(m->role));
        clew_put_text(w, "content", m->content);
        if (m->role == CLEW_ROLE_TOOL && (m->call_id.len || style == CLEW_CHAT_OPENAI))
                clew_put_text(w, "tool_call_id", m->call_id);
        if (m->role == CLEW_ROLE_TOOL && m->name.len)
                clew_put_text(w, style == CLEW_CHAT_INSPECT ? "function" : "name", m->name);
        if (m->n_calls) {
                clew_json_write_key(w, "tool_calls");
                clew_json_write_array_begin(w);
                for (uint32_t i = 0; i < m->n_calls; i++)
                        clew_put_call(w, &m->calls[i], i + 1, style);
                clew_json_write_array_end(w);
        }
        clew_json_write_object_end(w);
}

void clew_put_messages(struct clew_json_writer *w, const struct clew_item_messages *m,
                       enum clew_chat_style style)
{
        for (uint32_t i = 0; i < m->n; i++)
                clew_put_message(w, &m->items[i], style);
}

void clew_put_input_messages(struct clew_json_writer *w, const struct clew_item *item,
                             enum clew_chat_style style)
{
        const struct clew_item_message imported = {.role = CLEW_ROLE_USER,
                                                   .content = item->input_json};

        clew_json_write_array_begin(w);
        clew_put_messages(w, &item->input, style);
        if (item->input.n == 0)
                clew_put_message(w, &imported, style);
        clew_json_write_array_end(w);
}

void clew_put_input(struct clew_json_writer *w, const struct clew_item *item)
{
        if (item->input.n == 0) {
                clew_put_object(w, "input", item->input_json);
                return;
        }
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "messages");
        clew_put_input_messages(w, item, CLEW_CHAT_OPENAI);
        clew_json_write_object_end(w);
}

void clew_put_tools(struct clew_json_writer *w, const struct clew_item *item)
{
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < item->n_tools; i++) {
                clew_json_write_object_begin(w);
                clew_json_write_key(w, "type");
                clew_json_write_cstr(w, "function");
                clew_json_write_key(w, "function");
                clew_json_write_object_begin(w);
                clew_put_text(w, "name", item->tools[i].name);
                if (item->tools[i].description.len)
                        clew_put_text(w, "description", item->tools[i].description);
                clew_json_write_key(w, "parameters");
                if (kind_of(item->tools[i].schema) == CLEW_JSON_OBJECT_BEGIN)
                        put_json(w, item->tools[i].schema);
                else
                        clew_json_write_raw(
                                w, CLEW_SLICE_LITERAL("{\"type\":\"object\",\"properties\":{}}"));
                clew_json_write_object_end(w);
                clew_json_write_object_end(w);
        }
        clew_json_write_array_end(w);
}

void clew_put_expected_message(struct clew_json_writer *w, const struct clew_item *item,
                               enum clew_chat_style style)
{
        struct clew_item_message m = {.role = CLEW_ROLE_ASSISTANT, .content = item->expected};

        if (item->form == CLEW_ITEM_STEP && item->expected_calls.n) {
                m.content = CLEW_SLICE_NULL;
                m.calls = item->expected_calls.items;
                m.n_calls = item->expected_calls.n;
        }
        clew_put_message(w, &m, style);
}

void clew_put_output_message(struct clew_json_writer *w, const struct clew_item *item,
                             enum clew_chat_style style)
{
        struct clew_item_message m = {.role = CLEW_ROLE_ASSISTANT, .content = item->output};

        for (uint32_t i = item->trajectory.n; i > 0; i--) {
                if (item->trajectory.items[i - 1].role == CLEW_ROLE_ASSISTANT) {
                        m = item->trajectory.items[i - 1];
                        break;
                }
        }
        clew_put_message(w, &m, style);
}

void clew_put_answer(struct clew_json_writer *w, const char *key, const struct clew_item *item,
                     enum clew_chat_style style, bool recorded)
{
        clew_json_write_key(w, key);
        clew_json_write_array_begin(w);
        if (recorded)
                clew_put_output_message(w, item, style);
        else
                clew_put_expected_message(w, item, style);
        clew_json_write_array_end(w);
}

void clew_put_expected(struct clew_json_writer *w, const struct clew_item *item)
{
        if (item->form == CLEW_ITEM_STEP && item->expected_calls.n)
                clew_put_expected_message(w, item, CLEW_CHAT_OPENAI);
        else if (item->has_expected)
                clew_put_value(w, item->expected);
        else
                clew_json_write_null(w);
}

/* ---- metadata ------------------------------------------------------------------------------- */

static void put_some(struct clew_json_writer *w, const char *key, struct clew_slice text)
{
        if (text.len)
                clew_put_text(w, key, text);
}

static void put_scores(struct clew_json_writer *w, const struct clew_item *item)
{
        if (item->n_scores == 0)
                return;
        clew_json_write_key(w, "scores");
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < item->n_scores; i++) {
                clew_json_write_object_begin(w);
                clew_put_text(w, "name", item->scores[i].name);
                if (item->scores[i].has_value) {
                        clew_json_write_key(w, "value");
                        clew_json_write_double(w, item->scores[i].value);
                }
                put_some(w, "label", item->scores[i].label);
                put_some(w, "source", item->scores[i].source);
                clew_json_write_object_end(w);
        }
        clew_json_write_array_end(w);
}

static void put_source(struct clew_json_writer *w, const struct clew_item *item)
{
        char hex[CLEW_TRACE_ID_HEX];

        if (!clew_trace_id_is_zero(&item->trace_id)) {
                clew_trace_id_to_hex(&item->trace_id, hex);
                clew_put_text(w, "trace_id", clew_slice_of_cstr(hex));
        }
        if (!clew_span_id_is_zero(&item->span_id)) {
                clew_span_id_to_hex(&item->span_id, hex);
                clew_put_text(w, "span_id", clew_slice_of_cstr(hex));
        }
        put_some(w, "agent", item->agent);
        put_some(w, "model", item->model);
        put_some(w, "session", item->session);
        put_some(w, "outcome", item->outcome);
        put_some(w, "cause", item->cause_rule);
        put_some(w, "cause_text", item->cause_text);
        if (item->failing_step) {
                clew_json_write_key(w, "failing_step");
                clew_json_write_uint64(w, item->failing_step);
        }
}

void clew_put_metadata(struct clew_json_writer *w, const struct clew_export_item *e)
{
        const struct clew_item *item = e->item;

        clew_json_write_object_begin(w);
        clew_put_id(w, "item", &e->id);
        clew_put_id(w, "task", &item->task);
        clew_put_text(w, "form", clew_slice_of_cstr(clew_item_form_name(item->form)));
        put_some(w, "dataset", e->dataset);
        put_some(w, "name", item->name);
        put_some(w, "split", clew_slice_of_cstr(e->split));
        put_source(w, item);
        put_some(w, "expected_from", item->expected_from);
        clew_keep_texts(w, "labels", item->labels, item->n_labels);
        put_scores(w, item);
        clew_keep_texts(w, "notes", item->notes, item->n_notes);
        if (item->expected_calls.n) {
                clew_json_write_key(w, "expected_calls");
                clew_json_write_array_begin(w);
                for (uint32_t i = 0; i < item->expected_calls.n; i++) {
                        clew_json_write_object_begin(w);
                        clew_put_text(w, "name", item->expected_calls.items[i].name);
                        clew_json_write_key(w, "arguments");
                        clew_put_object(w, "arguments", item->expected_calls.items[i].arguments);
                        clew_json_write_object_end(w);
                }
                clew_json_write_array_end(w);
        }
        if (item->metadata.len) {
                clew_json_write_key(w, "imported");
                clew_put_value(w, item->metadata);
        }
        clew_json_write_object_end(w);
}

/* ---- ids and ends --------------------------------------------------------------------------- */

int clew_expected_text(const struct clew_item *item, struct clew_buffer *out)
{
        struct clew_json_writer w = clew_json_writer_make(out, 0);

        if (item->has_expected || item->expected_calls.n == 0) {
                clew_buffer_append_slice(out, item->expected);
                return clew_buffer_error(out);
        }
        clew_json_write_array_begin(&w);
        for (uint32_t i = 0; i < item->expected_calls.n; i++) {
                clew_json_write_object_begin(&w);
                clew_put_text(&w, "name", item->expected_calls.items[i].name);
                clew_json_write_key(&w, "arguments");
                clew_put_object(&w, "arguments", item->expected_calls.items[i].arguments);
                clew_json_write_object_end(&w);
        }
        clew_json_write_array_end(&w);
        return clew_buffer_error(out);
}

void clew_put_uuid(struct clew_json_writer *w, const char *key, const struct clew_content_id *id)
{
        struct clew_content_id u = *id;
        char hex[CLEW_CONTENT_ID_HEX];
        char text[48];

        u.bytes[6] = (uint8_t)((u.bytes[6] & 0x0f) | 0x80);
        u.bytes[8] = (uint8_t)((u.bytes[8] & 0x3f) | 0x80);
        clew_content_id_to_hex(&u, hex);
        snprintf(text, sizeof(text), "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
                 hex + 20);
        clew_put_text(w, key, clew_slice_of_cstr(text));
}

void clew_put_id(struct clew_json_writer *w, const char *key, const struct clew_content_id *id)
{
        char hex[CLEW_CONTENT_ID_HEX];

        clew_content_id_to_hex(id, hex);
        clew_put_text(w, key, clew_slice_of_cstr(hex));
}

int clew_end_record(struct clew_buffer *out)
{
        clew_buffer_append_byte(out, '\n');
        return clew_buffer_error(out);
}
