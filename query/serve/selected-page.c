/*
 * A page of what the selected traces hold, newest first: the walk, its cursor, and its end. A trace
 * is never divided between two pages.
 */
#include "query/serve/selected-page-int.h"

#include "query/answer/trace-record.h"

#include <errno.h>

/* What the walk looked at last, whether it is selected or not: a page that is out of time goes on
 * behind it. */
static bool note_place(void *context, const struct clew_list_entry *entry)
{
        *(struct clew_selected *)context =
                (struct clew_selected){.id = entry->id, .start_ns = entry->start_ns};
        return false;
}

/* All of one trace, or nothing of it: -EMSGSIZE when it does not fit. */
static int put_whole(const struct clew_selected_page *page, struct clew_call_list *list,
                     const struct clew_selected *t)
{
        struct clew_call_mark mark = clew_call_list_mark(list);
        int r = page->put(list, t);

        if (r == -EMSGSIZE)
                clew_call_list_reset(list, &mark);
        return r;
}

/* Fills the list. @ret_next is where the rest begins when more follows. */
static int walk(const struct clew_selected_page *page, struct clew_select *s,
                struct clew_call_list *list, char ret_next[CLEW_CURSOR_TEXT])
{
        struct clew_call *call = list->call;
        struct clew_selected place = {0};
        struct clew_selected last = {0};
        struct clew_selected t;
        int r;

        s->skip = note_place;
        s->skip_context = &place;
        ret_next[0] = '\0';
        while ((r = clew_select_next(s, &t, &call->err)) == 1) {
                if (page->is_meant && (r = page->is_meant(call, s, &t)) == 0)
                        continue;
                if (r == 1 && !clew_call_list_is_full(list)) {
                        r = put_whole(page, list, &t);
                        if (r == 0) {
                                last = (struct clew_selected){.id = t.id, .start_ns = t.start_ns};
                                continue;
                        }
                }
                if (r < 0 && (r != -EMSGSIZE || list->n == 0))
                        return r;
                clew_cursor_print(&last, ret_next);
                return 0;
        }
        if (r == 0 && s->end != CLEW_SELECT_WHOLE && s->seen > 0)
                clew_cursor_print(&place, ret_next);
        return r;
}

int clew_call_end_selected(struct clew_call_list *list, struct clew_select *s, const char *next)
{
        struct clew_error partial;

        if (clew_call_complaints(list->call, s) != 0)
                return 0;
        return clew_call_list_end(list, next && *next ? next : NULL, s->seen,
                                  clew_select_is_partial(s, &partial) ? partial.message : NULL);
}

int clew_call_refuse_cursor(struct clew_call *call)
{
        return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                "after takes a cursor as \"next\" has given it");
}

int clew_call_selected_page(struct clew_call *call, const struct clew_selected_page *page)
{
        const char *from = call->inputs.after;
        char next[CLEW_CURSOR_TEXT];
        struct clew_selected after;
        struct clew_select s = {0};
        struct clew_call_list list;
        int r = 0;

        if (from && !clew_cursor_parse(from, &after))
                return clew_call_refuse_cursor(call);
        if (clew_call_list_begin(call, page->type, page->item, page->fields, page->limit, &list) ==
            0) {
                r = clew_select_init(&s, call->view, &call->filter, call->service->clock,
                                     from ? &after : NULL, &call->err);
                if (r >= 0)
                        r = walk(page, &s, &list, next);
                if (r >= 0)
                        r = clew_call_end_selected(&list, &s, next);
                clew_select_deinit(&s);
        }
        clew_call_list_deinit(&list);
        return r;
}
