/*
 * What people said: of one trace, of a session, of the selected traces.
 */
#include "query/answer/trace-record.h"
#include "query/answer/values.h"
#include "query/review/reviews.h"
#include "query/serve/selected-page-int.h"

#include <string.h>

#define LIMIT_DEFAULT 200u
/* Where people differ: one line a difference. */
#define DIFFERENCES_MAX ((size_t)1 << 20)

/* ---- what counts now ------------------------------------------------------------------------ */

static void write_score(struct clew_json_writer *w, const struct clew_facet *f)
{
        const struct clew_annotation_score *s =
                f->kind == CLEW_FACET_SCORE ? &f->by->scores[f->index] : NULL;

        clew_json_write_key(w, "value");
        if (s && s->has_value)
                clew_json_write_double(w, s->value);
        else
                clew_json_write_null(w);
        clew_json_write_key(w, "label");
        clew_write_text(w, s ? s->label : CLEW_SLICE_NULL);
}

static void write_facet(struct clew_json_writer *w, const struct clew_facet *f)
{
        static const char *const kinds[] = {"label",      "score",   "note",
                                            "correction", "failing", "finding"};
        bool is_span = f->by->target == CLEW_ANNOTATED_SPAN;

        clew_json_write_object_begin(w);
        clew_json_write_key(w, "kind");
        clew_json_write_cstr(w, kinds[f->kind]);
        clew_json_write_key(w, "number");
        clew_json_write_uint64(w, f->by->number);
        clew_json_write_key(w, "author");
        clew_json_write_string(w, f->by->author);
        clew_json_write_key(w, "step");
        if (f->by->step > 0)
                clew_json_write_uint64(w, f->by->step);
        else
                clew_json_write_null(w);
        clew_json_write_key(w, "span_id");
        if (is_span)
                clew_write_span_id(w, &f->by->span_id);
        else
                clew_json_write_null(w);
        clew_json_write_key(w, "name");
        clew_write_text(w, clew_facet_name(f));
        write_score(w, f);
        clew_json_write_key(w, "text");
        clew_write_text(w, f->kind == CLEW_FACET_NOTE         ? f->by->note
                           : f->kind == CLEW_FACET_CORRECTION ? f->by->correction
                                                              : CLEW_SLICE_NULL);
        clew_json_write_key(w, "verdict");
        clew_json_write_cstr(w, f->kind != CLEW_FACET_FINDING              ? NULL
                                : f->by->verdict == CLEW_FINDING_CONFIRMED ? "confirmed"
                                                                           : "rejected");
        clew_json_write_key(w, "rubric");
        clew_write_text(w, f->by->rubric);
        clew_json_write_key(w, "rubric_version");
        if (f->by->rubric.len > 0)
                clew_json_write_uint64(w, f->by->rubric_version);
        else
                clew_json_write_null(w);
        clew_json_write_key(w, "time_unix_nano");
        clew_json_write_uint64_string(w, f->by->time_ns);
        clew_json_write_object_end(w);
}

static void write_differences(struct clew_json_writer *w, const struct clew_reviews *reviews)
{
        CLEW_BUFFER text = {0};
        struct clew_slice left;

        clew_buffer_init(&text, DIFFERENCES_MAX);
        (void)clew_reviews_differences(reviews, &text);
        left = clew_buffer_slice(&text);
        clew_json_write_key(w, "differences");
        clew_json_write_array_begin(w);
        while (left.len > 0) {
                const uint8_t *line_end = memchr(left.data, '\n', left.len);
                size_t len = line_end ? (size_t)(line_end - left.data) : left.len;
                struct clew_slice line = clew_slice_make(left.data, len);

                left = clew_slice_from(left, line_end ? len + 1 : len);
                if (line.len > 0)
                        clew_json_write_string(w, line);
        }
        clew_json_write_array_end(w);
}

int clew_route_reviews(struct clew_call *call)
{
        struct clew_record_writer out;
        struct clew_reviews reviews;
        struct clew_trace_id id;
        struct clew_json_writer w;
        int r = clew_call_resolve(call, call->path_values[0], &id);

        if (r == 0)
                r = clew_reviews_of_trace(call->view, &id, &call->said, &reviews, &call->err);
        if (r != 0)
                return r > 0 ? 0 : r;
        clew_call_record_writer(call, &out, "reviews", NULL);
        w = clew_record_begin(&out, "reviews");
        clew_json_write_key(&w, "trace_id");
        clew_write_trace_id(&w, &id);
        clew_json_write_key(&w, "annotations");
        clew_json_write_uint64(&w, reviews.n_all);
        clew_json_write_key(&w, "now");
        clew_json_write_array_begin(&w);
        for (uint32_t i = 0; i < reviews.n_now; i++)
                write_facet(&w, &reviews.now[i]);
        clew_json_write_array_end(&w);
        write_differences(&w, &reviews);
        r = clew_record_end(&out, &w);
        clew_record_writer_deinit(&out);
        return r;
}

/* ---- annotations one by one ----------------------------------------------------------------- */

static int put(struct clew_call_list *list, const struct clew_annotation *a)
{
        struct clew_json_writer w = clew_record_begin(&list->writer, "annotation");

        clew_annotation_write(&w, a);
        return clew_record_end(&list->writer, &w);
}

static bool is_undone(const struct clew_reviews *reviews, uint64_t number)
{
        for (uint32_t i = 0; i < reviews->n_all; i++) {
                if (reviews->all[i].undo == number)
                        return true;
        }
        return false;
}

/* All that was said of one trace or session, in the order it was said. */
static int put_all(struct clew_call *call, const struct clew_reviews *reviews)
{
        struct clew_call_list list;
        int r = 0;

        if (clew_call_list_begin(call, "annotations", "annotation", NULL, CLEW_REVIEWS_MAX,
                                 &list) == 0) {
                for (uint32_t i = 0; r == 0 && i < reviews->n_all && !clew_call_list_is_full(&list);
                     i++)
                        r = put(&list, &reviews->all[i]);
                if (r == 0)
                        r = clew_call_list_end(&list, NULL, reviews->n_all,
                                               reviews->cut || list.n < reviews->n_all
                                                       ? "the newest are missing"
                                                       : NULL);
        }
        clew_call_list_deinit(&list);
        return r;
}

static int of_one(struct clew_call *call)
{
        struct clew_reviews reviews;
        struct clew_trace_id id;
        int r;

        if (call->inputs.of_session) {
                r = clew_reviews_of_session(call->view, clew_slice_of_cstr(call->inputs.of_session),
                                            &call->said, &reviews, &call->err);
        } else {
                r = clew_call_resolve(call, call->inputs.trace, &id);
                if (r == 0)
                        r = clew_reviews_of_trace(call->view, &id, &call->said, &reviews,
                                                  &call->err);
        }
        if (r != 0)
                return r > 0 ? 0 : r;
        return put_all(call, &reviews);
}

/* What counts of a trace; undone words and the undoing of them are left out. */
static int put_trace(struct clew_call_list *list, const struct clew_selected *t)
{
        struct clew_call *call = list->call;
        struct clew_reviews reviews;
        int r;

        clew_arena_reset(&call->said);
        r = clew_reviews_of_trace(call->view, &t->id, &call->said, &reviews, &call->err);
        for (uint32_t i = 0; r == 0 && i < reviews.n_all; i++) {
                if (!reviews.all[i].undo && !is_undone(&reviews, reviews.all[i].number))
                        r = put(list, &reviews.all[i]);
        }
        return r;
}

int clew_route_annotations(struct clew_call *call)
{
        static const struct clew_selected_page page = {.type = "annotations",
                                                       .item = "annotation",
                                                       .limit = LIMIT_DEFAULT,
                                                       .put = put_trace};

        if (call->inputs.trace && call->inputs.of_session)
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "trace or of-session, not both");
        if (call->inputs.trace || call->inputs.of_session)
                return of_one(call);
        if (clew_call_filter(call, CLEW_SINCE_DEFAULT) != 0)
                return 0;
        return clew_call_selected_page(call, &page);
}
