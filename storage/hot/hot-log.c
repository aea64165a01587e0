/*
 * Writing the hot table: batches come at its end, and go when all of their fragments are sealed.
 *
 * A row that is gone costs a bit until its batch goes. So that one trace which stays open for hours
 * does not keep everything that arrived beside it, a batch with few bytes left is written again
 * with the live rows alone, under the same key and with the same sequences. What is written again
 * is at most a third of what was dropped.
 */
#include "storage/hot/hot-int.h"

#include "proto/base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A batch is thinned out when its live rows are at most this part of it ... */
#define THIN_PART 4u
/* ... and it takes more than a page or two. */
#define THIN_BYTES_MIN ((size_t)8 << 10)
/* A batch while it is made anew: one fragment of the largest request, and some. */
#define REWORK_BYTES_MAX ((size_t)1 << 30)

static int put_batch(struct clew_env *env, MDB_txn *txn, struct clew_hot_batch_writer *w,
                     uint64_t first, struct clew_error *err)
{
        struct clew_key key = clew_key_batch(first);
        size_t n = 0;
        int r = clew_hot_batch_writer_finish(w, first, &n);

        if (r < 0)
                return clew_error_set(err, r, 0, "out of memory");
        r = clew_table_put(env, txn, CLEW_TABLE_HOT, clew_key_slice(&key), w->parts, n, err);
        clew_hot_batch_writer_clear(w);
        return r;
}

int clew_hot_append(struct clew_env *env, MDB_txn *txn, const struct clew_fragment *fragments,
                    size_t n, struct clew_state *state, struct clew_error *err)
{
        struct clew_hot_batch_writer w;
        uint64_t first = state->next_sequence;
        int r = 0;

        clew_hot_batch_writer_init(&w);
        for (size_t i = 0; r == 0 && i < n; i++) {
                const struct clew_fragment *f = &fragments[i];
                uint64_t sequence = state->next_sequence;
                struct clew_hot_row row;
                uint8_t check[8];

                if (!clew_fragment_split(f->bytes, &row.header, &row.pack)) {
                        r = clew_error_set(err, -EINVAL, 0, "not a fragment");
                        break;
                }
                if (!clew_hot_batch_writer_takes(&w, f->bytes.len)) {
                        r = put_batch(env, txn, &w, first, err);
                        first = sequence;
                }
                clew_hot_pack_check(&f->trace_id, sequence, row.pack, check);
                row.check = clew_slice_make(check, sizeof(check));
                row.offset = (uint32_t)(sequence - first);
                clew_hot_batch_writer_add(&w, f->trace_id.bytes, &row);
                state->next_sequence++;
                state->hot_fragments++;
                state->hot_sum += sequence;
        }
        if (r == 0 && w.n)
                r = put_batch(env, txn, &w, first, err);
        clew_hot_batch_writer_deinit(&w);
        return r;
}

static int compare_crossings(const void *a, const void *b)
{
        const struct clew_hot_ref *x = &((const struct clew_hot_crossing *)a)->ref;
        const struct clew_hot_ref *y = &((const struct clew_hot_crossing *)b)->ref;

        if (x->first != y->first)
                return x->first < y->first ? -1 : 1;
        return x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}

/* A fragment of format 1. */
static int delete_single(struct clew_env *env, MDB_txn *txn, const struct clew_hot_crossing *x,
                         struct clew_error *err)
{
        struct clew_key key = clew_key_numbered(x->id, x->ref.sequence);
        struct clew_slice stored;
        int r = clew_table_peek(env, txn, CLEW_TABLE_HOT, clew_key_slice(&key), &stored, err);

        if (r < 0)
                return r == -ENOENT ? -EAGAIN : r;
        return clew_table_delete(env, txn, CLEW_TABLE_HOT, clew_key_slice(&key), err);
}

static int damaged(struct clew_env *env, struct clew_slice key, struct clew_error *err)
{
        char name[96];

        clew_record_name(CLEW_TABLE_HOT, key, name, sizeof(name));
        return clew_error_set(err, -EBADMSG, 0,
                              "store %s: record %s is damaged; see clew doctor --verify",
                              clew_env_dir(env), name);
}

/* A batch of the table, open in a write transaction, and which rows are gone. */
struct open_batch {
        struct clew_hot_batch batch;
        size_t stored_bytes;
        uint8_t gone[CLEW_HOT_GONE_BYTES_MAX];
        bool has_gone; /* the record is there */
};

static int open_batch(struct clew_env *env, MDB_txn *txn, uint64_t first, struct open_batch *ret,
                      struct clew_error *err)
{
        struct clew_key key = clew_key_batch(first);
        struct clew_key gone_key = clew_key_gone(first);
        struct clew_slice stored;
        struct clew_slice gone;
        int r = clew_table_peek(env, txn, CLEW_TABLE_HOT, clew_key_slice(&key), &stored, err);

        if (r < 0)
                return r == -ENOENT ? -EAGAIN : r;
        if (!clew_hot_batch_open(first, stored, &ret->batch) || !clew_hot_batch_rows(&ret->batch))
                return damaged(env, clew_key_slice(&key), err);
        ret->stored_bytes = stored.len;
        memset(ret->gone, 0, sizeof(ret->gone));
        r = clew_table_get(env, txn, CLEW_TABLE_HOT, clew_key_slice(&gone_key), &gone, err);
        ret->has_gone = r == 0;
        if (r == -ENOENT)
                return 0;
        if (r == 0 && gone.len != clew_hot_gone_bytes(ret->batch.n))
                return damaged(env, clew_key_slice(&gone_key), err);
        if (r == 0)
                memcpy(ret->gone, gone.data, gone.len);
        return r;
}

static bool is_gone(const struct open_batch *o, uint32_t row)
{
        return clew_hot_is_gone(clew_slice_make(o->gone, sizeof(o->gone)), row);
}

/* Writes the batch again with its live rows alone. */
static int thin_out(struct clew_env *env, MDB_txn *txn, const struct open_batch *o,
                    size_t live_bytes, struct clew_error *err)
{
        struct clew_hot_batch_writer w;
        CLEW_BUFFER packs = {0}; /* the old value's pages may be reused by the new one */
        int r = 0;

        clew_buffer_init(&packs, live_bytes + 1);
        if (!clew_buffer_reserve(&packs, live_bytes + 1))
                return clew_error_set(err, clew_buffer_error(&packs), 0, "out of memory");
        clew_hot_batch_writer_init(&w);
        for (uint32_t i = 0; i < o->batch.n; i++) {
                struct clew_hot_row row = o->batch.rows[i];

                if (is_gone(o, i))
                        continue;
                clew_buffer_append_slice(&packs, row.pack);
                row.pack.data = packs.data + packs.len - row.pack.len;
                clew_hot_batch_writer_add(&w, clew_hot_batch_id(&o->batch, i), &row);
        }
        r = put_batch(env, txn, &w, o->batch.first, err);
        clew_hot_batch_writer_deinit(&w);
        return r;
}

static int put_gone(struct clew_env *env, MDB_txn *txn, const struct open_batch *o,
                    struct clew_error *err)
{
        struct clew_key key = clew_key_gone(o->batch.first);
        struct clew_slice bits = clew_slice_make(o->gone, clew_hot_gone_bytes(o->batch.n));

        return clew_table_put(env, txn, CLEW_TABLE_HOT, clew_key_slice(&key), &bits, 1, err);
}

static int delete_batch(struct clew_env *env, MDB_txn *txn, uint64_t first, struct clew_error *err)
{
        struct clew_key key = clew_key_batch(first);

        return clew_table_delete(env, txn, CLEW_TABLE_HOT, clew_key_slice(&key), err);
}

/* Stores what has become of a batch. */
static int settle(struct clew_env *env, MDB_txn *txn, const struct open_batch *o,
                  struct clew_error *err)
{
        struct clew_key gone_key = clew_key_gone(o->batch.first);
        size_t live_bytes = 0;
        uint32_t n_live = 0;
        int r;

        for (uint32_t i = 0; i < o->batch.n; i++) {
                if (is_gone(o, i))
                        continue;
                live_bytes += clew_hot_row_bytes(&o->batch.rows[i]);
                n_live++;
        }
        if (n_live &&
            (o->stored_bytes < THIN_BYTES_MIN || live_bytes > o->stored_bytes / THIN_PART))
                return put_gone(env, txn, o, err);
        r = n_live ? thin_out(env, txn, o, live_bytes, err)
                   : delete_batch(env, txn, o->batch.first, err);
        if (r == 0 && o->has_gone)
                r = clew_table_delete(env, txn, CLEW_TABLE_HOT, clew_key_slice(&gone_key), err);
        return r;
}

/* All @n are of one batch. */
static int cross_batch(struct clew_env *env, MDB_txn *txn, const struct clew_hot_crossing *x,
                       size_t n, struct clew_error *err)
{
        struct open_batch o;
        int r = open_batch(env, txn, x->ref.first, &o, err);

        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++) {
                const struct clew_hot_row *row = clew_hot_batch_find(&o.batch, x[i].ref.sequence);
                uint32_t at = row ? (uint32_t)(row - o.batch.rows) : 0;

                if (!row || is_gone(&o, at) ||
                    memcmp(clew_hot_batch_id(&o.batch, at), x[i].id->bytes, CLEW_TRACE_ID_BYTES) !=
                            0)
                        return -EAGAIN;
                o.gone[at / 8] |= (uint8_t)(1u << at % 8);
        }
        return settle(env, txn, &o, err);
}

int clew_hot_cross_off(struct clew_env *env, MDB_txn *txn, struct clew_hot_crossing *crossings,
                       size_t n, struct clew_state *state, struct clew_error *err)
{
        size_t to;
        int r = 0;

        if (n)
                qsort(crossings, n, sizeof(*crossings), compare_crossings);
        for (size_t from = 0; r == 0 && from < n; from = to) {
                uint64_t first = crossings[from].ref.first;

                to = from + 1;
                while (first && to < n && crossings[to].ref.first == first)
                        to++;
                r = first ? cross_batch(env, txn, &crossings[from], to - from, err)
                          : delete_single(env, txn, &crossings[from], err);
        }
        for (size_t i = 0; i < n; i++)
                state->hot_sum -= crossings[i].ref.sequence;
        state->hot_fragments -= n;
        return r;
}

struct rework {
        struct clew_buffer bytes; /* of rows, packs and headers: the old value goes */
        struct clew_hot_batch_writer writer;
        uint8_t checks[CLEW_HOT_BATCH_ROWS_MAX][8];
        size_t at[CLEW_HOT_BATCH_ROWS_MAX]; /* where each row's fragment begins */
        size_t len[CLEW_HOT_BATCH_ROWS_MAX];
};

/* Gathers what the rows are to be. 1 = it differs from what is stored. */
static int rework_rows(struct rework *w, const struct open_batch *o, clew_hot_change_fn change,
                       void *context, struct clew_error *err)
{
        int differs = 0;

        for (uint32_t i = 0; i < o->batch.n; i++) {
                const struct clew_hot_row *row = &o->batch.rows[i];
                struct clew_trace_id id;
                int r = 0;

                if (is_gone(o, i)) {
                        differs = 1;
                        continue;
                }
                memcpy(id.bytes, clew_hot_batch_id(&o->batch, i), sizeof(id.bytes));
                w->at[i] = w->bytes.len;
                if (change)
                        r = change(context, &id, o->batch.first + row->offset, row, &w->bytes, err);
                if (r < 0)
                        return r;
                if (r == 0) {
                        w->bytes.len = w->at[i];
                        clew_buffer_append_slice(&w->bytes, row->header);
                        clew_buffer_append_slice(&w->bytes, row->pack);
                }
                w->len[i] = w->bytes.len - w->at[i];
                differs |= r;
        }
        if (clew_buffer_error(&w->bytes) < 0)
                return clew_error_set(err, clew_buffer_error(&w->bytes), 0, "out of memory");
        return differs;
}

static int rework_write(struct rework *w, struct clew_env *env, MDB_txn *txn,
                        const struct open_batch *o, struct clew_error *err)
{
        uint32_t n = 0;

        for (uint32_t i = 0; i < o->batch.n; i++) {
                struct clew_hot_row row = o->batch.rows[i];
                struct clew_trace_id id;

                if (is_gone(o, i))
                        continue;
                memcpy(id.bytes, clew_hot_batch_id(&o->batch, i), sizeof(id.bytes));
                if (!clew_fragment_split(clew_slice_make(w->bytes.data + w->at[i], w->len[i]),
                                         &row.header, &row.pack))
                        return clew_error_set(err, -EINVAL, 0, "not a fragment");
                clew_hot_pack_check(&id, o->batch.first + row.offset, row.pack, w->checks[i]);
                row.check = clew_slice_make(w->checks[i], sizeof(w->checks[i]));
                clew_hot_batch_writer_add(&w->writer, clew_hot_batch_id(&o->batch, i), &row);
                n++;
        }
        return n ? put_batch(env, txn, &w->writer, o->batch.first, err)
                 : delete_batch(env, txn, o->batch.first, err);
}

int clew_hot_rework(struct clew_env *env, MDB_txn *txn, uint64_t first, clew_hot_change_fn change,
                    void *context, struct clew_error *err)
{
        struct clew_key gone_key = clew_key_gone(first);
        struct rework *w = clew_calloc(1, sizeof(*w));
        struct open_batch o;
        int r = w ? open_batch(env, txn, first, &o, err)
                  : clew_error_set(err, -ENOMEM, 0, "out of memory");

        if (r < 0) {
                clew_free(w);
                return r;
        }
        clew_buffer_init(&w->bytes, REWORK_BYTES_MAX);
        clew_hot_batch_writer_init(&w->writer);
        r = rework_rows(w, &o, change, context, err);
        if (r == 1) {
                int e = rework_write(w, env, txn, &o, err);

                if (e == 0 && o.has_gone)
                        e = clew_table_delete(env, txn, CLEW_TABLE_HOT, clew_key_slice(&gone_key),
                                              err);
                r = e < 0 ? e : 1;
        }
        clew_hot_batch_writer_deinit(&w->writer);
        clew_buffer_deinit(&w->bytes);
        clew_free(w);
        return r;
}
