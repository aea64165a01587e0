/*
 * Reading the hot table: all fragments in the order of its keys, or one by one.
 */
#include "storage/hot/hot-int.h"

#include <errno.h>
#include <string.h>

static int damaged(struct clew_env *env, struct clew_slice key, const char *what,
                   struct clew_error *err)
{
        char name[96];

        clew_record_name(CLEW_TABLE_HOT, key, name, sizeof(name));
        return clew_error_set(err, -EBADMSG, 0,
                              "store %s: record %s is damaged (%s); see clew doctor --verify; "
                              "clew --sealed-only reads what is sealed",
                              clew_env_dir(env), name, what);
}

int clew_hot_walk_open(struct clew_hot_walk *w, struct clew_env *env, MDB_txn *txn,
                       const struct clew_trace_id *only, struct clew_error *err)
{
        int r;

        w->scan = (struct clew_scan){.env = env};
        w->env = env;
        w->txn = txn;
        w->only = only;
        w->row = 0;
        w->batch.n = 0;
        w->gone_first = 0;
        w->gone = CLEW_SLICE_NULL;
        w->n = 0;
        w->sum = 0;
        w->in_part = false;
        r = clew_scan_open(env, txn, CLEW_TABLE_HOT, &w->scan, err);
        w->scan.unchecked = true; /* a directory has its own check, packs are not touched */
        return r;
}

int clew_hot_walk_seek(struct clew_hot_walk *w, uint64_t from, struct clew_error *err)
{
        struct clew_key key = clew_key_gone(from);

        w->in_part = true;
        return clew_scan_seek(&w->scan, clew_key_slice(&key), err);
}

void clew_hot_walk_close(struct clew_hot_walk *w)
{
        clew_scan_close(&w->scan);
}

/* The fragments found against those that were written and not yet sealed. */
static int check_whole(const struct clew_hot_walk *w, struct clew_error *err)
{
        struct clew_state state;
        int r;

        if (w->in_part)
                return 0;
        r = clew_state_read(w->env, w->txn, &state, err);
        if (r < 0 || (w->n == state.hot_fragments && w->sum == state.hot_sum))
                return r;
        return clew_error_set(
                err, -EBADMSG, 0,
                "store %s: the hot table is damaged (%llu of %llu fragments found%s); "
                "see clew doctor --verify; clew --sealed-only reads what is sealed",
                clew_env_dir(w->env), (unsigned long long)w->n,
                (unsigned long long)state.hot_fragments,
                w->n == state.hot_fragments ? ", not the same ones" : "");
}

static bool is_wanted(const struct clew_hot_walk *w, const uint8_t *id)
{
        return !w->only || memcmp(w->only->bytes, id, CLEW_TRACE_ID_BYTES) == 0;
}

/* A record under trace id and sequence. 1 = wanted, 0 = of another trace. */
static int take_single(struct clew_hot_walk *w, struct clew_hot_found *ret, struct clew_error *err)
{
        uint64_t sequence = 0;

        if (!clew_key_read_numbered(w->scan.key, &ret->id, &sequence))
                return damaged(w->env, w->scan.key, "key", err);
        w->n++;
        w->sum += sequence;
        if (w->in_part || !is_wanted(w, ret->id.bytes)) /* none is new */
                return 0;
        if (!clew_fragment_read_header(w->scan.key, w->scan.value, &ret->header, &ret->pack))
                return damaged(w->env, w->scan.key, "header", err);
        ret->ref = (struct clew_hot_ref){sequence, 0};
        ret->stored_bytes = w->scan.value.len;
        return 1;
}

static int take_gone(struct clew_hot_walk *w, uint64_t first, struct clew_error *err)
{
        if (!clew_record_check(w->scan.key, w->scan.value, &w->gone))
                return damaged(w->env, w->scan.key, "checksum", err);
        w->gone_first = first;
        return 0;
}

static int open_batch(struct clew_hot_walk *w, uint64_t first, struct clew_error *err)
{
        struct clew_hot_batch *b = &w->batch;

        w->row = 0;
        b->n = 0;
        if (!clew_hot_batch_open(first, w->scan.value, b) || !clew_hot_batch_rows(b))
                return damaged(w->env, w->scan.key, "directory", err);
        if (w->gone_first != first)
                w->gone = CLEW_SLICE_NULL;
        else if (w->gone.len != clew_hot_gone_bytes(b->n))
                return damaged(w->env, w->scan.key, "rows that are gone", err);
        for (uint32_t i = 0; i < b->n; i++) {
                if (clew_hot_is_gone(w->gone, i))
                        continue;
                w->n++;
                w->sum += first + b->rows[i].offset;
        }
        if (w->only && !clew_hot_batch_has(b, w->only))
                w->row = b->n;
        return 0;
}

static int fill(struct clew_env *env, const struct clew_hot_batch *b, uint32_t i,
                struct clew_hot_found *ret, struct clew_error *err)
{
        const struct clew_hot_row *row = &b->rows[i];
        struct clew_key key = clew_key_batch(b->first);

        memcpy(ret->id.bytes, clew_hot_batch_id(b, i), CLEW_TRACE_ID_BYTES);
        if (!clew_fragment_parse_header(row->header, &ret->header))
                return damaged(env, clew_key_slice(&key), "header", err);
        ret->pack = row->pack;
        ret->ref = (struct clew_hot_ref){b->first + row->offset, b->first};
        ret->stored_bytes = clew_hot_row_bytes(row);
        return 1;
}

int clew_hot_walk_next(struct clew_hot_walk *w, struct clew_hot_found *ret, struct clew_error *err)
{
        for (;;) {
                uint64_t first;
                bool gone;
                int r;

                while (w->row < w->batch.n) {
                        uint32_t i = w->row++;

                        if (!clew_hot_is_gone(w->gone, i) &&
                            is_wanted(w, clew_hot_batch_id(&w->batch, i)))
                                return fill(w->env, &w->batch, i, ret, err);
                }
                r = clew_scan_next(&w->scan, err);
                if (r < 0)
                        return r;
                if (r == 0)
                        return check_whole(w, err);
                if (!clew_key_read_batch(w->scan.key, &first, &gone))
                        r = take_single(w, ret, err);
                else
                        r = gone ? take_gone(w, first, err) : open_batch(w, first, err);
                if (r != 0)
                        return r;
        }
}

void clew_hot_reader_init(struct clew_hot_reader *r, struct clew_env *env, MDB_txn *txn)
{
        r->env = env;
        r->txn = txn;
        r->batch.first = 0;
}

static int read_single(struct clew_hot_reader *r, const struct clew_trace_id *id,
                       const struct clew_hot_ref *ref, struct clew_hot_found *ret,
                       struct clew_error *err)
{
        struct clew_key key = clew_key_numbered(id, ref->sequence);
        struct clew_slice value;
        int rc = clew_table_get(r->env, r->txn, CLEW_TABLE_HOT, clew_key_slice(&key), &value, err);

        if (rc < 0)
                return rc;
        if (!clew_fragment_read_header(clew_key_slice(&key), value, &ret->header, &ret->pack))
                return damaged(r->env, clew_key_slice(&key), "header", err);
        ret->id = *id;
        ret->ref = *ref;
        ret->stored_bytes = value.len;
        return 0;
}

static int reach_batch(struct clew_hot_reader *r, uint64_t first, struct clew_error *err)
{
        struct clew_key key = clew_key_batch(first);
        struct clew_slice stored;
        int rc;

        if (r->batch.first == first)
                return 0;
        r->batch.first = 0;
        rc = clew_table_peek(r->env, r->txn, CLEW_TABLE_HOT, clew_key_slice(&key), &stored, err);
        if (rc < 0)
                return rc;
        if (clew_hot_batch_open(first, stored, &r->batch) && clew_hot_batch_rows(&r->batch))
                return 0;
        r->batch.first = 0;
        return damaged(r->env, clew_key_slice(&key), "directory", err);
}

int clew_hot_read(struct clew_hot_reader *r, const struct clew_trace_id *id,
                  const struct clew_hot_ref *ref, struct clew_hot_found *ret,
                  struct clew_error *err)
{
        struct clew_key key = clew_key_batch(ref->first);
        const struct clew_hot_row *row;
        int rc;

        if (ref->first == 0)
                return read_single(r, id, ref, ret, err);
        rc = reach_batch(r, ref->first, err);
        if (rc < 0)
                return rc;
        row = clew_hot_batch_find(&r->batch, ref->sequence);
        if (!row)
                return -ENOENT;
        if (!clew_hot_row_check(row, id, ref->sequence))
                return damaged(r->env, clew_key_slice(&key), "a pack", err);
        rc = fill(r->env, &r->batch, (uint32_t)(row - r->batch.rows), ret, err);
        return rc < 0 ? rc : 0;
}
