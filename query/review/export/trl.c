/*
 * Hugging Face TRL columns: messages; prompt and completion; prompt, chosen and rejected; prompt,
 * completions and labels. Arguments of calls are objects here; because a column has one type, the
 * metadata goes along as a text of JSON.
 */
#include "query/review/export/export-int.h"

static int end(struct clew_json_writer *w, const struct clew_export_item *e)
{
        CLEW_BUFFER metadata = {0};
        struct clew_json_writer inner = clew_json_writer_make(&metadata, 0);

        clew_buffer_init(&metadata, CLEW_EXPORT_RECORD_MAX);
        clew_put_metadata(&inner, e);
        clew_put_text(w, "metadata", clew_buffer_slice(&metadata));
        clew_json_write_object_end(w);
        if (clew_buffer_error(&metadata) < 0)
                return clew_buffer_error(&metadata);
        return clew_end_record(w->out);
}

int clew_export_trl(struct clew_json_writer *w, const struct clew_export_item *e)
{
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "messages");
        clew_put_good_messages(w, e->item, CLEW_CHAT_TRL);
        clew_json_write_key(w, "tools");
        clew_put_tools(w, e->item);
        return end(w, e);
}

int clew_export_trl_prompt(struct clew_json_writer *w, const struct clew_export_item *e)
{
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "prompt");
        clew_put_input_messages(w, e->item, CLEW_CHAT_TRL);
        clew_put_answer(w, "completion", e->item, CLEW_CHAT_TRL, false);
        return end(w, e);
}

int clew_export_trl_preference(struct clew_json_writer *w, const struct clew_export_item *e)
{
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "prompt");
        clew_put_input_messages(w, e->item, CLEW_CHAT_TRL);
        clew_put_answer(w, "chosen", e->item, CLEW_CHAT_TRL, false);
        clew_put_answer(w, "rejected", e->item, CLEW_CHAT_TRL, true);
        return end(w, e);
}

/* One completion a model call, as text: its words, or its calls. Good until it went wrong. */
static void put_completion(struct clew_json_writer *w, const struct clew_item_message *m)
{
        CLEW_BUFFER text = {0};
        struct clew_json_writer inner = clew_json_writer_make(&text, 0);

        clew_buffer_init(&text, CLEW_EXPORT_RECORD_MAX);
        clew_buffer_append_slice(&text, m->content);
        for (uint32_t i = 0; i < m->n_calls; i++) {
                if (text.len)
                        clew_buffer_append_byte(&text, '\n');
                inner = clew_json_writer_make(&text, 0);
                clew_put_call(&inner, &m->calls[i], i + 1, CLEW_CHAT_TRL);
        }
        clew_json_write_string(w, clew_buffer_slice(&text));
        if (clew_buffer_error(&text) < 0 && w->out->error == 0)
                w->out->error = clew_buffer_error(&text);
}

int clew_export_trl_stepwise(struct clew_json_writer *w, const struct clew_export_item *e)
{
        const struct clew_item_messages *m = &e->item->trajectory;
        uint32_t n = 0;
        uint64_t wrong = e->item->failing_message;
        bool good = clew_slice_eq_cstr(e->item->outcome, "passed");

        for (uint32_t i = 0; i < m->n; i++)
                n += m->items[i].role == CLEW_ROLE_ASSISTANT;
        clew_json_write_object_begin(w);
        clew_put_text(w, "prompt", clew_item_question(e->item));
        clew_json_write_key(w, "completions");
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < m->n; i++) {
                if (m->items[i].role == CLEW_ROLE_ASSISTANT)
                        put_completion(w, &m->items[i]);
        }
        clew_json_write_array_end(w);
        clew_json_write_key(w, "labels");
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < n; i++)
                clew_json_write_bool(w, good || i + 1 < wrong);
        clew_json_write_array_end(w);
        return end(w, e);
}
