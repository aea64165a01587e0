/*
 * Lists that walk over the selected traces, newest first.
 */
#ifndef CLEW_QUERY_SERVE_SELECTED_PAGE_INT_H
#define CLEW_QUERY_SERVE_SELECTED_PAGE_INT_H

#include "query/serve/call-int.h"

/* What such a list holds. */
struct clew_selected_page {
        const char *type;                       /* of the whole, "traces" */
        const char *item;                       /* of a record, "trace" */
        const struct clew_record_field *fields; /* those that may be chosen; NULL: none */
        uint64_t limit;                         /* records, when the call says nothing */
        /* 1 when the trace has a place in the list, 0 when not, or a negative errno; NULL: all. */
        int (*is_meant)(struct clew_call *call, struct clew_select *s, struct clew_selected *t);
        /* Puts all that the list has of a trace: 0 or a negative errno. -EMSGSIZE ends the page
         * before that trace, or refuses the call when the page would be empty. */
        int (*put)(struct clew_call_list *list, const struct clew_selected *t);
};

/* Answers with one page of what call->filter selects, from the call's `after` on. A trace is never
 * divided between two pages. 0 or a negative errno. */
CLEW_MUST_USE int clew_call_selected_page(struct clew_call *call,
                                          const struct clew_selected_page *page);

/* Ends a list that a walk has filled. @next: where the rest begins; NULL or "": that was all. */
CLEW_MUST_USE int clew_call_end_selected(struct clew_call_list *list, struct clew_select *s,
                                         const char *next);
/* Refuses an `after` that is no cursor. */
CLEW_MUST_USE int clew_call_refuse_cursor(struct clew_call *call);

#endif
