/*
 * Summaries made of columns, for what adds many runs up; index.h.
 *
 * Numbers come from columns, some rows at a time; texts from the facets that tell one value of each
 * run, once for each index run. What a facet only hints at is not told.
 */
#include "query/find/index/columns-int.h"

#include "proto/base/mem.h"
#include "query/model/prices.h"

#include <errno.h>
#include <string.h>

/* Ids of texts, some megabytes for each index run. */
#define COLUMNS_BYTES_MAX ((size_t)96 << 20)

static const struct {
        unsigned bit;
        const char *name;
} texts[CLEW_LIGHT_TEXTS] = {
        {CLEW_LIGHT_SERVICE, "trace:rootService"},     {CLEW_LIGHT_CAUSE, "span.clew.cause.rule"},
        {CLEW_LIGHT_SIGNATURE, "span.clew.signature"}, {CLEW_LIGHT_USER, "span.clew.user"},
        {CLEW_LIGHT_NAME, "span.clew.name"},           {CLEW_LIGHT_AGENT, CLEW_FACET_FIRST_AGENT},
};
#define N_TEXTS CLEW_LIGHT_TEXTS

unsigned clew_bulk_text(unsigned bit)
{
        unsigned i = 0;

        while (i < N_TEXTS - 1 && texts[i].bit != bit)
                i++;
        return i;
}

struct clew_columns *clew_columns_new(unsigned wanted)
{
        struct clew_columns *c = clew_calloc(1, sizeof(*c));

        if (c) {
                clew_arena_init(&c->arena, COLUMNS_BYTES_MAX);
                c->wanted = wanted;
        }
        return c;
}

void clew_columns_free(struct clew_columns *c)
{
        if (!c)
                return;
        clew_arena_deinit(&c->arena);
        clew_free(c);
}

/* ---- texts ------------------------------------------------------------------------------------
 */

struct text_walk {
        struct clew_columns *columns;
        struct clew_text_column *text;
        struct clew_slice prefix;
        struct clew_index_set set;
};

static uint32_t add_value(struct clew_columns *c, struct clew_text_column *t,
                          struct clew_slice value)
{
        if (t->n == t->capacity) {
                uint32_t capacity = t->capacity ? t->capacity * 2 : 64;
                struct clew_slice *more =
                        clew_arena_calloc(&c->arena, capacity, sizeof(*t->values));

                if (!more)
                        return CLEW_COLUMNS_HIDDEN;
                if (t->n > 0)
                        memcpy(more, t->values, t->n * sizeof(*more));
                t->values = more;
                t->capacity = capacity;
        }
        t->values[t->n++] = clew_arena_copy(&c->arena, value);
        return t->n;
}

static int add_text(void *context, struct clew_slice key, struct clew_slice posting)
{
        struct text_walk *w = context;
        uint32_t id = CLEW_COLUMNS_HIDDEN;
        int r;

        if (!clew_slice_starts_with(key, w->prefix))
                return 1;
        if (key.len == w->prefix.len) /* that it has some value */
                return 0;
        if (key.data[w->prefix.len] == 't')
                id = add_value(w->columns, w->text, clew_slice_from(key, w->prefix.len + 1));
        memset(w->set.words, 0, clew_index_set_words(&w->set) * sizeof(*w->set.words));
        r = clew_index_posting_add(posting, &w->set);
        for (uint32_t at = 0; r == 0 && (at = clew_index_set_next(&w->set, at)) < w->set.n; at++)
                w->text->ids[at] = w->text->ids[at] == 0 ? id : CLEW_COLUMNS_HIDDEN;
        return r;
}

static int read_text(struct clew_columns *c, struct clew_columns_of_run *of, size_t i,
                     struct clew_error *err)
{
        struct text_walk w = {.columns = c, .text = &of->texts[i]};
        struct clew_index_facet f;
        int r;

        w.set.n = clew_index_run_traces(of->run);
        w.set.words = clew_arena_calloc(&c->arena, clew_index_set_words(&w.set) + 1u,
                                        sizeof(*w.set.words));
        w.text->ids = clew_arena_calloc(&c->arena, w.set.n + 1u, sizeof(*w.text->ids));
        if (!w.set.words || !w.text->ids ||
            !clew_facet_begin(&f, CLEW_FACET_DERIVED, clew_slice_of_cstr(texts[i].name)))
                return -ENOMEM;
        w.prefix = clew_facet_key(&f);
        r = clew_index_walk(of->run, CLEW_INDEX_FACET, w.prefix, add_text, &w, err);
        return r < 0 ? r : 0;
}

struct clew_columns_of_run *clew_columns_of(struct clew_columns *c, struct clew_index_run *run,
                                            struct clew_error *err)
{
        struct clew_columns_of_run *of;

        for (of = c->runs; of; of = of->next) {
                if (of->run == run)
                        return of;
        }
        of = clew_arena_calloc(&c->arena, 1, sizeof(*of));
        if (!of)
                return NULL;
        of->run = run;
        of->serial = ++c->n_runs;
        for (size_t i = 0; i < N_TEXTS; i++) {
                if ((c->wanted & texts[i].bit) != 0 && read_text(c, of, i, err) < 0)
                        return NULL;
        }
        of->next = c->runs;
        c->runs = of;
        return of;
}

/* ---- rows -------------------------------------------------------------------------------------
 */

/* Columns that nobody reads without CLEW_LIGHT_FACTS. */
static bool is_of_facts(unsigned column)
{
        switch (column) {
        case CLEW_COLUMN_DURATION:
        case CLEW_COLUMN_TOKENS_TOTAL:
        case CLEW_COLUMN_COST:
        case CLEW_COLUMN_LOOPS:
        case CLEW_COLUMN_OUTCOME:
        case CLEW_COLUMN_SETTLED:
        case CLEW_COLUMN_KINDS:
        case CLEW_COLUMN_RULES:
                return false;
        default:
                return true;
        }
}

static int read_rows(const struct clew_columns *c, struct clew_columns_of_run *of, uint32_t ordinal,
                     struct clew_error *err)
{
        uint32_t from = ordinal - ordinal % CLEW_COLUMNS_ROWS;
        uint32_t n = clew_index_run_traces(of->run) - from;
        int r = 0;

        of->n_rows = 0;
        n = n < CLEW_COLUMNS_ROWS ? n : CLEW_COLUMNS_ROWS;
        for (unsigned i = 0; r == 0 && i < CLEW_COLUMNS; i++) {
                if (!is_of_facts(i) || (c->wanted & CLEW_LIGHT_FACTS) != 0)
                        r = clew_index_numbers(of->run, i, from, n, of->rows[i], err);
        }
        if (r == 0) {
                of->from = from;
                of->n_rows = n;
        }
        return r;
}

/* False: it is only hinted at. */
static bool take_text(const struct clew_columns_of_run *of, size_t i, uint32_t ordinal,
                      struct clew_slice *ret)
{
        const struct clew_text_column *t = &of->texts[i];

        if (!t->ids || t->ids[ordinal] == 0)
                return true;
        if (t->ids[ordinal] == CLEW_COLUMNS_HIDDEN)
                return false;
        *ret = t->values[t->ids[ordinal] - 1];
        return true;
}

static bool take_texts(struct clew_columns_of_run *of, uint32_t ordinal, struct clew_summary *s)
{
        struct clew_slice *const to[N_TEXTS] = {&s->service, &s->cause.rule, &s->cause.signature,
                                                &s->user,    &s->name,       &of->agent.name};

        of->agent.name = CLEW_SLICE_NULL;
        for (size_t i = 0; i < N_TEXTS; i++) {
                if (!take_text(of, i, ordinal, to[i]))
                        return false;
        }
        s->agents = &of->agent;
        s->n_agents = of->agent.name.len > 0;
        return true;
}

static void take_numbers(const struct clew_columns_of_run *of, uint32_t row, struct clew_summary *s)
{
#define NUMBER(column) (of->rows[CLEW_COLUMN_##column][row])
        uint64_t cost = NUMBER(COST);
        uint64_t waste = NUMBER(WASTE_COST);

        s->duration_ns = NUMBER(DURATION);
        s->tokens.total = NUMBER(TOKENS_TOTAL);
        s->tokens.in = NUMBER(TOKENS_IN);
        s->tokens.out = NUMBER(TOKENS_OUT);
        s->tokens.cache_read = NUMBER(TOKENS_CACHED);
        s->has_cost = cost > 0;
        s->cost_usd = cost > 0 ? (double)(cost - 1) / 1e8 : 0;
        s->n_steps = (uint32_t)NUMBER(STEPS);
        s->n_spans = (uint32_t)NUMBER(SPANS);
        s->n_errors = (uint32_t)NUMBER(ERRORS);
        s->n_llm = (uint32_t)NUMBER(LLM);
        s->n_tool = (uint32_t)NUMBER(TOOL);
        s->facts.loops = (uint32_t)NUMBER(LOOPS);
        s->facts.loop_rounds = (uint32_t)NUMBER(LOOP_ROUNDS);
        s->facts.stalls = (uint32_t)NUMBER(STALLS);
        s->facts.stall_calls = (uint32_t)NUMBER(STALL_CALLS);
        s->facts.retries = (uint32_t)NUMBER(RETRIES);
        s->facts.waste_steps = (uint32_t)NUMBER(WASTE_STEPS);
        s->facts.waste_tokens = NUMBER(WASTE_TOKENS);
        s->facts.waste_ns = NUMBER(WASTE_NS);
        s->facts.waste_usd = waste > 0 ? (double)(waste - 1) / 1e8 : 0;
        s->cause.step = (uint32_t)NUMBER(CAUSE_STEP);
        s->outcome = (enum clew_outcome)NUMBER(OUTCOME);
        s->settled = (enum clew_outcome)NUMBER(SETTLED);
        s->kinds = (uint32_t)NUMBER(KINDS);
        s->rules_version = (uint32_t)NUMBER(RULES);
#undef NUMBER
}

int clew_columns_read(struct clew_columns *c, struct clew_index_run *run, uint32_t ordinal,
                      struct clew_summary *ret, struct clew_error *err)
{
        struct clew_columns_of_run *of = clew_columns_of(c, run, err);

        if (!of || ordinal >= clew_index_run_traces(run))
                return 0;
        if ((ordinal < of->from || ordinal - of->from >= of->n_rows) &&
            read_rows(c, of, ordinal, err) < 0)
                return 0;
        take_numbers(of, ordinal - of->from, ret);
        if (ret->outcome >= CLEW_OUTCOME_COUNT || ret->settled >= CLEW_OUTCOME_COUNT)
                return 0;
        return take_texts(of, ordinal, ret);
}
