/*
 * Experiments: a dataset run through an agent, each result kept as it comes, so that a killed
 * experiment goes on where it was; and two of them compared.
 */
#ifndef CLEW_QUERY_REVIEW_EXPERIMENT_H
#define CLEW_QUERY_REVIEW_EXPERIMENT_H

#include "proto/base/arena.h"
#include "proto/base/error.h"
#include "query/review/item.h"
#include "query/review/statistics.h"
#include "storage/store.h"

#include <stdbool.h>
#include <stdint.h>

#define CLEW_EXPERIMENT_CHECKS_MAX 16u
#define CLEW_EXPERIMENT_REPEATS_MAX 1000u
#define CLEW_EXPERIMENT_RESULTS_MAX 1000000u
/* Of an output that is kept; the rest is in the trace. */
#define CLEW_EXPERIMENT_OUTPUT_MAX ((size_t)1 << 20)

enum clew_check_kind {
        CLEW_CHECK_EXIT,     /* it ended with status 0 */
        CLEW_CHECK_EQUALS,   /* the output is the expected one, white space around it apart */
        CLEW_CHECK_CONTAINS, /* it contains the expected one, or a text; case apart */
        CLEW_CHECK_REGEX,    /* a pattern matches somewhere in it */
        CLEW_CHECK_JSON,     /* the expected JSON is part of it: members and elements */
        CLEW_CHECK_CALLS,    /* it called the expected tools, in order, others between */
        CLEW_CHECK_NUMBER,   /* its last number is within a tolerance of the expected one's */
        CLEW_CHECK_JUDGE,    /* a program says so; the caller asks it */
};

struct clew_experiment_check {
        enum clew_check_kind kind;
        struct clew_slice text;  /* as given: "contains:yes" */
        struct clew_slice value; /* "yes"; empty = the item's expected output */
        double tolerance;
};

/* What an agent answered. */
struct clew_experiment_answer {
        int status; /* exit status; negative = it was killed or could not be run */
        struct clew_slice output;
        struct clew_item_calls calls;
        double tokens; /* NaN = not told */
        double cost_usd;
};

/* "equals", "contains:TEXT", "regex:PATTERN", "json", "calls", "number:0.5", "exit",
 * "judge:COMMAND". -EINVAL with a
 * message. Borrows @text. */
CLEW_MUST_USE int clew_check_parse(struct clew_slice text, struct clew_experiment_check *ret,
                                   struct clew_error *err);
/* Not of a judge. 1 = passed, 0 = failed, -ENODATA = the item has nothing to check against;
 * *ret_why is static, or in @arena (NULL when that is full). */
CLEW_MUST_USE int clew_check_run(const struct clew_experiment_check *check,
                                 const struct clew_item *item,
                                 const struct clew_experiment_answer *answer,
                                 struct clew_arena *arena, const char **ret_why);
/* Reads what a program printed: {"output":..,"calls":[..],"tokens":..,"cost_usd":..}, or any text.
 * Texts live in @printed or @arena. */
void clew_answer_read(struct clew_slice printed, struct clew_arena *arena,
                      struct clew_experiment_answer *ret);

struct clew_result {
        struct clew_content_id item;
        struct clew_content_id task;
        uint64_t repeat; /* from 0 */
        struct clew_trace_id trace_id;
        bool passed;
        int64_t status;
        struct clew_slice why; /* first check that failed */
        struct clew_slice output;
        uint64_t duration_ns;
        double tokens; /* NaN = not told */
        double cost_usd;
        double score; /* a judge's value; NaN = there was none */
};

struct clew_experiment {
        struct clew_slice name;
        struct clew_slice dataset; /* NAME@V */
        struct clew_content_id digest;
        struct clew_slice command;
        struct clew_slice checks; /* with commas */
        struct clew_slice author;
        uint64_t repeat;
        uint64_t n_items; /* of the dataset */
        uint64_t time_ns;
        const struct clew_result *results; /* by item in the order they came first, then repeat */
        uint32_t n;
};

/* Makes the record of an experiment. -EEXIST (err not filled) when the name is taken. */
CLEW_MUST_USE int clew_experiment_create(struct clew_store *store, const struct clew_experiment *e,
                                         struct clew_error *err);
/* Adds one result; durable on return. One of the same item and repeat counts once, the first. */
CLEW_MUST_USE int clew_experiment_add(struct clew_store *store, struct clew_slice name,
                                      const struct clew_result *result, struct clew_error *err);
/* @name: history-int.h. 0, -ENOENT (err not filled), -ESRCH: several writers have one, ...
 * Everything lives in @arena. */
CLEW_MUST_USE int clew_experiment_load(struct clew_view *view, struct clew_slice name,
                                       struct clew_arena *arena, struct clew_experiment *ret,
                                       struct clew_error *err);
/* The same without its results. */
CLEW_MUST_USE int clew_experiment_head(struct clew_view *view, struct clew_slice name,
                                       struct clew_arena *arena, struct clew_experiment *ret,
                                       struct clew_error *err);
/* A result as it travels: one JSON object. */
void clew_result_write(const struct clew_result *result, struct clew_buffer *out);
/* False when it is none. Texts live in @json or @arena. */
CLEW_MUST_USE bool clew_result_read(struct clew_slice json, struct clew_arena *arena,
                                    struct clew_result *ret);
CLEW_MUST_USE int clew_experiment_each(struct clew_view *view,
                                       int (*fn)(const struct clew_experiment *e, void *context),
                                       void *context, struct clew_error *err);

/* ---- comparison ------------------------------------------------------------------------------ */

enum clew_change {
        CLEW_CHANGE_FIXED,
        CLEW_CHANGE_BROKEN,
        CLEW_CHANGE_FAILING,
        CLEW_CHANGE_PASSING
};

struct clew_experiment_pair {
        struct clew_content_id item;
        const struct clew_result *a; /* first result of the item in each */
        const struct clew_result *b;
        uint32_t n_a;
        uint32_t n_b;
        uint32_t passed_a;
        uint32_t passed_b;
        enum clew_change change;
};

struct clew_difference {
        double a; /* means */
        double b;
        double difference;
        struct clew_interval interval; /* of the difference, paired by item */
        uint32_t n;                    /* items that have it in both */
};

struct clew_experiment_comparison {
        const struct clew_experiment_pair *pairs; /* items that both have */
        uint32_t n;
        uint32_t only_a;
        uint32_t only_b;
        uint32_t fixed;
        uint32_t broken;
        uint32_t failing;
        uint32_t passing;
        double rate_a;
        double rate_b;
        struct clew_interval interval_a;
        struct clew_interval interval_b;
        double p; /* of the sign test on items whose share of passes differs */
        struct clew_difference rate;
        struct clew_difference tokens;
        struct clew_difference cost;
        struct clew_difference seconds;
        struct clew_difference score;
        uint32_t k; /* least number of tries of an item, in both */
        double pass_at_a;
        double pass_at_b;
        double pass_all_a;
        double pass_all_b;
        const char *verdict; /* "better", "worse", "no difference shown"; static */
};

/* Compares what both ran. Deterministic: the bootstrap's seed is @seed. 0, -ENODATA with a message
 * (no shared items), -ENOMEM. */
CLEW_MUST_USE int clew_experiment_compare(const struct clew_experiment *a,
                                          const struct clew_experiment *b, uint64_t seed,
                                          struct clew_arena *arena,
                                          struct clew_experiment_comparison *ret,
                                          struct clew_error *err);

#endif
