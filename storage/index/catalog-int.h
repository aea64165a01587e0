/*
 * Which runs there are in a snapshot, and which of their traces still count.
 *
 * Records of table `index`: blocks of runs (`B`, run, block), what is gone (`G`, segment), heads
 * (`H`, run). A run is there when its head is; blocks without one are left over and go. A run is
 * immutable, but traces move on to newer segments: the transaction that moves one writes what of
 * its old segment is still live. Number and sum of all heads and `G`s are in `state`, so one that a
 * damaged tree hides is noticed before any index is believed.
 */
#ifndef CLEW_STORAGE_INDEX_CATALOG_INT_H
#define CLEW_STORAGE_INDEX_CATALOG_INT_H

#include "storage/base/record-int.h"
#include "storage/index/run-int.h"
#include "storage/index/sink-int.h"
#include "storage/sealed/segment-int.h"

struct clew_index_gone {
        uint64_t segment;
        uint64_t stale_below; /* runs with a lower number do not count for it; 0 = none */
        bool all;             /* the segment is not there any more */
        uint64_t n_traces;
        struct clew_slice live; /* bits, as in a catalog entry; empty = all are */
};

/* A block that was read before in the snapshot, and is not verified once more. */
struct clew_index_kept_block {
        uint64_t run;
        uint32_t block;
        struct clew_slice bytes;
};
#define CLEW_INDEX_KEPT_BLOCKS 256u /* a power of two */

struct clew_index_catalog {
        struct clew_env *env;
        MDB_txn *txn; /* borrowed */
        struct clew_index_kept_block kept[CLEW_INDEX_KEPT_BLOCKS];
        struct clew_run_packer packer;
        struct clew_arena arena;
        struct clew_index_run *runs; /* ascending numbers */
        uint32_t n_runs;
        struct clew_index_gone *gone; /* ascending segments */
        uint32_t n_gone;
        uint64_t *covered; /* segments that are there and that a run covers, ascending */
        uint64_t n_covered;
        uint64_t n_segments;
        uint32_t n_stale; /* runs of another version of the indexer; not among @runs */
};

/* Runs of all indexers. */
#define CLEW_INDEX_ANY_VERSION UINT64_MAX

/* Reads all of it. @version: runs of other indexers are left out. -EBADMSG also when heads and
 * records of what is gone are not those of the state. */
CLEW_MUST_USE int clew_index_catalog_read(struct clew_index_catalog *c, struct clew_env *env,
                                          MDB_txn *txn, uint64_t version, struct clew_error *err);
/* The same with runs whose version differs from it in bits of @unlike alone. */
CLEW_MUST_USE int clew_index_catalog_read_like(struct clew_index_catalog *c, struct clew_env *env,
                                               MDB_txn *txn, uint64_t version, uint64_t unlike,
                                               struct clew_error *err);
void clew_index_catalog_deinit(struct clew_index_catalog *c); /* zeroed is fine */
/* Whether a run covers @segment, which is there. */
bool clew_index_covers(const struct clew_index_catalog *c, uint64_t segment);
/* NULL when nothing of it is gone. */
const struct clew_index_gone *clew_index_gone_of(const struct clew_index_catalog *c,
                                                 uint64_t segment);
/* The run that covers @segment; NULL = none does. */
struct clew_index_run *clew_index_run_of(const struct clew_index_catalog *c, uint64_t segment);
/* Adds the ordinals of @run that do not count any more to @into. */
CLEW_MUST_USE int clew_index_dead(const struct clew_index_catalog *c, struct clew_index_run *run,
                                  struct clew_index_set *into, struct clew_error *err);

/* ---- writing; all count in @state, which the caller writes ------------------------------------
 */

/* Blocks of one run in memory, to be put in a transaction. */
struct clew_index_blocks {
        struct clew_buffer bytes;
        struct clew_buffer ends; /* size_t */
        uint64_t version;
        struct clew_run_head head;
        struct clew_run_segment segments[CLEW_SINK_SEGMENTS_MAX]; /* of the head */
        struct clew_buffer sections;
        bool is_set;
};

void clew_index_blocks_init(struct clew_index_blocks *b);
void clew_index_blocks_deinit(struct clew_index_blocks *b);
/* Builds @sink's run. Without one (see clew_index_sink_build()) is_set is false. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_index_blocks_build(struct clew_index_blocks *b, struct clew_index_sink *sink,
                                          uint64_t version);
/* Puts it as the run of @segment, the only one that it is of. */
CLEW_MUST_USE int clew_index_put(struct clew_env *env, MDB_txn *txn, struct clew_state *state,
                                 struct clew_index_blocks *b, uint64_t segment,
                                 struct clew_error *err);
/* Puts it as the run of its segments, whose numbers the sink was told. 1, or an error; 0 = not put:
 * something of one of them is gone already. */
CLEW_MUST_USE int clew_index_put_whole(struct clew_env *env, MDB_txn *txn, struct clew_state *state,
                                       const struct clew_index_blocks *b, struct clew_error *err);

CLEW_MUST_USE int clew_index_put_block(struct clew_env *env, MDB_txn *txn, uint64_t run,
                                       uint32_t block, struct clew_slice bytes,
                                       struct clew_error *err);
CLEW_MUST_USE int clew_index_put_head(struct clew_env *env, MDB_txn *txn, struct clew_state *state,
                                      uint64_t run, const struct clew_run_head *head,
                                      struct clew_error *err);
/* The head goes, and with it the run; its blocks stay for clew_index_sweep(). */
CLEW_MUST_USE int clew_index_drop_head(struct clew_env *env, MDB_txn *txn, struct clew_state *state,
                                       uint64_t run, struct clew_error *err);
/* Traces have moved out of @segment: @entry is what its catalog entry is now; with none left the
 * segment goes. */
CLEW_MUST_USE int clew_index_release(struct clew_env *env, MDB_txn *txn, struct clew_state *state,
                                     uint64_t segment, const struct clew_segment_entry *entry,
                                     struct clew_error *err);
/* No run of now counts for @segment any more. */
CLEW_MUST_USE int clew_index_forget(struct clew_env *env, MDB_txn *txn, struct clew_state *state,
                                    uint64_t segment, struct clew_error *err);
CLEW_MUST_USE int clew_index_drop_gone(struct clew_env *env, MDB_txn *txn, struct clew_state *state,
                                       uint64_t segment, struct clew_error *err);
/* Deletes up to @max blocks that belong to no run. How many, or an error. *@ret_stuck is set when
 * one has to stay: it is damaged, and in pages of its own. */
CLEW_MUST_USE int clew_index_sweep(struct clew_env *env, MDB_txn *txn, uint64_t from_run,
                                   uint32_t max, bool *ret_stuck, struct clew_error *err);

#endif
