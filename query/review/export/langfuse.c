/*
 * Langfuse dataset items, as its API takes them. The id is the upsert key.
 */
#include "query/review/export/export-int.h"

int clew_export_langfuse(struct clew_json_writer *w, const struct clew_export_item *e)
{
        const struct clew_item *item = e->item;
        char hex[CLEW_TRACE_ID_HEX];
        clew_json_write_object_begin(w);
        clew_put_text(w, "datasetName", e->dataset.len ? e->dataset : CLEW_SLICE_LITERAL("clew"));
        clew_put_id(w, "id", &e->id);
        clew_json_write_key(w, "input");
        clew_put_input(w, item);
        clew_json_write_key(w, "expectedOutput");
        clew_put_expected(w, item);
        clew_json_write_key(w, "metadata");
        clew_put_metadata(w, e);
        if (!clew_trace_id_is_zero(&item->trace_id)) {
                clew_trace_id_to_hex(&item->trace_id, hex);
                clew_put_text(w, "sourceTraceId", clew_slice_of_cstr(hex));
        }
        if (!clew_span_id_is_zero(&item->span_id)) {
                clew_span_id_to_hex(&item->span_id, hex);
                clew_put_text(w, "sourceObservationId", clew_slice_of_cstr(hex));
        }
        clew_json_write_key(w, "status");
        clew_json_write_cstr(w, "ACTIVE");
        clew_json_write_object_end(w);
        return clew_end_record(w->out);
}
