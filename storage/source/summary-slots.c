/*
 * See summary-slots-int.h.
 */
#include "storage/source/summary-slots-int.h"

#include "proto/base/cursor.h"
#include "proto/base/mem.h"
#include "storage/pack/pack-int.h"

#include <errno.h>
#include <zstd.h>

struct clew_summary_slot {
        struct clew_segment_live live;
        uint64_t version;
        struct clew_buffer plain;
        uint32_t *ends; /* of each summary in `plain`, its length before it */
        uint32_t n;
};

static size_t bytes_of(const struct clew_summary_slot *slot)
{
        return sizeof(*slot) + slot->plain.capacity + slot->n * sizeof(*slot->ends);
}

static void free_slot(struct clew_summary_slot *slot)
{
        if (!slot)
                return;
        clew_buffer_deinit(&slot->plain);
        clew_free(slot->ends);
        clew_free(slot);
}

static void drop(struct clew_summary_slots *s, unsigned i)
{
        if (s->slots[i])
                s->bytes -= bytes_of(s->slots[i]);
        free_slot(s->slots[i]);
        s->slots[i] = NULL;
        s->segments[i] = 0;
        s->used[i] = 0;
}

void clew_summary_slots_clear(struct clew_summary_slots *s)
{
        for (unsigned i = 0; i < CLEW_SUMMARY_SLOTS; i++)
                drop(s, i);
        ZSTD_freeDCtx(s->zstd);
        s->zstd = NULL;
}

/* The slot that was longest unused; a free one is the oldest of all, unless they are passed over.
 * CLEW_SUMMARY_SLOTS when there is none. */
static unsigned oldest(const struct clew_summary_slots *s, bool pass_free)
{
        unsigned best = CLEW_SUMMARY_SLOTS;

        for (unsigned i = 0; i < CLEW_SUMMARY_SLOTS; i++) {
                if (pass_free && !s->slots[i])
                        continue;
                if (best == CLEW_SUMMARY_SLOTS || s->used[i] < s->used[best])
                        best = i;
        }
        return best;
}

static int find_ends(struct clew_summary_slot *slot, uint64_t n_traces)
{
        struct clew_cursor c = clew_cursor_make(clew_buffer_slice(&slot->plain));

        if (n_traces > CLEW_SEGMENT_TRACES_MAX)
                return -EBADMSG;
        slot->ends = clew_calloc((size_t)n_traces + 1, sizeof(*slot->ends));
        if (!slot->ends)
                return -ENOMEM;
        while (slot->n < n_traces && !c.failed) {
                struct clew_slice summary = clew_cursor_bytes(&c, clew_cursor_varint(&c));

                if (!c.failed)
                        slot->ends[slot->n++] =
                                (uint32_t)(summary.data + summary.len - slot->plain.data);
        }
        return 0;
}

static int fill(struct clew_summary_slots *s, struct clew_summary_slot *slot, struct clew_env *env,
                MDB_txn *txn, uint64_t segment, struct clew_error *err)
{
        struct clew_key key = clew_key_segment(segment);
        struct clew_segment_entry entry;
        struct clew_slice value;
        int r = clew_table_get(env, txn, CLEW_TABLE_SEGMENT, clew_key_slice(&key), &value, err);

        if (r < 0 && r != -ENOENT)
                return r;
        if (r == -ENOENT || !clew_segment_entry_decode(value, &entry))
                r = -EBADMSG;
        else
                r = clew_summaries_decompress_with(s->zstd, entry.summaries, &slot->plain);
        if (r == 0)
                r = find_ends(slot, entry.n_traces);
        if (r < 0)
                return clew_error_set(err, r, 0,
                                      "store %s: catalog entry of segment %llu is damaged or "
                                      "missing; see clew doctor --verify",
                                      clew_env_dir(env), (unsigned long long)segment);
        clew_segment_live_keep(&slot->live, segment, &entry);
        slot->version = entry.summary_version;
        return 0;
}

static int add(struct clew_summary_slots *s, struct clew_env *env, MDB_txn *txn, uint64_t segment,
               unsigned *ret, struct clew_error *err)
{
        struct clew_summary_slot *slot = clew_calloc(1, sizeof(*slot));
        unsigned i;
        int r;

        if (!slot)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        clew_buffer_init(&slot->plain, CLEW_PACK_RESIDUE_MAX);
        if (!s->zstd)
                s->zstd = ZSTD_createDCtx();
        r = fill(s, slot, env, txn, segment, err);
        if (r < 0) {
                free_slot(slot);
                return r;
        }
        while (s->bytes > 0 && s->bytes + bytes_of(slot) > CLEW_SUMMARY_SLOTS_BYTES)
                drop(s, oldest(s, true));
        i = oldest(s, false);
        drop(s, i);
        s->slots[i] = slot;
        s->segments[i] = segment;
        s->bytes += bytes_of(slot);
        *ret = i;
        return 0;
}

int clew_summary_slots_get(struct clew_summary_slots *s, struct clew_env *env, MDB_txn *txn,
                           const struct clew_place *place, struct clew_slice *ret,
                           uint32_t *ret_version, const struct clew_segment_live **ret_live,
                           struct clew_error *err)
{
        const struct clew_summary_slot *slot;
        struct clew_cursor c;
        uint32_t from;
        unsigned i = 0;
        int r = 0;

        while (i < CLEW_SUMMARY_SLOTS && s->segments[i] != place->segment)
                i++;
        if (i == CLEW_SUMMARY_SLOTS)
                r = add(s, env, txn, place->segment, &i, err);
        if (r < 0)
                return r;
        s->used[i] = ++s->clock;
        slot = s->slots[i];
        if (place->index >= slot->n)
                return clew_error_set(err, -EBADMSG, 0, "store %s: segment %llu has no summary %u",
                                      clew_env_dir(env), (unsigned long long)place->segment,
                                      place->index);
        from = place->index > 0 ? slot->ends[place->index - 1] : 0;
        c = clew_cursor_make(
                clew_slice_make(slot->plain.data + from, slot->ends[place->index] - from));
        *ret = clew_cursor_bytes(&c, clew_cursor_varint(&c));
        *ret_version = (uint32_t)slot->version;
        *ret_live = &slot->live;
        return 0;
}
