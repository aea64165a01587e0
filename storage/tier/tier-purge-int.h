/*
 * A reader takes out of its store what some writer has deleted: tier-purge.c.
 */
#ifndef CLEW_STORAGE_TIER_PURGE_INT_H
#define CLEW_STORAGE_TIER_PURGE_INT_H

#include "storage/tier/tier-int.h"

/* When clew_tier_wants_purge(); of tails see clew_nodes_step(). Before it the reader has decided to
 * wipe. */
CLEW_MUST_USE int clew_tier_purge(struct clew_tier *root, struct clew_tier_stats *stats,
                                  struct clew_error *err);

#endif
