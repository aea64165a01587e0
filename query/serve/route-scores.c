/*
 * Scores across traces, one a record: what evaluators recorded of a run (its root, the trace, the
 * session), and what people and judges said of it and of its steps. They come in the order of the
 * runs, newest first; a trace is not divided between two pages.
 */
#include "query/answer/trace-record.h"
#include "query/answer/values.h"
#include "query/review/reviews.h"
#include "query/serve/selected-page-int.h"

#define LIMIT_DEFAULT 200u

/* One of them; @by is NULL when it was recorded. */
struct scored {
        const struct clew_selected *trace;
        const struct clew_annotation *by;
        const char *target;
        struct clew_slice name;
        struct clew_slice label;
        double value;
        bool has_value;
};

static int put(struct clew_call_list *list, const struct scored *s)
{
        const struct clew_annotation *by = s->by;
        struct clew_json_writer w = clew_record_begin(&list->writer, "score");

        clew_json_write_key(&w, "trace_id");
        clew_write_trace_id(&w, &s->trace->id);
        clew_json_write_key(&w, "name");
        clew_write_text(&w, s->name);
        clew_json_write_key(&w, "value");
        if (s->has_value)
                clew_json_write_double(&w, s->value);
        else
                clew_json_write_null(&w);
        clew_json_write_key(&w, "label");
        clew_write_text(&w, s->label);
        clew_json_write_key(&w, "target");
        clew_json_write_cstr(&w, s->target);
        clew_json_write_key(&w, "source");
        clew_json_write_cstr(&w, by ? "said" : "recorded");
        clew_json_write_key(&w, "author");
        clew_write_text(&w, by ? by->author : CLEW_SLICE_NULL);
        clew_json_write_key(&w, "number");
        if (by)
                clew_json_write_uint64(&w, by->number);
        else
                clew_json_write_null(&w);
        clew_json_write_key(&w, "span_id");
        if (by && by->target == CLEW_ANNOTATED_SPAN)
                clew_write_span_id(&w, &by->span_id);
        else
                clew_json_write_null(&w);
        clew_json_write_key(&w, "step");
        if (by && by->step > 0)
                clew_json_write_uint64(&w, by->step);
        else
                clew_json_write_null(&w);
        clew_json_write_key(&w, "comment");
        clew_write_text(&w, by ? by->note : CLEW_SLICE_NULL);
        clew_json_write_key(&w, "rubric");
        clew_write_text(&w, by ? by->rubric : CLEW_SLICE_NULL);
        clew_json_write_key(&w, "time_unix_nano");
        clew_json_write_uint64_string(&w, by ? by->time_ns : s->trace->start_ns);
        clew_json_write_key(&w, "start_unix_nano");
        clew_json_write_uint64_string(&w, s->trace->start_ns);
        return clew_record_end(&list->writer, &w);
}

static bool is_meant(const struct clew_call *call, struct clew_slice name)
{
        return !call->inputs.name || clew_slice_eq_cstr(name, call->inputs.name);
}

static int put_recorded(struct clew_call_list *list, const struct clew_selected *t)
{
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < t->summary.n_scores; i++) {
                const struct clew_summary_score *s = &t->summary.scores[i];
                const struct scored scored = {
                        .trace = t,
                        .target = clew_score_target_name(s->target),
                        .name = s->name,
                        .label = s->label,
                        .value = s->value,
                        .has_value = s->has_value,
                };

                if (is_meant(list->call, s->name))
                        r = put(list, &scored);
        }
        return r;
}

/* Those that count now: of one author the newest of a name. */
static int put_said(struct clew_call_list *list, const struct clew_selected *t)
{
        struct clew_call *call = list->call;
        struct clew_reviews reviews;
        int r;

        clew_arena_reset(&call->said);
        r = clew_reviews_of_trace(call->view, &t->id, &call->said, &reviews, &call->err);
        for (uint32_t i = 0; r == 0 && i < reviews.n_now; i++) {
                const struct clew_facet *f = &reviews.now[i];
                const struct clew_annotation_score *s =
                        f->kind == CLEW_FACET_SCORE ? &f->by->scores[f->index] : NULL;
                struct scored scored = {.trace = t, .by = f->by};

                if (!s || !is_meant(call, s->name))
                        continue;
                scored.target = f->by->target == CLEW_ANNOTATED_SPAN ? "step" : "trace";
                scored.name = s->name;
                scored.label = s->label;
                scored.value = s->value;
                scored.has_value = s->has_value;
                r = put(list, &scored);
        }
        return r;
}

static int put_scores(struct clew_call_list *list, const struct clew_selected *t)
{
        int r = put_recorded(list, t);

        return r == 0 ? put_said(list, t) : r;
}

int clew_route_scores(struct clew_call *call)
{
        static const struct clew_selected_page page = {
                .type = "scores", .item = "score", .limit = LIMIT_DEFAULT, .put = put_scores};

        if (clew_call_filter(call, CLEW_SINCE_DEFAULT) != 0)
                return 0;
        return clew_call_selected_page(call, &page);
}
