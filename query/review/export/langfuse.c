/*
 * Langfuse dataset items, as its API takes them. The id is the upsert key.
 */
#include "query/review/export/export-int.h"

int clew_export_langfuse(const struct clew_export_item *e, struct clew_buffer *out,
                         struct clew_error *err)
{
        struct clew_json_writer w = clew_json_writer_make(out, 0);
        const struct clew_item *item = e->item;
        char hex[CLEW_TRACE_ID_HEX];
        int r = clew_need_expected(e, err);

        if (r < 0)
                return r;
        clew_json_write_object_begin(&w);
        clew_put_text(&w, "datasetName", e->dataset.len ? e->dataset : CLEW_SLICE_LITERAL("clew"));
        clew_put_id(&w, "id", &e->id);
        clew_json_write_key(&w, "input");
        clew_put_input(&w, item);
        clew_json_write_key(&w, "expectedOutput");
        if (item->form == CLEW_ITEM_STEP && item->expected_calls.n)
                clew_put_expected_message(&w, item, CLEW_CHAT_OPENAI);
        else if (item->has_expected)
                clew_put_value(&w, item->expected);
        else
                clew_json_write_null(&w);
        clew_json_write_key(&w, "metadata");
        clew_put_metadata(&w, e);
        if (!clew_trace_id_is_zero(&item->trace_id)) {
                clew_trace_id_to_hex(&item->trace_id, hex);
                clew_put_text(&w, "sourceTraceId", clew_slice_of_cstr(hex));
        }
        if (!clew_span_id_is_zero(&item->span_id)) {
                clew_span_id_to_hex(&item->span_id, hex);
                clew_put_text(&w, "sourceObservationId", clew_slice_of_cstr(hex));
        }
        clew_json_write_key(&w, "status");
        clew_json_write_cstr(&w, "ACTIVE");
        clew_json_write_object_end(&w);
        return clew_end_record(out);
}
