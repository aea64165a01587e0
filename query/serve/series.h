/*
 * Series over time: what a query that ends in metrics gives (`{ status = error } | rate()`).
 */
#ifndef CLEW_QUERY_SERVE_SERIES_H
#define CLEW_QUERY_SERVE_SERIES_H

#include "proto/base/arena.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "proto/base/json.h"
#include "query/find/language/language.h"
#include "query/find/language/metrics.h"
#include "query/find/select.h"

#include <stdbool.h>
#include <stdint.h>

/* Shorter steps show nothing. */
#define CLEW_SERIES_STEP_NS_MIN 1000000u

struct clew_series {
        struct clew_filter left; /* of the walk, with the time that finding the window has left */
        struct clew_arena arena;
        struct clew_query *query;
        struct clew_query_run *run;
        struct clew_metrics *metrics;
        uint64_t start_ns;
        uint64_t end_ns;
        uint64_t step_ns; /* 0 = one is chosen by the length of the window */
        bool told;        /* indexes tell of steps all that is counted: those are asked */
        int refused;      /* by the metrics, of what indexes told */
        /* Numbers of series + 1 by the sort of a step, of the index run at hand; 0 = not known. */
        uint32_t *by_sort;
        uint64_t serial;
};

/* Whether @query (may be NULL) ends in metrics; false also for one that cannot be read. */
bool clew_series_wanted(const char *query);

/* Reads @query. 0, -EINVAL (@err says where), -ENOMEM. clew_series_deinit() in any case. */
CLEW_MUST_USE int clew_series_init(struct clew_series *s, const char *query,
                                   struct clew_query_error *err);
void clew_series_deinit(struct clew_series *s);
/* Walks all that @filter selects and counts it, in steps of @step_ns. @select is begun here, for
 * the caller to look at and to end (clew_select_deinit(), in any case). 0, -EINVAL (too many steps)
 * or -E2BIG (too many series) with a message, or another negative errno. */
CLEW_MUST_USE int clew_series_gather(struct clew_series *s, struct clew_view *view,
                                     const struct clew_filter *filter,
                                     const struct clew_clock *clock, uint64_t step_ns,
                                     struct clew_select *select, struct clew_error *err);

/* Whether indexes can tell of steps all that the query counts, in whole seconds. */
bool clew_series_asks_sorts(const struct clew_series *s);
/* True when nothing was counted; @m is what it counted. */
bool clew_series_is_empty(const struct clew_metrics_result *m);
/* After it: clew_query_complaint() of its query. */
bool clew_series_complaint(const struct clew_series *s, uint32_t n, struct clew_query_error *err,
                           bool *ret_fatal);

/* Members of the record of one series ("series"), and of one line of compare() ("difference"). */
void clew_series_write(struct clew_json_writer *w, const struct clew_metrics_result *m,
                       uint32_t index);
void clew_series_write_difference(struct clew_json_writer *w, const struct clew_metrics_result *m,
                                  uint32_t index);

#endif
