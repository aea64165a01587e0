/*
 * A selection in numbers: what `clew list --count` and `/traces/count` tell.
 */
#ifndef CLEW_QUERY_SERVE_COUNT_H
#define CLEW_QUERY_SERVE_COUNT_H

#include "proto/base/compiler.h"
#include "query/answer/facts.h"
#include "query/find/select.h"

/*
 * Walks all that @filter selects behind @after (may be NULL) and adds it up; over indexes from
 * columns alone. @filter->light and no_index are set here. @select is begun here, for the caller to
 * look at and to end (clew_select_deinit(), in any case). 0 or a negative errno.
 */
CLEW_MUST_USE int clew_count_gather(struct clew_tally *ret, struct clew_view *view,
                                    struct clew_filter *filter, const struct clew_clock *clock,
                                    const struct clew_selected *after, struct clew_select *select,
                                    struct clew_error *err);

#endif
