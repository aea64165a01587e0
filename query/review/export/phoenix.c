/*
 * Phoenix dataset examples, as its JSONL upload and download have them.
 */
#include "query/review/export/export-int.h"

int clew_export_phoenix(struct clew_json_writer *w, const struct clew_export_item *e)
{
        const struct clew_item *item = e->item;

        clew_json_write_object_begin(w);
        clew_put_id(w, "id", &e->id);
        clew_json_write_key(w, "input");
        clew_put_input(w, item);
        clew_json_write_key(w, "output");
        clew_json_write_object_begin(w);
        if (item->has_expected || item->expected_calls.n) {
                clew_put_answer(w, "messages", item, CLEW_CHAT_OPENAI, false);
        }
        clew_json_write_object_end(w);
        clew_json_write_key(w, "metadata");
        clew_put_metadata(w, e);
        clew_json_write_key(w, "splits");
        clew_json_write_array_begin(w);
        if (e->split)
                clew_json_write_cstr(w, e->split);
        clew_json_write_array_end(w);
        clew_json_write_object_end(w);
        return clew_end_record(w->out);
}
