/*
 * Conditions on one span, from tokens to postfix: operator precedence with a stack of operators,
 * no recursion. Order of binding, weakest first, as in TraceQL: `&&` and `||` (one level, from the
 * left), comparisons, `+ -`, `* / %`, `^` (from the right), then the signs `-` and `!`.
 */
#include "query/find/language/program-int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct pending {
        struct clew_query_token token; /* an operator, or "(" */
        uint32_t skip;                 /* code of its jump; for AND and OR */
        bool is_unary;
};

struct expression {
        struct clew_parser *p;
        struct pending *stack;
        uint32_t n_stack;
        uint32_t depth;  /* open brackets */
        uint32_t height; /* of the stack when run */
        uint32_t highest;
        bool has_and; /* at this level of brackets, see open_level() */
        bool has_or;
        uint64_t levels_and[CLEW_QUERY_DEPTH_MAX / 64 + 1];
        uint64_t levels_or[CLEW_QUERY_DEPTH_MAX / 64 + 1];
};

static int binding(const struct pending *op)
{
        if (op->is_unary)
                return 7;
        switch ((int)op->token.op) {
        case CLEW_OP_AND:
        case CLEW_OP_OR:
                return 1;
        case CLEW_OP_EQ:
        case CLEW_OP_NE:
        case CLEW_OP_LT:
        case CLEW_OP_LE:
        case CLEW_OP_GT:
        case CLEW_OP_GE:
        case CLEW_OP_MATCH:
        case CLEW_OP_NOT_MATCH:
                return 2;
        case CLEW_OP_ADD:
        case CLEW_OP_SUB:
                return 3;
        case CLEW_OP_MUL:
        case CLEW_OP_DIV:
        case CLEW_OP_MOD:
                return 4;
        case CLEW_OP_POW:
                return 5;
        default:
                return 0;
        }
}

int clew_too_large(struct clew_parser *p)
{
        clew_query_fail(p->err, p->t.offset, 1, "a query of more than %u parts",
                        CLEW_QUERY_OPS_MAX);
        return -E2BIG;
}

static int emit(struct expression *e, struct clew_code_op op)
{
        struct clew_query *q = e->p->q;

        if (q->n_codes == e->p->capacity)
                return clew_too_large(e->p);
        if (op.code == CLEW_CODE_LITERAL || op.code == CLEW_CODE_FIELD)
                e->height++;
        else if (op.code == CLEW_CODE_BINARY)
                e->height--;
        if (e->height > e->highest)
                e->highest = e->height;
        q->codes[q->n_codes++] = op;
        return 0;
}

/* A number behind a minus is one value, wherever a value may stand. False when the minus is before
 * something else. */
static bool take_minus(struct clew_query *q, const struct pending *minus)
{
        struct clew_code_op *last = q->n_codes > 0 ? &q->codes[q->n_codes - 1] : NULL;
        struct clew_operand *v;

        if (!last || last->code != CLEW_CODE_LITERAL || last->offset < minus->token.offset)
                return false;
        v = &q->literals[last->arg];
        if (v->type == CLEW_TYPE_FLOAT)
                v->number = -v->number;
        else if ((v->type == CLEW_TYPE_INT || v->type == CLEW_TYPE_DURATION) &&
                 v->integer != INT64_MIN)
                v->integer = -v->integer;
        else
                return false;
        last->len += last->offset - (uint32_t)minus->token.offset;
        last->offset = (uint32_t)minus->token.offset;
        return true;
}

static int emit_pending(struct expression *e, const struct pending *op)
{
        struct clew_query *q = e->p->q;
        int r;

        if (op->is_unary && op->token.op == CLEW_OP_SUB && take_minus(q, op))
                return 0;
        r = emit(e, (struct clew_code_op){
                            .code = op->is_unary ? CLEW_CODE_UNARY : CLEW_CODE_BINARY,
                            .op = op->is_unary && op->token.op == CLEW_OP_SUB ? CLEW_OP_NEG
                                                                              : op->token.op,
                            .offset = (uint32_t)op->token.offset,
                            .len = (uint32_t)op->token.len,
                            .mismatch = q->n_comparisons++,
                    });

        if (r == 0 && !op->is_unary && binding(op) == 1)
                q->codes[op->skip].arg = q->n_codes; /* behind the operator */
        return r;
}

/* ---- operands ---------------------------------------------------------------------------------
 */

static const struct word {
        const char *text;
        struct clew_operand value;
} words[] = {
        {"true", {.type = CLEW_TYPE_BOOL, .boolean = true}},
        {"false", {.type = CLEW_TYPE_BOOL, .boolean = false}},
        {"nil", {.type = CLEW_TYPE_NIL}},
        {"unset", {.type = CLEW_TYPE_STATUS, .integer = CLEW_STATUS_UNSET}},
        {"ok", {.type = CLEW_TYPE_STATUS, .integer = CLEW_STATUS_OK}},
        {"error", {.type = CLEW_TYPE_STATUS, .integer = CLEW_STATUS_ERROR}},
        {"unspecified", {.type = CLEW_TYPE_SPAN_KIND, .integer = 0}},
        {"internal", {.type = CLEW_TYPE_SPAN_KIND, .integer = 1}},
        {"server", {.type = CLEW_TYPE_SPAN_KIND, .integer = 2}},
        {"client", {.type = CLEW_TYPE_SPAN_KIND, .integer = 3}},
        {"producer", {.type = CLEW_TYPE_SPAN_KIND, .integer = 4}},
        {"consumer", {.type = CLEW_TYPE_SPAN_KIND, .integer = 5}},
};

int clew_add_literal(struct clew_parser *p, const struct clew_operand *v, uint32_t *ret)
{
        if (p->q->n_literals == p->capacity)
                return clew_too_large(p);
        *ret = p->q->n_literals++;
        p->q->literals[*ret] = *v;
        return 0;
}

static int put_literal(struct expression *e, const struct clew_operand *v)
{
        struct clew_code_op op = {.code = CLEW_CODE_LITERAL,
                                  .offset = (uint32_t)e->p->t.offset,
                                  .len = (uint32_t)e->p->t.len};
        int r = clew_add_literal(e->p, v, &op.arg);

        return r < 0 ? r : emit(e, op);
}

static int put_field(struct expression *e, const struct clew_field_ref *ref)
{
        struct clew_query *q = e->p->q;
        struct clew_code_op op = {.code = CLEW_CODE_FIELD,
                                  .arg = q->n_fields,
                                  .offset = (uint32_t)ref->offset,
                                  .len = (uint32_t)ref->len};

        if (q->n_fields == e->p->capacity)
                return clew_too_large(e->p);
        q->fields[q->n_fields++] = *ref;
        if (ref->row)
                q->needs |= ref->row->needs;
        return emit(e, op);
}

/* What Clew derives, or a name that other tools have for a field. */
static bool put_known(const struct clew_query_token *t, char ret[80])
{
        static const char *const others[][2] = {{"service", "resource.service.name"},
                                                {"cause", "span.clew.cause.rule"},
                                                {"grep", "span.clew.text"},
                                                {"status_code", "status"},
                                                {"latency", "duration"}};
        struct clew_slice name;
        struct clew_slice rest;

        for (size_t i = 0; i < CLEW_ARRAY_LEN(others); i++) {
                if (clew_slice_eq_cstr(t->text, others[i][0])) {
                        snprintf(ret, 80, "%s", others[i][1]);
                        return true;
                }
        }
        if (t->text.len > 40)
                return false;
        snprintf(ret, 80, "span.clew.%.*s", (int)t->text.len, (const char *)t->text.data);
        name = clew_slice_of_cstr(ret);
        return clew_field_find(name, &rest) != NULL;
}

/* "eror", "clint": a value of a field, written with a slip. */
static const char *nearest_word(struct clew_slice text)
{
        const char *best = NULL;
        size_t least = text.len > 5 ? 3 : 2;

        for (size_t i = 0; i < CLEW_ARRAY_LEN(words); i++) {
                size_t d = clew_edit_distance(text, clew_slice_of_cstr(words[i].text), least);

                if (d >= least)
                        continue;
                best = words[i].text;
                least = d;
        }
        return best;
}

static int unknown_word(struct clew_parser *p)
{
        const struct clew_query_token *t = &p->t;
        char known[80];
        const char *near = put_known(t, known) ? known : clew_field_nearest(t->text);

        if (!near)
                near = nearest_word(t->text);

        if (clew_query_unsupported(p) < 0)
                return -EINVAL;
        clew_query_fail(p->err, t->offset, t->len, "\"%.*s\" is no field and no value",
                        (int)(t->text.len < 60 ? t->text.len : 60), (const char *)t->text.data);
        if (near)
                clew_query_hint(p->err, "did you mean %s?", near);
        else
                clew_query_hint(
                        p->err,
                        "attributes begin with a dot or a scope: .%.*s, "
                        "span.%.*s; texts stand in \"quotes\"",
                        (int)(t->text.len < 40 ? t->text.len : 40), (const char *)t->text.data,
                        (int)(t->text.len < 40 ? t->text.len : 40), (const char *)t->text.data);
        return -EINVAL;
}

static int put_word(struct expression *e)
{
        const struct clew_query_token *t = &e->p->t;
        struct clew_field_ref ref = {.offset = t->offset, .len = t->len};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(words); i++) {
                if (clew_slice_eq_cstr(t->text, words[i].text))
                        return put_literal(e, &words[i].value);
        }
        ref.row = clew_field_find(t->text, &ref.name);
        if (!ref.row && clew_slice_eq_cstr(t->text, "parent")) {
                clew_query_fail(e->p->err, t->offset, t->len, "not supported: parent alone");
                clew_query_hint(e->p->err, "nestedSetParent < 0 finds roots; parent.NAME reads an "
                                           "attribute of the parent");
                return -EINVAL;
        }
        return ref.row ? put_field(e, &ref) : unknown_word(e->p);
}

/* `span.clew.x` is what Clew derives; an attribute as sent otherwise. */
static int put_attribute(struct expression *e)
{
        const struct clew_slice derived = CLEW_SLICE_LITERAL("clew.");
        struct clew_parser *p = e->p;
        const struct clew_query_token *t = &p->t;
        struct clew_field_ref ref = {.scope = t->scope,
                                     .of_parent = t->of_parent,
                                     .name = t->text,
                                     .offset = t->offset,
                                     .len = t->len};

        if ((t->scope == CLEW_SCOPE_SPAN || t->scope == CLEW_SCOPE_ANY) &&
            clew_slice_starts_with(t->text, derived)) {
                struct clew_slice parts[] = {CLEW_SLICE_LITERAL("span."), t->text};
                struct clew_slice name = clew_arena_concat(p->q->arena, parts, 2);
                const char *near;

                if (!name.data)
                        return -ENOMEM;
                ref.row = clew_field_find(name, &ref.name);
                if (!ref.row) {
                        near = clew_field_nearest(name);
                        clew_query_fail(
                                p->err, t->offset, t->len, "Clew derives no attribute \"%.*s\"",
                                (int)(name.len < 80 ? name.len : 80), (const char *)name.data);
                        clew_query_hint(p->err,
                                        near ? "did you mean %s?" : "clew help query lists them%s",
                                        near ? near : "");
                        return -EINVAL;
                }
        } else if (t->of_parent && t->scope == CLEW_SCOPE_ANY) {
                ref.row = clew_field_find(t->text, &ref.name); /* parent.duration */
                if (!ref.row)
                        ref.name = t->text;
        }
        return put_field(e, &ref);
}

/* The least number there is has a sign of its own: without it, it would be none. */
static int put_least(struct expression *e)
{
        const struct pending *top = e->n_stack > 0 ? &e->stack[e->n_stack - 1] : NULL;
        const struct clew_query_token number = e->p->t;
        struct clew_operand v = {.type = CLEW_TYPE_INT, .integer = INT64_MIN};
        int r;

        if (!top || !top->is_unary || top->token.op != CLEW_OP_SUB)
                return clew_query_fail(e->p->err, number.offset, number.len,
                                       "a number out of range");
        e->n_stack--;
        r = put_literal(e, &v);
        return r < 0 ? r : clew_parser_advance(e->p);
}

static int put_operand(struct expression *e)
{
        const struct clew_query_token *t = &e->p->t;
        struct clew_operand v = {.type = CLEW_TYPE_INT, .integer = t->integer};
        int r;

        switch ((int)t->type) {
        case CLEW_TOKEN_STRING:
                v = (struct clew_operand){.type = CLEW_TYPE_TEXT, .text = t->text};
                break;
        case CLEW_TOKEN_FLOAT:
                v = (struct clew_operand){.type = CLEW_TYPE_FLOAT, .number = t->number};
                break;
        case CLEW_TOKEN_DURATION:
                v.type = CLEW_TYPE_DURATION;
                break;
        case CLEW_TOKEN_INT:
                if (t->integer < 0)
                        return put_least(e);
                break;
        case CLEW_TOKEN_WORD:
                r = put_word(e);
                return r < 0 ? r : clew_parser_advance(e->p);
        case CLEW_TOKEN_FIELD:
                r = put_attribute(e);
                return r < 0 ? r : clew_parser_advance(e->p);
        default:
                return clew_parser_expected(e->p, "a field or a value");
        }
        r = put_literal(e, &v);
        return r < 0 ? r : clew_parser_advance(e->p);
}

/* ---- operators --------------------------------------------------------------------------------
 */

static int push(struct expression *e, const struct pending *op)
{
        if (e->n_stack == e->p->capacity)
                return clew_too_large(e->p);
        e->stack[e->n_stack++] = *op;
        return 0;
}

/* What binds at least as strongly as @than goes out first. */
static int reduce(struct expression *e, const struct pending *than)
{
        int least = binding(than) + (than->token.op == CLEW_OP_POW && !than->is_unary);

        while (e->n_stack > 0 && e->stack[e->n_stack - 1].token.type != CLEW_TOKEN_OPEN &&
               binding(&e->stack[e->n_stack - 1]) >= least) {
                int r = emit_pending(e, &e->stack[--e->n_stack]);

                if (r < 0)
                        return r;
        }
        return 0;
}

int clew_mixed(struct clew_parser *p, const struct clew_query_token *at)
{
        if (!p->strict) {
                p->q->mixed_offset = p->q->is_mixed ? p->q->mixed_offset : at->offset;
                p->q->is_mixed = true;
                return 0;
        }
        clew_query_fail(p->err, at->offset, at->len, "&& and || side by side without brackets");
        clew_query_hint(p->err, "TraceQL reads them from the left, whichever they are: "
                                "write the brackets");
        return -EINVAL;
}

static int note_logic(struct expression *e, const struct clew_query_token *t)
{
        uint64_t bit = UINT64_C(1) << (e->depth % 64);
        uint64_t *mine =
                t->op == CLEW_OP_AND ? &e->levels_and[e->depth / 64] : &e->levels_or[e->depth / 64];
        const uint64_t *other =
                t->op == CLEW_OP_AND ? &e->levels_or[e->depth / 64] : &e->levels_and[e->depth / 64];

        *mine |= bit;
        return *other & bit ? clew_mixed(e->p, t) : 0;
}

static int open_bracket(struct expression *e)
{
        struct pending open = {.token = e->p->t};
        int r = push(e, &open);

        if (r < 0)
                return r;
        if (++e->depth == CLEW_QUERY_DEPTH_MAX) {
                clew_query_fail(e->p->err, e->p->t.offset, 1,
                                "more than %u brackets inside each "
                                "other",
                                CLEW_QUERY_DEPTH_MAX);
                return -E2BIG;
        }
        e->levels_and[e->depth / 64] &= ~(UINT64_C(1) << (e->depth % 64));
        e->levels_or[e->depth / 64] &= ~(UINT64_C(1) << (e->depth % 64));
        return clew_parser_advance(e->p);
}

/* 1 = it closed one of ours, 0 = it belongs to who called. */
static int close_bracket(struct expression *e)
{
        if (e->depth == 0)
                return 0;
        while (e->stack[e->n_stack - 1].token.type != CLEW_TOKEN_OPEN) {
                int r = emit_pending(e, &e->stack[--e->n_stack]);

                if (r < 0)
                        return r;
        }
        e->n_stack--;
        e->depth--;
        return 1;
}

/* Signs before an operand, brackets that open. */
static int read_prefix(struct expression *e)
{
        for (;;) {
                const struct clew_query_token *t = &e->p->t;
                int r;

                if (t->type == CLEW_TOKEN_OPEN) {
                        r = open_bracket(e);
                } else if (t->type == CLEW_TOKEN_OPERATOR &&
                           (t->op == CLEW_OP_NOT || t->op == CLEW_OP_SUB)) {
                        struct pending sign = {.token = *t, .is_unary = true};

                        r = push(e, &sign);
                        if (r == 0)
                                r = clew_parser_advance(e->p);
                } else {
                        return put_operand(e);
                }
                if (r < 0)
                        return r;
        }
}

/* `! a = b` is read as `(! a) = b`, which hardly anybody means. */
static int check_not(struct expression *e, const struct pending *op)
{
        const struct pending *top = e->n_stack > 0 ? &e->stack[e->n_stack - 1] : NULL;

        if (binding(op) != 2 || !top || !top->is_unary || top->token.op != CLEW_OP_NOT)
                return 0;
        clew_query_fail(e->p->err, top->token.offset, 1,
                        "! binds to the field alone, before the comparison");
        clew_query_hint(e->p->err, "write !(A %s B)", clew_op_text(op->token.op));
        return -EINVAL;
}

/* 1 = an operator was read, 0 = the expression ends here. */
static int read_operator(struct expression *e)
{
        struct pending op = {.token = e->p->t};
        int r;

        while (e->p->t.type == CLEW_TOKEN_CLOSE) {
                r = close_bracket(e);
                if (r <= 0)
                        return r;
                r = clew_parser_advance(e->p);
                if (r < 0)
                        return r;
                op.token = e->p->t;
        }
        if (op.token.type != CLEW_TOKEN_OPERATOR || binding(&op) == 0)
                return 0;
        r = check_not(e, &op);
        if (r == 0)
                r = reduce(e, &op);
        if (r == 0 && binding(&op) == 1) {
                r = note_logic(e, &op.token);
                op.skip = e->p->q->n_codes;
                if (r == 0)
                        r = emit(e,
                                 (struct clew_code_op){.code = CLEW_CODE_SKIP, .op = op.token.op});
        }
        if (r == 0)
                r = push(e, &op);
        if (r == 0)
                r = clew_parser_advance(e->p);
        return r < 0 ? r : 1;
}

static int finish(struct expression *e, size_t start, uint32_t first, uint32_t *ret)
{
        struct clew_query *q = e->p->q;

        if (e->depth > 0) {
                while (e->n_stack > 0 && e->stack[e->n_stack - 1].token.type != CLEW_TOKEN_OPEN)
                        e->n_stack--;
                return clew_query_fail(e->p->err, e->stack[e->n_stack - 1].token.offset, 1,
                                       "a bracket that is not closed");
        }
        while (e->n_stack > 0) {
                int r = emit_pending(e, &e->stack[--e->n_stack]);

                if (r < 0)
                        return r;
        }
        if (e->highest > q->code_stack)
                q->code_stack = e->highest;
        *ret = q->n_exprs++;
        q->exprs[*ret] = (struct clew_expr){
                .first = first,
                .n = q->n_codes - first,
                .offset = (uint32_t)start,
                .len = (uint32_t)(e->p->t.offset > start ? e->p->t.offset - start : 1),
        };
        return 0;
}

int clew_parse_expr(struct clew_parser *p, uint32_t *ret)
{
        struct expression e = {.p = p};
        size_t start = p->t.offset;
        uint32_t first = p->q->n_codes;
        int r;

        if (p->q->n_exprs == p->capacity)
                return clew_too_large(p);
        if (!p->operators)
                p->operators = clew_arena_alloc(p->q->arena, p->capacity * sizeof(*e.stack));
        if (!p->operators)
                return -ENOMEM;
        e.stack = p->operators;
        do {
                r = read_prefix(&e);
                if (r < 0)
                        return r;
                r = read_operator(&e);
        } while (r == 1);
        return r < 0 ? r : finish(&e, start, first, ret);
}

int clew_parse_nothing(struct clew_parser *p, uint32_t *ret)
{
        if (p->q->n_exprs == p->capacity)
                return clew_too_large(p);
        *ret = p->q->n_exprs++;
        p->q->exprs[*ret] = (struct clew_expr){
                .type = CLEW_TYPE_BOOL, .offset = (uint32_t)p->t.offset, .len = 1};
        return 0;
}

int clew_parse_number(struct clew_parser *p, struct clew_operand *ret)
{
        bool minus = p->t.type == CLEW_TOKEN_OPERATOR && p->t.op == CLEW_OP_SUB;
        int r = minus ? clew_parser_advance(p) : 0;

        if (r < 0)
                return r;
        *ret = (struct clew_operand){.type = CLEW_TYPE_INT, .integer = p->t.integer};
        if (p->t.type == CLEW_TOKEN_FLOAT)
                *ret = (struct clew_operand){.type = CLEW_TYPE_FLOAT, .number = p->t.number};
        else if (p->t.type == CLEW_TOKEN_DURATION)
                ret->type = CLEW_TYPE_DURATION;
        else if (p->t.type != CLEW_TOKEN_INT)
                return clew_parser_expected(p, "a number or a length of time");
        if (minus && ret->type == CLEW_TYPE_FLOAT)
                ret->number = -ret->number;
        else if (ret->integer == INT64_MIN && !minus)
                return clew_query_fail(p->err, p->t.offset, p->t.len, "a number out of range");
        else if (minus && ret->integer != INT64_MIN)
                ret->integer = -ret->integer;
        return clew_parser_advance(p);
}
