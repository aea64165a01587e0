/*
 * DeepEval goldens, as its saved files have them (snake_case).
 */
#include "query/review/export/export-int.h"

static void put_calls(struct clew_json_writer *w, const char *key,
                      const struct clew_item_calls *calls)
{
        clew_json_write_key(w, key);
        if (calls->n == 0) {
                clew_json_write_null(w);
                return;
        }
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < calls->n; i++) {
                clew_json_write_object_begin(w);
                clew_put_text(w, "name", calls->items[i].name);
                clew_json_write_key(w, "input_parameters");
                clew_put_object(w, "arguments", calls->items[i].arguments);
                if (calls->items[i].has_result) {
                        clew_json_write_key(w, "output");
                        clew_put_value(w, calls->items[i].result);
                }
                clew_json_write_object_end(w);
        }
        clew_json_write_array_end(w);
}

static void put_null(struct clew_json_writer *w, const char *key)
{
        clew_json_write_key(w, key);
        clew_json_write_null(w);
}

int clew_export_deepeval(struct clew_json_writer *w, const struct clew_export_item *e)
{
        clew_json_write_object_begin(w);
        clew_put_text(w, "input", clew_item_question(e->item));
        if (e->item->has_output)
                clew_put_text(w, "actual_output", e->item->output);
        else
                put_null(w, "actual_output");
        if (e->item->has_expected)
                clew_put_text(w, "expected_output", e->item->expected);
        else
                put_null(w, "expected_output");
        put_null(w, "retrieval_context");
        put_null(w, "context");
        clew_put_id(w, "name", &e->id);
        put_null(w, "comments");
        put_null(w, "source_file");
        put_calls(w, "tools_called", &e->item->calls);
        put_calls(w, "expected_tools", &e->item->expected_calls);
        clew_json_write_key(w, "additional_metadata");
        clew_put_metadata(w, e);
        put_null(w, "custom_column_key_values");
        clew_json_write_object_end(w);
        return clew_end_record(w->out);
}
