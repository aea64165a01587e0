/*
 * What runs of one selection have that those of another have not.
 */
#include "query/serve/call-int.h"
#include "query/serve/contrast.h"

#include <errno.h>

#define LIMIT_DEFAULT 100u

struct contrast_answer {
        struct clew_contrast contrast;
        struct clew_comparison_result result;
        struct clew_error partial;
        bool is_partial;
        uint64_t seen;
};

static void write_sides(struct clew_json_writer *w, const void *context)
{
        static const char *const runs[] = {"a_runs", "b_runs"};
        static const char *const cut[] = {"a_cut", "b_cut"};
        const struct contrast_answer *a = context;

        for (unsigned i = 0; i < 2; i++) {
                clew_json_write_key(w, runs[i]);
                clew_json_write_uint64(w, a->result.runs[i]);
                clew_json_write_key(w, cut[i]);
                clew_json_write_bool(w, a->contrast.cut[i]);
        }
        clew_json_write_key(w, "tested");
        clew_json_write_uint64(w, a->result.n);
        clew_json_write_key(w, "found");
        clew_json_write_uint64(w, a->result.n_found);
}

static int put(struct clew_call *call, struct contrast_answer *a)
{
        uint32_t n;
        struct clew_call_list list;
        int r = clew_comparison_finish(a->contrast.comparison, &a->result);

        if (r < 0)
                return r;
        n = call->inputs.all ? a->result.n : a->result.n_told;
        if (a->result.runs[0] == 0 || a->result.runs[1] == 0)
                n = 0; /* nothing to compare with */
        if (clew_call_list_begin(call, "differences", "difference", clew_contrast_fields,
                                 LIMIT_DEFAULT, &list) == 0) {
                list.write_more = write_sides;
                list.more_context = a;
                for (uint32_t i = 0; r == 0 && i < n && !clew_call_list_is_full(&list); i++)
                        r = clew_record_put(
                                &list.writer,
                                &(struct clew_contrast_row){&a->result.features[i], &a->result});
                if (r == 0)
                        r = clew_call_list_end(&list, NULL, a->seen,
                                               a->is_partial ? a->partial.message : NULL);
        }
        clew_call_list_deinit(&list);
        return r;
}

/* 0, a negative errno, or 1 when it was refused. */
static int add_side(struct clew_call *call, struct contrast_answer *a,
                    const struct clew_filter_flags *flags, unsigned side, bool others)
{
        struct clew_select s = {0};
        int r;

        call->inputs.filter = *flags;
        clew_filter_deinit(&call->filter);
        if (clew_call_filter(call, CLEW_SINCE_DEFAULT) != 0)
                return 1;
        call->filter.runs = true; /* as list does */
        clew_contrast_share(&a->contrast, side, &call->filter);
        r = clew_select_init(&s, call->view, &call->filter, call->service->clock, NULL, &call->err);
        if (r >= 0)
                r = clew_contrast_add_side(&a->contrast, &s, side, others, CLEW_SERVE_MEMORY_MAX,
                                           &call->err);
        if (r == 0)
                r = clew_call_complaints(call, &s);
        clew_contrast_spent(&a->contrast, &call->filter, &s);
        a->seen += s.seen;
        if (r == 0 && !a->is_partial)
                a->is_partial = clew_select_is_partial(&s, &a->partial);
        clew_select_deinit(&s);
        return r;
}

int clew_route_contrast(struct clew_call *call)
{
        const char *qa = call->inputs.a;
        const char *qb = call->inputs.b;
        struct contrast_answer a = {0};
        struct clew_filter_flags flags[2];
        int r;

        if ((qa && call->inputs.filter.query) || (qb && !qa))
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "compare takes two queries: a={ ... } and b={ ... }");
        if (!qa && !call->inputs.filter.failed)
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "compare what? failed=1 compares failed runs with those "
                                        "that ended well; one query (a) those that meet it with "
                                        "all others; two queries one with the other");
        clew_contrast_sides(&call->inputs.filter, qa, qb, &flags[0], &flags[1]);
        r = clew_contrast_init(&a.contrast);
        if (r == 0)
                r = add_side(call, &a, &flags[0], 0, false);
        if (r == 0)
                r = add_side(call, &a, &flags[1], 1, qa && !qb);
        if (r == 0)
                r = put(call, &a);
        clew_contrast_deinit(&a.contrast);
        return r > 0 ? 0 : r;
}
