/*
 * Types: what is compared with what, and whether a condition is one. Patterns are compiled here, so
 * that a wrong one is told before anything is read.
 */
#include "query/find/language/program-int.h"

#include "query/find/language/regex-int.h"
#include "query/find/path.h"

#include <errno.h>
#include <string.h>

struct check {
        struct clew_query *q;
        struct clew_query_error *err;
        const struct clew_code_op **stack; /* the operand that each type came from */
        enum clew_type *types;
        uint32_t n;
};

const char *clew_type_name(enum clew_type type)
{
        static const char *const names[CLEW_TYPE_COUNT] = {
                [CLEW_TYPE_NIL] = "nil",
                [CLEW_TYPE_BOOL] = "true or false",
                [CLEW_TYPE_INT] = "a number",
                [CLEW_TYPE_FLOAT] = "a number",
                [CLEW_TYPE_DURATION] = "a length of time",
                [CLEW_TYPE_TEXT] = "text",
                [CLEW_TYPE_STATUS] = "a status",
                [CLEW_TYPE_SPAN_KIND] = "a kind of span",
                [CLEW_TYPE_OTHER] = "a list of pairs",
                [CLEW_TYPE_ANY] = "an attribute",
        };

        return names[type];
}

static int cannot(struct check *c, const struct clew_code_op *op, enum clew_type left,
                  enum clew_type right)
{
        bool quoted_word = (left == CLEW_TYPE_STATUS || left == CLEW_TYPE_SPAN_KIND) &&
                           right == CLEW_TYPE_TEXT;

        if (left == right)
                clew_query_fail(c->err, op->offset, op->len, "%s does not go with %s",
                                clew_op_text(op->op), clew_type_name(left));
        else
                clew_query_fail(c->err, op->offset, op->len, "%s is never %s %s",
                                clew_type_name(left), clew_op_text(op->op), clew_type_name(right));
        if (quoted_word)
                clew_query_hint(c->err, "words such as error, ok, server stand without quotes");
        else if (left == CLEW_TYPE_BOOL && right == CLEW_TYPE_TEXT)
                clew_query_hint(c->err, "true and false stand without quotes");
        else if (left == CLEW_TYPE_STATUS)
                clew_query_hint(c->err, "a status is error, ok or unset");
        else if (left == CLEW_TYPE_TEXT && clew_type_is_number(right))
                clew_query_hint(c->err, "text stands in quotes");
        else if (clew_type_is_number(left) && right == CLEW_TYPE_TEXT)
                clew_query_hint(c->err, "numbers and lengths of time stand without quotes: 200, "
                                        "1.5s");
        return -EINVAL;
}

static bool may_compare(enum clew_op op, enum clew_type a, enum clew_type b)
{
        bool equality = op == CLEW_OP_EQ || op == CLEW_OP_NE;

        if (a == CLEW_TYPE_NIL || b == CLEW_TYPE_NIL)
                return equality;
        if (a == CLEW_TYPE_ANY || b == CLEW_TYPE_ANY)
                return true;
        if (clew_type_is_number(a) && clew_type_is_number(b))
                return true;
        return a == b && (equality || a == CLEW_TYPE_TEXT);
}

static bool is_number(enum clew_type type)
{
        return type == CLEW_TYPE_ANY || clew_type_is_number(type);
}

static bool is_condition(enum clew_type type)
{
        return type == CLEW_TYPE_ANY || type == CLEW_TYPE_BOOL;
}

/* The row of the field that the operand is, or NULL. */
static const struct clew_field_row *row_of(const struct check *c, const struct clew_code_op *op)
{
        return op->code == CLEW_CODE_FIELD ? c->q->fields[op->arg].row : NULL;
}

/* Fields with few words as values: a word that is none of them can never be. */
static int check_word(struct check *c, const struct clew_code_op *field,
                      const struct clew_code_op *literal)
{
        const struct clew_field_row *row = row_of(c, field);
        struct clew_slice text;
        const char *near = NULL;
        size_t least = 3;

        if (!row || !row->words || literal->code != CLEW_CODE_LITERAL ||
            c->q->literals[literal->arg].type != CLEW_TYPE_TEXT)
                return 0;
        text = c->q->literals[literal->arg].text;
        for (const char *const *w = row->words; *w; w++) {
                size_t edits = clew_edit_distance(text, clew_slice_of_cstr(*w), least);

                if (edits == 0)
                        return 0;
                if (edits < least) {
                        least = edits;
                        near = *w;
                }
        }
        clew_query_fail(c->err, literal->offset, literal->len, "%s is never \"%.*s\"", row->name,
                        (int)(text.len < 40 ? text.len : 40), (const char *)text.data);
        if (near)
                clew_query_hint(c->err, "did you mean \"%s\"?", near);
        else
                clew_query_hint(c->err, "it is one of: %s, %s, %s ... (clew help query)",
                                row->words[0], row->words[1], row->words[2]);
        return -EINVAL;
}

static int only_patterns(struct check *c, const struct clew_code_op *field)
{
        const struct clew_field_row *row = row_of(c, field);

        clew_query_fail(c->err, field->offset, field->len, "%s goes with =~ and !~ only",
                        row ? row->name : "this");
        clew_query_hint(c->err, row && clew_field_is_path(row)
                                        ? "a pattern of steps, such as \"search{3,} !open* answer\""
                                        : "\".*words.*\" finds the words anywhere");
        return -EINVAL;
}

static bool is_special(const struct check *c, const struct clew_code_op *op)
{
        const struct clew_field_row *row = row_of(c, op);

        return row && (clew_field_is_text(row) || clew_field_is_path(row));
}

/* ---- patterns ---------------------------------------------------------------------------------
 */

static int add_path(struct check *c, struct clew_code_op *op, const struct clew_code_op *literal)
{
        struct clew_query *q = c->q;
        struct clew_error e = {0};
        struct clew_path *path = NULL;
        int r = clew_path_parse(q->literals[literal->arg].text, q->arena, &path, &e);

        if (r == -EINVAL || r == -E2BIG) {
                /* One byte for the quote; escapes before the place would move it. */
                clew_query_fail(c->err, literal->offset + 1 + e.offset, 1, "%s", e.message);
                return -EINVAL;
        }
        if (r < 0)
                return r;
        op->arg = q->n_paths;
        q->paths[q->n_paths++] = path;
        return 0;
}

static int add_regex(struct check *c, struct clew_code_op *op, const struct clew_code_op *literal)
{
        struct clew_query *q = c->q;
        char message[200] = "";
        size_t offset = 0;
        struct clew_regex *regex = NULL;
        int r = clew_regex_new(q->literals[literal->arg].text, &regex, &offset, message,
                               sizeof(message));

        if (r == -EINVAL) {
                if (offset + 2 >= literal->len)
                        offset = literal->len > 2 ? literal->len - 3 : 0;
                clew_query_fail(c->err, literal->offset + 1 + offset, 1, "pattern: %s", message);
                return r;
        }
        if (r < 0)
                return r;
        op->arg = q->n_regexes;
        q->regexes[q->n_regexes++] = regex;
        return 0;
}

/* `field =~ "pattern"`: the literal and its operator become one. */
static int check_match(struct check *c, struct clew_code_op *op)
{
        const struct clew_code_op *left = c->stack[c->n - 2];
        const struct clew_code_op *right = c->stack[c->n - 1];
        const struct clew_field_row *row = row_of(c, left);
        int r;

        if (right->code != CLEW_CODE_LITERAL || c->types[c->n - 1] != CLEW_TYPE_TEXT) {
                clew_query_fail(c->err, right->offset, right->len,
                                "%s needs a pattern: text in quotes", clew_op_text(op->op));
                return -EINVAL;
        }
        if (c->types[c->n - 2] != CLEW_TYPE_TEXT && c->types[c->n - 2] != CLEW_TYPE_ANY)
                return cannot(c, op, c->types[c->n - 2], CLEW_TYPE_TEXT);
        op->code = CLEW_CODE_REGEX;
        r = row && clew_field_is_path(row) ? add_path(c, op, right) : add_regex(c, op, right);
        /* What was the literal does nothing now. */
        c->q->codes[right - c->q->codes].code = CLEW_CODE_SKIP;
        c->q->codes[right - c->q->codes].op = CLEW_OP_NONE;
        return r;
}

/* The place of an attribute takes one type only; what it has is known when spans are read. */
static void want(struct check *c, const struct clew_code_op *op, enum clew_takes what)
{
        if (op->code == CLEW_CODE_FIELD)
                c->q->fields[op->arg].takes = what;
}

/* ---- one condition ----------------------------------------------------------------------------
 */

static int check_binary(struct check *c, struct clew_code_op *op, enum clew_type *ret)
{
        enum clew_type a = c->types[c->n - 2];
        enum clew_type b = c->types[c->n - 1];
        const struct clew_code_op *left = c->stack[c->n - 2];
        const struct clew_code_op *right = c->stack[c->n - 1];
        int r;

        *ret = CLEW_TYPE_BOOL;
        if (op->op == CLEW_OP_AND || op->op == CLEW_OP_OR) {
                want(c, left, CLEW_TAKES_BOOL);
                want(c, right, CLEW_TAKES_BOOL);
                if (is_condition(a) && is_condition(b))
                        return 0;
                left = is_condition(a) ? right : left;
                return clew_query_fail(c->err, left->offset, left->len,
                                       "%s stands between conditions, and this is %s",
                                       clew_op_text(op->op),
                                       clew_type_name(is_condition(a) ? b : a));
        }
        if (op->op == CLEW_OP_MATCH || op->op == CLEW_OP_NOT_MATCH)
                return check_match(c, op);
        if (is_special(c, left) || is_special(c, right))
                return only_patterns(c, is_special(c, left) ? left : right);
        if (op->op >= CLEW_OP_ADD && op->op <= CLEW_OP_POW) {
                *ret = CLEW_TYPE_FLOAT;
                want(c, left, CLEW_TAKES_NUMBER);
                want(c, right, CLEW_TAKES_NUMBER);
                return is_number(a) && is_number(b) ? 0 : cannot(c, op, a, b);
        }
        op->arg = a == CLEW_TYPE_NIL || b == CLEW_TYPE_NIL;
        r = check_word(c, left, right);
        if (r == 0)
                r = check_word(c, right, left);
        if (r < 0)
                return r;
        return may_compare(op->op, a, b) ? 0 : cannot(c, op, a, b);
}

static int check_unary(struct check *c, const struct clew_code_op *op, enum clew_type *ret)
{
        enum clew_type a = c->types[c->n - 1];
        bool is_not = op->op == CLEW_OP_NOT;

        want(c, c->stack[c->n - 1], is_not ? CLEW_TAKES_BOOL : CLEW_TAKES_NUMBER);
        *ret = is_not ? CLEW_TYPE_BOOL : a == CLEW_TYPE_ANY ? CLEW_TYPE_FLOAT : a;
        if (is_not ? is_condition(a) : is_number(a))
                return 0;
        return clew_query_fail(c->err, op->offset, op->len, "%s does not go with %s",
                               is_not ? "!" : "-", clew_type_name(a));
}

static void push(struct check *c, const struct clew_code_op *op, enum clew_type type)
{
        c->stack[c->n] = op;
        c->types[c->n++] = type;
}

static enum clew_type type_of_operand(const struct check *c, const struct clew_code_op *op)
{
        const struct clew_field_row *row = row_of(c, op);

        if (op->code == CLEW_CODE_LITERAL)
                return c->q->literals[op->arg].type;
        return row ? row->type : CLEW_TYPE_ANY;
}

static int check_expr(struct check *c, struct clew_expr *e)
{
        c->n = 0;
        if (e->n == 0) {
                e->type = CLEW_TYPE_BOOL;
                return 0;
        }
        for (uint32_t i = e->first; i < e->first + e->n; i++) {
                struct clew_code_op *op = &c->q->codes[i];
                enum clew_type type = CLEW_TYPE_ANY;
                int r = 0;

                if (op->code == CLEW_CODE_SKIP)
                        continue;
                if (op->code == CLEW_CODE_LITERAL || op->code == CLEW_CODE_FIELD) {
                        push(c, op, type_of_operand(c, op));
                        continue;
                }
                if (op->code == CLEW_CODE_BINARY)
                        r = check_binary(c, op, &type);
                else
                        r = check_unary(c, op, &type);
                if (r < 0)
                        return r;
                c->n -= op->code == CLEW_CODE_UNARY ? 1 : 2;
                push(c, op, type);
        }
        e->type = c->types[0];
        if (e->n == 1 && is_special(c, c->stack[0]))
                return only_patterns(c, c->stack[0]);
        return 0;
}

/* ---- where it stands --------------------------------------------------------------------------
 */

static bool looks_at_span(const struct clew_query *q, const struct clew_expr *e)
{
        for (uint32_t i = e->first; i < e->first + e->n; i++) {
                if (q->codes[i].code == CLEW_CODE_FIELD)
                        return true;
        }
        return false;
}

static int need_condition(struct check *c, uint32_t expr)
{
        const struct clew_expr *e = &c->q->exprs[expr];

        if (e->n == 1)
                want(c, &c->q->codes[e->first], CLEW_TAKES_BOOL);
        if (is_condition(e->type))
                return 0;
        clew_query_fail(c->err, e->offset, e->len, "a condition is wanted here, and this is %s",
                        clew_type_name(e->type));
        clew_query_hint(c->err, "compare it with something: { status = error }");
        return -EINVAL;
}

static int need_number(struct check *c, uint32_t expr, const char *who)
{
        const struct clew_expr *e = &c->q->exprs[expr];

        if (e->n == 1)
                want(c, &c->q->codes[e->first], CLEW_TAKES_NUMBER);
        if (!is_number(e->type))
                return clew_query_fail(c->err, e->offset, e->len, "%s takes a number, not %s", who,
                                       clew_type_name(e->type));
        if (!looks_at_span(c->q, e))
                return clew_query_fail(c->err, e->offset, e->len,
                                       "%s takes something of the span, not a fixed value", who);
        return 0;
}

static int need_group(struct check *c, uint32_t expr)
{
        const struct clew_expr *e = &c->q->exprs[expr];

        if (looks_at_span(c->q, e))
                return 0;
        return clew_query_fail(c->err, e->offset, e->len,
                               "by() takes something of the span, not a fixed value");
}

static int check_stage(struct check *c, const struct clew_stage_op *op)
{
        static const char *const names[] = {
                [CLEW_AGGREGATE_NONE] = "",     [CLEW_AGGREGATE_COUNT] = "count()",
                [CLEW_AGGREGATE_MIN] = "min()", [CLEW_AGGREGATE_MAX] = "max()",
                [CLEW_AGGREGATE_AVG] = "avg()", [CLEW_AGGREGATE_SUM] = "sum()",
        };

        if (op->stage == CLEW_STAGE_FILTER)
                return need_condition(c, op->arg);
        if (op->stage == CLEW_STAGE_AGGREGATE && op->aggregate != CLEW_AGGREGATE_COUNT)
                return need_number(c, op->arg, names[op->aggregate]);
        return op->stage == CLEW_STAGE_BY ? need_group(c, op->arg) : 0;
}

static int check_metric(struct check *c)
{
        const struct clew_metric_stage *m = &c->q->metric;
        int r = 0;

        if (m->metric == CLEW_METRIC_NONE)
                return 0;
        if (m->metric == CLEW_METRIC_COMPARE)
                return need_condition(c, m->compare);
        if (m->metric != CLEW_METRIC_RATE && m->metric != CLEW_METRIC_COUNT)
                r = need_number(c, m->expr, "this function");
        for (uint32_t i = 0; r == 0 && i < m->n_by; i++)
                r = need_group(c, m->by[i]);
        return r;
}

int clew_query_check(struct clew_query *q, struct clew_query_error *err)
{
        struct check c = {.q = q, .err = err};
        int r = 0;

        c.stack = clew_arena_calloc(q->arena, q->code_stack + 1u, sizeof(*c.stack));
        c.types = clew_arena_calloc(q->arena, q->code_stack + 1u, sizeof(*c.types));
        if (!c.stack || !c.types)
                return -ENOMEM;
        for (uint32_t i = 0; r == 0 && i < q->n_exprs; i++)
                r = check_expr(&c, &q->exprs[i]);
        for (uint32_t i = 0; r == 0 && i < q->n_stages; i++)
                r = check_stage(&c, &q->stages[i]);
        return r < 0 ? r : check_metric(&c);
}
