/*
 * Failed runs grouped by cause.
 *
 * The signature of a cause (rule, step, shape of its error) was computed when the trace was sealed;
 * runs with equal signatures form a cluster. The tool of a signature counts where a tool failed or
 * was called over and over; where the agent went wrong (a change that nobody confirmed, a wrong
 * count) runs are alike whatever tool came next. A cluster's name is made from that alone, so it
 * stays the same tomorrow and on another machine. Runs without a cause are grouped by their error
 * text.
 */
#ifndef CLEW_QUERY_SERVE_CLUSTERS_H
#define CLEW_QUERY_SERVE_CLUSTERS_H

#include "proto/base/arena.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "query/answer/record.h"
#include "query/find/index/index.h"
#include "query/find/select.h"

#include <stdint.h>

/* Distinct causes; beyond it a run is counted as left out. */
#define CLEW_CLUSTERS_MAX 4096u
#define CLEW_CLUSTER_NAME 12u /* with the final NUL */

#define CLEW_CLUSTER_TOOLS_MAX 8u

struct clew_cluster_tool {
        struct clew_slice name;
        uint32_t count;
};

struct clew_cluster {
        uint64_t hash;
        struct clew_slice rule;
        struct clew_slice signature; /* of the newest run, as its detail */
        struct clew_slice detail;
        struct clew_cluster_tool tools[CLEW_CLUSTER_TOOLS_MAX]; /* where it shows, most first */
        uint32_t n_tools;
        struct clew_trace_id example;
        uint32_t count;
        uint32_t recent; /* in the newer half of the time that the selection spans */
        uint64_t first_ns;
        uint64_t last_ns;
};

struct clew_cluster_moment;

struct clew_clusters {
        struct clew_arena *arena;
        struct clew_cluster *items;
        uint16_t *places; /* by hash: 1 + the place in items */
        uint32_t n;
        uint32_t left_out;
        struct clew_cluster_moment *moments;
        uint64_t oldest_ns;
        uint64_t newest_ns;
};

/* Fields of a struct clew_cluster. */
extern const struct clew_record_field clew_cluster_fields[];

/* Groups what @s walks, the largest first. 0 or a negative errno. */
CLEW_MUST_USE int clew_clusters_gather(struct clew_clusters *c, struct clew_select *s,
                                       struct clew_arena *arena, struct clew_error *err);

/* What it asks of summaries, for clew_filter.light. */
#define CLEW_CLUSTERS_LIGHT (CLEW_LIGHT | CLEW_LIGHT_CAUSE | CLEW_LIGHT_SIGNATURE)

/* 1 = the run that @s gave last is in the cluster of that name, and @t is filled whole; 0 = it is
 * not; or an error of clew_select_whole(). */
CLEW_MUST_USE int clew_cluster_has(struct clew_select *s, struct clew_selected *t, const char *name,
                                   struct clew_error *err);
/* Which cluster a run is in. */
uint64_t clew_cluster_hash(const struct clew_summary *summary);
/* "c" and eight hex digits of the signature's hash. */
void clew_cluster_name(uint64_t hash, char ret[CLEW_CLUSTER_NAME]);
/* "rising", "falling", "steady", or "" when there are too few. */
const char *clew_cluster_trend(const struct clew_cluster *cluster);

#endif
