/*
 * The row of steps of each sealed run, as a step pattern sees it (query/find/path.h), so that a
 * pattern is matched over many runs without reading spans.
 *
 * Rows are keys of kind CLEW_INDEX_PATH: runs that took the same steps share one, which is matched
 * once. Two sorts of key, told apart by their first byte:
 *
 *     S | hash 3 | kinds varint | error 1 | name | 00 | agent      what a step is
 *     P | symbols                                                  a row
 *
 * A symbol of a row is the hash of a step (23 bits, big-endian), or, when its highest bit is set, a
 * repetition: a byte 80 + n, count 2 be: the n steps before it count times more. Keys mean the same
 * in every index run. A run of which no row is kept (too long for a key, or a name with a zero in
 * it) may match anything, and so may all runs of an index in which two steps share a hash.
 */
#ifndef CLEW_QUERY_FIND_INDEX_PATH_INDEX_INT_H
#define CLEW_QUERY_FIND_INDEX_PATH_INDEX_INT_H

#include "query/find/path.h"
#include "query/model/trace.h"
#include "storage/index.h"

/* The row of @trace; what memory lacks for goes without. */
void clew_path_index_give(const struct clew_trace *trace, struct clew_arena *arena,
                          struct clew_index_sink *sink);

/* Adds the traces whose row @path matches to @match, and those whose row it surely does not to
 * @miss. 1 = done, 0 = the index cannot say, negative: damage or no memory. */
CLEW_MUST_USE int clew_path_index_choose(struct clew_index_run *run, const struct clew_path *path,
                                         struct clew_arena *arena, struct clew_index_set *match,
                                         struct clew_index_set *miss, struct clew_error *err);

#endif
