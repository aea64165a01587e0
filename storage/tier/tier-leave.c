/*
 * Traces that leave a segment of a store that was made of a bucket: because a later one has them,
 * because the bucket has them no more, or because some writer of it has deleted them.
 */
#include "storage/tier/tier-adopt-int.h"

#include "proto/base/mem.h"
#include "storage/base/sums-int.h"
#include "storage/object/objects-int.h"
#include "storage/tier/tier-gone-int.h"

#include <errno.h>
#include <string.h>

bool clew_adoption_rows_read(struct clew_tier_rows *rows, uint64_t segment,
                             struct clew_slice section)
{
        struct clew_cursor c = clew_cursor_make(section);

        rows->segment = 0;
        rows->n = 0;
        if (!rows->of)
                rows->of = clew_calloc(CLEW_SEGMENT_TRACES_MAX, sizeof(*rows->of));
        if (!rows->of)
                return false;
        while (clew_cursor_left(&c) > 0 && rows->n < CLEW_SEGMENT_TRACES_MAX)
                rows->of[rows->n++] = clew_tier_row_take(&c);
        if (c.failed || clew_cursor_left(&c) > 0)
                return false;
        rows->segment = segment;
        return true;
}

int clew_adoption_read_entry(struct clew_adoption *a, MDB_txn *txn, uint64_t segment,
                             struct clew_segment_entry *ret, struct clew_error *err)
{
        struct clew_key key = clew_key_segment(segment);
        struct clew_slice value;
        int r = clew_table_get(a->env, txn, CLEW_TABLE_SEGMENT, clew_key_slice(&key), &value, err);

        if (r == 0 && !clew_segment_entry_decode(value, ret))
                r = -EBADMSG;
        return r == -ENOENT || r == -EBADMSG
                       ? clew_error_set(err, -EBADMSG, 0,
                                        "store %s: catalog entry of segment %llu is damaged",
                                        clew_env_dir(a->env), (unsigned long long)segment)
                       : r;
}

int clew_adoption_write_entry(struct clew_adoption *a, MDB_txn *txn, uint64_t segment,
                              const struct clew_segment_entry *e, struct clew_error *err)
{
        struct clew_key key = clew_key_segment(segment);
        struct clew_slice value;

        clew_buffer_clear(&a->value);
        clew_segment_entry_encode(e, &a->value);
        if (clew_buffer_error(&a->value) < 0)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        value = clew_buffer_slice(&a->value);
        return clew_table_put(a->env, txn, CLEW_TABLE_SEGMENT, clew_key_slice(&key), &value, 1,
                              err);
}

/* The entry of a segment that has lost traces; with the last one the segment goes. */
static int settle_entry(struct clew_adoption *a, MDB_txn *txn, struct clew_state *state,
                        uint64_t segment, const struct clew_segment_entry *e,
                        struct clew_error *err)
{
        struct clew_key key = clew_key_segment(segment);
        int r = state->index_records > 0 ? clew_index_release(a->env, txn, state, segment, e, err)
                                         : 0;

        if (r < 0)
                return r;
        if (e->n_live > 0)
                return clew_adoption_write_entry(a, txn, segment, e, err);
        state->segments--;
        state->segment_bytes -= e->stored_bytes;
        a->stats->removed++;
        r = clew_table_delete(a->env, txn, CLEW_TABLE_SEGMENT, clew_key_slice(&key), err);
        return r < 0 ? r : clew_object_delete(a->env, txn, segment, err);
}

void clew_adoption_count(struct clew_state *state, const struct clew_tier_row *row, bool in)
{
        uint64_t sign = in ? 1 : UINT64_MAX; /* modulo 2^64 */

        state->sealed_traces += sign;
        state->sealed_spans += sign * row->n_spans;
        state->sealed_logs += sign * row->n_logs;
        state->sealed_raw_bytes += sign * row->raw_bytes;
}

/* The trace at @place goes out of places, time order and counts. */
static int take_out(struct clew_adoption *a, MDB_txn *txn, struct clew_state *state,
                    const struct clew_place *place, const struct clew_tier_row *row,
                    struct clew_error *err)
{
        struct clew_key trace = clew_key_trace(&row->id);
        struct clew_key time = clew_key_time(place->start_ns, &row->id);
        int r = clew_table_delete(a->env, txn, CLEW_TABLE_TIME, clew_key_slice(&time), err);

        clew_place_count_out(&state->places, &row->id, place);
        state->time_sum -= clew_time_digest(place->start_ns, &row->id);
        clew_adoption_count(state, row, false);
        return r < 0 ? r
                     : clew_table_delete(a->env, txn, CLEW_TABLE_TRACE, clew_key_slice(&trace),
                                         err);
}

/* The rows of a segment that came from the bucket before. */
int clew_adoption_rows_of(struct clew_adoption *a, uint64_t segment, struct clew_error *err)
{
        CLEW_BUFFER section = {0};
        int r;

        if (a->old.segment == segment)
                return 0;
        clew_buffer_init(&section, (size_t)CLEW_SEGMENT_TRACES_MAX * CLEW_TIER_ROW_MAX);
        r = clew_tier_map_rows(a->tier->map, segment, &section, err);
        if (r == 0 && !clew_adoption_rows_read(&a->old, segment, clew_buffer_slice(&section)))
                r = -EBADMSG;
        return r == 0 ? 0
                      : clew_error_set(err, r == -ENOENT ? -EBADMSG : r, 0,
                                       "store %s: what segment %llu holds is not known any more; "
                                       "an empty directory gets it from the bucket",
                                       clew_env_dir(a->env), (unsigned long long)segment);
}

/* A trace leaves its older segment, because the one at hand has it. */
int clew_adoption_move_out(struct clew_adoption *a, MDB_txn *txn, struct clew_state *state,
                           const struct clew_place *old, struct clew_error *err)
{
        uint8_t live[CLEW_SEGMENT_LIVE_MAX];
        struct clew_segment_entry e;
        int r = clew_adoption_rows_of(a, old->segment, err);

        if (r == 0)
                r = clew_adoption_read_entry(a, txn, old->segment, &e, err);
        if (r < 0)
                return r;
        if (old->index >= a->old.n || !clew_segment_entry_release(&e, old->index, live))
                return clew_error_set(err, -EBADMSG, 0, "store %s: segment %llu has no trace %u",
                                      clew_env_dir(a->env), (unsigned long long)old->segment,
                                      old->index);
        r = take_out(a, txn, state, old, &a->old.of[old->index], err);
        return r < 0 ? r : settle_entry(a, txn, state, old->segment, &e, err);
}

void clew_adoption_set_live(uint8_t *live, uint32_t i, bool on)
{
        if (on)
                live[i / 8] |= (uint8_t)(1u << i % 8);
        else
                live[i / 8] &= (uint8_t) ~(1u << i % 8);
}

/* The same of row @i of the segment at hand. */
static int take_out_row(struct clew_adoption *a, MDB_txn *txn, struct clew_state *state, uint32_t i,
                        struct clew_error *err)
{
        const struct clew_tier_row *row = &a->old.of[i];
        struct clew_place place;
        int r = clew_place_read(a->env, txn, &row->id, &place, err);

        return r == 0 ? take_out(a, txn, state, &place, row, err) : r;
}

int clew_adoption_drop_dead(void *context, MDB_txn *txn, struct clew_state *state,
                            struct clew_error *err)
{
        struct clew_adoption *a = context;
        uint64_t segment = a->old.segment;
        struct clew_slice wanted =
                a->item ? clew_slice_make(a->item->live, a->item->live_len) : CLEW_SLICE_NULL;
        uint8_t live[CLEW_SEGMENT_LIVE_MAX] = {0};
        struct clew_segment_entry e;
        int r = clew_adoption_read_entry(a, txn, segment, &e, err);

        for (uint32_t i = 0; r == 0 && i < a->old.n; i++) {
                bool stays = a->item && clew_segment_is_live(wanted, a->old.n, i);

                if (!clew_segment_is_live(e.live, e.n_traces, i))
                        continue;
                if (stays) {
                        clew_adoption_set_live(live, i, true);
                        continue;
                }
                r = take_out_row(a, txn, state, i, err);
                e.n_live--;
        }
        e.live = clew_slice_make(live, clew_segment_live_bytes(e.n_traces));
        return r < 0 ? r : settle_entry(a, txn, state, segment, &e, err);
}

/* Whether a trace that lives in the segment here does not live there in the bucket. */
bool clew_adoption_has_lost(const struct clew_segment_entry *e, const struct clew_tier_item *item)
{
        bool lost = !item;

        for (uint32_t i = 0; !lost && i < e->n_traces; i++)
                lost = clew_segment_is_live(e->live, e->n_traces, i) &&
                       !clew_segment_is_live(clew_slice_make(item->live, item->live_len),
                                             e->n_traces, i);
        return lost;
}

/* ---- deleted by some writer ------------------------------------------------------------------ */

static int purge_segment(void *context, MDB_txn *txn, struct clew_state *state,
                         struct clew_error *err)
{
        struct clew_adoption *a = context;
        uint8_t live[CLEW_SEGMENT_LIVE_MAX] = {0};
        struct clew_segment_entry e;
        int r = clew_adoption_read_entry(a, txn, a->old.segment, &e, err);

        if (r == 0 && e.n_traces != a->old.n)
                r = clew_error_set(err, -EBADMSG, 0,
                                   "store %s: segment %llu has %u traces, its entry says %llu",
                                   clew_env_dir(a->env), (unsigned long long)a->old.segment,
                                   a->old.n, (unsigned long long)e.n_traces);
        for (uint32_t i = 0; r == 0 && i < a->old.n; i++) {
                int gone;

                if (!clew_segment_is_live(e.live, e.n_traces, i))
                        continue;
                gone = clew_tier_is_gone(a->env, txn, &a->old.of[i].id, err);
                if (gone == 0)
                        clew_adoption_set_live(live, i, true);
                r = gone < 0 ? gone : 0;
                if (gone != 1)
                        continue;
                r = take_out_row(a, txn, state, i, err);
                e.n_live--;
        }
        e.live = clew_slice_make(live, clew_segment_live_bytes(e.n_traces));
        return r < 0 ? r : settle_entry(a, txn, state, a->old.segment, &e, err);
}

int clew_adoption_purge(struct clew_tier *t, const uint64_t *segments, size_t n,
                        struct clew_tier_stats *stats, struct clew_error *err)
{
        struct clew_adoption a = {.tier = t, .env = t->store->env, .stats = stats};
        int r = 0;

        clew_buffer_init(&a.value, CLEW_PACK_MESSAGE_MAX);
        for (size_t i = 0; r == 0 && i < n; i++) {
                if (i > 0 && segments[i] == segments[i - 1])
                        continue;
                r = clew_adoption_rows_of(&a, segments[i], err);
                if (r == 0)
                        r = clew_tier_write(t, purge_segment, &a, err);
                a.old.segment = 0;
        }
        clew_free(a.old.of);
        clew_buffer_deinit(&a.value);
        return r;
}
