/*
 * Steps of a trace: many in short, one in full.
 */
#include "proto/base/number.h"
#include "query/answer/step-full.h"
#include "query/answer/step-record.h"
#include "query/answer/trace-record.h"
#include "query/serve/call-int.h"

#include <errno.h>
#include <stdio.h>

#define LIMIT_DEFAULT 200u

/* Outcome and cause as lists know them; without them no step is blamed. */
static uint32_t cause_of(struct clew_call *call, const struct clew_opened *o)
{
        struct clew_select s = {0};
        struct clew_selected t;
        uint32_t cause = 0;

        clew_select_init_single(&s, call->view, call->service->clock);
        if (clew_select_one(&s, &o->id, o->trace, &t, &call->err) == 0)
                cause = clew_blamed_step(&t.summary);
        clew_select_deinit(&s);
        return cause;
}

int clew_route_steps(struct clew_call *call)
{
        const struct clew_step_texts texts = {&call->scratch, &call->brief};
        struct clew_trace_options options = CLEW_TRACE_FULL;
        struct clew_opened o = {0};
        struct clew_call_list list;
        uint64_t at = call->inputs.from == UINT64_MAX ? 1 : call->inputs.from;
        char next[24];
        uint32_t cause;
        int r;

        options.results = true;
        r = clew_call_open(call, call->path_values[0], &options, true, &o);
        if (r != 0)
                return r > 0 ? 0 : r;
        cause = cause_of(call, &o);
        if (at == 0)
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "from takes a step number, 1 or more");
        if (clew_call_list_begin(call, "steps", "step", clew_step_fields, LIMIT_DEFAULT, &list) ==
            0) {
                for (; r == 0 && at <= o.trace->n_steps && !clew_call_list_is_full(&list); at++)
                        r = clew_step_put(&list.writer, o.trace, (uint32_t)(at - 1), cause, &texts);
                if (r == -EMSGSIZE && list.n > 0) {
                        at--;
                        r = 0;
                }
                snprintf(next, sizeof(next), "%llu", (unsigned long long)at);
                if (r == 0)
                        r = clew_call_list_end(&list, at <= o.trace->n_steps ? next : NULL,
                                               o.trace->n_steps, NULL);
        }
        clew_call_list_deinit(&list);
        return r;
}

int clew_call_step_record(struct clew_call *call, struct clew_buffer *ret,
                          const struct clew_trace **ret_trace)
{
        const struct clew_step_texts texts = {&call->scratch, &call->brief};
        struct clew_trace_options options = CLEW_TRACE_FULL;
        struct clew_opened o = {0};
        struct clew_record_writer out;
        uint64_t number;
        int r;

        options.provenance = true;
        options.results = true;
        r = clew_call_open(call, call->path_values[0], &options, true, &o);
        if (r != 0)
                return r;
        if (!clew_parse_uint64(clew_slice_of_cstr(call->path_values[1]), &number) || number == 0 ||
            number > o.trace->n_steps) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_UNKNOWN_STEP,
                                        "the trace has steps 1 to %u", o.trace->n_steps);
                return 1;
        }
        clew_record_writer_init(&out, CLEW_RECORD_JSON, "step", clew_step_fields,
                                clew_sink_to_buffer(ret));
        r = clew_step_put_full(&out, o.trace, (uint32_t)number - 1, &texts);
        clew_record_writer_deinit(&out);
        *ret_trace = o.trace;
        return r;
}

int clew_route_step(struct clew_call *call)
{
        CLEW_BUFFER whole = {0};
        const struct clew_trace *trace;
        int r;

        clew_buffer_init(&whole, CLEW_SERVE_MEMORY_MAX);
        r = clew_call_step_record(call, &whole, &trace);
        if (r != 0)
                return r > 0 ? 0 : r;
        call->answer->status = 200;
        call->answer->content_type = "application/json";
        return clew_call_shorten(call, &whole);
}
