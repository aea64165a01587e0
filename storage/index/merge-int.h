/*
 * Merging of index runs, a step at a time, so that their number stays small.
 *
 * Runs are put in classes by how many traces they have (a factor of eight, of small ones four);
 * eight or four of one class become one of the next, so an entry is written again once for each
 * class that it rises, and a store has fewer than eight runs a class. A run of half the most that
 * one may have is left alone.
 *
 * At rest, when nothing more is to come for a while, there are fewer: the smallest runs become one,
 * up to the last that is at most twice as large as those below it together. So each is then more
 * than twice as large as all smaller ones, and an entry that is written again is in a run that is
 * larger by half at least.
 *
 * A run of which a trace has moved on has sums (CLEW_INDEX_SUM) of more than it lists, and nobody
 * can use them. Such a run is *worn*, and when nothing else is to be merged it is made anew, alone:
 * one after the other at rest; while data comes, when nothing waits to be sealed and many runs were
 * made since (WORN_RUNS in merge.c), so that what it costs is a part of what they cost.
 *
 * A step reads in a snapshot of its own and writes about a megabyte of blocks in a transaction of
 * some milliseconds. Blocks of a run without a head are invisible; the last transaction puts the
 * head and takes away those of the runs that went in. Whoever dies in the middle leaves blocks that
 * a later sweep finds. Traces that have moved on meanwhile are dead in the new run as in the old
 * ones, because that is said of segments, not of runs.
 */
#ifndef CLEW_STORAGE_INDEX_MERGE_INT_H
#define CLEW_STORAGE_INDEX_MERGE_INT_H

#include "storage/index/catalog-int.h"

struct clew_index_merge;

/* How a step gets at the writer: as struct clew_seal_options. @run may be NULL. */
struct clew_index_merge_options {
        uint64_t version; /* of the indexer: runs of others are left alone */
        /* Not 0: runs with lower numbers, of whatever indexer, are made anew without the traces in
         * them that are gone, one at a time, and those of an older layout go; nothing else is
         * merged. What such a trace was found by is then nowhere. */
        uint64_t purge_below;
        bool at_rest;
        bool has_leisure;                     /* nothing waits to be sealed; so it is at rest */
        const struct clew_index_adder *adder; /* NULL: runs go without sums */
        void (*run)(void *context, void (*fn)(void *argument), void *argument);
        void *context;
};

CLEW_MUST_USE struct clew_index_merge *
clew_index_merge_new(struct clew_env *env);             /* NULL: no memory */
void clew_index_merge_free(struct clew_index_merge *m); /* what was begun is left over */
/*
 * Goes on, or begins when runs are to be merged or blocks are left over. 1 = there is more to do, 0
 * = nothing is, negative errno: the merge is given up, and begins anew at the next step.
 * *ret_bytes is what was written.
 */
CLEW_MUST_USE int clew_index_merge_step(struct clew_index_merge *m,
                                        const struct clew_index_merge_options *options,
                                        uint64_t *ret_bytes, struct clew_error *err);

#endif
