/*
 * Where the values of a run came from and went, and the other traces that it belongs with.
 */
#include "query/answer/lineage-record.h"
#include "query/answer/related-record.h"
#include "query/answer/when.h"
#include "query/rca/view.h"
#include "query/serve/call-int.h"

#include <errno.h>

#define WITHIN_NS_DEFAULT (3600 * CLEW_NS_PER_S)

/* ---- lineage -------------------------------------------------------------------------------- */

static int put_value(struct clew_call_list *list, const struct clew_rca_view *v,
                     struct clew_slice value)
{
        struct clew_lineage l;
        struct clew_json_writer w;

        clew_lineage_of(v, value, &l);
        w = clew_record_begin(&list->writer, "lineage");
        clew_lineage_write(&w, v, value, &l);
        return clew_record_end(&list->writer, &w);
}

static int put_values(struct clew_call *call, const struct clew_rca_view *v)
{
        struct clew_slice values[CLEW_LINEAGE_VALUES_MAX];
        struct clew_call_list list;
        bool more = false;
        uint32_t n = 1;
        int r = 0;

        if (call->inputs.value)
                values[0] = clew_slice_of_cstr(call->inputs.value);
        else
                n = clew_lineage_values(v, (uint32_t)call->inputs.step_number - 1, values, &more);
        if (clew_call_list_begin(call, "lineages", "lineage", NULL, CLEW_LINEAGE_VALUES_MAX,
                                 &list) == 0) {
                for (uint32_t i = 0; r == 0 && i < n; i++)
                        r = put_value(&list, v, values[i]);
                if (r == 0)
                        r = clew_call_list_end(&list, NULL, n,
                                               more ? "the step brings in more values; ask for "
                                                      "them with value"
                                                    : NULL);
        }
        clew_call_list_deinit(&list);
        return r;
}

int clew_route_lineage(struct clew_call *call)
{
        const struct clew_inputs *in = &call->inputs;
        struct clew_opened o = {0};
        struct clew_rca_view v;
        bool by_step = in->step_number != UINT64_MAX;
        int r;

        if (!in->value == !by_step || (in->value && !in->value[0]))
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "either value, a text, or step, a number, is needed");
        r = clew_call_open(call, call->path_values[0], &CLEW_TRACE_FULL, false, &o);
        if (r != 0)
                return r > 0 ? 0 : r;
        if (by_step && (in->step_number == 0 || in->step_number > o.trace->n_steps))
                return clew_call_refuse(call, CLEW_PROBLEM_UNKNOWN_STEP,
                                        "the trace has steps 1 to %u", o.trace->n_steps);
        r = clew_rca_view_build(o.trace, &call->trace, &v);
        return r < 0 ? r : put_values(call, &v);
}

/* ---- related -------------------------------------------------------------------------------- */

static int put_related(struct clew_call *call, const struct clew_trace *trace,
                       const struct clew_related_result *found, const struct clew_select *s)
{
        struct clew_call_list list;
        struct clew_error partial;
        bool is_partial = clew_select_is_partial(s, &partial);
        int r = 0;

        if (found->more && !is_partial) {
                clew_error_set(&partial, 0, 0, "there are more edges than %u", CLEW_RELATED_MAX);
                is_partial = true;
        }
        if (clew_call_list_begin(call, "related", "related", NULL, CLEW_RELATED_MAX, &list) == 0) {
                for (uint32_t i = 0; r == 0 && i < found->n; i++) {
                        struct clew_json_writer w = clew_record_begin(&list.writer, "related");

                        clew_related_write(&w, &trace->id, &found->items[i]);
                        r = clew_record_end(&list.writer, &w);
                }
                if (r == 0)
                        r = clew_call_list_end(&list, NULL, s->seen,
                                               is_partial ? partial.message : NULL);
        }
        clew_call_list_deinit(&list);
        return r;
}

static int find_related(struct clew_call *call, const struct clew_trace *trace, uint64_t within)
{
        struct clew_filter filter = {
                .since_ns = trace->start_ns > within ? trace->start_ns - within : 1,
                .until_ns = trace->end_ns + within + 1,
                .limit_ns = CLEW_SERVE_WALK_NS,
                .stop = call->service->stop,
        };
        struct clew_related_result found = {0};
        struct clew_select s = {0};
        int r = clew_select_init(&s, call->view, &filter, call->service->clock, NULL, &call->err);

        if (r == 0)
                r = clew_related_find(trace, &s, &call->trace, &found, &call->err);
        if (r == 0)
                r = put_related(call, trace, &found, &s);
        clew_select_deinit(&s);
        return r;
}

int clew_route_related(struct clew_call *call)
{
        struct clew_opened o = {0};
        struct clew_trace *trace = NULL;
        struct clew_trace_options options = CLEW_TRACE_FULL;
        uint64_t within = WITHIN_NS_DEFAULT;
        int r;

        if (call->inputs.within &&
            (!clew_when_parse_length(call->inputs.within, &within) || within > UINT64_MAX / 4))
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "within takes a length of time such as 10m or 1d");
        r = clew_call_open(call, call->path_values[0], &options, false, &o);
        if (r != 0)
                return r > 0 ? 0 : r;
        /* The trace's bytes die when the view loads others. */
        options.joined = o.joined;
        r = clew_trace_build(clew_arena_copy(&call->trace, o.data.traces),
                             clew_arena_copy(&call->trace, o.data.logs), &options, &call->trace,
                             &trace);
        if (r == 0 && clew_arena_failed(&call->trace))
                r = -ENOMEM;
        return r < 0 ? r : find_related(call, trace, within);
}
