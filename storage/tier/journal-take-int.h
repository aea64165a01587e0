/*
 * What a reader has of writers' journals: what they have acknowledged and not sealed, of those that
 * nobody can ask for their tail. A writer that is gone, and is not started again, is read so.
 *
 * Its fragments lie in the hot table of the reader's store, as those of a tail do. An object that
 * is gone was sealed and uploaded; its fragments go after the catalog was read once more, so a run
 * is never missing in between.
 */
#ifndef CLEW_STORAGE_TIER_JOURNAL_TAKE_INT_H
#define CLEW_STORAGE_TIER_JOURNAL_TAKE_INT_H

#include "storage/tier/tier-int.h"

struct clew_journals; /* of one thread */

struct clew_journals *clew_journals_new(void);
void clew_journals_free(struct clew_journals *j); /* NULL is fine */
/* The hot table was emptied: all of it is read anew. */
void clew_journals_forget(struct clew_journals *j);
/* Takes in what the journal of @of has, or, with @is_asked, out again: its tail is known. @look:
 * the bucket is asked for what is new. @ret_erased: something of what went had been deleted or
 * redacted. What the bucket does not answer is asked for again; an error is of the store @t. */
CLEW_MUST_USE int clew_journals_step(struct clew_journals *j, struct clew_tier *t,
                                     const struct clew_nodes_of *of, bool is_asked, bool look,
                                     bool *ret_erased, struct clew_error *err);
/* Whether all that @of has acknowledged is here by its journal. */
CLEW_MUST_USE bool clew_journals_cover(const struct clew_journals *j, const struct clew_tier *of);

/* Of traces that somebody has deleted nothing stays; clew_taken_purge(). */
CLEW_MUST_USE int clew_journals_purge(struct clew_journals *j, struct clew_tier *t, uint64_t epoch,
                                      struct clew_error *err);

#endif
