/*
 * The query language: a subset of TraceQL, with what Clew derives offered as attributes.
 *
 * One text selects everywhere: typed by a user, made from flags, sent by Grafana. README.md holds
 * the grammar, line by line, and is tested. The way of a text:
 *
 *     lexer -> parser -> check -> struct clew_query -> judge (on a summary: no, maybe, yes)
 *                                                   -> evaluate (on a whole trace)
 *
 * A query is immutable once made and may serve several runs; what a run needs and counts is in
 * struct clew_query_run. Nothing here recurses on input; every list has a limit.
 */
#ifndef CLEW_QUERY_LANGUAGE_H
#define CLEW_QUERY_LANGUAGE_H

#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/ids.h"
#include "proto/base/slice.h"
#include "query/model/summary.h"
#include "query/model/trace.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A longer text is a mistake of a program: the longest that flags make is some kilobytes. */
#define CLEW_QUERY_TEXT_MAX ((size_t)64 << 10)
/* Brackets inside each other. */
#define CLEW_QUERY_DEPTH_MAX 128u
/* Operands, operators and stages of one query. */
#define CLEW_QUERY_OPS_MAX 8192u
/* Memory of one parsed query, regular expressions apart. */
#define CLEW_QUERY_ARENA_MAX ((size_t)8 << 20)

/* What is wrong with a text, and where. Offsets are bytes of the text. */
struct clew_query_error {
        size_t offset;
        size_t len; /* of the part that is meant, at least 1 */
        char message[320];
        char hint[240]; /* what to write instead; empty when nothing is near */
};

struct clew_query;
struct clew_clock;

struct clew_query_options {
        /* `||` beside `&&` without brackets is an error (people), not only noted (Grafana). */
        bool strict;
};

/*
 * Reads and checks @text. @ret lives in @arena, as does a copy of the text. Returns 0; -EINVAL with
 * @err filled when the text is no query (-E2BIG when a limit is passed); -ENOMEM.
 * clew_query_deinit() gives back what the arena does not own.
 */
CLEW_MUST_USE int clew_query_parse(struct clew_slice text, const struct clew_query_options *options,
                                   struct clew_arena *arena, struct clew_query **ret,
                                   struct clew_query_error *err);
void clew_query_deinit(struct clew_query *query); /* NULL is fine */

/* The text as it was given. */
struct clew_slice clew_query_text(const struct clew_query *query);
/* It asks for something that rules of root cause find: a cause, loops, stalls, retries, waste. */
bool clew_query_asks_facts(const struct clew_query *query);
/* True when it ends in a metrics stage: it gives series, not spans. */
bool clew_query_is_metrics(const struct clew_query *query);
/* True when it says something about spans; false for `{ }`, which every trace meets. */
bool clew_query_is_condition(const struct clew_query *query);
/* A warning for whoever does not ask for strict reading (brackets); NULL = none. */
const char *clew_query_warning(const struct clew_query *query);

/* "column 3" counts characters from 1. */
size_t clew_query_column(struct clew_slice text, size_t offset);

/* ---- what a trace offers ----------------------------------------------------------------------
 */

/* What people said of a trace. */
struct clew_query_said_score {
        struct clew_slice name;
        struct clew_slice label;
        double value;
        bool has_value;
};

struct clew_query_said {
        const struct clew_slice *labels;
        const struct clew_query_said_score *scores;
        uint32_t n_labels;
        uint32_t n_scores;
};

/* Asks for it; rooms above know. Everything lives in @arena. 0 or a negative errno. */
typedef int (*clew_query_say_fn)(void *context, const struct clew_trace_id *id,
                                 struct clew_arena *arena, struct clew_query_said *ret);

/* Calls @fn for each trace that somebody said something about; a result other than 0 ends it and is
 * returned. */
typedef int (*clew_query_spoken_fn)(void *context,
                                    int (*fn)(void *argument, const struct clew_trace_id *id),
                                    void *argument, struct clew_error *err);

/* What is known of a trace before its spans are read. */
struct clew_query_facts {
        struct clew_trace_id id;
        uint64_t start_ns;
        const struct clew_summary *summary;
        bool lost;             /* open, and silent for too long */
        bool joined;           /* the bytes are of several traces of one run */
        clew_query_say_fn say; /* NULL: nobody said anything */
        void *say_context;
};

enum clew_verdict3 { CLEW_NO, CLEW_MAYBE, CLEW_YES };

/* What one run of a query has met: for telling mistakes, and for --explain. */
struct clew_query_met {
        uint64_t judged;
        uint64_t judged_no;  /* decided by summaries alone */
        uint64_t judged_yes; /* likewise */
        uint64_t opened;     /* traces whose spans were read */
        uint64_t opened_bytes;
        uint64_t no_text; /* left out because a text that must be there is not */
        uint64_t spans;   /* looked at */
        uint64_t matched; /* traces that were opened and met the query */
        uint64_t sampled; /* traces looked at for their keys alone */
};

struct clew_query_run;

/* The @i-th attribute that is named without a scope (`.name`), each once; false: there is none. It
 * is looked for on the span, then on the resource. */
bool clew_query_unscoped(const struct clew_query *query, uint32_t i, struct clew_slice *ret);

/* The bytes of a trace may rule it out by themselves (clew_query_glance()). */
bool clew_query_can_glance(const struct clew_query *query);

/* State of one run of @query, borrowed. NULL when memory is short. */
CLEW_MUST_USE struct clew_query_run *clew_query_run_new(const struct clew_query *query);
void clew_query_run_free(struct clew_query_run *run); /* NULL is fine */
const struct clew_query_met *clew_query_run_met(const struct clew_query_run *run);

/* Whether the trace meets the query, as far as its summary tells. */
enum clew_verdict3 clew_query_judge(struct clew_query_run *run,
                                    const struct clew_query_facts *facts);
/* The same for a trace of which nothing but its bytes is known, and which is a run by itself: no
 * log records, nothing that other traces of the run or about it could add. False: it is not
 * selected, and counts as opened. */
bool clew_query_glance(struct clew_query_run *run, struct clew_slice traces);

/* Spans that met the query, one group: all of them, or those with one value of by(). */
struct clew_query_spanset {
        const uint32_t *steps; /* indices, ascending */
        uint32_t n;
        struct clew_slice group; /* value of the last by(), as text; empty without */
};

struct clew_query_result {
        const struct clew_trace *trace; /* NULL when the bytes alone said no */
        const struct clew_query_spanset *sets;
        uint32_t n_sets;
};

/*
 * Evaluates the query on a whole trace. Returns 1 (it meets the query), 0, or a negative errno
 * (-E2BIG: more work than one trace may cost). @ret lives until the next call with @run and points
 * into @traces and @logs.
 */
CLEW_MUST_USE int clew_query_evaluate(struct clew_query_run *run,
                                      const struct clew_query_facts *facts,
                                      struct clew_slice traces, struct clew_slice logs,
                                      struct clew_query_result *ret);

/* Of the trace that was evaluated last: the step that speaks for the run, and the first value, as
 * text in @arena, of the @i-th field of the query's last select(); empty when there is none. */
uint32_t clew_query_speaker(const struct clew_query_run *run);
struct clew_slice clew_query_selected(struct clew_query_run *run, uint32_t step, uint32_t i,
                                      struct clew_arena *arena);

/* Where a text stands that the query asks for. */
struct clew_query_place {
        struct clew_slice part; /* "name", an attribute's key, "event", "log body" ... */
        struct clew_slice text; /* the whole text, JSON escapes taken away when it was found so */
        size_t from;
        size_t to;
};

/* Calls @fn for each place in the trace that was evaluated last in which a pattern on
 * span.clew.text stands, once a text; a result other than 0 ends it. Nothing when no trace was
 * evaluated. */
void clew_query_places(struct clew_query_run *run,
                       int (*fn)(void *context, const struct clew_trace *trace, uint32_t step,
                                 const struct clew_query_place *place),
                       void *context);

/* Looks at the keys of a trace that the run did not open, so that complaints know them; before the
 * first, keys that are known are forgotten. */
/* How many spans and resources, of the traces that were opened first, have the attribute @name. */
void clew_query_met_name(const struct clew_query_run *run, struct clew_slice name,
                         uint64_t *ret_spans, uint64_t *ret_resources);
void clew_query_sample_begin(struct clew_query_run *run);
void clew_query_sample(struct clew_query_run *run, struct clew_slice traces,
                       struct clew_slice logs);

/*
 * After a run: an attribute that no span had, or a comparison that met only values of another type.
 * @n is how many such things were told already; fills @err and returns true for the next one.
 * @ret_fatal: nothing can have matched because of it.
 */
bool clew_query_complaint(const struct clew_query_run *run, uint32_t n,
                          struct clew_query_error *err, bool *ret_fatal);

/* ---- fields, for help, lists of tags and --fields ---------------------------------------------
 */

struct clew_query_field_help {
        const char *name;   /* as it is written */
        const char *type;   /* "text", "number", ... */
        const char *where;  /* "step", "run", "trace", "event", ... */
        const char *record; /* name of the same in --fields, or NULL */
        const char *help;
};

/* The @i-th field that is not an attribute as sent; false behind the last. */
bool clew_query_field_at(size_t i, struct clew_query_field_help *ret);

/* One or two edits apart. */
bool clew_query_is_near(struct clew_slice name, const char *known);

/* The plan, one line a step, for --explain. */
void clew_query_explain(const struct clew_query *query, struct clew_buffer *out);

/* Appends @text as a string literal that reads back as @text. */
void clew_query_quote(struct clew_slice text, struct clew_buffer *out);
/* Appends @text so that a regular expression matches it literally (no quotes). */
void clew_query_regex_escape(struct clew_slice text, struct clew_buffer *out);

#endif
