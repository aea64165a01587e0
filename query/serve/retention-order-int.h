/*
 * Rules of retention compared: which of two means less, and which can never be met.
 */
#ifndef CLEW_QUERY_SERVE_RETENTION_ORDER_INT_H
#define CLEW_QUERY_SERVE_RETENTION_ORDER_INT_H

#include "query/serve/retention.h"

/* Whether @of selects all that @in selects. False where that cannot be told by comparing conditions
 * one by one. */
bool clew_retention_selects_less(const struct clew_filter_flags *in,
                                 const struct clew_filter_flags *of);

/*
 * Looks at @rule, which stands behind all rules of @r. NULL, or why one of the two can do nothing,
 * a sentence about "the rule of line N" with N in @ret_line; @ret_earlier: it is the earlier one.
 */
const char *clew_retention_no_effect(const struct clew_retention *r,
                                     const struct clew_retention_rule *rule, unsigned *ret_line,
                                     bool *ret_earlier);

/* Of all rules: whether one that keeps (@ret_line) stands behind one that takes all that it means
 * (@ret_by), and nothing behind it would take it younger. */
bool clew_retention_idle_keep(const struct clew_retention *r, unsigned *ret_line, unsigned *ret_by);

#endif
