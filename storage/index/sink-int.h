/*
 * The index of the traces of one segment, gathered while they are sealed.
 *
 * Traces are counted as they come: their number is their index in the segment. What is built of it
 * has them newest first. Memory is bounded; a sink that has run out of it makes no run, and its
 * segment then is one that no run covers.
 */
#ifndef CLEW_STORAGE_SINK_INT_H
#define CLEW_STORAGE_SINK_INT_H

#include "storage/index/run-int.h"

/* Keys and sets of one segment. A segment has 64 MiB of raw bytes; its indexes are a small part. */
#define CLEW_SINK_BYTES_MAX ((size_t)256 << 20)

CLEW_MUST_USE struct clew_index_sink *clew_index_sink_new(void); /* NULL: no memory */
void clew_index_sink_free(struct clew_index_sink *sink);         /* NULL is fine */
/* Forgets all traces; keeps some memory. */
void clew_index_sink_reset(struct clew_index_sink *sink);
/* What is given until the next call is of trace @id. */
void clew_index_sink_begin(struct clew_index_sink *sink, const struct clew_trace_id *id);
/* Its place in lists. */
void clew_index_sink_start(struct clew_index_sink *sink, uint64_t start_ns);
/* The segment gets no run: a trace of it could not be indexed. */
void clew_index_sink_fail(struct clew_index_sink *sink);

/*
 * Writes the blocks through @writer, which was initialised, and fills @head with all but version
 * and segment numbers: its one segment is @ret_segment, to be numbered by the caller. 0, -ENOENT
 * (no trace, or the sink has failed), error of the writer.
 */
CLEW_MUST_USE int clew_index_sink_build(struct clew_index_sink *sink,
                                        struct clew_run_writer *writer, struct clew_run_head *head,
                                        struct clew_run_segment *ret_segment);

#endif
