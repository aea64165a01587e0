/*
 * promptfoo tests: description, vars, assert, metadata.
 */
#include "query/review/export/export-int.h"

/* A longer text is never repeated word for word: it is judged by its meaning. */
#define CONTAINS_BYTES_MAX 120u

static void put_assertion(struct clew_json_writer *w, const char *type, struct clew_slice value)
{
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "type");
        clew_json_write_cstr(w, type);
        clew_json_write_key(w, "value");
        clew_put_value(w, value);
        clew_json_write_object_end(w);
}

static void put_assertions(struct clew_json_writer *w, const struct clew_item *item)
{
        const struct clew_item_calls *calls = &item->expected_calls;
        bool is_json = item->expected.len &&
                       (item->expected.data[0] == '{' || item->expected.data[0] == '[');

        clew_json_write_key(w, "assert");
        clew_json_write_array_begin(w);
        if (item->has_expected && is_json)
                put_assertion(w, "equals", item->expected);
        else if (item->has_expected && item->expected.len <= CONTAINS_BYTES_MAX)
                put_assertion(w, "icontains", item->expected);
        else if (item->has_expected)
                put_assertion(w, "llm-rubric", item->expected);
        for (uint32_t i = 0; i < calls->n; i++) {
                bool told = false;

                for (uint32_t k = 0; k < i; k++)
                        told = told || clew_slice_eq(calls->items[k].name, calls->items[i].name);
                if (!told)
                        put_assertion(w, "trajectory:tool-used", calls->items[i].name);
        }
        clew_json_write_array_end(w);
}

int clew_export_promptfoo(struct clew_json_writer *w, const struct clew_export_item *e)
{
        clew_json_write_object_begin(w);
        clew_put_id(w, "description", &e->id);
        clew_json_write_key(w, "vars");
        clew_json_write_object_begin(w);
        clew_put_text(w, "question", clew_item_question(e->item));
        clew_json_write_key(w, "messages");
        clew_put_input_messages(w, e->item, CLEW_CHAT_OPENAI);
        clew_json_write_object_end(w);
        put_assertions(w, e->item);
        clew_json_write_key(w, "metadata");
        clew_put_metadata(w, e);
        clew_json_write_object_end(w);
        return clew_end_record(w->out);
}
