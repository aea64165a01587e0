/*
 * Compaction rides on sealing: when new traces of a service are sealed, traces from its undersized
 * or mostly dead segments are packed again together with them.
 *
 * A service that sends one run a minute would otherwise end with one small segment per run, and
 * traces in one segment share their text. A segment joins only when it is at most twice as large as
 * what has been gathered so far, smallest first, so a byte is rewritten a logarithmic number of
 * times.
 */
#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "storage/object/objects-int.h"
#include "storage/seal/seal-int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A segment with fewer stored bytes is undersized; a full one has two to four times that. */
#define SMALL_STORED_BYTES ((uint64_t)96 << 10)
/* Bounds what one call rewrites. */
#define CANDIDATES_MAX 64u

struct candidate {
        uint64_t segment;
        uint64_t raw_bytes;
        uint32_t n_traces;
};

struct compaction {
        struct clew_env *env;
        MDB_txn *txn;
        struct clew_seal_plan *plan;
        size_t capacity; /* of plan->items */
        struct clew_loader loader;
        struct candidate candidates[CANDIDATES_MAX];
        size_t n_candidates;
};

static int compare_candidates(const void *a, const void *b)
{
        const struct candidate *x = a;
        const struct candidate *y = b;

        if (x->raw_bytes != y->raw_bytes)
                return x->raw_bytes < y->raw_bytes ? -1 : 1;
        return x->segment < y->segment ? -1 : x->segment > y->segment;
}

static int find_candidates(struct compaction *c, uint64_t service_hash, struct clew_error *err)
{
        CLEW_SCAN scan = {0};
        int r = clew_scan_open(c->env, c->txn, CLEW_TABLE_SEGMENT, &scan, err);

        c->n_candidates = 0;
        while (r >= 0 && c->n_candidates < CANDIDATES_MAX &&
               (r = clew_scan_next(&scan, err)) == 1) {
                struct clew_segment_entry e;
                uint64_t segment;

                if (!clew_key_read_segment(scan.key, &segment) ||
                    !clew_segment_entry_decode(scan.value, &e))
                        continue;
                if (e.stored_bytes >= SMALL_STORED_BYTES && e.n_live * 2 > e.n_traces)
                        continue;
                if ((e.service.len ? clew_hash(e.service) : 0) != service_hash)
                        continue;
                c->candidates[c->n_candidates++] =
                        (struct candidate){segment, e.raw_bytes, (uint32_t)e.n_traces};
        }
        qsort(c->candidates, c->n_candidates, sizeof(c->candidates[0]), compare_candidates);
        return r < 0 ? r : 0;
}

static int push_item(struct compaction *c, const struct clew_seal_item *item)
{
        if (c->plan->n == c->capacity) {
                size_t want = c->capacity ? c->capacity * 2 : 64;
                void *more = clew_realloc_array(c->plan->items, want, sizeof(*item));

                if (!more)
                        return -ENOMEM;
                c->plan->items = more;
                c->capacity = want;
        }
        c->plan->items[c->plan->n++] = *item;
        return 0;
}

/* Adds the traces of one segment that live there and have nothing hot. */
static int add_segment(struct compaction *c, const struct candidate *from,
                       const struct clew_seal_item *like, struct clew_error *err)
{
        for (uint32_t i = 0; i < from->n_traces; i++) {
                struct clew_seal_item item = {.service_hash = like->service_hash,
                                              .service = like->service};
                struct clew_segment_row row;
                struct clew_place place;
                int r = clew_loader_sealed(&c->loader, from->segment, i, NULL, &row, err);

                if (r < 0)
                        return r == -EBADMSG ? 0 : r; /* damage is verify's to name */
                clew_trace_id_of_message(clew_buffer_slice(&c->loader.sealed), row.traces_len,
                                         &item.id);
                r = clew_place_read(c->env, c->txn, &item.id, &place, err);
                if (r < 0 && r != -ENOENT && r != -EBADMSG)
                        return r;
                if (r < 0 || place.segment != from->segment || place.index != i ||
                    clew_hot_find(&c->plan->hot, &item.id))
                        continue;
                item.start_ns = place.start_ns;
                r = push_item(c, &item);
                if (r < 0)
                        return clew_error_set(err, r, 0, "out of memory");
        }
        return 0;
}

/* @from .. @to are the items of one service. */
static int compact_service(struct compaction *c, size_t from, size_t to, struct clew_error *err)
{
        struct clew_seal_item like = c->plan->items[from];
        uint64_t gathered = 0;
        int r;

        for (size_t i = from; i < to; i++)
                gathered += c->plan->items[i].raw_bytes;
        r = find_candidates(c, like.service_hash, err);
        for (size_t i = 0; r == 0 && i < c->n_candidates; i++) {
                if (c->candidates[i].raw_bytes / 2 > gathered)
                        break;
                gathered += c->candidates[i].raw_bytes;
                r = add_segment(c, &c->candidates[i], &like, err);
        }
        return r;
}

int clew_seal_plan_compact(struct clew_store *store, MDB_txn *txn, struct clew_seal_plan *plan,
                           struct clew_error *err)
{
        struct compaction c = {.env = store->env, .txn = txn, .plan = plan, .capacity = plan->n};
        size_t n = plan->n;
        int r = clew_loader_init(&c.loader, store->env);

        if (r < 0)
                clew_error_set(err, r, 0, "out of memory");
        clew_loader_set_txn(&c.loader, txn);
        for (size_t from = 0, to; r == 0 && from < n; from = to) {
                uint64_t service = plan->items[from].service_hash;

                for (to = from; to < n && plan->items[to].service_hash == service; to++)
                        ;
                r = compact_service(&c, from, to, err);
        }
        clew_loader_deinit(&c.loader);
        return r;
}
