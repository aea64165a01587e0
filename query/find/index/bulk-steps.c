/*
 * The steps of many runs at once, from what indexes tell of them; index.h.
 */
#include "query/find/index/columns-int.h"
#include "query/find/index/facet-int.h"
#include "query/find/index/step-sums-int.h"

#include "proto/base/clock.h"
#include "proto/base/mem.h"
#include "query/model/prices.h"

#include <errno.h>

/* Sorts of one index run, and what is kept of each of its traces. */
#define ARENA_BYTES_MAX ((size_t)64 << 20)

struct kept_run {
        uint64_t start_ns;
        unsigned outcome;
};

struct taking {
        const struct clew_bulk_steps *to;
        struct clew_columns_of_run *of;
        struct clew_index_run *run;
        struct clew_arena arena;
        struct clew_step_sorts sorts;
        bool *wanted;
        struct kept_run *kept;       /* by ordinal */
        struct clew_index_set told;  /* whose steps the index tells */
        struct clew_index_set taken; /* given to on_run */
        struct clew_index_set asked; /* whose steps count */
        struct clew_bulk_row row;    /* of the trace at hand */
        struct clew_bulk_step step;
};

static int make_set(struct taking *t, struct clew_index_set *ret)
{
        ret->n = clew_index_run_traces(t->run);
        ret->words =
                clew_arena_calloc(&t->arena, clew_index_set_words(ret) + 1u, sizeof(*ret->words));
        return ret->words ? 0 : -ENOMEM;
}

static int add_to_set(void *context, uint32_t sort, uint32_t ordinal,
                      const struct clew_step_took *record)
{
        struct clew_index_set *set = context;

        (void)sort;
        (void)record;
        clew_index_set_add(set, ordinal);
        return 0;
}

/* Steps that were stored without a cost may have one by the price list of now: their traces are
 * opened, unless they were stored with the same list. */
static int leave_unpriced(struct taking *t, struct clew_error *err)
{
        struct clew_index_set unpriced;
        uint64_t rules[CLEW_COLUMNS_ROWS];
        bool any = false;
        int r;

        if (clew_prices_mark() == 0)
                return 0;
        for (uint32_t i = 0; i < t->sorts.n; i++) {
                unsigned flags = t->sorts.items[i].flags;

                t->wanted[i] = (flags & (CLEW_SORT_TOKENS | CLEW_SORT_COST)) == CLEW_SORT_TOKENS;
                any |= t->wanted[i];
        }
        if (!any)
                return 0;
        if (make_set(t, &unpriced) < 0)
                return -ENOMEM;
        r = clew_step_index_read(t->run, &t->sorts, t->wanted, &t->told, add_to_set, &unpriced,
                                 err);
        for (uint32_t from = 0; r == 0 && from < t->told.n; from += CLEW_COLUMNS_ROWS) {
                uint32_t n =
                        t->told.n - from < CLEW_COLUMNS_ROWS ? t->told.n - from : CLEW_COLUMNS_ROWS;

                r = clew_index_numbers(t->run, CLEW_COLUMN_RULES, from, n, rules, err);
                for (uint32_t i = 0; r == 0 && i < n; i++) {
                        uint32_t at = from + i;

                        if (rules[i] >> 16 != clew_prices_mark() &&
                            clew_index_set_has(&unpriced, at))
                                t->told.words[at / 64] &= ~(UINT64_C(1) << at % 64);
                }
        }
        return r;
}

/* The one kind of span whose step is told to have begun at another time (query/model/step-read.c,
 * derive_times()). */
static int leave_moved(struct taking *t, struct clew_error *err)
{
        struct clew_index_facet facet;
        struct clew_index_set moved;
        bool exact;
        int r;

        if (!clew_facet_begin(&facet, CLEW_FACET_DERIVED, CLEW_SLICE_LITERAL("name")) ||
            make_set(t, &moved) < 0)
                return -ENOMEM;
        clew_facet_text(&facet, CLEW_SLICE_LITERAL("handle_responses"), &exact);
        r = clew_index_find(t->run, CLEW_INDEX_FACET, clew_facet_key(&facet), &moved, err);
        for (uint32_t i = 0; r > 0 && i < clew_index_set_words(&moved); i++)
                t->told.words[i] &= ~moved.words[i];
        return r < 0 ? r : 0;
}

static int on_row(void *context, const struct clew_bulk_row *row)
{
        struct taking *t = context;
        int r = t->to->on_run(t->to->context, row);

        if (r < 0)
                return r;
        clew_index_set_add(&t->taken, row->ordinal);
        if (r > 0)
                clew_index_set_add(&t->asked, row->ordinal);
        if (t->to->of_runs)
                t->kept[row->ordinal] = (struct kept_run){row->start_ns, row->outcome};
        return 0;
}

/* The texts of the run that the step at hand is of. */
static void fill_row(struct taking *t, uint32_t ordinal)
{
        t->row.ordinal = ordinal;
        t->row.start_ns = t->kept[ordinal].start_ns;
        t->row.outcome = t->kept[ordinal].outcome;
        for (unsigned i = 0; i < CLEW_LIGHT_TEXTS; i++) {
                const struct clew_text_column *text = &t->of->texts[i];

                if (text->ids) {
                        uint32_t id = text->ids[ordinal]; /* told: else it were not taken */

                        t->row.text_ids[i] = id;
                        t->row.texts[i] = id > 0 ? text->values[id - 1] : CLEW_SLICE_NULL;
                }
        }
}

static void fill_step(struct taking *t, uint32_t sort, const struct clew_step_took *record)
{
        unsigned flags = t->sorts.items[sort].flags;

        t->step.sort = sort;
        t->step.texts = t->sorts.items[sort].texts;
        t->step.duration_ns = record->duration_ns;
        t->step.tokens = record->tokens;
        t->step.has_tokens = (flags & (CLEW_SORT_TOKENS | CLEW_SORT_ZERO_TOKENS)) != 0;
        t->step.has_cost = (flags & CLEW_SORT_COST) != 0;
        t->step.cost_units = record->cost;
        t->step.failed = clew_sort_failed(flags);
        t->step.is_open = (flags & CLEW_SORT_OPEN) != 0;
}

static int on_sum(void *context, uint32_t sort, uint64_t n, const struct clew_step_took *sum)
{
        struct taking *t = context;

        fill_step(t, sort, sum);
        return t->to->on_sum(t->to->context, &t->step, n);
}

static int on_durations(void *context, uint32_t sort, const struct clew_counted_piece *piece,
                        uint64_t n)
{
        struct taking *t = context;

        return t->to->on_durations(t->to->context, &(struct clew_bulk_durations){sort, *piece, n});
}

static int take_sums(struct taking *t, struct clew_error *err)
{
        const struct clew_step_sums_to to = {on_sum, on_durations, t};

        if (!t->to->on_sum || t->to->of_runs)
                return 0;
        return clew_step_sums_read(t->run, &t->sorts, t->wanted, &t->asked, &to, err);
}

static int on_step(void *context, uint32_t sort, uint32_t ordinal,
                   const struct clew_step_took *record)
{
        struct taking *t = context;
        unsigned flags = t->sorts.items[sort].flags;

        fill_step(t, sort, record);
        if (!t->to->of_runs)
                return t->to->on_step(t->to->context, &t->step);
        fill_row(t, ordinal); /* traces come in no order: this waits for memory */
        t->step.start_ns =
                (flags & CLEW_SORT_NO_START) != 0
                        ? 0
                        : (t->row.start_ns / CLEW_NS_PER_S + record->offset_s) * CLEW_NS_PER_S;
        return t->to->on_step(t->to->context, &t->step);
}

static int make_room(struct taking *t)
{
        uint32_t n = t->to->of_runs ? clew_index_run_traces(t->run) : 0;

        t->wanted = clew_arena_calloc(&t->arena, t->sorts.n + 1u, sizeof(*t->wanted));
        t->kept = clew_arena_calloc(&t->arena, n + 1u, sizeof(*t->kept));
        return t->wanted && t->kept && make_set(t, &t->taken) == 0 && make_set(t, &t->asked) == 0
                       ? 0
                       : -ENOMEM;
}

/* What of @traces the index tells, into t->told. */
static int find_told(struct taking *t, const struct clew_index_set *traces, struct clew_error *err)
{
        int r = make_set(t, &t->told);

        if (r < 0)
                return r;
        clew_index_set_or(&t->told, traces);
        r = clew_step_index_told(t->run, &t->told, err);
        if (r == 0 && t->to->as_sent)
                r = leave_moved(t, err);
        return r < 0 ? r : leave_unpriced(t, err);
}

static int take_all(struct taking *t, struct clew_columns *columns, struct clew_index_set *traces,
                    struct clew_error *err)
{
        int r;

        t->sorts.arena = &t->arena;
        r = clew_step_index_sorts(t->run, &t->sorts, err);
        if (r < 0 || t->sorts.shared)
                return r;
        r = make_room(t);
        if (r == 0)
                r = find_told(t, traces, err);
        if (r == 0)
                r = clew_bulk_take(columns, t->run, &t->told, on_row, t, err);
        if (r < 0)
                return r;
        for (uint32_t i = 0; i < clew_index_set_words(traces); i++)
                traces->words[i] &= ~t->taken.words[i];
        t->row.serial = t->step.serial = t->of->serial;
        t->step.n_sorts = t->sorts.n;
        t->step.row = t->to->of_runs ? &t->row : NULL;
        for (unsigned i = 0; i < CLEW_LIGHT_TEXTS; i++)
                t->row.n_ids[i] = t->of->texts[i].n + 1;
        for (uint32_t i = 0; i < t->sorts.n; i++)
                t->wanted[i] = t->to->wants(t->to->context, t->sorts.items[i].texts,
                                            clew_sort_failed(t->sorts.items[i].flags));
        r = take_sums(t, err);
        return r != 0 ? r
                      : clew_step_index_read(t->run, &t->sorts, t->wanted, &t->asked, on_step, t,
                                             err);
}

int clew_bulk_take_steps(struct clew_columns *columns, struct clew_index_run *run,
                         struct clew_index_set *traces, const struct clew_bulk_steps *to,
                         struct clew_error *err)
{
        struct taking t = {.to = to, .run = run};
        int r;

        if (!clew_index_has(run, CLEW_INDEX_STEP))
                return 0;
        t.of = clew_columns_of(columns, run, err);
        if (!t.of) /* the walk finds out why */
                return 0;
        clew_arena_init(&t.arena, ARENA_BYTES_MAX);
        r = take_all(&t, columns, traces, err);
        if (r == -ENOMEM && err->code == 0)
                clew_error_set(err, r, 0, "out of memory");
        clew_arena_deinit(&t.arena);
        return r;
}
