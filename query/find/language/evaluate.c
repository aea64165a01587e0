/*
 * A query on a whole trace: conditions on each span, then the stages over sets of spans.
 */
#include "query/find/language/run-int.h"

#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "query/find/language/regex-int.h"
#include "query/find/path.h"
#include "query/find/text.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* ---- runs -------------------------------------------------------------------------------------
 */

struct clew_query_run *clew_query_run_new(const struct clew_query *query)
{
        struct clew_query_run *run = clew_calloc(1, sizeof(*run));
        struct clew_arena *own;

        if (!run)
                return NULL;
        own = &run->own;
        run->q = query;
        clew_arena_init(own, CLEW_QUERY_ARENA_MAX);
        clew_arena_init(&run->arena, CLEW_RUN_ARENA_MAX);
        clew_arena_init(&run->scratch, CLEW_RUN_SCRATCH_MAX);
        run->stack = clew_arena_calloc(own, query->code_stack + 1u, sizeof(*run->stack));
        run->tried = clew_arena_calloc(own, query->n_fields + 1u, sizeof(*run->tried));
        run->seen = clew_arena_calloc(own, query->n_fields + 1u, sizeof(*run->seen));
        run->in_bytes = clew_arena_calloc(own, query->n_fields + 1u, sizeof(*run->in_bytes));
        run->absent_field = clew_arena_calloc(own, query->n_fields + 1u, sizeof(bool));
        run->absent_regex = clew_arena_calloc(own, query->n_regexes + 1u, sizeof(bool));
        run->comparisons =
                clew_arena_calloc(own, query->n_comparisons + 1u, sizeof(*run->comparisons));
        run->wanted = clew_arena_calloc(own, query->n_fields + 1u, sizeof(*run->wanted));
        run->keys = clew_arena_calloc(own, CLEW_RUN_KEYS_MAX, sizeof(*run->keys));
        run->options.texts = (query->needs & CLEW_NEED_TEXTS) != 0;
        run->options.edges = (query->needs & CLEW_NEED_EDGES) != 0;
        if (clew_arena_failed(own)) {
                clew_query_run_free(run);
                return NULL;
        }
        return run;
}

void clew_query_run_free(struct clew_query_run *run)
{
        if (!run)
                return;
        clew_arena_deinit(&run->own);
        clew_arena_deinit(&run->arena);
        clew_arena_deinit(&run->scratch);
        clew_free(run);
}

const struct clew_query_met *clew_query_run_met(const struct clew_query_run *run)
{
        return &run->met;
}

bool clew_charge(struct clew_query_run *run, uint64_t work)
{
        run->work += work;
        if (run->work > CLEW_RUN_WORK_MAX)
                run->overworked = true;
        return !run->overworked;
}

/* ---- conditions -------------------------------------------------------------------------------
 */

static void set_bool(struct clew_values *v, bool is, struct clew_arena *arena)
{
        *v = (struct clew_values){.arena = arena};
        clew_values_add_bool(v, is);
}

static bool is_true(const struct clew_values *v)
{
        for (uint32_t i = 0; i < v->n; i++) {
                if (v->items[i].type == CLEW_TYPE_BOOL && v->items[i].boolean)
                        return true;
        }
        return false;
}

static double arithmetic(enum clew_op op, double a, double b)
{
        switch ((int)op) {
        case CLEW_OP_ADD:
                return a + b;
        case CLEW_OP_SUB:
                return a - b;
        case CLEW_OP_MUL:
                return a * b;
        case CLEW_OP_DIV:
                return a / b;
        case CLEW_OP_MOD:
                return fmod(a, b);
        default:
                return pow(a, b);
        }
}

/* Whole numbers stay whole where the result is one and fits. */
static bool whole_arithmetic(enum clew_op op, int64_t a, int64_t b, int64_t *ret)
{
        switch ((int)op) {
        case CLEW_OP_NEG:
                return !__builtin_sub_overflow(0, a, ret);
        case CLEW_OP_ADD:
                return !__builtin_add_overflow(a, b, ret);
        case CLEW_OP_SUB:
                return !__builtin_sub_overflow(a, b, ret);
        case CLEW_OP_MUL:
                return !__builtin_mul_overflow(a, b, ret);
        case CLEW_OP_MOD:
                if (b == 0 || b == -1)
                        return false;
                *ret = a % b;
                return true;
        default:
                return false;
        }
}

/* A value that is no number makes the result one that is not there. */
static void calculate(enum clew_op op, struct clew_values *a, const struct clew_values *b)
{
        struct clew_values result = {.arena = a->arena};
        const struct clew_operand none = {.type = CLEW_TYPE_INT};
        const struct clew_operand *right = b && b->n > 0 ? &b->items[0] : &none;
        int64_t whole;

        if (a->n > 0 && clew_type_is_number(a->items[0].type) &&
            (op == CLEW_OP_NEG || (b->n > 0 && clew_type_is_number(right->type)))) {
                const struct clew_operand *left = &a->items[0];

                if (left->type == CLEW_TYPE_INT && right->type == CLEW_TYPE_INT &&
                    whole_arithmetic(op, left->integer, right->integer, &whole))
                        clew_values_add_int(&result, CLEW_TYPE_INT, whole);
                else if (op == CLEW_OP_NEG)
                        clew_values_add_number(&result, -clew_operand_number(left));
                else
                        clew_values_add_number(&result, arithmetic(op, clew_operand_number(left),
                                                                   clew_operand_number(right)));
        }
        *a = result;
}

struct search {
        struct clew_query_run *run;
        const struct clew_regex *regex;
        struct clew_slice literal;
};

static int holds_literal(void *context, struct clew_slice bytes)
{
        const struct search *s = context;

        if (!clew_charge(s->run, bytes.len / 16))
                return -E2BIG;
        return clew_text_holds(bytes, s->literal, clew_regex_ignores_case(s->regex));
}

/* As it stands, and as it reads when its JSON escapes are taken away. */
static int matches_text(void *context, struct clew_slice text)
{
        const struct search *s = context;
        struct clew_buffer layers[2] = {{0}, {0}};
        int r = 0;

        for (unsigned i = 0; i < 2; i++)
                clew_buffer_init(&layers[i], text.len + 16);
        for (unsigned i = 0; r == 0 && i <= CLEW_TEXT_LAYERS_MAX; i++) {
                struct clew_buffer *next = &layers[i & 1];

                if (!clew_charge(s->run, text.len / 4)) {
                        r = -E2BIG;
                        break;
                }
                r = clew_regex_match(s->regex, text);
                s->run->limited += r < 0;
                clew_buffer_clear(next);
                if (r != 0 || !clew_text_unescape(next, text) || clew_buffer_error(next) < 0)
                        break;
                text = clew_buffer_slice(next);
        }
        clew_buffer_deinit(&layers[0]);
        clew_buffer_deinit(&layers[1]);
        return s->run->overworked ? -E2BIG : r == 1;
}

/* span.clew.text: a literal is looked for in the bytes of the span first, which is cheap; but what
 * stands there may begin with the length of a text, so that texts decide. */
static bool text_matches(struct clew_query_run *run, struct clew_run_at *at,
                         const struct clew_regex *regex, uint32_t step)
{
        struct search s = {.run = run, .regex = regex, .literal = clew_regex_literal(regex)};

        if (clew_regex_shape(regex) == CLEW_REGEX_CONTAINS)
                return clew_bytes_of_step(at, step, holds_literal, &s) == 1 &&
                       clew_texts_of_step(at, step, holds_literal, &s) == 1;
        return clew_texts_of_step(at, step, matches_text, &s) == 1;
}

static bool path_matches(struct clew_query_run *run, const struct clew_run_at *at,
                         const struct clew_path *path, uint32_t step)
{
        struct clew_path_step *steps;
        uint32_t n;

        if (step != at->speaker || clew_path_of_trace(at->trace, &run->arena, &steps, &n) < 0)
                return false;
        return clew_path_match(path, steps, n);
}

static bool values_match(struct clew_query_run *run, const struct clew_regex *regex,
                         const struct clew_values *v, bool negative,
                         struct clew_run_comparison *told)
{
        bool any = false;
        bool fit = false;

        for (uint32_t i = 0; i < v->n && !any; i++) {
                int r = 0;

                if (v->items[i].type != CLEW_TYPE_TEXT)
                        continue;
                fit = true;
                r = clew_regex_match(regex, v->items[i].text);
                run->limited += r < 0;
                any = r == 1;
        }
        told->fit += fit;
        if (!fit && v->n > 0) {
                told->misfit++;
                told->met = v->items[0].type;
        }
        return negative ? fit && !any : any;
}

static bool run_regex(struct clew_query_run *run, struct clew_run_at *at,
                      const struct clew_code_op *op, const struct clew_code_op *field,
                      const struct clew_values *left, uint32_t step)
{
        const struct clew_query *q = run->q;
        const struct clew_field_row *row = field ? q->fields[field->arg].row : NULL;
        bool negative = op->op == CLEW_OP_NOT_MATCH;

        if (row && clew_field_is_path(row))
                return step == at->speaker &&
                       path_matches(run, at, q->paths[op->arg], step) != negative;
        if (row && clew_field_is_text(row))
                return text_matches(run, at, q->regexes[op->arg], step) != negative;
        return values_match(run, q->regexes[op->arg], left, negative,
                            &run->comparisons[op->mismatch]);
}

static bool run_comparison(struct clew_query_run *run, const struct clew_code_op *op,
                           const struct clew_values *a, const struct clew_values *b)
{
        struct clew_run_comparison *told = &run->comparisons[op->mismatch];
        bool fit = false;
        bool is;

        if (op->arg) /* one side is the word nil */
                return (a->n == 0 && b->n == 0) == (op->op == CLEW_OP_EQ);
        is = clew_compare(op->op, a, b, &fit);
        told->fit += fit;
        if (!fit && a->n > 0 && b->n > 0) {
                told->misfit++;
                told->met = clew_literal_is_left(op) ? b->items[0].type : a->items[0].type;
        }
        return is;
}

static void note_type(struct clew_run_comparison *told, enum clew_takes want, enum clew_type type)
{
        if (want == CLEW_TAKES_BOOL ? type == CLEW_TYPE_BOOL : clew_type_is_number(type)) {
                told->fit++;
        } else {
                told->misfit++;
                told->met = type;
        }
}

static void read_field(struct clew_query_run *run, struct clew_run_at *at, uint32_t field,
                       uint32_t step, struct clew_values *out)
{
        const struct clew_field_ref *ref = &run->q->fields[field];

        *out = (struct clew_values){.arena = &run->scratch};
        clew_field_read(at, ref, step, out);
        if (clew_field_is_key(ref)) {
                run->tried[field]++;
                run->seen[field] += out->n > 0;
                if (ref->takes != CLEW_TAKES_ANY && out->n > 0)
                        note_type(&run->wanted[field], ref->takes, out->items[0].type);
        }
}

/* Leaves the result on the stack. */
static void run_expr(struct clew_query_run *run, struct clew_run_at *at, const struct clew_expr *e,
                     uint32_t step)
{
        const struct clew_query *q = run->q;
        struct clew_values *s = run->stack;
        const struct clew_code_op *field = NULL; /* pushed last */
        uint32_t n = 0;

        for (uint32_t i = e->first; i < e->first + e->n; i++) {
                const struct clew_code_op *op = &q->codes[i];

                switch (op->code) {
                case CLEW_CODE_LITERAL:
                        s[n] = (struct clew_values){.arena = &run->scratch};
                        if (q->literals[op->arg].type != CLEW_TYPE_NIL)
                                clew_values_add(&s[n], &q->literals[op->arg]);
                        n++;
                        break;
                case CLEW_CODE_FIELD:
                        field = op;
                        read_field(run, at, op->arg, step, &s[n++]);
                        break;
                case CLEW_CODE_SKIP:
                        if (op->op != CLEW_OP_NONE &&
                            is_true(&s[n - 1]) == (op->op == CLEW_OP_OR)) {
                                set_bool(&s[n - 1], op->op == CLEW_OP_OR, &run->scratch);
                                i = op->arg - 1;
                        }
                        break;
                case CLEW_CODE_REGEX:
                        set_bool(&s[n - 1], run_regex(run, at, op, field, &s[n - 1], step),
                                 &run->scratch);
                        break;
                case CLEW_CODE_UNARY:
                        if (op->op == CLEW_OP_NOT)
                                set_bool(&s[n - 1], !is_true(&s[n - 1]), &run->scratch);
                        else
                                calculate(op->op, &s[n - 1], NULL);
                        break;
                case CLEW_CODE_BINARY:
                        n--;
                        if (op->op >= CLEW_OP_ADD && op->op <= CLEW_OP_POW)
                                calculate(op->op, &s[n - 1], &s[n]);
                        else if (op->op == CLEW_OP_AND || op->op == CLEW_OP_OR)
                                set_bool(&s[n - 1], is_true(&s[n]), &run->scratch);
                        else
                                set_bool(&s[n - 1], run_comparison(run, op, &s[n - 1], &s[n]),
                                         &run->scratch);
                        break;
                }
        }
}

bool clew_holds(struct clew_query_run *run, struct clew_run_at *at, uint32_t expr, uint32_t step)
{
        const struct clew_expr *e = &run->q->exprs[expr];

        if (e->n == 0)
                return true;
        clew_arena_reset(&run->scratch);
        run_expr(run, at, e, step);
        return is_true(&run->stack[0]);
}

void clew_value_of(struct clew_query_run *run, struct clew_run_at *at, uint32_t expr, uint32_t step,
                   struct clew_values *ret)
{
        clew_arena_reset(&run->scratch);
        run_expr(run, at, &run->q->exprs[expr], step);
        *ret = run->stack[0];
}

/* ---- stages -----------------------------------------------------------------------------------
 */

struct evaluation {
        struct clew_query_run *run;
        struct clew_run_at at;
        struct clew_sets *stack;
        struct clew_sets inputs[CLEW_QUERY_DEPTH_MAX + 2];
        uint32_t n_stack;
        uint32_t n_inputs;
};

static int filter_set(struct evaluation *e, const struct clew_stage_op *op,
                      const struct clew_query_spanset *in, struct clew_query_spanset *ret)
{
        const struct clew_expr *expr = &e->run->q->exprs[op->arg];
        uint32_t *steps;
        uint32_t n = 0;

        if (expr->n == 0) {
                *ret = *in;
                return 0;
        }
        steps = clew_arena_alloc(&e->run->arena, ((size_t)in->n + 1) * sizeof(*steps));
        if (!steps)
                return -ENOMEM;
        if (!clew_charge(e->run, (uint64_t)in->n * expr->n))
                return -E2BIG;
        e->run->met.spans += in->n;
        for (uint32_t i = 0; i < in->n; i++) {
                if (clew_holds(e->run, &e->at, op->arg, in->steps[i]))
                        steps[n++] = in->steps[i];
        }
        *ret = (struct clew_query_spanset){.steps = steps, .n = n, .group = in->group};
        return e->run->overworked ? -E2BIG : 0;
}

static int push(struct evaluation *e, struct clew_sets sets)
{
        e->stack[e->n_stack++] = sets;
        return 0;
}

/* Room for @n sets. */
static struct clew_query_spanset *sets_of(struct evaluation *e, uint32_t n)
{
        return clew_arena_calloc(&e->run->arena, (size_t)n + 1, sizeof(struct clew_query_spanset));
}

static int run_filter(struct evaluation *e, const struct clew_stage_op *op,
                      const struct clew_sets *in)
{
        struct clew_sets out = {.items = sets_of(e, in->n)};

        if (!out.items)
                return -ENOMEM;
        for (uint32_t i = 0; i < in->n; i++) {
                int r = filter_set(e, op, &in->items[i], &out.items[out.n]);

                if (r < 0)
                        return r;
                out.n += out.items[out.n].n > 0;
        }
        return push(e, out);
}

/* The part of @sets that belongs to the group of @of. Operators work within each set of the input:
 * the sets of both sides carry its group. */
static int joined_part(struct evaluation *e, const struct clew_sets *sets,
                       const struct clew_query_spanset *of, struct clew_query_spanset *ret)
{
        struct clew_sets part = {.items = sets_of(e, sets->n)};
        const struct clew_sets none = {0};
        int r;

        if (!part.items)
                return -ENOMEM;
        for (uint32_t i = 0; i < sets->n; i++) {
                if (clew_slice_eq(sets->items[i].group, of->group))
                        part.items[part.n++] = sets->items[i];
        }
        if (part.n == 1) {
                *ret = part.items[0];
                return 0;
        }
        r = clew_unite(e->run, e->at.trace, &part, &none, ret);
        ret->group = of->group;
        return r;
}

static int combine_one(struct evaluation *e, enum clew_op op, const struct clew_query_spanset *a,
                       const struct clew_query_spanset *b, struct clew_query_spanset *ret)
{
        struct clew_query_spanset both[2] = {*a, *b};
        struct clew_sets all = {both, 2};
        const struct clew_sets none = {0};

        if (op != CLEW_OP_AND && op != CLEW_OP_OR)
                return clew_relate(e->run, e->at.trace, op, a, b, ret);
        if (op == CLEW_OP_AND && (a->n == 0 || b->n == 0)) {
                *ret = (struct clew_query_spanset){0};
                return 0;
        }
        return clew_unite(e->run, e->at.trace, &all, &none, ret);
}

static int run_combine(struct evaluation *e, enum clew_op op, const struct clew_sets *in)
{
        struct clew_sets right = e->stack[--e->n_stack];
        struct clew_sets left = e->stack[--e->n_stack];
        struct clew_sets out = {.items = sets_of(e, in->n)};

        if (!out.items)
                return -ENOMEM;
        if (!clew_charge(e->run, (uint64_t)in->n * (left.n + right.n)))
                return -E2BIG;
        for (uint32_t i = 0; i < in->n; i++) {
                struct clew_query_spanset a;
                struct clew_query_spanset b;
                int r = joined_part(e, &left, &in->items[i], &a);

                if (r == 0)
                        r = joined_part(e, &right, &in->items[i], &b);
                if (r == 0)
                        r = combine_one(e, op, &a, &b, &out.items[out.n]);
                if (r < 0)
                        return r;
                out.items[out.n].group = in->items[i].group;
                out.n += out.items[out.n].n > 0;
        }
        return push(e, out);
}

/* False when no span has a number. */
static bool aggregate(struct evaluation *e, const struct clew_stage_op *op,
                      const struct clew_query_spanset *set, double *ret)
{
        double sum = 0;
        double least = INFINITY;
        double most = -INFINITY;
        uint64_t n = 0;

        if (op->aggregate == CLEW_AGGREGATE_COUNT) {
                *ret = set->n;
                return true;
        }
        for (uint32_t i = 0; i < set->n; i++) {
                struct clew_values v;
                double number;

                clew_value_of(e->run, &e->at, op->arg, set->steps[i], &v);
                if (v.n == 0 || !clew_type_is_number(v.items[0].type))
                        continue;
                number = clew_operand_number(&v.items[0]);
                sum += number;
                least = number < least ? number : least;
                most = number > most ? number : most;
                n++;
        }
        *ret = op->aggregate == CLEW_AGGREGATE_MIN   ? least
               : op->aggregate == CLEW_AGGREGATE_MAX ? most
               : op->aggregate == CLEW_AGGREGATE_AVG ? sum / (n ? (double)n : 1)
                                                     : sum;
        return n > 0;
}

static int run_aggregate(struct evaluation *e, const struct clew_stage_op *op,
                         const struct clew_sets *in)
{
        struct clew_sets out = {.items = sets_of(e, in->n)};
        struct clew_operand wanted = e->run->q->literals[op->literal];
        struct clew_values right = {.items = &wanted, .n = 1};

        if (!out.items)
                return -ENOMEM;
        for (uint32_t i = 0; i < in->n; i++) {
                struct clew_operand got = {.type = CLEW_TYPE_FLOAT};
                struct clew_values left = {.items = &got, .n = 1};

                if (!clew_charge(e->run, in->items[i].n))
                        return -E2BIG;
                if (aggregate(e, op, &in->items[i], &got.number) &&
                    clew_compare(op->op, &left, &right, NULL))
                        out.items[out.n++] = in->items[i];
        }
        return push(e, out);
}

/* ---- groups -----------------------------------------------------------------------------------
 */

struct grouping {
        struct clew_query_spanset *sets;
        uint32_t n;
        uint32_t *table; /* of indices plus one */
        uint32_t mask;
        uint32_t *group_of; /* of each span */
};

static uint32_t find_group(struct grouping *g, struct clew_slice key)
{
        uint32_t at = (uint32_t)clew_hash(key) & g->mask;

        while (g->table[at] != 0) {
                uint32_t i = g->table[at] - 1;

                if (clew_slice_eq(g->sets[i].group, key))
                        return i;
                at = (at + 1) & g->mask;
        }
        g->sets[g->n] = (struct clew_query_spanset){.group = key};
        g->table[at] = ++g->n;
        return g->n - 1;
}

static int group_set(struct evaluation *e, const struct clew_stage_op *op,
                     const struct clew_query_spanset *in, struct grouping *g)
{
        struct clew_arena *arena = &e->run->arena;
        uint32_t *all = clew_arena_alloc(arena, ((size_t)in->n + 1) * sizeof(*all));
        uint32_t from = 0;

        g->sets = sets_of(e, in->n);
        g->group_of = clew_arena_calloc(arena, (size_t)in->n + 1, sizeof(*g->group_of));
        for (g->mask = 16; g->mask < 2 * in->n; g->mask *= 2)
                ;
        g->table = clew_arena_calloc(arena, g->mask, sizeof(*g->table));
        g->mask--;
        if (!all || !g->sets || !g->group_of || !g->table)
                return -ENOMEM;
        for (uint32_t i = 0; i < in->n; i++) {
                struct clew_values v;

                clew_value_of(e->run, &e->at, op->arg, in->steps[i], &v);
                g->group_of[i] = find_group(g, clew_group_text(&v, arena));
                g->sets[g->group_of[i]].n++;
        }
        for (uint32_t k = 0; k < g->n; k++) {
                g->sets[k].steps = all + from;
                from += g->sets[k].n;
                g->sets[k].n = 0;
        }
        for (uint32_t i = 0; i < in->n; i++) {
                struct clew_query_spanset *set = &g->sets[g->group_of[i]];

                all[(uint32_t)(set->steps - all) + set->n++] = in->steps[i];
        }
        return 0;
}

static int run_by(struct evaluation *e, const struct clew_stage_op *op, const struct clew_sets *in)
{
        struct clew_sets out = {0};
        uint64_t total = 0;

        for (uint32_t i = 0; i < in->n; i++)
                total += in->items[i].n;
        if (!clew_charge(e->run, 8 * total))
                return -E2BIG;
        out.items = sets_of(e, (uint32_t)total);
        if (!out.items)
                return -ENOMEM;
        for (uint32_t i = 0; i < in->n; i++) {
                struct grouping g = {0};
                int r = group_set(e, op, &in->items[i], &g);

                if (r < 0)
                        return r;
                for (uint32_t k = 0; k < g.n; k++) {
                        struct clew_slice parts[] = {in->items[i].group, CLEW_SLICE_LITERAL(", "),
                                                     g.sets[k].group};

                        if (in->items[i].group.len > 0)
                                g.sets[k].group = clew_arena_concat(&e->run->arena, parts, 3);
                        out.items[out.n++] = g.sets[k];
                }
        }
        return push(e, out);
}

static int run_coalesce(struct evaluation *e, const struct clew_sets *in)
{
        struct clew_sets out = {.items = sets_of(e, 1)};
        const struct clew_sets none = {0};
        int r;

        if (!out.items)
                return -ENOMEM;
        r = clew_unite(e->run, e->at.trace, in, &none, &out.items[0]);
        out.n = out.items[0].n > 0;
        return r < 0 ? r : push(e, out);
}

/* ---- the whole --------------------------------------------------------------------------------
 */

static int run_stage(struct evaluation *e, const struct clew_stage_op *op)
{
        struct clew_sets *in = &e->inputs[e->n_inputs - 1];

        switch (op->stage) {
        case CLEW_STAGE_ENTER:
                e->inputs[e->n_inputs++] = *in;
                return 0;
        case CLEW_STAGE_LEAVE:
                e->n_inputs--;
                return 0;
        case CLEW_STAGE_FILTER:
                return run_filter(e, op, in);
        case CLEW_STAGE_COMBINE:
                return run_combine(e, op->op, in);
        case CLEW_STAGE_PIPE:
                *in = e->stack[--e->n_stack];
                return 0;
        case CLEW_STAGE_AGGREGATE:
                return run_aggregate(e, op, in);
        case CLEW_STAGE_BY:
                return run_by(e, op, in);
        case CLEW_STAGE_COALESCE:
                return run_coalesce(e, in);
        case CLEW_STAGE_SELECT:
                return push(e, *in);
        }
        return -EINVAL;
}

/* All spans; a stand-in is none, but for one that speaks for the run. */
static int all_spans(struct evaluation *e, struct clew_query_spanset *ret)
{
        const struct clew_trace *t = e->at.trace;
        uint32_t *steps =
                clew_arena_alloc(&e->run->arena, ((size_t)t->n_steps + 1) * sizeof(*steps));
        uint32_t n = 0;

        if (!steps)
                return -ENOMEM;
        for (uint32_t i = 0; i < t->n_steps; i++) {
                if (i == e->at.speaker || !clew_step_is(&t->steps[i], CLEW_STEP_STANDIN))
                        steps[n++] = i;
        }
        *ret = (struct clew_query_spanset){.steps = steps, .n = n};
        return 0;
}

/* A trace of log records alone has one step that carries the facts of the run. */
static int without_spans(struct clew_query_run *run, struct clew_trace *trace)
{
        if (trace->n_steps > 0)
                return 0;
        trace->steps = clew_arena_calloc(&run->arena, 1, sizeof(*trace->steps));
        if (!trace->steps)
                return -ENOMEM;
        trace->n_steps = 1;
        trace->root = 0;
        trace->steps[0].parent = trace->steps[0].agent = CLEW_STEP_NONE;
        trace->steps[0].first_child = trace->steps[0].next_sibling = CLEW_STEP_NONE;
        trace->steps[0].caller = CLEW_STEP_NONE;
        return 0;
}

static int evaluate(struct clew_query_run *run, const struct clew_query_facts *facts,
                    struct clew_trace *trace, struct clew_query_result *ret)
{
        struct evaluation e = {
                .run = run,
                .at = {.trace = trace, .facts = facts, .arena = &run->arena, .speaker = 0},
                .n_inputs = 1};
        struct clew_sets *result;
        int r;

        e.at.speaker = clew_speaker_of(trace);
        e.stack = clew_arena_calloc(&run->arena, run->q->stage_stack + 1u, sizeof(*e.stack));
        e.inputs[0] = (struct clew_sets){.items = sets_of(&e, 1), .n = 1};
        if (!e.stack || !e.inputs[0].items)
                return -ENOMEM;
        r = all_spans(&e, &e.inputs[0].items[0]);
        for (uint32_t i = 0; r == 0 && i < run->q->n_stages; i++)
                r = run_stage(&e, &run->q->stages[i]);
        if (r < 0)
                return r;
        result = e.n_stack > 0 ? &e.stack[0] : &e.inputs[1];
        run->at = e.at;
        *ret = (struct clew_query_result){trace, result->items, result->n};
        run->met.matched += result->n > 0;
        return clew_arena_failed(&run->arena) || clew_arena_failed(&run->scratch) ? -ENOMEM
                                                                                  : result->n > 0;
}

uint32_t clew_query_speaker(const struct clew_query_run *run)
{
        return run->at.speaker;
}

struct clew_slice clew_query_selected(struct clew_query_run *run, uint32_t step, uint32_t i,
                                      struct clew_arena *arena)
{
        const struct clew_query *q = run->q;
        struct clew_values v = {.arena = &run->scratch};
        uint32_t at = q->n_stages;

        while (at > 0 && q->stages[at - 1].stage != CLEW_STAGE_SELECT)
                at--;
        if (at == 0 || i >= q->stages[at - 1].n)
                return CLEW_SLICE_NULL;
        clew_arena_reset(&run->scratch);
        read_field(run, &run->at, q->stages[at - 1].arg + i, step, &v);
        return v.n > 0 ? clew_group_text(&v, arena) : CLEW_SLICE_NULL;
}

int clew_query_evaluate(struct clew_query_run *run, const struct clew_query_facts *facts,
                        struct clew_slice traces, struct clew_slice logs,
                        struct clew_query_result *ret)
{
        struct clew_trace_options options;
        struct clew_trace *trace = NULL;
        int r;

        *ret = (struct clew_query_result){0};
        run->at.trace = NULL;
        run->met.opened++;
        run->met.opened_bytes += traces.len + logs.len;
        run->work = 0;
        run->overworked = false;
        clew_look_at_bytes(run, traces, logs);
        if (run->met.opened <= CLEW_RUN_KEY_TRACES_MAX)
                clew_collect_keys(run, traces);
        run->has_bytes = true;
        r = clew_query_judge(run, facts) == CLEW_NO;
        run->has_bytes = false;
        if (r) {
                run->met.no_text++;
                return 0;
        }
        clew_arena_reset(&run->arena);
        clew_arena_reset(&run->scratch);
        options = run->options;
        options.joined = facts->joined;
        r = clew_trace_build(traces, logs, &options, &run->arena, &trace);
        if (r == 0)
                r = without_spans(run, trace);
        return r < 0 ? r : evaluate(run, facts, trace, ret);
}
