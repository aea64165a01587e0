/*
 * Braintrust dataset rows: input, expected, metadata, tags, id.
 */
#include "query/review/export/export-int.h"

int clew_export_braintrust(struct clew_json_writer *w, const struct clew_export_item *e)
{
        const struct clew_item *item = e->item;

        clew_json_write_object_begin(w);
        clew_put_id(w, "id", &e->id);
        clew_json_write_key(w, "input");
        clew_put_input(w, item);
        clew_json_write_key(w, "expected");
        clew_put_expected(w, item);
        clew_json_write_key(w, "metadata");
        clew_put_metadata(w, e);
        clew_json_write_key(w, "tags");
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < item->n_labels; i++)
                clew_json_write_string(w, item->labels[i]);
        clew_json_write_array_end(w);
        clew_json_write_object_end(w);
        return clew_end_record(w->out);
}
