/*
 * One merge under way: what goes in, who gets which ordinal, and the blocks made so far.
 */
#ifndef CLEW_STORAGE_INDEX_MERGE_PART_INT_H
#define CLEW_STORAGE_INDEX_MERGE_PART_INT_H

#include "storage/index/catalog-int.h"
#include "storage/index/parts-int.h"

/* Runs that become one: at rest, those of an import. Each has a block or two in memory. */
#define CLEW_MERGE_INPUTS_MAX 32u
/* Bytes of blocks that one step makes. */
#define CLEW_MERGE_STEP_BYTES ((size_t)1 << 20)

struct clew_merge_input {
        uint64_t number;
        struct clew_index_run run; /* its head is in the part's arena */
        uint32_t *ordinals;        /* old -> new; UINT32_MAX = dead */
        struct clew_run_keys keys; /* of the step */
        bool has_key;
        uint64_t first; /* bytes of the key at hand, as a number: they decide most comparisons */
};

struct clew_merge_gone {
        uint64_t segment;
        struct clew_slice record; /* as it was */
};

struct clew_merge_part {
        struct clew_arena arena;
        struct clew_index_catalog snapshot; /* of the step: where blocks are read */
        struct clew_run_packer packer;
        struct clew_merge_input *inputs;
        uint32_t n_inputs;
        struct clew_merge_input *least[CLEW_MERGE_INPUTS_MAX]; /* those that are at the least key */
        uint64_t number;
        struct clew_run_head head; /* of the run that is made */
        struct clew_trace_id *ids;
        uint64_t *starts;
        uint64_t *numbers; /* room for one column, or the places */
        struct clew_merge_gone *gone;
        uint32_t n_gone;
        struct clew_run_writer writer;
        bool has_writer;
        struct clew_buffer blocks; /* not written yet */
        struct clew_buffer ends;   /* size_t */
        uint32_t n_written;
        unsigned kind;                    /* at hand */
        uint8_t last[CLEW_INDEX_KEY_MAX]; /* key that was written last */
        size_t last_len;
        uint32_t *set; /* ordinals of one key */
        struct clew_index_set bits;
        struct clew_buffer posting;
        struct clew_parts parts;              /* of the words written so far */
        bool made_done;                       /* all keys of the kind at hand that are made here */
        const struct clew_index_adder *adder; /* NULL = none that knows these runs */
        void *sums;                           /* its; NULL = none */
        unsigned section;                     /* of rows: ids, starts, places, columns */
};

/* Lays out the run made of @n of @c's runs, with sums by @adder (NULL = without). 0 or an error. */
CLEW_MUST_USE int clew_merge_part_begin(struct clew_merge_part *p, struct clew_index_catalog *c,
                                        const uint32_t *chosen, uint32_t n,
                                        const struct clew_index_adder *adder,
                                        struct clew_error *err);
void clew_merge_part_deinit(struct clew_merge_part *p); /* zeroed is fine */
/* Makes some blocks. 1 = there are more of that sort, 0 = none, or an error; -ENOENT: a run that
 * goes in is not there any more. */
CLEW_MUST_USE int clew_merge_part_keys(struct clew_merge_part *p, struct clew_env *env,
                                       MDB_txn *txn, struct clew_error *err);
CLEW_MUST_USE int clew_merge_part_rows(struct clew_merge_part *p, struct clew_env *env,
                                       MDB_txn *txn, struct clew_error *err);

#endif
