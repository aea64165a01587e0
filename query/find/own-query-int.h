/*
 * What a filter asks beside its queries (outcomes, sessions), as a query: so that indexes leave out
 * what cannot meet it. It only narrows; the filter itself is put to each summary.
 */
#ifndef CLEW_QUERY_FIND_OWN_QUERY_INT_H
#define CLEW_QUERY_FIND_OWN_QUERY_INT_H

#include "proto/base/arena.h"
#include "proto/base/compiler.h"

#include <stddef.h>
#include <stdint.h>

struct clew_query;

struct clew_own_query {
        struct clew_arena arena;
        struct clew_query *query; /* NULL: there is nothing that could be asked so */
};

/* @outcomes: bits by enum clew_outcome, 0 = any. @sessions: any of these, a final '*' is a prefix;
 * @n = 0: any at all. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_own_query_make(uint32_t outcomes, const char *const *sessions, size_t n,
                                      struct clew_own_query *ret);
void clew_own_query_deinit(struct clew_own_query *q); /* zeroed is fine */

#endif
