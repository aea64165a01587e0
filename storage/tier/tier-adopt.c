/*
 * Bringing in what a bucket has: the store gets the catalog entries, places, time order and indexes
 * of its segments, and not their bytes.
 *
 * Segments that are new come first, in the order of their numbers: a trace that lives in several is
 * taken from the one with the highest number, since that was sealed last. Then what is no more live
 * in segments that were here goes. Each segment is one transaction, so that a kill leaves a store
 * that is whole, and the same call goes on. What segments of one object are found by is read
 * together. An object that is damaged is told and left aside.
 */
#include "storage/tier/tier-adopt-int.h"
#include "storage/tier/tier-gone-int.h"

#include "proto/base/arena.h"
#include "proto/base/cursor.h"
#include "proto/base/mem.h"
#include "storage/base/sums-int.h"
#include "storage/index/merge-int.h"
#include "storage/object/objects-int.h"

#include <errno.h>
#include <string.h>

#define HEAD_ARENA_MAX ((size_t)32 << 20)
/* Of what segments are found by, in one read. */
#define TOGETHER_MAX ((uint64_t)16 << 20)
/* Merging after many were brought in: some seconds at the most. */
#define MERGE_STEPS_MAX 4096u

int clew_tier_write(struct clew_tier *t, clew_tier_write_fn fn, void *context,
                    struct clew_error *err)
{
        struct clew_env *env = t->store->env;
        struct clew_state state;
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_write(env, &txn, err);

        if (r < 0)
                return r;
        r = clew_state_read(env, txn, &state, err);
        if (r == 0)
                r = fn(context, txn, &state, err);
        if (r == 0)
                r = clew_state_write(env, txn, &state, err);
        if (r < 0) {
                clew_txn_abort(env, txn);
                return r;
        }
        return clew_txn_commit(env, txn, err);
}

/* ---- a segment that comes in ----------------------------------------------------------------- */

static int put_index(struct clew_adoption *a, MDB_txn *txn, struct clew_state *state,
                     struct clew_error *err)
{
        struct clew_run_head head;
        CLEW_ARENA arena = {.max_bytes = HEAD_ARENA_MAX};
        struct clew_tier_index x = a->index;
        uint64_t run = state->next_run;
        int r = clew_run_head_decode(x.head, &arena, &head);

        if (r == -EBADMSG || (r == 0 && (head.n_segments != 1 || head.n_blocks != x.n_blocks ||
                                         head.segments[0].n != a->own.n)))
                return 0; /* it goes without, and a collector makes it anew */
        for (uint32_t i = 0; r == 0 && i < x.n_blocks; i++) {
                struct clew_slice block =
                        clew_cursor_bytes(&x.blocks, clew_cursor_varint(&x.blocks));

                r = clew_index_put_block(a->env, txn, run, i + 1, block, err);
        }
        if (r < 0)
                return r;
        state->next_run++;
        head.segments[0].segment = a->item->segment;
        return clew_index_put_head(a->env, txn, state, run, &head, err);
}

static bool is_of_another(const struct clew_adoption *a, const struct clew_place *place)
{
        return clew_tier_base_of_segment(place->segment) !=
               clew_tier_base_of_segment(a->item->segment);
}

/* 1 = somebody has deleted that trace, and this is a reader. */
static int is_gone(const struct clew_adoption *a, MDB_txn *txn, const struct clew_trace_id *id,
                   struct clew_error *err)
{
        return a->has_gone ? clew_tier_is_gone(a->env, txn, id, err) : 0;
}

/* Traces of the segment at hand whose place another writer's part has. */
static int find_seconds(struct clew_adoption *a, struct clew_error *err)
{
        struct clew_slice bits = clew_slice_make(a->item->live, a->item->live_len);
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_read(a->env, &txn, err);

        if (r < 0)
                return r;
        clew_buffer_clear(&a->seconds.list);
        for (uint32_t i = 0; r == 0 && i < a->own.n; i++) {
                const struct clew_tier_row *row = &a->own.of[i];
                const struct clew_tier_second second = {
                        .id = row->id, .start_ns = row->start_ns, .index = i};
                struct clew_place place;

                if (!clew_segment_is_live(bits, a->own.n, i))
                        continue;
                r = is_gone(a, txn, &row->id, err);
                if (r == 1) {
                        r = 0;
                        continue;
                }
                if (r == 0)
                        r = clew_place_read(a->env, txn, &row->id, &place, err);
                if (r == 0 && is_of_another(a, &place))
                        clew_buffer_append(&a->seconds.list, &second, sizeof(second));
                else if (r == -ENOENT)
                        r = 0;
        }
        clew_txn_end_read(a->env, txn);
        return r < 0 ? r
               : clew_buffer_error(&a->seconds.list) < 0
                       ? clew_error_set(err, -ENOMEM, 0, "out of memory")
                       : 0;
}

/* Places of the traces that live in the segment at hand; their number. */
static int put_traces(struct clew_adoption *a, MDB_txn *txn, struct clew_state *state,
                      uint8_t *live, uint64_t *ret_live, struct clew_error *err)
{
        struct clew_slice bits = clew_slice_make(a->item->live, a->item->live_len);
        int r = 0;

        *ret_live = 0;
        memset(live, 0, CLEW_SEGMENT_LIVE_MAX);
        for (uint32_t i = 0; r == 0 && i < a->own.n; i++) {
                const struct clew_tier_row *row = &a->own.of[i];
                struct clew_place place = {a->item->segment, i, row->start_ns};
                struct clew_place old;

                if (!clew_segment_is_live(bits, a->own.n, i))
                        continue;
                r = is_gone(a, txn, &row->id, err);
                if (r == 1) {
                        r = 0;
                        continue;
                }
                if (r == 0)
                        r = clew_place_read(a->env, txn, &row->id, &old, err);
                if (r == 0 && is_of_another(a, &old))
                        continue; /* a second part */
                if (r == 0 && old.segment >= a->item->segment)
                        continue; /* it was sealed again since */
                if (r == 0)
                        r = clew_adoption_move_out(a, txn, state, &old, err);
                else if (r == -ENOENT)
                        r = 0;
                if (r < 0)
                        return r;
                clew_adoption_set_live(live, i, true);
                ++*ret_live;
                clew_adoption_count(state, row, true);
                state->first_bytes += row->raw_bytes;
                clew_place_count_in(&state->places, &row->id, &place);
                state->time_sum += clew_time_digest(place.start_ns, &row->id);
                r = clew_place_write(a->env, txn, &row->id, &place, err);
        }
        return r;
}

static int put_segment(void *context, MDB_txn *txn, struct clew_state *state,
                       struct clew_error *err)
{
        struct clew_adoption *a = context;
        uint8_t live[CLEW_SEGMENT_LIVE_MAX];
        struct clew_segment_entry e;
        uint64_t n_live = 0;
        int r;

        if (!clew_segment_entry_decode(a->entry, &e) || e.n_traces != a->own.n)
                return clew_error_set(err, -EBADMSG, 0, "its catalog entry is damaged");
        r = put_traces(a, txn, state, live, &n_live, err);
        if (r == 0)
                r = clew_tier_seconds_append(a->tier, txn, &a->seconds, state, err);
        if (r < 0 || n_live == 0)
                return r; /* nothing of it is live: nothing to be had */
        e.n_live = n_live;
        e.live = clew_slice_make(live, clew_segment_live_bytes(e.n_traces));
        r = clew_adoption_write_entry(a, txn, a->item->segment, &e, err);
        state->segments++;
        state->segment_bytes += e.stored_bytes;
        if (r == 0 && a->has_index)
                r = put_index(a, txn, state, err);
        if (r == 0 && n_live < e.n_traces && state->index_records > 0)
                r = clew_index_release(a->env, txn, state, a->item->segment, &e, err);
        return r;
}

static bool is_same_object(const struct clew_tier_place *a, const struct clew_tier_place *b)
{
        return a->whole > 0 && a->first == b->first && a->digest == b->digest;
}

/* Up to where one read goes: what the segments behind the one at hand are found by, too, as far as
 * the same object has them. */
static uint64_t read_end(const struct clew_adoption *a)
{
        const struct clew_tier_catalog *c = &a->tier->catalog;
        const struct clew_tier_place *p = &a->item->place;
        uint64_t end = p->end;

        for (const struct clew_tier_item *i = a->item + 1;
             i < c->items + c->n && is_same_object(p, &i->place) && i->place.meta >= end &&
             i->place.end - p->meta <= TOGETHER_MAX;
             i++)
                end = i->place.end;
        return end;
}

/* Reads what the segment at hand is found by, unless it was read together with one before. */
static int read_behind(struct clew_adoption *a, struct clew_object_bucket *b, const char *name,
                       struct clew_slice *ret, struct clew_error *err)
{
        const struct clew_tier_place *p = &a->item->place;
        uint64_t size = 0;
        uint64_t end;
        int r;

        if (p->end - p->meta > CLEW_TIER_META_MAX)
                return -EBADMSG;
        if (!is_same_object(&a->read, p) || p->meta < a->read.at || p->end > a->read.end) {
                end = read_end(a);
                a->read.whole = 0;
                clew_buffer_clear(&a->bytes);
                r = clew_bucket_get(b, name, p->meta, (size_t)(end - p->meta), &a->bytes, &size,
                                    err);
                if (r < 0)
                        return r;
                if (size != p->whole || a->bytes.len != end - p->meta)
                        return -EBADMSG;
                a->read = *p;
                a->read.at = p->meta;
                a->read.end = end;
        }
        *ret = clew_slice_make(a->bytes.data + (p->meta - a->read.at), (size_t)(p->end - p->meta));
        return 0;
}

/* Reads what stands behind the segment's bytes. -EBADMSG: it is damaged. */
static int read_meta(struct clew_adoption *a, struct clew_object_bucket *b, const char *name,
                     struct clew_tier_known *ret, struct clew_error *err)
{
        const struct clew_tier_item *item = a->item;
        struct clew_tier_place place = item->place;
        struct clew_tier_footer f;
        struct clew_slice bytes;
        struct clew_slice rows;
        struct clew_slice index;
        int r = read_behind(a, b, name, &bytes, err);

        if (r == 0)
                r = clew_tier_footer_read(bytes, place.end, &f);
        if (r < 0 && r != -EPROTONOSUPPORT)
                return r;
        if (r == 0) {
                clew_tier_footer_place(&f, &place);
                if (f.segment != clew_tier_own_segment(item->segment) ||
                    f.created_ns != a->tier->created_ns ||
                    !clew_tier_place_eq(&place, &item->place))
                        r = -EBADMSG;
        }
        if (r == 0)
                r = clew_tier_section_of(&f, CLEW_TIER_ROWS, bytes, place.meta, &rows);
        if (r == 0)
                r = clew_tier_section_of(&f, CLEW_TIER_ENTRY, bytes, place.meta, &a->entry);
        if (r == 0)
                r = clew_tier_section_of(&f, CLEW_TIER_INDEX, bytes, place.meta, &index);
        if (r == 0 &&
            (!clew_adoption_rows_read(&a->own, item->segment, rows) || a->own.n != item->n_traces))
                r = -EBADMSG;
        if (r < 0)
                return r == -EPROTONOSUPPORT
                               ? clew_error_set(
                                         err, r, 0,
                                         "%s: %s is of a later format: a newer clew reads it",
                                         b->url, name)
                               : r;
        a->has_index = clew_tier_index_read(index, &a->index);
        *ret = (struct clew_tier_known){place, f.sections[CLEW_TIER_SEGMENT].check};
        /* The map learns it first: who sees the segment finds its bytes. */
        return clew_tier_map_know(a->tier->map, item->segment, ret, rows, err);
}

static int add_segment(struct clew_adoption *a, struct clew_object_bucket *b,
                       struct clew_error *err)
{
        struct clew_tier_known known;
        struct clew_error own = {0};
        char name[CLEW_TIER_NAME_MAX];
        int r;

        clew_tier_place_name(&a->item->place, name);
        if (clew_tier_is_bad(a->tier, a->item->segment, &a->item->place, true)) {
                a->stats->bad++;
                return 0;
        }
        r = read_meta(a, b, name, &known, &own);
        if (r == 0)
                clew_tier_is_good_again(a->tier, a->item->segment);
        if (r == 0)
                r = find_seconds(a, &own);
        if (r == 0)
                r = clew_tier_seconds_prepare(a->tier, b, a->item->segment, &known, &a->seconds,
                                              &own);
        if (r == 0)
                r = clew_tier_write(a->tier, put_segment, a, &own);
        if (r == -ENOENT && a->tier->follow) {
                a->stats->missing++; /* a newer version does without it */
                return 0;
        }
        if (r == -EBADMSG || r == -ENOENT) {
                clew_tier_tell_object(
                        a->tier, name,
                        "is damaged, or not there: it is left aside, and its traces with it");
                clew_tier_keep_bad(a->tier, a->item->segment, &a->item->place, true, 1);
                a->stats->damaged++;
                return 0;
        }
        if (r < 0)
                *err = own;
        else
                a->stats->adopted++;
        return r;
}

/* ---- what is here and not in the bucket ------------------------------------------------------ */

/* Segments that have lost traces, or are gone, in a list. */
static int find_changed(struct clew_adoption *a, struct clew_buffer *ret, struct clew_error *err)
{
        CLEW_SCAN scan = {0};
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_read(a->env, &txn, err);

        if (r < 0)
                return r;
        r = clew_scan_open(a->env, txn, CLEW_TABLE_SEGMENT, &scan, err);
        while (r >= 0 && (r = clew_scan_next(&scan, err)) == 1) {
                struct clew_segment_entry e;
                uint64_t segment;

                if (clew_key_read_segment(scan.key, &segment) &&
                    clew_tier_base_of_segment(segment) == a->tier->catalog.base &&
                    clew_segment_entry_decode(scan.value, &e) &&
                    clew_adoption_has_lost(&e, clew_tier_catalog_find(&a->tier->catalog, segment)))
                        clew_buffer_append(ret, &segment, sizeof(segment));
        }
        clew_scan_close(&scan);
        clew_txn_end_read(a->env, txn);
        return r < 0 ? r : clew_buffer_error(ret);
}

static int drop_of(struct clew_adoption *a, uint64_t segment, struct clew_error *err)
{
        int r;

        a->item = clew_tier_catalog_find(&a->tier->catalog, segment);
        r = clew_adoption_rows_of(a, segment, err);
        if (r == 0)
                r = clew_tier_write(a->tier, clew_adoption_drop_dead, a, err);
        if (r == 0)
                r = clew_tier_seconds_settle(a->tier, segment, a->item, err);
        if (r == 0 && !a->item)
                r = clew_tier_map_forget(a->tier->map, segment, err);
        a->old.segment = 0;
        return r;
}

/* Second parts that the bucket has no more. */
static int settle_all_seconds(struct clew_adoption *a, struct clew_error *err)
{
        CLEW_BUFFER list = {0};
        int r;

        clew_buffer_init(&list, (size_t)1 << 30);
        r = clew_tier_map_second_segments(a->tier->map, &list, err);
        for (size_t at = 0; r == 0 && at < list.len; at += sizeof(uint64_t)) {
                uint64_t segment;

                memcpy(&segment, list.data + at, sizeof(segment));
                if (clew_tier_base_of_segment(segment) == a->tier->catalog.base)
                        r = clew_tier_seconds_settle(
                                a->tier, segment,
                                clew_tier_catalog_find(&a->tier->catalog, segment), err);
        }
        return r;
}

static int drop_all_dead(struct clew_adoption *a, struct clew_error *err)
{
        CLEW_BUFFER list = {0};
        int r;

        clew_buffer_init(&list, (size_t)1 << 30);
        r = find_changed(a, &list, err);
        for (size_t at = 0; r == 0 && at < list.len; at += sizeof(uint64_t)) {
                uint64_t segment;

                memcpy(&segment, list.data + at, sizeof(segment));
                r = drop_of(a, segment, err);
        }
        return r < 0 ? r : settle_all_seconds(a, err);
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* 1 = the store has traces of it, 0, or an error. */
static int has_entry(struct clew_adoption *a, uint64_t segment, struct clew_error *err)
{
        struct clew_key key = clew_key_segment(segment);
        struct clew_slice value;
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_read(a->env, &txn, err);

        if (r < 0)
                return r;
        r = clew_table_peek(a->env, txn, CLEW_TABLE_SEGMENT, clew_key_slice(&key), &value, err);
        clew_txn_end_read(a->env, txn);
        return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

/* The same, also of second parts. */
static int is_here(struct clew_adoption *a, uint64_t segment, struct clew_error *err)
{
        int r = has_entry(a, segment, err);

        return r == 0 ? clew_tier_seconds_are_of(a->tier, segment, err) : r;
}

/* Whoever writes may have put it into another object. */
static int follow_place(struct clew_adoption *a, struct clew_error *err)
{
        int r = clew_tier_map_move(a->tier->map, a->item->segment, &a->item->place, err);

        return r == -ENOENT ? 0 : r;
}

/* What the bucket has no more of @segment goes here too. */
static int follow_segment(struct clew_adoption *a, uint64_t segment, struct clew_error *err)
{
        const struct clew_tier_item *item = clew_tier_catalog_find(&a->tier->catalog, segment);
        struct clew_segment_entry e;
        MDB_txn *txn = NULL;
        bool lost = false;
        int r = clew_tier_seconds_settle(a->tier, segment, item, err);

        if (r == 0)
                r = has_entry(a, segment, err);

        if (r == 0)
                return item ? 0 : clew_tier_map_forget(a->tier->map, segment, err);
        if (r == 1)
                r = clew_txn_begin_read(a->env, &txn, err);
        if (r < 0)
                return r;
        r = clew_adoption_read_entry(a, txn, segment, &e, err);
        lost = r == 0 && clew_adoption_has_lost(&e, item);
        clew_txn_end_read(a->env, txn);
        return lost ? drop_of(a, segment, err) : r;
}

static int put_next(void *context, MDB_txn *txn, struct clew_state *state, struct clew_error *err)
{
        const struct clew_tier_catalog *c = context;

        (void)txn;
        (void)err;
        if (state->next_segment < c->next_segment)
                state->next_segment = c->next_segment;
        return 0;
}

void clew_tier_merge_indexes(struct clew_tier *t)
{
        const struct clew_deriver *d = t->store->deriver;
        const struct clew_index_merge_options options = {.version = d ? d->index_version : 0,
                                                         .adder = d ? d->adder : NULL};
        struct clew_index_merge *m = d ? clew_index_merge_new(t->store->env) : NULL;
        struct clew_error ignored;
        uint64_t bytes;

        for (unsigned i = 0; m && i < MERGE_STEPS_MAX; i++) {
                if (clew_index_merge_step(m, &options, &bytes, &ignored) != 1)
                        break;
        }
        clew_index_merge_free(m);
}

int clew_tier_forget_gone(struct clew_tier *t, struct clew_error *err)
{
        CLEW_BUFFER list = {0};
        int r;

        clew_buffer_init(&list, (size_t)1 << 30);
        r = clew_tier_map_segments(t->map, &list, err);
        if (r == 0)
                r = clew_tier_map_bad_segments(t->map, &list, err);
        for (size_t at = 0; r == 0 && at < list.len; at += sizeof(uint64_t)) {
                uint64_t segment;

                memcpy(&segment, list.data + at, sizeof(segment));
                if (clew_tier_base_of_segment(segment) == t->catalog.base &&
                    !clew_tier_catalog_find(&t->catalog, segment))
                        r = clew_tier_map_forget(t->map, segment, err);
        }
        return r;
}

static int begin(struct clew_adoption *a, struct clew_object_bucket **ret, struct clew_error *err)
{
        uint64_t n_gone = 0;
        int r = 0;

        clew_buffer_init(&a->bytes, CLEW_TIER_META_MAX + CLEW_TIER_FOOTER_BYTES);
        clew_buffer_init(&a->value, CLEW_PACK_MESSAGE_MAX);
        clew_tier_seconds_init(&a->seconds);
        if (!a->tier->writes)
                r = clew_tier_count_gone(a->tier, &n_gone, err);
        a->has_gone = n_gone > 0;
        return r < 0 ? r : clew_tier_bucket(a->tier, ret, err);
}

static int end(struct clew_adoption *a, struct clew_object_bucket *b, int r, struct clew_error *err)
{
        struct clew_tier *t = a->tier;

        if (r >= 0)
                r = clew_tier_write(t, put_next, &t->catalog, err);
        if (r == 0)
                r = clew_tier_beside_adopt(t, b, a->stats, err);
        if (r == 0 && a->stats->adopted > 1)
                clew_tier_merge_indexes(t);
        clew_free(a->own.of);
        clew_free(a->old.of);
        clew_buffer_deinit(&a->bytes);
        clew_buffer_deinit(&a->value);
        clew_tier_seconds_deinit(&a->seconds);
        return r < 0 ? r : 0;
}

int clew_tier_adopt(struct clew_tier *t, struct clew_tier_stats *stats, struct clew_error *err)
{
        struct clew_adoption a = {.tier = t, .env = t->store->env, .stats = stats};
        struct clew_object_bucket *b = NULL;
        int r = begin(&a, &b, err);

        for (size_t i = 0; r >= 0 && i < t->catalog.n; i++) {
                struct clew_tier_known known;

                a.item = &t->catalog.items[i];
                r = is_here(&a, a.item->segment, err);
                /* Where it is in the bucket was lost: it is read again, and nothing else changes.
                 */
                if (r == 1 && t->follow)
                        r = clew_tier_map_find(t->map, a.item->segment, &known, err) != -ENOENT;
                if (r == 0)
                        r = add_segment(&a, b, err);
                else if (r == 1)
                        r = follow_place(&a, err);
        }
        if (r >= 0)
                r = drop_all_dead(&a, err);
        if (r == 0)
                r = clew_tier_forget_gone(t, err);
        return end(&a, b, r, err);
}

int clew_tier_adopt_some(struct clew_tier *t, const uint64_t *segments, size_t n,
                         struct clew_tier_stats *stats, struct clew_error *err)
{
        struct clew_adoption a = {.tier = t, .env = t->store->env, .stats = stats};
        struct clew_object_bucket *b = NULL;
        int r = begin(&a, &b, err);

        for (size_t i = 0; r >= 0 && i < n; i++) {
                a.item = clew_tier_catalog_find(&t->catalog, segments[i]);
                r = is_here(&a, segments[i], err);
                if (r == 0 && a.item)
                        r = add_segment(&a, b, err);
                else if (r == 1 && a.item)
                        r = follow_place(&a, err);
        }
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = follow_segment(&a, segments[i], err);
        return end(&a, b, r, err);
}
