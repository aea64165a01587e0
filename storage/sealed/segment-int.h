/*
 * Segments: immutable objects that hold sealed traces of one service, and their catalog entries.
 *
 * Segment object (FORMAT.md, "Segment"):
 *   magic 8 | version | n traces | n rows | pack
 *   row = length of the trace's TracesData, spans, log records, check 4 (of the message, bound to
 * id) Message i of the pack is trace i: TracesData followed by LogsData.
 *
 * Catalog entry: counts, sizes and service of one segment, and the summaries of its traces in one
 * zstd frame. Only this part is rewritten (reindex, traces that moved on to a newer segment).
 */
#ifndef CLEW_STORAGE_SEGMENT_INT_H
#define CLEW_STORAGE_SEGMENT_INT_H

#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/base/ids.h"
#include "storage/pack/pack-int.h"

#include <stdint.h>

/* Traces of one segment: bounds what a reader walks to find one. */
#define CLEW_SEGMENT_TRACES_MAX 4096u
/* Raw bytes of one segment unless a single trace has more. */
#define CLEW_SEGMENT_RAW_MAX ((size_t)64 << 20)
/* Residue at which a segment is closed: what opening any of its traces has to unpack. Chosen so
 * that this takes about a millisecond; larger gives a few percent more ratio. */
#define CLEW_SEGMENT_RESIDUE_TARGET ((size_t)1216 << 10)

struct clew_segment_row {
        uint64_t traces_len; /* TracesData; the rest of the message is LogsData */
        uint64_t n_spans;
        uint64_t n_logs;
        uint8_t check[4];
};

/* Builds one segment. */
struct clew_segment_writer {
        struct clew_packer *packer;
        struct clew_buffer rows;
        struct clew_buffer message;
        uint32_t n_traces;
};

CLEW_MUST_USE int clew_segment_writer_init(struct clew_segment_writer *w);
void clew_segment_writer_deinit(struct clew_segment_writer *w);
void clew_segment_writer_reset(struct clew_segment_writer *w);
/* Adds a trace; its index is w->n_traces before the call. */
CLEW_MUST_USE int clew_segment_writer_add(struct clew_segment_writer *w,
                                          const struct clew_trace_id *id, struct clew_slice traces,
                                          struct clew_slice logs, uint64_t n_spans,
                                          uint64_t n_logs);
CLEW_MUST_USE int clew_segment_writer_finish(struct clew_segment_writer *w,
                                             struct clew_buffer *out);

/* Reads one segment; keeps what it unpacked, so further traces of the same segment are cheap. */
struct clew_segment_reader {
        struct clew_unpacker *unpacker;
        struct clew_segment_row *rows;
        size_t rows_capacity;
        uint32_t n_traces; /* 0 = nothing open */
};

CLEW_MUST_USE int clew_segment_reader_init(struct clew_segment_reader *r);
void clew_segment_reader_deinit(struct clew_segment_reader *r);
/* @object is borrowed until the next open. 0, -EBADMSG, -ENOMEM. */
CLEW_MUST_USE int clew_segment_reader_open(struct clew_segment_reader *r, struct clew_slice object);
/* Its rows alone: nothing is unpacked, and no message can be read. As clew_segment_reader_open().
 */
CLEW_MUST_USE int clew_segment_reader_open_rows(struct clew_segment_reader *r,
                                                struct clew_slice object);
/*
 * Appends the message of trace @index to @out and gives its row. With @id (may be NULL) the message
 * is checked to be that trace's. 0, -EBADMSG, -ENOENT (no such index), or @out's error.
 */
CLEW_MUST_USE int clew_segment_reader_read(struct clew_segment_reader *r, uint32_t index,
                                           const struct clew_trace_id *id, struct clew_buffer *out,
                                           struct clew_segment_row *ret_row);

/* Catalog entry (table segment). */
struct clew_segment_entry {
        uint64_t n_traces;
        uint64_t n_live; /* traces whose newest version is here; 0 = the segment can go */
        /* Which those are: a bit each, lowest bit of the first byte first. A place that leads to a
         * trace whose bit is not set is a stale one. Empty = not known (entries of formats 1 and 2
         * some of whose traces had moved on). */
        struct clew_slice live;
        uint64_t raw_bytes;
        uint64_t stored_bytes;
        uint64_t summary_version;
        struct clew_slice service;
        struct clew_slice summaries; /* zstd frame of n_traces (varint length, bytes) */
};

#define CLEW_SEGMENT_LIVE_MAX (CLEW_SEGMENT_TRACES_MAX / 8)

/* The bytes that the live bits of @n traces take. */
static inline size_t clew_segment_live_bytes(uint64_t n)
{
        return (size_t)(n + 7) / 8;
}

/* Fills @room with the bits of @n traces that are all live, at most CLEW_SEGMENT_TRACES_MAX. */
struct clew_slice clew_segment_all_live(uint64_t n, uint8_t room[CLEW_SEGMENT_LIVE_MAX]);

/* Slices point into @value. */
CLEW_MUST_USE bool clew_segment_entry_decode(struct clew_slice value,
                                             struct clew_segment_entry *ret);
void clew_segment_entry_encode(const struct clew_segment_entry *e, struct clew_buffer *out);
/* True also where it is not known; false beyond the last trace. */
bool clew_segment_is_live(struct clew_slice live, uint64_t n_traces, uint32_t index);

/* What a reader keeps of an entry to ask that. */
struct clew_segment_live {
        uint64_t segment; /* 0 = empty */
        uint64_t n_traces;
        size_t len;
        uint8_t bits[CLEW_SEGMENT_LIVE_MAX];
};

void clew_segment_live_keep(struct clew_segment_live *live, uint64_t segment,
                            const struct clew_segment_entry *e);
/* Trace @index has moved on: @e's bits are then in @room. False when it had moved before. */
CLEW_MUST_USE bool clew_segment_entry_release(struct clew_segment_entry *e, uint32_t index,
                                              uint8_t room[CLEW_SEGMENT_LIVE_MAX]);

/* Summaries in plain form: n times (varint length, bytes). */
CLEW_MUST_USE int clew_summaries_compress(struct clew_slice plain, struct clew_buffer *out);
CLEW_MUST_USE int clew_summaries_decompress(struct clew_slice frame, struct clew_buffer *out);
/* The same with working memory of zstd at hand, for who unpacks many; NULL is fine. */
struct ZSTD_DCtx_s;
CLEW_MUST_USE int clew_summaries_decompress_with(struct ZSTD_DCtx_s *zstd, struct clew_slice frame,
                                                 struct clew_buffer *out);
/* The @index-th summary of @plain. */
CLEW_MUST_USE bool clew_summaries_at(struct clew_slice plain, uint32_t index,
                                     struct clew_slice *ret);

#endif
