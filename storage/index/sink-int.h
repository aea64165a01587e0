/*
 * The index of the traces of one segment, or of some, gathered while they are sealed.
 *
 * Traces are counted as they come, segment after segment: a trace is a *row*. What is built of it
 * has them newest first. Memory is bounded; a sink that has run out of it makes no run, and its
 * segments then are such that no run covers. One segment alone can be left out, too.
 */
#ifndef CLEW_STORAGE_SINK_INT_H
#define CLEW_STORAGE_SINK_INT_H

#include "storage/index/run-int.h"
#include "storage/index/sink-own-int.h"

CLEW_MUST_USE struct clew_index_sink *clew_index_sink_new(void); /* NULL: no memory */
void clew_index_sink_free(struct clew_index_sink *sink);         /* NULL is fine */
/* Forgets all traces; keeps some memory. What follows is of a first segment. */
void clew_index_sink_reset(struct clew_index_sink *sink);
/* What follows is of another segment. Not when it is full. */
void clew_index_sink_next(struct clew_index_sink *sink);
/* Whether there may be no room for another segment. */
bool clew_index_sink_is_full(const struct clew_index_sink *sink);
/* The segment at hand is stored as @number. */
void clew_index_sink_number(struct clew_index_sink *sink, uint64_t number);
/* What is given until the next call is of trace @id. */
void clew_index_sink_begin(struct clew_index_sink *sink, const struct clew_trace_id *id);
/* Its place in lists. */
void clew_index_sink_start(struct clew_index_sink *sink, uint64_t start_ns);
/* The segment at hand is left out: a trace of it could not be indexed, or it is not stored. */
void clew_index_sink_fail(struct clew_index_sink *sink);

/*
 * Writes the blocks through @writer, which was initialised, and fills @head with all but the
 * version: its segments are in @ret_segments, which has room for CLEW_SINK_SEGMENTS_MAX, or for as
 * many as there were; those without a number have 0. 0, -ENOENT (no trace, or the sink has failed),
 * error of the writer. May be called again.
 */
CLEW_MUST_USE int clew_index_sink_build(struct clew_index_sink *sink,
                                        struct clew_run_writer *writer, struct clew_run_head *head,
                                        struct clew_run_segment *ret_segments);

/* All keys that were given have their entries: before they are looked at. */
void clew_sink_settle(struct clew_index_sink *sink);

#endif
