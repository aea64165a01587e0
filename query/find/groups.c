/*
 * See groups.h.
 */
#include "query/find/groups.h"

#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "query/find/statistics.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_SIZE 65536u /* a power of two */
#define ARENA_MAX ((size_t)512 << 20)
/* Values of a group's first piece, and of its largest ones: half a megabyte. */
#define CHUNK_MIN 16u
#define CHUNK_MAX 65534u
/* The same of counted ones, in bytes: a piece has at most 258. */
#define COUNTED_BYTES_MIN 1024u
#define COUNTED_BYTES_MAX (512u << 10)
#define UNITS_PER_USD 1e10

static const double shares[CLEW_GROUP_QUANTILES] = {
        [CLEW_GROUP_P50] = 0.5, [CLEW_GROUP_P95] = 0.95, [CLEW_GROUP_P99] = 0.99};

int clew_groups_init(struct clew_groups *g, uint32_t n_keys)
{
        *g = (struct clew_groups){.n_keys = n_keys};
        clew_arena_init(&g->arena, ARENA_MAX);
        g->table = clew_arena_calloc(&g->arena, TABLE_SIZE, sizeof(struct clew_group *));
        return g->table ? 0 : -ENOMEM;
}

static void drop(struct clew_group *group)
{
        struct clew_group_chunk *at = group->durations;

        while (at) {
                struct clew_group_chunk *next = at->next;

                clew_free(at);
                at = next;
        }
        group->durations = NULL;
        while (group->counted) {
                struct clew_group_counted *next = group->counted->next;

                clew_free(group->counted);
                group->counted = next;
        }
}

void clew_groups_deinit(struct clew_groups *g)
{
        for (uint32_t i = 0; g->table && i < TABLE_SIZE; i++) {
                for (struct clew_group *at = g->table[i]; at; at = at->next)
                        drop(at);
        }
        clew_arena_deinit(&g->arena);
}

void clew_groups_clear(struct clew_groups *g)
{
        for (uint32_t i = 0; i < TABLE_SIZE; i++) {
                for (struct clew_group *at = g->table[i]; at; at = at->next)
                        drop(at);
                g->table[i] = NULL;
        }
        g->n = 0;
        g->n_values = 0;
        g->n_chunks = 0;
}

static bool is_same(const struct clew_groups *g, const struct clew_group *group,
                    const struct clew_group_item *item)
{
        if (group->time_ns != item->time_ns)
                return false;
        for (uint32_t i = 0; i < g->n_keys; i++) {
                if (!clew_slice_eq(group->keys[i], item->keys[i]))
                        return false;
        }
        return true;
}

struct clew_group *clew_groups_find(struct clew_groups *g, const struct clew_group_item *item)
{
        uint64_t hash = item->time_ns * 0x9e3779b97f4a7c15u;
        struct clew_group *group;

        for (uint32_t i = 0; i < g->n_keys; i++)
                hash = clew_hash_seeded(item->keys[i], hash);
        hash &= TABLE_SIZE - 1;
        for (group = g->table[hash]; group; group = group->next) {
                if (is_same(g, group, item))
                        return group;
        }
        if (g->n == CLEW_GROUPS_MAX)
                return NULL;
        group = clew_arena_calloc(&g->arena, 1, sizeof(*group));
        if (!group)
                return NULL;
        for (uint32_t i = 0; i < g->n_keys; i++)
                group->keys[i] = clew_arena_copy(&g->arena, item->keys[i]);
        group->time_ns = item->time_ns;
        group->next = g->table[hash];
        g->table[hash] = group;
        g->n++;
        return group;
}

static void count_causes(struct clew_groups *g, struct clew_group *group, struct clew_slice rule,
                         uint64_t n)
{
        uint32_t i = 0;

        while (i < group->n_causes && !clew_slice_eq(group->causes[i].rule, rule))
                i++;
        if (i == CLEW_GROUP_CAUSES_MAX)
                return;
        if (i == group->n_causes) {
                group->causes[i].rule = clew_arena_copy(&g->arena, rule);
                group->n_causes++;
        }
        group->causes[i].n += n;
}

static int add_chunk(struct clew_groups *g, struct clew_group *group)
{
        uint32_t capacity = group->durations ? group->durations->capacity * 2 : CHUNK_MIN;
        struct clew_group_chunk *more;

        if (capacity > CHUNK_MAX)
                capacity = CHUNK_MAX;
        more = clew_malloc(sizeof(*more) + capacity * sizeof(more->values[0]));
        if (!more)
                return -ENOMEM;
        *more = (struct clew_group_chunk){.next = group->durations, .capacity = capacity};
        group->durations = more;
        g->n_chunks++;
        return 0;
}

static int add_duration(struct clew_groups *g, struct clew_group *group, uint64_t ns)
{
        struct clew_group_chunk *at = group->durations;

        if ((!at || at->n == at->capacity) && add_chunk(g, group) < 0)
                return -ENOMEM;
        g->n_values++;
        if (g->n_values > CLEW_GROUP_VALUES_MAX)
                return -E2BIG;
        at = group->durations;
        at->values[at->n++] = (double)ns / 1e9;
        group->n_durations++;
        return 0;
}

static uint32_t put_parts(const struct clew_group *group, struct clew_sample_part *ret)
{
        uint32_t n = 0;

        for (const struct clew_group_chunk *at = group->durations; at; at = at->next)
                ret[n++] = (struct clew_sample_part){.values = at->values, .n = at->n};
        for (const struct clew_group_counted *at = group->counted; at; at = at->next)
                ret[n++] = (struct clew_sample_part){
                        .n = at->n, .counted = clew_slice_make(at->bytes, at->len)};
        return n;
}

/* Neumaier's sum. */
static void add_cost(struct clew_group *group, double cost)
{
        double sum = group->cost_usd + cost;

        group->cost_rest += fabs(group->cost_usd) >= fabs(cost) ? (group->cost_usd - sum) + cost
                                                                : (cost - sum) + group->cost_usd;
        group->cost_usd = sum;
}

/* @n alike, whose numbers are added up already. */
static void add_numbers(struct clew_groups *g, struct clew_group *group,
                        const struct clew_group_item *item, uint64_t n)
{
        group->n += n;
        group->failed += item->failed ? n : 0;
        group->by_result += item->by_result ? n : 0;
        group->open += item->open ? n : 0;
        group->tokens += item->tokens;
        if (item->has_cost && item->in_units)
                group->cost_units += item->cost_units;
        else if (item->has_cost)
                add_cost(group, item->cost_usd);
        group->has_cost |= item->has_cost;
        if (item->cause.len > 0)
                count_causes(g, group, item->cause, n);
}

int clew_groups_add_to(struct clew_groups *g, struct clew_group *group,
                       const struct clew_group_item *item)
{
        add_numbers(g, group, item, 1);
        return item->open ? 0 : add_duration(g, group, item->duration_ns);
}

int clew_groups_add_sum(struct clew_groups *g, struct clew_group *group,
                        const struct clew_group_item *item, uint64_t n)
{
        add_numbers(g, group, item, n);
        return clew_arena_failed(&g->arena) ? -ENOMEM : 0;
}

static int add_counted_chunk(struct clew_groups *g, struct clew_group *group)
{
        uint32_t capacity = group->counted ? group->counted->capacity * 2 : COUNTED_BYTES_MIN;
        struct clew_group_counted *more;

        if (capacity > COUNTED_BYTES_MAX)
                capacity = COUNTED_BYTES_MAX;
        more = clew_malloc(sizeof(*more) + capacity);
        if (!more)
                return -ENOMEM;
        more->next = group->counted;
        more->n = 0;
        more->len = 0;
        more->capacity = capacity;
        group->counted = more;
        g->n_chunks++;
        return 0;
}

int clew_groups_add_counted(struct clew_groups *g, struct clew_group *group,
                            const struct clew_counted_piece *piece, uint64_t n)
{
        size_t need = CLEW_COUNTED_HEAD + piece->bytes.len;
        struct clew_group_counted *at = group->counted;

        if ((!at || at->capacity - at->len < need) && add_counted_chunk(g, group) < 0)
                return -ENOMEM;
        at = group->counted;
        clew_counted_keep(at->bytes + at->len, piece);
        at->len += (uint32_t)need;
        at->n += n;
        group->n_durations += n;
        return 0;
}

int clew_groups_add(struct clew_groups *g, const struct clew_group_item *item)
{
        struct clew_group *group = clew_groups_find(g, item);

        if (!group)
                return clew_arena_failed(&g->arena) ? -ENOMEM : -E2BIG;
        return clew_groups_add_to(g, group, item);
}

static int by_time_and_size(const void *a, const void *b)
{
        const struct clew_group *x = *(struct clew_group *const *)a;
        const struct clew_group *y = *(struct clew_group *const *)b;

        if (x->time_ns != y->time_ns)
                return x->time_ns < y->time_ns ? -1 : 1;
        if (x->n != y->n)
                return x->n > y->n ? -1 : 1;
        for (uint32_t i = 0; i < CLEW_GROUP_KEYS_MAX; i++) {
                int order = clew_slice_cmp(x->keys[i], y->keys[i]);

                if (order != 0)
                        return order;
        }
        return 0;
}

static void finish_cost(struct clew_group *group)
{
        group->cost_usd += group->cost_rest;
        group->cost_usd += (double)group->cost_units / UNITS_PER_USD;
}

/* @parts has room for all. */
static int add_up(struct clew_groups *g, struct clew_sample_part *parts)
{
        struct clew_group *total = &g->total;
        uint32_t n = 0;

        *total = (struct clew_group){0};
        for (uint32_t i = 0; i < g->n; i++) {
                const struct clew_group *x = g->all[i];

                total->n += x->n;
                total->failed += x->failed;
                total->by_result += x->by_result;
                total->open += x->open;
                total->tokens += x->tokens;
                add_cost(total, x->cost_usd);
                add_cost(total, x->cost_rest);
                total->cost_units += x->cost_units;
                total->has_cost |= x->has_cost;
                for (uint32_t k = 0; k < x->n_causes; k++)
                        count_causes(g, total, x->causes[k].rule, x->causes[k].n);
                n += put_parts(x, parts + n);
                total->n_durations += x->n_durations;
        }
        for (uint32_t i = 0; i < g->n; i++)
                finish_cost(g->all[i]);
        finish_cost(total);
        return clew_quantiles(parts, n, shares, CLEW_GROUP_QUANTILES, total->quantiles);
}

int clew_groups_finish(struct clew_groups *g)
{
        CLEW_FREE struct clew_sample_part *parts = NULL;
        uint32_t n = 0;
        int r = 0;

        g->all = clew_arena_calloc(&g->arena, g->n + 1u, sizeof(struct clew_group *));
        parts = clew_calloc(g->n_chunks + 1u, sizeof(*parts));
        if (!g->all || !parts)
                return -ENOMEM;
        for (uint32_t i = 0; i < TABLE_SIZE; i++) {
                for (struct clew_group *at = g->table[i]; r == 0 && at; at = at->next) {
                        r = clew_quantiles(parts, put_parts(at, parts), shares,
                                           CLEW_GROUP_QUANTILES, at->quantiles);
                        g->all[n++] = at;
                }
        }
        if (r < 0)
                return r;
        qsort(g->all, n, sizeof(struct clew_group *), by_time_and_size);
        return add_up(g, parts);
}

const struct clew_group_cause *clew_group_top_cause(const struct clew_group *group)
{
        const struct clew_group_cause *top = NULL;

        for (uint32_t i = 0; i < group->n_causes; i++) {
                if (!top || group->causes[i].n > top->n ||
                    (group->causes[i].n == top->n &&
                     clew_slice_cmp(group->causes[i].rule, top->rule) < 0))
                        top = &group->causes[i];
        }
        return top;
}
