#include "storage/erase/whole-int.h"

#include "proto/base/clock.h"
#include "proto/base/mem.h"
#include "storage/object/objects-int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int clew_wholes_init(struct clew_wholes *w, struct clew_repack *repack, struct clew_error *err)
{
        *w = (struct clew_wholes){.repack = repack};
        clew_buffer_init(&w->object, CLEW_PACK_RESIDUE_MAX);
        w->rows = clew_calloc(CLEW_WHOLE_ROWS_MAX, sizeof(*w->rows));
        w->by_id = clew_calloc(CLEW_WHOLE_ROWS_MAX, sizeof(*w->by_id));
        w->rows_max = CLEW_WHOLE_ROWS_LEAST;
        return clew_segment_reader_init(&w->reader) < 0 || !w->rows || !w->by_id
                       ? clew_error_set(err, -ENOMEM, 0, "out of memory")
                       : 0;
}

void clew_wholes_deinit(struct clew_wholes *w)
{
        clew_segment_reader_deinit(&w->reader);
        clew_buffer_deinit(&w->object);
        clew_free(w->rows);
        clew_free(w->by_id);
}

bool clew_wholes_has_room(const struct clew_wholes *w, uint32_t n)
{
        return w->n == 0 || (w->n < CLEW_WHOLES_MAX && w->n_rows + n <= w->rows_max);
}

struct clew_repack_row *clew_wholes_rows(struct clew_wholes *w)
{
        return w->rows + w->n_rows;
}

/* ---- in a snapshot --------------------------------------------------------------------------- */

/* What the rows add up to. */
static int count(struct clew_wholes *w, MDB_txn *txn, struct clew_whole *whole,
                 struct clew_error *err)
{
        struct clew_env *env = w->repack->store->env;
        struct clew_slice object;
        int r = clew_object_get(env, txn, whole->segment, &w->object, &object, err);

        if (r < 0)
                return r;
        r = clew_segment_reader_open_rows(&w->reader, object);
        if (r < 0)
                return clew_error_set(err, r, 0,
                                      "store %s: segment %llu cannot be read; see clew doctor "
                                      "--verify",
                                      clew_env_dir(env), (unsigned long long)whole->segment);
        for (uint32_t i = whole->from; i < whole->to; i++) {
                struct clew_repack_row *row = &w->rows[i];
                const struct clew_segment_row *of = &w->reader.rows[row->index];

                if (row->index >= w->reader.n_traces)
                        return -ENOENT;
                row->to = CLEW_REPACK_DROPPED;
                row->old_raw = 0;
                row->old_spans = of->n_spans;
                row->old_logs = of->n_logs;
        }
        w->rows[whole->from].old_raw = whole->raw_bytes; /* only the sum counts */
        return 1;
}

int clew_wholes_add(struct clew_wholes *w, uint64_t segment, uint32_t n, struct clew_error *err)
{
        struct clew_env *env = w->repack->store->env;
        struct clew_whole whole = {.segment = segment, .from = w->n_rows, .to = w->n_rows + n};
        struct clew_segment_entry e;
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_read(env, &txn, err);

        if (r < 0)
                return r;
        r = clew_repack_read_entry(w->repack, txn, segment, &e, err);
        if (r == 0 && e.n_live == n && e.n_traces == n) {
                whole.raw_bytes = e.raw_bytes;
                r = count(w, txn, &whole, err);
        }
        r = r < 0 && r != -ENOENT ? clew_txn_check(env, txn, r, err) : r;
        clew_txn_end_read(env, txn);
        if (r == 1) {
                w->of[w->n++] = whole;
                w->n_rows += n;
        }
        return r == -ENOENT ? 0 : r;
}

/* ---- in a transaction ------------------------------------------------------------------------ */

static int compare_ids(const void *a, const void *b)
{
        const struct clew_repack_row *const *x = a;
        const struct clew_repack_row *const *y = b;

        return memcmp((*x)->id.bytes, (*y)->id.bytes, sizeof((*x)->id.bytes));
}

/* Those of the transaction. How many. */
static uint32_t sort_rows(struct clew_wholes *w)
{
        uint32_t from = w->of[w->first].from;
        uint32_t n = w->of[w->last - 1].to - from;

        for (uint32_t i = 0; i < n; i++)
                w->by_id[i] = &w->rows[from + i];
        qsort(w->by_id, n, sizeof(*w->by_id), compare_ids);
        return n;
}

static int drop_some(struct clew_repack *p, MDB_txn *txn, struct clew_shelf *shelf,
                     struct clew_state *state, struct clew_error *err)
{
        struct clew_wholes *w = p->writes;
        uint32_t n = sort_rows(w);
        int r = 0;

        for (uint32_t i = w->first; r == 0 && i < w->last; i++) {
                p->segment = w->of[i].segment;
                p->n_live = w->of[i].to - w->of[i].from;
                r = clew_repack_drop_segment(p, txn, state, err);
        }
        for (uint32_t i = 0; r == 0 && i < n; i++) {
                p->segment = w->by_id[i]->place.segment;
                r = clew_repack_move_row(p, txn, shelf, state, w->by_id[i], err);
        }
        return r;
}

/* Who else waits for the writer, and how busy the disk is, is in the time that it took. */
static void adapt(struct clew_wholes *w, uint64_t took_ns)
{
        if (w->repack->options->run)
                return;
        if (took_ns > CLEW_WHOLE_NS_MAX && w->rows_max > CLEW_WHOLE_ROWS_LEAST)
                w->rows_max /= 2;
        else if (took_ns < CLEW_WHOLE_NS_MAX / 2 && w->rows_max < CLEW_WHOLE_ROWS_MAX)
                w->rows_max *= 2;
}

static int write_some(struct clew_wholes *w, uint32_t first, uint32_t last, struct clew_error *err)
{
        struct clew_rewrite_stats *stats = w->repack->stats;
        struct clew_rewrite_stats before = *stats;
        uint64_t began_ns;
        int r;

        w->first = first;
        w->last = last;
        w->repack->writes = w;
        began_ns = clew_clock_monotonic_ns(clew_clock_system());
        r = clew_repack_write(w->repack, drop_some, err);
        adapt(w, clew_clock_monotonic_ns(clew_clock_system()) - began_ns);
        if (r < 0) { /* nothing was done: nothing counts */
                *stats = before;
                return r;
        }
        for (uint32_t i = first; i < last; i++) {
                stats->traces += w->of[i].to - w->of[i].from;
                stats->raw_bytes += w->of[i].raw_bytes;
                stats->segments++;
        }
        return 0;
}

int clew_wholes_drop(struct clew_wholes *w, struct clew_error *err)
{
        uint32_t n = w->n;
        int r = n > 0 ? write_some(w, 0, n, err) : 0;

        if (r == -EAGAIN) { /* one of them: the others go */
                r = 0;
                for (uint32_t i = 0; n > 1 && i < n && (r == 0 || r == -EAGAIN); i++)
                        r = write_some(w, i, i + 1, err);
        }
        w->n = w->n_rows = 0;
        return r == -EAGAIN ? 0 : r;
}
