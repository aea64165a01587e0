/*
 * From a trace, and what people said about it, to an item.
 */
#ifndef CLEW_QUERY_REVIEW_ITEM_COMPILE_H
#define CLEW_QUERY_REVIEW_ITEM_COMPILE_H

#include "proto/base/arena.h"
#include "query/model/trace.h"
#include "query/review/item.h"
#include "query/review/reviews.h"

struct clew_compile_options {
        enum clew_item_form form;
        uint64_t step; /* CLEW_ITEM_STEP: number of the step; 0 = the one said to be failing, else
                          the one that the rules blame */
};

/*
 * Compiles @trace (built with CLEW_TRACE_FULL). @reviews may be NULL. Everything lives in @arena or
 * in what @trace lives in. The expected output is, in this order: the newest correction, what was
 * recorded when the run passed, nothing. 0; -ENODATA with a reason (no messages, no such step);
 * -ENOMEM.
 */
CLEW_MUST_USE int clew_item_compile(const struct clew_trace *trace,
                                    const struct clew_reviews *reviews,
                                    const struct clew_compile_options *options,
                                    struct clew_arena *arena, struct clew_item *ret,
                                    struct clew_error *err);

#endif
