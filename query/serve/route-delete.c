/*
 * Traces deleted: by ids, or by a selection, for good. The collector wipes free pages afterwards.
 */
#include "query/serve/call-int.h"
#include "query/serve/erase.h"

#include <errno.h>

/* One request; more are for the command line. */
#define DELETE_MAX 10000u

static int add_ids(struct clew_call *call, struct clew_erasing *e)
{
        const struct clew_flag_values *ids = &call->inputs.ids;
        int r = 0;

        for (size_t i = 0; r == 0 && i < ids->n; i++) {
                struct clew_trace_id id;

                r = clew_call_resolve(call, ids->values[i], &id);
                if (r == 0)
                        r = clew_erasing_add(e, call->view, &id, &call->err);
        }
        return r;
}

/* A selection that is not whole deletes nothing: who asked would believe that all is gone. */
static int add_selected(struct clew_call *call, struct clew_erasing *e)
{
        struct clew_select s = {0};
        struct clew_selected t;
        struct clew_error partial;
        int r;

        if (clew_call_filter(call, NULL) != 0)
                return 1;
        call->filter.apart = true;
        r = clew_select_init(&s, call->view, &call->filter, call->service->clock, NULL, &call->err);
        while (r >= 0 && (r = clew_select_next(&s, &t, &call->err)) == 1) {
                r = clew_erasing_add(e, call->view, &t.id, &call->err);
                if (r == 0 && e->ids.len > DELETE_MAX * sizeof(t.id)) {
                        (void)!clew_call_refuse(call, CLEW_PROBLEM_TOO_LARGE,
                                                "more than %u traces: use clew delete, or until",
                                                DELETE_MAX);
                        r = 1;
                        break;
                }
        }
        if (r == 0 && clew_call_complaints(call, &s) != 0)
                r = 1;
        if (r == 0 && clew_select_is_partial(&s, &partial)) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_CONFLICT,
                                        "not all of the selection could be read (%s): nothing was "
                                        "deleted",
                                        partial.message);
                r = 1;
        }
        clew_select_deinit(&s);
        return r;
}

static int answer(struct clew_call *call, const struct clew_erasing *e,
                  const struct clew_rewrite_stats *stats)
{
        struct clew_record_writer out;
        struct clew_json_writer w;
        int r;

        clew_call_record_writer(call, &out, "deleted", NULL);
        call->answer->status = 200;
        w = clew_record_begin(&out, "deleted");
        clew_json_write_key(&w, "dry_run");
        clew_json_write_bool(&w, call->inputs.dry_run);
        clew_json_write_key(&w, "traces");
        clew_json_write_uint64(&w, e->n);
        clew_json_write_key(&w, "found");
        if (call->inputs.dry_run)
                clew_json_write_null(&w);
        else
                clew_json_write_uint64(&w, stats->traces);
        clew_json_write_key(&w, "annotated");
        clew_json_write_uint64(&w, e->n_held);
        clew_json_write_key(&w, "dataset_items");
        clew_json_write_uint64(&w, e->copies.n);
        r = clew_record_end(&out, &w);
        clew_record_writer_deinit(&out);
        return r;
}

static int delete_all(struct clew_call *call, struct clew_erasing *e, enum clew_copies_mode copies)
{
        struct clew_erasing_options options = {.copies = copies, .clock = call->service->clock};
        struct clew_rewrite_stats stats = {0};
        struct clew_store *store;
        int r;

        if (call->inputs.dry_run)
                return answer(call, e, &stats);
        if (clew_call_author(call, CLEW_SLICE_NULL, &options.who) != 0 ||
            clew_call_writer(call, &store) != 0)
                return 0;
        options.sessions = call->inputs.filter.sessions.values;
        options.n_sessions = call->inputs.filter.sessions.n;
        r = clew_erasing_run(e, store, &options, &stats, &call->err);
        if (r == -EBUSY)
                return clew_call_refuse(call, CLEW_PROBLEM_CONFLICT, "%s", call->err.message);
        return r < 0 ? r : answer(call, e, &stats);
}

static bool is_selecting(const struct clew_filter_flags *f)
{
        return f->query || f->sessions.n || f->users.n || f->agents.n || f->tools.n ||
               f->models.n || f->services.n || f->attributes.n || f->texts.n || f->patterns.n ||
               f->labels.n || f->causes.n || f->since || f->until || f->failed || f->ok;
}

int clew_route_delete(struct clew_call *call)
{
        enum clew_copies_mode copies = CLEW_COPIES_REFUSE;
        struct clew_erasing e;
        int r;

        if (call->inputs.copies && !clew_copies_mode_parse(call->inputs.copies, &copies))
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "datasets takes keep or remove");
        if ((call->inputs.ids.n > 0) == is_selecting(&call->inputs.filter))
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "which traces? \"id\", or a selection, not both");
        clew_erasing_init(&e);
        r = call->inputs.ids.n > 0 ? add_ids(call, &e) : add_selected(call, &e);
        if (r == 0)
                r = clew_erasing_settle(&e, call->view, &call->said, &call->err);
        if (r == 0)
                r = delete_all(call, &e, copies);
        clew_erasing_deinit(&e);
        return r > 0 ? 0 : r;
}
