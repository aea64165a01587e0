/*
 * Where a step of a run's traces meets a condition, by what indexes tell of each step.
 *
 * A number of a step is compared with literals of the query alone, so all that matters is between
 * which of them it lies. For each sort of step the condition is evaluated once for each of these
 * *stretches* (and for those of the other numbers, multiplied); then a record is a look at a table.
 *
 * A cost is kept to 1e-10 dollars: where it is that near to a literal nothing is said.
 */
#include "query/find/index/choose-int.h"

#include "query/find/index/step-alone-int.h"
#include "query/find/index/step-index-int.h"
#include "query/model/prices.h"

#include <errno.h>
#include <math.h>

/* Ends of stretches of one number: four literals. People write two. */
#define ENDS_MAX 8u
/* Stretches of all three numbers, multiplied, over all sorts of an index run: some milliseconds. */
#define EVALUATED_MAX (UINT32_C(1) << 16)
/* To open a trace costs as much as what is told of so many. */
#define TOLD_PER_OPENED 512u
#define UNITS_PER_USD 1e10
#define COST_UNITS_MAX 1e17

enum verdict { VERDICT_NO, VERDICT_MAYBE, VERDICT_YES };

/* Stretch i begins at ends[i - 1]; the first one at 0. */
struct stretches {
        uint64_t ends[ENDS_MAX]; /* ascending */
        bool unsure[ENDS_MAX + 1];
        uint32_t n_ends;
        struct {
                uint64_t from;
                uint64_t to; /* the first behind it */
        } near[ENDS_MAX / 2];
        uint32_t n_near;
        bool asked;
};

struct choosing_steps {
        struct clew_index_choice *c;
        struct stretches numbers[CLEW_STEP_NUMBERS];
        struct clew_step_sorts sorts;
        bool *wanted;
        uint8_t *verdicts; /* of each sort, width of them */
        uint32_t width;
        struct clew_index_set told;
        struct clew_bounds found;
};

/* ---- stretches --------------------------------------------------------------------------------
 */

static bool add_end(struct stretches *s, uint64_t end)
{
        uint32_t i = 0;

        if (end == 0)
                return true;
        while (i < s->n_ends && s->ends[i] < end)
                i++;
        if (i < s->n_ends && s->ends[i] == end)
                return true;
        if (s->n_ends == ENDS_MAX)
                return false;
        for (uint32_t k = s->n_ends++; k > i; k--)
                s->ends[k] = s->ends[k - 1];
        s->ends[i] = end;
        return true;
}

/* The first whole number that is not below @v; 0 for what is below all, UINT64_MAX above. */
static uint64_t ceil_of(double v)
{
        if (!(v > 0))
                return 0;
        return v >= 0x1p63 ? UINT64_MAX : (uint64_t)ceil(v);
}

static bool add_whole(struct stretches *s, const struct clew_operand *literal)
{
        if (literal->type == CLEW_TYPE_FLOAT) {
                double v = literal->number;

                if (isnan(v))
                        return true;
                return add_end(s, ceil_of(v)) && add_end(s, ceil_of(floor(v) + 1));
        }
        if (literal->integer < 0)
                return true;
        return add_end(s, (uint64_t)literal->integer) && add_end(s, (uint64_t)literal->integer + 1);
}

/* Costs that may be on either side of the literal once they are rounded. */
static bool add_cost(struct stretches *s, const struct clew_operand *literal)
{
        double units = clew_operand_number(literal) * UNITS_PER_USD;
        double slack = 2 + fabs(units) * 1e-15;
        uint64_t from = ceil_of(floor(units) - slack);
        uint64_t to = ceil_of(ceil(units) + slack);

        if (isnan(units) || units > COST_UNITS_MAX)
                return true;
        if (to == 0)
                return true;
        if (s->n_near == CLEW_ARRAY_LEN(s->near) || !add_end(s, from) || !add_end(s, to))
                return false;
        s->near[s->n_near].from = from;
        s->near[s->n_near++].to = to;
        return true;
}

static bool add_literal(void *context, enum clew_step_number number,
                        const struct clew_operand *literal)
{
        struct choosing_steps *s = context;
        struct stretches *to = &s->numbers[number];

        to->asked = true;
        if (!clew_type_is_number(literal->type))
                return literal->type == CLEW_TYPE_NIL;
        return number == CLEW_STEP_COST ? add_cost(to, literal) : add_whole(to, literal);
}

/* Where a stretch begins: any number of it stands for all of them. */
static uint64_t begin_of(const struct stretches *s, uint32_t i)
{
        return i == 0 ? 0 : s->ends[i - 1];
}

static uint32_t find_stretch(const struct stretches *s, uint64_t v)
{
        uint32_t i = 0;

        while (i < s->n_ends && s->ends[i] <= v)
                i++;
        return i;
}

static void mark_unsure(struct stretches *s)
{
        for (uint32_t i = 0; i <= s->n_ends; i++) {
                for (uint32_t k = 0; k < s->n_near; k++)
                        s->unsure[i] |=
                                begin_of(s, i) >= s->near[k].from && begin_of(s, i) < s->near[k].to;
        }
}

/* The last one of tokens and costs is for none. */
static uint32_t count_of(const struct choosing_steps *s, enum clew_step_number number)
{
        return s->numbers[number].n_ends + 1 + (number != CLEW_STEP_DURATION);
}

static uint32_t place_of(const struct choosing_steps *s, const uint32_t at[CLEW_STEP_NUMBERS])
{
        return (at[CLEW_STEP_DURATION] * count_of(s, CLEW_STEP_TOKENS) + at[CLEW_STEP_TOKENS]) *
                       count_of(s, CLEW_STEP_COST) +
               at[CLEW_STEP_COST];
}

/* ---- sorts ------------------------------------------------------------------------------------
 */

static enum verdict evaluate(struct choosing_steps *s, struct clew_query_run *run, uint32_t expr,
                             const struct clew_step_sort *sort,
                             const uint32_t at[CLEW_STEP_NUMBERS])
{
        const struct stretches *n = s->numbers;
        struct clew_step_numbers step = {
                .duration_ns = begin_of(&n[CLEW_STEP_DURATION], at[CLEW_STEP_DURATION])};

        step.has_tokens = at[CLEW_STEP_TOKENS] <= n[CLEW_STEP_TOKENS].n_ends;
        step.has_cost = at[CLEW_STEP_COST] <= n[CLEW_STEP_COST].n_ends;
        if (step.has_tokens)
                step.tokens = begin_of(&n[CLEW_STEP_TOKENS], at[CLEW_STEP_TOKENS]);
        if (step.has_cost) {
                if (n[CLEW_STEP_COST].unsure[at[CLEW_STEP_COST]])
                        return VERDICT_MAYBE;
                step.cost_usd =
                        (double)begin_of(&n[CLEW_STEP_COST], at[CLEW_STEP_COST]) / UNITS_PER_USD;
        }
        return clew_expr_meets_step(run, expr, sort, &step) ? VERDICT_YES : VERDICT_NO;
}

/* The stretches that steps of a sort can be in, of one number. */
static void range_of(const struct choosing_steps *s, unsigned flags, enum clew_step_number number,
                     uint32_t *ret_first, uint32_t *ret_last)
{
        uint32_t none = s->numbers[number].n_ends + 1;
        bool has = number == CLEW_STEP_DURATION ||
                   (flags & (number == CLEW_STEP_COST ? CLEW_SORT_COST : CLEW_SORT_TOKENS)) != 0;

        *ret_first = has ? 0 : none;
        *ret_last = has ? none - 1 : none;
        if (number == CLEW_STEP_TOKENS && (flags & CLEW_SORT_ZERO_TOKENS) != 0)
                *ret_first = *ret_last = 0;
}

static void judge_sort(struct choosing_steps *s, struct clew_query_run *run, uint32_t expr,
                       uint32_t sort)
{
        const struct clew_step_sort *of = &s->sorts.items[sort];
        uint32_t first[CLEW_STEP_NUMBERS];
        uint32_t last[CLEW_STEP_NUMBERS];
        uint32_t at[CLEW_STEP_NUMBERS];

        for (unsigned i = 0; i < CLEW_STEP_NUMBERS; i++)
                range_of(s, of->flags, (enum clew_step_number)i, &first[i], &last[i]);
        for (at[0] = first[0]; at[0] <= last[0]; at[0]++) {
                for (at[1] = first[1]; at[1] <= last[1]; at[1]++) {
                        for (at[2] = first[2]; at[2] <= last[2]; at[2]++) {
                                enum verdict v = evaluate(s, run, expr, of, at);

                                s->verdicts[sort * s->width + place_of(s, at)] = (uint8_t)v;
                                s->wanted[sort] |= v != VERDICT_NO;
                        }
                }
        }
}

/* 1, or 0: the sorts cannot be told apart, or are too many. */
static int judge_sorts(struct choosing_steps *s, const struct clew_query *q, uint32_t expr)
{
        struct clew_index_choice *c = s->c;
        struct clew_query_run *run;
        int r;

        s->sorts.arena = &c->arena;
        r = clew_step_index_sorts(c->run, &s->sorts, c->err);
        for (unsigned i = 0; i < CLEW_STEP_NUMBERS; i++)
                mark_unsure(&s->numbers[i]);
        s->width = count_of(s, CLEW_STEP_DURATION) * count_of(s, CLEW_STEP_TOKENS) *
                   count_of(s, CLEW_STEP_COST);
        if (r < 0 || s->sorts.shared || s->sorts.n > EVALUATED_MAX / s->width)
                return r;
        s->wanted = clew_arena_calloc(&c->arena, s->sorts.n + 1u, sizeof(*s->wanted));
        s->verdicts = clew_arena_calloc(&c->arena, s->sorts.n + 1u, s->width);
        run = s->wanted && s->verdicts ? clew_query_run_new(q) : NULL;
        if (!run)
                return -ENOMEM;
        for (uint32_t i = 0; i < s->sorts.n; i++)
                judge_sort(s, run, expr, i);
        clew_query_run_free(run);
        return 1;
}

/* ---- records ----------------------------------------------------------------------------------
 */

static int on_record(void *context, uint32_t sort, uint32_t ordinal,
                     const struct clew_step_took *record)
{
        struct choosing_steps *s = context;
        unsigned flags = s->sorts.items[sort].flags;
        uint32_t at[CLEW_STEP_NUMBERS] = {
                find_stretch(&s->numbers[CLEW_STEP_DURATION], record->duration_ns),
                s->numbers[CLEW_STEP_TOKENS].n_ends + 1,
                s->numbers[CLEW_STEP_COST].n_ends + 1,
        };
        uint8_t verdict;

        if ((flags & (CLEW_SORT_TOKENS | CLEW_SORT_ZERO_TOKENS)) != 0)
                at[CLEW_STEP_TOKENS] = find_stretch(&s->numbers[CLEW_STEP_TOKENS], record->tokens);
        if ((flags & CLEW_SORT_COST) != 0)
                at[CLEW_STEP_COST] = find_stretch(&s->numbers[CLEW_STEP_COST], record->cost);
        verdict = s->verdicts[sort * s->width + place_of(s, at)];
        if (verdict != VERDICT_NO)
                clew_index_set_add(&s->found.may, ordinal);
        if (verdict == VERDICT_YES)
                clew_index_set_add(&s->found.does, ordinal);
        return 0;
}

static void leave(struct clew_index_set *from, const struct clew_index_set *what)
{
        for (uint32_t i = 0; i < clew_index_set_words(from); i++)
                from->words[i] &= ~what->words[i];
}

/* The one kind of span whose step is told to have begun at another time (query/model/step-read.c,
 * derive_times()). */
static void leave_moved(struct choosing_steps *s)
{
        struct clew_index_set moved = clew_choice_set(s->c);
        struct clew_index_facet f;
        bool exact;

        if (s->c->error)
                return;
        (void)clew_facet_begin(&f, CLEW_FACET_DERIVED, CLEW_SLICE_LITERAL("name"));
        clew_facet_text(&f, CLEW_SLICE_LITERAL("handle_responses"), &exact);
        clew_choice_find(s->c, &f, &moved);
        leave(&s->told, &moved);
}

static void leave_other_prices(struct choosing_steps *s)
{
        struct clew_bounds other = {clew_choice_set(s->c), clew_choice_set(s->c)};

        if (s->c->error)
                return;
        clew_choice_forget_prices(s->c, &other);
        leave(&s->told, &other.may);
}

/* Those of the candidates of which the index tells all that is asked. */
static int find_told(struct choosing_steps *s, const struct clew_bounds *b)
{
        struct clew_index_choice *c = s->c;
        int r;

        s->told = clew_choice_set(c);
        s->found = (struct clew_bounds){clew_choice_set(c), clew_choice_set(c)};
        if (c->error)
                return c->error;
        clew_index_set_or(&s->told, &b->may);
        leave(&s->told, &b->does);
        r = clew_step_index_told(c->run, &s->told, c->err);
        if (r == 0 && s->numbers[CLEW_STEP_DURATION].asked)
                leave_moved(s);
        if (r == 0 && s->numbers[CLEW_STEP_COST].asked)
                leave_other_prices(s);
        return r < 0 ? r : c->error;
}

static bool is_worth_it(const struct clew_index_choice *c, const struct clew_bounds *b)
{
        uint64_t opened = clew_index_set_count(&b->may) - clew_index_set_count(&b->does);

        return opened * TOLD_PER_OPENED > clew_index_run_traces(c->run);
}

void clew_choice_ask_steps(struct clew_index_choice *c, const struct clew_query *q, uint32_t expr,
                           struct clew_bounds *b)
{
        struct choosing_steps s = {.c = c};
        int r;

        if (c->error || q->exprs[expr].n == 0 || !clew_index_has(c->run, CLEW_INDEX_STEP) ||
            !is_worth_it(c, b) || !clew_expr_asks_steps(q, expr, add_literal, &s))
                return;
        r = judge_sorts(&s, q, expr);
        if (r == 1) {
                r = find_told(&s, b);
                if (r == 0)
                        r = clew_step_index_read(c->run, &s.sorts, s.wanted, &s.told, on_record, &s,
                                                 c->err);
                if (r == 0) {
                        leave(&b->may, &s.told);
                        clew_index_set_or(&b->may, &s.found.may);
                        clew_index_set_or(&b->does, &s.found.does);
                }
        }
        if (r < 0)
                c->error = r;
}
