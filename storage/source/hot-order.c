/*
 * See hot-order-int.h.
 */
#include "storage/source/hot-order-int.h"

#include "proto/base/mem.h"
#include "storage/base/place-int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* First bytes of an id that are sorted by: neighbours then are on one page of the trace index, or
 * on the next. */
#define BUCKETS 65536u
/* Of a longer list only the newest are put in order at first: as many as lie behind the newest ones
 * of a sample, some hundreds to some thousands. Most walks need no more. */
#define WHOLE_MAX 4096u
#define SAMPLE 1024u
#define SAMPLE_NEWEST 4u

/* < 0 when the first comes first in lists. */
static int order(uint64_t a_ns, const struct clew_trace_id *a, uint64_t b_ns,
                 const struct clew_trace_id *b)
{
        if (a_ns != b_ns)
                return a_ns > b_ns ? -1 : 1;
        return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

/* ---- sealed parts ----------------------------------------------------------------------------
 */

static int place(struct clew_env *env, MDB_txn *txn, struct clew_hot_trace *t,
                 struct clew_error *err)
{
        struct clew_place place;
        int r = t->is_placed ? 0 : clew_place_read(env, txn, &t->id, &place, err);

        if (t->is_placed || (r < 0 && r != -ENOENT))
                return r;
        t->is_placed = true;
        t->sealed = r == 0;
        if (t->sealed && place.start_ns < t->min_start_ns)
                t->min_start_ns = place.start_ns;
        return 0;
}

static uint32_t bucket_of(const struct clew_hot_trace *t)
{
        return (uint32_t)t->id.bytes[0] << 8 | t->id.bytes[1];
}

/* Those of @some in the order of their ids, about, so that the index is gone over once. */
static int place_some(struct clew_env *env, MDB_txn *txn, struct clew_hot_list *list,
                      const uint32_t *some, uint32_t n, struct clew_error *err)
{
        CLEW_FREE uint32_t *ends = clew_calloc(BUCKETS + 1, sizeof(*ends));
        CLEW_FREE uint32_t *sorted = clew_calloc((size_t)n + 1, sizeof(*sorted));
        int r = 0;

        if (!ends || !sorted)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        for (uint32_t i = 0; i < n; i++)
                ends[bucket_of(&list->traces[some[i]]) + 1]++;
        for (uint32_t i = 1; i <= BUCKETS; i++)
                ends[i] += ends[i - 1];
        for (uint32_t i = 0; i < n; i++)
                sorted[ends[bucket_of(&list->traces[some[i]])]++] = some[i];
        for (uint32_t i = 0; r == 0 && i < n; i++)
                r = place(env, txn, &list->traces[sorted[i]], err);
        return r;
}

/* What @after does not rule out: all, or those that seem newer and may have begun behind it. */
static int place_newer(struct clew_env *env, MDB_txn *txn, struct clew_hot_list *list,
                       const struct clew_hot_after *after, struct clew_error *err)
{
        CLEW_FREE uint32_t *some = clew_calloc((size_t)list->n + 1, sizeof(*some));
        uint32_t n = 0;

        if (!some)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        for (uint32_t i = 0; i < list->n; i++) {
                const struct clew_hot_trace *t = &list->traces[i];

                if (!t->is_placed &&
                    (!after || order(t->min_start_ns, &t->id, after->start_ns, &after->id) <= 0))
                        some[n++] = i;
        }
        return n > 0 ? place_some(env, txn, list, some, n, err) : 0;
}

int clew_hot_place_all(struct clew_env *env, MDB_txn *txn, struct clew_hot_list *list,
                       struct clew_error *err)
{
        return place_newer(env, txn, list, NULL, err);
}

/* ---- the heap --------------------------------------------------------------------------------
 */

static bool comes_first(const struct clew_hot_order *o, const struct clew_hot_next *a,
                        const struct clew_hot_next *b)
{
        return order(a->start_ns, &o->list->traces[a->trace].id, b->start_ns,
                     &o->list->traces[b->trace].id) < 0;
}

/* Puts the one at @at where it belongs among those below it. */
static void sink_down(struct clew_hot_order *o, uint32_t at)
{
        struct clew_hot_next moving = o->heap[at];

        for (;;) {
                uint32_t child = 2 * at + 1;

                if (child >= o->n)
                        break;
                if (child + 1 < o->n && comes_first(o, &o->heap[child + 1], &o->heap[child]))
                        child++;
                if (!comes_first(o, &o->heap[child], &moving))
                        break;
                o->heap[at] = o->heap[child];
                at = child;
        }
        o->heap[at] = moving;
}

static int by_start(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a;
        uint64_t y = *(const uint64_t *)b;

        return x < y ? -1 : x > y;
}

/* A start that some thousand traces are at or behind, as a sample says. */
static uint64_t choose_from(const struct clew_hot_list *list, uint64_t before_ns)
{
        uint64_t sample[SAMPLE];
        uint32_t n = 0;

        if (list->n < WHOLE_MAX)
                return 0;
        for (uint32_t i = 0; i < SAMPLE; i++) {
                uint64_t at = (uint64_t)i * list->n / SAMPLE;

                if (list->traces[at].min_start_ns < before_ns)
                        sample[n++] = list->traces[at].min_start_ns;
        }
        if (n <= SAMPLE_NEWEST)
                return 0;
        qsort(sample, n, sizeof(*sample), by_start);
        return sample[n - SAMPLE_NEWEST];
}

/* Adds those whose start is from @from_ns on and before @to_ns. */
static int fill(struct clew_hot_order *o, uint64_t from_ns, uint64_t to_ns,
                const struct clew_hot_after *after, struct clew_error *err)
{
        for (uint32_t i = 0; i < o->list->n; i++) {
                const struct clew_hot_trace *t = &o->list->traces[i];

                if (t->min_start_ns < from_ns || t->min_start_ns >= to_ns ||
                    clew_trace_id_is_zero(&t->id) ||
                    (after && order(t->min_start_ns, &t->id, after->start_ns, &after->id) <= 0))
                        continue;
                if (o->n == o->capacity) {
                        uint32_t want = o->capacity ? o->capacity * 2 : WHOLE_MAX;
                        void *more = clew_realloc_array(o->heap, want, sizeof(*o->heap));

                        if (!more)
                                return clew_error_set(err, -ENOMEM, 0, "out of memory");
                        o->heap = more;
                        o->capacity = want;
                }
                o->heap[o->n++] = (struct clew_hot_next){t->min_start_ns, i};
        }
        for (uint32_t i = o->n / 2; i > 0; i--)
                sink_down(o, i - 1);
        o->from_ns = from_ns;
        return 0;
}

int clew_hot_order_begin(struct clew_hot_order *o, struct clew_env *env, MDB_txn *txn,
                         struct clew_hot_list *list, const struct clew_hot_after *after,
                         struct clew_error *err)
{
        int r = 0;

        *o = (struct clew_hot_order){.env = env, .txn = txn, .list = list};
        if (list->n == 0)
                return 0;
        if (after)
                r = place_newer(env, txn, list, after, err);
        if (r < 0)
                return r;
        o->has_after = after != NULL;
        if (after)
                o->after = *after;
        return fill(o, choose_from(list, after ? after->start_ns : UINT64_MAX), UINT64_MAX, after,
                    err);
}

void clew_hot_order_end(struct clew_hot_order *o)
{
        clew_free(o->heap);
        *o = (struct clew_hot_order){0};
}

void clew_hot_order_take(struct clew_hot_order *o)
{
        o->heap[0] = o->heap[--o->n];
        if (o->n > 0)
                sink_down(o, 0);
}

int clew_hot_order_first(struct clew_hot_order *o, const struct clew_hot_trace **ret,
                         struct clew_error *err)
{
        for (;;) {
                struct clew_hot_trace *t;
                int r = 0;

                if (o->n == 0 && o->from_ns > 0)
                        r = fill(o, 0, o->from_ns, o->has_after ? &o->after : NULL, err);
                if (r < 0 || o->n == 0)
                        return r;
                t = &o->list->traces[o->heap[0].trace];
                r = place(o->env, o->txn, t, err);
                if (r < 0)
                        return r;
                if (t->min_start_ns == o->heap[0].start_ns) {
                        *ret = t;
                        return 1;
                }
                if (t->min_start_ns < o->from_ns) { /* it comes with the others */
                        clew_hot_order_take(o);
                        continue;
                }
                o->heap[0].start_ns = t->min_start_ns;
                sink_down(o, 0);
        }
}
