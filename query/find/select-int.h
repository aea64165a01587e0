/*
 * What traces of a walk say about older ones: scores that they carry for others.
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

#endif
