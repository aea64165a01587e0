/*
 * Criteria: texts with versions.
 */
#include "proto/base/utf8.h"
#include "query/answer/review-record.h"
#include "query/review/record.h"
#include "query/serve/call-int.h"
#include "query/serve/paging-int.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define LIMIT_DEFAULT 200u

/* ---- lists ---------------------------------------------------------------------------------- */

struct listing {
        struct clew_call_list list;
        const char *after;
        bool newest;
        bool more;
        char next[CLEW_PAGE_NAME_TEXT];
        struct clew_rubric last; /* kept until one of another name comes; its texts in `arena` */
        struct clew_arena *arena;
        uint64_t seen;
};

static int put(struct listing *l, const struct clew_rubric *rubric)
{
        if (!clew_page_is_behind_name(l->after, rubric->name, rubric->version))
                return 0;
        if (clew_call_list_is_full(&l->list)) {
                l->more = true;
                return 0;
        }
        clew_page_print_name(rubric->name, rubric->version, l->next);
        return clew_record_put(&l->list.writer, rubric);
}

static int put_last(struct listing *l)
{
        return l->last.name.len > 0 ? put(l, &l->last) : 0;
}

/* Versions of one name come one after the other, the newest last. */
static int see(const struct clew_rubric *rubric, void *context)
{
        struct listing *l = context;
        int r = 0;

        l->seen++;
        if (!l->newest)
                return put(l, rubric);
        if (!clew_slice_eq(l->last.name, rubric->name))
                r = put_last(l);
        clew_arena_reset(l->arena);
        l->last = *rubric;
        l->last.name = clew_arena_copy(l->arena, rubric->name);
        l->last.author = clew_arena_copy(l->arena, rubric->author);
        l->last.text = clew_arena_copy(l->arena, rubric->text);
        return r < 0 ? r : clew_arena_failed(l->arena) ? -ENOMEM : 0;
}

static int list(struct clew_call *call, struct clew_slice name)
{
        struct listing l = {
                .newest = call->inputs.newest, .after = call->inputs.after, .arena = &call->said};
        int r = 0;

        if (!clew_page_takes_name(call))
                return 0;

        if (clew_call_list_begin(call, "rubrics", "rubric", clew_rubric_fields, LIMIT_DEFAULT,
                                 &l.list) == 0) {
                r = clew_rubric_each(call->view, name, see, &l, &call->err);
                if (r == 0 && l.newest)
                        r = put_last(&l);
                if (r == 0)
                        r = clew_call_list_end(&l.list, l.more ? l.next : NULL, l.seen, NULL);
        }
        clew_call_list_deinit(&l.list);
        return r;
}

int clew_route_rubrics(struct clew_call *call)
{
        return list(call, CLEW_SLICE_NULL);
}

/* ---- one ------------------------------------------------------------------------------------ */

/* 0, a negative errno, or 1 when it was refused. */
static int get(struct clew_call *call, uint64_t version, struct clew_rubric *ret)
{
        struct clew_slice name = clew_slice_of_cstr(call->path_values[0]);
        int r = clew_rubric_get(call->view, name, version, &call->said, ret, &call->err);

        if (r == -ESRCH) {
                (void)!clew_call_refuse(call, CLEW_PROBLEM_UNKNOWN_NAME, "%s", call->err.message);
                return 1;
        }
        if (r != -ENOENT)
                return r;
        if (version > 0)
                (void)!clew_call_refuse(call, CLEW_PROBLEM_UNKNOWN_NAME,
                                        "there is no rubric of that name and version %" PRIu64
                                        "; clew rubric list names them",
                                        version);
        else
                (void)!clew_call_refuse(call, CLEW_PROBLEM_UNKNOWN_NAME,
                                        "there is no rubric of that name; clew rubric list names "
                                        "them");
        return 1;
}

int clew_route_rubric(struct clew_call *call)
{
        struct clew_rubric any;
        int r = get(call, 0, &any);

        return r < 0 ? r : r > 0 ? 0 : list(call, any.name);
}

static void put_line(void *context, char mark, struct clew_slice line)
{
        struct clew_json_writer *w = context;

        clew_json_write_object_begin(w);
        clew_json_write_key(w, "sign");
        clew_json_write_string(w, clew_slice_make(&mark, 1));
        clew_json_write_key(w, "text");
        clew_json_write_string(w, line);
        clew_json_write_object_end(w);
}

int clew_route_rubric_diff(struct clew_call *call)
{
        struct clew_record_writer out;
        struct clew_json_writer w;
        struct clew_rubric a;
        struct clew_rubric b;
        int r;

        if (call->inputs.version_a == 0)
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "a is needed: the number of a version");
        r = get(call, call->inputs.version_a, &a);
        if (r == 0)
                r = get(call, call->inputs.version_b, &b);
        if (r != 0)
                return r > 0 ? 0 : r;
        clew_call_record_writer(call, &out, "rubric-diff", NULL);
        w = clew_record_begin(&out, "rubric-diff");
        clew_json_write_key(&w, "name");
        clew_json_write_string(&w, a.name);
        clew_json_write_key(&w, "a");
        clew_json_write_uint64(&w, a.version);
        clew_json_write_key(&w, "b");
        clew_json_write_uint64(&w, b.version);
        clew_json_write_key(&w, "lines");
        clew_json_write_array_begin(&w);
        r = clew_rubric_diff(a.text, b.text, &call->scratch, put_line, &w);
        clew_json_write_array_end(&w);
        if (r == 0)
                r = clew_record_end(&out, &w);
        clew_record_writer_deinit(&out);
        return r;
}

/* ---- adding --------------------------------------------------------------------------------- */

int clew_route_rubric_add(struct clew_call *call)
{
        struct clew_rubric newest = {0};
        struct clew_rubric rubric = {
                .name = clew_slice_of_cstr(call->inputs.name),
                .text = clew_slice_of_cstr(call->inputs.content),
                .time_ns = clew_clock_unix_ns(call->service->clock),
        };
        struct clew_record_writer out;
        struct clew_store *store;
        int r;

        if (!clew_name_is_good(rubric.name) || rubric.text.len == 0 ||
            rubric.text.len > CLEW_RUBRIC_BYTES_MAX || !clew_utf8_valid(rubric.text))
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "a rubric has a name without blanks, '@', ',' and '=', and "
                                        "a text of 1 to %zu bytes of UTF-8",
                                        CLEW_RUBRIC_BYTES_MAX);
        if (clew_call_author(call, CLEW_SLICE_NULL, &rubric.author) != 0)
                return 0;
        r = clew_rubric_get(call->view, rubric.name, 0, &call->said, &newest, &call->err);
        if (r < 0 && r != -ENOENT)
                return r;
        if (clew_call_writer(call, &store) != 0)
                return 0;
        r = clew_rubric_add(store, &rubric, &call->err);
        if (r < 0)
                return r;
        if (rubric.version == newest.version)
                rubric = newest; /* the text was there already */
        clew_call_record_writer(call, &out, "rubric", clew_rubric_fields);
        call->answer->status = rubric.version == newest.version ? 200 : 201;
        r = clew_record_put(&out, &rubric);
        clew_record_writer_deinit(&out);
        return r;
}
