/*
 * See uncovered-int.h.
 */
#include "storage/source/uncovered-int.h"

#include "storage/base/place-int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
        const struct clew_uncovered *x = a;
        const struct clew_uncovered *y = b;

        if (x->start_ns != y->start_ns)
                return x->start_ns > y->start_ns ? -1 : 1;
        return memcmp(x->id.bytes, y->id.bytes, sizeof(x->id.bytes));
}

struct reading {
        const struct clew_index_catalog *c;
        const struct clew_uncovered_bounds *bounds;
        struct clew_buffer *out;
        struct clew_place_sums found;
        uint64_t segment; /* that was looked up last: neighbours in it are often met again */
        bool is_covered;
};

static void take(struct reading *r, const struct clew_trace_id *id, const struct clew_place *place)
{
        struct clew_uncovered t = {place->start_ns, *id};

        clew_place_count_in(&r->found, id, place);
        if (place->segment != r->segment) {
                r->segment = place->segment;
                r->is_covered = clew_index_covers(r->c, place->segment);
        }
        if (r->is_covered || clew_trace_id_is_zero(id) || place->start_ns < r->bounds->since_ns ||
            (r->bounds->after && compare(&t, r->bounds->after) <= 0))
                return;
        clew_buffer_append(r->out, &t, sizeof(t));
}

static int read_all(struct reading *r, struct clew_error *err)
{
        const struct clew_index_catalog *c = r->c;
        CLEW_SCAN scan = {0};
        int e = clew_scan_open(c->env, c->txn, CLEW_TABLE_TRACE, &scan, err);

        while (e == 0 && (e = clew_scan_next(&scan, err)) == 1) {
                struct clew_trace_id id;
                struct clew_place place;

                if (!clew_trace_id_from_bytes(scan.key, &id) ||
                    !clew_place_decode(scan.value, &place))
                        return clew_error_set(err, -EBADMSG, 0, "a trace record is damaged");
                take(r, &id, &place);
                e = 0;
        }
        return e;
}

int clew_uncovered_read(const struct clew_index_catalog *c,
                        const struct clew_uncovered_bounds *bounds, struct clew_buffer *ret,
                        struct clew_error *err)
{
        struct reading r = {.c = c, .bounds = bounds, .out = ret};
        struct clew_state state;
        int e;

        clew_buffer_init(ret, CLEW_UNCOVERED_MAX * sizeof(struct clew_uncovered));
        e = clew_state_read(c->env, c->txn, &state, err);
        r.found.by_bucket = state.places.by_bucket;
        if (e == 0)
                e = read_all(&r, err);
        if (e < 0)
                return e;
        if (memcmp(r.found.of, state.places.of, sizeof(r.found.of)) != 0)
                return clew_error_set(err, -EBADMSG, 0, "the trace index is not whole");
        if (clew_buffer_error(ret) == -ENOMEM)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        if (clew_buffer_error(ret) < 0)
                return clew_error_set(err, -E2BIG, 0, "%llu of %llu segments have no index yet",
                                      (unsigned long long)(c->n_segments - c->n_covered),
                                      (unsigned long long)c->n_segments);
        if (ret->len > 0)
                qsort(ret->data, ret->len / sizeof(struct clew_uncovered),
                      sizeof(struct clew_uncovered), compare);
        return 0;
}
