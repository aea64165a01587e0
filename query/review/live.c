/*
 * See live.h.
 */
#include "query/review/live.h"

#include "query/find/statistics.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static int keep(struct clew_live_side *side, enum clew_live_measure m, double value,
                struct clew_arena *arena)
{
        if (side->n_values[m] == side->room[m]) {
                uint32_t room = side->room[m] ? 2 * side->room[m] : 256;
                double *more = clew_arena_calloc(arena, room, sizeof(*more));

                if (!more)
                        return -ENOMEM;
                if (side->n_values[m])
                        memcpy(more, side->values[m], side->n_values[m] * sizeof(*more));
                side->values[m] = more;
                side->room[m] = room;
        }
        side->values[m][side->n_values[m]++] = value;
        return 0;
}

int clew_live_add(struct clew_live_side *side, const struct clew_summary *s,
                  struct clew_arena *arena)
{
        uint64_t tokens = s->tokens.total;
        int r = 0;

        if (s->outcome == CLEW_OUTCOME_OPEN) {
                side->open++;
                return 0;
        }
        if (side->n == CLEW_LIVE_RUNS_MAX)
                return -E2BIG;
        side->n++;
        side->failed += s->outcome == CLEW_OUTCOME_FAILED || s->outcome == CLEW_OUTCOME_ERROR;
        if (tokens > 0)
                r = keep(side, CLEW_LIVE_TOKENS, (double)tokens, arena);
        if (r == 0 && s->has_cost)
                r = keep(side, CLEW_LIVE_COST, s->cost_usd, arena);
        if (r == 0)
                r = keep(side, CLEW_LIVE_SECONDS, (double)s->duration_ns / 1e9, arena);
        return r;
}

static double mean_of(const double *values, uint32_t n)
{
        double sum = 0;

        for (uint32_t i = 0; i < n; i++)
                sum += values[i];
        return n ? sum / n : NAN;
}

/* Of the mean: the sample's variance by its size. */
static double variance_of_mean(const double *values, uint32_t n, double mean)
{
        double sum = 0;

        for (uint32_t i = 0; i < n; i++)
                sum += (values[i] - mean) * (values[i] - mean);
        return sum / ((double)n - 1) / n;
}

static void compare_means(const struct clew_live_side *a, const struct clew_live_side *b,
                          enum clew_live_measure m, struct clew_live_difference *ret)
{
        uint32_t n_a = a->n_values[m];
        uint32_t n_b = b->n_values[m];
        double v_a;
        double v_b;
        double half;

        *ret = (struct clew_live_difference){.interval = {NAN, NAN}};
        ret->a = mean_of(a->values[m], n_a);
        ret->b = mean_of(b->values[m], n_b);
        ret->difference = ret->b - ret->a;
        if (n_a < 2 || n_b < 2)
                return;
        v_a = variance_of_mean(a->values[m], n_a, ret->a);
        v_b = variance_of_mean(b->values[m], n_b, ret->b);
        if (v_a + v_b <= 0) {
                ret->interval = (struct clew_interval){ret->difference, ret->difference};
                return;
        }
        half = clew_student_975((v_a + v_b) * (v_a + v_b) /
                                (v_a * v_a / (n_a - 1) + v_b * v_b / (n_b - 1))) *
               sqrt(v_a + v_b);
        ret->interval = (struct clew_interval){ret->difference - half, ret->difference + half};
}

void clew_live_compare(const struct clew_live_side *a, const struct clew_live_side *b,
                       struct clew_live_comparison *ret)
{
        *ret = (struct clew_live_comparison){
                .rate_a = NAN, .rate_b = NAN, .difference = NAN, .p = 1};
        clew_wilson(a->failed, a->n, &ret->interval_a.low, &ret->interval_a.high);
        clew_wilson(b->failed, b->n, &ret->interval_b.low, &ret->interval_b.high);
        ret->interval = (struct clew_interval){NAN, NAN};
        if (a->n)
                ret->rate_a = (double)a->failed / (double)a->n;
        if (b->n)
                ret->rate_b = (double)b->failed / (double)b->n;
        if (a->n && b->n) {
                double d = ret->rate_b - ret->rate_a;

                ret->difference = d;
                ret->interval.low = d - hypot(ret->rate_b - ret->interval_b.low,
                                              ret->interval_a.high - ret->rate_a);
                ret->interval.high = d + hypot(ret->interval_b.high - ret->rate_b,
                                               ret->rate_a - ret->interval_a.low);
                ret->p = clew_difference_p(a->failed, a->n, b->failed, b->n);
        }
        ret->verdict = !(ret->p < 0.05)      ? "no difference shown"
                       : ret->difference < 0 ? "better"
                                             : "worse";
        for (unsigned m = 0; m < CLEW_LIVE_MEASURES; m++)
                compare_means(a, b, (enum clew_live_measure)m, &ret->measures[m]);
}
