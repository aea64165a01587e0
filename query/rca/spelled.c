/*
 * The same value, spelled otherwise: with a unit, with other separators, in other units. A value
 * that was shown so was not made up, and is no slip of another one.
 */
#include "query/rca/rules.h"
#include "query/rca/text-int.h"

#include <math.h>

#define UNIT_MAX 12u   /* letters of a unit: "500-piece", "0.058s", "3km" */
#define NUMBER_MAX 32u /* bytes of a number that is read */
#define SCALED_DIGITS_MIN 3u

/* 1e-100, 1.0E+05, 1..500: numbers of programs. */
static bool is_of_programs(struct clew_slice t)
{
        for (size_t i = 1; i + 1 < t.len; i++) {
                if (t.data[i] == '.' && t.data[i + 1] == '.')
                        return true;
                if (lower(t.data[i]) == 'e' && (is_digit(t.data[i - 1]) || t.data[i - 1] == '.') &&
                    (t.data[i + 1] == '-' || is_digit(t.data[i + 1])))
                        return true;
        }
        return false;
}

/* The number in "500-piece", "EUR6015": letters on one side only, few of them. Null for others. */
static struct clew_slice without_unit(struct clew_slice t)
{
        size_t from = 0;
        size_t to = t.len;

        while (to > 0 && is_alpha(t.data[to - 1]))
                to--;
        if (to == t.len) {
                while (from < t.len && is_alpha(t.data[from]))
                        from++;
                if (from > 3)
                        return CLEW_SLICE_NULL; /* a name, not a currency */
        }
        if ((from == 0 && to == t.len) || t.len - to > UNIT_MAX)
                return CLEW_SLICE_NULL;
        if (to > from && t.data[to - 1] == '-')
                to--;
        for (size_t i = from; i < to; i++) {
                if (!is_digit(t.data[i]) && t.data[i] != '.' && t.data[i] != ',')
                        return CLEW_SLICE_NULL;
        }
        return to > from ? clew_slice_make(t.data + from, to - from) : CLEW_SLICE_NULL;
}

/* Three digits, and then another mark or the end: what stands behind a mark of thousands. */
static bool is_thousands(struct clew_slice t)
{
        size_t n = 0;

        while (n < t.len && is_digit(t.data[n]))
                n++;
        return n == 3;
}

/* The number that "1.234,56" is where a comma marks the decimals; NAN for what cannot be one. */
static double with_comma(struct clew_slice t)
{
        double x = 0;
        double scale = 0;
        bool comma = false;

        if (t.len > NUMBER_MAX)
                return (double)NAN;
        for (size_t i = 0; i < t.len; i++) {
                uint8_t c = t.data[i];

                if (is_digit(c)) {
                        x = scale > 0 ? x + (c - '0') * scale : x * 10 + (c - '0');
                        scale /= scale > 0 ? 10 : 1;
                } else if (c == ',' && !comma) {
                        comma = true;
                        scale = 0.1;
                } else if (c != '.' || comma || !is_thousands(clew_slice_from(t, i + 1))) {
                        return (double)NAN;
                }
        }
        return comma || memchr(t.data, '.', t.len) ? x : (double)NAN;
}

static bool same(double a, double b)
{
        return fabs(a - b) <= 1e-9 * fmax(fabs(a), fabs(b));
}

/* Per cent, cents, thousands, millions, minutes, hours, days. */
static bool is_scaled(double x, double seen)
{
        static const double by[] = {100, 1000, 1e6, 60, 3600, 24};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(by); i++) {
                if (same(x, seen * by[i]) || same(x * by[i], seen))
                        return true;
        }
        return false;
}

/* @t was observed before @unit, as it is or as the same number: 48211.50 and 48211.5. */
static bool observed(const struct clew_rca_view *v, const struct clew_token *t, uint32_t unit)
{
        for (uint32_t i = 0; i <= v->seen_mask; i++) {
                const struct clew_rca_seen *s = &v->seen[i];

                if (s->n_units && s->observed != CLEW_RCA_NONE && s->observed < unit &&
                    (s->hash == t->hash ||
                     (t->is_number && s->number > 0 && same(t->number, s->number))))
                        return true;
        }
        return false;
}

/* "Elm,48211.50": cells of a table, each of which was shown, or holds no value. */
static bool is_row_of_shown(const struct clew_rca_view *v, struct clew_slice text, uint32_t unit)
{
        size_t at = 0;

        if (!memchr(text.data, ',', text.len) && !memchr(text.data, ';', text.len))
                return false;
        while (at < text.len) {
                size_t from = at;
                struct clew_token_iter it;
                struct clew_token cell;

                while (at < text.len && text.data[at] != ',' && text.data[at] != ';')
                        at++;
                it = clew_tokens_of(clew_slice_make(text.data + from, at - from));
                while (clew_token_next(&it, &cell)) {
                        if (!observed(v, &cell, unit))
                                return false;
                }
                at++;
        }
        return true;
}

bool clew_rca_spelled_otherwise(const struct clew_rca_view *v, const struct clew_token *t,
                                uint32_t unit)
{
        struct clew_slice bare = without_unit(t->text);
        struct clew_slice text = bare.len ? bare : t->text;
        struct clew_token_iter it = clew_tokens_of(text);
        struct clew_token number;
        double comma = with_comma(text);

        if (is_of_programs(t->text))
                return true;
        if (v->seen &&
            ((t->is_number && observed(v, t, unit)) || is_row_of_shown(v, t->text, unit)))
                return true;
        if (!clew_token_next(&it, &number) || number.text.len != text.len ||
            !(number.is_number || !isnan(comma)) || !v->seen)
                return false;
        for (uint32_t i = 0; i <= v->seen_mask; i++) {
                const struct clew_rca_seen *s = &v->seen[i];
                double other;

                if (!s->n_units || s->observed == CLEW_RCA_NONE || s->observed >= unit)
                        continue;
                other = with_comma(s->text);
                if ((bare.len && s->hash == number.hash) ||
                    (!isnan(comma) && (same(comma, s->number) || same(comma, other))) ||
                    (!isnan(other) && same(number.number, other)) ||
                    (number.digits >= SCALED_DIGITS_MIN && s->number > 0 &&
                     is_scaled(number.number, s->number)))
                        return true;
        }
        return false;
}
