/*
 * Many runs at once, from columns alone; index.h.
 */
#include "query/find/index/columns-int.h"

#include "proto/base/mem.h"
#include "query/model/prices.h"

#include <errno.h>

/* As many as stand in one block of a column. */
#define ROWS 4096u

/* Columns that are read; the others are not asked for. */
enum {
        DURATION,
        TOKENS,
        COST,
        OUTCOME,
        KINDS,
        RULES,
        ALWAYS,
        LOOPS = ALWAYS,
        STALLS,
        RETRIES,
        WASTE_STEPS,
        WASTE_TOKENS,
        WASTE_NS,
        WASTE_COST,
        STARTS,
        ARRAYS
};

struct taking {
        struct clew_columns_of_run *of;
        struct clew_index_run *run;
        struct clew_bulk_row row;
        uint64_t (*arrays)[ROWS];
        bool has_facts;
};

static int read_arrays(struct taking *t, uint32_t from, uint32_t n, struct clew_error *err)
{
        static const enum clew_column columns[STARTS] = {
                CLEW_COLUMN_DURATION,    CLEW_COLUMN_TOKENS_TOTAL, CLEW_COLUMN_COST,
                CLEW_COLUMN_OUTCOME,     CLEW_COLUMN_KINDS,        CLEW_COLUMN_RULES,
                CLEW_COLUMN_LOOPS,       CLEW_COLUMN_STALLS,       CLEW_COLUMN_RETRIES,
                CLEW_COLUMN_WASTE_STEPS, CLEW_COLUMN_WASTE_TOKENS, CLEW_COLUMN_WASTE_NS,
                CLEW_COLUMN_WASTE_COST,
        };
        unsigned n_columns = t->has_facts ? STARTS : ALWAYS;
        int r = clew_index_starts(t->run, from, n, t->arrays[STARTS], err);

        for (unsigned i = 0; r == 0 && i < n_columns; i++)
                r = clew_index_numbers(t->run, columns[i], from, n, t->arrays[i], err);
        return r;
}

/* False: the summary is to be read. */
static bool fill_texts(struct taking *t, uint32_t ordinal)
{
        for (unsigned i = 0; i < CLEW_LIGHT_TEXTS; i++) {
                const struct clew_text_column *text = &t->of->texts[i];
                uint32_t id = text->ids ? text->ids[ordinal] : 0;

                if (id == CLEW_COLUMNS_HIDDEN)
                        return false;
                t->row.text_ids[i] = id;
                t->row.texts[i] = id > 0 ? text->values[id - 1] : CLEW_SLICE_NULL;
        }
        return true;
}

static bool is_unpriced(const struct taking *t, uint32_t i)
{
        return clew_prices_mark() != 0 && t->arrays[COST][i] == 0 && t->arrays[TOKENS][i] > 0 &&
               t->arrays[RULES][i] >> 16 != clew_prices_mark();
}

static void fill_facts(struct taking *t, uint32_t i)
{
        uint64_t cost = t->arrays[WASTE_COST][i];

        t->row.loops = (uint32_t)t->arrays[LOOPS][i];
        t->row.stalls = (uint32_t)t->arrays[STALLS][i];
        t->row.retries = (uint32_t)t->arrays[RETRIES][i];
        t->row.waste_steps = (uint32_t)t->arrays[WASTE_STEPS][i];
        t->row.waste_tokens = t->arrays[WASTE_TOKENS][i];
        t->row.waste_ns = t->arrays[WASTE_NS][i];
        t->row.waste_usd = cost > 0 ? (double)(cost - 1) / 1e8 : 0;
}

static bool fill(struct taking *t, uint32_t from, uint32_t i)
{
        uint64_t cost = t->arrays[COST][i];

        if (t->arrays[OUTCOME][i] == CLEW_OUTCOME_OPEN ||
            t->arrays[OUTCOME][i] >= CLEW_OUTCOME_COUNT || is_unpriced(t, i) ||
            !fill_texts(t, from + i))
                return false;
        t->row.ordinal = from + i;
        t->row.start_ns = t->arrays[STARTS][i];
        t->row.duration_ns = t->arrays[DURATION][i];
        t->row.tokens = t->arrays[TOKENS][i];
        t->row.has_cost = cost > 0;
        t->row.cost_usd = cost > 0 ? (double)(cost - 1) / 1e8 : 0;
        t->row.outcome = (unsigned)t->arrays[OUTCOME][i];
        t->row.kinds = (uint32_t)t->arrays[KINDS][i];
        if (t->has_facts)
                fill_facts(t, i);
        return true;
}

static int take_some(struct taking *t, struct clew_index_set *traces, uint32_t from, uint32_t n,
                     int (*fn)(void *context, const struct clew_bulk_row *row), void *context)
{
        uint32_t at = from;
        int r = 0;

        while (r >= 0 && (at = clew_index_set_next(traces, at)) < from + n) {
                if (fill(t, from, at - from)) {
                        r = fn(context, &t->row);
                        traces->words[at / 64] &= ~(UINT64_C(1) << at % 64);
                }
                at++;
        }
        return r < 0 ? r : 0;
}

int clew_bulk_take(struct clew_columns *columns, struct clew_index_run *run,
                   struct clew_index_set *traces,
                   int (*fn)(void *context, const struct clew_bulk_row *row), void *context,
                   struct clew_error *err)
{
        struct taking t = {.of = clew_columns_of(columns, run, err), .run = run};
        uint32_t total = clew_index_run_traces(run);
        int r = 0;

        if (!t.of) /* the walk finds out why */
                return 0;
        t.arrays = clew_calloc(ARRAYS, sizeof(*t.arrays));
        if (!t.arrays)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        t.row.serial = t.of->serial;
        t.has_facts = (columns->wanted & CLEW_LIGHT_FACTS) != 0;
        for (unsigned i = 0; i < CLEW_LIGHT_TEXTS; i++)
                t.row.n_ids[i] = t.of->texts[i].n + 1;
        for (uint32_t from = 0; r == 0 && from < total; from += ROWS) {
                uint32_t n = total - from < ROWS ? total - from : ROWS;

                if (clew_index_set_next(traces, from) >= from + n)
                        continue;
                r = read_arrays(&t, from, n, err);
                if (r == 0)
                        r = take_some(&t, traces, from, n, fn, context);
        }
        clew_free(t.arrays);
        return r;
}
