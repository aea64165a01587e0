/*
 * An index run as bytes: a head and numbered blocks (FORMAT.md, "Index run").
 *
 * run-write.c makes one from keys in order and columns; run-read.c asks one, block by block.
 * Neither knows where blocks lie: a writer hands them out, a reader is given them. Who gives them
 * verifies their checksums; the reader still takes nothing that it reads for granted.
 */
#ifndef CLEW_STORAGE_RUN_INT_H
#define CLEW_STORAGE_RUN_INT_H

#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "storage/index.h"
#include "storage/index/run-pack-int.h"

/* Bytes of a block of keys at first, of ids, and at most (a large set apart): before packing. */
#define CLEW_RUN_BLOCK_BYTES 16320u
#define CLEW_RUN_BLOCK_BYTES_MAX 32640u
/* A block of keys is closed when it would be about so long packed, as the one before says: with
 * what LMDB adds it then fills two pages. */
#define CLEW_RUN_PACKED_BYTES 7900u
/* Rows of one block of a column, and of one block of ids. */
#define CLEW_RUN_COLUMN_ROWS 4096u
#define CLEW_RUN_IDS_ROWS (CLEW_RUN_BLOCK_BYTES / CLEW_TRACE_ID_BYTES)
/* Lengths of an entry that fit into its first byte; of the first one this says that it does not. */
#define CLEW_RUN_SHARED_MORE 7u
#define CLEW_RUN_FURTHER_MAX 7u
#define CLEW_RUN_POSTING_MAX 3u
/* Long postings of a block that are remembered. A power of two. */
#define CLEW_RUN_ENDS 64u
/* They are packed, too, when one byte in so many is of a set that came before: then others are much
 * like them. Else they are as good as drawn by lot, and packing is lost on them. */
#define CLEW_RUN_AGAIN_SHARE 8u
/* A set of all ordinals as words, and a key. */
#define CLEW_RUN_BLOCK_MAX ((size_t)CLEW_INDEX_TRACES_MAX / 8 + 4096)
#define CLEW_RUN_HEAD_MAX ((size_t)16 << 20)
#define CLEW_RUN_SEGMENTS_MAX CLEW_INDEX_TRACES_MAX
#define CLEW_RUN_SECTIONS_MAX 128u

/* Tags of sections: kinds below 16, columns from 128 on. */
enum {
        CLEW_RUN_IDS = 0x40,    /* trace ids by ordinal */
        CLEW_RUN_STARTS = 0x41, /* unix ns by ordinal: never ascends */
        CLEW_RUN_PLACES = 0x42, /* ordinal by segment and index; the number of traces = none */
        CLEW_RUN_COLUMN = 0x80,
};

struct clew_run_segment {
        uint64_t segment;
        uint32_t first; /* row of its index 0 among the places */
        uint32_t n;     /* traces, live or not */
};

struct clew_run_section {
        uint8_t tag;
        uint32_t first_block;
        uint32_t n_blocks;
        uint32_t directory; /* block with the keys that blocks begin at; 0 = none */
        uint64_t n_items;
};

struct clew_run_head {
        uint64_t version; /* of the indexer */
        bool is_old;      /* of an older layout: it has no sections, as none can be read */
        uint32_t n_traces;
        uint32_t n_blocks; /* numbered from 1 */
        uint64_t bytes;    /* of all blocks */
        uint64_t newest_ns;
        uint64_t oldest_ns;
        struct clew_run_segment *segments; /* ascending */
        uint32_t n_segments;
        uint32_t n_places; /* rows of all segments */
        struct clew_run_section *sections;
        uint32_t n_sections;
};

void clew_run_head_encode(const struct clew_run_head *head, struct clew_buffer *out);
/* Lists are @arena's. 0, -EBADMSG, -ENOMEM. */
CLEW_MUST_USE int clew_run_head_decode(struct clew_slice bytes, struct clew_arena *arena,
                                       struct clew_run_head *ret);
/* NULL when the run has no such section. */
const struct clew_run_section *clew_run_section(const struct clew_run_head *head, unsigned tag);
/* NULL when the run does not cover it. */
const struct clew_run_segment *clew_run_find_segment(const struct clew_run_head *head,
                                                     uint64_t segment);

/* ---- writing --------------------------------------------------------------------------------- */

struct clew_run_writer {
        int (*put)(void *context, uint32_t block, struct clew_slice bytes, struct clew_error *err);
        void *context;
        struct clew_error *err; /* of put; set by the caller */
        uint32_t next_block;
        uint64_t bytes;
        struct clew_buffer keys; /* of the block at hand */
        struct clew_buffer postings;
        struct clew_buffer far;       /* those of more than CLEW_RUN_POSTING_MAX bytes */
        uint64_t ends[CLEW_RUN_ENDS]; /* what those of the block end with, by hash */
        size_t again_bytes;           /* of those that seem to be there already */
        struct clew_buffer block;
        struct clew_buffer packed;
        struct clew_run_packer packer;
        size_t block_bytes;            /* at which a block of keys is closed */
        struct clew_buffer offsets;    /* of the section's directory: le32 ends */
        struct clew_buffer separators; /* and what they are ends of */
        uint8_t last[CLEW_INDEX_KEY_MAX];
        size_t last_len;
        uint32_t n_entries; /* of the block */
        bool in_kind;
        struct clew_run_section now;
        struct clew_run_section sections[CLEW_RUN_SECTIONS_MAX];
        uint32_t n_sections;
        int error; /* sticky */
};

void clew_run_writer_init(struct clew_run_writer *w,
                          int (*put)(void *context, uint32_t block, struct clew_slice bytes,
                                     struct clew_error *err),
                          void *context);
void clew_run_writer_deinit(struct clew_run_writer *w);
/* Keys of one kind, ascending, each with the encoded posting of its ordinals. Kinds ascend too.
 * Errors are remembered; clew_run_writer_finish() tells them. */
void clew_run_writer_key(struct clew_run_writer *w, unsigned kind, struct clew_slice key,
                         struct clew_slice posting);
/* Behind all keys. */
void clew_run_writer_numbers(struct clew_run_writer *w, unsigned tag, const uint64_t *values,
                             uint32_t n);
void clew_run_writer_ids(struct clew_run_writer *w, const struct clew_trace_id *ids, uint32_t n);
/* Ends the sections and fills the counts of @head, which borrows the sections from @w. */
CLEW_MUST_USE int clew_run_writer_finish(struct clew_run_writer *w, struct clew_run_head *head);

/* ---- reading --------------------------------------------------------------------------------- */

struct clew_index_run {
        struct clew_run_head head;
        /* Gives block @block, until the next call at least. */
        int (*get)(void *context, uint64_t run, uint32_t block, struct clew_slice *ret,
                   struct clew_error *err);
        void *context;
        uint64_t number;
        struct clew_run_packer *packer; /* borrowed; NULL: unpacking costs a little more */
};

/* One entry after the other of a kind. */
struct clew_run_keys {
        struct clew_index_run *run;
        const struct clew_run_section *section;
        uint32_t block;         /* within the section: the one at hand */
        uint32_t left;          /* entries of it */
        struct clew_slice keys; /* what is left of it */
        struct clew_slice postings;
        struct clew_slice far;
        uint8_t key[CLEW_INDEX_KEY_MAX];
        size_t key_len;
        struct clew_slice posting;
        struct clew_buffer plain; /* of a packed block */
        bool is_open;
};

/* Positions before the first key. To be ended, whatever else is called. */
void clew_run_keys_begin(struct clew_run_keys *k, struct clew_index_run *run, unsigned kind);
void clew_run_keys_end(struct clew_run_keys *k); /* zeroed is fine */
/* Positions before the first key not below @from. 0 or an error. */
CLEW_MUST_USE int clew_run_keys_seek(struct clew_run_keys *k, struct clew_slice from,
                                     struct clew_error *err);
/* 1 = k->key and k->posting are the next; they live until the next call, as long as blocks do. 0 =
 * end, -EBADMSG, error of get. */
CLEW_MUST_USE int clew_run_keys_next(struct clew_run_keys *k, struct clew_error *err);

/* Rows @from .. @from + @n - 1 of a section of numbers. 0, -ENOENT (no such section), -EBADMSG. */
CLEW_MUST_USE int clew_run_numbers(struct clew_index_run *run, unsigned tag, uint32_t from,
                                   uint32_t n, uint64_t *ret, struct clew_error *err);
CLEW_MUST_USE int clew_run_ids(struct clew_index_run *run, uint32_t from, uint32_t n,
                               struct clew_trace_id *ret, struct clew_error *err);

#endif
