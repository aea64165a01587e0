/*
 * Whether what this room keeps can be read: the store checks that records are whole and none is
 * missing, this checks that they say something.
 */
#ifndef CLEW_QUERY_REVIEW_VERIFY_H
#define CLEW_QUERY_REVIEW_VERIFY_H

#include "storage/store.h"

/* Reads every annotation, rubric, dataset with the bodies of its items, and experiment. @report
 * gets what cannot be read, one finding a kind at most. Returns the number of findings. */
int clew_review_verify(struct clew_view *view, clew_verify_report_fn report, void *context);

#endif
