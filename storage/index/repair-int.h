/*
 * Damaged indexes: what cannot be read is dropped, and its segments then are ones that no run
 * covers.
 */
#ifndef CLEW_STORAGE_INDEX_REPAIR_INT_H
#define CLEW_STORAGE_INDEX_REPAIR_INT_H

#include "storage/base/env-int.h"

/* Reads all blocks of all runs. A run with one that is damaged or missing goes; when the list of
 * runs is damaged all of them go. *ret_dropped: how many runs went, one for all. */
CLEW_MUST_USE int clew_index_repair(struct clew_env *env, uint32_t *ret_dropped,
                                    struct clew_error *err);

#endif
