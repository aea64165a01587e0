/*
 * Runs or calls in groups: how many, how many failed, how long, what they cost.
 *
 * Values are kept, not sketched, so that quantiles are exact; their number is bounded, and too many
 * are an error that says so.
 */
#ifndef CLEW_QUERY_FIND_GROUPS_H
#define CLEW_QUERY_FIND_GROUPS_H

#include "proto/base/arena.h"
#include "proto/base/compiler.h"
#include "proto/base/slice.h"
#include "query/find/counted.h"

#include <stdbool.h>
#include <stdint.h>

#define CLEW_GROUP_KEYS_MAX 4u
/* Groups, times apart. */
#define CLEW_GROUPS_MAX 100000u
/* Durations kept, all groups together: 8 bytes each. */
#define CLEW_GROUP_VALUES_MAX 10000000u
/* Causes counted apart in one group. */
#define CLEW_GROUP_CAUSES_MAX 16u

/* Of durations: the middle, and what one in twenty and one in a hundred takes longer than. */
enum { CLEW_GROUP_P50, CLEW_GROUP_P95, CLEW_GROUP_P99, CLEW_GROUP_QUANTILES };

struct clew_group_cause {
        struct clew_slice rule;
        uint64_t n;
};

/* Durations that came counted: pieces in a row (counted.h). */
struct clew_group_counted {
        struct clew_group_counted *next;
        uint64_t n; /* durations */
        uint32_t len;
        uint32_t capacity;
        uint8_t bytes[];
};

/* Values of one group; they are not moved when it grows. */
struct clew_group_chunk {
        struct clew_group_chunk *next;
        uint32_t n;
        uint32_t capacity;
        double values[];
};

struct clew_group {
        struct clew_group *next; /* of its bucket */
        struct clew_slice keys[CLEW_GROUP_KEYS_MAX];
        uint64_t time_ns; /* beginning of its stretch of time; 0 without */
        uint64_t n;
        uint64_t failed;
        uint64_t by_result; /* tool calls that failed by a sign or by their answer */
        uint64_t open;
        uint64_t tokens;
        double cost_usd;  /* whole after finish: */
        double cost_rest; /* what rounding has left out of it, so that no order matters */
        __extension__ unsigned __int128 cost_units; /* of what was told in them, until then */
        bool has_cost;
        struct clew_group_cause causes[CLEW_GROUP_CAUSES_MAX];
        uint32_t n_causes;
        struct clew_group_chunk *durations; /* seconds, in no order; the newest piece first */
        struct clew_group_counted *counted; /* and these */
        uint64_t n_durations;
        double quantiles[CLEW_GROUP_QUANTILES]; /* of them, after clew_groups_finish() */
};

/* One run or call. Slices are copied. */
struct clew_group_item {
        const struct clew_slice *keys;
        uint64_t time_ns;
        bool failed;
        bool by_result; /* a tool call: by a sign, or by its answer */
        bool open;
        uint64_t duration_ns;
        uint64_t tokens;
        bool has_cost;
        bool in_units; /* the cost is told in 1e-10 dollars */
        double cost_usd;
        uint64_t cost_units;
        struct clew_slice cause;
};

struct clew_groups {
        struct clew_arena arena;
        struct clew_group **table;
        struct clew_group **all; /* after finish: largest first */
        struct clew_group total; /* after finish */
        uint32_t n_keys;
        uint32_t n;
        uint64_t n_values;
        uint32_t n_chunks; /* of all groups, of both sorts */
};

/* 0 or -ENOMEM. */
CLEW_MUST_USE int clew_groups_init(struct clew_groups *g, uint32_t n_keys);
void clew_groups_deinit(struct clew_groups *g);
/* Forgets all that was added. */
void clew_groups_clear(struct clew_groups *g);
/* 0, -ENOMEM, or -E2BIG: more groups or values than are kept. */
CLEW_MUST_USE int clew_groups_add(struct clew_groups *g, const struct clew_group_item *item);
/* The same in two steps, for who knows the group: that of the item's keys and time (NULL: none is
 * left, or no memory), and adding to it. */
struct clew_group *clew_groups_find(struct clew_groups *g, const struct clew_group_item *item);
CLEW_MUST_USE int clew_groups_add_to(struct clew_groups *g, struct clew_group *group,
                                     const struct clew_group_item *item);
/* Many at once that are alike in all but numbers: @item's are sums (a cost in units), and its
 * duration is passed over ... 0. */
CLEW_MUST_USE int clew_groups_add_sum(struct clew_groups *g, struct clew_group *group,
                                      const struct clew_group_item *item, uint64_t n);
/* ... since durations come in pieces of counted.h, which are copied: @n durations. 0, -ENOMEM. */
CLEW_MUST_USE int clew_groups_add_counted(struct clew_groups *g, struct clew_group *group,
                                          const struct clew_counted_piece *piece, uint64_t n);
/* Adds the total up, and sorts: groups by time, then by number, then by keys. As clew_quantiles().
 */
CLEW_MUST_USE int clew_groups_finish(struct clew_groups *g);
/* The commonest cause; NULL without one. */
const struct clew_group_cause *clew_group_top_cause(const struct clew_group *group);

#endif
