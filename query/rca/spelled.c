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
#define LINES_MAX 2000   /* of a file that one look shows */
#define WORDS_MAX 16384u /* bytes of a text that numbers in words are looked for in */

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

/* Digits of other scripts: Arabic, Persian, Devanagari, full width. */
static bool has_other_digits(struct clew_slice t)
{
        for (size_t i = 0; i + 2 < t.len; i++) {
                const uint8_t *p = t.data + i;

                if ((p[0] == 0xd9 && p[1] >= 0xa0 && p[1] <= 0xa9) ||
                    (p[0] == 0xdb && p[1] >= 0xb0 && p[1] <= 0xb9) ||
                    (p[0] == 0xe0 && p[1] == 0xa5 && p[2] >= 0xa6 && p[2] <= 0xaf) ||
                    (p[0] == 0xef && p[1] == 0xbc && p[2] >= 0x90 && p[2] <= 0x99))
                        return true;
        }
        return false;
}

/* "forty-eight thousand", "zwölfhundert": a word of a number right before one of its size. */
static bool has_number_in_words(struct clew_slice t)
{
        static const char *const sizes[] = {" hundred", " thousand", " million", "hundert",
                                            "tausend"};
        static const char *const ends[] = {"one",    "two",    "three", "four", "five",
                                           "six",    "seven",  "eight", "nine", "ten",
                                           "eleven", "twelve", "teen",  "ty",   "hundred"};

        for (size_t k = 0; k < CLEW_ARRAY_LEN(sizes); k++) {
                struct clew_slice rest = t;
                ptrdiff_t at;

                while ((at = clew_text_find(rest, sizes[k])) >= 0) {
                        struct clew_slice before = head(rest, (size_t)at);

                        if (sizes[k][0] != ' ' && at > 0 && is_alpha(rest.data[at - 1]))
                                return true;
                        for (size_t e = 0; sizes[k][0] == ' ' && e < CLEW_ARRAY_LEN(ends); e++) {
                                size_t n = strlen(ends[e]);

                                if (before.len >= n &&
                                    clew_text_find(tail(before, n), ends[e]) == 0)
                                        return true;
                        }
                        rest = clew_slice_from(rest, (size_t)at + 1);
                }
        }
        return false;
}

/* "1690,1720p", "[1690, 1720]": the number lies in a range of lines that a call asked for. */
static bool is_in_range(struct clew_slice args, double n)
{
        for (size_t i = 0; i < args.len; i++) {
                double a = 0;
                double b = 0;
                size_t k = i;

                if (!is_digit(args.data[i]) || (i > 0 && is_digit(args.data[i - 1])))
                        continue;
                while (k < args.len && is_digit(args.data[k]) && k - i < 8)
                        a = a * 10 + (args.data[k++] - '0');
                if (k >= args.len || args.data[k] != ',')
                        continue;
                k++;
                while (k < args.len && args.data[k] == ' ')
                        k++;
                while (k < args.len && is_digit(args.data[k]) && b < 1e7)
                        b = b * 10 + (args.data[k++] - '0');
                if (a <= n && n <= b && b - a <= LINES_MAX)
                        return true;
        }
        return false;
}

bool clew_rca_is_line(const struct clew_rca_view *v, const struct clew_token *t, uint32_t unit)
{
        double n = 0;
        size_t i = 0;

        /* 1703,1704 are two. */
        while (i < t->text.len && is_digit(t->text.data[i]) && i < 8)
                n = n * 10 + (t->text.data[i++] - '0');
        if (i == 0 || (i < t->text.len && t->text.data[i] != ',' && t->text.data[i] != '-'))
                return false;
        for (uint32_t u = 0; u < unit && u < v->n_units; u++) {
                if (v->units[u].origin == CLEW_RCA_ARGS && is_in_range(v->units[u].text, n))
                        return true;
        }
        return false;
}

bool clew_rca_may_be_in_words(const struct clew_rca_view *v, const struct clew_token *t,
                              uint32_t unit)
{
        if (!t->is_number || t->number < 100)
                return false;
        for (uint32_t u = 0; u < unit && u < v->n_units; u++) {
                if ((v->units[u].origin == CLEW_RCA_RESULT ||
                     v->units[u].origin == CLEW_RCA_USER) &&
                    v->units[u].text.len <= WORDS_MAX &&
                    (has_other_digits(v->units[u].text) || has_number_in_words(v->units[u].text)))
                        return true;
        }
        return false;
}

/* The last number of a compound: 4471 of INV-2026-04471; what stands before it in @ret_before. */
static double last_number(struct clew_slice t, size_t *ret_before)
{
        size_t from = t.len;
        double n = 0;

        while (from > 0 && is_digit(t.data[from - 1]))
                from--;
        for (size_t i = from; i < t.len; i++)
                n = n * 10 + (t.data[i] - '0');
        *ret_before = from;
        return n;
}

bool clew_rca_is_next_of(const struct clew_rca_view *v, const struct clew_token *t,
                         struct clew_slice shown, const struct clew_rca_unit *source)
{
        static const char *const words[] = {"next",   "last",        "latest",    "highest",
                                            "newest", "consecutive", "increment", "number of"};
        size_t own = 0;
        size_t other = 0;
        double n = last_number(t->text, &own);

        if (n != last_number(shown, &other) + 1 || own != other)
                return false;
        return HAS_ANY(source->text, words) || clew_rca_was_asked(v, words, CLEW_ARRAY_LEN(words));
}

/* The number of a value, whether or not a unit stands at it; NAN when it is none. */
static double number_of(const struct clew_rca_seen *s)
{
        struct clew_slice bare = without_unit(s->text);
        struct clew_token_iter it = clew_tokens_of(bare);
        struct clew_token t;

        if (!bare.len)
                return s->number;
        return clew_token_next(&it, &t) && t.is_number ? t.number : (double)NAN;
}

/* @t, two digits or more that count, is @seen with fewer of them: 0.073 of 0.07272, 12,000 of
 * 11,973. */
static bool is_rounding(const struct clew_token *t, double seen)
{
        double unit = 1;
        uint32_t counts = 0;
        uint32_t zeros = 0;
        bool decimals = false;

        for (size_t i = 0; i < t->text.len; i++) {
                uint8_t c = t->text.data[i];

                if (c == '.') {
                        decimals = true;
                } else if (is_digit(c)) {
                        counts += counts > 0 || c != '0';
                        zeros = c == '0' ? zeros + 1 : 0;
                        unit /= decimals ? 10 : 1;
                }
        }
        for (uint32_t i = 0; i < zeros && !decimals; i++)
                unit *= 10;
        counts -= decimals || counts < zeros ? 0 : zeros;
        return counts >= 2 && seen != t->number && fabs(seen - t->number) <= unit * 0.5000001;
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
                    (number.is_number && is_rounding(&number, number_of(s))) ||
                    (number.digits >= SCALED_DIGITS_MIN && s->number > 0 &&
                     is_scaled(number.number, s->number)))
                        return true;
        }
        return false;
}
