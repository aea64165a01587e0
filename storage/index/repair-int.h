/*
 * Damaged indexes: what cannot be read is dropped, and its segments then are ones that no run
 * covers.
 */
#ifndef CLEW_STORAGE_INDEX_REPAIR_INT_H
#define CLEW_STORAGE_INDEX_REPAIR_INT_H

#include "storage/base/env-int.h"

/* Reads all blocks of all runs. A run with one that is damaged or missing goes; when the list of
 * runs is damaged all of them go. *ret_dropped: how many runs went, one for all. Transactions are
 * made by @run, as in struct clew_seal_options; it may be NULL. A damaged block that cannot be
 * deleted stays where nobody reads it; with @thorough all of the indexes go instead, so that
 * nothing damaged is left of them. */
CLEW_MUST_USE int
clew_index_repair(struct clew_env *env,
                  void (*run)(void *context, void (*fn)(void *argument), void *argument),
                  void *run_context, bool thorough, uint32_t *ret_dropped, struct clew_error *err);

#endif
