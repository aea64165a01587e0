/*
 * Parts of a walk: what its traces say about older ones (scores that they carry for others), and
 * what their bytes say before anything is made of them.
 */
#ifndef CLEW_QUERY_FIND_SELECT_INT_H
#define CLEW_QUERY_FIND_SELECT_INT_H

#include "query/find/select.h"

/* Scores about older traces that one walk remembers; those of feedback that is about nothing in the
 * walk too. */
#define CLEW_SELECT_AIMED_MAX 65536u

void clew_select_remember_init(struct clew_select *s);
/* What the trace at hand says about others. Without memory for it lists know less, not nothing. */
void clew_select_remember(struct clew_select *s, const struct clew_summary *summary);
/* Adds what younger traces said about the trace at hand. */
void clew_select_recall(const struct clew_select *s, struct clew_selected *t);

/* ---- select-glance.c ------------------------------------------------------------------------- */

/* The spans of a trace without a summary, as far as they are read for its line, into s->data;
 * s->has_data when that is all of them. */
CLEW_MUST_USE int clew_select_load_some(struct clew_select *s, const struct clew_trace_id *id,
                                        struct clew_error *err);
/* Looks which queries of the walk bytes can answer. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_select_begin_glances(struct clew_select *s);
/* A trace is hot, and its summary as it stands is known. */
bool clew_select_is_told(const struct clew_list_entry *entry);
/* Bytes say that the hot trace at hand, of which s->data is all, does not meet the queries. */
CLEW_MUST_USE bool clew_select_bytes_rule_out(struct clew_select *s);
/* Bytes say that a trace without a summary does not meet the queries: it need not be summarised. */
CLEW_MUST_USE bool clew_select_rules_out(struct clew_select *s,
                                         const struct clew_list_entry *entry);

/* Whether the filter shows traces whose steps are of @kinds. */
static inline bool clew_select_is_run(const struct clew_filter *filter, uint32_t kinds)
{
        return !filter || !filter->runs || clew_summary_is_run(kinds);
}

/* The taker of a walk (struct clew_index_taker); its context is the selection. */
CLEW_MUST_USE int clew_select_take(void *context, struct clew_index_run *run,
                                   struct clew_index_set *traces, struct clew_error *err);

#endif
