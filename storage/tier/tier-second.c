/*
 * Second parts of traces (tier-second-int.h): out of a segment's object into the hot table, and out
 * of that again.
 */
#include "storage/tier/tier-second-int.h"

#include "proto/base/mem.h"
#include "proto/base/sort.h"
#include "proto/otlp/walk.h"
#include "storage/hot/hot-int.h"
#include "storage/tier/tail-take-int.h"
#include "storage/tier/tier-gone-int.h"

#include <errno.h>
#include <string.h>

/* Packed fragments of one segment: it has at most a trace of 1 GiB, or 64 MiB. */
#define ARENA_BYTES_MAX ((size_t)2 << 30)
#define LIST_BYTES_MAX ((size_t)CLEW_SEGMENT_TRACES_MAX * sizeof(struct clew_tier_second))
/* What is parsed of one trace. */
#define WALK_BYTES_MAX ((size_t)1 << 30)

static int no_memory(struct clew_error *err)
{
        return clew_error_set(err, -ENOMEM, 0, "out of memory");
}

void clew_tier_seconds_init(struct clew_tier_seconds *s)
{
        clew_buffer_init(&s->list, 4 * LIST_BYTES_MAX);
        clew_buffer_init(&s->fragments, (size_t)1 << 30);
        clew_arena_init(&s->arena, ARENA_BYTES_MAX);
}

void clew_tier_seconds_deinit(struct clew_tier_seconds *s)
{
        clew_buffer_deinit(&s->list);
        clew_buffer_deinit(&s->fragments);
        clew_arena_deinit(&s->arena);
}

/* ---- out of an object ------------------------------------------------------------------------ */

struct taking {
        struct clew_tier_seconds *seconds;
        struct clew_fragment_encoder *encoder;
        struct clew_segment_reader reader;
        struct clew_buffer object;
        struct clew_buffer message;
        struct clew_buffer encoded;
        struct clew_buffer list; /* one for each fragment */
        struct clew_arena arena;
};

static int read_object(struct clew_tier *t, struct clew_object_bucket *b, uint64_t segment,
                       const struct clew_tier_known *known, struct clew_buffer *out,
                       struct clew_error *err)
{
        char name[CLEW_TIER_NAME_MAX];
        struct clew_error ignored;
        int r = clew_tier_map_cached(t->map, segment, out, &ignored);

        if (r == 0 && clew_tier_check_segment(segment, known, clew_buffer_slice(out)) == 0)
                return 0;
        clew_buffer_clear(out);
        clew_tier_place_name(&known->place, name);
        r = clew_bucket_get(b, name, known->place.at, (size_t)known->place.len, out, NULL, err);
        if (r == 0)
                r = clew_tier_check_segment(segment, known, clew_buffer_slice(out));
        if (r == 0)
                (void)!clew_tier_map_cache(t->map, segment, clew_buffer_slice(out), &ignored);
        return r;
}

/* The fragments of @message; of a run in several traces they are all of the one that it is shown
 * under. */
static int take_signal(struct taking *k, struct clew_slice message, enum clew_otlp_signal signal,
                       const struct clew_tier_second *second, struct clew_error *err)
{
        struct clew_otlp_batch batch = {0};
        int r;

        if (message.len == 0)
                return 0;
        clew_arena_reset(&k->arena);
        r = clew_otlp_walk(message, signal, &k->arena, &batch, err);
        for (size_t i = 0; r == 0 && i < batch.n_traces; i++) {
                struct clew_fragment f = {.trace_id = second->id};

                clew_buffer_clear(&k->encoded);
                r = clew_fragment_encode(k->encoder, &batch, &batch.traces[i], second->start_ns,
                                         &k->encoded);
                f.bytes = clew_arena_copy(&k->seconds->arena, clew_buffer_slice(&k->encoded));
                if (r < 0 || clew_arena_failed(&k->seconds->arena))
                        return no_memory(err);
                clew_buffer_append(&k->seconds->fragments, &f, sizeof(f));
                clew_buffer_append(&k->list, second, sizeof(*second));
        }
        return r == -E2BIG ? -EBADMSG : r;
}

static int take_one(struct taking *k, const struct clew_tier_second *second, struct clew_error *err)
{
        struct clew_segment_row row;
        struct clew_slice message;
        int r;

        clew_buffer_clear(&k->message);
        r = clew_segment_reader_read(&k->reader, second->index, &second->id, &k->message, &row);
        if (r < 0)
                return r == -ENOENT ? -EBADMSG : r == -ENOMEM ? no_memory(err) : r;
        message = clew_buffer_slice(&k->message);
        if (row.traces_len > message.len)
                return -EBADMSG;
        r = take_signal(k, clew_slice_make(message.data, (size_t)row.traces_len), CLEW_OTLP_TRACES,
                        second, err);
        return r < 0 ? r
                     : take_signal(k, clew_slice_from(message, (size_t)row.traces_len),
                                   CLEW_OTLP_LOGS, second, err);
}

static int take_all(struct taking *k, struct clew_error *err)
{
        size_t n = k->seconds->list.len / sizeof(struct clew_tier_second);
        int r = clew_segment_reader_open(&k->reader, clew_buffer_slice(&k->object));

        for (size_t i = 0; r == 0 && i < n; i++) {
                struct clew_tier_second second;

                memcpy(&second, k->seconds->list.data + i * sizeof(second), sizeof(second));
                r = take_one(k, &second, err);
        }
        if (r == 0 &&
            (clew_buffer_error(&k->list) < 0 || clew_buffer_error(&k->seconds->fragments) < 0))
                r = no_memory(err);
        return r;
}

/* The list becomes one of fragments, with where they will lie. */
static int note(struct clew_tier *t, uint64_t segment, struct taking *k, struct clew_error *err)
{
        struct clew_tier_second *all = (void *)k->list.data;
        size_t n = k->list.len / sizeof(*all);
        uint64_t mine = 0;
        int r = clew_tier_next_sequence(t, &mine, err);

        for (size_t i = 0; i < n; i++) {
                all[i].from = mine;
                all[i].mine = mine + i;
        }
        return r < 0 ? r
                     : clew_tier_map_put_seconds(t->map, segment, clew_buffer_slice(&k->list), err);
}

int clew_tier_seconds_prepare(struct clew_tier *t, struct clew_object_bucket *b, uint64_t segment,
                              const struct clew_tier_known *known, struct clew_tier_seconds *s,
                              struct clew_error *err)
{
        struct taking k = {.seconds = s};
        int r = clew_tier_seconds_settle(t, segment, NULL, err);

        clew_buffer_clear(&s->fragments);
        clew_arena_deinit(&s->arena);
        clew_arena_init(&s->arena, ARENA_BYTES_MAX);
        if (r < 0 || s->list.len == 0)
                return r;
        if (known->place.len == 0 || known->place.len > CLEW_BUCKET_OBJECT_MAX)
                return -EBADMSG;
        clew_buffer_init(&k.object, CLEW_BUCKET_OBJECT_MAX + 1);
        clew_buffer_init(&k.message, CLEW_PACK_RESIDUE_MAX);
        clew_buffer_init(&k.encoded, CLEW_PACK_RESIDUE_MAX);
        clew_buffer_init(&k.list, (size_t)1 << 30);
        clew_arena_init(&k.arena, WALK_BYTES_MAX);
        k.encoder = clew_fragment_encoder_new();
        if (clew_segment_reader_init(&k.reader) < 0 || !k.encoder)
                r = no_memory(err);
        if (r == 0)
                r = read_object(t, b, segment, known, &k.object, err);
        if (r == 0)
                r = take_all(&k, err);
        if (r == 0)
                r = note(t, segment, &k, err);
        clew_segment_reader_deinit(&k.reader);
        clew_fragment_encoder_free(k.encoder);
        clew_buffer_deinit(&k.object);
        clew_buffer_deinit(&k.message);
        clew_buffer_deinit(&k.encoded);
        clew_buffer_deinit(&k.list);
        clew_arena_deinit(&k.arena);
        return r;
}

int clew_tier_seconds_append(struct clew_tier *t, MDB_txn *txn, const struct clew_tier_seconds *s,
                             struct clew_state *state, struct clew_error *err)
{
        size_t n = s->fragments.len / sizeof(struct clew_fragment);

        return n == 0 ? 0
                      : clew_hot_append(t->store->env, txn, (const void *)s->fragments.data, n,
                                        state, err);
}

/* ---- out of the hot table -------------------------------------------------------------------- */

struct crossing {
        struct clew_env *env;
        struct clew_buffer all; /* struct clew_hot_crossing */
};

/* Where the fragments @list, of one segment and in order, lie; those that are not there are left
 * out. */
static int find_crossings(struct crossing *x, const struct clew_buffer *list,
                          struct clew_error *err)
{
        const struct clew_tier_second *s = (const void *)list->data;
        size_t n = list->len / sizeof(*s);
        struct clew_hot_walk w = {0};
        MDB_txn *txn = NULL;
        size_t i = 0;
        int r = n > 0 ? clew_txn_begin_read(x->env, &txn, err) : 0;

        if (r < 0 || n == 0)
                return r;
        r = clew_hot_walk_open(&w, x->env, txn, NULL, err);
        if (r == 0)
                r = clew_hot_walk_seek(&w, s[0].from, err);
        while (r >= 0 && i < n) {
                struct clew_hot_found f;

                r = clew_hot_walk_next(&w, &f, err);
                if (r != 1)
                        break;
                while (i < n && s[i].mine < f.ref.sequence)
                        i++;
                if (i < n && s[i].mine == f.ref.sequence &&
                    memcmp(&f.id, &s[i].id, sizeof(f.id)) == 0) {
                        const struct clew_hot_crossing one = {f.ref, &s[i].id};

                        clew_buffer_append(&x->all, &one, sizeof(one));
                }
        }
        clew_hot_walk_close(&w);
        clew_txn_end_read(x->env, txn);
        if (r >= 0 && clew_buffer_error(&x->all) < 0)
                return no_memory(err);
        return r < 0 ? r : 0;
}

static int cross_off(void *context, MDB_txn *txn, struct clew_state *state, struct clew_error *err)
{
        struct crossing *x = context;

        return clew_hot_cross_off(x->env, txn, (void *)x->all.data,
                                  x->all.len / sizeof(struct clew_hot_crossing), state, err);
}

static int take_out(struct clew_tier *t, const struct clew_buffer *list, struct clew_error *err)
{
        struct crossing x = {.env = t->store->env};
        int r;

        clew_buffer_init(&x.all, (size_t)1 << 30);
        r = find_crossings(&x, list, err);
        if (r == 0 && x.all.len > 0)
                r = clew_tier_write(t, cross_off, &x, err);
        clew_buffer_deinit(&x.all);
        return r;
}

/* Divides @all into what @item has and what it has not. */
static void divide(const struct clew_buffer *all, const struct clew_tier_item *item,
                   struct clew_buffer *stays, struct clew_buffer *goes)
{
        struct clew_slice live =
                item ? clew_slice_make(item->live, item->live_len) : CLEW_SLICE_NULL;

        for (size_t at = 0; at + sizeof(struct clew_tier_second) <= all->len;
             at += sizeof(struct clew_tier_second)) {
                struct clew_tier_second s;
                bool is_there;

                memcpy(&s, all->data + at, sizeof(s));
                is_there = item && clew_segment_is_live(live, item->n_traces, s.index);
                clew_buffer_append(is_there ? stays : goes, &s, sizeof(s));
        }
}

/* Those of @segment that go are taken out, and the others are left. */
static int part(struct clew_tier *t, uint64_t segment, const struct clew_buffer *stays,
                const struct clew_buffer *goes, struct clew_error *err)
{
        int r;

        if (clew_buffer_error(stays) < 0 || clew_buffer_error(goes) < 0)
                return no_memory(err);
        if (goes->len == 0)
                return 0;
        r = take_out(t, goes, err);
        return r < 0 ? r
                     : clew_tier_map_put_seconds(t->map, segment, clew_buffer_slice(stays), err);
}

int clew_tier_seconds_settle(struct clew_tier *t, uint64_t segment,
                             const struct clew_tier_item *item, struct clew_error *err)
{
        CLEW_BUFFER all = {0};
        CLEW_BUFFER stays = {0};
        CLEW_BUFFER goes = {0};
        int r;

        clew_buffer_init(&all, (size_t)1 << 30);
        clew_buffer_init(&stays, (size_t)1 << 30);
        clew_buffer_init(&goes, (size_t)1 << 30);
        r = clew_tier_map_seconds(t->map, segment, &all, err);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        divide(&all, item, &stays, &goes);
        return part(t, segment, &stays, &goes, err);
}

int clew_tier_seconds_purge(struct clew_tier *t, uint64_t segment, struct clew_error *err)
{
        CLEW_BUFFER all = {0};
        CLEW_BUFFER stays = {0};
        CLEW_BUFFER goes = {0};
        MDB_txn *txn = NULL;
        int r;

        clew_buffer_init(&all, (size_t)1 << 30);
        clew_buffer_init(&stays, (size_t)1 << 30);
        clew_buffer_init(&goes, (size_t)1 << 30);
        r = clew_tier_map_seconds(t->map, segment, &all, err);
        if (r == 0)
                r = clew_txn_begin_read(t->store->env, &txn, err);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        for (size_t at = 0; r >= 0 && at + sizeof(struct clew_tier_second) <= all.len;
             at += sizeof(struct clew_tier_second)) {
                struct clew_tier_second s;

                memcpy(&s, all.data + at, sizeof(s));
                r = clew_tier_is_gone(t->store->env, txn, &s.id, err);
                clew_buffer_append(r == 1 ? &goes : &stays, &s, sizeof(s));
        }
        clew_txn_end_read(t->store->env, txn);
        return r < 0 ? r : part(t, segment, &stays, &goes, err);
}

int clew_tier_seconds_are_of(struct clew_tier *t, uint64_t segment, struct clew_error *err)
{
        CLEW_BUFFER list = {0};
        int r;

        clew_buffer_init(&list, (size_t)1 << 30);
        r = clew_tier_map_seconds(t->map, segment, &list, err);
        return r == -ENOENT ? 0 : r < 0 ? r : list.len > 0;
}

/* ---- after a start --------------------------------------------------------------------------- */

/* Appends the sequences of the parts of @segment to @keep; when some are not there the segment is
 * brought in again, and none is kept. */
static int check_segment(struct clew_tier *t, uint64_t segment, struct clew_buffer *keep,
                         bool *ret_lost, struct clew_error *err)
{
        struct crossing x = {.env = t->store->env};
        CLEW_BUFFER list = {0};
        size_t n;
        int r;

        clew_buffer_init(&list, (size_t)1 << 30);
        clew_buffer_init(&x.all, (size_t)1 << 30);
        r = clew_tier_map_seconds(t->map, segment, &list, err);
        if (r == -ENOENT)
                r = 0;
        if (r == 0)
                r = find_crossings(&x, &list, err);
        n = x.all.len / sizeof(struct clew_hot_crossing);
        if (r == 0 && n * sizeof(struct clew_tier_second) == list.len) {
                for (size_t i = 0; i < n; i++) {
                        struct clew_hot_crossing one;

                        memcpy(&one, x.all.data + i * sizeof(one), sizeof(one));
                        clew_buffer_append(keep, &one.ref.sequence, sizeof(one.ref.sequence));
                }
        } else if (r == 0) {
                *ret_lost = true;
                r = clew_tier_map_forget(t->map, segment, err);
                if (r == 0)
                        r = clew_tier_map_put_seconds(t->map, segment, CLEW_SLICE_NULL, err);
        }
        clew_buffer_deinit(&x.all);
        return r;
}

int clew_tier_seconds_check(struct clew_tier *t, bool *ret_lost, struct clew_error *err)
{
        CLEW_BUFFER segments = {0};
        CLEW_BUFFER keep = {0};
        int r;

        clew_buffer_init(&segments, (size_t)1 << 30);
        clew_buffer_init(&keep, (size_t)1 << 30);
        r = clew_tier_map_second_segments(t->map, &segments, err);
        for (size_t at = 0; r == 0 && at < segments.len; at += sizeof(uint64_t)) {
                uint64_t segment;

                memcpy(&segment, segments.data + at, sizeof(segment));
                r = check_segment(t, segment, &keep, ret_lost, err);
        }
        if (r == 0 && clew_buffer_error(&keep) < 0)
                r = no_memory(err);
        clew_sort_numbers((uint64_t *)(void *)keep.data, keep.len / sizeof(uint64_t));
        return r < 0 ? r
                     : clew_tail_clear(t, (const uint64_t *)(const void *)keep.data,
                                       keep.len / sizeof(uint64_t), err);
}
