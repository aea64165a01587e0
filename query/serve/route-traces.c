/*
 * Lists of traces.
 */
#include "query/answer/facts.h"
#include "query/answer/trace-record.h"
#include "query/serve/call-int.h"
#include "query/serve/count.h"

#include <errno.h>

#define LIMIT_DEFAULT 50u
#define SINCE_DEFAULT CLEW_SINCE_DEFAULT

/* Remembers the place of what is looked at, whether it is selected or not: a walk that is out of
 * time goes on behind it. */
static bool note_place(void *context, const struct clew_list_entry *entry)
{
        *(struct clew_selected *)context =
                (struct clew_selected){.id = entry->id, .start_ns = entry->start_ns};
        return false;
}

/* Fills the list. @ret_next is where the rest begins when more follows. */
static int walk(struct clew_call *call, struct clew_select *s, struct clew_call_list *list,
                char ret_next[CLEW_CURSOR_TEXT])
{
        struct clew_selected t;
        struct clew_selected last = {0};
        struct clew_selected place = {0};
        int r;

        s->skip = note_place;
        s->skip_context = &place;
        ret_next[0] = '\0';
        while ((r = clew_select_next(s, &t, &call->err)) == 1) {
                if (!clew_call_list_is_full(list)) {
                        r = clew_record_put(&list->writer, &t);
                        if (r < 0 && (r != -EMSGSIZE || list->n == 0))
                                return r;
                        if (r == 0) {
                                last = (struct clew_selected){.id = t.id, .start_ns = t.start_ns};
                                continue;
                        }
                }
                clew_cursor_print(&last, ret_next);
                return 0;
        }
        if (r == 0 && s->end != CLEW_SELECT_WHOLE && s->seen > 0)
                clew_cursor_print(&place, ret_next);
        return r;
}

int clew_route_traces(struct clew_call *call)
{
        struct clew_selected after;
        struct clew_select s = {0};
        struct clew_call_list list;
        struct clew_error partial;
        char next[CLEW_CURSOR_TEXT];
        const char *from = call->inputs.after;
        int r;

        if (from && !clew_cursor_parse(from, &after))
                return clew_call_refuse(call, CLEW_PROBLEM_BAD_PARAMETER,
                                        "after takes a cursor as \"next\" has given it");
        if (clew_call_filter(call, SINCE_DEFAULT) != 0)
                return 0;
        if (clew_call_list_begin(call, "traces", "trace", clew_trace_fields, LIMIT_DEFAULT,
                                 &list) == 0) {
                r = clew_select_init(&s, call->view, &call->filter, call->service->clock,
                                     from ? &after : NULL, &call->err);
                if (r >= 0)
                        r = walk(call, &s, &list, next);
                if (r >= 0 && clew_call_complaints(call, &s) == 0)
                        r = clew_call_list_end(
                                &list, next[0] ? next : NULL, s.seen,
                                clew_select_is_partial(&s, &partial) ? partial.message : NULL);
                clew_select_deinit(&s);
        } else {
                r = 0;
        }
        clew_call_list_deinit(&list);
        return r;
}

int clew_route_count(struct clew_call *call)
{
        struct clew_select s = {0};
        struct clew_tally tally = {0};
        struct clew_record_writer w;
        struct clew_json_writer json;
        struct clew_error partial;
        int r;

        if (clew_call_filter(call, SINCE_DEFAULT) != 0)
                return 0;
        r = clew_count_gather(&tally, call->view, &call->filter, call->service->clock, NULL, &s,
                              &call->err);
        if (r == 0 && clew_call_complaints(call, &s) == 0) {
                clew_call_record_writer(call, &w, "count", NULL);
                json = clew_record_begin(&w, "count");
                clew_tally_write(&tally, &json);
                clew_json_write_key(&json,
                                    "left_out"); /* without an agent, a model call or a tool */
                clew_json_write_uint64(&json, s.helpers);
                clew_json_write_key(&json, "partial");
                clew_json_write_cstr(&json,
                                     clew_select_is_partial(&s, &partial) ? partial.message : NULL);
                r = clew_record_end(&w, &json);
                clew_record_writer_deinit(&w);
        }
        clew_select_deinit(&s);
        return r;
}
