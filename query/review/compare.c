/*
 * Two experiments compared, item by item; query/review/experiment.h.
 *
 * The unit is the item: tries of one item are not independent, so intervals of differences come
 * from resampling items. Shares of single tries have Wilson's interval.
 */
#include "query/review/experiment.h"

#include "proto/base/hash.h"
#include "query/find/statistics.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* Results of one item in one experiment. */
struct group {
        struct clew_content_id item;
        const struct clew_result *first;
        uint32_t n;
        uint32_t passed;
        double tokens;
        double cost;
        double seconds;
        double score;
        uint64_t repeats_seen[CLEW_EXPERIMENT_REPEATS_MAX / 64 + 1];
};

struct groups {
        struct group **slots;
        uint32_t n_slots;
        struct group **order;
        uint32_t n;
};

static struct group **slot_of(const struct groups *g, const struct clew_content_id *id)
{
        uint32_t i = (uint32_t)clew_hash(clew_slice_make(id->bytes, sizeof(id->bytes))) &
                     (g->n_slots - 1);

        while (g->slots[i] && memcmp(&g->slots[i]->item, id, sizeof(*id)) != 0)
                i = (i + 1) & (g->n_slots - 1);
        return &g->slots[i];
}

/* A result that was kept twice (two runs at the same time) counts once. */
static bool is_new(struct group *g, const struct clew_result *r)
{
        uint64_t bit = (uint64_t)1 << (r->repeat % 64);
        uint64_t *word;

        if (r->repeat >= CLEW_EXPERIMENT_REPEATS_MAX)
                return false;
        word = &g->repeats_seen[r->repeat / 64];
        if (*word & bit)
                return false;
        *word |= bit;
        return true;
}

static int gather(const struct clew_experiment *e, struct clew_arena *arena, struct groups *ret)
{
        *ret = (struct groups){.n_slots = 16};
        while (ret->n_slots < 2 * e->n)
                ret->n_slots *= 2;
        ret->slots = clew_arena_calloc(arena, ret->n_slots, sizeof(*ret->slots));
        ret->order = clew_arena_calloc(arena, e->n + 1, sizeof(*ret->order));
        if (!ret->slots || !ret->order)
                return -ENOMEM;
        for (uint32_t i = 0; i < e->n; i++) {
                const struct clew_result *r = &e->results[i];
                struct group **slot = slot_of(ret, &r->item);
                struct group *g = *slot;

                if (!g) {
                        g = *slot = clew_arena_calloc(arena, 1, sizeof(*g));
                        if (!g)
                                return -ENOMEM;
                        g->item = r->item;
                        g->first = r;
                        ret->order[ret->n++] = g;
                }
                if (!is_new(g, r))
                        continue;
                g->n++;
                g->passed += r->passed;
                g->tokens += r->tokens;
                g->cost += r->cost_usd;
                g->score += r->score;
                g->seconds += (double)r->duration_ns / 1e9;
        }
        return 0;
}

static double share(uint32_t passed, uint32_t n)
{
        return n ? (double)passed / (double)n : 0;
}

static enum clew_change change_of(const struct clew_experiment_pair *p)
{
        double a = share(p->passed_a, p->n_a);
        double b = share(p->passed_b, p->n_b);

        if (b > a)
                return CLEW_CHANGE_FIXED;
        if (b < a)
                return CLEW_CHANGE_BROKEN;
        return a < 1 ? CLEW_CHANGE_FAILING : CLEW_CHANGE_PASSING;
}

/* ---- differences ---------------------------------------------------------------------------- */

struct work {
        const struct groups *a;
        const struct groups *b;
        struct clew_experiment_comparison *ret;
        double *values;
        double *rounds;
        uint64_t seed;
};

static void difference(struct work *w, double (*of)(const struct group *g),
                       struct clew_difference *ret)
{
        uint32_t n = 0;
        double a = 0;
        double b = 0;

        for (uint32_t i = 0; i < w->ret->n; i++) {
                const struct group *in_a = *slot_of(w->a, &w->ret->pairs[i].item);
                const struct group *in_b = *slot_of(w->b, &w->ret->pairs[i].item);
                double x = in_a ? of(in_a) : NAN;
                double y = in_b ? of(in_b) : NAN;

                if (!isfinite(x) || !isfinite(y))
                        continue;
                a += x;
                b += y;
                w->values[n++] = y - x;
        }
        ret->n = n;
        ret->a = n ? a / n : NAN;
        ret->b = n ? b / n : NAN;
        ret->difference = clew_bootstrap_mean(w->values, n, w->seed, w->rounds, &ret->interval);
}

static double rate_of(const struct group *g)
{
        return share(g->passed, g->n);
}

static double tokens_of(const struct group *g)
{
        return g->tokens / g->n;
}

static double cost_of(const struct group *g)
{
        return g->cost / g->n;
}

static double seconds_of(const struct group *g)
{
        return g->seconds / g->n;
}

static double score_of(const struct group *g)
{
        return g->score / g->n;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void count(struct clew_experiment_comparison *c, const struct clew_experiment_pair *p)
{
        switch (p->change) {
        case CLEW_CHANGE_FIXED:
                c->fixed++;
                return;
        case CLEW_CHANGE_BROKEN:
                c->broken++;
                return;
        case CLEW_CHANGE_FAILING:
                c->failing++;
                return;
        case CLEW_CHANGE_PASSING:
                c->passing++;
                return;
        }
}

static int pair_up(struct work *w, struct clew_arena *arena)
{
        struct clew_experiment_comparison *c = w->ret;
        struct clew_experiment_pair *pairs = clew_arena_calloc(arena, w->a->n + 1, sizeof(*pairs));
        uint32_t k = UINT32_MAX;

        if (!pairs)
                return -ENOMEM;
        for (uint32_t i = 0; i < w->a->n; i++) {
                const struct group *a = w->a->order[i];
                const struct group *b = *slot_of(w->b, &a->item);
                struct clew_experiment_pair *p = &pairs[c->n];

                if (!b) {
                        c->only_a++;
                        continue;
                }
                *p = (struct clew_experiment_pair){.item = a->item,
                                                   .a = a->first,
                                                   .b = b->first,
                                                   .n_a = a->n,
                                                   .n_b = b->n,
                                                   .passed_a = a->passed,
                                                   .passed_b = b->passed};
                p->change = change_of(p);
                count(c, p);
                k = a->n < k ? a->n : k;
                k = b->n < k ? b->n : k;
                c->n++;
        }
        c->only_b = w->b->n - c->n;
        c->pairs = pairs;
        c->k = c->n ? k : 0;
        return 0;
}

static void rates(struct clew_experiment_comparison *c)
{
        uint64_t n_a = 0;
        uint64_t n_b = 0;
        uint64_t passed_a = 0;
        uint64_t passed_b = 0;

        for (uint32_t i = 0; i < c->n; i++) {
                const struct clew_experiment_pair *p = &c->pairs[i];

                n_a += p->n_a;
                n_b += p->n_b;
                passed_a += p->passed_a;
                passed_b += p->passed_b;
                c->pass_at_a += clew_pass_at(p->n_a, p->passed_a, c->k) / c->n;
                c->pass_at_b += clew_pass_at(p->n_b, p->passed_b, c->k) / c->n;
                c->pass_all_a += clew_pass_all(p->n_a, p->passed_a, c->k) / c->n;
                c->pass_all_b += clew_pass_all(p->n_b, p->passed_b, c->k) / c->n;
        }
        c->rate_a = (double)passed_a / (double)n_a;
        c->rate_b = (double)passed_b / (double)n_b;
        clew_wilson(passed_a, n_a, &c->interval_a.low, &c->interval_a.high);
        clew_wilson(passed_b, n_b, &c->interval_b.low, &c->interval_b.high);
}

int clew_experiment_compare(const struct clew_experiment *a, const struct clew_experiment *b,
                            uint64_t seed, struct clew_arena *arena,
                            struct clew_experiment_comparison *ret, struct clew_error *err)
{
        struct groups of_a;
        struct groups of_b;
        struct work w = {.a = &of_a, .b = &of_b, .ret = ret, .seed = seed};
        int r = gather(a, arena, &of_a);

        *ret = (struct clew_experiment_comparison){0};
        if (r == 0)
                r = gather(b, arena, &of_b);
        if (r == 0)
                r = pair_up(&w, arena);
        w.values = clew_arena_calloc(arena, ret->n + 1, sizeof(*w.values));
        w.rounds = clew_arena_calloc(arena, CLEW_BOOTSTRAP_ROUNDS, sizeof(*w.rounds));
        if (r < 0 || !w.values || !w.rounds)
                return clew_error_set(err, -ENOMEM, 0, "the experiments are too large");
        if (ret->n == 0)
                return clew_error_set(err, -ENODATA, 0, "the experiments share no item");
        rates(ret);
        ret->p = clew_sign_test(ret->fixed, ret->broken);
        difference(&w, rate_of, &ret->rate);
        difference(&w, tokens_of, &ret->tokens);
        difference(&w, cost_of, &ret->cost);
        difference(&w, seconds_of, &ret->seconds);
        difference(&w, score_of, &ret->score);
        ret->verdict = ret->p >= 0.05             ? "no difference shown"
                       : ret->fixed > ret->broken ? "better"
                                                  : "worse";
        return 0;
}
