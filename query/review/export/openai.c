/*
 * OpenAI: chat fine-tuning, preference pairs, samples of openai/evals.
 */
#include "query/review/export/export-int.h"

void clew_put_good_messages(struct clew_json_writer *w, const struct clew_item *item,
                            enum clew_chat_style style)
{
        uint32_t last = item->trajectory.n;

        clew_json_write_array_begin(w);
        clew_put_messages(w, &item->input, style);
        if (item->form != CLEW_ITEM_STEP) {
                struct clew_item_messages before = item->trajectory;

                while (last > 0 && item->trajectory.items[last - 1].role != CLEW_ROLE_ASSISTANT)
                        last--;
                before.n = last ? last - 1 : 0;
                clew_put_messages(w, &before, style);
        }
        clew_put_expected_message(w, item, style);
        clew_json_write_array_end(w);
}

int clew_export_openai(struct clew_json_writer *w, const struct clew_export_item *e)
{
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "messages");
        clew_put_good_messages(w, e->item, CLEW_CHAT_OPENAI);
        if (e->item->n_tools) {
                clew_json_write_key(w, "tools");
                clew_put_tools(w, e->item);
        }
        clew_json_write_object_end(w);
        return clew_end_record(w->out);
}

int clew_export_preference(struct clew_json_writer *w, const struct clew_export_item *e)
{
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "input");
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "messages");
        clew_put_input_messages(w, e->item, CLEW_CHAT_OPENAI);
        clew_json_write_key(w, "tools");
        clew_put_tools(w, e->item);
        clew_json_write_key(w, "parallel_tool_calls");
        clew_json_write_bool(w, true);
        clew_json_write_object_end(w);
        clew_put_answer(w, "preferred_output", e->item, CLEW_CHAT_OPENAI, false);
        clew_put_answer(w, "non_preferred_output", e->item, CLEW_CHAT_OPENAI, true);
        clew_json_write_object_end(w);
        return clew_end_record(w->out);
}

int clew_export_evals(struct clew_json_writer *w, const struct clew_export_item *e)
{
        CLEW_BUFFER ideal = {0};
        int r;

        clew_buffer_init(&ideal, CLEW_EXPORT_RECORD_MAX);
        r = clew_expected_text(e->item, &ideal);
        if (r < 0)
                return r;
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "input");
        clew_put_input_messages(w, e->item, CLEW_CHAT_OPENAI);
        clew_put_text(w, "ideal", clew_buffer_slice(&ideal));
        clew_json_write_key(w, "metadata");
        clew_put_metadata(w, e);
        clew_json_write_object_end(w);
        return clew_end_record(w->out);
}
