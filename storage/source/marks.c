/*
 * Traces that are known by their ids, as ordinals of index runs; storage/store.h.
 */
#include "storage/source/store-int.h"

#include "proto/base/mem.h"

#include <errno.h>
#include <stdlib.h>

struct mark {
        uint64_t segment;
        uint32_t index;  /* of the trace within it */
        uint32_t number; /* of the id, as given */
};

struct clew_index_marks {
        struct mark *marks; /* by segment */
        uint32_t n;
};

static int by_segment(const void *a, const void *b)
{
        const struct mark *x = a;
        const struct mark *y = b;

        if (x->segment != y->segment)
                return x->segment < y->segment ? -1 : 1;
        return x->index < y->index ? -1 : x->index > y->index;
}

void clew_index_marks_free(struct clew_index_marks *m)
{
        if (!m)
                return;
        clew_free(m->marks);
        clew_free(m);
}

static int read_places(struct clew_view *v, const struct clew_trace_id *ids, uint32_t n,
                       struct clew_index_marks *m, struct clew_error *err)
{
        for (uint32_t i = 0; i < n; i++) {
                struct clew_place place;
                int r = clew_place_read(v->store->env, v->txn, &ids[i], &place, err);

                if (r == 0)
                        m->marks[m->n++] = (struct mark){place.segment, place.index, i};
                else if (r != -ENOENT)
                        return r;
        }
        return 0;
}

int clew_view_mark(struct clew_view *v, const struct clew_trace_id *ids, uint32_t n,
                   struct clew_index_marks **ret, struct clew_error *err)
{
        struct clew_index_marks *m = clew_calloc(1, sizeof(*m));
        int r = 0;

        if (m)
                m->marks = clew_calloc((size_t)n + 1, sizeof(*m->marks));
        if (!m || !m->marks)
                r = clew_error_set(err, -ENOMEM, 0, "out of memory");
        if (r == 0)
                r = read_places(v, ids, n, m, err);
        r = clew_txn_check(v->store->env, v->txn, r, err);
        if (r < 0) {
                clew_index_marks_free(m);
                return r;
        }
        qsort(m->marks, m->n, sizeof(*m->marks), by_segment);
        *ret = m;
        return 0;
}

int clew_index_marked(const struct clew_index_marks *m, struct clew_index_run *run,
                      bool (*wanted)(void *context, uint32_t number), void *context,
                      struct clew_index_set *into, struct clew_error *err)
{
        uint32_t at = 0;

        for (uint32_t i = 0; i < run->head.n_segments; i++) {
                const struct clew_run_segment *s = &run->head.segments[i];

                while (at < m->n && m->marks[at].segment < s->segment)
                        at++;
                for (; at < m->n && m->marks[at].segment == s->segment; at++) {
                        const struct mark *mark = &m->marks[at];
                        uint64_t ordinal;
                        int r;

                        if (mark->index >= s->n || !wanted(context, mark->number))
                                continue;
                        r = clew_run_numbers(run, CLEW_RUN_PLACES, s->first + mark->index, 1,
                                             &ordinal, err);
                        if (r < 0)
                                return r == -ENOENT ? -EBADMSG : r;
                        clew_index_set_add(into, (uint32_t)ordinal);
                }
        }
        return 0;
}
