/*
 * What runs of one selection have that those of another have not: the runs of both sides gathered
 * (query/find/comparison.h compares), and the rows of it.
 */
#ifndef CLEW_QUERY_SERVE_CONTRAST_H
#define CLEW_QUERY_SERVE_CONTRAST_H

#include "proto/base/arena.h"
#include "proto/base/error.h"
#include "query/answer/record.h"
#include "query/find/comparison.h"
#include "query/find/select.h"
#include "query/serve/filter.h"

#include <stdbool.h>
#include <stdint.h>

/* Runs of one side, the newest: more make a difference surer, not another. */
#define CLEW_CONTRAST_RUNS_MAX 5000u

struct clew_contrast {
        struct clew_comparison *comparison;
        struct clew_arena ids;
        struct clew_trace_id *seen; /* of the first side, when the second is "all others" */
        uint32_t n_seen;
        bool cut[2]; /* there were more runs of that side */
};

/* 0 or -ENOMEM; clew_contrast_deinit() in any case. */
CLEW_MUST_USE int clew_contrast_init(struct clew_contrast *c);
void clew_contrast_deinit(struct clew_contrast *c);
/* The filters of both sides: query @a (NULL: failed runs against those that ended well) and @b
 * (NULL: all others). */
void clew_contrast_sides(const struct clew_filter_flags *flags, const char *a, const char *b,
                         struct clew_filter_flags *ret_a, struct clew_filter_flags *ret_b);
/* Adds the runs that @s walks to side 0 or 1; @others leaves out those of side 0. A run is built in
 * at most @bytes. 0 or a negative errno. */
CLEW_MUST_USE int clew_contrast_add_side(struct clew_contrast *c, struct clew_select *s,
                                         unsigned side, bool others, size_t bytes,
                                         struct clew_error *err);

struct clew_contrast_row {
        const struct clew_feature *feature;
        const struct clew_comparison_result *result;
};
/* Of a struct clew_contrast_row. */
extern const struct clew_record_field clew_contrast_fields[];

#endif
