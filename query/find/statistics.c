/*
 * See statistics.h.
 */
#include "query/find/statistics.h"

#include "proto/base/mem.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Beyond so many terms the exact sum is slow, and the approximation good. */
#define EXACT_TERMS_MAX 2000u
/* 95 % of a normal distribution. */
#define Z 1.959963984540054

static int ascending_order(const void *a, const void *b)
{
        double x = *(const double *)a;
        double y = *(const double *)b;

        return x < y ? -1 : x > y;
}

/* Fewer values are sorted by comparing. */
#define DIGITS_FROM 512u
#define DIGIT_BITS 11u
#define DIGIT_VALUES (1u << DIGIT_BITS)
#define DIGITS 6u

/* Bits whose order as numbers is that of the values, and back. */
static uint64_t bits_of(double v)
{
        uint64_t bits;

        memcpy(&bits, &v, sizeof(bits));
        return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static double value_of(uint64_t bits)
{
        double v;

        bits = bits >> 63 ? bits & ~(UINT64_C(1) << 63) : ~bits;
        memcpy(&v, &bits, sizeof(v));
        return v;
}

/* @from in the order of one digit into @to; false when all have the same one. */
static bool sort_by_digit(const uint64_t *from, uint64_t *to, size_t n, unsigned shift)
{
        size_t places[DIGIT_VALUES] = {0};
        size_t at = 0;

        for (size_t i = 0; i < n; i++)
                places[from[i] >> shift & (DIGIT_VALUES - 1)]++;
        if (places[from[0] >> shift & (DIGIT_VALUES - 1)] == n)
                return false;
        for (size_t i = 0; i < DIGIT_VALUES; i++) {
                size_t here = places[i];

                places[i] = at;
                at += here;
        }
        for (size_t i = 0; i < n; i++)
                to[places[from[i] >> shift & (DIGIT_VALUES - 1)]++] = from[i];
        return true;
}

int clew_sort_doubles(double *values, size_t n)
{
        uint64_t *room;
        uint64_t *from;
        uint64_t *to;

        if (n < DIGITS_FROM) {
                if (n > 1)
                        qsort(values, n, sizeof(*values), ascending_order);
                return 0;
        }
        room = clew_calloc(2 * n, sizeof(*room));
        if (!room)
                return -ENOMEM;
        from = room;
        to = room + n;
        for (size_t i = 0; i < n; i++)
                from[i] = bits_of(values[i]);
        for (unsigned digit = 0; digit < DIGITS; digit++) {
                if (sort_by_digit(from, to, n, digit * DIGIT_BITS)) {
                        uint64_t *swap = from;

                        from = to;
                        to = swap;
                }
        }
        for (size_t i = 0; i < n; i++)
                values[i] = value_of(from[i]);
        clew_free(room);
        return 0;
}

double clew_quantile(const double *ascending, size_t n, double q)
{
        double rank = ceil(q * (double)n);

        if (n == 0)
                return NAN;
        if (rank < 1)
                rank = 1;
        return ascending[rank > (double)n ? n - 1 : (size_t)rank - 1];
}

/* Values that are told apart by their first bits: an octave has 32 of them. */
#define COUNTED_BITS 16u
/* Fewer are put in order. */
#define COUNTED_FROM 16384u
/* Quantiles of more at once are picked from all values, sorted. */
#define COUNTED_MAX 16u

static size_t rank_of(double q, size_t n)
{
        double rank = ceil(q * (double)n);

        if (rank < 1)
                rank = 1;
        return rank > (double)n ? n - 1 : (size_t)rank - 1;
}

static size_t place_of(double v)
{
        return (size_t)(bits_of(v) >> (64 - COUNTED_BITS));
}

/* What one quantile is picked from: the values at one place. */
struct picking {
        size_t place;
        size_t rank; /* among them */
        size_t n;
        size_t at;
        double *room;
};

/* Puts the values at the places that are wanted into their rooms, in one pass over all. */
static int gather(const struct clew_sample_part *parts, size_t n_parts, struct picking *p,
                  unsigned k)
{
        uint8_t *of = clew_calloc((size_t)1 << COUNTED_BITS, sizeof(*of)); /* place to room + 1 */
        int r = of ? 0 : -ENOMEM;

        for (unsigned i = 0; r == 0 && i < k; i++) {
                if (of[p[i].place])
                        continue;
                p[i].room = clew_calloc(p[i].n, sizeof(*p[i].room));
                r = p[i].room ? 0 : -ENOMEM;
                of[p[i].place] = (uint8_t)(i + 1);
        }
        for (size_t i = 0; r == 0 && i < n_parts; i++) {
                for (size_t j = 0; j < parts[i].n; j++) {
                        unsigned to = of[place_of(parts[i].values[j])];

                        if (to > 0)
                                p[to - 1].room[p[to - 1].at++] = parts[i].values[j];
                }
        }
        for (unsigned i = 0; r == 0 && i < k; i++)
                r = p[i].room ? clew_sort_doubles(p[i].room, p[i].n) : 0;
        clew_free(of);
        return r;
}

static int count(const struct clew_sample_part *parts, size_t n_parts, size_t n, const double *q,
                 struct picking *p, unsigned k)
{
        size_t *counts = clew_calloc((size_t)1 << COUNTED_BITS, sizeof(*counts));

        if (!counts)
                return -ENOMEM;
        for (size_t i = 0; i < n_parts; i++) {
                for (size_t j = 0; j < parts[i].n; j++)
                        counts[place_of(parts[i].values[j])]++;
        }
        for (unsigned i = 0; i < k; i++) {
                p[i].rank = rank_of(q[i], n);
                while (p[i].rank >= counts[p[i].place])
                        p[i].rank -= counts[p[i].place++];
                p[i].n = counts[p[i].place];
        }
        clew_free(counts);
        return 0;
}

static int count_and_pick(const struct clew_sample_part *parts, size_t n_parts, size_t n,
                          const double *q, unsigned k, double *ret)
{
        struct picking p[COUNTED_MAX] = {0};
        int r = count(parts, n_parts, n, q, p, k);

        if (r == 0)
                r = gather(parts, n_parts, p, k);
        for (unsigned i = 0; r == 0 && i < k; i++) {
                for (unsigned j = 0; j <= i; j++) { /* one room for all of one place */
                        if (p[j].room && p[j].place == p[i].place)
                                ret[i] = p[j].room[p[i].rank];
                }
        }
        for (unsigned i = 0; i < k; i++)
                clew_free(p[i].room);
        return r;
}

int clew_quantiles(const struct clew_sample_part *parts, size_t n_parts, const double *q,
                   unsigned k, double *ret)
{
        struct clew_sample_part all = {0};
        double *room;
        size_t n = 0;
        int r;

        for (size_t i = 0; i < n_parts; i++)
                n += parts[i].n;
        if (n >= COUNTED_FROM && k <= COUNTED_MAX)
                return count_and_pick(parts, n_parts, n, q, k, ret);
        room = clew_calloc(n + 1, sizeof(*room));
        if (!room)
                return -ENOMEM;
        for (size_t i = 0; i < n_parts; i++) {
                if (parts[i].n > 0)
                        memcpy(room + all.n, parts[i].values, parts[i].n * sizeof(*room));
                all.n += parts[i].n;
        }
        r = clew_sort_doubles(room, n);
        for (unsigned i = 0; r == 0 && i < k; i++)
                ret[i] = clew_quantile(room, n, q[i]);
        clew_free(room);
        return r;
}

void clew_wilson(uint64_t k, uint64_t n, double *ret_low, double *ret_high)
{
        double count = (double)n;
        double p = n > 0 ? (double)k / count : 0;
        double centre;
        double half;

        *ret_low = *ret_high = 0;
        if (n == 0)
                return;
        centre = (p + Z * Z / (2 * count)) / (1 + Z * Z / count);
        half = Z / (1 + Z * Z / count) * sqrt(p * (1 - p) / count + Z * Z / (4 * count * count));
        *ret_low = k == 0 ? 0 : centre - half;
        *ret_high = k == n ? 1 : centre + half;
}

static double log_choose(double n, double k)
{
        return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
}

/* Sum over all tables with the same margins that are no likelier than the one seen. */
static double fisher(double a, double n_a, double b, double n_b)
{
        double k = a + b;
        double all = log_choose(n_a + n_b, k);
        double seen = log_choose(n_a, a) + log_choose(n_b, b) - all;
        double from = k > n_b ? k - n_b : 0;
        double to = k < n_a ? k : n_a;
        double sum = 0;

        for (double x = from; x <= to; x++) {
                double p = log_choose(n_a, x) + log_choose(n_b, k - x) - all;

                if (p <= seen + 1e-7)
                        sum += exp(p);
        }
        return sum < 1 ? sum : 1;
}

static double chi_square(double a, double n_a, double b, double n_b)
{
        double n = n_a + n_b;
        double k = a + b;
        double difference = fabs(a * (n_b - b) - b * (n_a - a)) - n / 2;
        double below = n_a * n_b * k * (n - k);

        if (difference <= 0 || below <= 0)
                return 1;
        return erfc(sqrt(n * difference * difference / below / 2));
}

double clew_difference_p(uint64_t a, uint64_t n_a, uint64_t b, uint64_t n_b)
{
        uint64_t k = a + b;
        uint64_t from = k > n_b ? k - n_b : 0;
        uint64_t to = k < n_a ? k : n_a;

        if (n_a == 0 || n_b == 0 || k == 0 || k == n_a + n_b)
                return 1;
        return to - from <= EXACT_TERMS_MAX
                       ? fisher((double)a, (double)n_a, (double)b, (double)n_b)
                       : chi_square((double)a, (double)n_a, (double)b, (double)n_b);
}

void clew_discovery_rates(double *ascending, size_t n)
{
        double least = 1;

        for (size_t i = n; i-- > 0;) {
                double rate = ascending[i] * (double)n / (double)(i + 1);

                if (rate < least)
                        least = rate;
                ascending[i] = least;
        }
}
