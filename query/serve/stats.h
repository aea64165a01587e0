/*
 * Runs, or the calls in them, counted in groups: what `clew stats --by` asks for.
 *
 * A key is a fact of the run (agent, service, outcome, cause, resource.service.version ...) or of a
 * step (tool, model, kind, span.x ...). With keys of runs alone runs are counted; as soon as one is
 * of steps, steps are: those that the query selects and that have a value for each such key.
 */
#ifndef CLEW_QUERY_SERVE_STATS_H
#define CLEW_QUERY_SERVE_STATS_H

#include "query/answer/record.h"
#include "query/find/groups.h"
#include "query/find/select.h"
#include "query/serve/filter.h"

#include <stdbool.h>
#include <stdint.h>

struct clew_stats_key {
        struct clew_slice name; /* as given */
        int fact;               /* enum of stats.c; what a summary tells */
        uint32_t selected;      /* else: place in the select() of the query */
        int text;               /* CLEW_STEP_* that indexes tell; -1 = spans are read */
        bool of_step;
};

struct clew_stats {
        struct clew_groups groups;
        struct clew_stats_key keys[CLEW_GROUP_KEYS_MAX];
        uint32_t n_keys;
        bool of_steps;      /* steps are counted, not runs */
        bool needs_spans;   /* summaries do not tell all keys */
        bool told;          /* but indexes do, of steps: all that are counted */
        bool has_condition; /* steps are chosen by a query */
        bool by_sort;       /* steps of one sort are of one group */
        bool by_tool;       /* some key is the tool: calls whose answer says they failed count */
        uint32_t by_result; /* then: where the query's select() tells whether one did */
        int refused;        /* by the groups, of what indexes told */
        uint64_t over_ns;   /* stretch of time; 0 = all time together */
        struct clew_arena arena;
        struct clew_arena scratch;
        struct clew_query *query;
        struct clew_query_run *run;
        struct clew_filter filter; /* of the walk */
        /* Groups by the id of one text, or by the sort of a step, of the index run at hand. */
        struct clew_group **by_id;
        uint32_t n_ids;
        uint64_t serial;
};

/*
 * @by: keys between commas (NULL or "": all together). @query (may be NULL) says which steps count;
 * it is not put to the filter of the walk when steps are counted. Returns 0, -EINVAL with a message
 * (@where as for clew_filter_read_all()), -ENOMEM. clew_stats_deinit() in any case.
 */
CLEW_MUST_USE int clew_stats_init(struct clew_stats *s, const char *by, const char *query,
                                  uint64_t over_ns, struct clew_error *err,
                                  struct clew_filter_error *where);
void clew_stats_deinit(struct clew_stats *s);
/*
 * Walks all that @filter selects and counts it. @select is begun here, for the caller to look at
 * and to end (clew_select_deinit(), in any case); it borrows @s. 0, -E2BIG with a message, or
 * another negative errno.
 */
CLEW_MUST_USE int clew_stats_gather(struct clew_stats *s, struct clew_view *view,
                                    const struct clew_filter *filter,
                                    const struct clew_clock *clock, struct clew_select *select,
                                    struct clew_error *err);
/* Puts the groups in order, largest first, by "n", "failed", "rate", "p50" ... (NULL: as they are).
 * 0, -EINVAL with a message that begins with the flag, -ENOMEM. */
CLEW_MUST_USE int clew_stats_sort(struct clew_stats *s, const char *word, struct clew_error *err);

/* One row for machines. */
struct clew_stats_row {
        const struct clew_stats *stats;
        const struct clew_group *group;
};
/* Of a struct clew_stats_row. */
extern const struct clew_record_field clew_stats_fields[];

#endif
