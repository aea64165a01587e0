/*
 * The review queue: a selection without what I have said something about, so that it can be left
 * and taken up at any time.
 */
#include "query/answer/trace-record.h"
#include "query/review/reviews.h"
#include "query/serve/call-int.h"

#include <errno.h>

#define LIMIT_DEFAULT 50u

struct queue {
        struct clew_call *call;
        struct clew_slice author;
        struct clew_select s;
        struct clew_call_list list;
        struct clew_selected last;  /* that the list has */
        struct clew_selected place; /* that was looked at */
        uint64_t left;              /* all that are not mine, with those of the list */
        bool more;
};

static bool note_place(void *context, const struct clew_list_entry *entry)
{
        struct queue *q = context;

        q->place = (struct clew_selected){.id = entry->id, .start_ns = entry->start_ns};
        return false;
}

/* 1 = I have said something about it. */
static int is_mine(struct queue *q, const struct clew_trace_id *id)
{
        struct clew_reviews reviews;
        int r;

        clew_arena_reset(&q->call->said);
        r = clew_reviews_of_trace(q->call->view, id, &q->call->said, &reviews, &q->call->err);
        return r < 0 ? r : clew_reviews_by(&reviews, q->author);
}

static int walk(struct queue *q)
{
        struct clew_selected t;
        int r;

        while ((r = clew_select_next(&q->s, &t, &q->call->err)) == 1) {
                r = is_mine(q, &t.id);
                if (r < 0)
                        return r;
                if (r > 0)
                        continue;
                q->left++;
                if (clew_call_list_is_full(&q->list)) {
                        q->more = true;
                        if (!q->call->inputs.count)
                                return 0;
                        continue;
                }
                r = clew_record_put(&q->list.writer, &t);
                if (r < 0)
                        return r;
                q->last = (struct clew_selected){.id = t.id, .start_ns = t.start_ns};
        }
        return r;
}

static void write_left(struct clew_json_writer *w, const void *context)
{
        const struct queue *q = context;

        clew_json_write_key(w, "author");
        clew_json_write_string(w, q->author);
        if (!q->call->inputs.count)
                return;
        clew_json_write_key(w, "left");
        clew_json_write_uint64(w, q->left);
}

static int end(struct queue *q)
{
        char next[CLEW_CURSOR_TEXT] = "";
        struct clew_error partial;

        if (q->more)
                clew_cursor_print(&q->last, next);
        else if (q->s.end != CLEW_SELECT_WHOLE && q->s.seen > 0)
                clew_cursor_print(&q->place, next);
        q->list.write_more = write_left;
        q->list.more_context = q;
        return clew_call_list_end(&q->list, next[0] ? next : NULL, q->s.seen,
                                  clew_select_is_partial(&q->s, &partial) ? partial.message : NULL);
}

int clew_route_queue(struct clew_call *call)
{
        const char *from = call->inputs.after;
        struct queue q = {.call = call};
        struct clew_selected after;
        int r = 0;

        if (from && !clew_cursor_parse(from, &after))
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "after takes a cursor as \"next\" has given it");
        if (clew_call_author(call, clew_slice_of_cstr(call->inputs.author), &q.author) != 0 ||
            clew_call_filter(call, NULL) != 0)
                return 0;
        if (clew_call_list_begin(call, "queue", "trace", clew_trace_fields, LIMIT_DEFAULT,
                                 &q.list) == 0) {
                r = clew_select_init(&q.s, call->view, &call->filter, call->service->clock,
                                     from ? &after : NULL, &call->err);
                q.s.skip = note_place;
                q.s.skip_context = &q;
                if (r >= 0)
                        r = walk(&q);
                if (r >= 0 && clew_call_complaints(call, &q.s) == 0)
                        r = end(&q);
                clew_select_deinit(&q.s);
        }
        clew_call_list_deinit(&q.list);
        return r;
}
