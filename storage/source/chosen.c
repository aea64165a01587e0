/*
 * A walk over indexes: the traces that a chooser wants, of all runs, newest first.
 *
 * Runs are asked one by one, the one with the newest trace first, and only when the walk comes to
 * the time in which they begin: the newest twenty of a large store are found in its newest runs.
 * A run that is damaged ends the use of indexes; what was given until then was verified. Traces of
 * segments that no run covers are all given; to the walk they are one more run, which is asked
 * nothing.
 */
#include "storage/source/store-int.h"

#include "proto/base/mem.h"
#include "storage/source/uncovered-int.h"

#include <errno.h>
#include <string.h>

/* Ids and starts that are read at once. */
#define ROWS 16u

struct chosen_run {
        struct clew_index_run *run;        /* NULL: @list */
        const struct clew_uncovered *list; /* of as many as the set */
        struct clew_index_set set;
        struct clew_index_set sure;
        bool is_open;
        uint32_t at;    /* ordinal that comes next; n = the run is at its end */
        uint32_t begin; /* ordinals that the walk goes over */
        uint32_t end;
        uint32_t from; /* of the rows */
        uint32_t n_rows;
        uint64_t starts[ROWS];
        struct clew_trace_id ids[ROWS];
};

struct clew_chosen {
        const struct clew_index_chooser *chooser;
        struct chosen_run *runs; /* the last one is a list of what no run covers, maybe empty */
        uint32_t n;
        uint32_t *heap; /* open ones that have more, the one with the newest first */
        uint32_t n_heap;
        bool has_unopened; /* runs that may have to be opened: the newest start in them */
        uint64_t unopened_ns;
        struct clew_buffer uncovered; /* struct clew_uncovered */
        bool has_after;
        uint64_t after_ns;
        struct clew_trace_id after;
        /* Sealed parts of no trace, and of what is hot too: the latter from the beginning on where
         * traces are taken at once, else when the walk is settled. */
        struct clew_place *elsewhere;
        size_t n_elsewhere;
        bool is_settled;
};

int clew_view_read_index(struct clew_view *v, uint64_t version, struct clew_error *err)
{
        int r;

        if (v->index_is_read)
                return 0;
        r = clew_index_catalog_read(&v->index, v->store->env, v->txn, version, err);
        v->index_is_read = r == 0;
        return r;
}

void clew_chosen_end(struct clew_view *v)
{
        struct clew_chosen *c = v->chosen;

        if (!c)
                return;
        for (uint32_t i = 0; c->runs && i < c->n; i++) {
                clew_free(c->runs[i].set.words);
                clew_free(c->runs[i].sure.words);
        }
        clew_free(c->runs);
        clew_free(c->heap);
        clew_buffer_deinit(&c->uncovered);
        clew_free(c->elsewhere);
        clew_free(c);
        v->chosen = NULL;
}

static int out_of_memory(struct clew_error *err)
{
        return clew_error_set(err, -ENOMEM, 0, "out of memory");
}

static int not_covered(const struct clew_index_catalog *c, struct clew_error *err)
{
        return clew_error_set(err, -ENOENT, 0,
                              "%llu of %llu segments have %s; a collector makes it in "
                              "the background, clew reindex --indexes at once",
                              (unsigned long long)(c->n_segments - c->n_covered),
                              (unsigned long long)c->n_segments,
                              c->n_stale > 0 ? "no index of this version of Clew" : "no index yet");
}

int clew_view_index_runs(struct clew_view *v, uint64_t version,
                         int (*fn)(void *context, struct clew_index_run *run,
                                   struct clew_error *err),
                         void *context, struct clew_error *err)
{
        int r = clew_view_read_index(v, version, err);

        if (r == 0 && v->index.n_covered < v->index.n_segments)
                r = not_covered(&v->index, err);
        for (uint32_t i = 0; r == 0 && i < v->index.n_runs; i++)
                r = fn(context, &v->index.runs[i], err);
        return clew_txn_check(v->store->env, v->txn, r, err);
}

/* What is sealed of traces that are given from the hot side. */
static int find_hot(struct clew_view *v, struct clew_error *err)
{
        struct clew_chosen *c = v->chosen;
        struct clew_place *more;
        size_t n = 1;
        int r = clew_hot_place_all(v->store->env, v->txn, &v->hot, err);

        if (r < 0)
                return r;
        for (uint32_t i = 0; i < v->hot.n; i++)
                n += v->hot.traces[i].sealed;
        more = clew_realloc_array(c->elsewhere, n, sizeof(*c->elsewhere));
        if (!more)
                return out_of_memory(err);
        c->elsewhere = more;
        c->is_settled = true;
        for (uint32_t i = 0; (r == 0 || r == -ENOENT) && i < v->hot.n; i++) {
                if (!v->hot.traces[i].sealed || clew_trace_id_is_zero(&v->hot.traces[i].id))
                        continue;
                r = clew_place_read(v->store->env, v->txn, &v->hot.traces[i].id,
                                    &c->elsewhere[c->n_elsewhere], err);
                c->n_elsewhere += r == 0;
        }
        return r == -ENOENT ? 0 : r;
}

/* Log records of no trace are in no list. */
static int find_elsewhere(struct clew_view *v, struct clew_error *err)
{
        static const struct clew_trace_id none;
        struct clew_chosen *c = v->chosen;
        int r;

        c->elsewhere = clew_calloc(1, sizeof(*c->elsewhere));
        if (!c->elsewhere)
                return out_of_memory(err);
        r = clew_place_read(v->store->env, v->txn, &none, &c->elsewhere[0], err);
        c->n_elsewhere = r == 0;
        if (r < 0 && r != -ENOENT)
                return r;
        return c->chooser->light && c->chooser->taker ? find_hot(v, err) : 0;
}

/* < 0 when the first comes first in lists. */
static int order(uint64_t a_ns, const struct clew_trace_id *a, uint64_t b_ns,
                 const struct clew_trace_id *b)
{
        if (a_ns != b_ns)
                return a_ns > b_ns ? -1 : 1;
        return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

/* Start and id of ordinal @at into the rows. */
static int read_rows(struct chosen_run *r, uint32_t at, struct clew_error *err)
{
        uint32_t n = r->set.n - at < ROWS ? r->set.n - at : ROWS;
        int e = 0;

        for (uint32_t i = 0; !r->run && i < n; i++) {
                r->starts[i] = r->list[at + i].start_ns;
                r->ids[i] = r->list[at + i].id;
        }
        if (r->run)
                e = clew_run_numbers(r->run, CLEW_RUN_STARTS, at, n, r->starts, err);
        if (e == 0 && r->run)
                e = clew_run_ids(r->run, at, n, r->ids, err);
        if (e == 0) {
                r->from = at;
                r->n_rows = n;
        }
        return e;
}

/* The first ordinal behind a place in the order of lists: behind a start alone when @id is NULL. */
static int find_behind(struct chosen_run *r, uint64_t start_ns, const struct clew_trace_id *id,
                       uint32_t *ret, struct clew_error *err)
{
        uint32_t from = 0;
        uint32_t to = r->set.n;

        while (from < to) {
                uint32_t middle = from + (to - from) / 2;
                int e = read_rows(r, middle, err);
                bool before = false;

                if (e < 0)
                        return e;
                before = id ? order(r->starts[0], &r->ids[0], start_ns, id) <= 0
                            : r->starts[0] >= start_ns;
                if (before)
                        from = middle + 1;
                else
                        to = middle;
        }
        *ret = from;
        return 0;
}

/* Moves to the next that is wanted. */
static int position(struct chosen_run *r, struct clew_error *err)
{
        r->at = clew_index_set_next(&r->set, r->at);
        if (r->at >= r->set.n || (r->at >= r->from && r->at - r->from < r->n_rows))
                return 0;
        return read_rows(r, r->at, err);
}

/* What no run covers, behind where the walk begins, and as far back as it goes. */
static int list_uncovered(struct clew_view *v, struct clew_error *err)
{
        struct clew_chosen *c = v->chosen;
        const struct clew_uncovered after = {c->after_ns, c->after};
        const struct clew_uncovered_bounds bounds = {c->has_after ? &after : NULL,
                                                     c->chooser->since_ns};
        struct chosen_run *list = &c->runs[c->n - 1];
        int r;

        v->use.stale = v->index.n_stale;
        if (v->index.n_covered == v->index.n_segments)
                return 0;
        if (v->index.n_covered == 0)
                return not_covered(&v->index, err);
        r = clew_uncovered_read(&v->index, &bounds, &c->uncovered, err);
        if (r < 0)
                return r;
        list->list = (const struct clew_uncovered *)(const void *)c->uncovered.data;
        list->set.n = (uint32_t)(c->uncovered.len / sizeof(*list->list));
        list->set.words = clew_calloc(clew_index_set_words(&list->set) + 1u, sizeof(uint64_t));
        if (!list->set.words)
                return out_of_memory(err);
        clew_index_set_fill(&list->set);
        v->use.uncovered = v->index.n_segments - v->index.n_covered;
        v->use.scanned = list->set.n;
        return position(list, err);
}

/* The walk may come into it. */
static bool is_reached(const struct clew_chosen *c, const struct chosen_run *r)
{
        return !(c->has_after && r->run->head.oldest_ns > c->after_ns) &&
               r->run->head.newest_ns >= c->chooser->since_ns;
}

static void look_for_unopened(struct clew_chosen *c)
{
        c->has_unopened = false;
        c->unopened_ns = 0;
        for (uint32_t i = 0; i < c->n; i++) {
                const struct chosen_run *r = &c->runs[i];

                if (r->is_open || !is_reached(c, r))
                        continue;
                c->has_unopened = true;
                if (r->run->head.newest_ns > c->unopened_ns)
                        c->unopened_ns = r->run->head.newest_ns;
        }
}

int clew_chosen_begin(struct clew_view *v, const struct clew_list_entry *after,
                      const struct clew_index_chooser *chooser, struct clew_error *err)
{
        struct clew_chosen *c;
        int r = clew_view_read_index(v, chooser->version, err);

        if (r < 0)
                return r;
        c = clew_calloc(1, sizeof(*c));
        if (!c)
                return out_of_memory(err);
        v->chosen = c;
        c->chooser = chooser;
        c->n = v->index.n_runs + 1;
        c->runs = clew_calloc(c->n, sizeof(*c->runs));
        c->heap = clew_calloc(c->n, sizeof(*c->heap));
        if (!c->runs || !c->heap)
                return out_of_memory(err);
        for (uint32_t i = 0; i < v->index.n_runs; i++)
                c->runs[i].run = &v->index.runs[i];
        c->runs[c->n - 1].is_open = true;
        if (after) {
                c->has_after = true;
                c->after_ns = after->start_ns;
                c->after = after->id;
        }
        r = list_uncovered(v, err);
        if (r == 0 && c->runs[c->n - 1].set.n > 0)
                c->heap[c->n_heap++] = c->n - 1;
        look_for_unopened(c);
        return r < 0 ? r : find_elsewhere(v, err);
}

/* What is hot is given from there. */
static int leave_out_hot(struct clew_view *v, struct chosen_run *r, struct clew_index_set *out,
                         struct clew_error *err)
{
        const struct clew_chosen *c = v->chosen;

        for (size_t i = 0; i < c->n_elsewhere; i++) {
                const struct clew_place *place = &c->elsewhere[i];
                const struct clew_run_segment *s =
                        clew_run_find_segment(&r->run->head, place->segment);
                uint64_t ordinal;
                int e;

                if (!s || place->index >= s->n)
                        continue;
                e = clew_run_numbers(r->run, CLEW_RUN_PLACES, s->first + place->index, 1, &ordinal,
                                     err);
                if (e < 0)
                        return e;
                clew_index_set_add(out, (uint32_t)ordinal);
        }
        return 0;
}

/* Ordinals outside of the walk, and those that have moved to other segments. */
static void add_range(struct clew_index_set *set, uint32_t from, uint32_t to)
{
        for (; from < to && from % 64 != 0; from++)
                clew_index_set_add(set, from);
        for (; from + 64 <= to; from += 64)
                set->words[from / 64] = UINT64_MAX;
        for (; from < to; from++)
                clew_index_set_add(set, from);
}

static int find_out(struct clew_view *v, struct chosen_run *r, struct clew_index_set *out,
                    struct clew_error *err)
{
        struct clew_chosen *c = v->chosen;
        uint32_t from = 0;
        uint32_t to = out->n;
        int e = clew_index_dead(&v->index, r->run, out, err);

        if (e == 0)
                e = leave_out_hot(v, r, out, err);
        if (e == 0 && c->has_after)
                e = find_behind(r, c->after_ns, &c->after, &from, err);
        if (e == 0 && c->chooser->since_ns != 0)
                e = find_behind(r, c->chooser->since_ns, NULL, &to, err);
        if (e == 0) {
                add_range(out, 0, from);
                add_range(out, to, out->n);
        }
        r->begin = from;
        r->end = to;
        return e;
}

/* Leaves in the set what the walk is to give. */
static int narrow(struct clew_view *v, struct chosen_run *r, struct clew_error *err)
{
        struct clew_index_set in = {.n = r->set.n};
        uint32_t n;
        int e;

        in.words = clew_calloc(clew_index_set_words(&in) + 1u, sizeof(*in.words));
        if (!in.words)
                return out_of_memory(err);
        e = find_out(v, r, &in, err);
        if (e == 0) {
                clew_index_set_invert(&in);
                clew_index_set_and(&r->set, &in);
                n = clew_index_set_count(&r->set);
                v->use.chosen += n;
                v->use.left_out += clew_index_set_count(&in) - n;
        }
        clew_free(in.words);
        return e;
}

/* Gives what is sure to the taker, and the walk the rest. */
static int hand_over(struct clew_view *v, struct chosen_run *r, struct clew_error *err)
{
        const struct clew_index_taker *taker = v->chosen->chooser->taker;
        struct clew_index_set sure = {.n = r->set.n};
        uint32_t n;
        int e;

        sure.words = clew_calloc(clew_index_set_words(&sure) + 1u, sizeof(*sure.words));
        if (!sure.words)
                return out_of_memory(err);
        clew_index_set_or(&sure, &r->set);
        clew_index_set_and(&sure, &r->sure);
        n = clew_index_set_count(&sure);
        e = taker->take(taker->context, r->run, &sure, err);
        v->use.taken += n - clew_index_set_count(&sure);
        clew_index_set_invert(&r->sure);
        clew_index_set_and(&r->set, &r->sure); /* what is not sure ... */
        clew_index_set_or(&r->set, &sure);     /* ... and what was left */
        clew_index_set_invert(&r->sure);
        clew_free(sure.words);
        return e;
}

static int open_run(struct clew_view *v, struct chosen_run *r, struct clew_error *err)
{
        struct clew_chosen *c = v->chosen;
        int e;

        r->is_open = true;
        r->set.n = r->run->head.n_traces;
        r->set.words = clew_calloc(clew_index_set_words(&r->set) + 1u, sizeof(*r->set.words));
        r->sure.n = r->set.n;
        r->sure.words = clew_calloc(clew_index_set_words(&r->set) + 1u, sizeof(*r->sure.words));
        if (!r->set.words || !r->sure.words)
                return out_of_memory(err);
        v->use.runs++;
        v->use.traces += r->set.n;
        e = c->chooser->choose(c->chooser->context, r->run, &r->set, &r->sure, err);
        if (e == 0)
                e = narrow(v, r, err);
        if (e == 0 && c->chooser->light && c->chooser->taker)
                e = hand_over(v, r, err);
        return e == 0 ? position(r, err) : e;
}

static uint64_t start_of(const struct chosen_run *r)
{
        return r->starts[r->at - r->from];
}

static const struct clew_trace_id *id_of(const struct chosen_run *r)
{
        return &r->ids[r->at - r->from];
}

/* Takes the sealed part at @place, which is hot too, out of the counts. */
static int discount(struct clew_view *v, const struct clew_place *place, struct clew_error *err)
{
        const struct clew_index_run *run = clew_index_run_of(&v->index, place->segment);
        const struct clew_run_segment *s =
                run ? clew_run_find_segment(&run->head, place->segment) : NULL;
        uint64_t ordinal;
        int e;

        for (uint32_t i = 0; s && place->index < s->n && i + 1 < v->chosen->n; i++) {
                struct chosen_run *r = &v->chosen->runs[i];

                if (r->run != run || !r->is_open)
                        continue;
                e = clew_run_numbers(r->run, CLEW_RUN_PLACES, s->first + place->index, 1, &ordinal,
                                     err);
                if (e < 0)
                        return e;
                if (ordinal < r->begin || ordinal >= r->end)
                        return 0;
                if (clew_index_set_has(&r->set, (uint32_t)ordinal))
                        v->use.chosen--;
                else
                        v->use.left_out--;
        }
        return 0;
}

int clew_chosen_settle(struct clew_view *v, struct clew_error *err)
{
        struct clew_chosen *c = v->chosen;
        size_t from = c->n_elsewhere;
        int r = 0;

        if (c->is_settled)
                return 0;
        r = find_hot(v, err);
        for (size_t i = from; r == 0 && i < c->n_elsewhere; i++)
                r = discount(v, &c->elsewhere[i], err);
        return r;
}

static bool comes_first(const struct clew_chosen *c, uint32_t a, uint32_t b)
{
        const struct chosen_run *x = &c->runs[a];
        const struct chosen_run *y = &c->runs[b];

        return order(start_of(x), id_of(x), start_of(y), id_of(y)) < 0;
}

static void sink_down(struct clew_chosen *c, uint32_t at)
{
        uint32_t moving = c->heap[at];

        for (;;) {
                uint32_t child = 2 * at + 1;

                if (child >= c->n_heap)
                        break;
                if (child + 1 < c->n_heap && comes_first(c, c->heap[child + 1], c->heap[child]))
                        child++;
                if (!comes_first(c, c->heap[child], moving))
                        break;
                c->heap[at] = c->heap[child];
                at = child;
        }
        c->heap[at] = moving;
}

static void push(struct clew_chosen *c, uint32_t run)
{
        uint32_t at = c->n_heap++;

        while (at > 0 && comes_first(c, run, c->heap[(at - 1) / 2])) {
                c->heap[at] = c->heap[(at - 1) / 2];
                at = (at - 1) / 2;
        }
        c->heap[at] = run;
}

static struct chosen_run *first_of(const struct clew_chosen *c)
{
        return c->n_heap > 0 ? &c->runs[c->heap[0]] : NULL;
}

/* Opens the runs that may hold something newer than what is known. */
static int open_some(struct clew_view *v, struct clew_error *err)
{
        struct clew_chosen *c = v->chosen;

        for (uint32_t i = c->n; i > 0; i--) { /* newer runs tend to hold newer traces */
                struct chosen_run *r = &c->runs[i - 1];
                const struct chosen_run *best = first_of(c);
                int e;

                if (r->is_open || !is_reached(c, r) ||
                    (best && r->run->head.newest_ns < start_of(best)))
                        continue;
                e = open_run(v, r, err);
                if (e < 0)
                        return e;
                if (r->at < r->set.n)
                        push(c, i - 1);
        }
        look_for_unopened(c);
        return 0;
}

int clew_chosen_next(struct clew_view *v, struct clew_list_entry *ret, struct clew_error *err)
{
        struct clew_chosen *c = v->chosen;
        struct chosen_run *best = first_of(c);
        int r = 0;

        if (c->has_unopened && !(best && c->unopened_ns < start_of(best))) {
                r = open_some(v, err);
                best = first_of(c);
        }
        if (r < 0 || !best)
                return r;
        ret->start_ns = start_of(best);
        ret->id = *id_of(best);
        ret->sure = best->run && clew_index_set_has(&best->sure, best->at);
        ret->run = ret->sure && c->chooser->light ? best->run : NULL;
        ret->ordinal = best->at;
        best->at++;
        if (position(best, err) < 0)
                return -EBADMSG;
        if (best->at >= best->set.n)
                c->heap[0] = c->heap[--c->n_heap];
        if (c->n_heap > 0)
                sink_down(c, 0);
        return 1;
}
