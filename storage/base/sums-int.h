/*
 * Sums over whole tables that have no index to be proved by: notes and the time order.
 *
 * A damaged tree can lead to an older page, on which every record verifies and some are missing. So
 * that a note is not there, or no newer trace, is believed only when the table is what the state
 * says. A table is walked once in a view for that, and not at all when it is large.
 */
#ifndef CLEW_STORAGE_SUMS_INT_H
#define CLEW_STORAGE_SUMS_INT_H

#include "storage/base/record-int.h"

/* Records of a table that are walked to prove it: some milliseconds. */
#define CLEW_SUMS_PROVE_MAX 100000u

/* Of one entry of the time order. */
uint64_t clew_time_digest(uint64_t start_ns, const struct clew_trace_id *id);
/* Of one note. */
void clew_note_count_in(struct clew_state *state, struct clew_slice key, struct clew_slice value);

/* @stored: with its checksum at its end. */
void clew_note_count_out(struct clew_state *state, struct clew_slice stored);
/* Where the note number @index (from 0) of trace @id stands, in the order of keys: those of the
 * store itself, then, at a reader, those of each other writer. 0, -ENOENT (err not filled), ... */
CLEW_MUST_USE int clew_note_find(struct clew_env *env, MDB_txn *txn, const struct clew_trace_id *id,
                                 uint64_t index, struct clew_key *ret, struct clew_error *err);

/* 0 = the table is what @state says, or nobody knows, or it is too large to be looked at; -EBADMSG,
 * other. */
CLEW_MUST_USE int clew_notes_prove(struct clew_env *env, MDB_txn *txn,
                                   const struct clew_state *state, struct clew_error *err);
CLEW_MUST_USE int clew_times_prove(struct clew_env *env, MDB_txn *txn,
                                   const struct clew_state *state, struct clew_error *err);
/* Makes the sums of a store that has none. */
CLEW_MUST_USE int clew_sums_begin(struct clew_env *env, MDB_txn *txn, struct clew_state *state,
                                  struct clew_error *err);

#endif
