/*
 * One run of a query: counters, working space, and the parts of an evaluation.
 */
#ifndef CLEW_QUERY_LANGUAGE_RUN_INT_H
#define CLEW_QUERY_LANGUAGE_RUN_INT_H

#include "query/find/language/fields-int.h"

#include <stdbool.h>
#include <stdint.h>

/* Memory for one trace: its model, and what the query makes of it. */
#define CLEW_RUN_ARENA_MAX ((size_t)4 << 30)
/* Values of one span. */
#define CLEW_RUN_SCRATCH_MAX ((size_t)64 << 20)
/* Operations that one trace may cost: some seconds. */
#define CLEW_RUN_WORK_MAX 2000000000ull
/* Distinct keys kept for suggestions, and traces that they are taken from. */
#define CLEW_RUN_KEYS_MAX 2048u
#define CLEW_RUN_KEY_BYTES_MAX 128u
#define CLEW_RUN_KEY_TRACES_MAX 64u

struct clew_run_key {
        struct clew_slice name;
        uint64_t hash;
        uint64_t n;
        enum clew_scope scope;
};

/* Of one comparison. */
struct clew_run_comparison {
        uint64_t fit;
        uint64_t misfit;
        enum clew_type met; /* type of the latest misfit */
        bool elsewhere;     /* indexes tell of values of that type that were not read */
};

struct clew_query_run {
        const struct clew_query *q;
        struct clew_query_met met;
        struct clew_arena own;     /* lives as long as the run */
        struct clew_arena arena;   /* of the trace at hand */
        struct clew_arena scratch; /* of the span at hand */
        struct clew_values *stack; /* of conditions; code_stack of them */
        struct clew_trace_options options;
        struct clew_run_at at; /* the trace that was evaluated last */

        /* By field of the query, attributes as sent only. */
        uint64_t *tried;
        uint64_t *seen;
        bool *in_bytes; /* the key stands in some trace that was opened, or its text in the bytes */
        struct clew_run_comparison *comparisons;
        struct clew_run_comparison *wanted; /* by field: whether values are what its place takes */
        uint64_t limited;                   /* texts on which a pattern gave up */

        /* What the bytes of the trace at hand tell; NULL entries of judge() without them. */
        bool has_bytes;
        bool *absent_field; /* the key stands nowhere */
        bool *absent_regex; /* the literal stands nowhere */
        /* While a glance is taken: the bytes, and whether sessions are looked for in them. */
        struct clew_slice glanced;
        bool glances_sessions;

        struct clew_run_key *keys;
        uint32_t n_keys;
        uint64_t work;
        bool overworked;
};

/* Sets of spans, as stages hand them on. */
struct clew_sets {
        struct clew_query_spanset *items;
        uint32_t n;
};

/* Whether @a op @b holds for lists of values: for one pair at least, and for `!=` and `!~` for all
 * of them. *ret_fit (may be NULL): some pair could be compared. */
bool clew_compare(enum clew_op op, const struct clew_values *a, const struct clew_values *b,
                  bool *ret_fit);

/* The condition on one step. */
bool clew_holds(struct clew_query_run *run, struct clew_run_at *at, uint32_t expr, uint32_t step);
/* Its values, in the scratch of the run until the next call. */
void clew_value_of(struct clew_query_run *run, struct clew_run_at *at, uint32_t expr, uint32_t step,
                   struct clew_values *ret);
/* One value as text, for groups and labels; in @arena. */
struct clew_slice clew_operand_text(const struct clew_operand *v, struct clew_arena *arena);
/* Of the first value, "nil" without one. */
struct clew_slice clew_group_text(const struct clew_values *v, struct clew_arena *arena);

/* The operators between sets that look at the tree. @ret is an array in the run's arena. */
CLEW_MUST_USE int clew_relate(struct clew_query_run *run, const struct clew_trace *trace,
                              enum clew_op op, const struct clew_query_spanset *left,
                              const struct clew_query_spanset *right,
                              struct clew_query_spanset *ret);
/* Spans of either, each once. */
CLEW_MUST_USE int clew_unite(struct clew_query_run *run, const struct clew_trace *trace,
                             const struct clew_sets *left, const struct clew_sets *right,
                             struct clew_query_spanset *ret);

/* Adds to the work of the trace at hand; false when it is too much. */
bool clew_charge(struct clew_query_run *run, uint64_t work);

/* Fills absent_field and absent_regex. */
void clew_look_at_bytes(struct clew_query_run *run, struct clew_slice traces,
                        struct clew_slice logs);
/* The attribute of a field stands somewhere; something there fits the comparison at @code. */
void clew_query_note_name(struct clew_query_run *run, uint32_t field);
void clew_query_note_fit(struct clew_query_run *run, uint32_t code);
/* Something there has a type that the comparison at @code never matches. */
void clew_query_note_misfit(struct clew_query_run *run, uint32_t code, enum clew_type type);
/* What the comparison at @code asks for is not in the bytes that a glance is taken at. */
bool clew_glance_lacks(const struct clew_query_run *run, uint32_t code);
/* Something under the attribute of a field is what its place takes. */
void clew_query_note_wanted(struct clew_query_run *run, uint32_t field);
/* Remembers the keys of a trace, of the first few. True when it looked at all of its spans. */
bool clew_collect_keys(struct clew_query_run *run, struct clew_slice traces);

#endif
