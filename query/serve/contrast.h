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
        /* What the first side has left of the limits, and how far it came when they ended it. */
        uint64_t left_ns;
        uint64_t left_bytes;
        uint64_t since_ns;
};

/* 0 or -ENOMEM; clew_contrast_deinit() in any case. */
CLEW_MUST_USE int clew_contrast_init(struct clew_contrast *c);
void clew_contrast_deinit(struct clew_contrast *c);
/* The filters of both sides: query @a (NULL: failed runs against those that ended well) and @b
 * (NULL: all others). */
void clew_contrast_sides(const struct clew_filter_flags *flags, const char *a, const char *b,
                         struct clew_filter_flags *ret_a, struct clew_filter_flags *ret_b);
/* Gives a side its share of the limits of both: the first a half, the second what is left. Where
 * the first did not come to its end, the second looks as far back, or it would take what the first
 * has not seen for its own. */
void clew_contrast_share(struct clew_contrast *c, unsigned side, struct clew_filter *filter);
/* After a side's walk; @filter as it was shared out. */
void clew_contrast_spent(struct clew_contrast *c, const struct clew_filter *filter,
                         const struct clew_select *s);
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
