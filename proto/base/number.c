/*
 * Reading takes a fast exact path (at most 19 digits, mantissa below 2^53, power of ten up to 22:
 * both factors are exact doubles, so one multiplication or division rounds once) and leaves the
 * rest to strtod_l() with a C locale of our own, since a host program may have set another one.
 * Writing tries 15, 16 and 17 significant digits and takes the first that reads back equal.
 */
#include "proto/base/number.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* Longer number texts are refused: 17 digits are exact, 1075 can matter only to a proof. */
#define NUMBER_TEXT_MAX 1200u
#define EXACT_POWER_MAX 22
#define EXACT_MANTISSA_MAX (UINT64_C(1) << 53)

static const double powers_of_ten[EXACT_POWER_MAX + 1] = {
        1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static locale_t c_locale; /* written once under c_locale_once; 0 when memory was short */
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;

static void make_c_locale(void)
{
        c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

bool clew_parse_uint64(struct clew_slice text, uint64_t *ret)
{
        uint64_t v = 0;

        if (text.len == 0 || text.len > 40)
                return false;
        for (size_t i = 0; i < text.len; i++) {
                unsigned digit = (unsigned)text.data[i] - '0';

                if (digit > 9)
                        return false;
                if (__builtin_mul_overflow(v, UINT64_C(10), &v) ||
                    __builtin_add_overflow(v, (uint64_t)digit, &v))
                        return false;
        }
        *ret = v;
        return true;
}

bool clew_parse_int64(struct clew_slice text, int64_t *ret)
{
        bool negative = text.len > 0 && text.data[0] == '-';
        uint64_t v;

        if (!clew_parse_uint64(negative ? clew_slice_from(text, 1) : text, &v))
                return false;
        if (v > (uint64_t)INT64_MAX + (negative ? 1 : 0))
                return false;
        *ret = negative ? (int64_t)(0 - v) : (int64_t)v;
        return true;
}

/* The parts of a decimal number. */
struct decimal {
        uint64_t mantissa; /* its first 19 digits */
        int exponent;      /* of ten, for the mantissa */
        unsigned digits;   /* significant digits seen */
        bool negative;
};

static const uint8_t *read_digits(const uint8_t *p, const uint8_t *end, struct decimal *d,
                                  int exponent_step)
{
        for (; p < end && (unsigned)*p - '0' <= 9; p++) {
                if (d->digits == 0 && *p == '0') {
                        d->exponent += exponent_step;
                        continue;
                }
                if (++d->digits <= 19) {
                        d->mantissa = d->mantissa * 10 + (*p - '0');
                        d->exponent += exponent_step;
                } else if (exponent_step == 0) {
                        d->exponent++;
                }
        }
        return p;
}

static bool read_exponent(const uint8_t *p, const uint8_t *end, struct decimal *d)
{
        bool negative = false;
        int e = 0;

        if (p < end && (*p == '+' || *p == '-'))
                negative = *p++ == '-';
        if (p == end)
                return false;
        for (; p < end; p++) {
                if ((unsigned)*p - '0' > 9)
                        return false;
                if (e < 100000)
                        e = e * 10 + (*p - '0');
        }
        d->exponent += negative ? -e : e;
        return true;
}

static bool read_decimal(struct clew_slice text, struct decimal *ret)
{
        const uint8_t *p = text.data;
        const uint8_t *end = p + text.len;
        const uint8_t *start;
        size_t n;

        *ret = (struct decimal){0};
        if (p < end && *p == '-') {
                ret->negative = true;
                p++;
        }
        start = p;
        p = read_digits(p, end, ret, 0);
        n = (size_t)(p - start);
        if (p < end && *p == '.') {
                start = ++p;
                p = read_digits(p, end, ret, -1);
                n += (size_t)(p - start);
        }
        if (n == 0)
                return false;
        if (p == end)
                return true;
        return (*p == 'e' || *p == 'E') && read_exponent(p + 1, end, ret);
}

static bool parse_slowly(struct clew_slice text, double *ret)
{
        char copy[NUMBER_TEXT_MAX + 1];

        if (text.len > NUMBER_TEXT_MAX)
                return false;
        memcpy(copy, text.data, text.len);
        copy[text.len] = 0;
        pthread_once(&c_locale_once, make_c_locale);
        *ret = c_locale ? strtod_l(copy, NULL, c_locale) : strtod(copy, NULL);
        return true;
}

static bool parse_special(struct clew_slice text, double *ret)
{
        if (clew_slice_eq_cstr(text, "NaN"))
                *ret = (double)NAN;
        else if (clew_slice_eq_cstr(text, "Infinity"))
                *ret = (double)INFINITY;
        else if (clew_slice_eq_cstr(text, "-Infinity"))
                *ret = -(double)INFINITY;
        else
                return false;
        return true;
}

static size_t digits_at(struct clew_slice text, size_t at)
{
        size_t n = 0;

        while (at + n < text.len && (unsigned)text.data[at + n] - '0' <= 9)
                n++;
        return n;
}

/* The longest prefix with the form of a number. */
static size_t form_prefix(struct clew_slice text)
{
        size_t at = text.len > 0 && text.data[0] == '-';
        size_t whole = digits_at(text, at);
        size_t part = 0;
        size_t sign;
        size_t exponent;

        at += whole;
        if (at < text.len && text.data[at] == '.') {
                part = digits_at(text, at + 1);
                if (whole + part > 0)
                        at += 1 + part;
        }
        if (whole + part == 0)
                return 0;
        if (at == text.len || (text.data[at] != 'e' && text.data[at] != 'E'))
                return at;
        sign = at + 1 < text.len && (text.data[at + 1] == '+' || text.data[at + 1] == '-');
        exponent = digits_at(text, at + 1 + sign);
        return exponent ? at + 1 + sign + exponent : at;
}

size_t clew_number_prefix(struct clew_slice text)
{
        size_t n = form_prefix(text);
        double v;

        if (n == 0 || clew_parse_double(clew_slice_make(text.data, n), &v))
                return n;
        text.len = n < NUMBER_TEXT_MAX ? n : NUMBER_TEXT_MAX;
        n = form_prefix(text);
        return n && clew_parse_double(clew_slice_make(text.data, n), &v) ? n : 0;
}

bool clew_parse_double(struct clew_slice text, double *ret)
{
        struct decimal d;
        double v;

        if (text.len == 0)
                return false;
        if (!read_decimal(text, &d))
                return parse_special(text, ret);
        if (d.digits > 19 || d.mantissa > EXACT_MANTISSA_MAX || d.exponent > EXACT_POWER_MAX ||
            d.exponent < -EXACT_POWER_MAX) {
                if (d.digits != 0)
                        return parse_slowly(text, ret);
                d.exponent = 0; /* 0e999 */
        }
        v = (double)d.mantissa;
        if (d.exponent < 0)
                v /= powers_of_ten[-d.exponent];
        else
                v *= powers_of_ten[d.exponent];
        *ret = d.negative ? -v : v;
        return true;
}

static size_t copy_text(const char *s, char *ret)
{
        size_t n = strlen(s);

        memcpy(ret, s, n + 1);
        return n;
}

size_t clew_format_double(double v, char ret[CLEW_DOUBLE_TEXT_MAX])
{
        size_t n = 0;

        if (isnan(v))
                return copy_text("NaN", ret);
        if (isinf(v))
                return copy_text(v < 0 ? "-Infinity" : "Infinity", ret);
        for (int precision = 15; precision <= 17; precision++) {
                int len = snprintf(ret, CLEW_DOUBLE_TEXT_MAX, "%.*g", precision, v);
                double back;

                n = len < 0 ? 0 : (size_t)len;
                for (size_t i = 0; i < n; i++) {
                        if (!strchr("0123456789+-e.", ret[i]))
                                ret[i] = '.'; /* the decimal comma of another locale */
                }
                if (precision == 17 || (clew_parse_double(clew_slice_make(ret, n), &back) &&
                                        memcmp(&back, &v, sizeof(v)) == 0))
                        break;
        }
        return n;
}

size_t clew_format_uint64(uint64_t v, char *ret)
{
        char text[20];
        size_t n = sizeof(text);

        do {
                text[--n] = (char)('0' + v % 10);
                v /= 10;
        } while (v);
        memcpy(ret, text + n, sizeof(text) - n);
        return sizeof(text) - n;
}

bool clew_parse_hex16(const char *digits, uint64_t *ret)
{
        uint64_t v = 0;

        for (unsigned i = 0; i < 16; i++) {
                unsigned digit;

                if (digits[i] >= '0' && digits[i] <= '9')
                        digit = (unsigned)(digits[i] - '0');
                else if (digits[i] >= 'a' && digits[i] <= 'f')
                        digit = (unsigned)(digits[i] - 'a') + 10;
                else
                        return false;
                v = v << 4 | digit;
        }
        *ret = v;
        return true;
}
