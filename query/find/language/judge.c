/*
 * What a summary tells of a query before any span is read: no, yes, or maybe.
 *
 * For each condition three things are kept: whether the span that speaks for the run meets it,
 * whether any span does, and whether any span does not. They follow `&&`, `||` and `!` exactly as
 * far as three values can, and never claim what they do not know: "maybe" opens the trace.
 */
#include "query/find/language/run-int.h"

#include "query/find/language/regex-int.h"

#include <string.h>

struct truth {
        enum clew_verdict3 speaker;
        enum clew_verdict3 any;  /* holds for some span */
        enum clew_verdict3 none; /* fails for some span */
};

struct judged {
        bool is_truth;
        struct truth truth;
        struct clew_values values;
        enum clew_cover cover;
        bool whole; /* nothing of `values` is missing or cut */
};

static const struct truth unknown = {CLEW_MAYBE, CLEW_MAYBE, CLEW_MAYBE};

static enum clew_verdict3 verdict(bool is)
{
        return is ? CLEW_YES : CLEW_NO;
}

static enum clew_verdict3 both(enum clew_verdict3 a, enum clew_verdict3 b)
{
        return a < b ? a : b;
}

static enum clew_verdict3 either(enum clew_verdict3 a, enum clew_verdict3 b)
{
        return a > b ? a : b;
}

static struct truth not_of(struct truth t)
{
        return (struct truth){(enum clew_verdict3)(CLEW_YES - t.speaker), t.none, t.any};
}

static struct truth and_of(struct truth a, struct truth b)
{
        struct truth t = {both(a.speaker, b.speaker), CLEW_MAYBE, either(a.none, b.none)};

        if (a.any == CLEW_NO || b.any == CLEW_NO)
                t.any = CLEW_NO;
        else if (t.speaker == CLEW_YES)
                t.any = CLEW_YES;
        else if (a.none == CLEW_NO)
                t.any = b.any; /* a holds for every span */
        else if (b.none == CLEW_NO)
                t.any = a.any;
        return t;
}

static struct truth or_of(struct truth a, struct truth b)
{
        return not_of(and_of(not_of(a), not_of(b)));
}

/* ---- one comparison ---------------------------------------------------------------------------
 */

static bool is_negative(enum clew_op op)
{
        return op == CLEW_OP_NE || op == CLEW_OP_NOT_MATCH;
}

struct comparison {
        struct clew_query_run *run;
        const struct clew_query_facts *facts;
        enum clew_op op;
        const struct clew_regex *regex; /* instead of `right` */
        const struct clew_values *right;
        bool is_nil;
};

static bool compare(const struct comparison *c, const struct clew_values *left)
{
        bool any = false;

        if (c->is_nil)
                return (left->n == 0) == (c->op == CLEW_OP_EQ);
        if (!c->regex)
                return clew_compare(c->op, left, c->right, NULL);
        for (uint32_t i = 0; i < left->n && !any; i++)
                any = left->items[i].type == CLEW_TYPE_TEXT &&
                      clew_regex_match(c->regex, left->items[i].text) == 1;
        return left->n > 0 && any != (c->op == CLEW_OP_NOT_MATCH);
}

/* Each span has one of the values at most (ANY), or some of them (MANY). */
static struct truth among(const struct comparison *c, const struct judged *left)
{
        struct truth t = unknown;
        bool one = false;
        bool all = true;

        if (c->is_nil) {
                if (c->op == CLEW_OP_NE && (left->values.n > 0 || left->whole)) {
                        t.any = verdict(left->values.n > 0);
                        t.speaker = left->values.n > 0 ? CLEW_MAYBE : CLEW_NO;
                        t.none = left->values.n > 0 ? CLEW_MAYBE : CLEW_YES;
                }
                return t;
        }
        for (uint32_t i = 0; i < left->values.n; i++) {
                struct clew_values v = {.items = &left->values.items[i], .n = 1};
                bool is = compare(c, &v);

                one |= is;
                all &= is;
        }
        if (!one && left->whole)
                return (struct truth){CLEW_NO, CLEW_NO, CLEW_YES};
        if (one && (!is_negative(c->op) || left->cover == CLEW_COVER_ANY || all))
                t.any = left->whole || !is_negative(c->op) ? CLEW_YES : CLEW_MAYBE;
        return t;
}

static struct truth on_speaker(const struct comparison *c, const struct judged *left)
{
        const struct clew_values empty = {0};
        bool is = compare(c, &left->values);
        bool elsewhere = compare(c, &empty);
        bool has_others = c->facts->summary->n_spans > 1;
        enum clew_verdict3 others = has_others ? CLEW_YES : CLEW_MAYBE;
        struct truth t = {verdict(is), CLEW_YES, CLEW_YES};

        if (!left->whole && !(left->cover == CLEW_COVER_SOME && is && !is_negative(c->op)))
                return unknown;
        if (left->cover == CLEW_COVER_SOME) {
                t.any = is ? CLEW_YES : CLEW_MAYBE;
                t.none = is ? CLEW_MAYBE : CLEW_YES;
                return t;
        }
        if (!is)
                t.any = elsewhere ? others : CLEW_NO;
        else
                t.none = elsewhere ? CLEW_NO : others;
        return t;
}

static struct truth compared(const struct comparison *c, const struct judged *left)
{
        bool is;

        switch (left->cover) {
        case CLEW_COVER_NONE:
                return unknown;
        case CLEW_COVER_ALL:
                is = compare(c, &left->values);
                return left->whole ? (struct truth){verdict(is), verdict(is), verdict(!is)}
                                   : unknown;
        case CLEW_COVER_RUN:
        case CLEW_COVER_SOME:
                return on_speaker(c, left);
        case CLEW_COVER_ANY:
        case CLEW_COVER_MANY:
                return among(c, left);
        }
        return unknown;
}

/* ---- conditions -------------------------------------------------------------------------------
 */

static struct judged operand(struct clew_query_run *run, const struct clew_query_facts *facts,
                             const struct clew_code_op *op)
{
        const struct clew_query *q = run->q;
        struct judged j = {.values = {.arena = &run->scratch}, .whole = true};
        const struct clew_field_ref *ref;

        if (op->code == CLEW_CODE_LITERAL) {
                j.cover = CLEW_COVER_ALL;
                if (q->literals[op->arg].type != CLEW_TYPE_NIL)
                        clew_values_add(&j.values, &q->literals[op->arg]);
                return j;
        }
        ref = &q->fields[op->arg];
        if (clew_field_is_key(ref) && run->has_bytes && run->absent_field[op->arg]) {
                j.cover = CLEW_COVER_ALL; /* no span has it */
        } else if (facts->summary && ref->row && ref->row->tell && !ref->of_parent) {
                j.cover = ref->row->cover;
                j.whole = ref->row->tell(facts, ref->name, &j.values);
        }
        return j;
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

static bool is_literal(const struct judged *j)
{
        return !j->is_truth && j->cover == CLEW_COVER_ALL && j->whole;
}

static struct truth judge_comparison(struct clew_query_run *run,
                                     const struct clew_query_facts *facts,
                                     const struct clew_code_op *op, const struct judged *a,
                                     const struct judged *b)
{
        struct comparison c = {.run = run,
                               .facts = facts,
                               .op = op->op,
                               .right = &b->values,
                               .is_nil = op->arg != 0};

        if (a->is_truth || b->is_truth)
                return unknown;
        if (is_literal(a) && !is_literal(b)) {
                const struct judged *swap = a;

                a = b;
                b = swap;
                c.op = mirrored(op->op);
                c.right = &b->values;
        }
        return is_literal(b) ? compared(&c, a) : unknown;
}

/* A field that stands alone: it is true. */
static struct truth truth_of(struct clew_query_run *run, const struct clew_query_facts *facts,
                             const struct judged *j)
{
        static const struct clew_code_op equal = {.op = CLEW_OP_EQ};
        struct clew_operand yes = {.type = CLEW_TYPE_BOOL, .boolean = true};
        struct judged literal = {
                .values = {.items = &yes, .n = 1}, .cover = CLEW_COVER_ALL, .whole = true};

        return j->is_truth ? j->truth : judge_comparison(run, facts, &equal, j, &literal);
}

static struct truth judge_regex(struct clew_query_run *run, const struct clew_query_facts *facts,
                                const struct clew_code_op *op, const struct judged *left,
                                const struct clew_code_op *field)
{
        const struct clew_query *q = run->q;
        const struct clew_field_row *row =
                field && field->code == CLEW_CODE_FIELD ? q->fields[field->arg].row : NULL;
        struct comparison c = {.run = run, .facts = facts, .op = op->op};

        if (row && clew_field_is_path(row))
                return unknown;
        c.regex = q->regexes[op->arg];
        if (row && clew_field_is_text(row)) {
                const struct truth nowhere = {CLEW_NO, CLEW_NO, CLEW_YES};

                if (!run->has_bytes || !run->absent_regex[op->arg])
                        return unknown;
                return op->op == CLEW_OP_MATCH ? nowhere : not_of(nowhere);
        }
        return left->is_truth ? unknown : compared(&c, left);
}

static struct truth judge_expr(struct clew_query_run *run, const struct clew_query_facts *facts,
                               uint32_t index, struct judged *stack)
{
        const struct clew_query *q = run->q;
        const struct clew_expr *e = &q->exprs[index];
        const struct clew_code_op *last = NULL; /* the operand that was pushed last */
        uint32_t n = 0;

        if (e->n == 0)
                return (struct truth){CLEW_YES, CLEW_YES, CLEW_NO};
        for (uint32_t i = e->first; i < e->first + e->n; i++) {
                const struct clew_code_op *op = &q->codes[i];
                struct judged j = {.is_truth = true, .truth = unknown};

                switch (op->code) {
                case CLEW_CODE_SKIP:
                        continue;
                case CLEW_CODE_LITERAL:
                case CLEW_CODE_FIELD:
                        last = op;
                        j = operand(run, facts, op);
                        break;
                case CLEW_CODE_REGEX:
                        j.truth = judge_regex(run, facts, op, &stack[--n], last);
                        break;
                case CLEW_CODE_UNARY:
                        n--;
                        if (op->op == CLEW_OP_NOT)
                                j.truth = not_of(truth_of(run, facts, &stack[n]));
                        else
                                j.is_truth = false; /* a number that is not known */
                        break;
                case CLEW_CODE_BINARY:
                        n -= 2;
                        if (op->op == CLEW_OP_AND || op->op == CLEW_OP_OR) {
                                struct truth a = truth_of(run, facts, &stack[n]);
                                struct truth b = truth_of(run, facts, &stack[n + 1]);

                                j.truth = op->op == CLEW_OP_AND ? and_of(a, b) : or_of(a, b);
                        } else if (op->op >= CLEW_OP_ADD && op->op <= CLEW_OP_POW) {
                                j.is_truth = false;
                        } else if (clew_glance_lacks(run, i)) {
                                j.truth = (struct truth){CLEW_NO, CLEW_NO, CLEW_YES};
                        } else {
                                j.truth =
                                        judge_comparison(run, facts, op, &stack[n], &stack[n + 1]);
                        }
                        break;
                }
                stack[n++] = j;
        }
        return truth_of(run, facts, &stack[0]);
}

/* ---- stages -----------------------------------------------------------------------------------
 */

static enum clew_verdict3 combine(enum clew_op op, enum clew_verdict3 left,
                                  enum clew_verdict3 right)
{
        switch ((int)op) {
        case CLEW_OP_AND:
                return both(left, right);
        case CLEW_OP_OR:
                return either(left, right);
        case CLEW_OP_NOT_MATCH: /* !~ between sets: not a sibling */
        case CLEW_OP_NOT_CHILD:
        case CLEW_OP_NOT_DESCENDANT:
        case CLEW_OP_NOT_PARENT:
        case CLEW_OP_NOT_ANCESTOR:
                return right == CLEW_NO ? CLEW_NO : CLEW_MAYBE;
        default:
                return left == CLEW_NO || right == CLEW_NO ? CLEW_NO : CLEW_MAYBE;
        }
}

/* What a filter makes of an input that is not all spans of the trace. */
static enum clew_verdict3 narrowed(const struct clew_query *q, const struct clew_stage_op *op,
                                   enum clew_verdict3 input, enum clew_verdict3 alone)
{
        if (q->exprs[op->arg].n == 0)
                return input;
        return input == CLEW_NO || alone == CLEW_NO ? CLEW_NO : CLEW_MAYBE;
}

struct judging {
        enum clew_verdict3 sets[CLEW_QUERY_DEPTH_MAX * 4]; /* see clew_query_judge() */
        struct {
                enum clew_verdict3 verdict;
                bool is_all;
        } inputs[CLEW_QUERY_DEPTH_MAX + 2];
        uint32_t n_sets;
        uint32_t n_inputs;
};

static void judge_stage(struct clew_query_run *run, const struct clew_query_facts *facts,
                        const struct clew_stage_op *op, struct judging *j, struct judged *stack)
{
        uint32_t top = j->n_inputs - 1;
        enum clew_verdict3 v;

        switch (op->stage) {
        case CLEW_STAGE_ENTER:
                j->inputs[j->n_inputs] = j->inputs[top];
                j->n_inputs++;
                break;
        case CLEW_STAGE_LEAVE:
                j->n_inputs--;
                break;
        case CLEW_STAGE_FILTER:
                v = judge_expr(run, facts, op->arg, stack).any;
                j->sets[j->n_sets++] =
                        j->inputs[top].is_all ? v : narrowed(run->q, op, j->inputs[top].verdict, v);
                break;
        case CLEW_STAGE_COMBINE:
                j->n_sets--;
                j->sets[j->n_sets - 1] =
                        combine(op->op, j->sets[j->n_sets - 1], j->sets[j->n_sets]);
                break;
        case CLEW_STAGE_PIPE:
                j->inputs[top].verdict = j->sets[--j->n_sets];
                j->inputs[top].is_all = false;
                break;
        case CLEW_STAGE_AGGREGATE:
                j->sets[j->n_sets++] = j->inputs[top].verdict == CLEW_NO ? CLEW_NO : CLEW_MAYBE;
                break;
        case CLEW_STAGE_BY:
        case CLEW_STAGE_COALESCE:
        case CLEW_STAGE_SELECT:
                j->sets[j->n_sets++] = j->inputs[top].verdict;
                break;
        }
}

enum clew_verdict3 clew_query_judge(struct clew_query_run *run,
                                    const struct clew_query_facts *facts)
{
        const struct clew_query *q = run->q;
        struct judged *stack;
        struct judging j = {.n_inputs = 1};

        clew_arena_reset(&run->scratch);
        stack = clew_arena_calloc(&run->scratch, q->code_stack + 1u, sizeof(*stack));
        if (!run->has_bytes)
                run->met.judged++;
        if (!stack || q->stage_stack > CLEW_ARRAY_LEN(j.sets))
                return CLEW_MAYBE;
        j.inputs[0].verdict = CLEW_YES;
        j.inputs[0].is_all = true;
        for (uint32_t i = 0; i < q->n_stages; i++)
                judge_stage(run, facts, &q->stages[i], &j, stack);
        if (j.n_sets == 0) {
                j.sets[0] = j.inputs[1].verdict; /* `... | rate()`: what was piped last */
                j.n_sets = 1;
        }
        if (clew_arena_failed(&run->scratch))
                return CLEW_MAYBE;
        if (!run->has_bytes) {
                run->met.judged_no += j.sets[0] == CLEW_NO;
                run->met.judged_yes += j.sets[0] == CLEW_YES;
        }
        return j.sets[0];
}
