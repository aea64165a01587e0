/*
 * Saying something: annotations added, all of a request or none, and taken back.
 *
 * Every one is read, resolved and checked before the first is written, in one transaction; the
 * first mistake ends it and names its place.
 */
#include "query/answer/values.h"
#include "query/review/reviews.h"
#include "query/review/rubric.h"
#include "query/serve/call-int.h"

#include "proto/base/number.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* More at once are for the command line: clew annotate --from. */
#define BATCH_MAX 4000u

struct annotating {
        struct clew_call *call;
        struct clew_annotation *items;
        uint32_t n;
        uint32_t room;
        /* The trace of the one before: batches are mostly sorted by trace. */
        struct clew_opened opened;
        bool is_open;
};

static int wrong(struct annotating *a, const char *message)
{
        if (a->n == 0)
                (void)!clew_call_refuse(a->call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "%s; nothing was added", message);
        else
                (void)!clew_call_refuse(a->call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "annotation %u: %s; nothing was added", a->n + 1, message);
        return 1;
}

static struct clew_annotation *next_item(struct annotating *a)
{
        if (a->n == a->room) {
                uint32_t room = a->room ? 2 * a->room : 16;
                struct clew_annotation *more =
                        clew_arena_calloc(&a->call->arena, room, sizeof(*more));

                if (!more)
                        return NULL;
                for (uint32_t i = 0; i < a->n; i++)
                        more[i] = a->items[i];
                a->items = more;
                a->room = room;
        }
        return &a->items[a->n];
}

/* ---- what it is about ----------------------------------------------------------------------- */

static int open_trace(struct annotating *a, const struct clew_trace_id *id)
{
        static const struct clew_trace_options bare = {0};

        if (a->is_open && clew_trace_id_eq(&a->opened.id, id))
                return 0;
        clew_arena_reset(&a->call->trace);
        a->opened = (struct clew_opened){.id = *id,
                                         .now_ns = clew_clock_unix_ns(a->call->service->clock)};
        a->is_open = clew_lookup_load(a->call->view, &bare, false, &a->call->trace, &a->opened,
                                      &a->call->err) == 0;
        return a->is_open ? 0 : wrong(a, "its trace cannot be read, or is not there");
}

/* "7f3a#8", "7f3a:00f0", "7f3a". */
static int resolve_text(struct annotating *a, struct clew_annotation *x)
{
        struct clew_lookup_found found;
        struct clew_target target;
        char text[CLEW_TARGET_TEXT_MAX];
        uint32_t step;
        int r;

        if (x->id.len >= sizeof(text))
                return wrong(a, "\"id\" names no trace or step");
        memcpy(text, x->id.data, x->id.len);
        text[x->id.len] = '\0';
        r = clew_target_parse(text, &target, &a->call->err);
        if (r < 0)
                return wrong(a, a->call->err.message);
        r = clew_lookup_trace(a->call->view, &target, &x->trace_id, &found, &a->call->err);
        if (r < 0)
                return r;
        if (r == CLEW_LOOKUP_AMBIGUOUS)
                return wrong(a, "\"id\" is ambiguous: give more digits of it");
        if (r != CLEW_LOOKUP_FOUND)
                return wrong(a, "\"id\" names no trace or step");
        x->target = CLEW_ANNOTATED_TRACE;
        if (target.step == 0 && target.n_span_digits == 0)
                return 0;
        r = open_trace(a, &x->trace_id);
        if (r != 0)
                return r;
        if (clew_lookup_step(&target, a->opened.trace, &step, &a->call->err) != CLEW_LOOKUP_FOUND)
                return wrong(a, a->call->err.message);
        x->target = CLEW_ANNOTATED_SPAN;
        x->span_id = a->opened.trace->steps[step].span.span_id;
        x->step = step + 1;
        return 0;
}

/* The trace and span that it names must be there: a slip in an id would be lost for good. */
static int resolve(struct annotating *a, struct clew_annotation *x)
{
        uint32_t step;
        int r;

        if (x->target == CLEW_ANNOTATED_SESSION)
                return 0;
        if (x->id.len > 0)
                return resolve_text(a, x);
        if (clew_trace_id_is_zero(&x->trace_id))
                return wrong(a, "names no trace: trace_id, id or session is needed");
        r = open_trace(a, &x->trace_id);
        if (r != 0 || (x->target == CLEW_ANNOTATED_TRACE && x->step == 0))
                return r;
        step = x->target == CLEW_ANNOTATED_SPAN      ? clew_trace_find(a->opened.trace, &x->span_id)
               : x->step <= a->opened.trace->n_steps ? (uint32_t)x->step - 1
                                                     : CLEW_STEP_NONE;
        if (step == CLEW_STEP_NONE)
                return wrong(a, "the trace has no such step");
        x->target = CLEW_ANNOTATED_SPAN;
        x->span_id = a->opened.trace->steps[step].span.span_id;
        x->step = step + 1;
        return 0;
}

static int read_rubric(struct annotating *a, struct clew_annotation *x)
{
        struct clew_rubric rubric;
        int r;

        if (x->rubric.len == 0)
                return 0;
        r = clew_rubric_get(a->call->view, x->rubric, x->rubric_version, &a->call->arena, &rubric,
                            &a->call->err);
        if (r == -ENOENT)
                return wrong(a, "its rubric is not known; clew rubric list names them");
        if (r < 0)
                return r;
        x->rubric = rubric.name;
        x->rubric_version = rubric.version;
        return 0;
}

static int read_one(struct annotating *a, struct clew_slice json)
{
        struct clew_annotation *x = next_item(a);
        struct clew_error err = {0};
        int r;

        if (!x)
                return -ENOMEM;
        if (a->n == BATCH_MAX)
                return wrong(a, "more than 4000 annotations: divide them");
        if (clew_annotation_read(json, &a->call->arena, x, &err) < 0)
                return wrong(a, err.message);
        if (x->undo)
                return wrong(a, "\"undo\" has a path of its own: /annotations/N/undo");
        r = clew_call_author(a->call, x->author, &x->author);
        if (r == 0 && x->time_ns == 0)
                x->time_ns = clew_clock_unix_ns(a->call->service->clock);
        if (r == 0)
                r = resolve(a, x);
        if (r == 0)
                r = read_rubric(a, x);
        if (r != 0)
                return r;
        if (clew_annotation_check(x, &err) < 0)
                return wrong(a, err.message);
        a->n++;
        return 0;
}

/* One object, or an array of them. */
static int read_all(struct annotating *a)
{
        struct clew_slice body = a->call->request->body;
        struct clew_json_reader r = clew_json_reader_make(body, CLEW_JSON_DEPTH_MAX);
        int status = 0;

        if (clew_json_next(&r) != CLEW_JSON_ARRAY_BEGIN)
                return read_one(a, body);
        while (status == 0 && clew_json_next(&r) != CLEW_JSON_ARRAY_END && r.token != CLEW_JSON_END)
                status = read_one(a, clew_json_take(&r));
        if (status != 0)
                return status;
        while (clew_json_next(&r) != CLEW_JSON_END)
                ;
        if (r.status != CLEW_JSON_COMPLETE)
                return wrong(a, "the body is not whole JSON");
        return a->n > 0 ? 0 : wrong(a, "the array is empty");
}

/* ---- writing -------------------------------------------------------------------------------- */

static int put_annotated(struct clew_call *call, const struct clew_annotation *items, uint32_t n)
{
        struct clew_record_writer out;
        struct clew_json_writer w;
        int r;

        clew_call_record_writer(call, &out, "annotated", NULL);
        call->answer->status = 201;
        w = clew_record_begin(&out, "annotated");
        clew_json_write_key(&w, "items");
        clew_json_write_array_begin(&w);
        for (uint32_t i = 0; i < n; i++) {
                clew_json_write_object_begin(&w);
                clew_json_write_key(&w, "v");
                clew_json_write_uint64(&w, 1);
                clew_json_write_key(&w, "type");
                clew_json_write_cstr(&w, "annotation");
                clew_annotation_write(&w, &items[i]);
                clew_json_write_object_end(&w);
        }
        clew_json_write_array_end(&w);
        r = clew_record_end(&out, &w);
        clew_record_writer_deinit(&out);
        return r;
}

static int add(struct clew_call *call, struct clew_annotation *items, uint32_t n)
{
        struct clew_store *store;
        int r = clew_call_writer(call, &store);

        if (r != 0)
                return 0;
        r = clew_reviews_add(store, items, n, &call->err);
        return r < 0 ? r : put_annotated(call, items, n);
}

int clew_route_annotate(struct clew_call *call)
{
        struct annotating a = {.call = call};
        int r = read_all(&a);

        return r < 0 ? r : r > 0 ? 0 : add(call, a.items, a.n);
}

int clew_route_undo(struct clew_call *call)
{
        struct clew_annotation old;
        struct clew_annotation x = {.time_ns = clew_clock_unix_ns(call->service->clock)};
        int r;

        if (clew_call_author(call, CLEW_SLICE_NULL, &x.author) != 0)
                return 0;
        if (!clew_parse_uint64(clew_slice_of_cstr(call->path_values[0]), &x.undo) || x.undo == 0)
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_REQUEST,
                                        "the number of an annotation goes before /undo");
        r = clew_reviews_find(call->view, x.undo, &call->said, &old, &call->err);
        if (r == -ENOENT)
                return clew_call_refuse(call, CLEW_PROBLEM_UNKNOWN_NAME,
                                        "there is no annotation %" PRIu64, x.undo);
        if (r < 0)
                return r;
        if (old.undo)
                return clew_call_refuse(call, CLEW_PROBLEM_CONFLICT,
                                        "annotation %" PRIu64 " is itself an undo: say it anew",
                                        x.undo);
        if (!clew_slice_eq(old.author, x.author))
                return clew_call_refuse(call, CLEW_PROBLEM_CONFLICT,
                                        "annotation %" PRIu64 " is somebody else's", x.undo);
        x.target = old.target;
        x.trace_id = old.trace_id;
        x.span_id = old.span_id;
        x.step = old.step;
        x.session = old.session;
        return add(call, &x, 1);
}
