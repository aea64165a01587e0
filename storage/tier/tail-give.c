/*
 * A node tells of its tail: one walk over the directories of what is hot, and the bytes of what the
 * reader has not seen.
 */
#include "storage/tail.h"

#include "proto/base/cursor.h"
#include "storage/source/erasure-int.h"
#include "storage/tier/tail-int.h"
#include "storage/tier/tier-int.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>

/* A process gives its sequences a meaning of their own: a store that was made anew begins again. */
static uint64_t life(void)
{
        static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
        static uint64_t drawn;
        uint64_t ret;

        pthread_mutex_lock(&lock);
        while (drawn == 0 && getrandom(&drawn, sizeof(drawn), 0) != (ssize_t)sizeof(drawn))
                drawn = 0;
        ret = drawn;
        pthread_mutex_unlock(&lock);
        return ret;
}

struct giving {
        struct clew_tail tail;
        uint64_t after;
        uint64_t
                run_at; /* where the run at hand begins, how long it is, and where the last ended */
        uint64_t run_n;
        uint64_t run_end;
        uint64_t last; /* sequence of the last fragment that was written */
        struct clew_buffer runs;
        struct clew_buffer fragments;
};

static void end_run(struct giving *g)
{
        if (g->run_n == 0)
                return;
        clew_buffer_append_varint(&g->runs, g->run_at - g->run_end);
        clew_buffer_append_varint(&g->runs, g->run_n);
        g->run_end = g->run_at + g->run_n;
        g->run_n = 0;
        g->tail.n_runs++;
}

static void add_to_runs(struct giving *g, uint64_t sequence)
{
        if (g->run_n > 0 && sequence != g->run_at + g->run_n)
                end_run(g);
        if (g->run_n++ == 0)
                g->run_at = sequence;
}

static int add_fragment(struct giving *g, const struct clew_hot_walk *w,
                        const struct clew_hot_found *f, struct clew_error *err)
{
        const struct clew_hot_row *row = &w->batch.rows[w->row - 1];

        if (!clew_hot_row_check(row, &f->id, f->ref.sequence))
                return clew_error_set(err, -EBADMSG, 0, "hot fragment %llu is damaged",
                                      (unsigned long long)f->ref.sequence);
        clew_buffer_append_varint(&g->fragments, f->ref.sequence - g->last);
        clew_buffer_append(&g->fragments, f->id.bytes, sizeof(f->id.bytes));
        clew_buffer_append_varint(&g->fragments, clew_hot_row_bytes(row));
        clew_buffer_append_slice(&g->fragments, row->header);
        clew_buffer_append_slice(&g->fragments, row->pack);
        g->last = f->ref.sequence;
        g->tail.n_fragments++;
        return clew_buffer_error(&g->fragments) < 0
                       ? clew_error_set(err, -ENOMEM, 0, "out of memory for a tail")
                       : 0;
}

static int walk(struct giving *g, struct clew_env *env, MDB_txn *txn, struct clew_error *err)
{
        struct clew_hot_walk w = {0};
        int r = clew_hot_walk_open(&w, env, txn, NULL, err);

        while (r == 0) {
                struct clew_hot_found f;

                r = clew_hot_walk_next(&w, &f, err);
                if (r != 1)
                        break;
                r = 0;
                if (f.ref.first == 0) /* of format 1: sealed before anything else */
                        continue;
                if (f.ref.sequence > g->after) {
                        if (g->fragments.len >= CLEW_TAIL_BYTES) {
                                g->tail.more = true;
                                break;
                        }
                        r = add_fragment(g, &w, &f, err);
                }
                add_to_runs(g, f.ref.sequence);
        }
        clew_hot_walk_close(&w);
        return r;
}

static int give(struct giving *g, struct clew_store *store, const struct clew_tail_question *q,
                struct clew_error *err)
{
        struct clew_state state;
        struct clew_erasure e;
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_read(store->env, &txn, err);

        if (r < 0)
                return r;
        r = clew_state_read(store->env, txn, &state, err);
        if (r == 0)
                r = clew_erasure_read(store->env, txn, &e, err);
        if (r == 0) {
                g->tail.epoch = e.wanted;
                g->tail.next_segment = state.next_segment;
                g->tail.is_whole = q->life != g->tail.life || q->epoch != e.wanted;
                g->after = g->last = g->tail.is_whole ? 0 : q->after;
                r = walk(g, store->env, txn, err);
        }
        if (r == 0) {
                end_run(g);
                g->tail.end = g->tail.more              ? g->last
                              : state.next_sequence > 0 ? state.next_sequence - 1
                                                        : 0;
        }
        r = clew_txn_check(store->env, txn, r, err);
        clew_txn_end_read(store->env, txn);
        return r;
}

int clew_tail_give(struct clew_store *store, struct clew_tier *tier,
                   const struct clew_tail_question *q, struct clew_buffer *out,
                   struct clew_error *err)
{
        struct giving g = {.tail = {.life = life()}};
        int r;

        clew_buffer_init(&g.runs, CLEW_TAIL_BYTES_MAX);
        clew_buffer_init(&g.fragments, CLEW_TAIL_BYTES_MAX);
        if (tier) /* before the snapshot: it may only say less */
                clew_tier_complete(tier, &g.tail.complete, &g.tail.version);
        r = give(&g, store, q, err);
        if (r == 0)
                clew_tail_write(&g.tail, clew_buffer_slice(&g.runs),
                                clew_buffer_slice(&g.fragments), out);
        if (r == 0 && (clew_buffer_error(out) < 0 || clew_buffer_error(&g.runs) < 0))
                r = clew_error_set(err, -ENOMEM, 0, "out of memory for a tail");
        clew_buffer_deinit(&g.runs);
        clew_buffer_deinit(&g.fragments);
        return r;
}
