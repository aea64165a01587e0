/*
 * LangSmith examples: inputs, outputs, metadata, split.
 */
#include "query/review/export/export-int.h"

int clew_export_langsmith(struct clew_json_writer *w, const struct clew_export_item *e)
{
        const struct clew_item *item = e->item;

        clew_json_write_object_begin(w);
        clew_put_uuid(w, "id", &e->id);
        clew_json_write_key(w, "inputs");
        clew_put_input(w, item);
        clew_json_write_key(w, "outputs");
        if (item->form == CLEW_ITEM_STEP && item->expected_calls.n) {
                clew_json_write_object_begin(w);
                clew_put_answer(w, "messages", item, CLEW_CHAT_OPENAI, false);
                clew_json_write_object_end(w);
        } else if (item->has_expected) {
                clew_put_object(w, "answer", item->expected);
        } else {
                clew_json_write_null(w);
        }
        clew_json_write_key(w, "metadata");
        clew_put_metadata(w, e);
        if (e->split)
                clew_put_text(w, "split", clew_slice_of_cstr(e->split));
        clew_json_write_object_end(w);
        return clew_end_record(w->out);
}
