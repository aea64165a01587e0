/*
 * Runs that lie in several traces (query/find/run.h), for the counters: their traces tell of the
 * same calls in different words, so only the summary of all together counts each call once.
 *
 * A trace of such a run is not counted when it is sealed. Its run is kept in mind, and counted when
 * nothing of it is hot any more, or after a while: with what it adds to what was counted before,
 * which is remembered for the runs that were counted last. Of a run that an earlier process has
 * counted, the traces that are not new stand for what was.
 *
 * Used by the sealer's thread alone. Numbers of runs are bounded; what finds no place is counted by
 * itself, and told (clew_figures_apart).
 */
#ifndef CLEW_COLLECTOR_JOINED_INT_H
#define CLEW_COLLECTOR_JOINED_INT_H

#include "collector/commit/figures.h"
#include "proto/base/compiler.h"
#include "storage/store.h"

#include <stdbool.h>
#include <stdint.h>

struct clew_joined;

/* NULL: no memory. @store and @figures are borrowed until free. */
CLEW_MUST_USE struct clew_joined *clew_joined_new(struct clew_store *store,
                                                  struct clew_figures *figures, uint64_t wait_ns);
void clew_joined_free(struct clew_joined *j); /* NULL is fine */

/* A trace was sealed; as clew_seal_options.sealed. Opens nothing. */
void clew_joined_sealed(struct clew_joined *j, const struct clew_trace_id *id,
                        struct clew_slice before, struct clew_slice now);
/* Counts what is due; between two steps of sealing. Returns whether there is more to do soon. */
bool clew_joined_count(struct clew_joined *j);

#endif
