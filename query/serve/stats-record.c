/*
 * The rows of statistics, for machines, and their order.
 */
#include "query/serve/stats.h"

#include "query/answer/values.h"
#include "query/find/statistics.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct clew_stats_row *of(const void *record)
{
        return record;
}

static void put_key(struct clew_json_writer *w, const void *r, uint32_t i)
{
        clew_write_text(w, i < of(r)->stats->n_keys ? of(r)->group->keys[i] : CLEW_SLICE_NULL);
}

static void put_key_1(struct clew_json_writer *w, const void *r)
{
        put_key(w, r, 0);
}

static void put_key_2(struct clew_json_writer *w, const void *r)
{
        put_key(w, r, 1);
}

static void put_key_3(struct clew_json_writer *w, const void *r)
{
        put_key(w, r, 2);
}

static void put_key_4(struct clew_json_writer *w, const void *r)
{
        put_key(w, r, 3);
}

static void put_by(struct clew_json_writer *w, const void *r)
{
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < of(r)->stats->n_keys; i++)
                clew_json_write_string(w, of(r)->stats->keys[i].name);
        clew_json_write_array_end(w);
}

static void put_time(struct clew_json_writer *w, const void *r)
{
        clew_write_time(w, of(r)->group->time_ns);
}

static void put_unit(struct clew_json_writer *w, const void *r)
{
        clew_json_write_cstr(w, of(r)->stats->of_steps ? "step" : "run");
}

static void put_n(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->group->n);
}

static void put_failed(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->group->failed);
}

static void put_by_result(struct clew_json_writer *w, const void *r)
{
        if (of(r)->stats->by_tool)
                clew_json_write_uint64(w, of(r)->group->by_result);
        else
                clew_json_write_null(w);
}

static void put_open(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->group->open);
}

static void put_rate(struct clew_json_writer *w, const void *r)
{
        const struct clew_group *g = of(r)->group;

        clew_json_write_double(w, g->n > 0 ? (double)g->failed / (double)g->n : 0);
}

static void put_rate_low(struct clew_json_writer *w, const void *r)
{
        double low;
        double high;

        clew_wilson(of(r)->group->failed, of(r)->group->n, &low, &high);
        clew_json_write_double(w, low);
}

static void put_rate_high(struct clew_json_writer *w, const void *r)
{
        double low;
        double high;

        clew_wilson(of(r)->group->failed, of(r)->group->n, &low, &high);
        clew_json_write_double(w, high);
}

static void put_quantile(struct clew_json_writer *w, const void *r, unsigned q)
{
        const struct clew_group *g = of(r)->group;

        if (g->n_durations == 0)
                clew_json_write_null(w);
        else
                clew_json_write_uint64_string(w, (uint64_t)llround(g->quantiles[q] * 1e9));
}

static void put_p50(struct clew_json_writer *w, const void *r)
{
        put_quantile(w, r, CLEW_GROUP_P50);
}

static void put_p95(struct clew_json_writer *w, const void *r)
{
        put_quantile(w, r, CLEW_GROUP_P95);
}

static void put_p99(struct clew_json_writer *w, const void *r)
{
        put_quantile(w, r, CLEW_GROUP_P99);
}

static void put_tokens(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->group->tokens);
}

static void put_cost(struct clew_json_writer *w, const void *r)
{
        if (of(r)->group->has_cost)
                clew_json_write_double(w, of(r)->group->cost_usd);
        else
                clew_json_write_null(w);
}

static void put_top(struct clew_json_writer *w, const void *r)
{
        const struct clew_group_cause *top = clew_group_top_cause(of(r)->group);

        clew_write_text(w, top ? top->rule : CLEW_SLICE_NULL);
}

static void put_top_n(struct clew_json_writer *w, const void *r)
{
        const struct clew_group_cause *top = clew_group_top_cause(of(r)->group);

        clew_json_write_uint64(w, top ? top->n : 0);
}

const struct clew_record_field clew_stats_fields[] = {
        {"key", true, put_key_1},
        {"key2", true, put_key_2},
        {"key3", true, put_key_3},
        {"key4", false, put_key_4},
        {"by", false, put_by},
        {"time", true, put_time},
        {"unit", true, put_unit},
        {"n", true, put_n},
        {"failed", true, put_failed},
        {"result_errors", false, put_by_result},
        {"open", true, put_open},
        {"rate", true, put_rate},
        {"rate_low", true, put_rate_low},
        {"rate_high", true, put_rate_high},
        {"p50_nano", true, put_p50},
        {"p95_nano", true, put_p95},
        {"p99_nano", true, put_p99},
        {"tokens", true, put_tokens},
        {"cost_usd", true, put_cost},
        {"top_cause", true, put_top},
        {"top_cause_n", true, put_top_n},
        {0},
};

static double measure(const struct clew_group *g, const char *word)
{
        if (strcmp(word, "failed") == 0)
                return (double)g->failed;
        if (strcmp(word, "result_errors") == 0)
                return (double)g->by_result;
        if (strcmp(word, "rate") == 0)
                return g->n ? (double)g->failed / (double)g->n : 0;
        if (strcmp(word, "tokens") == 0)
                return (double)g->tokens;
        if (strcmp(word, "cost") == 0)
                return g->cost_usd;
        if (word[0] == 'p' && g->n_durations > 0)
                return g->quantiles[strcmp(word, "p50") == 0   ? CLEW_GROUP_P50
                                    : strcmp(word, "p95") == 0 ? CLEW_GROUP_P95
                                                               : CLEW_GROUP_P99];
        return word[0] == 'p' ? 0 : (double)g->n;
}

struct measured {
        double value;
        uint32_t place; /* before */
        struct clew_group *group;
};

static int by_measure(const void *a, const void *b)
{
        const struct measured *x = a;
        const struct measured *y = b;

        if (x->value != y->value)
                return x->value > y->value ? -1 : 1;
        return x->place < y->place ? -1 : 1;
}

int clew_stats_sort(struct clew_stats *s, const char *word, struct clew_error *err)
{
        static const char *const words[] = {"n",   "failed", "result_errors", "rate", "p50",
                                            "p95", "p99",    "tokens",        "cost"};
        struct clew_groups *g = &s->groups;
        struct measured *all;
        bool known = !word;

        for (size_t i = 0; i < CLEW_ARRAY_LEN(words) && !known; i++)
                known = strcmp(word, words[i]) == 0;
        if (!known || (word && s->over_ns))
                return clew_error_set(err, -EINVAL, 0, "%s",
                                      s->over_ns
                                              ? "--over is sorted by time"
                                              : "--sort takes n, failed, result_errors, rate, p50, "
                                                "p95, p99, tokens or cost");
        if (!word)
                return 0;
        all = clew_arena_calloc(&g->arena, g->n + 1u, sizeof(*all));
        if (!all)
                return -ENOMEM;
        for (uint32_t i = 0; i < g->n; i++)
                all[i] = (struct measured){measure(g->all[i], word), i, g->all[i]};
        qsort(all, g->n, sizeof(*all), by_measure);
        for (uint32_t i = 0; i < g->n; i++)
                g->all[i] = all[i].group;
        return 0;
}
