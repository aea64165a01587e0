#include "storage/base/sums-int.h"

#include "proto/base/hash.h"

#include <errno.h>
#include <string.h>

uint64_t clew_time_digest(uint64_t start_ns, const struct clew_trace_id *id)
{
        struct clew_key key = clew_key_time(start_ns, id);

        return clew_hash(clew_key_slice(&key));
}

void clew_note_count_in(struct clew_state *state, struct clew_slice key, struct clew_slice value)
{
        state->note_records++;
        state->note_sum += clew_checksum(key, value);
}

void clew_note_count_out(struct clew_state *state, struct clew_slice stored)
{
        uint64_t sum = 0;

        if (stored.len >= sizeof(sum))
                memcpy(&sum, stored.data + stored.len - sizeof(sum), sizeof(sum));
        state->note_records--;
        state->note_sum -= sum;
}

int clew_note_find(struct clew_env *env, MDB_txn *txn, const struct clew_trace_id *id,
                   uint64_t index, struct clew_key *ret, struct clew_error *err)
{
        struct clew_key first = clew_key_numbered(id, 0);
        CLEW_SCAN scan = {0};
        int r = clew_scan_open(env, txn, CLEW_TABLE_NOTE, &scan, err);

        scan.unchecked = true; /* its key is what is asked for */
        if (r == 0)
                r = clew_scan_seek(&scan, clew_key_slice(&first), err);
        while (r >= 0 && (r = clew_scan_next(&scan, err)) == 1) {
                struct clew_trace_id of;
                uint64_t number;

                if (!clew_key_read_numbered(scan.key, &of, &number) || !clew_trace_id_eq(&of, id))
                        break;
                if (index-- > 0)
                        continue;
                *ret = clew_key_numbered(id, number);
                return 0;
        }
        return r < 0 ? r : -ENOENT;
}

/* Adds all of @table to @sums. */
static int sum_up(struct clew_env *env, MDB_txn *txn, enum clew_table table,
                  struct clew_state *sums, uint64_t *ret_n, struct clew_error *err)
{
        CLEW_SCAN scan = {0};
        int r = clew_scan_open(env, txn, table, &scan, err);

        *ret_n = 0;
        while (r >= 0 && (r = clew_scan_next(&scan, err)) == 1) {
                ++*ret_n;
                if (table == CLEW_TABLE_NOTE)
                        clew_note_count_in(sums, scan.key, scan.value);
                else
                        sums->time_sum += clew_hash(scan.key);
        }
        return r;
}

static int not_whole(struct clew_env *env, const char *what, uint64_t found, uint64_t expected,
                     struct clew_error *err)
{
        return clew_error_set(err, -EBADMSG, 0,
                              "store %s: %s damaged (%llu of %llu records); see clew doctor "
                              "--verify, and --repair",
                              clew_env_dir(env), what, (unsigned long long)found,
                              (unsigned long long)expected);
}

int clew_notes_prove(struct clew_env *env, MDB_txn *txn, const struct clew_state *state,
                     struct clew_error *err)
{
        struct clew_state found = {0};
        uint64_t n;
        int r;

        if (!state->has_sums || state->note_records > CLEW_SUMS_PROVE_MAX)
                return 0;
        r = sum_up(env, txn, CLEW_TABLE_NOTE, &found, &n, err);
        if (r < 0 || (n == state->note_records && found.note_sum == state->note_sum))
                return r;
        return not_whole(env, "the table of notes is", n, state->note_records, err);
}

int clew_times_prove(struct clew_env *env, MDB_txn *txn, const struct clew_state *state,
                     struct clew_error *err)
{
        struct clew_state found = {0};
        uint64_t n;
        int r;

        if (!state->has_sums || state->sealed_traces > CLEW_SUMS_PROVE_MAX)
                return 0;
        r = sum_up(env, txn, CLEW_TABLE_TIME, &found, &n, err);
        if (r < 0 || (n == state->sealed_traces && found.time_sum == state->time_sum))
                return r;
        return not_whole(env, "the time order is", n, state->sealed_traces, err);
}

int clew_sums_begin(struct clew_env *env, MDB_txn *txn, struct clew_state *state,
                    struct clew_error *err)
{
        uint64_t n;
        int r;

        state->note_records = state->note_sum = state->time_sum = 0;
        r = sum_up(env, txn, CLEW_TABLE_NOTE, state, &n, err);
        if (r == 0)
                r = sum_up(env, txn, CLEW_TABLE_TIME, state, &n, err);
        if (r == 0 && n != state->sealed_traces)
                r = not_whole(env, "the time order is", n, state->sealed_traces, err);
        state->has_sums = r == 0;
        return r;
}
