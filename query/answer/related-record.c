/*
 * See related-record.h.
 */
#include "query/answer/related-record.h"

#include "query/answer/values.h"

void clew_related_write(struct clew_json_writer *w, const struct clew_trace_id *id,
                        const struct clew_related *e)
{
        clew_json_write_key(w, "trace_id");
        clew_write_trace_id(w, id);
        clew_json_write_key(w, "edge");
        clew_json_write_cstr(w, clew_related_type_name(e->type));
        clew_json_write_key(w, "incoming");
        clew_json_write_bool(w, e->incoming);
        clew_json_write_key(w, "inferred");
        clew_json_write_bool(w, e->inferred);
        clew_json_write_key(w, "step");
        if (e->step != CLEW_STEP_NONE)
                clew_json_write_uint64(w, e->step + 1);
        else
                clew_json_write_null(w);
        clew_json_write_key(w, "other_trace_id");
        clew_write_trace_id(w, &e->trace_id);
        clew_json_write_key(w, "other_span_id");
        if (clew_span_id_is_zero(&e->span_id))
                clew_json_write_null(w);
        else
                clew_write_span_id(w, &e->span_id);
        clew_json_write_key(w, "id");
        clew_write_text(w, e->id);
}
