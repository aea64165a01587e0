/*
 * Two runs, aligned step by step.
 */
#include "query/serve/call-int.h"
#include "query/serve/compare.h"

#include <errno.h>

/* Of each side: its bytes, and what is made of them. */
#define SIDE_BYTES_MAX ((size_t)128 << 20)

static int load(struct clew_call *call, const char *name, const char *text,
                struct clew_compare_side *side)
{
        struct clew_trace_id id;
        int r;

        if (!text)
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "%s is needed: the id of a trace; diff compares two",
                                        name) +
                       1;
        r = clew_call_resolve(call, text, &id);
        return r != 0 ? r : clew_compare_load(side, call->view, &id, SIDE_BYTES_MAX, &call->err);
}

static int answer(struct clew_call *call, struct clew_compare *c)
{
        struct clew_record_writer out;
        struct clew_json_writer w;
        int r = load(call, "a", call->inputs.a, &c->a);

        if (r == 0)
                r = load(call, "b", call->inputs.b, &c->b);
        if (r == 0)
                r = clew_compare_run(c);
        if (r != 0)
                return r > 0 ? 0 : r;
        clew_call_record_writer(call, &out, "diff", NULL);
        w = clew_record_begin(&out, "diff");
        clew_compare_write(c, !call->inputs.stat, call->inputs.text, &w);
        r = clew_record_end(&out, &w);
        clew_record_writer_deinit(&out);
        return r;
}

int clew_route_diff(struct clew_call *call)
{
        struct clew_compare c = {.strict = call->inputs.strict};
        int r;

        if (call->inputs.only && !clew_compare_only(&c, call->inputs.only))
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "only takes llm, tool, agent, step, input, output, calls, "
                                        "arguments, result or error");
        r = answer(call, &c);
        clew_compare_deinit(&c);
        return r;
}
