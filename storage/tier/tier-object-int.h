/*
 * A sealed segment as one object that says all about itself (FORMAT.md, "Object of a bucket"): the
 * segment's bytes, its traces, its catalog entry, its index, and a footer with where each lies.
 */
#ifndef CLEW_STORAGE_TIER_OBJECT_INT_H
#define CLEW_STORAGE_TIER_OBJECT_INT_H

#include "proto/base/buffer.h"
#include "proto/base/cursor.h"
#include "proto/base/ids.h"
#include "storage/index/catalog-int.h"

#define CLEW_TIER_FOOTER_BYTES 144u
#define CLEW_TIER_OBJECT_VERSION 1u
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

/* Appends the whole object. @index may be empty. */
void clew_tier_object_build(struct clew_buffer *out, uint64_t created_ns, uint64_t segment,
                            const struct clew_slice sections[CLEW_TIER_SECTIONS]);
/* @bytes: its last CLEW_TIER_FOOTER_BYTES or more, @size: of the object. 0, -EPROTONOSUPPORT (of a
 * later version), -EBADMSG. */
CLEW_MUST_USE int clew_tier_footer_read(struct clew_slice bytes, uint64_t size,
                                        struct clew_tier_footer *ret);
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
