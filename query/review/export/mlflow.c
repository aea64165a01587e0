/*
 * MLflow evaluation dataset records: inputs, outputs, expectations, tags, source.
 */
#include "query/review/export/export-int.h"

static void put_source(struct clew_json_writer *w, const struct clew_item *item)
{
        char hex[CLEW_TRACE_ID_HEX];

        if (clew_trace_id_is_zero(&item->trace_id))
                return;
        clew_trace_id_to_hex(&item->trace_id, hex);
        clew_json_write_key(w, "source");
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "source_type");
        clew_json_write_cstr(w, "TRACE");
        clew_json_write_key(w, "source_data");
        clew_json_write_object_begin(w);
        clew_put_text(w, "trace_id", clew_slice_of_cstr(hex));
        clew_json_write_object_end(w);
        clew_json_write_object_end(w);
}

/* Tags are texts. */
static void put_tags(struct clew_json_writer *w, const struct clew_export_item *e)
{
        clew_json_write_key(w, "tags");
        clew_json_write_object_begin(w);
        clew_put_id(w, "item", &e->id);
        clew_put_id(w, "task", &e->item->task);
        if (e->split)
                clew_put_text(w, "split", clew_slice_of_cstr(e->split));
        if (e->item->cause_rule.len)
                clew_put_text(w, "cause", e->item->cause_rule);
        for (uint32_t i = 0; i < e->item->n_labels; i++) {
                clew_json_write_key_slice(w, e->item->labels[i]);
                clew_json_write_cstr(w, "true");
        }
        clew_json_write_object_end(w);
}

int clew_export_mlflow(struct clew_json_writer *w, const struct clew_export_item *e)
{
        CLEW_BUFFER expected = {0};
        int r;

        clew_buffer_init(&expected, CLEW_EXPORT_RECORD_MAX);
        r = clew_expected_text(e->item, &expected);
        if (r < 0)
                return r;
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "inputs");
        clew_put_input(w, e->item);
        if (e->item->has_output) {
                clew_json_write_key(w, "outputs");
                clew_put_object(w, "response", e->item->output);
        }
        clew_json_write_key(w, "expectations");
        clew_json_write_object_begin(w);
        if (expected.len)
                clew_put_text(w, "expected_response", clew_buffer_slice(&expected));
        clew_json_write_object_end(w);
        put_tags(w, e);
        put_source(w, e->item);
        clew_json_write_object_end(w);
        return clew_end_record(w->out);
}
