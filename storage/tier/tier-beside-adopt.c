/*
 * Bringing in what is kept beside the traces; tier-beside.c.
 *
 * Each part is one read and one transaction. Parts that were brought in before are not read again
 * when the list goes on from them. After a list that begins anew what no part has is taken away.
 */
#include "storage/tier/tier-int.h"

#include "proto/base/cursor.h"
#include "proto/base/hash.h"
#include "proto/base/sort.h"
#include "storage/base/sums-int.h"
#include "storage/tier/tier-gone-int.h"
#include "storage/tier/tier-part-int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGESTS_BYTES_MAX ((size_t)4 << 30)
#define REMOVE_MAX 4096u
#define NOTE_DIGEST UINT64_C(0x9e3779b97f4a7c15)

struct adopting {
        struct clew_tier *tier;
        struct clew_buffer records; /* of the part at hand, as they are to be here */
        struct clew_buffer gone;    /* of that part, of a reader: tier-gone-int.h */
        struct clew_buffer digests; /* uint64_t: of all records of all parts */
        bool removes;
        bool more; /* there is more to take away */
        struct clew_shelf_state shelf;
};

static uint64_t digest_of(uint8_t tag, struct clew_slice key, struct clew_slice value)
{
        return clew_checksum(key, value) ^ (tag == CLEW_TIER_PART_NOTE ? NOTE_DIGEST : 0);
}

/* ---- putting --------------------------------------------------------------------------------- */

static int put_shelf(struct clew_shelf *shelf, const struct clew_tier_record *r,
                     struct clew_error *err)
{
        struct clew_slice old;
        int e;

        if (r->key.len == 0 || r->key.len > CLEW_SHELF_KEY_MAX ||
            clew_shelf_value_check(r->value) < 0)
                return -EBADMSG;
        e = clew_table_get(shelf->store->env, shelf->txn, CLEW_TABLE_SHELF, r->key, &old, err);
        if (e == 0 && clew_slice_eq(old, r->value))
                return 0;
        return clew_shelf_replace(shelf, r->key, r->value, err);
}

static int put_note(struct clew_env *env, MDB_txn *txn, struct clew_state *state,
                    const struct clew_tier_record *r, struct clew_error *err)
{
        struct clew_trace_id id;
        struct clew_slice old;
        uint64_t index;
        int e;

        if (!clew_key_read_numbered(r->key, &id, &index))
                return -EBADMSG;
        e = clew_table_peek(env, txn, CLEW_TABLE_NOTE, r->key, &old, err);
        if (e == 0)
                clew_note_count_out(state, old);
        else if (e != -ENOENT)
                return e;
        clew_note_count_in(state, r->key, r->value);
        return clew_table_put(env, txn, CLEW_TABLE_NOTE, r->key, &r->value, 1, err);
}

static int put_records(void *context, MDB_txn *txn, struct clew_state *state,
                       struct clew_error *err)
{
        struct adopting *a = context;
        struct clew_cursor c = clew_cursor_make(clew_buffer_slice(&a->records));
        struct clew_tier_record record;
        struct clew_shelf shelf;
        int r = clew_shelf_begin(&shelf, a->tier->store, txn, err);

        while (r == 0 && clew_tier_record_take(&c, &record)) {
                if (record.tag == CLEW_TIER_PART_SHELF)
                        r = put_shelf(&shelf, &record, err);
                else if (record.tag == CLEW_TIER_PART_NOTE)
                        r = put_note(a->tier->store->env, txn, state, &record, err);
                else
                        r = -EBADMSG;
        }
        if (r == 0 && c.failed)
                r = -EBADMSG;
        if (r == 0 && !a->tier->writes)
                r = clew_tier_put_gone(&shelf, &a->gone, err);
        if (r == 0 && !a->tier->root && shelf.state.last < a->tier->catalog.beside.last)
                shelf.state.last = a->tier->catalog.beside.last;
        return r == 0 ? clew_shelf_end(&shelf, err) : r;
}

/* ---- taking away ----------------------------------------------------------------------------- */

static bool has(const struct adopting *a, uint64_t digest)
{
        return clew_has_number((const uint64_t *)(const void *)a->digests.data,
                               a->digests.len / sizeof(digest), digest);
}

/* A reader has records of others beside those of this writer. */
static bool may_go(const struct adopting *a, enum clew_table table, struct clew_slice key)
{
        if (a->tier->writes)
                return true;
        return table == CLEW_TABLE_NOTE ? clew_tier_beside_is_note_of(a->tier, key)
                                        : clew_tier_beside_is_of(a->tier, key);
}

/* Keys of @table that no part has, up to REMOVE_MAX, each with its length before it. */
static int find_surplus(struct adopting *a, MDB_txn *txn, enum clew_table table,
                        struct clew_buffer *ret, struct clew_error *err)
{
        CLEW_SCAN scan = {0};
        uint8_t tag = table == CLEW_TABLE_NOTE ? CLEW_TIER_PART_NOTE : CLEW_TIER_PART_SHELF;
        size_t n = 0;
        int r = clew_scan_open(a->tier->store->env, txn, table, &scan, err);

        while (r >= 0 && n < REMOVE_MAX && (r = clew_scan_next(&scan, err)) == 1) {
                if (!may_go(a, table, scan.key) || has(a, digest_of(tag, scan.key, scan.value)))
                        continue;
                clew_buffer_append_byte(ret, (uint8_t)scan.key.len);
                clew_buffer_append_slice(ret, scan.key);
                n++;
        }
        a->more = a->more || n == REMOVE_MAX;
        return r < 0 ? r : clew_buffer_error(ret);
}

static int remove_surplus(void *context, MDB_txn *txn, struct clew_state *state,
                          struct clew_error *err)
{
        struct adopting *a = context;
        struct clew_env *env = a->tier->store->env;
        struct clew_shelf shelf;
        CLEW_BUFFER keys = {0};
        struct clew_cursor c;
        int r = clew_shelf_begin(&shelf, a->tier->store, txn, err);

        a->more = false;
        clew_buffer_init(&keys, (size_t)REMOVE_MAX * (CLEW_SHELF_KEY_MAX + 1));
        if (r == 0)
                r = find_surplus(a, txn, CLEW_TABLE_SHELF, &keys, err);
        c = clew_cursor_make(clew_buffer_slice(&keys));
        while (r == 0 && clew_cursor_left(&c) > 0)
                r = clew_shelf_remove(&shelf, clew_cursor_bytes(&c, clew_cursor_varint(&c)), err);
        clew_buffer_clear(&keys);
        if (r == 0)
                r = find_surplus(a, txn, CLEW_TABLE_NOTE, &keys, err);
        c = clew_cursor_make(clew_buffer_slice(&keys));
        while (r == 0 && clew_cursor_left(&c) > 0) {
                struct clew_slice key = clew_cursor_bytes(&c, clew_cursor_varint(&c));
                struct clew_slice old;

                r = clew_table_peek(env, txn, CLEW_TABLE_NOTE, key, &old, err);
                if (r == 0) {
                        clew_note_count_out(state, old);
                        r = clew_table_delete(env, txn, CLEW_TABLE_NOTE, key, err);
                }
        }
        return r == 0 ? clew_shelf_end(&shelf, err) : r;
}

/* ---- deletions that are remembered ----------------------------------------------------------- */

/* Their number stands in a record of its own; and what the bucket has wiped is wiped here. */
static int count_deleted(void *context, MDB_txn *txn, struct clew_state *state,
                         struct clew_error *err)
{
        const struct adopting *a = context;
        struct clew_env *env = a->tier->store->env;
        uint8_t prefix = CLEW_SHELF_DELETED;
        struct clew_erasure e;
        CLEW_SCAN scan = {0};
        int r = clew_erasure_read(env, txn, &e, err);

        (void)state;
        e.deleted = e.pending = 0;
        if (r == 0)
                r = clew_scan_open(env, txn, CLEW_TABLE_SHELF, &scan, err);
        if (r == 0)
                r = clew_scan_seek(&scan, clew_slice_make(&prefix, 1), err);
        while (r >= 0 && (r = clew_scan_next(&scan, err)) == 1) {
                if (scan.key.len == 0 || scan.key.data[0] != prefix)
                        break;
                e.deleted++;
                e.pending += scan.value.len > 9 && scan.value.data[9] == 1;
        }
        if (r < 0)
                return r;
        if (e.wanted < a->tier->catalog.erased)
                e.done = e.wanted = a->tier->catalog.erased;
        return clew_erasure_write(env, txn, &e, err);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int read_part(struct adopting *a, struct clew_object_bucket *b, uint32_t i,
                     struct clew_buffer *bytes, struct clew_error *err)
{
        struct clew_slice records;
        int r = clew_tier_part_get(b, &a->tier->catalog.beside.parts[i], a->tier->created_ns, bytes,
                                   &records, err);

        clew_buffer_clear(&a->gone);
        if (r == 0)
                r = clew_tier_beside_sift(a->tier, records, &a->records, &a->gone);
        /* Noted before it is remembered: a kill in between leaves nothing that should be gone. */
        if (r == 0 && a->gone.len > 0)
                r = clew_tier_want_purge(a->tier, true, err);
        return r == -ENOMEM ? clew_error_set(err, r, 0, "out of memory") : r;
}

static void note_digests(struct adopting *a)
{
        struct clew_cursor c = clew_cursor_make(clew_buffer_slice(&a->records));
        struct clew_tier_record record;

        while (clew_tier_record_take(&c, &record)) {
                uint64_t d = digest_of(record.tag, record.key, record.value);

                clew_buffer_append(&a->digests, &d, sizeof(d));
        }
}

static int take_parts(struct adopting *a, struct clew_object_bucket *b, uint32_t from,
                      struct clew_tier_stats *stats, struct clew_error *err)
{
        const struct clew_tier_beside *beside = &a->tier->catalog.beside;
        CLEW_BUFFER bytes = {0};
        int r = 0;

        clew_buffer_init(&bytes, CLEW_BUCKET_OBJECT_MAX + 1);
        for (uint32_t i = from; r == 0 && i < beside->n_parts; i++) {
                struct clew_error own = {0};
                char name[CLEW_TIER_NAME_MAX];

                r = read_part(a, b, i, &bytes, &own);
                if (r == 0)
                        r = clew_tier_write(a->tier, put_records, a, &own);
                if (r == 0)
                        note_digests(a);
                if (r == -EBADMSG || r == -ENOENT) {
                        clew_tier_part_name(beside->parts[i].digest, name);
                        clew_tier_tell_object(
                                a->tier, name,
                                "is damaged, or not there: annotations and the like that "
                                "it has are left aside");
                        stats->damaged++;
                        a->removes = false;
                        r = 0;
                } else if (r < 0) {
                        *err = own;
                }
        }
        return r;
}

/* Where it stands how far the parts are here. A reader that has what an earlier program brought in,
 * less of other writers, reads all once more. */
static struct clew_tier_key progress_key(const struct clew_tier *t)
{
        return clew_tier_key(t, t->root ? "beside.noted" : "beside");
}

/* Parts that are here already: the list goes on from them. */
static uint32_t n_here(struct clew_tier *t)
{
        const struct clew_tier_beside *b = &t->catalog.beside;
        struct clew_error ignored;
        uint64_t last = 0;

        if (clew_tier_map_get_number(t->map, progress_key(t).text, &last, &ignored) < 0)
                return 0;
        for (uint32_t i = 0; i < b->n_parts; i++) {
                if (b->parts[i].digest == last)
                        return i + 1;
        }
        return 0;
}

static bool is_here(struct clew_tier *t, struct clew_error *err)
{
        const struct clew_tier_beside *b = &t->catalog.beside;
        struct clew_shelf_state shelf = {0};
        struct clew_state state = {0};
        MDB_txn *txn = NULL;
        int r;

        if (!t->writes)
                return b->n_parts > 0 && n_here(t) == b->n_parts;
        r = clew_txn_begin_read(t->store->env, &txn, err);
        if (r < 0)
                return false;
        r = clew_state_read(t->store->env, txn, &state, err);
        if (r == 0)
                r = clew_shelf_state_read(t->store->env, txn, &shelf, err);
        clew_txn_end_read(t->store->env, txn);
        return r == 0 && b->records == shelf.records && b->sum == shelf.sum &&
               b->notes == state.note_records && b->note_sum == state.note_sum;
}

static int take_all(struct adopting *a, struct clew_object_bucket *b, struct clew_tier_stats *stats,
                    struct clew_error *err)
{
        const struct clew_tier_beside *beside = &a->tier->catalog.beside;
        const struct clew_tier_key key = progress_key(a->tier);
        uint32_t from = n_here(a->tier);
        int r;

        a->removes = from == 0;
        r = clew_tier_map_put_number(a->tier->map, key.text, 0, err);
        if (r == 0)
                r = take_parts(a, b, from, stats, err);
        clew_sort_numbers((uint64_t *)(void *)a->digests.data, a->digests.len / sizeof(uint64_t));
        if (r == 0 && clew_buffer_error(&a->digests) < 0)
                r = clew_error_set(err, -ENOMEM, 0, "out of memory");
        do {
                if (r == 0 && a->removes)
                        r = clew_tier_write(a->tier, remove_surplus, a, err);
        } while (r == 0 && a->more);
        if (r == 0 && stats->damaged == 0 && beside->n_parts > 0)
                r = clew_tier_map_put_number(a->tier->map, key.text,
                                             beside->parts[beside->n_parts - 1].digest, err);
        return r;
}

int clew_tier_beside_adopt(struct clew_tier *t, struct clew_object_bucket *b,
                           struct clew_tier_stats *stats, struct clew_error *err)
{
        struct adopting a = {.tier = t};
        int r = 0;

        clew_buffer_init(&a.digests, DIGESTS_BYTES_MAX);
        clew_buffer_init(&a.gone, DIGESTS_BYTES_MAX);
        if (t->catalog.beside.is_known && !is_here(t, err))
                r = take_all(&a, b, stats, err);
        /* Also where nothing is kept beside: who erases next has to count on from there, or objects
         * that have something of it would stay. */
        if (r == 0 && t->writes)
                r = clew_tier_write(t, count_deleted, &a, err);
        clew_buffer_deinit(&a.digests);
        clew_buffer_deinit(&a.records);
        clew_buffer_deinit(&a.gone);
        return r;
}

/* ---- without a catalog ----------------------------------------------------------------------- */

struct found {
        uint64_t digest;
        uint64_t size;
        struct clew_tier_part_head head;
};

struct finding {
        struct clew_tier *tier;
        struct clew_object_bucket *bucket;
        struct clew_buffer parts; /* struct found */
};

static int find_part(void *context, const char *leaf, uint64_t size, struct clew_error *err)
{
        struct finding *f = context;
        struct found x = {.size = size};
        struct clew_slice records;
        CLEW_BUFFER bytes = {0};
        char name[CLEW_TIER_NAME_MAX];
        int r;

        snprintf(name, sizeof(name), "beside/%.40s", leaf);
        clew_buffer_init(&bytes, CLEW_BUCKET_OBJECT_MAX + 1);
        r = size == 0 || size > CLEW_BUCKET_OBJECT_MAX
                    ? -EBADMSG
                    : clew_bucket_get(f->bucket, name, 0, (size_t)size, &bytes, NULL, err);
        if (r < 0 && r != -ENOENT && r != -EBADMSG)
                return r;
        if (r == 0)
                r = clew_tier_part_read(clew_buffer_slice(&bytes), &x.head, &records);
        x.digest = clew_hash(clew_buffer_slice(&bytes));
        if (r == 0 && x.head.created_ns == f->tier->created_ns)
                clew_buffer_append(&f->parts, &x, sizeof(x));
        return clew_buffer_error(&f->parts) < 0 ? -ENOMEM : 0;
}

/* The newest generation first, its parts in their order. */
static int compare_found(const void *a, const void *b)
{
        const struct found *x = a;
        const struct found *y = b;

        if (x->head.generation != y->head.generation)
                return x->head.generation > y->head.generation ? -1 : 1;
        return x->head.index < y->head.index ? -1 : x->head.index > y->head.index;
}

/* Takes a generation that begins at @from and is whole; where the next one begins. */
static size_t take_generation(struct clew_tier_beside *ret, const struct found *all, size_t from,
                              size_t n)
{
        struct clew_tier_beside b = {0};
        bool is_whole = false;
        size_t i = from;

        for (; i < n && all[i].head.generation == all[from].head.generation; i++) {
                if (all[i].head.index != b.n_parts || b.n_parts == CLEW_TIER_PARTS_MAX)
                        continue; /* two of one number: the first stands */
                is_whole = is_whole || all[i].head.completes;
                b.parts[b.n_parts++] = (struct clew_tier_part){all[i].digest, all[i].size};
                b.is_known = true;
                b.records = all[i].head.after.records;
                b.sum = all[i].head.after.sum;
                b.last = all[i].head.after.last;
                b.notes = all[i].head.after.notes;
                b.note_sum = all[i].head.after.note_sum;
        }
        if (is_whole)
                *ret = b;
        return i;
}

int clew_tier_beside_rebuild(struct clew_tier *t, struct clew_object_bucket *b,
                             struct clew_error *err)
{
        struct finding f = {.tier = t, .bucket = b};
        struct clew_tier_beside *ret = &t->catalog.beside;
        size_t n;
        int r;

        clew_buffer_init(&f.parts, (size_t)64 << 20);
        r = clew_bucket_list(b, "beside", "", find_part, &f, err);
        n = f.parts.len / sizeof(struct found);
        if (n)
                qsort(f.parts.data, n, sizeof(struct found), compare_found);
        for (size_t i = 0; r == 0 && i < n && !ret->is_known;)
                i = take_generation(ret, (const struct found *)(const void *)f.parts.data, i, n);
        clew_buffer_deinit(&f.parts);
        return r;
}
