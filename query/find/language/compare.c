/*
 * Values against values, and arithmetic. A field may have several values on one span (events,
 * lists, sessions): a comparison holds when it holds for one of them, and `!=` and `!~` hold when
 * there is a value and none is equal. Nothing is equal or unequal to a field that is not there,
 * `nil` excepted.
 */
#include "query/find/language/run-int.h"

#include "proto/base/number.h"

#include <math.h>
#include <stdio.h>

static bool fits_order(enum clew_op op, int order)
{
        switch ((int)op) {
        case CLEW_OP_EQ:
        case CLEW_OP_NE:
                return order == 0;
        case CLEW_OP_LT:
                return order < 0;
        case CLEW_OP_LE:
                return order <= 0;
        case CLEW_OP_GT:
                return order > 0;
        case CLEW_OP_GE:
                return order >= 0;
        default:
                return false;
        }
}

/* A whole number against one that may be none, neither of them rounded. */
static int order_of(int64_t a, double b)
{
        int64_t whole;
        double rest;

        if (b >= 0x1p63)
                return -1;
        if (b < -0x1p63)
                return 1;
        whole = (int64_t)b;
        rest = b - (double)whole;
        if (a != whole)
                return a < whole ? -1 : 1;
        return rest > 0 ? -1 : rest < 0;
}

static bool numbers_fit(enum clew_op op, const struct clew_operand *a, const struct clew_operand *b)
{
        if (a->type != CLEW_TYPE_FLOAT && b->type != CLEW_TYPE_FLOAT)
                return fits_order(op, a->integer < b->integer ? -1 : a->integer > b->integer);
        if (isnan(clew_operand_number(a)) || isnan(clew_operand_number(b)))
                return false;
        if (a->type != CLEW_TYPE_FLOAT)
                return fits_order(op, order_of(a->integer, b->number));
        if (b->type != CLEW_TYPE_FLOAT)
                return fits_order(op, -order_of(b->integer, a->number));
        return fits_order(op, a->number < b->number ? -1 : a->number > b->number);
}

/* For `!=` whether they are equal. */
static bool pair_fits(enum clew_op op, const struct clew_operand *a, const struct clew_operand *b,
                      bool *fit)
{
        bool numbers = clew_type_is_number(a->type) && clew_type_is_number(b->type);
        bool equality = op == CLEW_OP_EQ || op == CLEW_OP_NE;

        if (!numbers && (a->type != b->type || a->type == CLEW_TYPE_OTHER))
                return false;
        *fit = true;
        if (numbers)
                return numbers_fit(op, a, b);
        if (a->type == CLEW_TYPE_TEXT)
                return fits_order(op, clew_slice_cmp(a->text, b->text));
        if (!equality)
                return false;
        return a->type == CLEW_TYPE_BOOL ? a->boolean == b->boolean : a->integer == b->integer;
}

bool clew_compare(enum clew_op op, const struct clew_values *a, const struct clew_values *b,
                  bool *ret_fit)
{
        bool negative = op == CLEW_OP_NE;
        bool fit = false;
        bool any = false;

        for (uint32_t i = 0; i < a->n && !any; i++) {
                for (uint32_t k = 0; k < b->n && !any; k++)
                        any = pair_fits(op, &a->items[i], &b->items[k], &fit);
        }
        if (ret_fit)
                *ret_fit = fit;
        return negative ? fit && !any : any;
}

struct clew_slice clew_operand_text(const struct clew_operand *v, struct clew_arena *arena)
{
        static const char *const statuses[] = {"unset", "ok", "error"};
        static const char *const kinds[] = {"unspecified", "internal", "server",
                                            "client",      "producer", "consumer"};
        char text[CLEW_DOUBLE_TEXT_MAX];

        switch (v->type) {
        case CLEW_TYPE_TEXT:
                return v->text;
        case CLEW_TYPE_BOOL:
                return clew_slice_of_cstr(v->boolean ? "true" : "false");
        case CLEW_TYPE_INT:
                return clew_arena_printf(arena, "%lld", (long long)v->integer);
        case CLEW_TYPE_DURATION:
                return clew_arena_printf(arena, "%lldns", (long long)v->integer);
        case CLEW_TYPE_FLOAT:
                return clew_arena_copy(arena,
                                       clew_slice_make(text, clew_format_double(v->number, text)));
        case CLEW_TYPE_STATUS:
                return clew_slice_of_cstr(
                        statuses[v->integer >= 0 && v->integer < 3 ? v->integer : 0]);
        case CLEW_TYPE_SPAN_KIND:
                return clew_slice_of_cstr(
                        kinds[v->integer >= 0 && v->integer < 6 ? v->integer : 0]);
        case CLEW_TYPE_NIL:
        case CLEW_TYPE_OTHER:
        case CLEW_TYPE_ANY:
        case CLEW_TYPE_COUNT:
                break;
        }
        return clew_slice_of_cstr(v->type == CLEW_TYPE_OTHER ? "(pairs)" : "nil");
}

struct clew_slice clew_group_text(const struct clew_values *v, struct clew_arena *arena)
{
        return v->n > 0 ? clew_arena_copy(arena, clew_operand_text(&v->items[0], arena))
                        : clew_slice_of_cstr("nil");
}
