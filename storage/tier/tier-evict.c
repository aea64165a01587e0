/*
 * Giving up the bytes of segments that have no room here. The bucket is asked whether it has them,
 * all of them, before they go.
 */
#include "storage/tier/tier-int.h"

#include "storage/object/objects-int.h"

#include <errno.h>
#include <string.h>

/* Segments that are given up in one call. */
#define EVICT_MAX 16u

struct eviction {
        struct clew_tier *tier;
        uint64_t segment;
        uint64_t bytes;
        struct clew_error *err;
        int result;
};

static int delete_bytes(void *context, MDB_txn *txn, struct clew_state *state,
                        struct clew_error *err)
{
        struct eviction *e = context;

        (void)state;
        return clew_object_delete(e->tier->store->env, txn, e->segment, err);
}

static void evict_now(void *argument)
{
        struct eviction *e = argument;

        e->result = clew_tier_write(e->tier, delete_bytes, e, e->err);
}

/* Who was killed between a version and writing down what it said: the object's footer says it. */
static int learn(struct clew_tier *t, struct clew_object_bucket *b, uint64_t segment,
                 struct clew_tier_known *ret, struct clew_error *err)
{
        const struct clew_tier_item *item = clew_tier_catalog_find(&t->catalog, segment);
        struct clew_tier_footer f;
        CLEW_BUFFER bytes = {0};
        char name[CLEW_TIER_NAME_MAX];
        int r;

        if (!item)
                return -ENOENT;
        clew_buffer_init(&bytes, 2 * CLEW_TIER_FOOTER_BYTES);
        clew_tier_place_name(&item->place, name);
        r = clew_bucket_get(b, name, item->place.end - CLEW_TIER_FOOTER_BYTES,
                            CLEW_TIER_FOOTER_BYTES, &bytes, NULL, err);
        if (r == 0)
                r = clew_tier_footer_read(clew_buffer_slice(&bytes), item->place.end, &f);
        if (r == 0 && (f.segment != segment || f.created_ns != t->created_ns))
                r = -EBADMSG;
        if (r < 0)
                return r;
        *ret = (struct clew_tier_known){item->place, f.sections[CLEW_TIER_SEGMENT].check};
        return clew_tier_map_know(t->map, segment, ret, CLEW_SLICE_NULL, err);
}

/* The bucket is asked whether it has the segment's bytes, all of them, before they go here. */
static int check_remote(struct clew_tier *t, struct clew_object_bucket *b, uint64_t segment,
                        struct clew_error *err)
{
        struct clew_tier_known known;
        CLEW_BUFFER bytes = {0};
        char name[CLEW_TIER_NAME_MAX];
        int r = clew_tier_map_find(t->map, segment, &known, err);

        if (r == -ENOENT)
                r = learn(t, b, segment, &known, err);
        if (r < 0)
                return r;
        clew_buffer_init(&bytes, CLEW_BUCKET_OBJECT_MAX);
        clew_tier_place_name(&known.place, name);
        r = clew_bucket_get(b, name, known.place.at, (size_t)known.place.len, &bytes, NULL, err);
        if (r < 0)
                return r;
        if (bytes.len == known.place.len &&
            clew_tier_check(segment, CLEW_TIER_SEGMENT, clew_buffer_slice(&bytes)) == known.check)
                return 0;
        clew_tier_tell_object(t, name, "is damaged in the bucket; its segment stays here");
        return -EBADMSG;
}

/* Segments whose bytes are here beyond the limit, oldest first, up to EVICT_MAX. */
static int find_old(struct clew_tier *t, struct eviction ret[EVICT_MAX], size_t *ret_n,
                    uint64_t *ret_next, struct clew_error *err)
{
        struct clew_env *env = t->store->env;
        CLEW_SCAN scan = {.unchecked = true};
        struct clew_state state;
        uint64_t here = 0;
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_read(env, &txn, err);

        *ret_n = 0;
        if (r < 0)
                return r;
        r = clew_state_read(env, txn, &state, err);
        *ret_next = state.next_segment;
        for (unsigned pass = 0; r == 0 && pass < 2; pass++) {
                r = clew_scan_open(env, txn, CLEW_TABLE_SEGMENT, &scan, err);
                scan.unchecked = true;
                while (r >= 0 && (r = clew_scan_next(&scan, err)) == 1) {
                        struct clew_segment_entry e;
                        uint64_t segment;

                        if (!clew_key_read_segment(scan.key, &segment) ||
                            !clew_segment_entry_decode(scan.value, &e))
                                continue;
                        r = clew_object_is_here(env, txn, segment, err);
                        if (r != 1)
                                continue;
                        if (pass == 0) {
                                here += e.stored_bytes;
                        } else if (here > t->local_bytes && *ret_n < EVICT_MAX &&
                                   clew_tier_catalog_find(&t->catalog, segment)) {
                                ret[*ret_n] = (struct eviction){t, segment, e.stored_bytes, err, 0};
                                ++*ret_n;
                                here -= e.stored_bytes;
                        }
                }
                clew_scan_close(&scan);
        }
        clew_txn_end_read(env, txn);
        return r < 0 ? r : 0;
}

int clew_tier_evict(struct clew_tier *t, struct clew_object_bucket *b,
                    void (*run)(void *context, void (*fn)(void *argument), void *argument),
                    void *run_context, struct clew_tier_stats *stats, struct clew_error *err)
{
        struct eviction old[EVICT_MAX];
        uint64_t next = 0;
        size_t n = 0;
        int r = find_old(t, old, &n, &next, err);

        for (size_t i = 0; r == 0 && i < n; i++) {
                r = check_remote(t, b, old[i].segment, err);
                if (r == -EBADMSG || r == -ENOENT) {
                        r = 0;
                        continue;
                }
                if (r < 0)
                        break;
                if (run)
                        run(run_context, evict_now, &old[i]);
                else
                        evict_now(&old[i]);
                r = old[i].result;
                stats->evicted += r == 0;
                stats->evicted_bytes += r == 0 ? old[i].bytes : 0;
        }
        if (r == 0 && n < EVICT_MAX)
                t->evicted_at = next;
        stats->more |= n == EVICT_MAX;
        return r;
}
