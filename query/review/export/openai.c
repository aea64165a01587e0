/*
 * OpenAI: chat fine-tuning, preference pairs, samples of openai/evals.
 */
#include "query/review/export/export-int.h"

#include <errno.h>

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

int clew_refuse_no_answer(const struct clew_item *item, struct clew_error *err)
{
        if (item->input.n == 0)
                return clew_error_set(err, -ENODATA, 0, "its input is not a conversation");
        if (!item->has_expected && (item->form != CLEW_ITEM_STEP || item->expected_calls.n == 0))
                return clew_error_set(err, -ENODATA, 0,
                                      "no expected output, which this format cannot do without");
        return 0;
}

int clew_export_openai(const struct clew_export_item *e, struct clew_buffer *out,
                       struct clew_error *err)
{
        struct clew_json_writer w = clew_json_writer_make(out, 0);
        int r = clew_refuse_no_answer(e->item, err);

        if (r < 0)
                return r;
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "messages");
        clew_put_good_messages(&w, e->item, CLEW_CHAT_OPENAI);
        if (e->item->n_tools) {
                clew_json_write_key(&w, "tools");
                clew_put_tools(&w, e->item);
        }
        clew_json_write_object_end(&w);
        return clew_end_record(out);
}

int clew_refuse_no_pair(const struct clew_item *item, struct clew_error *err)
{
        int r = clew_refuse_no_answer(item, err);

        if (r < 0)
                return r;
        if (item->form == CLEW_ITEM_STEP && item->expected_calls.n)
                return 0;
        if (!item->has_output || clew_slice_eq(item->output, item->expected))
                return clew_error_set(err, -ENODATA, 0,
                                      "nothing to prefer: expected and recorded are the same");
        return 0;
}

int clew_export_preference(const struct clew_export_item *e, struct clew_buffer *out,
                           struct clew_error *err)
{
        struct clew_json_writer w = clew_json_writer_make(out, 0);
        int r = clew_refuse_no_pair(e->item, err);

        if (r < 0)
                return r;
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "input");
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "messages");
        clew_put_input_messages(&w, e->item, CLEW_CHAT_OPENAI);
        clew_json_write_key(&w, "tools");
        clew_put_tools(&w, e->item);
        clew_json_write_key(&w, "parallel_tool_calls");
        clew_json_write_bool(&w, true);
        clew_json_write_object_end(&w);
        clew_put_answer(&w, "preferred_output", e->item, CLEW_CHAT_OPENAI, false);
        clew_put_answer(&w, "non_preferred_output", e->item, CLEW_CHAT_OPENAI, true);
        clew_json_write_object_end(&w);
        return clew_end_record(out);
}

int clew_export_evals(const struct clew_export_item *e, struct clew_buffer *out,
                      struct clew_error *err)
{
        struct clew_json_writer w = clew_json_writer_make(out, 0);
        CLEW_BUFFER ideal = {0};
        int r = clew_need_expected(e, err);

        clew_buffer_init(&ideal, CLEW_EXPORT_RECORD_MAX);
        if (r == 0)
                r = clew_expected_text(e->item, &ideal);
        if (r < 0)
                return r;
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "input");
        clew_put_input_messages(&w, e->item, CLEW_CHAT_OPENAI);
        clew_put_text(&w, "ideal", clew_buffer_slice(&ideal));
        clew_json_write_key(&w, "metadata");
        clew_put_metadata(&w, e);
        clew_json_write_object_end(&w);
        return clew_end_record(out);
}
