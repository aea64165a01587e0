/*
 * Metrics of a query: series over time, made of the spans that its stages select.
 *
 * A span counts at its start. The stretch of time is the query's window in steps of one length;
 * series are told apart by the values of by(), and for quantiles and histograms by the quantile or
 * the upper end of the bucket (powers of two, lengths of time in seconds).
 */
#ifndef CLEW_QUERY_LANGUAGE_METRICS_H
#define CLEW_QUERY_LANGUAGE_METRICS_H

#include "query/find/language/language.h"

/* Steps of one window, series, and values kept for quantiles. */
#define CLEW_METRICS_STEPS_MAX 11000u
#define CLEW_METRICS_SERIES_MAX 10000u
#define CLEW_METRICS_VALUES_MAX 8000000u
#define CLEW_METRICS_LABELS_MAX 6u

struct clew_metrics_label {
        struct clew_slice name;
        struct clew_slice value;
};

struct clew_metrics_series {
        struct clew_metrics_label labels[CLEW_METRICS_LABELS_MAX];
        uint32_t n_labels;
        const double *values; /* one a step; NaN = nothing there */
};

/* One value of one attribute, for compare(). */
struct clew_metrics_difference {
        struct clew_slice attribute;
        struct clew_slice value;
        uint64_t selection;
        uint64_t baseline;
};

struct clew_metrics_result {
        uint64_t start_ns;
        uint64_t step_ns;
        uint32_t n_steps;
        const struct clew_metrics_series *series;
        uint32_t n_series;
        bool is_seconds;                                   /* the values are lengths of time */
        const struct clew_metrics_difference *differences; /* of compare() */
        uint32_t n_differences;
        uint64_t n_selection;
        uint64_t n_baseline;
};

struct clew_metrics;
struct clew_run_at; /* fields-int.h */

/* Whether the query ends in compare(). */
bool clew_query_is_compare(const struct clew_query *query);

/* @run and its query are borrowed. Steps begin at multiples of @step_ns. NULL when memory is short.
 */
CLEW_MUST_USE struct clew_metrics *clew_metrics_new(struct clew_query_run *run, uint64_t start_ns,
                                                    uint64_t end_ns, uint64_t step_ns);
void clew_metrics_free(struct clew_metrics *m); /* NULL is fine */
/* Adds what clew_query_evaluate() of that run has just given. 0, -ENOMEM, -E2BIG: more series or
 * values than are kept. */
CLEW_MUST_USE int clew_metrics_add(struct clew_metrics *m, const struct clew_query_result *found);
/*
 * Where somebody tells of spans without showing them: whether of each its start, its duration or
 * tokens, and what by() asks are all that is counted; and then the series of the spans that are
 * like @step of
 * @at in what by() asks (at least 0, or an error as above), for a span whose start is counted at
 * all; and one span of a series.
 */
bool clew_metrics_takes_told(const struct clew_query *query);
/* ... and whether of those the duration is, or the tokens are. */
bool clew_metrics_counts_durations(const struct clew_query *query);
bool clew_metrics_counts_tokens(const struct clew_query *query);
bool clew_metrics_has_start(const struct clew_metrics *m, uint64_t start_ns);
CLEW_MUST_USE int clew_metrics_find(struct clew_metrics *m, struct clew_run_at *at, uint32_t step);
CLEW_MUST_USE int clew_metrics_add_told(struct clew_metrics *m, uint32_t series, uint64_t start_ns,
                                        uint64_t told);
/* Series in the order of their labels, after topk() and bottomk(). Lives as long as @m. */
CLEW_MUST_USE int clew_metrics_finish(struct clew_metrics *m, struct clew_metrics_result *ret);

#endif
