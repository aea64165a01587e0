/*
 * Sealed segments as one object that says all about itself (FORMAT.md, "Object of a bucket"): their
 * bytes; then, for each, its traces, its catalog entry, its index, and a footer with where each of
 * them lies; last a directory of the footers. So what all of them are found by is one range, the
 * bytes of one are one range, and each is verified by itself.
 */
#ifndef CLEW_STORAGE_TIER_OBJECT_INT_H
#define CLEW_STORAGE_TIER_OBJECT_INT_H

#include "proto/base/buffer.h"
#include "proto/base/cursor.h"
#include "proto/base/ids.h"
#include "storage/index/catalog-int.h"
#include "storage/tier/tier-place-int.h"

#define CLEW_TIER_OBJECT_VERSION 2u
/* One segment alone, from CLEW_TIER_SEGMENT_AT on, whose footer ends the object. */
#define CLEW_TIER_OBJECT_ALONE 1u
/* Of the directory: for each segment, and what stands behind them. */
#define CLEW_TIER_MEMBER_BYTES 16u
#define CLEW_TIER_TAIL_BYTES 24u
#define CLEW_TIER_MEMBERS_MAX (1u << 16)
/* What follows the segment's bytes: summaries and index of at most 4,096 traces. */
#define CLEW_TIER_META_MAX ((size_t)512 << 20)

enum clew_tier_section {
        CLEW_TIER_SEGMENT,
        CLEW_TIER_ROWS,
        CLEW_TIER_ENTRY,
        CLEW_TIER_INDEX,
        CLEW_TIER_SECTIONS,
};

struct clew_tier_range {
        uint64_t offset;
        uint64_t len;
        uint64_t check;
};

struct clew_tier_footer {
        uint64_t created_ns; /* of the store that wrote it */
        uint64_t segment;
        struct clew_tier_range sections[CLEW_TIER_SECTIONS];
};

/* A trace of the segment, live or not. */
struct clew_tier_row {
        struct clew_trace_id id;
        uint64_t start_ns;
        uint64_t n_spans;
        uint64_t n_logs;
        uint64_t raw_bytes;
};

#define CLEW_TIER_ROW_MAX 64u

void clew_tier_row_put(struct clew_buffer *out, const struct clew_tier_row *row);
/* The next row of a section, taken off @c; c->failed tells. */
struct clew_tier_row clew_tier_row_take(struct clew_cursor *c);

/* An object in the making. */
struct clew_tier_making {
        struct clew_buffer bytes;  /* those of the segments; in the end all of it */
        struct clew_buffer behind; /* what stands behind them */
        struct clew_buffer footers;
        uint32_t n;
};

void clew_tier_making_init(struct clew_tier_making *m);
void clew_tier_making_deinit(struct clew_tier_making *m); /* zeroed is fine */
void clew_tier_making_clear(struct clew_tier_making *m);
/* Bytes that it has so far. */
uint64_t clew_tier_making_bytes(const struct clew_tier_making *m);
/* A further segment, of a higher number. The index may be empty. */
void clew_tier_making_add(struct clew_tier_making *m, uint64_t created_ns, uint64_t segment,
                          const struct clew_slice sections[CLEW_TIER_SECTIONS]);
/* Nothing is added any more: m->bytes is the whole object. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_tier_making_end(struct clew_tier_making *m);
/* After that: the footer of segment @i of it, and where the segment lies. */
struct clew_tier_footer clew_tier_making_footer(const struct clew_tier_making *m, uint32_t i,
                                                uint64_t digest, struct clew_tier_place *ret);

/* @bytes: those that end with a footer, which ends at @end in its object. 0, -EPROTONOSUPPORT (of a
 * later version), -EBADMSG. */
CLEW_MUST_USE int clew_tier_footer_read(struct clew_slice bytes, uint64_t end,
                                        struct clew_tier_footer *ret);
/* Fills what a place says of the segment's parts: at, len, meta, end. */
void clew_tier_footer_place(const struct clew_tier_footer *f, struct clew_tier_place *ret);

struct clew_tier_member {
        uint64_t segment;
        uint64_t end; /* of its footer */
};

/*
 * @bytes: the last of an object of @size bytes. 0, and how many segments its directory has;
 * -ENOENT: it has none, but a segment alone; -EPROTONOSUPPORT; -EBADMSG.
 */
CLEW_MUST_USE int clew_tier_directory_tail(struct clew_slice bytes, uint64_t size, uint32_t *ret_n);
/* @bytes: the last of it, with all of the directory. Number @i of it. -EBADMSG: it is damaged. */
CLEW_MUST_USE int clew_tier_directory_check(struct clew_slice bytes, uint32_t n);
struct clew_tier_member clew_tier_directory_member(struct clew_slice bytes, uint32_t n, uint32_t i);
uint64_t clew_tier_directory_bytes(uint32_t n);
/* A section of @bytes, which begin at @from in the object; verified. -EBADMSG. */
CLEW_MUST_USE int clew_tier_section_of(const struct clew_tier_footer *f, enum clew_tier_section s,
                                       struct clew_slice bytes, uint64_t from,
                                       struct clew_slice *ret);
/* The checksum of a section's bytes. */
uint64_t clew_tier_check(uint64_t segment, enum clew_tier_section s, struct clew_slice bytes);

/* An index section: the head of a run over one segment, and its blocks. */
void clew_tier_index_put(struct clew_buffer *out, struct clew_slice head, struct clew_slice blocks,
                         const size_t *ends, uint32_t n);
struct clew_tier_index {
        struct clew_slice head;
        uint32_t n_blocks;
        struct clew_cursor blocks; /* each with its length before it */
};
/* False when it is empty or not one. */
CLEW_MUST_USE bool clew_tier_index_read(struct clew_slice section, struct clew_tier_index *ret);

#endif
