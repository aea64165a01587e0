/*
 * What is kept beside the traces - annotations, datasets, criteria, holds, what was deleted, notes
 * - in objects of the bucket, so that a node that begins empty has it too. Bytes: FORMAT.md,
 * "Beside the traces, in a bucket".
 *
 * These records are added, and hardly ever changed or taken away. So the first parts are all of
 * them, and later ones what has come since; after a deletion or a redaction, or when later parts
 * have grown to more than the first, all are written anew and the old parts go. A version of the
 * catalog names the parts and says to which sums they lead.
 *
 * This file uploads; tier-beside-adopt.c brings in.
 *
 * Which records the bucket has is known by 64-bit digests in memory. They are made by one walk over
 * the store when the sums of the newest version are those of the store, and by writing all parts
 * anew when they are not. Records are collected in snapshots of half a second, and uploaded in
 * between; the sums of a version are those of what its parts hold, so what was changed meanwhile
 * shows as a difference and comes next.
 */
#include "storage/tier/tier-int.h"

#include "proto/base/clock.h"
#include "proto/base/hash.h"
#include "proto/base/sort.h"
#include "storage/source/erasure-int.h"
#include "storage/tier/tier-part-int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PART_BYTES ((size_t)16 << 20)
/* One record and its part fit. */
#define PART_BYTES_MAX (CLEW_SHELF_VALUE_MAX + 2 * PART_BYTES)
#define KNOWN_BYTES_MAX ((size_t)4 << 30)
/* A snapshot holds pages. */
#define NOTE_DIGEST UINT64_C(0x9e3779b97f4a7c15)
#define SNAPSHOT_NS (500 * CLEW_NS_PER_MS)
/* Between uploads: so long, or fifty times what the last one took, up to a minute. */
#define PAUSE_NS (2 * CLEW_NS_PER_S)
#define PAUSE_MAX_NS (60 * CLEW_NS_PER_S)
#define PAUSE_TIMES 50u
/* Later parts that make it worth writing all anew: so many, or so many bytes more than the first.
 */
#define LATER_PARTS_MAX 32u
#define LATER_BYTES ((uint64_t)1 << 20)

/* What differs between the store and the bucket. */
struct own {
        struct clew_shelf_state shelf;
        struct clew_state state;
        struct clew_erasure erasure;
};

struct walk {
        struct clew_tier *tier;
        bool all;   /* also what the bucket has */
        bool notes; /* at notes, behind the shelf */
        bool done;
        uint8_t last[CLEW_SHELF_KEY_MAX];
        size_t last_len;
        uint64_t n_met; /* records that the bucket has */
        struct clew_buffer records;
        struct clew_tier_beside sums; /* of the parts so far */
};

static int read_own(struct clew_tier *t, struct own *ret, struct clew_error *err)
{
        struct clew_env *env = t->store->env;
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_read(env, &txn, err);

        if (r < 0)
                return r;
        r = clew_state_read(env, txn, &ret->state, err);
        if (r == 0)
                r = clew_shelf_state_read(env, txn, &ret->shelf, err);
        if (r == 0)
                r = clew_erasure_read(env, txn, &ret->erasure, err);
        clew_txn_end_read(env, txn);
        return r;
}

static bool is_same(const struct clew_tier_beside *b, const struct own *own)
{
        if (!b->is_known && own->shelf.records == 0 && own->state.note_records == 0)
                return true;
        return b->is_known && b->records == own->shelf.records && b->sum == own->shelf.sum &&
               b->notes == own->state.note_records && b->note_sum == own->state.note_sum;
}

/* ---- digests --------------------------------------------------------------------------------- */

static void sort(struct clew_buffer *digests)
{
        clew_sort_numbers((uint64_t *)(void *)digests->data, digests->len / sizeof(uint64_t));
}

static bool is_known(const struct clew_buffer *digests, uint64_t digest)
{
        return clew_has_number((const uint64_t *)(const void *)digests->data,
                               digests->len / sizeof(uint64_t), digest);
}

/* ---- collecting ------------------------------------------------------------------------------ */

/* A record that the parts have from now on. */
static void count(struct walk *w, uint64_t sum, uint64_t digest)
{
        if (w->notes) {
                w->sums.notes++;
                w->sums.note_sum += sum;
        } else {
                w->sums.records++;
                w->sums.sum += sum;
        }
        clew_buffer_append(&w->tier->beside.added, &digest, sizeof(digest));
}

static void take(struct walk *w, struct clew_slice key, struct clew_slice value, bool with_bytes)
{
        uint64_t sum = clew_checksum(key, value);
        uint64_t digest = sum ^ (w->notes ? NOTE_DIGEST : 0);
        const struct clew_tier_record r = {w->notes ? CLEW_TIER_PART_NOTE : CLEW_TIER_PART_SHELF,
                                           key, value};

        if (!w->all && is_known(&w->tier->beside.known, digest)) {
                w->n_met++;
                return;
        }
        count(w, sum, digest);
        if (with_bytes)
                clew_tier_record_put(&w->records, &r);
}

/* Records behind the last, of one table, until it ends or there is enough. */
static int walk_table(struct walk *w, MDB_txn *txn, bool with_bytes, uint64_t until_ns,
                      struct clew_error *err)
{
        CLEW_SCAN scan = {0};
        struct clew_slice last = clew_slice_make(w->last, w->last_len);
        int r = clew_scan_open(w->tier->store->env, txn,
                               w->notes ? CLEW_TABLE_NOTE : CLEW_TABLE_SHELF, &scan, err);

        if (r == 0 && last.len)
                r = clew_scan_seek(&scan, last, err);
        while (r >= 0 && (r = clew_scan_next(&scan, err)) == 1) {
                if (last.len && clew_slice_eq(scan.key, last))
                        continue;
                take(w, scan.key, scan.value, with_bytes);
                if (scan.key.len > sizeof(w->last))
                        return -EBADMSG;
                memcpy(w->last, scan.key.data, scan.key.len);
                w->last_len = scan.key.len;
                if (w->records.len >= PART_BYTES ||
                    clew_clock_monotonic_ns(clew_clock_system()) > until_ns)
                        return 0;
        }
        if (r < 0)
                return r;
        w->done = w->notes;
        w->notes = true;
        w->last_len = 0;
        return 0;
}

/* One snapshot's worth. */
static int walk_some(struct walk *w, bool with_bytes, struct clew_error *err)
{
        struct clew_env *env = w->tier->store->env;
        uint64_t until = clew_clock_monotonic_ns(clew_clock_system()) + SNAPSHOT_NS;
        struct clew_shelf_state shelf;
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_read(env, &txn, err);

        if (r < 0)
                return r;
        r = clew_shelf_state_read(env, txn, &shelf, err);
        w->sums.last = r == 0 && shelf.last > w->sums.last ? shelf.last : w->sums.last;
        if (r == 0)
                r = walk_table(w, txn, with_bytes, until, err);
        r = clew_txn_check(env, txn, r, err);
        clew_txn_end_read(env, txn);
        if (r == 0 &&
            (clew_buffer_error(&w->records) < 0 || clew_buffer_error(&w->tier->beside.added) < 0))
                r = clew_error_set(err, -ENOMEM, 0, "out of memory");
        return r;
}

static void walk_begin(struct walk *w, struct clew_tier *t, bool all)
{
        clew_buffer_clear(&w->records);
        clew_buffer_clear(&t->beside.added);
        *w = (struct walk){.tier = t, .all = all, .records = w->records};
        if (!all)
                w->sums = t->catalog.beside;
        w->sums.is_known = true;
}

/* The store is what the newest version says: its records are what the bucket has. */
static int load(struct clew_tier *t, struct clew_error *err)
{
        struct walk w = {0};
        int r = 0;

        walk_begin(&w, t, true);
        while (r == 0 && !w.done)
                r = walk_some(&w, false, err);
        if (r < 0 || w.sums.sum != t->catalog.beside.sum ||
            w.sums.note_sum != t->catalog.beside.note_sum)
                return r;
        clew_buffer_clear(&t->beside.known);
        clew_buffer_append_slice(&t->beside.known, clew_buffer_slice(&t->beside.added));
        sort(&t->beside.known);
        t->beside.is_loaded = clew_buffer_error(&t->beside.known) == 0;
        return 0;
}

/* ---- uploading ------------------------------------------------------------------------------- */

static int upload_part(struct walk *w, struct clew_object_bucket *b, uint64_t generation,
                       struct clew_error *err)
{
        struct clew_tier *t = w->tier;
        struct clew_tier_part_head head = {.created_ns = t->created_ns,
                                           .writer = t->writer,
                                           .generation = generation,
                                           .index = w->sums.n_parts,
                                           .completes = w->done,
                                           .after = w->sums};
        struct clew_tier_part *part = &w->sums.parts[w->sums.n_parts];
        char name[CLEW_TIER_NAME_MAX];
        CLEW_BUFFER bytes = {0};
        int r;

        if (w->sums.n_parts == CLEW_TIER_PARTS_MAX)
                return clew_error_set(err, -EMSGSIZE, 0,
                                      "%s: annotations and the like have more than %u parts of "
                                      "%zu MiB; they stay in the store alone",
                                      t->url, CLEW_TIER_PARTS_MAX, PART_BYTES >> 20);
        clew_buffer_init(&bytes, PART_BYTES_MAX);
        clew_tier_part_put(&bytes, &head, clew_buffer_slice(&w->records));
        if (clew_buffer_error(&bytes) < 0)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        *part = (struct clew_tier_part){clew_hash(clew_buffer_slice(&bytes)), bytes.len};
        clew_tier_part_name(part->digest, name);
        r = clew_bucket_create(b, name, clew_buffer_slice(&bytes), err);
        if (r == CLEW_BUCKET_EXISTS || r == CLEW_BUCKET_UNSURE)
                return clew_error_set(err, -ETIMEDOUT, 0, "%s: does not answer for sure", t->url);
        if (r < 0)
                return r;
        w->sums.n_parts++;
        clew_buffer_clear(&w->records);
        return 0;
}

static int upload_walk(struct walk *w, struct clew_object_bucket *b, struct clew_error *err)
{
        struct clew_tier_beside_writer *me = &w->tier->beside;
        uint64_t generation = me->generation;
        int r = 0;

        if (w->all) { /* the same bytes again after a failure */
                if (!me->next_generation)
                        me->next_generation = clew_clock_unix_ns(clew_clock_system());
                generation = me->next_generation;
        }
        while (r == 0 && !w->done) {
                r = walk_some(w, true, err);
                if (r == 0 &&
                    (w->records.len >= PART_BYTES || (w->done && (w->records.len > 0 || w->all))))
                        r = upload_part(w, b, generation, err);
        }
        return r;
}

/* Whether something that the bucket has is not here any more. */
static int has_lost(struct clew_tier *t, bool *ret, struct clew_error *err)
{
        struct walk w = {0};
        int r = 0;

        walk_begin(&w, t, false);
        while (r == 0 && !w.done)
                r = walk_some(&w, false, err);
        *ret = w.n_met < t->beside.known.len / sizeof(uint64_t);
        return r;
}

static int upload(struct clew_tier *t, struct clew_object_bucket *b, const struct own *own,
                  struct clew_tier_beside *ret, struct clew_error *err)
{
        const struct clew_tier_beside *have = &t->catalog.beside;
        struct clew_tier_beside_writer *me = &t->beside;
        bool all = !me->is_loaded || !have->is_known || me->generation == 0 ||
                   own->shelf.records < have->records || own->state.note_records < have->notes ||
                   me->later_bytes > me->first_bytes + LATER_BYTES ||
                   have->n_parts >= me->n_first + LATER_PARTS_MAX;
        struct walk w = {0};
        int r = all ? 0 : has_lost(t, &all, err);

        if (r < 0)
                return r;
        clew_buffer_init(&w.records, PART_BYTES_MAX);
        walk_begin(&w, t, all);
        me->adds_all = all;
        r = upload_walk(&w, b, err);
        clew_buffer_deinit(&w.records);
        if (r == 0)
                *ret = w.sums;
        return r == 0 ? 1 : r;
}

int clew_tier_beside_upload(struct clew_tier *t, struct clew_object_bucket *b,
                            struct clew_tier_beside *ret, struct clew_error *err)
{
        uint64_t now = clew_clock_monotonic_ns(clew_clock_system());
        struct clew_tier_beside_writer *me = &t->beside;
        uint64_t pause;
        struct own own;
        int r;

        if (!me->known.max_bytes) {
                clew_buffer_init(&me->known, KNOWN_BYTES_MAX);
                clew_buffer_init(&me->added, KNOWN_BYTES_MAX);
        }
        if (me->is_refused)
                return 0;
        r = read_own(t, &own, err);
        if (r < 0 || is_same(&t->catalog.beside, &own))
                return r < 0 || me->is_loaded ? r : load(t, err);
        if (now < me->not_before_ns && own.erasure.wanted == t->catalog.erased)
                return 0;
        r = upload(t, b, &own, ret, err);
        if (r == -EBADMSG || r == -EMSGSIZE) {
                me->is_refused = true;
                clew_tier_tell(t, "annotations, notes and the like",
                               "are not in the bucket as they are now: one is damaged here, or "
                               "there are too many");
                return 0;
        }
        now = clew_clock_monotonic_ns(clew_clock_system()) - now;
        pause = now > PAUSE_MAX_NS / PAUSE_TIMES ? PAUSE_MAX_NS : now * PAUSE_TIMES;
        me->not_before_ns = clew_clock_monotonic_ns(clew_clock_system()) +
                            (pause > PAUSE_NS ? pause : PAUSE_NS);
        return r;
}

/* ---- afterwards ------------------------------------------------------------------------------ */

static bool names(const struct clew_tier_beside *b, uint64_t digest)
{
        for (uint32_t i = 0; i < b->n_parts; i++) {
                if (b->parts[i].digest == digest)
                        return true;
        }
        return false;
}

/* Bytes of the parts from @from on. */
static uint64_t bytes_of(const struct clew_tier_beside *b, uint32_t from)
{
        uint64_t n = 0;

        for (uint32_t i = from; i < b->n_parts; i++)
                n += b->parts[i].size;
        return n;
}

int clew_tier_beside_settle(struct clew_tier *t, struct clew_object_bucket *b,
                            const struct clew_tier_beside *before, struct clew_error *err)
{
        struct clew_tier_beside_writer *me = &t->beside;
        int r = 0;

        if (me->adds_all) {
                clew_buffer_clear(&me->known);
                me->n_first = t->catalog.beside.n_parts;
                me->generation = me->next_generation;
                me->next_generation = 0;
        }
        clew_buffer_append_slice(&me->known, clew_buffer_slice(&me->added));
        clew_buffer_clear(&me->added);
        sort(&me->known);
        me->is_loaded = clew_buffer_error(&me->known) == 0;
        me->first_bytes =
                bytes_of(&t->catalog.beside, 0) - bytes_of(&t->catalog.beside, me->n_first);
        me->later_bytes = bytes_of(&t->catalog.beside, me->n_first);
        for (uint32_t i = 0; r == 0 && i < before->n_parts; i++) {
                char name[CLEW_TIER_NAME_MAX];

                if (names(&t->catalog.beside, before->parts[i].digest))
                        continue;
                clew_tier_part_name(before->parts[i].digest, name);
                r = clew_bucket_delete(b, name, err);
        }
        return r;
}

struct sweeping {
        struct clew_tier *tier;
        struct clew_object_bucket *bucket;
};

static int sweep_one(void *context, const char *leaf, uint64_t bytes, struct clew_error *err)
{
        struct sweeping *s = context;
        char name[CLEW_TIER_NAME_MAX];

        (void)bytes;
        for (uint32_t i = 0; i < s->tier->catalog.beside.n_parts; i++) {
                clew_tier_part_name(s->tier->catalog.beside.parts[i].digest, name);
                if (strcmp(strchr(name, '/') + 1, leaf) == 0)
                        return 0;
        }
        snprintf(name, sizeof(name), "beside/%.40s", leaf);
        return clew_bucket_delete(s->bucket, name, err);
}

int clew_tier_beside_sweep(struct clew_tier *t, struct clew_object_bucket *b,
                           struct clew_error *err)
{
        struct sweeping s = {t, b};

        return clew_bucket_list(b, "beside", "", sweep_one, &s, err);
}

void clew_tier_beside_writer_deinit(struct clew_tier_beside_writer *w)
{
        clew_buffer_deinit(&w->known);
        clew_buffer_deinit(&w->added);
}
