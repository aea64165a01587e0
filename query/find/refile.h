/*
 * Records that an older version stored without a trace although they name a run: they are added
 * under the run's id, where a newer version would have put them.
 */
#ifndef CLEW_QUERY_REFILE_H
#define CLEW_QUERY_REFILE_H

#include "proto/base/error.h"
#include "storage/store.h"

#include <stdint.h>

/*
 * Adds them to @store, open for writing; what lies under a run already is not added to again by
 * value, so it may be done twice. The old records stay where they are and count no longer as
 * without a run (loose.h). *@ret: how many name a run. 0 or a negative errno.
 */
CLEW_MUST_USE int clew_refile(struct clew_store *store, uint64_t arrival_ns, uint64_t *ret,
                              struct clew_error *err);

#endif
