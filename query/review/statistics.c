/*
 * See statistics.h.
 */
#include "query/review/statistics.h"

#include "query/find/statistics.h"

#include <math.h>

/* 97.5 % point of the normal distribution. */
#define Z 1.959963984540054

/* log of n choose k */
static double log_choose(uint64_t n, uint64_t k)
{
        return lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1);
}

double clew_sign_test(uint64_t a, uint64_t b)
{
        uint64_t n = a + b;
        uint64_t least = a < b ? a : b;
        double sum = 0;

        if (n == 0)
                return 1;
        for (uint64_t i = 0; i <= least; i++)
                sum += exp(log_choose(n, i) - (double)n * log(2));
        sum *= 2;
        if (a == b || sum > 1)
                return 1;
        return sum;
}

double clew_pass_at(uint64_t n, uint64_t c, uint64_t k)
{
        if (k > n || c > n || k == 0)
                return NAN;
        if (n - c < k)
                return 1;
        return 1 - exp(log_choose(n - c, k) - log_choose(n, k));
}

double clew_pass_all(uint64_t n, uint64_t c, uint64_t k)
{
        if (k > n || c > n || k == 0)
                return NAN;
        if (c < k)
                return 0;
        return exp(log_choose(c, k) - log_choose(n, k));
}

double clew_student_975(double df)
{
        const double tail = 0.05; /* of both sides */
        double a = 1 / (df - 0.5);
        double b = 48 / (a * a);
        double c = ((20700 * a / b - 98) * a - 16) * a + 96.36;
        double d = ((94.5 / (b + c) - 3) / b + 1) * sqrt(a * M_PI_2) * df;
        double x = d * tail;
        double y = pow(x, 2 / df);

        if (df < 1.5)
                return 1 / tan(tail * M_PI_2);
        if (df < 2.5 && df == 2)
                return sqrt(2 / (tail * (2 - tail)) - 2);
        if (y <= 0.05 + a) {
                y = ((1 / (((df + 6) / (df * y) - 0.089 * d - 0.822) * (df + 2) * 3) +
                      0.5 / (df + 4)) *
                             y -
                     1) * (df + 1) /
                            (df + 2) +
                    1 / y;
                return sqrt(df * y);
        }
        x = -Z;
        y = x * x;
        if (df < 5)
                c += 0.3 * (df - 4.5) * (x + 0.6);
        c += (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b;
        y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / c - y - 3) / b + 1) * x;
        return sqrt(df * expm1(a * y * y));
}

/* SplitMix64: small, and good enough to choose with. */
static uint64_t next_random(uint64_t *state)
{
        uint64_t x = *state += 0x9e3779b97f4a7c15u;

        x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
        x = (x ^ x >> 27) * 0x94d049bb133111ebu;
        return x ^ x >> 31;
}

double clew_bootstrap_mean(const double *values, size_t n, uint64_t seed, double *work,
                           struct clew_interval *ret)
{
        uint64_t state = seed;
        double mean = 0;

        *ret = (struct clew_interval){NAN, NAN};
        if (n == 0)
                return NAN;
        for (size_t i = 0; i < n; i++)
                mean += values[i];
        mean /= (double)n;
        for (size_t round = 0; round < CLEW_BOOTSTRAP_ROUNDS; round++) {
                double sum = 0;

                for (size_t i = 0; i < n; i++)
                        sum += values[next_random(&state) % n];
                work[round] = sum / (double)n;
        }
        if (clew_sort_doubles(work, CLEW_BOOTSTRAP_ROUNDS) < 0)
                return mean; /* memory is short: without an interval */
        ret->low = work[CLEW_BOOTSTRAP_ROUNDS / 40];
        ret->high = work[CLEW_BOOTSTRAP_ROUNDS - 1 - CLEW_BOOTSTRAP_ROUNDS / 40];
        return mean;
}

double clew_kappa(const uint64_t *table, size_t k, double *ret_agreement, struct clew_interval *ret)
{
        double n = 0;
        double po = 0;
        double pe = 0;
        double a = 0;
        double b = 0;
        double kappa;
        double half;

        *ret = (struct clew_interval){NAN, NAN};
        for (size_t i = 0; i < k * k; i++)
                n += (double)table[i];
        *ret_agreement = NAN;
        if (n <= 0)
                return NAN;
        for (size_t i = 0; i < k; i++) {
                double row = 0;
                double column = 0;

                for (size_t j = 0; j < k; j++) {
                        row += (double)table[i * k + j] / n;
                        column += (double)table[j * k + i] / n;
                }
                po += (double)table[i * k + i] / n;
                pe += row * column;
        }
        *ret_agreement = po;
        if (pe >= 1)
                return NAN;
        kappa = (po - pe) / (1 - pe);
        for (size_t i = 0; i < k; i++) {
                for (size_t j = 0; j < k; j++) {
                        double row = 0; /* of rater one for i and for j, of rater two likewise */
                        double column = 0;
                        double p = (double)table[i * k + j] / n;

                        for (size_t m = 0; m < k; m++) {
                                row += (double)table[j * k + m] / n;
                                column += (double)table[m * k + i] / n;
                        }
                        if (i == j)
                                a += p * pow(1 - (row + column) * (1 - kappa), 2);
                        else
                                b += p * pow(row + column, 2);
                }
        }
        b *= pow(1 - kappa, 2);
        half = Z * sqrt(fmax(0, a + b - pow(kappa - pe * (1 - kappa), 2)) / n) / (1 - pe);
        ret->low = fmax(-1, kappa - half);
        ret->high = fmin(1, kappa + half);
        return kappa;
}
