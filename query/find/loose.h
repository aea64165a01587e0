/*
 * Log records that belong to no trace and no run: how many there are, so that a list can say so.
 */
#ifndef CLEW_QUERY_LOOSE_H
#define CLEW_QUERY_LOOSE_H

#include "proto/base/error.h"
#include "storage/store.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Counts them. Beyond CLEW_LOOSE_EXACT_MAX of what is not sealed yet, resends are counted as sent
 * and *ret_about is true: a list is not to read a million records for a footnote. The view's loaded
 * trace dies. 0 or a negative errno.
 */
#define CLEW_LOOSE_EXACT_MAX 100000u

CLEW_MUST_USE int clew_loose_count(struct clew_view *view, uint64_t *ret, bool *ret_about,
                                   struct clew_error *err);

#endif
