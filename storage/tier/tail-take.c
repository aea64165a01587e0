/*
 * A reader takes the tail of a node into the hot table of its own store, and takes out what the
 * bucket has by now. One transaction for each answer: nobody sees half of it.
 */
#include "storage/tier/tail-take-int.h"

#include "proto/base/mem.h"
#include "storage/tier/tier-gone-int.h"

#include <errno.h>
#include <string.h>

/* Fragments of one node; each has 72 bytes here. */
#define PIECES_MAX ((size_t)8 << 20)

void clew_taken_deinit(struct clew_taken *k)
{
        clew_free(k->pieces);
        memset(k, 0, sizeof(*k));
}

struct taking {
        struct clew_taken *taken;
        struct clew_env *env;
        struct clew_buffer fragments; /* struct clew_fragment */
        struct clew_buffer crossings; /* struct clew_hot_crossing */
};

static int no_memory(struct clew_error *err)
{
        return clew_error_set(err, -ENOMEM, 0, "out of memory for a tail");
}

/* Before anything points at pieces: they may move. */
static int make_room(struct clew_taken *k, size_t n)
{
        size_t want = k->capacity ? k->capacity : 256;
        void *more;

        if (n > PIECES_MAX - k->n)
                return -E2BIG;
        while (want < k->n + n)
                want *= 2;
        if (want == k->capacity)
                return 0;
        more = clew_realloc_array(k->pieces, want, sizeof(*k->pieces));
        if (!more)
                return -ENOMEM;
        k->pieces = more;
        k->capacity = want;
        return 0;
}

/* ---- what an answer says ----------------------------------------------------------------------
 */

/* The node began anew (another life: what it had then may have been sealed since), or has erased
 * something: then what was told before is not to be shown. */
static void make_old(struct clew_taken *k, const struct clew_tail *tail)
{
        bool is_erased = k->have.life == tail->life;

        for (size_t i = 0; i < k->n; i++) {
                k->pieces[i].is_old = true;
                k->pieces[i].drop = k->pieces[i].drop || is_erased;
        }
        k->have = (struct clew_tail_question){.life = tail->life, .epoch = tail->epoch};
}

/* Pieces, by sequence, that are in no run are hot no more. False: the runs are not right. */
static bool mark_gone(struct clew_taken *k, struct clew_tail *tail)
{
        struct clew_tail runs = *tail;
        uint64_t at = 0;
        uint64_t n = 0;
        size_t i = 0;

        while (i < k->n && k->pieces[i].is_old)
                i++;
        while (clew_tail_next_run(&runs, &at, &n)) {
                for (; i < k->n && k->pieces[i].theirs < at; i++)
                        if (k->pieces[i].gone_at == 0)
                                k->pieces[i].gone_at = tail->next_segment;
                for (; i < k->n && k->pieces[i].theirs - at < n; i++)
                        ;
                at += n;
        }
        for (; i < k->n && k->pieces[i].theirs <= tail->end; i++)
                if (k->pieces[i].gone_at == 0)
                        k->pieces[i].gone_at = tail->next_segment;
        return !runs.runs.failed;
}

static int gather(struct taking *g, struct clew_tail tail, struct clew_error *err)
{
        struct clew_tail_item item = {.sequence = g->taken->have.after};

        while (clew_tail_next(&tail, &item)) {
                struct clew_fragment f = {.trace_id = item.id, .bytes = item.bytes};
                struct clew_fragment_header header;
                struct clew_slice head;
                struct clew_slice pack;

                if (!clew_fragment_split(item.bytes, &head, &pack) ||
                    !clew_fragment_parse_header(head, &header))
                        return clew_error_set(err, -EBADMSG, 0,
                                              "a fragment of its tail is damaged");
                clew_buffer_append(&g->fragments, &f, sizeof(f));
        }
        if (tail.items.failed || clew_cursor_left(&tail.items) > 0)
                return clew_error_set(err, -EBADMSG, 0, "its tail is damaged");
        return clew_buffer_error(&g->fragments) < 0 ? no_memory(err) : 0;
}

/* Of those that are in the store, the ones that may go. */
static int choose(struct taking *g, uint64_t version, bool with_old, struct clew_error *err)
{
        const struct clew_taken *k = g->taken;
        bool knows = k->complete > 0 && version >= k->version;

        for (size_t i = 0; i < k->n; i++) {
                const struct clew_tail_piece *p = &k->pieces[i];
                bool is_covered = p->gone_at > 0 && knows && k->complete >= p->gone_at;
                struct clew_hot_crossing x = {{p->mine, p->first}, &p->id};

                if (is_covered || (p->drop && with_old))
                        clew_buffer_append(&g->crossings, &x, sizeof(x));
        }
        return clew_buffer_error(&g->crossings) < 0 ? no_memory(err) : 0;
}

static int write_all(void *context, MDB_txn *txn, struct clew_state *state, struct clew_error *err)
{
        struct taking *g = context;
        int r = clew_hot_cross_off(g->env, txn, (void *)g->crossings.data,
                                   g->crossings.len / sizeof(struct clew_hot_crossing), state, err);

        return r < 0 ? r
                     : clew_hot_append(g->env, txn, (const void *)g->fragments.data,
                                       g->fragments.len / sizeof(struct clew_fragment), state, err);
}

/* Sequences of what was written, and the batches that it lies in. */
static int find_places(struct clew_taken *k, struct clew_env *env, size_t from,
                       struct clew_error *err)
{
        struct clew_hot_walk w = {0};
        MDB_txn *txn = NULL;
        size_t i = from;
        int r;

        if (from == k->n)
                return 0;
        r = clew_txn_begin_read(env, &txn, err);
        if (r < 0)
                return r;
        r = clew_hot_walk_open(&w, env, txn, NULL, err);
        if (r == 0)
                r = clew_hot_walk_seek(&w, k->pieces[from].mine, err);
        while (r == 0 && i < k->n) {
                struct clew_hot_found f;

                r = clew_hot_walk_next(&w, &f, err);
                if (r != 1)
                        break;
                r = 0;
                while (i < k->n && k->pieces[i].mine < f.ref.sequence)
                        i++;
                if (i < k->n && k->pieces[i].mine == f.ref.sequence)
                        k->pieces[i++].first = f.ref.first;
        }
        clew_hot_walk_close(&w);
        clew_txn_end_read(env, txn);
        return r;
}

/* What was taken out, as @crossings name it by the addresses of their ids. */
static void forget(struct clew_taken *k, const struct clew_buffer *crossings)
{
        const struct clew_hot_crossing *x = (const void *)crossings->data;
        size_t n = crossings->len / sizeof(*x);
        size_t kept = 0;

        for (size_t i = 0; i < n; i++) {
                struct clew_tail_piece *p =
                        &k->pieces[(size_t)((const uint8_t *)x[i].id - (const uint8_t *)k->pieces) /
                                   sizeof(*k->pieces)];

                p->mine = 0;
        }
        for (size_t i = 0; i < k->n; i++)
                if (k->pieces[i].mine > 0)
                        k->pieces[kept++] = k->pieces[i];
        k->n = kept;
        if (n > 0)
                k->n_kept = 0; /* others are the first now */
}

static int make_room_for(struct taking *g, struct clew_error *err)
{
        int r = make_room(g->taken, g->fragments.len / sizeof(struct clew_fragment));

        return r == 0 ? 0
                      : clew_error_set(err, r, 0, "its tail has more fragments than are kept here");
}

/* For fragments there is room; their sequences begin with @ret_mine. */
static int write_pieces(struct taking *g, struct clew_tier *t, uint64_t *ret_mine,
                        struct clew_error *err)
{
        int r = clew_tier_next_sequence(t, ret_mine, err);

        if (r == 0 && g->fragments.len + g->crossings.len > 0)
                r = clew_tier_write(t, write_all, g, err);
        if (r == 0)
                forget(g->taken, &g->crossings);
        return r;
}

/* The new ones stand behind the others. */
static void remember(struct clew_taken *k, struct clew_tail tail, uint64_t first_mine)
{
        struct clew_tail_item item = {.sequence = k->have.after};

        while (clew_tail_next(&tail, &item))
                k->pieces[k->n++] = (struct clew_tail_piece){
                        .id = item.id, .theirs = item.sequence, .mine = first_mine++};
}

static int take(struct taking *g, struct clew_tier *t, const struct clew_tail *tail,
                struct clew_error *err)
{
        struct clew_taken *k = g->taken;
        size_t n = g->fragments.len / sizeof(struct clew_fragment);
        uint64_t mine = 0;
        int r = write_pieces(g, t, &mine, err);

        if (r < 0)
                return r;
        remember(k, *tail, mine);
        return find_places(k, g->env, k->n - n, err);
}

int clew_taken_apply(struct clew_tier *t, struct clew_taken *k, struct clew_slice bytes,
                     uint64_t version, bool *ret_more, bool *ret_erased, struct clew_error *err)
{
        struct taking g = {.taken = k, .env = t->store->env};
        struct clew_tail tail;
        int r;

        *ret_more = *ret_erased = false;
        if (!clew_tail_read(bytes, &tail))
                return clew_error_set(err, -EBADMSG, 0, "its answer is no tail, or is damaged");
        clew_buffer_init(&g.fragments, (size_t)1 << 30);
        clew_buffer_init(&g.crossings, (size_t)1 << 30);
        if (tail.is_whole) {
                *ret_erased = k->n > 0 && k->have.life == tail.life;
                make_old(k, &tail);
        }
        r = tail.life != k->have.life || tail.epoch != k->have.epoch
                    ? clew_error_set(err, -EBADMSG, 0, "its tail is not what was asked for")
                    : gather(&g, tail, err);
        if (r == 0 && !mark_gone(k, &tail))
                r = clew_error_set(err, -EBADMSG, 0, "its tail is damaged");
        for (size_t i = 0; i < k->n && !tail.more && k->pieces[i].is_old; i++)
                if (k->pieces[i].gone_at == 0)
                        k->pieces[i].gone_at = tail.next_segment;
        k->complete = tail.complete;
        k->version = tail.version;
        if (r == 0)
                r = make_room_for(&g, err);
        if (r == 0)
                r = choose(&g, version, !tail.more, err);
        if (r == 0)
                r = take(&g, t, &tail, err);
        if (r == 0) {
                k->have.after = tail.end;
                *ret_more = tail.more;
        }
        clew_buffer_deinit(&g.fragments);
        clew_buffer_deinit(&g.crossings);
        return r;
}

int clew_taken_add(struct clew_tier *t, struct clew_taken *k, const struct clew_buffer *fragments,
                   uint64_t theirs, struct clew_error *err)
{
        struct taking g = {.taken = k, .env = t->store->env, .fragments = *fragments};
        const struct clew_fragment *f = (const void *)fragments->data;
        size_t n = fragments->len / sizeof(*f);
        uint64_t mine = 0;
        int r = make_room_for(&g, err);

        if (r == 0)
                r = write_pieces(&g, t, &mine, err);

        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++)
                k->pieces[k->n++] = (struct clew_tail_piece){
                        .id = f[i].trace_id, .theirs = theirs, .mine = mine + i};
        return find_places(k, g.env, k->n - n, err);
}

int clew_taken_drop_marked(struct clew_tier *t, struct clew_taken *k, struct clew_error *err)
{
        struct taking g = {.taken = k, .env = t->store->env};
        uint64_t mine;
        int r;

        clew_buffer_init(&g.crossings, (size_t)1 << 30);
        r = choose(&g, 0, true, err);
        if (r == 0 && g.crossings.len > 0)
                r = write_pieces(&g, t, &mine, err);
        clew_buffer_deinit(&g.crossings);
        return r;
}

int clew_taken_purge(struct clew_tier *t, struct clew_taken *k, uint64_t epoch,
                     struct clew_error *err)
{
        size_t from = epoch == k->epoch && k->n_kept <= k->n ? k->n_kept : 0;
        bool any = false;
        MDB_txn *txn = NULL;
        int r = 0;

        if (epoch > 0 && from < k->n)
                r = clew_txn_begin_read(t->store->env, &txn, err);
        for (size_t i = from; r == 0 && txn && i < k->n; i++) {
                r = clew_tier_is_gone(t->store->env, txn, &k->pieces[i].id, err);
                k->pieces[i].drop = k->pieces[i].drop || r == 1;
                any = any || r == 1;
                r = r < 0 ? r : 0;
        }
        if (txn)
                clew_txn_end_read(t->store->env, txn);
        if (r == 0 && any)
                r = clew_taken_drop_marked(t, k, err);
        k->n_kept = r == 0 ? k->n : 0;
        k->epoch = epoch;
        return r;
}

int clew_taken_drop(struct clew_tier *t, struct clew_taken *k, struct clew_error *err)
{
        int r;

        for (size_t i = 0; i < k->n; i++)
                k->pieces[i].drop = true;
        r = clew_taken_drop_marked(t, k, err);
        if (r == 0)
                clew_taken_deinit(k);
        return r;
}

int clew_tail_clear(struct clew_tier *t, const uint64_t *keep, size_t n, struct clew_error *err)
{
        size_t at = 0;
        struct clew_env *env = t->store->env;
        struct clew_taken all = {0};
        struct clew_hot_walk w = {0};
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_read(env, &txn, err);

        if (r < 0)
                return r;
        r = clew_hot_walk_open(&w, env, txn, NULL, err);
        while (r >= 0) {
                struct clew_hot_found f;

                r = clew_hot_walk_next(&w, &f, err);
                if (r != 1)
                        break;
                r = 0;
                while (at < n && keep[at] < f.ref.sequence)
                        at++;
                if (at < n && keep[at] == f.ref.sequence)
                        continue;
                r = make_room(&all, 1);
                if (r == 0)
                        all.pieces[all.n++] = (struct clew_tail_piece){
                                .id = f.id, .mine = f.ref.sequence, .first = f.ref.first};
        }
        clew_hot_walk_close(&w);
        clew_txn_end_read(env, txn);
        if (r == 0)
                r = clew_taken_drop(t, &all, err);
        clew_taken_deinit(&all);
        return r;
}
