/*
 * Which traces of a run a query can select: the judge (language/judge.c) over sets of traces.
 *
 * For each condition six sets are kept: where the span that speaks for the run may meet it, and
 * surely does; where some span may, and does; where some span may fail it, and does. They follow
 * `&&`, `||` and `!` as three values would. At the end, what may meet the query is looked at.
 */
#include "query/find/index/choose-int.h"

#include "proto/base/mem.h"
#include "query/find/index/facet-int.h"
#include "query/find/index/path-index-int.h"
#include "query/find/index/said-int.h"
#include "query/find/index/term-int.h"
#include "query/find/language/regex-int.h"
#include "query/find/language/run-int.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* Sets of one run that a query may take; one with more conditions is put to all traces. */
#define SETS_BYTES_MAX ((size_t)48 << 20)

struct truth {
        struct clew_bounds speaker;
        struct clew_bounds any;  /* holds for some span */
        struct clew_bounds none; /* fails for some span */
};

enum { SPEAKER, ANY, NONE, PARTS };

struct judged {
        bool is_truth;
        struct truth truth;
        const struct clew_code_op *op; /* an operand */
};

/* ---- sets ------------------------------------------------------------------------------------ */

static bool is_number(const struct clew_operand *v)
{
        return clew_type_is_number(v->type);
}

static struct clew_bounds unknown(struct clew_index_choice *c)
{
        struct clew_bounds b = {clew_choice_set(c), clew_choice_set(c)};

        clew_index_set_fill(&b.may);
        return b;
}

static struct truth unknown_truth(struct clew_index_choice *c)
{
        return (struct truth){unknown(c), unknown(c), unknown(c)};
}

static void swap(struct clew_index_set *a, struct clew_index_set *b)
{
        struct clew_index_set t = *a;

        *a = *b;
        *b = t;
}

static void not_bounds(struct clew_bounds *b)
{
        clew_index_set_invert(&b->may);
        clew_index_set_invert(&b->does);
        swap(&b->may, &b->does);
}

static void not_truth(struct truth *t)
{
        struct clew_bounds any = t->any;

        not_bounds(&t->speaker);
        t->any = t->none;
        t->none = any;
}

static void intersect(struct clew_bounds *a, const struct clew_bounds *b)
{
        clew_index_set_and(&a->may, &b->may);
        clew_index_set_and(&a->does, &b->does);
}

static void unite(struct clew_bounds *a, const struct clew_bounds *b)
{
        clew_index_set_or(&a->may, &b->may);
        clew_index_set_or(&a->does, &b->does);
}

/* a && b into @a: as and_of() of the judge. */
static void and_truth(struct clew_index_choice *c, struct truth *a, const struct truth *b)
{
        struct clew_index_set sure = clew_choice_set(c);
        struct clew_index_set t = clew_choice_set(c);

        if (c->error)
                return;
        clew_choice_copy(&t, &a->none.may); /* where a holds for every span: b decides */
        clew_index_set_invert(&t);
        clew_index_set_and(&t, &b->any.does);
        clew_index_set_or(&sure, &t);
        clew_choice_copy(&t, &b->none.may);
        clew_index_set_invert(&t);
        clew_index_set_and(&t, &a->any.does);
        clew_index_set_or(&sure, &t);
        intersect(&a->speaker, &b->speaker);
        clew_index_set_or(&sure, &a->speaker.does);
        clew_index_set_and(&a->any.may, &b->any.may);
        clew_index_set_and(&sure, &a->any.may);
        clew_choice_copy(&a->any.does, &sure);
        unite(&a->none, &b->none);
}

static void or_truth(struct clew_index_choice *c, struct truth *a, struct truth *b)
{
        not_truth(a);
        not_truth(b);
        and_truth(c, a, b);
        not_truth(a);
}

static void forget_sure(struct clew_index_set *does)
{
        memset(does->words, 0, clew_index_set_words(does) * sizeof(*does->words));
}

/* ---- one condition ----------------------------------------------------------------------------
 */

/* Some span has it where @h says; nobody knows which. */
static struct truth on_some_span(struct clew_index_choice *c, const struct clew_hits *h)
{
        struct truth t = unknown_truth(c);

        if (c->error)
                return t;
        clew_choice_copy(&t.any.may, &h->b.may);
        clew_choice_copy(&t.any.does, &h->b.does);
        clew_choice_copy(&t.speaker.may, &h->b.may);
        clew_choice_copy(&t.none.does, &h->b.may); /* where none has it, each fails */
        clew_index_set_invert(&t.none.does);
        return t;
}

/* The span that speaks for the run has it, or every span. */
static struct truth on_the_run(struct clew_index_choice *c, const struct clew_hits *h, bool every)
{
        struct truth t = on_some_span(c, h);

        if (c->error)
                return t;
        clew_choice_copy(&t.speaker.does, &h->b.does);
        if (every) {
                clew_choice_copy(&t.none.may, &h->b.does);
                clew_index_set_invert(&t.none.may);
        }
        return t;
}

/* Whether a run is over is a matter of time: its outcome is as good as unknown. */
static void forget_open(struct clew_index_choice *c, struct clew_hits *h)
{
        struct clew_index_set open = clew_choice_set(c);
        struct clew_index_facet f;
        bool exact;

        if (c->error)
                return;
        (void)clew_facet_begin(&f, CLEW_FACET_DERIVED, CLEW_SLICE_LITERAL("span.clew.outcome"));
        clew_facet_text(&f, CLEW_SLICE_LITERAL("open"), &exact);
        clew_choice_find(c, &f, &open);
        clew_index_set_or(&h->b.may, &open);
        clew_index_set_invert(&open);
        clew_index_set_and(&h->b.does, &open);
}

static struct truth with_hits(struct clew_index_choice *c, const struct clew_field_ref *ref,
                              const struct clew_want *want)
{
        struct clew_hits h = clew_choice_hits(c, ref, want);
        enum clew_cover cover = ref->row ? ref->row->cover : CLEW_COVER_NONE;

        if (!h.known || c->error)
                return unknown_truth(c);
        if (ref->row && strcmp(ref->row->name, "span.clew.outcome") == 0 &&
            want->what != CLEW_WANT_SOME)
                forget_open(c, &h);
        if (cover == CLEW_COVER_ALL)
                return on_the_run(c, &h, true);
        return cover == CLEW_COVER_RUN ? on_the_run(c, &h, false) : on_some_span(c, &h);
}

static bool compares(enum clew_op op, uint64_t a, double b)
{
        switch ((int)op) {
        case CLEW_OP_EQ:
                return (double)a == b;
        case CLEW_OP_LT:
                return (double)a < b;
        case CLEW_OP_LE:
                return (double)a <= b;
        case CLEW_OP_GT:
                return (double)a > b;
        case CLEW_OP_GE:
                return (double)a >= b;
        default:
                return false;
        }
}

/* Numbers beyond this are not exact as doubles: then nothing is said. */
#define EXACT_MAX (UINT64_C(1) << 53)

static struct truth with_numbers(struct clew_index_choice *c, const struct clew_field_ref *ref,
                                 unsigned column, enum clew_op op, const struct clew_operand *v)
{
        struct clew_hits h = {{clew_choice_set(c), clew_choice_set(c)}, true};
        double want = clew_operand_number(v);
        uint32_t n = clew_index_run_traces(c->run);
        uint64_t rows[1024];

        for (uint32_t from = 0; !c->error && from < n; from += 1024) {
                uint32_t here = n - from < 1024 ? n - from : 1024;
                int r = clew_index_numbers(c->run, column, from, here, rows, c->err);

                if (r < 0)
                        c->error = r;
                for (uint32_t i = 0; r == 0 && i < here; i++) {
                        if (rows[i] > EXACT_MAX)
                                clew_index_set_add(&h.b.may, from + i);
                        else if (compares(op, rows[i], want))
                                clew_index_set_add(&h.b.does, from + i);
                }
        }
        if (c->error)
                return unknown_truth(c);
        clew_index_set_or(&h.b.may, &h.b.does);
        return on_the_run(c, &h, ref->row->cover == CLEW_COVER_ALL);
}

static enum clew_op mirrored(enum clew_op op)
{
        switch ((int)op) {
        case CLEW_OP_LT:
                return CLEW_OP_GT;
        case CLEW_OP_LE:
                return CLEW_OP_GE;
        case CLEW_OP_GT:
                return CLEW_OP_LT;
        case CLEW_OP_GE:
                return CLEW_OP_LE;
        default:
                return op;
        }
}

/* Where some span has the name. */
static struct truth with_name(struct clew_index_choice *c, const struct clew_field_ref *ref)
{
        struct clew_want some = {.what = CLEW_WANT_SOME};
        struct clew_hits h = clew_choice_hits(c, ref, &some);

        if (!h.known || c->error)
                return unknown_truth(c);
        forget_sure(&h.b.does);
        return on_some_span(c, &h);
}

/* Fields of which each span has one value, and a facet of it. */
static bool has_one_value(const struct clew_field_ref *ref)
{
        static const char *const names[] = {"status", "kind", "span.clew.kind", "span.clew.error"};

        for (size_t i = 0; ref->row && !ref->of_parent && i < CLEW_ARRAY_LEN(names); i++) {
                if (strcmp(ref->row->name, names[i]) == 0)
                        return true;
        }
        return false;
}

/* What is not said of equality is said of the name: without it nothing compares. Of a field that
 * each span has one value of, `!=` is the contrary of `=`. */
static struct truth with_other(struct clew_index_choice *c, const struct clew_field_ref *ref,
                               enum clew_op op, const struct clew_operand *v)
{
        const struct clew_want want = {.what = CLEW_WANT_EQUAL, .value = v};
        struct truth t;

        if (op != CLEW_OP_NE || !has_one_value(ref) || v->type != ref->row->type)
                return with_name(c, ref);
        t = with_hits(c, ref, &want);
        if (!c->error)
                not_truth(&t);
        return t;
}

/* Labels, and scores: what people said, and of scores what spans carry too. */
static struct truth with_said(struct clew_index_choice *c, const struct clew_field_ref *ref,
                              const struct clew_said_condition *condition)
{
        const struct clew_want some = {.what = CLEW_WANT_SOME};
        struct clew_hits h = {{clew_choice_set(c), clew_choice_set(c)}, true};
        struct truth t;
        int r;

        if (c->error || !clew_said_knows(c->said, ref->row) || ref->of_parent)
                return unknown_truth(c);
        if (!clew_said_is_label(ref->row)) {
                h = clew_choice_hits(c, ref, &some);
                forget_sure(&h.b.does);
        }
        r = c->error ? c->error
                     : clew_said_find(c->said, c->run, condition, &h.b.may, &h.b.does, c->err);
        if (r < 0)
                c->error = r;
        if (c->error || !h.known)
                return unknown_truth(c);
        t = clew_said_is_label(ref->row) ? on_the_run(c, &h, false) : on_some_span(c, &h);
        if (condition->value && condition->value->type == CLEW_TYPE_NIL &&
            condition->op == CLEW_OP_EQ && !c->error)
                not_truth(&t);
        return t;
}

static struct truth compare_field(struct clew_index_choice *c, const struct clew_field_ref *ref,
                                  enum clew_op op, const struct clew_operand *v)
{
        struct clew_want want = {.what = CLEW_WANT_EQUAL, .value = v};
        unsigned column;

        if (ref->row && clew_said_tells(ref->row))
                return with_said(
                        c, ref,
                        &(struct clew_said_condition){.score = ref->name, .op = op, .value = v});
        if (v->type == CLEW_TYPE_NIL) {
                struct truth t;

                want.what = CLEW_WANT_SOME;
                t = with_hits(c, ref, &want);
                if (op == CLEW_OP_EQ && !c->error)
                        not_truth(&t);
                return op == CLEW_OP_EQ || op == CLEW_OP_NE ? t : unknown_truth(c);
        }
        if (ref->row && clew_column_of(ref->row, &column))
                return is_number(v) && op != CLEW_OP_NE && !ref->of_parent &&
                                       fabs(clew_operand_number(v)) < (double)EXACT_MAX
                               ? with_numbers(c, ref, column, op, v)
                               : unknown_truth(c);
        if (op == CLEW_OP_EQ && v->type != CLEW_TYPE_OTHER)
                return with_hits(c, ref, &want);
        if (is_number(v) && (!ref->row || clew_facet_number_of(ref->row))) {
                want.what = CLEW_WANT_NUMBER;
                want.op = op;
                return with_hits(c, ref, &want);
        }
        return with_other(c, ref, op, v);
}

/* `= true` of a field that stands alone. */
static struct truth truth_of(struct clew_index_choice *c, const struct clew_query *q,
                             const struct judged *j)
{
        static const struct clew_operand yes = {.type = CLEW_TYPE_BOOL, .boolean = true};

        if (j->is_truth)
                return j->truth;
        if (!j->op || j->op->code != CLEW_CODE_FIELD)
                return unknown_truth(c);
        return compare_field(c, &q->fields[j->op->arg], CLEW_OP_EQ, &yes);
}

static struct truth compare(struct clew_index_choice *c, const struct clew_query *q,
                            enum clew_op op, const struct judged *a, const struct judged *b)
{
        if (!a->op || !b->op)
                return unknown_truth(c);
        if (a->op->code == CLEW_CODE_FIELD && b->op->code == CLEW_CODE_LITERAL)
                return compare_field(c, &q->fields[a->op->arg], op, &q->literals[b->op->arg]);
        if (a->op->code == CLEW_CODE_LITERAL && b->op->code == CLEW_CODE_FIELD)
                return compare_field(c, &q->fields[b->op->arg], mirrored(op),
                                     &q->literals[a->op->arg]);
        return unknown_truth(c);
}

/* Where a text of some span may match. */
static struct truth with_text(struct clew_index_choice *c, const struct clew_regex *regex)
{
        struct clew_hits h = {{clew_choice_set(c), clew_choice_set(c)}, true};
        int r = c->error ? c->error : clew_terms_choose(c->run, regex, &h.b.may, c->err);

        if (r < 0)
                c->error = r;
        return r == 1 ? on_some_span(c, &h) : unknown_truth(c);
}

/* Of the span that speaks for the run alone a step pattern can be true, and so can its contrary. */
static struct truth with_path(struct clew_index_choice *c, const struct clew_path *path, bool fits)
{
        struct clew_index_set match = clew_choice_set(c);
        struct clew_index_set miss = clew_choice_set(c);
        struct clew_hits h = {.known = true};
        int r = c->error ? c->error
                         : clew_path_index_choose(c->run, path, &c->arena, &match, &miss, c->err);

        if (r < 0)
                c->error = r;
        if (r != 1)
                return unknown_truth(c);
        h.b.does = fits ? match : miss;
        h.b.may = fits ? miss : match;
        clew_index_set_invert(&h.b.may); /* all but those of which the row says no */
        return on_the_run(c, &h, false);
}

static struct truth match(struct clew_index_choice *c, const struct clew_query *q,
                          const struct clew_code_op *op, const struct judged *left)
{
        const struct clew_regex *regex = q->regexes[op->arg];
        const struct clew_field_ref *ref;
        struct clew_operand text = {.type = CLEW_TYPE_TEXT};
        struct clew_want want = {.what = CLEW_WANT_EQUAL, .value = &text};

        if (!left->op || left->op->code != CLEW_CODE_FIELD)
                return unknown_truth(c);
        ref = &q->fields[left->op->arg];
        if (ref->row && clew_field_is_text(ref->row))
                return op->op == CLEW_OP_MATCH && regex ? with_text(c, regex) : unknown_truth(c);
        if (ref->row && clew_field_is_path(ref->row))
                return with_path(c, q->paths[op->arg], op->op == CLEW_OP_MATCH);
        if (ref->row && clew_said_tells(ref->row))
                return regex ? with_said(c, ref,
                                         &(struct clew_said_condition){
                                                 .score = ref->name, .op = op->op, .regex = regex})
                             : unknown_truth(c);
        if (op->op != CLEW_OP_MATCH || !regex || clew_regex_ignores_case(regex))
                return with_name(c, ref);
        switch (clew_regex_shape(regex)) {
        case CLEW_REGEX_EXACT:
                text.text = clew_regex_literal(regex);
                return with_hits(c, ref, &want);
        case CLEW_REGEX_PREFIX:
                want.what = CLEW_WANT_PREFIX;
                want.prefix = clew_regex_literal(regex);
                return with_hits(c, ref, &want);
        case CLEW_REGEX_CONTAINS:
        case CLEW_REGEX_ANY:
        case CLEW_REGEX_PATTERN:
                break;
        }
        return with_name(c, ref);
}

/* ---- conditions and stages --------------------------------------------------------------------
 */

static struct truth always(struct clew_index_choice *c)
{
        struct truth t = unknown_truth(c);

        if (c->error)
                return t;
        clew_index_set_fill(&t.speaker.does);
        clew_index_set_fill(&t.any.does);
        clew_index_set_invert(&t.none.may);
        return t;
}

static void run_binary(struct clew_index_choice *c, const struct clew_query *q,
                       const struct clew_code_op *op, struct judged *a, const struct judged *b,
                       struct judged *ret)
{
        if (op->op == CLEW_OP_AND || op->op == CLEW_OP_OR) {
                struct truth left = truth_of(c, q, a);
                struct truth right = truth_of(c, q, b);

                if (!c->error && op->op == CLEW_OP_AND)
                        and_truth(c, &left, &right);
                else if (!c->error)
                        or_truth(c, &left, &right);
                *ret = (struct judged){.is_truth = true, .truth = left};
        } else if (op->op >= CLEW_OP_ADD && op->op <= CLEW_OP_POW) {
                *ret = (struct judged){0};
        } else {
                *ret = (struct judged){.is_truth = true, .truth = compare(c, q, op->op, a, b)};
        }
}

/* Where some span meets the condition. */
static struct clew_bounds choose_expr(struct clew_index_choice *c, const struct clew_query *q,
                                      uint32_t index, struct judged *stack)
{
        const struct clew_expr *e = &q->exprs[index];
        uint32_t n = 0;

        if (e->n == 0)
                return always(c).any;
        for (uint32_t i = e->first; !c->error && i < e->first + e->n; i++) {
                const struct clew_code_op *op = &q->codes[i];
                struct judged j = {.op = op};

                switch (op->code) {
                case CLEW_CODE_SKIP:
                        continue;
                case CLEW_CODE_LITERAL:
                case CLEW_CODE_FIELD:
                        break;
                case CLEW_CODE_REGEX:
                        n--;
                        j = (struct judged){.is_truth = true, .truth = match(c, q, op, &stack[n])};
                        break;
                case CLEW_CODE_UNARY:
                        n--;
                        j = (struct judged){.is_truth = op->op == CLEW_OP_NOT};
                        if (j.is_truth) {
                                j.truth = truth_of(c, q, &stack[n]);
                                if (!c->error)
                                        not_truth(&j.truth);
                        }
                        break;
                case CLEW_CODE_BINARY:
                        n -= 2;
                        run_binary(c, q, op, &stack[n], &stack[n + 1], &j);
                        break;
                }
                stack[n++] = j;
        }
        return c->error ? unknown(c) : truth_of(c, q, &stack[0]).any;
}

/* As combine() of the judge. */
static void combine(enum clew_op op, struct clew_bounds *left, struct clew_bounds *right)
{
        switch ((int)op) {
        case CLEW_OP_AND:
                intersect(left, right);
                return;
        case CLEW_OP_OR:
                unite(left, right);
                return;
        case CLEW_OP_NOT_MATCH:
        case CLEW_OP_NOT_CHILD:
        case CLEW_OP_NOT_DESCENDANT:
        case CLEW_OP_NOT_PARENT:
        case CLEW_OP_NOT_ANCESTOR:
                swap(&left->may, &right->may);
                break;
        default:
                clew_index_set_and(&left->may, &right->may);
                break;
        }
        forget_sure(&left->does);
}

struct choosing {
        struct clew_bounds sets[CLEW_QUERY_DEPTH_MAX * 4];
        struct {
                struct clew_bounds set;
                bool is_all;
        } inputs[CLEW_QUERY_DEPTH_MAX + 2];
        uint32_t n_sets;
        uint32_t n_inputs;
};

static struct clew_bounds copy_of(struct clew_index_choice *c, const struct clew_bounds *from)
{
        struct clew_bounds b = {clew_choice_set(c), clew_choice_set(c)};

        if (!c->error) {
                clew_choice_copy(&b.may, &from->may);
                clew_choice_copy(&b.does, &from->does);
        }
        return b;
}

static void filter(struct clew_index_choice *c, const struct clew_query *q,
                   const struct clew_stage_op *op, struct choosing *k, struct judged *stack)
{
        struct clew_bounds v = choose_expr(c, q, op->arg, stack);
        uint32_t top = k->n_inputs - 1;

        clew_choice_ask_steps(c, q, op->arg, &v);
        if (c->error)
                return;
        if (!k->inputs[top].is_all) {
                if (q->exprs[op->arg].n == 0) {
                        v = copy_of(c, &k->inputs[top].set);
                } else {
                        clew_index_set_and(&v.may, &k->inputs[top].set.may);
                        forget_sure(&v.does);
                }
        }
        k->sets[k->n_sets++] = v;
}

static void choose_stage(struct clew_index_choice *c, const struct clew_query *q,
                         const struct clew_stage_op *op, struct choosing *k, struct judged *stack)
{
        uint32_t top = k->n_inputs - 1;
        struct clew_bounds b;

        switch (op->stage) {
        case CLEW_STAGE_ENTER:
                k->inputs[k->n_inputs] = k->inputs[top];
                k->n_inputs++;
                break;
        case CLEW_STAGE_LEAVE:
                k->n_inputs--;
                break;
        case CLEW_STAGE_FILTER:
                filter(c, q, op, k, stack);
                break;
        case CLEW_STAGE_COMBINE:
                k->n_sets--;
                combine(op->op, &k->sets[k->n_sets - 1], &k->sets[k->n_sets]);
                break;
        case CLEW_STAGE_PIPE:
                k->inputs[top].set = k->sets[--k->n_sets];
                k->inputs[top].is_all = false;
                break;
        case CLEW_STAGE_AGGREGATE:
        case CLEW_STAGE_BY:
        case CLEW_STAGE_COALESCE:
        case CLEW_STAGE_SELECT:
                b = copy_of(c, &k->inputs[top].set);
                if (!c->error && op->stage == CLEW_STAGE_AGGREGATE)
                        forget_sure(&b.does);
                k->sets[k->n_sets++] = b;
                break;
        }
}

static bool is_too_large(const struct clew_index_choice *c, const struct clew_query *q)
{
        size_t words = (clew_index_run_traces(c->run) + 63) / 64;

        return q->stage_stack > CLEW_QUERY_DEPTH_MAX * 4 ||
               (4 * (size_t)q->n_codes + 16 * (size_t)q->n_stages + 16) * words * 8 >
                       SETS_BYTES_MAX;
}

/* Where the query may be met. */
static struct clew_bounds choose_query(struct clew_index_choice *c, const struct clew_query *q)
{
        struct choosing *k;
        struct judged *stack;

        if (is_too_large(c, q))
                return unknown(c);
        k = clew_arena_calloc(&c->arena, 1, sizeof(*k));
        stack = clew_arena_calloc(&c->arena, q->code_stack + 1u, sizeof(*stack));
        if (!k || !stack) {
                c->error = -ENOMEM;
                return unknown(c);
        }
        k->n_inputs = 1;
        k->inputs[0].set = always(c).any;
        k->inputs[0].is_all = true;
        for (uint32_t i = 0; !c->error && i < q->n_stages; i++)
                choose_stage(c, q, &q->stages[i], k, stack);
        if (c->error)
                return unknown(c);
        return k->n_sets > 0 ? k->sets[0] : k->inputs[1].set;
}

static int choose(void *context, struct clew_index_run *run, struct clew_index_set *ret,
                  struct clew_index_set *sure, struct clew_error *err)
{
        struct clew_index_choice *c = context;
        struct clew_index_set special;

        c->run = run;
        c->err = err;
        c->error = 0;
        clew_arena_reset(&c->arena);
        clew_index_set_fill(ret);
        clew_index_set_fill(sure);
        for (uint32_t i = 0; c->error == 0 && i < c->n; i++) {
                struct clew_bounds b = choose_query(c, c->queries[i]);

                if (c->error == 0) {
                        clew_index_set_and(ret, &b.may);
                        clew_index_set_and(sure, &b.does);
                }
        }
        special = clew_choice_set(c);
        if (c->error == 0) {
                int r = clew_index_find(run, CLEW_INDEX_FACET, CLEW_FACET_SPECIAL, &special, err);

                c->error = r < 0 ? r : 0;
        }
        if (c->error == 0) {
                clew_index_set_or(ret, &special);
                clew_index_set_invert(&special);
                clew_index_set_and(sure, &special);
        } else if (c->error == -ENOMEM)
                clew_error_set(err, -ENOMEM, 0, "the query needs more memory than there is");
        return c->error;
}

/* Adds the traces that have an attribute which a query names. */
static int choose_names(void *context, struct clew_index_run *run, struct clew_index_set *ret,
                        struct clew_index_set *sure, struct clew_error *err)
{
        struct clew_index_choice *c = context;
        const struct clew_want some = {.what = CLEW_WANT_SOME};

        (void)sure;

        c->run = run;
        c->err = err;
        c->error = 0;
        clew_arena_reset(&c->arena);
        for (uint32_t i = 0; i < c->n; i++) {
                const struct clew_query *q = c->queries[i];

                for (uint32_t k = 0; c->error == 0 && k < q->n_fields; k++) {
                        struct clew_hits h;

                        if (!clew_field_is_key(&q->fields[k]))
                                continue;
                        h = clew_choice_hits(c, &q->fields[k], &some);
                        if (c->error == 0)
                                clew_index_set_or(ret, &h.b.may);
                }
        }
        return c->error;
}

struct clew_index_choice *clew_index_choice_new(const struct clew_query *const *queries, uint32_t n)
{
        struct clew_index_choice *c = clew_calloc(1, sizeof(*c));

        if (!c)
                return NULL;
        c->queries = queries;
        c->n = n;
        c->chooser = (struct clew_index_chooser){
                .version = clew_index_version(), .choose = choose, .context = c};
        c->names = c->chooser;
        c->names.choose = choose_names;
        clew_arena_init(&c->arena, 2 * SETS_BYTES_MAX);
        return c;
}

void clew_index_choice_free(struct clew_index_choice *c)
{
        if (!c)
                return;
        clew_said_free(c->said);
        clew_arena_deinit(&c->arena);
        clew_free(c);
}

bool clew_index_choice_asks_said(const struct clew_index_choice *c)
{
        for (uint32_t i = 0; i < c->n; i++) {
                for (uint32_t k = 0; k < c->queries[i]->n_fields; k++) {
                        const struct clew_field_row *row = c->queries[i]->fields[k].row;

                        if (row && clew_said_tells(row))
                                return true;
                }
        }
        return false;
}

void clew_index_choice_set_said(struct clew_index_choice *c, struct clew_view *view,
                                const struct clew_said_source *source,
                                const struct clew_trace_id *aimed, uint32_t n_aimed)
{
        c->said = clew_said_new(view, source, aimed, n_aimed);
}

bool clew_index_choice_narrows(const struct clew_index_choice *c)
{
        for (uint32_t i = 0; i < c->n; i++) {
                if (clew_query_is_condition(c->queries[i]))
                        return true;
        }
        return false;
}

const struct clew_index_chooser *clew_index_choice_of_names(struct clew_index_choice *c)
{
        return &c->names;
}

const struct clew_index_chooser *clew_index_choice_chooser(struct clew_index_choice *c,
                                                           uint64_t since_ns, bool light)
{
        c->chooser.since_ns = since_ns;
        c->chooser.light = light;
        return &c->chooser;
}

void clew_index_choice_set_taker(struct clew_index_choice *c, const struct clew_index_taker *taker)
{
        c->chooser.taker = taker;
}
