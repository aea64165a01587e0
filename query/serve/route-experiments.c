/*
 * Experiments: what they were, their results, and two of them compared.
 */
#include "query/answer/review-record.h"
#include "query/review/record.h"
#include "query/serve/call-int.h"
#include "query/serve/paging-int.h"

#include "proto/base/number.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LIMIT_DEFAULT 50u

/* 0, a negative errno, or 1 when it was refused. */
static int open_experiment(struct clew_call *call, const char *name, struct clew_experiment *ret)
{
        struct clew_slice text = clew_slice_of_cstr(name);
        int r = clew_experiment_load(call->view, text, &call->trace, ret, &call->err);

        if (r == -ESRCH) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_UNKNOWN_NAME, "%s", call->err.message);
                return 1;
        }
        if (r != -ENOENT)
                return r;
        (void)!clew_call_refuse(call, CLEW_PROBLEM_UNKNOWN_NAME,
                                "there is no experiment of that name; clew experiment list names "
                                "them");
        return 1;
}

/* ---- all ------------------------------------------------------------------------------------ */

struct listing {
        struct clew_call *call;
        struct clew_call_list list;
        uint64_t seen;
        bool more;
        char last[CLEW_PAGE_NAME_TEXT];
};

/* Given without its results: they are counted. */
static int put(const struct clew_experiment *e, void *context)
{
        struct listing *l = context;
        struct clew_experiment whole;
        int r;

        l->seen++;
        if (!clew_page_is_behind_name(l->call->inputs.after, e->name, 0))
                return 0;
        l->more = clew_call_list_is_full(&l->list);
        if (l->more)
                return 0;
        clew_page_print_name(e->name, 0, l->last);
        clew_arena_reset(&l->call->trace);
        r = clew_experiment_load(l->call->view, e->name, &l->call->trace, &whole, &l->call->err);
        return r < 0 ? r : clew_record_put(&l->list.writer, &whole);
}

int clew_route_experiments(struct clew_call *call)
{
        struct listing l = {.call = call};
        int r = 0;

        if (!clew_page_takes_name(call))
                return 0;
        if (clew_call_list_begin(call, "experiments", "experiment", clew_experiment_fields,
                                 LIMIT_DEFAULT, &l.list) == 0) {
                r = clew_experiment_each(call->view, put, &l, &call->err);
                if (r == 0)
                        r = clew_call_list_end(&l.list, l.more ? l.last : NULL, l.seen, NULL);
        }
        clew_call_list_deinit(&l.list);
        return r;
}

/* ---- one ------------------------------------------------------------------------------------ */

int clew_route_experiment(struct clew_call *call)
{
        struct clew_record_writer out;
        struct clew_experiment e;
        int r = open_experiment(call, call->path_values[0], &e);

        if (r != 0)
                return r > 0 ? 0 : r;
        clew_call_record_writer(call, &out, "experiment", clew_experiment_fields);
        r = clew_record_put(&out, &e);
        clew_record_writer_deinit(&out);
        return r;
}

int clew_route_results(struct clew_call *call)
{
        struct clew_call_list list;
        struct clew_experiment e;
        uint64_t at = 0;
        char next[24];
        int r;

        if (call->inputs.after && !clew_parse_uint64(clew_slice_of_cstr(call->inputs.after), &at))
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "after takes a number as \"next\" has given it");
        r = open_experiment(call, call->path_values[0], &e);
        if (r != 0)
                return r > 0 ? 0 : r;
        if (clew_call_list_begin(call, "results", "result", clew_result_fields, LIMIT_DEFAULT,
                                 &list) == 0) {
                for (; r == 0 && at < e.n && !clew_call_list_is_full(&list); at++)
                        r = clew_record_put(&list.writer, &e.results[at]);
                if (r == -EMSGSIZE && list.n > 0) {
                        at--;
                        r = 0;
                }
                snprintf(next, sizeof(next), "%llu", (unsigned long long)at);
                if (r == 0)
                        r = clew_call_list_end(&list, at < e.n ? next : NULL, e.n, NULL);
        }
        clew_call_list_deinit(&list);
        return r;
}

/* ---- two ------------------------------------------------------------------------------------ */

int clew_route_experiment_compare(struct clew_call *call)
{
        struct clew_experiment_comparison compared;
        struct clew_record_writer out;
        struct clew_json_writer w;
        struct clew_experiment a;
        struct clew_experiment b;
        int r;

        if (!call->inputs.with)
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "with is needed: the name of the other experiment");
        r = open_experiment(call, call->path_values[0], &a);
        if (r == 0)
                r = open_experiment(call, call->inputs.with, &b);
        if (r != 0)
                return r > 0 ? 0 : r;
        r = clew_experiment_compare(&a, &b, call->inputs.seed, &call->trace, &compared, &call->err);
        if (r == -ENODATA)
                return clew_call_refuse(call, CLEW_PROBLEM_CONFLICT, "%s", call->err.message);
        if (r < 0)
                return r;
        clew_call_record_writer(call, &out, "comparison", NULL);
        w = clew_record_begin(&out, "comparison");
        clew_comparison_write(&w, a.name, b.name, &compared);
        clew_json_write_key(&w, "same_dataset");
        clew_json_write_bool(&w, memcmp(&a.digest, &b.digest, sizeof(a.digest)) == 0);
        r = clew_record_end(&out, &w);
        clew_record_writer_deinit(&out);
        return r;
}
