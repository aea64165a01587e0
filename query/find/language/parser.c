/*
 * The outer level: sets of spans, the operators between them, the stages of a pipeline, and at the
 * end the metrics. A stack holds the brackets that are open and the operators that wait; conditions
 * are read by expression.c.
 */
#include "query/find/language/program-int.h"

#include "query/find/language/regex-int.h"

#include <errno.h>
#include <string.h>

struct waiting {
        struct clew_query_token token; /* an operator between sets, or "(" */
        bool has_and;                  /* of "(": operators seen inside at this level */
        bool has_or;
};

struct outer {
        struct clew_parser *p;
        struct waiting *stack;
        uint32_t n_stack;
        uint32_t capacity;
        uint32_t depth;
        uint32_t height; /* of the stack of sets when run */
        uint32_t stages; /* stages so far, all brackets together */
        bool is_first;   /* the stage at hand is the first of its pipeline */
};

/* ---- tokens -----------------------------------------------------------------------------------
 */

int clew_parser_advance(struct clew_parser *p)
{
        return clew_lexer_next(&p->lexer, &p->t);
}

int clew_parser_expected(struct clew_parser *p, const char *what)
{
        const struct clew_query_token *t = &p->t;

        if (t->type == CLEW_TOKEN_END)
                return clew_query_fail(p->err, t->offset, 1, "expected %s, but the query ends",
                                       what);
        if (clew_query_unsupported(p) < 0)
                return -EINVAL;
        clew_query_fail(p->err, t->offset, t->len, "expected %s, found %.*s", what,
                        (int)(t->len < 40 ? t->len : 40),
                        (const char *)p->q->text.data + t->offset);
        if (t->type == CLEW_TOKEN_OPERATOR && t->op == CLEW_OP_EQ)
                clew_query_hint(p->err, "equality is written with one =");
        return -EINVAL;
}

static bool is_word(const struct clew_parser *p, const char *word)
{
        return p->t.type == CLEW_TOKEN_WORD && clew_slice_eq_cstr(p->t.text, word);
}

static int expect(struct clew_parser *p, enum clew_token_type type, const char *what)
{
        return p->t.type == type ? clew_parser_advance(p) : clew_parser_expected(p, what);
}

static int emit(struct outer *o, struct clew_stage_op op)
{
        struct clew_query *q = o->p->q;

        if (q->n_stages == o->p->capacity)
                return clew_too_large(o->p);
        if (op.stage == CLEW_STAGE_FILTER || op.stage == CLEW_STAGE_AGGREGATE ||
            op.stage == CLEW_STAGE_BY || op.stage == CLEW_STAGE_COALESCE ||
            op.stage == CLEW_STAGE_SELECT)
                o->height++;
        else if (op.stage == CLEW_STAGE_COMBINE || op.stage == CLEW_STAGE_PIPE)
                o->height--;
        if (o->height > q->stage_stack)
                q->stage_stack = o->height;
        q->stages[q->n_stages++] = op;
        return 0;
}

/* ---- stages -----------------------------------------------------------------------------------
 */

static int read_filter(struct outer *o)
{
        struct clew_parser *p = o->p;
        struct clew_stage_op op = {.stage = CLEW_STAGE_FILTER, .offset = (uint32_t)p->t.offset};
        size_t open = p->t.offset;
        int r = clew_parser_advance(p);

        if (r == 0)
                r = p->t.type == CLEW_TOKEN_CLOSE_BRACE ? clew_parse_nothing(p, &op.arg)
                                                        : clew_parse_expr(p, &op.arg);
        if (r == 0 && p->t.type == CLEW_TOKEN_END)
                return clew_query_fail(p->err, open, 1, "a { that is not closed");
        if (r == 0)
                r = expect(p, CLEW_TOKEN_CLOSE_BRACE, "an operator or }");
        op.len = (uint32_t)(p->t.offset - op.offset);
        return r < 0 ? r : emit(o, op);
}

static enum clew_aggregate aggregate_of(struct clew_slice word)
{
        static const char *const names[] = {
                [CLEW_AGGREGATE_COUNT] = "count", [CLEW_AGGREGATE_MIN] = "min",
                [CLEW_AGGREGATE_MAX] = "max",     [CLEW_AGGREGATE_AVG] = "avg",
                [CLEW_AGGREGATE_SUM] = "sum",
        };

        for (unsigned i = CLEW_AGGREGATE_COUNT; i < CLEW_ARRAY_LEN(names); i++) {
                if (clew_slice_eq_cstr(word, names[i]))
                        return (enum clew_aggregate)i;
        }
        return CLEW_AGGREGATE_NONE;
}

static bool is_comparison(const struct clew_query_token *t)
{
        return t->type == CLEW_TOKEN_OPERATOR && t->op >= CLEW_OP_EQ && t->op <= CLEW_OP_GE;
}

/* A condition on a whole set: `count() > 2`, `max(duration) >= 1s`. */
static int read_aggregate(struct outer *o, enum clew_aggregate aggregate)
{
        struct clew_parser *p = o->p;
        struct clew_stage_op op = {.stage = CLEW_STAGE_AGGREGATE,
                                   .aggregate = aggregate,
                                   .offset = (uint32_t)p->t.offset};
        struct clew_operand value;
        int r = clew_parser_advance(p);

        if (r == 0)
                r = expect(p, CLEW_TOKEN_OPEN, "( behind an aggregate");
        if (r == 0 && aggregate != CLEW_AGGREGATE_COUNT)
                r = clew_parse_expr(p, &op.arg);
        if (r == 0)
                r = expect(p, CLEW_TOKEN_CLOSE, ")");
        if (r < 0)
                return r;
        op.len = (uint32_t)(p->t.offset - op.offset);
        if (p->t.type == CLEW_TOKEN_OPERATOR && p->t.op >= CLEW_OP_ADD && p->t.op <= CLEW_OP_POW)
                return clew_query_fail(p->err, p->t.offset, p->t.len,
                                       "not supported: arithmetic with aggregates");
        if (clew_query_unsupported_pipelines(p) < 0)
                return -EINVAL;
        if (!is_comparison(&p->t))
                return clew_parser_expected(p, "a comparison with a number (count() > 2)");
        op.op = p->t.op;
        r = clew_parser_advance(p);
        if (r == 0 && p->t.type == CLEW_TOKEN_WORD && aggregate_of(p->t.text))
                return clew_query_fail(p->err, p->t.offset, p->t.len,
                                       "not supported: comparing an aggregate with another one");
        if (r == 0)
                r = clew_parse_number(p, &value);
        if (r == 0 && p->t.type == CLEW_TOKEN_OPERATOR)
                return clew_query_fail(p->err, p->t.offset, p->t.len,
                                       "not supported: more than one number behind an aggregate; "
                                       "a further condition is a further stage: | count() < 5");
        if (r == 0)
                r = clew_add_literal(p, &value, &op.literal);
        return r < 0 ? r : emit(o, op);
}

/* "(" field { "," field } ")". @max expressions at @ret. */
static int read_fields(struct clew_parser *p, uint32_t *ret, uint32_t max, uint32_t *ret_n)
{
        int r = expect(p, CLEW_TOKEN_OPEN, "( and a field");

        *ret_n = 0;
        while (r == 0) {
                if (*ret_n == max && max == 1)
                        return clew_query_fail(p->err, p->t.offset, p->t.len,
                                               "not supported: by() of several fields in a "
                                               "pipeline; metrics and clew stats --by take some");
                if (*ret_n == max)
                        return clew_query_fail(p->err, p->t.offset, p->t.len,
                                               "more than %u fields here", max);
                r = clew_parse_expr(p, &ret[*ret_n]);
                *ret_n += r == 0;
                if (r < 0 || p->t.type != CLEW_TOKEN_COMMA)
                        break;
                r = clew_parser_advance(p);
        }
        return r < 0 ? r : expect(p, CLEW_TOKEN_CLOSE, "a comma or )");
}

#define SELECT_MAX 64u

static int read_select(struct outer *o, struct clew_stage_op *op)
{
        struct clew_parser *p = o->p;
        uint32_t exprs[SELECT_MAX];
        uint32_t before = p->q->n_fields;
        uint32_t codes = p->q->n_codes;
        int r = clew_parser_advance(p);

        if (r == 0)
                r = read_fields(p, exprs, SELECT_MAX, &op->n);
        if (r < 0)
                return r;
        /* Fields alone: as many codes as fields. */
        if (p->q->n_fields - before != op->n || p->q->n_codes - codes != op->n)
                return clew_query_fail(p->err, op->offset, 6, "select() takes fields only");
        op->arg = before;
        return 0;
}

/* by(), select(), coalesce(), an aggregate; -ENOENT when the word is none of them. */
static int read_named_stage(struct outer *o)
{
        struct clew_parser *p = o->p;
        struct clew_stage_op op = {.offset = (uint32_t)p->t.offset, .len = (uint32_t)p->t.len};
        enum clew_aggregate aggregate = aggregate_of(p->t.text);
        uint32_t n;
        int r;

        if (aggregate)
                return read_aggregate(o, aggregate);
        if (is_word(p, "by")) {
                op.stage = CLEW_STAGE_BY;
                r = clew_parser_advance(p);
                if (r == 0)
                        r = read_fields(p, &op.arg, 1, &n);
        } else if (is_word(p, "select")) {
                op.stage = CLEW_STAGE_SELECT;
                r = read_select(o, &op);
        } else if (is_word(p, "coalesce")) {
                op.stage = CLEW_STAGE_COALESCE;
                if (o->is_first)
                        return clew_query_fail(p->err, p->t.offset, p->t.len,
                                               "coalesce() joins groups: it cannot come first");
                r = clew_parser_advance(p);
                if (r == 0)
                        r = expect(p, CLEW_TOKEN_OPEN, "(");
                if (r == 0)
                        r = expect(p, CLEW_TOKEN_CLOSE, ")");
        } else {
                return -ENOENT;
        }
        return r < 0 ? r : emit(o, op);
}

/* ---- operators between sets -------------------------------------------------------------------
 */

static int binding(enum clew_op op)
{
        if (op == CLEW_OP_AND || op == CLEW_OP_OR)
                return 1;
        /* `!~` is the sign of "not matching" too. */
        return op == CLEW_OP_LT || op == CLEW_OP_GT || op == CLEW_OP_NOT_MATCH ||
                               op >= CLEW_OP_DESCENDANT
                       ? 2
                       : 0;
}

static int pop(struct outer *o)
{
        const struct clew_query_token *t = &o->stack[--o->n_stack].token;

        return emit(o, (struct clew_stage_op){.stage = CLEW_STAGE_COMBINE,
                                              .op = t->op,
                                              .offset = (uint32_t)t->offset,
                                              .len = (uint32_t)t->len});
}

/* Operators of the stage at hand that bind at least as strongly as @least. */
static int reduce(struct outer *o, int least)
{
        while (o->n_stack > 0 && o->stack[o->n_stack - 1].token.type == CLEW_TOKEN_OPERATOR &&
               binding(o->stack[o->n_stack - 1].token.op) >= least) {
                int r = pop(o);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int push(struct outer *o)
{
        if (o->n_stack == o->capacity)
                return clew_too_large(o->p);
        o->stack[o->n_stack++] = (struct waiting){.token = o->p->t};
        return 0;
}

/* The bracket around the stage at hand: entry 0 stands for the whole query. */
static struct waiting *around(struct outer *o)
{
        uint32_t i = o->n_stack;

        while (i > 1 && o->stack[i - 1].token.type == CLEW_TOKEN_OPERATOR)
                i--;
        return &o->stack[i - 1];
}

static int read_operator(struct outer *o)
{
        struct clew_parser *p = o->p;
        struct waiting *level = around(o);
        int strength = binding(p->t.op);
        int r;

        if (strength == 0) {
                clew_query_fail(p->err, p->t.offset, p->t.len,
                                "%s does not stand between sets of "
                                "spans",
                                clew_op_text(p->t.op));
                clew_query_hint(p->err, "&& || > >> < << ~ and their ! and & forms do");
                return -EINVAL;
        }
        if (strength == 1) {
                level->has_and |= p->t.op == CLEW_OP_AND;
                level->has_or |= p->t.op == CLEW_OP_OR;
                if (level->has_and && level->has_or) {
                        r = clew_mixed(p, &p->t);
                        if (r < 0)
                                return r;
                }
        }
        r = reduce(o, strength);
        if (r == 0)
                r = push(o);
        return r < 0 ? r : clew_parser_advance(p);
}

static int open_bracket(struct outer *o)
{
        int r = push(o);

        if (r < 0)
                return r;
        if (++o->depth == CLEW_QUERY_DEPTH_MAX) {
                clew_query_fail(o->p->err, o->p->t.offset, 1,
                                "more than %u brackets inside each other", CLEW_QUERY_DEPTH_MAX);
                return -E2BIG;
        }
        o->is_first = true;
        r = emit(o, (struct clew_stage_op){.stage = CLEW_STAGE_ENTER});
        return r < 0 ? r : clew_parser_advance(o->p);
}

static int close_bracket(struct outer *o)
{
        int r = reduce(o, 1);

        if (r < 0)
                return r;
        if (o->depth == 0)
                return clew_query_fail(o->p->err, o->p->t.offset, 1, "a ) that nothing opened");
        o->n_stack--;
        o->depth--;
        o->is_first = false;
        r = emit(o, (struct clew_stage_op){.stage = CLEW_STAGE_LEAVE});
        return r < 0 ? r : clew_parser_advance(o->p);
}

/* ---- metrics ----------------------------------------------------------------------------------
 */

static const struct metric_word {
        const char *name;
        enum clew_metric metric;
        bool takes_field;
} metric_words[] = {
        {"rate", CLEW_METRIC_RATE, false},
        {"count_over_time", CLEW_METRIC_COUNT, false},
        {"sum_over_time", CLEW_METRIC_SUM, true},
        {"avg_over_time", CLEW_METRIC_AVG, true},
        {"min_over_time", CLEW_METRIC_MIN, true},
        {"max_over_time", CLEW_METRIC_MAX, true},
        {"quantile_over_time", CLEW_METRIC_QUANTILE, true},
        {"histogram_over_time", CLEW_METRIC_HISTOGRAM, true},
        {"compare", CLEW_METRIC_COMPARE, false},
};

static const struct metric_word *metric_of(const struct clew_parser *p)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(metric_words); i++) {
                if (is_word(p, metric_words[i].name))
                        return &metric_words[i];
        }
        return NULL;
}

static int read_quantiles(struct clew_parser *p, struct clew_metric_stage *m)
{
        while (p->t.type == CLEW_TOKEN_COMMA) {
                struct clew_operand v;
                size_t at;
                int r = clew_parser_advance(p);

                at = p->t.offset;
                if (r == 0)
                        r = clew_parse_number(p, &v);
                if (r < 0)
                        return r;
                if (v.type == CLEW_TYPE_DURATION || !(clew_operand_number(&v) >= 0) ||
                    clew_operand_number(&v) > 1)
                        return clew_query_fail(p->err, at, 1, "a quantile lies between 0 and 1");
                if (m->n_quantiles == CLEW_QUANTILES_MAX)
                        return clew_query_fail(p->err, at, 1, "more than %u quantiles",
                                               CLEW_QUANTILES_MAX);
                m->quantiles[m->n_quantiles++] = clew_operand_number(&v);
        }
        return m->n_quantiles > 0 ? 0 : clew_parser_expected(p, "a comma and a quantile (0.95)");
}

/* compare({ condition } [, top [, start, end]]). */
static int read_compare(struct clew_parser *p, struct clew_metric_stage *m)
{
        int64_t numbers[3] = {10, 0, 0};
        unsigned n = 0;
        int r = expect(p, CLEW_TOKEN_OPEN_BRACE, "{ and the condition to compare by");

        if (r == 0)
                r = p->t.type == CLEW_TOKEN_CLOSE_BRACE ? clew_parse_nothing(p, &m->compare)
                                                        : clew_parse_expr(p, &m->compare);
        if (r == 0)
                r = expect(p, CLEW_TOKEN_CLOSE_BRACE, "}");
        while (r == 0 && p->t.type == CLEW_TOKEN_COMMA) {
                struct clew_operand v = {0};
                size_t at;

                r = clew_parser_advance(p);
                at = p->t.offset;
                if (r == 0)
                        r = clew_parse_number(p, &v);
                if (r == 0 && (n == 3 || v.type != CLEW_TYPE_INT || v.integer < 0))
                        return clew_query_fail(p->err, at, 1,
                                               "compare() takes a condition, a number of values, "
                                               "and two times");
                if (r == 0)
                        numbers[n++] = v.integer;
        }
        if (r == 0 && n > 1)
                return clew_query_fail(p->err, m->offset, 7,
                                       "not supported: compare() within two times; narrow the "
                                       "query itself");
        if (r == 0 && numbers[0] < 1)
                return clew_query_fail(p->err, m->offset, 7,
                                       "compare() takes a number of values from 1 to 1000");
        m->compare_top = numbers[0] > 1000 ? 1000 : (uint32_t)numbers[0];
        return r;
}

static int read_top(struct clew_parser *p, struct clew_metric_stage *m)
{
        struct clew_operand v = {0};
        size_t at;
        int r = clew_parser_advance(p);

        if (r == 0 && !is_word(p, "topk") && !is_word(p, "bottomk"))
                return clew_query_unsupported_metrics(p) < 0
                               ? -EINVAL
                               : clew_parser_expected(p, "topk(N) or bottomk(N)");
        m->bottom = is_word(p, "bottomk");
        if (m->metric == CLEW_METRIC_COMPARE)
                return clew_query_fail(p->err, p->t.offset, p->t.len,
                                       "compare() has no series to choose from");
        if (r == 0)
                r = clew_parser_advance(p);
        if (r == 0)
                r = expect(p, CLEW_TOKEN_OPEN, "(");
        at = p->t.offset;
        if (r == 0)
                r = clew_parse_number(p, &v);
        if (r == 0 && (v.type != CLEW_TYPE_INT || v.integer < 1 || v.integer > 10000))
                return clew_query_fail(p->err, at, 1, "topk() takes a number from 1 to 10000");
        m->top = (uint32_t)v.integer;
        return r < 0 ? r : expect(p, CLEW_TOKEN_CLOSE, ")");
}

static int read_metric(struct clew_parser *p, const struct metric_word *word)
{
        struct clew_metric_stage *m = &p->q->metric;
        int r;

        m->metric = word->metric;
        m->offset = (uint32_t)p->t.offset;
        r = clew_parser_advance(p);
        if (r == 0)
                r = expect(p, CLEW_TOKEN_OPEN, "(");
        if (r == 0 && word->takes_field)
                r = clew_parse_expr(p, &m->expr);
        if (r == 0 && m->metric == CLEW_METRIC_QUANTILE)
                r = read_quantiles(p, m);
        if (r == 0 && m->metric == CLEW_METRIC_COMPARE)
                r = read_compare(p, m);
        if (r == 0)
                r = expect(p, CLEW_TOKEN_CLOSE, ")");
        if (r == 0 && is_word(p, "by") && m->metric != CLEW_METRIC_COMPARE) {
                r = clew_parser_advance(p);
                if (r == 0)
                        r = read_fields(p, m->by, CLEW_BY_MAX, &m->n_by);
        }
        if (r == 0 && p->t.type == CLEW_TOKEN_PIPE)
                r = read_top(p, m);
        return r;
}

/* ---- the whole --------------------------------------------------------------------------------
 */

static bool is_hint_value(const struct clew_query_token *t, bool takes_share)
{
        if (t->type == CLEW_TOKEN_WORD)
                return clew_slice_eq_cstr(t->text, "true") || clew_slice_eq_cstr(t->text, "false");
        return takes_share && (t->type == CLEW_TOKEN_INT || t->type == CLEW_TOKEN_FLOAT);
}

/* with(name=value, ...): hints that change nothing here (unsupported.c); others are mistakes. */
static int skip_hints(struct clew_parser *p)
{
        bool takes_share = false;
        int r = clew_parser_advance(p);

        if (r == 0)
                r = expect(p, CLEW_TOKEN_OPEN, "( and hints");
        while (r == 0 && p->t.type == CLEW_TOKEN_WORD) {
                r = clew_query_check_hint(p, &takes_share);
                if (r == 0)
                        r = clew_parser_advance(p);
                if (r == 0 && (p->t.type != CLEW_TOKEN_OPERATOR || p->t.op != CLEW_OP_EQ))
                        return clew_parser_expected(p, "=");
                if (r == 0)
                        r = clew_parser_advance(p);
                if (r == 0 && !is_hint_value(&p->t, takes_share))
                        return clew_parser_expected(p, takes_share ? "true, false or a number"
                                                                   : "true or false");
                if (r == 0)
                        r = clew_parser_advance(p);
                if (r == 0 && p->t.type == CLEW_TOKEN_COMMA)
                        r = clew_parser_advance(p);
        }
        return r < 0 ? r : expect(p, CLEW_TOKEN_CLOSE, ")");
}

static const char in_braces[] = "a condition stands in braces: { status = error }";

static int unknown_stage(struct clew_parser *p)
{
        static const char *const near[][2] = {{"where", "{ }"},
                                              {"filter", "{ }"},
                                              {"group", "by()"},
                                              {"groupby", "by()"},
                                              {"p95", "quantile_over_time()"},
                                              {"increase", "count_over_time()"}};

        struct clew_slice rest;

        if (clew_query_unsupported_stage(p) < 0)
                return -EINVAL;
        clew_query_fail(p->err, p->t.offset, p->t.len, "\"%.*s\" is no stage of a query",
                        (int)(p->t.text.len < 40 ? p->t.text.len : 40),
                        (const char *)p->t.text.data);
        clew_query_hint(p->err, "stages: { }, count() > N and min max avg sum, by(), select(), "
                                "coalesce(), rate() and its like");
        if (p->t.offset == 0) /* as it stands in a box for searching */
                clew_query_hint(p->err, "a condition stands in braces: { status = error }, "
                                        "{ span.clew.text =~ \".*refund.*\" }");
        for (size_t i = 0; i < CLEW_ARRAY_LEN(near); i++) {
                if (clew_slice_eq_cstr(p->t.text, near[i][0]))
                        clew_query_hint(p->err, "did you mean %s?", near[i][1]);
        }
        if (clew_field_find(p->t.text, &rest))
                clew_query_hint(p->err, "%s", in_braces);
        return -EINVAL;
}

/* One stage begins. Brackets open as often as they stand there. 1 = a metrics stage was read. */
static int read_stage(struct outer *o)
{
        struct clew_parser *p = o->p;
        int r;

        while (p->t.type == CLEW_TOKEN_OPEN) {
                r = open_bracket(o);
                if (r < 0)
                        return r;
        }
        if (p->t.type == CLEW_TOKEN_OPEN_BRACE)
                return read_filter(o);
        if (p->t.type == CLEW_TOKEN_WORD) {
                const struct metric_word *metric = metric_of(p);

                if (metric) {
                        if (o->depth > 0)
                                return clew_query_fail(p->err, p->t.offset, p->t.len,
                                                       "not supported: metrics in brackets, and "
                                                       "arithmetic with metrics");
                        if (o->is_first)
                                return clew_query_fail(p->err, p->t.offset, p->t.len,
                                                       "metrics come behind spans: { } | %s()",
                                                       metric->name);
                        r = read_metric(p, metric);
                        return r < 0 ? r : 1;
                }
                r = read_named_stage(o);
                return r == -ENOENT ? unknown_stage(p) : r;
        }
        r = clew_query_unsupported_stage(p);
        if (r == 0)
                r = clew_parser_expected(p, "{, ( or a stage");
        if (p->t.type == CLEW_TOKEN_FIELD)
                clew_query_hint(p->err, "%s", in_braces);
        return r;
}

static bool is_operand(const struct clew_stage_op *last)
{
        return last->stage == CLEW_STAGE_FILTER || last->stage == CLEW_STAGE_LEAVE;
}

/* Behind a stage: brackets that close, an operator, a pipe, or the end. 1 = go on with a stage. */
static int read_between(struct outer *o)
{
        struct clew_parser *p = o->p;
        int r = 0;

        while (r == 0 && p->t.type == CLEW_TOKEN_CLOSE)
                r = close_bracket(o);
        if (r < 0)
                return r;
        if (p->t.type == CLEW_TOKEN_OPERATOR) {
                if (!is_operand(&p->q->stages[p->q->n_stages - 1])) {
                        clew_query_fail(p->err, p->t.offset, p->t.len,
                                        "%s stands between { } sets; a stage begins with |",
                                        clew_op_text(p->t.op));
                        return -EINVAL;
                }
                r = read_operator(o);
                return r < 0 ? r : 1;
        }
        if (p->t.type == CLEW_TOKEN_PIPE) {
                r = reduce(o, 1);
                around(o)->has_and = around(o)->has_or = false;
                o->is_first = false;
                if (r == 0)
                        r = emit(o, (struct clew_stage_op){.stage = CLEW_STAGE_PIPE});
                if (r == 0)
                        r = clew_parser_advance(p);
                return r < 0 ? r : 1;
        }
        return 0;
}

static int check_operand_follows(struct outer *o)
{
        const struct waiting *top = &o->stack[o->n_stack - 1];
        const struct clew_parser *p = o->p;

        if (top->token.type == CLEW_TOKEN_OPERATOR && p->t.type != CLEW_TOKEN_OPEN &&
            p->t.type != CLEW_TOKEN_OPEN_BRACE)
                return clew_parser_expected(o->p, "{ or ( behind the operator");
        return 0;
}

static int read_query(struct outer *o)
{
        struct clew_parser *p = o->p;
        int r = push(o); /* the whole; its token is never an operator */

        o->stack[0].token.type = CLEW_TOKEN_OPEN;
        o->is_first = true;
        if (r == 0)
                r = emit(o, (struct clew_stage_op){.stage = CLEW_STAGE_ENTER});
        do {
                if (r >= 0)
                        r = check_operand_follows(o);
                if (r == 0)
                        r = read_stage(o);
                if (r == 0)
                        r = read_between(o);
                else if (r == 1)
                        break; /* metrics: the end */
        } while (r == 1);
        if (r < 0)
                return r;
        r = reduce(o, 1);
        if (r == 0 && o->depth > 0)
                return clew_query_fail(p->err, around(o)->token.offset, 1,
                                       "a ( that is not closed");
        if (r == 0)
                r = emit(o, (struct clew_stage_op){.stage = CLEW_STAGE_LEAVE});
        if (r == 0 && is_word(p, "with"))
                r = skip_hints(p);
        if (r == 0 && p->t.type != CLEW_TOKEN_END) {
                if (!p->q->metric.metric)
                        return clew_parser_expected(p, "an operator, | or the end");
                return clew_query_unsupported_metrics(p) < 0
                               ? -EINVAL
                               : clew_parser_expected(p, "the end of the query");
        }
        return r;
}

static int allocate(struct clew_parser *p, struct outer *o)
{
        struct clew_query *q = p->q;
        size_t n = q->text.len + 16 < CLEW_QUERY_OPS_MAX ? q->text.len + 16 : CLEW_QUERY_OPS_MAX;

        p->capacity = (uint32_t)n;
        q->codes = clew_arena_calloc(q->arena, n, sizeof(*q->codes));
        q->stages = clew_arena_calloc(q->arena, n, sizeof(*q->stages));
        q->exprs = clew_arena_calloc(q->arena, n, sizeof(*q->exprs));
        q->literals = clew_arena_calloc(q->arena, n, sizeof(*q->literals));
        q->fields = clew_arena_calloc(q->arena, n, sizeof(*q->fields));
        q->regexes = clew_arena_calloc(q->arena, n, sizeof(struct clew_regex *));
        q->paths = clew_arena_calloc(q->arena, n, sizeof(struct clew_path *));
        o->stack = clew_arena_calloc(q->arena, n, sizeof(*o->stack));
        o->capacity = p->capacity;
        return clew_arena_failed(q->arena) ? -ENOMEM : 0;
}

static int parse(struct clew_slice text, const struct clew_query_options *options,
                 struct clew_query *q, struct clew_query_error *err)
{
        struct clew_parser p = {.q = q, .err = err, .strict = options && options->strict};
        struct outer o = {.p = &p};
        int r = allocate(&p, &o);

        if (r < 0)
                return r;
        p.lexer = clew_lexer_make(text, q->arena, err);
        r = clew_parser_advance(&p);
        if (r == 0 && p.t.type == CLEW_TOKEN_END) {
                clew_query_fail(err, 0, 1, "the query is empty");
                clew_query_hint(err, "{ } is every span");
                return -EINVAL;
        }
        if (r == 0)
                r = read_query(&o);
        return r < 0 ? r : clew_query_check(q, err);
}

int clew_query_parse(struct clew_slice text, const struct clew_query_options *options,
                     struct clew_arena *arena, struct clew_query **ret,
                     struct clew_query_error *err)
{
        struct clew_query *q;
        int r;

        *err = (struct clew_query_error){.len = 1};
        if (text.len > CLEW_QUERY_TEXT_MAX) {
                clew_query_fail(err, 0, 1, "a query of %zu bytes; the limit is %zu", text.len,
                                CLEW_QUERY_TEXT_MAX);
                return -E2BIG;
        }
        q = clew_arena_calloc(arena, 1, sizeof(*q));
        if (!q)
                return -ENOMEM;
        q->arena = arena;
        q->text = clew_arena_copy(arena, text);
        if (text.len > 0 && !q->text.data)
                return -ENOMEM;
        r = parse(q->text, options, q, err);
        if (r < 0) {
                clew_query_deinit(q);
                return r;
        }
        *ret = q;
        return 0;
}

void clew_query_deinit(struct clew_query *q)
{
        if (!q)
                return;
        for (uint32_t i = 0; i < q->n_regexes; i++) {
                clew_regex_free(q->regexes[i]);
                q->regexes[i] = NULL;
        }
}

struct clew_slice clew_query_text(const struct clew_query *q)
{
        return q->text;
}

bool clew_query_asks_facts(const struct clew_query *q)
{
        return (q->needs & CLEW_NEED_FACTS) != 0;
}

bool clew_query_is_metrics(const struct clew_query *q)
{
        return q->metric.metric != CLEW_METRIC_NONE;
}

bool clew_query_is_condition(const struct clew_query *q)
{
        /* ENTER, one FILTER without a condition, LEAVE. */
        return q->n_stages != 3 || q->stages[1].stage != CLEW_STAGE_FILTER ||
               q->exprs[q->stages[1].arg].n != 0;
}

const char *clew_query_warning(const struct clew_query *q)
{
        return q->is_mixed ? "&& and || stand side by side without brackets: they were read from "
                             "the left"
                           : NULL;
}
