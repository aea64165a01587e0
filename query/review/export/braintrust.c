/*
 * Braintrust dataset rows: input, expected, metadata, tags, id.
 */
#include "query/review/export/export-int.h"

int clew_export_braintrust(const struct clew_export_item *e, struct clew_buffer *out,
                           struct clew_error *err)
{
        struct clew_json_writer w = clew_json_writer_make(out, 0);
        const struct clew_item *item = e->item;
        int r = clew_need_expected(e, err);

        if (r < 0)
                return r;
        clew_json_write_object_begin(&w);
        clew_put_id(&w, "id", &e->id);
        clew_json_write_key(&w, "input");
        clew_put_input(&w, item);
        clew_json_write_key(&w, "expected");
        if (item->form == CLEW_ITEM_STEP && item->expected_calls.n)
                clew_put_expected_message(&w, item, CLEW_CHAT_OPENAI);
        else if (item->has_expected)
                clew_put_value(&w, item->expected);
        else
                clew_json_write_null(&w);
        clew_json_write_key(&w, "metadata");
        clew_put_metadata(&w, e);
        clew_json_write_key(&w, "tags");
        clew_json_write_array_begin(&w);
        for (uint32_t i = 0; i < item->n_labels; i++)
                clew_json_write_string(&w, item->labels[i]);
        clew_json_write_array_end(&w);
        clew_json_write_object_end(&w);
        return clew_end_record(out);
}
