/*
 * See metrics.h.
 */
#include "query/find/language/metrics.h"

#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "query/find/language/readers-int.h"
#include "query/find/language/run-int.h"
#include "query/find/statistics.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SERIES_TABLE 32768u /* a power of two, over twice the series */
#define ARENA_MAX ((size_t)512 << 20)
/* Attributes of compare(): distinct pairs, bytes of a value. */
#define PAIRS_MAX 100000u
#define PAIRS_TABLE 262144u
#define PAIR_VALUE_MAX 128u

__extension__ typedef __int128 wide;

/* What the function needs of one step of a series. */
struct cell {
        union {
                double number; /* sum, least or most */
                wide whole;    /* sum of whole numbers, whose order then does not matter */
        };
        uint64_t n;
};

struct series {
        struct clew_slice key; /* all values, each with its length */
        struct clew_slice values[CLEW_BY_MAX];
        struct cell *cells;
        int bucket; /* of a histogram: power of two */
};

struct kept {
        uint32_t series;
        uint32_t step;
        double value;
};

struct pair {
        struct clew_slice attribute;
        struct clew_slice value;
        uint64_t hash;
        uint64_t n[2]; /* baseline, selection */
};

struct clew_metrics {
        struct clew_query_run *run;
        const struct clew_metric_stage *stage;
        double unit; /* cells hold `whole`, so many to 1; 0: they do not */
        struct clew_arena arena;
        uint64_t start_ns;
        uint64_t step_ns;
        uint32_t n_steps;
        struct series *series;
        uint32_t *table;
        uint32_t n_series;
        struct kept *kept;
        size_t n_kept;
        size_t capacity;
        struct pair *pairs;
        uint32_t n_pairs;
        uint64_t n_spans[2];
};

bool clew_query_is_compare(const struct clew_query *q)
{
        return q->metric.metric == CLEW_METRIC_COMPARE;
}

/* The function is given that field of spans as it is. */
static bool is_of(const struct clew_query *q, const char *name)
{
        const struct clew_expr *e = &q->exprs[q->metric.expr];
        const struct clew_code_op *code = &q->codes[e->first];
        const struct clew_field_ref *ref;

        if (e->n != 1 || code->code != CLEW_CODE_FIELD)
                return false;
        ref = &q->fields[code->arg];
        return ref->row && !ref->of_parent && strcmp(ref->row->name, name) == 0;
}

static bool is_of_duration(const struct clew_query *q)
{
        return is_of(q, "duration");
}

static bool is_of_tokens(const struct clew_query *q)
{
        return is_of(q, "span.clew.tokens");
}

static bool is_count(const struct clew_query *q)
{
        return q->metric.metric == CLEW_METRIC_RATE || q->metric.metric == CLEW_METRIC_COUNT;
}

static bool is_sum(const struct clew_query *q)
{
        return q->metric.metric == CLEW_METRIC_SUM || q->metric.metric == CLEW_METRIC_AVG;
}

/* The function makes of numbers what those of all spans, one by one, say. */
static bool is_of_numbers(const struct clew_query *q)
{
        switch ((int)q->metric.metric) {
        case CLEW_METRIC_SUM:
        case CLEW_METRIC_AVG:
        case CLEW_METRIC_MIN:
        case CLEW_METRIC_MAX:
        case CLEW_METRIC_QUANTILE:
                return true;
        default:
                return false;
        }
}

bool clew_metrics_counts_durations(const struct clew_query *q)
{
        return is_of_numbers(q) && is_of_duration(q);
}

bool clew_metrics_counts_tokens(const struct clew_query *q)
{
        return is_of_numbers(q) && is_of_tokens(q);
}

bool clew_metrics_takes_told(const struct clew_query *q)
{
        return is_count(q) || clew_metrics_counts_durations(q) || clew_metrics_counts_tokens(q);
}

struct clew_metrics *clew_metrics_new(struct clew_query_run *run, uint64_t start_ns,
                                      uint64_t end_ns, uint64_t step_ns)
{
        struct clew_metrics *m = clew_calloc(1, sizeof(*m));

        if (!m)
                return NULL;
        m->run = run;
        m->stage = &run->q->metric;
        if (is_sum(run->q))
                m->unit = is_of_duration(run->q) ? 1e9 : is_of_tokens(run->q) ? 1 : 0;
        m->step_ns = step_ns;
        m->start_ns = start_ns / step_ns * step_ns;
        m->n_steps = (uint32_t)((end_ns > m->start_ns ? end_ns - m->start_ns : 0) / step_ns + 1);
        if (m->n_steps > CLEW_METRICS_STEPS_MAX)
                m->n_steps = CLEW_METRICS_STEPS_MAX;
        clew_arena_init(&m->arena, ARENA_MAX);
        m->series = clew_arena_calloc(&m->arena, CLEW_METRICS_SERIES_MAX, sizeof(*m->series));
        m->table = clew_arena_calloc(&m->arena, SERIES_TABLE, sizeof(*m->table));
        if (clew_query_is_compare(run->q))
                m->pairs = clew_arena_calloc(&m->arena, PAIRS_TABLE, sizeof(*m->pairs));
        if (clew_arena_failed(&m->arena)) {
                clew_metrics_free(m);
                return NULL;
        }
        return m;
}

void clew_metrics_free(struct clew_metrics *m)
{
        if (!m)
                return;
        clew_arena_deinit(&m->arena);
        clew_free(m->kept);
        clew_free(m);
}

/* ---- series -----------------------------------------------------------------------------------
 */

/* The series of those values; -E2BIG, -ENOMEM. */
static int find_series(struct clew_metrics *m, const struct clew_slice *values, int bucket)
{
        uint64_t hash = (uint64_t)(int64_t)bucket;
        struct series *s;
        uint32_t at;

        for (uint32_t i = 0; i < m->stage->n_by; i++)
                hash = clew_hash_seeded(values[i], hash);
        at = (uint32_t)(hash ^ hash >> 32) & (SERIES_TABLE - 1);
        for (; m->table[at] != 0; at = (at + 1) & (SERIES_TABLE - 1)) {
                bool same = true;

                s = &m->series[m->table[at] - 1];
                for (uint32_t i = 0; i < m->stage->n_by && same; i++)
                        same = clew_slice_eq(s->values[i], values[i]);
                if (same && s->bucket == bucket)
                        return (int)m->table[at] - 1;
        }
        if (m->n_series == CLEW_METRICS_SERIES_MAX)
                return -E2BIG;
        s = &m->series[m->n_series];
        for (uint32_t i = 0; i < m->stage->n_by; i++)
                s->values[i] = clew_arena_copy(&m->arena, values[i]);
        s->bucket = bucket;
        s->cells = clew_arena_calloc(&m->arena, m->n_steps, sizeof(*s->cells));
        if (!s->cells)
                return -ENOMEM;
        m->table[at] = ++m->n_series;
        return (int)m->n_series - 1;
}

static int keep(struct clew_metrics *m, uint32_t series, uint32_t step, double value)
{
        if (m->n_kept == m->capacity) {
                size_t capacity = m->capacity ? m->capacity * 2 : 1024;
                struct kept *more = clew_realloc_array(m->kept, capacity, sizeof(*more));

                if (!more)
                        return -ENOMEM;
                m->kept = more;
                m->capacity = capacity;
        }
        if (m->n_kept == CLEW_METRICS_VALUES_MAX)
                return -E2BIG;
        m->kept[m->n_kept++] = (struct kept){series, step, value};
        return 0;
}

/* The least power of two that is no smaller. */
static int bucket_of(double v)
{
        int exponent = 0;
        double fraction = v > 0 ? frexp(v, &exponent) : 0;

        return v > 0 ? exponent - (fraction == 0.5) : INT32_MIN / 2;
}

struct number {
        double value;  /* lengths of time in seconds */
        int64_t whole; /* ns of a length of time; a whole number */
};

static struct number number_of_ns(int64_t ns)
{
        return (struct number){(double)ns / 1e9, ns};
}

/* False when the span has no number to count. */
static bool number_of(struct clew_metrics *m, uint32_t step, struct number *ret)
{
        struct clew_values v;

        *ret = (struct number){1, 0};
        if (is_count(m->run->q))
                return true;
        clew_value_of(m->run, &m->run->at, m->stage->expr, step, &v);
        if (v.n == 0 || !clew_type_is_number(v.items[0].type))
                return false;
        if (v.items[0].type == CLEW_TYPE_DURATION)
                *ret = number_of_ns(v.items[0].integer);
        else
                *ret = (struct number){clew_operand_number(&v.items[0]), v.items[0].integer};
        return !isnan(ret->value);
}

/* Of a start; n_steps or more: it is not counted. */
static uint64_t place_of(const struct clew_metrics *m, uint64_t start_ns)
{
        return start_ns >= m->start_ns ? (start_ns - m->start_ns) / m->step_ns : UINT64_MAX;
}

static void put_number(const struct clew_metrics *m, struct cell *cell, const struct number *v)
{
        switch ((int)m->stage->metric) {
        case CLEW_METRIC_MIN:
                if (cell->n == 0 || v->value < cell->number)
                        cell->number = v->value;
                break;
        case CLEW_METRIC_MAX:
                if (cell->n == 0 || v->value > cell->number)
                        cell->number = v->value;
                break;
        default:
                if (m->unit > 0)
                        cell->whole += v->whole;
                else
                        cell->number += v->value;
                break;
        }
        cell->n++;
}

static int add_number(struct clew_metrics *m, uint32_t series, uint64_t place,
                      const struct number *v)
{
        put_number(m, &m->series[series].cells[place], v);
        return m->stage->metric == CLEW_METRIC_QUANTILE ? keep(m, series, (uint32_t)place, v->value)
                                                        : 0;
}

static int find_of_step(struct clew_metrics *m, struct clew_run_at *at, uint32_t step, int bucket)
{
        struct clew_slice values[CLEW_BY_MAX] = {{0}};

        for (uint32_t i = 0; i < m->stage->n_by; i++) {
                struct clew_values v;

                clew_value_of(m->run, at, m->stage->by[i], step, &v);
                values[i] = clew_group_text(&v, &m->run->arena);
        }
        return find_series(m, values, bucket);
}

static int add_span(struct clew_metrics *m, uint32_t step)
{
        uint64_t place = place_of(m, m->run->at.trace->steps[step].start_ns);
        struct number number;
        int series;

        if (place >= m->n_steps || !number_of(m, step, &number))
                return 0;
        series = find_of_step(m, &m->run->at, step,
                              m->stage->metric == CLEW_METRIC_HISTOGRAM ? bucket_of(number.value)
                                                                        : 0);
        return series < 0 ? series : add_number(m, (uint32_t)series, place, &number);
}

/* ---- spans that are told ----------------------------------------------------------------------
 */

bool clew_metrics_has_start(const struct clew_metrics *m, uint64_t start_ns)
{
        return place_of(m, start_ns) < m->n_steps;
}

int clew_metrics_find(struct clew_metrics *m, struct clew_run_at *at, uint32_t step)
{
        int series = find_of_step(m, at, step, 0);

        return clew_arena_failed(&m->arena) || clew_arena_failed(&m->run->arena) ? -ENOMEM : series;
}

int clew_metrics_add_told(struct clew_metrics *m, uint32_t series, uint64_t start_ns, uint64_t told)
{
        uint64_t place = place_of(m, start_ns);
        struct number number = clew_metrics_counts_tokens(m->run->q)
                                       ? (struct number){(double)told, (int64_t)told}
                                       : number_of_ns((int64_t)told);

        return place < m->n_steps ? add_number(m, series, place, &number) : 0;
}

/* ---- compare() --------------------------------------------------------------------------------
 */

static void add_pair(struct clew_metrics *m, const char *scope, struct clew_slice key,
                     struct clew_slice value, bool selected)
{
        uint64_t hash = clew_hash_seeded(
                value, clew_hash_seeded(key, clew_hash(clew_slice_of_cstr(scope))));
        uint32_t at = (uint32_t)(hash ^ hash >> 32) & (PAIRS_TABLE - 1);

        if (value.len > PAIR_VALUE_MAX)
                return;
        while (m->pairs[at].attribute.data && m->pairs[at].hash != hash)
                at = (at + 1) & (PAIRS_TABLE - 1);
        if (!m->pairs[at].attribute.data) {
                struct clew_slice parts[] = {clew_slice_of_cstr(scope), key};

                if (m->n_pairs == PAIRS_MAX)
                        return;
                m->n_pairs++;
                m->pairs[at].hash = hash;
                m->pairs[at].attribute = clew_arena_concat(&m->arena, parts, 2);
                m->pairs[at].value = clew_arena_copy(&m->arena, value);
        }
        m->pairs[at].n[selected]++;
}

static void add_attributes(struct clew_metrics *m, const char *scope, struct clew_message_iter it,
                           bool selected)
{
        struct clew_attribute a;

        while (clew_attribute_next(&it, &a)) {
                struct clew_values v = {.arena = &m->run->scratch};

                clew_values_add_value(&v, &a.value);
                for (uint32_t i = 0; i < v.n; i++) {
                        if (v.items[i].type != CLEW_TYPE_OTHER)
                                add_pair(m, scope, a.key,
                                         clew_operand_text(&v.items[i], &m->run->scratch),
                                         selected);
                }
        }
}

static void compare_span(struct clew_metrics *m, uint32_t step)
{
        static const char *const statuses[] = {"unset", "ok", "error"};
        const struct clew_step *s = &m->run->at.trace->steps[step];
        bool selected = clew_holds(m->run, &m->run->at, m->stage->compare, step);
        uint32_t status = s->span.status_code <= 2 ? s->span.status_code : 0;

        clew_arena_reset(&m->run->scratch);
        m->n_spans[selected]++;
        add_pair(m, "", CLEW_SLICE_LITERAL("name"), s->span.name, selected);
        add_pair(m, "", CLEW_SLICE_LITERAL("status"), clew_slice_of_cstr(statuses[status]),
                 selected);
        add_pair(m, "", CLEW_SLICE_LITERAL("span.clew.kind"),
                 clew_slice_of_cstr(clew_kind_name(s->kind)), selected);
        add_attributes(m, "span.", clew_span_attributes(&s->span), selected);
        add_attributes(m, "resource.", clew_resource_attributes(s->resource), selected);
}

int clew_metrics_add(struct clew_metrics *m, const struct clew_query_result *found)
{
        for (uint32_t i = 0; i < found->n_sets; i++) {
                for (uint32_t k = 0; k < found->sets[i].n; k++) {
                        int r = 0;

                        if (m->pairs)
                                compare_span(m, found->sets[i].steps[k]);
                        else
                                r = add_span(m, found->sets[i].steps[k]);
                        if (r < 0)
                                return r;
                }
        }
        return clew_arena_failed(&m->arena) ? -ENOMEM : 0;
}

/* ---- results ----------------------------------------------------------------------------------
 */

static double value_of(const struct clew_metrics *m, const struct cell *c)
{
        double sum = m->unit > 0 ? (double)c->whole / m->unit : c->number;

        switch ((int)m->stage->metric) {
        case CLEW_METRIC_RATE:
                return (double)c->n / ((double)m->step_ns / 1e9);
        case CLEW_METRIC_SUM:
        case CLEW_METRIC_MIN:
        case CLEW_METRIC_MAX:
                return c->n > 0 ? sum : NAN;
        case CLEW_METRIC_AVG:
                return c->n > 0 ? sum / (double)c->n : NAN;
        default:
                return (double)c->n;
        }
}

static void put_labels(const struct clew_metrics *m, const struct series *s,
                       struct clew_metrics_series *ret)
{
        const struct clew_query *q = m->run->q;

        for (uint32_t i = 0; i < m->stage->n_by; i++) {
                const struct clew_expr *e = &q->exprs[m->stage->by[i]];
                struct clew_slice name = clew_slice_make(q->text.data + e->offset, e->len);

                while (name.len > 0 && name.data[name.len - 1] <= ' ')
                        name.len--;
                ret->labels[ret->n_labels++] = (struct clew_metrics_label){name, s->values[i]};
        }
}

static void add_label(struct clew_metrics *m, struct clew_metrics_series *ret, const char *name,
                      double value)
{
        struct clew_operand v = {.type = CLEW_TYPE_FLOAT, .number = value};

        ret->labels[ret->n_labels++] = (struct clew_metrics_label){
                clew_slice_of_cstr(name), clew_operand_text(&v, &m->arena)};
}

/* The kept values, cell after cell. */
static double *in_cells(const struct clew_metrics *m)
{
        double *values = clew_calloc(m->n_kept + 1, sizeof(*values));
        size_t *at = clew_calloc((size_t)m->n_series * m->n_steps + 1, sizeof(*at));
        size_t from = 0;

        for (size_t i = 0; at && i < (size_t)m->n_series * m->n_steps; i++) {
                at[i] = from;
                from += m->series[i / m->n_steps].cells[i % m->n_steps].n;
        }
        for (size_t i = 0; values && at && i < m->n_kept; i++) {
                const struct kept *k = &m->kept[i];

                values[at[(size_t)k->series * m->n_steps + k->step]++] = k->value;
        }
        clew_free(at);
        if (at)
                return values;
        clew_free(values);
        return NULL;
}

/* Of one series, whose values begin at *@from: @values[quantile][step]; moves *@from behind them.
 */
static int quantiles(const struct clew_metrics *m, const struct series *s, double **from,
                     double *const *values)
{
        for (uint32_t i = 0; i < m->n_steps; i++) {
                size_t n = s->cells[i].n;

                if (n > 0 && clew_sort_doubles(*from, n) < 0)
                        return -ENOMEM;
                for (uint32_t q = 0; q < m->stage->n_quantiles; q++)
                        values[q][i] = clew_quantile(*from, n, m->stage->quantiles[q]);
                *from += n;
        }
        return 0;
}

static int put_quantiles(struct clew_metrics *m, double *from, struct clew_metrics_series *out)
{
        int r = 0;

        for (uint32_t s = 0; s < m->n_series && r == 0; s++) {
                double *values[CLEW_QUANTILES_MAX];

                for (uint32_t q = 0; q < m->stage->n_quantiles; q++) {
                        struct clew_metrics_series *ret = &out[s * m->stage->n_quantiles + q];

                        values[q] = clew_arena_alloc(&m->arena, m->n_steps * sizeof(double));
                        if (!values[q])
                                return -ENOMEM;
                        put_labels(m, &m->series[s], ret);
                        add_label(m, ret, "p", m->stage->quantiles[q]);
                        ret->values = values[q];
                }
                r = quantiles(m, &m->series[s], &from, values);
        }
        return r;
}

static int finish_quantiles(struct clew_metrics *m, struct clew_metrics_series *out)
{
        double *values = in_cells(m);
        int r = values ? put_quantiles(m, values, out) : -ENOMEM;

        clew_free(values);
        return r;
}

static int finish_cells(struct clew_metrics *m, struct clew_metrics_series *out)
{
        for (uint32_t s = 0; s < m->n_series; s++) {
                double *values = clew_arena_alloc(&m->arena, m->n_steps * sizeof(*values));

                if (!values)
                        return -ENOMEM;
                for (uint32_t i = 0; i < m->n_steps; i++)
                        values[i] = value_of(m, &m->series[s].cells[i]);
                put_labels(m, &m->series[s], &out[s]);
                if (m->stage->metric == CLEW_METRIC_HISTOGRAM)
                        add_label(m, &out[s], "bucket",
                                  m->series[s].bucket < -1000 ? 0 : ldexp(1, m->series[s].bucket));
                out[s].values = values;
        }
        return 0;
}

static double weight(const struct clew_metrics_series *s, uint32_t n)
{
        double sum = 0;

        for (uint32_t i = 0; i < n; i++)
                sum += isnan(s->values[i]) ? 0 : s->values[i];
        return sum;
}

static int by_labels(const void *a, const void *b)
{
        const struct clew_metrics_series *x = a;
        const struct clew_metrics_series *y = b;

        for (uint32_t i = 0; i < x->n_labels && i < y->n_labels; i++) {
                int order = clew_slice_cmp(x->labels[i].value, y->labels[i].value);

                if (order != 0)
                        return order;
        }
        return 0;
}

/* The @top series with the largest (smallest) sum over the window, put first; bounded selection. */
static uint32_t choose(const struct clew_metrics *m, struct clew_metrics_series *series, uint32_t n)
{
        uint32_t top = m->stage->top;

        for (uint32_t i = 0; i < top && i < n; i++) {
                uint32_t best = i;

                for (uint32_t k = i + 1; k < n; k++) {
                        double a = weight(&series[k], m->n_steps);
                        double b = weight(&series[best], m->n_steps);

                        if (m->stage->bottom ? a < b : a > b)
                                best = k;
                }
                if (best != i) {
                        struct clew_metrics_series swap = series[i];

                        series[i] = series[best];
                        series[best] = swap;
                }
        }
        return top < n ? top : n;
}

static int by_attribute(const void *a, const void *b)
{
        const struct clew_metrics_difference *x = a;
        const struct clew_metrics_difference *y = b;
        int order = clew_slice_cmp(x->attribute, y->attribute);

        if (order != 0)
                return order;
        if (x->selection != y->selection)
                return x->selection > y->selection ? -1 : 1;
        if (x->baseline != y->baseline)
                return x->baseline > y->baseline ? -1 : 1;
        return clew_slice_cmp(x->value, y->value);
}

/* The commonest values of each attribute. */
static int finish_compare(struct clew_metrics *m, struct clew_metrics_result *ret)
{
        struct clew_metrics_difference *all =
                clew_arena_calloc(&m->arena, m->n_pairs + 1u, sizeof(*all));
        uint32_t n = 0;
        uint32_t kept = 0;
        uint32_t of_attribute = 0;

        if (!all)
                return -ENOMEM;
        for (uint32_t i = 0; i < PAIRS_TABLE; i++) {
                const struct pair *p = &m->pairs[i];

                if (p->attribute.data)
                        all[n++] = (struct clew_metrics_difference){p->attribute, p->value, p->n[1],
                                                                    p->n[0]};
        }
        qsort(all, n, sizeof(*all), by_attribute);
        for (uint32_t i = 0; i < n; i++) {
                bool same = kept > 0 && clew_slice_eq(all[kept - 1].attribute, all[i].attribute);

                of_attribute = same ? of_attribute + 1 : 1;
                if (of_attribute <= m->stage->compare_top)
                        all[kept++] = all[i];
        }
        ret->differences = all;
        ret->n_differences = kept;
        ret->n_selection = m->n_spans[1];
        ret->n_baseline = m->n_spans[0];
        return 0;
}

/* As far as the query says: an attribute's values may be of any type. */
static bool gives_seconds(const struct clew_metrics *m)
{
        enum clew_metric of = m->stage->metric;

        return (of == CLEW_METRIC_SUM || of == CLEW_METRIC_AVG || of == CLEW_METRIC_MIN ||
                of == CLEW_METRIC_MAX || of == CLEW_METRIC_QUANTILE) &&
               m->run->q->exprs[m->stage->expr].type == CLEW_TYPE_DURATION;
}

int clew_metrics_finish(struct clew_metrics *m, struct clew_metrics_result *ret)
{
        uint32_t each = m->stage->metric == CLEW_METRIC_QUANTILE ? m->stage->n_quantiles : 1;
        uint32_t n = m->n_series * each;
        struct clew_metrics_series *out;
        int r;

        *ret = (struct clew_metrics_result){.start_ns = m->start_ns,
                                            .step_ns = m->step_ns,
                                            .n_steps = m->n_steps,
                                            .is_seconds = gives_seconds(m)};
        if (m->pairs)
                return finish_compare(m, ret);
        out = clew_arena_calloc(&m->arena, n + 1u, sizeof(*out));
        if (!out)
                return -ENOMEM;
        r = m->stage->metric == CLEW_METRIC_QUANTILE ? finish_quantiles(m, out)
                                                     : finish_cells(m, out);
        if (r < 0)
                return r;
        if (n > 1)
                qsort(out, n, sizeof(*out), by_labels);
        if (m->stage->top > 0) {
                n = choose(m, out, n);
                qsort(out, n, sizeof(*out), by_labels);
        }
        ret->series = out;
        ret->n_series = n;
        return 0;
}
