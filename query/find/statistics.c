/*
 * See statistics.h.
 */
#include "query/find/statistics.h"

#include "proto/base/mem.h"
#include "query/find/counted.h"

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

/* Of clew_sample_bits(). */
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
                from[i] = clew_sample_bits(values[i]);
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

/* Fewer are put in order. */
#define COUNTED_FROM 16384u
/* Quantiles of more at once are picked from all values, sorted. */
#define COUNTED_MAX 16u
/* So few are put in order by comparing. */
#define ORDERED_MAX 32u

static size_t rank_of(double q, size_t n)
{
        double rank = ceil(q * (double)n);

        if (rank < 1)
                rank = 1;
        return rank > (double)n ? n - 1 : (size_t)rank - 1;
}

/* A value as clew_sample_bits() has it, and how often it came. */
struct counted_bits {
        uint64_t bits;
        uint64_t n;
};

/* What one quantile is picked from: the values at one place. */
struct picking {
        size_t place;
        size_t rank; /* among them */
        size_t n;
        size_t at;
        struct counted_bits *room;
};

/* Those of a row of pieces that are wanted; @of tells which. */
static int gather_counted(struct clew_slice row, const uint8_t *of, struct picking *p)
{
        struct clew_counted_piece piece;

        while (clew_counted_kept(&row, &piece)) {
                struct clew_counted_reader r;
                struct clew_counted value;
                struct picking *to;

                if (of[piece.place] == 0)
                        continue;
                to = &p[of[piece.place] - 1];
                r = clew_counted_begin(piece.bytes);
                while (clew_counted_next(&r, &value)) {
                        double seconds = clew_counted_seconds(value.ns);

                        if (clew_sample_place(seconds) != piece.place || to->at == to->n)
                                return -EBADMSG;
                        to->room[to->at++] =
                                (struct counted_bits){clew_sample_bits(seconds), value.n};
                }
                if (r.c.failed)
                        return -EBADMSG;
        }
        return 0;
}

/* Puts the values at the places that are wanted into their rooms, in one pass over all. */
static int gather(const struct clew_sample_part *parts, size_t n_parts, struct picking *p,
                  unsigned k)
{
        uint8_t *of = clew_calloc((size_t)1 << CLEW_SAMPLE_PLACE_BITS,
                                  sizeof(*of)); /* place to room + 1 */
        int r = of ? 0 : -ENOMEM;

        for (unsigned i = 0; r == 0 && i < k; i++) {
                if (of[p[i].place])
                        continue;
                p[i].room = clew_malloc(p[i].n * sizeof(*p[i].room));
                r = p[i].room ? 0 : -ENOMEM;
                of[p[i].place] = (uint8_t)(i + 1);
        }
        for (size_t i = 0; r == 0 && i < n_parts; i++) {
                if (parts[i].counted.len > 0) {
                        r = gather_counted(parts[i].counted, of, p);
                        continue;
                }
                for (size_t j = 0; j < parts[i].n; j++) {
                        struct picking *to;

                        if (of[clew_sample_place(parts[i].values[j])] == 0)
                                continue;
                        to = &p[of[clew_sample_place(parts[i].values[j])] - 1];
                        to->room[to->at++] =
                                (struct counted_bits){clew_sample_bits(parts[i].values[j]), 1};
                }
        }
        clew_free(of);
        return r;
}

static int count(const struct clew_sample_part *parts, size_t n_parts, size_t n, const double *q,
                 struct picking *p, unsigned k)
{
        size_t *counts = clew_calloc((size_t)1 << CLEW_SAMPLE_PLACE_BITS, sizeof(*counts));

        if (!counts)
                return -ENOMEM;
        for (size_t i = 0; i < n_parts; i++) {
                struct clew_slice row = parts[i].counted;
                struct clew_counted_piece piece;

                while (clew_counted_kept(&row, &piece))
                        counts[piece.place] += clew_counted_values(piece.bytes);
                if (parts[i].counted.len > 0)
                        continue;
                for (size_t j = 0; j < parts[i].n; j++)
                        counts[clew_sample_place(parts[i].values[j])]++;
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

static int by_bits(const void *a, const void *b)
{
        const struct counted_bits *x = a;
        const struct counted_bits *y = b;

        return (x->bits > y->bits) - (x->bits < y->bits);
}

/* Those of @n with @digit at @shift to the front: how many. */
static size_t to_front(struct counted_bits *room, size_t n, unsigned shift, uint64_t digit)
{
        size_t front = 0;

        for (size_t i = 0; i < n; i++) {
                struct counted_bits v = room[i];

                if ((v.bits >> shift & (DIGIT_VALUES - 1)) != digit)
                        continue;
                room[i] = room[front];
                room[front++] = v;
        }
        return front;
}

/* The value of that rank among the @n in @room, which all begin alike: digit by digit those that
 * can be it become fewer. */
static double value_at(struct counted_bits *room, size_t n, size_t rank)
{
        unsigned shift = 64 - CLEW_SAMPLE_PLACE_BITS;
        size_t i = 0;

        while (n > ORDERED_MAX && shift > 0) {
                size_t counts[DIGIT_VALUES] = {0};
                size_t digit = 0;

                shift = shift > DIGIT_BITS ? shift - DIGIT_BITS : 0;
                for (i = 0; i < n; i++)
                        counts[room[i].bits >> shift & (DIGIT_VALUES - 1)] += room[i].n;
                while (rank >= counts[digit])
                        rank -= counts[digit++];
                n = to_front(room, n, shift, digit);
        }
        if (n > ORDERED_MAX) /* they are equal */
                return value_of(room[0].bits);
        qsort(room, n, sizeof(*room), by_bits);
        for (i = 0; i + 1 < n && rank >= room[i].n; i++)
                rank -= room[i].n;
        return value_of(room[i].bits);
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
                                ret[i] = value_at(p[j].room, p[j].at, p[i].rank);
                }
        }
        for (unsigned i = 0; i < k; i++)
                clew_free(p[i].room);
        return r;
}

/* The @part->n values of a part one by one. */
static int spread(const struct clew_sample_part *part, double *ret)
{
        struct clew_slice row = part->counted;
        struct clew_counted_piece piece;
        size_t at = 0;

        if (row.len == 0 && part->n > 0)
                memcpy(ret, part->values, part->n * sizeof(*ret));
        if (row.len == 0)
                return 0;
        while (clew_counted_kept(&row, &piece)) {
                struct clew_counted_reader r = clew_counted_begin(piece.bytes);
                struct clew_counted value;

                while (clew_counted_next(&r, &value)) {
                        if (value.n > part->n - at)
                                return -EBADMSG;
                        for (uint64_t i = 0; i < value.n; i++)
                                ret[at++] = clew_counted_seconds(value.ns);
                }
                if (r.c.failed)
                        return -EBADMSG;
        }
        return at == part->n ? 0 : -EBADMSG;
}

int clew_quantiles(const struct clew_sample_part *parts, size_t n_parts, const double *q,
                   unsigned k, double *ret)
{
        double *room;
        size_t n = 0;
        size_t at = 0;
        int r = 0;

        for (size_t i = 0; i < n_parts; i++)
                n += parts[i].n;
        if (n >= COUNTED_FROM && k <= COUNTED_MAX)
                return count_and_pick(parts, n_parts, n, q, k, ret);
        room = clew_calloc(n + 1, sizeof(*room));
        if (!room)
                return -ENOMEM;
        for (size_t i = 0; r == 0 && i < n_parts; i++) {
                r = spread(&parts[i], room + at);
                at += parts[i].n;
        }
        if (r == 0)
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
