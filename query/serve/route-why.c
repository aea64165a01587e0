/*
 * The most likely cause of a failure.
 */
#include "query/answer/why-record.h"
#include "query/serve/call-int.h"
#include "query/serve/cause.h"

#include <errno.h>
#include <string.h>

/* Actions of the runs that are compared with. */
#define COMPARED_ARENA_MAX ((size_t)64 << 20)
/* One of them while it is read. */
#define COMPARED_TRACE_MAX ((size_t)256 << 20)

static int answer(struct clew_call *call, const struct clew_compared *compared,
                  const struct clew_opened *o)
{
        struct clew_cause_answer a;
        struct clew_record_writer out;
        struct clew_json_writer w;
        int r = clew_cause_analyse(compared, o->trace, &call->trace, &a);

        if (r < 0)
                return r;
        clew_call_record_writer(call, &out, "why", NULL);
        w = clew_record_begin(&out, "why");
        clew_why_write(&w, &a.why);
        clew_why_write_references(&w, &a.why, a.nearest, &a.spectrum);
        r = clew_record_end(&out, &w);
        clew_record_writer_deinit(&out);
        return r;
}

int clew_route_why(struct clew_call *call)
{
        CLEW_ARENA kept = {0};
        struct clew_compared compared;
        struct clew_opened o = {0};
        const char *references = call->inputs.references;
        int r;

        if (references && strcmp(references, "0") != 0 && strcmp(references, "1") != 0)
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "references takes 0 or 1");
        clew_arena_init(&kept, COMPARED_ARENA_MAX);
        r = clew_compared_init(&compared, &kept);
        if (r == 0)
                r = clew_call_open(call, call->path_values[0], &CLEW_TRACE_FULL, false, &o);
        if (r != 0)
                return r > 0 ? 0 : r;
        if (!references || *references == '1') {
                uint64_t epoch = clew_view_epoch(call->view);

                r = clew_compared_gather_for(&compared, call->view, call->service->clock, o.trace,
                                             COMPARED_TRACE_MAX, &call->err);
                if (r == 0 && clew_view_epoch(call->view) != epoch) {
                        /* Looking at other traces ended the life of this one's bytes. */
                        clew_arena_reset(&call->trace);
                        r = clew_lookup_load(call->view, &CLEW_TRACE_FULL, false, &call->trace, &o,
                                             &call->err);
                }
        }
        return r < 0 ? r : answer(call, &compared, &o);
}
