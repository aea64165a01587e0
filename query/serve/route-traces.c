/*
 * Lists of traces.
 */
#include "query/answer/facts.h"
#include "query/answer/trace-record.h"
#include "query/serve/count.h"
#include "query/serve/selected-page-int.h"

#include <errno.h>

#define LIMIT_DEFAULT 50u
#define SINCE_DEFAULT CLEW_SINCE_DEFAULT

static int put_trace(struct clew_call_list *list, const struct clew_selected *t)
{
        return clew_record_put(&list->writer, t);
}

int clew_route_traces(struct clew_call *call)
{
        const struct clew_selected_page page = {.type = "traces",
                                                .item = "trace",
                                                .fields = clew_trace_fields,
                                                .limit = LIMIT_DEFAULT,
                                                .put = put_trace};

        if (clew_call_filter(call, SINCE_DEFAULT) != 0)
                return 0;
        return clew_call_selected_page(call, &page);
}

int clew_route_count(struct clew_call *call)
{
        struct clew_select s = {0};
        struct clew_tally tally = {0};
        struct clew_record_writer w;
        struct clew_json_writer json;
        struct clew_error partial;
        int r;

        if (clew_call_filter(call, SINCE_DEFAULT) != 0)
                return 0;
        r = clew_count_gather(&tally, call->view, &call->filter, call->service->clock, NULL, &s,
                              &call->err);
        if (r == 0 && clew_call_complaints(call, &s) == 0) {
                clew_call_record_writer(call, &w, "count", NULL);
                json = clew_record_begin(&w, "count");
                clew_tally_write(&tally, &json);
                clew_json_write_key(&json,
                                    "left_out"); /* without an agent, a model call or a tool */
                clew_json_write_uint64(&json, s.helpers);
                clew_json_write_key(&json, "partial");
                clew_json_write_cstr(&json,
                                     clew_select_is_partial(&s, &partial) ? partial.message : NULL);
                r = clew_record_end(&w, &json);
                clew_record_writer_deinit(&w);
        }
        clew_select_deinit(&s);
        return r;
}
