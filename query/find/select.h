/*
 * Selection: which traces a command works on, newest first, with their summaries.
 *
 * One filter serves list, sessions, why --all, clusters and export, so that "the same flags" means
 * the same traces everywhere: flags become a query. Hot and sealed traces come from one walk; what
 * has no stored summary of the present rules is summarised on the way. The time bounds are looked
 * up in the store's order; the query is put to the summaries, and where they do not decide, to the
 * spans.
 *
 * A trace that was deleted since the snapshot, whose bytes only a bucket had, is passed over.
 * A record that cannot be read does not end the walk: it is counted in `damaged` and its message is
 * kept, and the command says so at its end.
 */
#ifndef CLEW_QUERY_SELECT_H
#define CLEW_QUERY_SELECT_H

#include "proto/base/arena.h"
#include "proto/base/clock.h"
#include "proto/base/error.h"
#include "query/find/judged.h"
#include "query/find/language/language.h"
#include "query/find/settle.h"
#include "query/model/summary.h"
#include "query/model/trace.h"
#include "storage/store.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Memory for one trace that has to be summarised on the way; larger ones are reported. */
#define CLEW_SELECT_ARENA_MAX ((size_t)4 << 30)

/* Any of these; a value that ends in '*' is a prefix. n = 0: no condition. */
struct clew_name_filter {
        const char *const *values; /* borrowed */
        size_t n;
};

/* A bit set over enum clew_outcome. */
#define CLEW_OUTCOME_BIT(outcome) (1u << (unsigned)(outcome))
#define CLEW_OUTCOMES_FAILED                                                                       \
        (CLEW_OUTCOME_BIT(CLEW_OUTCOME_FAILED) | CLEW_OUTCOME_BIT(CLEW_OUTCOME_ERROR))
#define CLEW_OUTCOMES_OK (CLEW_OUTCOME_BIT(CLEW_OUTCOME_OK) | CLEW_OUTCOME_BIT(CLEW_OUTCOME_PASSED))

/* A query made of flags, and one that a user wrote: both are to be met. */
#define CLEW_FILTER_QUERIES_MAX 2u

struct clew_query_set;      /* query/serve/filter.h */
struct clew_bulk_durations; /* query/find/index/index.h */
struct clew_bulk_row;       /* query/find/index/index.h */
struct clew_bulk_step;      /* query/find/index/index.h */
struct clew_columns;        /* query/find/index/index.h */
struct clew_index_choice;   /* query/find/index/index.h */
struct clew_own_query;      /* query/find/own-query-int.h */

struct clew_filter {
        uint64_t since_ns; /* unix; start at or after it; 0 = no bound */
        uint64_t until_ns; /* unix; start before it; 0 = no bound */
        /* Conditions in the query language, borrowed. */
        const struct clew_query *queries[CLEW_FILTER_QUERIES_MAX];
        uint32_t n_queries;
        clew_query_say_fn say; /* what people said; gets the view as context; NULL = nothing */
        clew_query_spoken_fn spoken; /* of whom they said it; the same context; NULL = not known */
        bool allow_unknown;          /* keys that no span has are no mistake */
        unsigned light; /* CLEW_LIGHT_* (find/index/index.h): more is not asked of summaries */
        bool plain;     /* nor is cause, loops, stalls, retries and waste: they may be missing */
        bool no_index;  /* look at all traces */
        bool apart;     /* each trace by itself, also of a run in several */
        bool runs;      /* leave out traces without an agent, a model call or a tool */
        uint64_t lost_after_ns; /* silence that makes an open run lost; 0 = CLEW_LOST_AFTER_NS */
        uint64_t limit_ns;      /* end the walk after so long, and say so; 0 = no limit */
        uint64_t limit_bytes;   /* and after so many bytes of spans were read */
        const volatile sig_atomic_t *stop; /* not 0: end the walk; may be NULL */
        struct clew_query_set *set;        /* owns the queries; whoever made them frees it */
        /* For requests of our own; flags become queries. */
        uint32_t outcomes; /* CLEW_OUTCOME_BIT()s; 0 = any */
        struct clew_name_filter sessions;
};

/* Why a walk ended before its end. */
enum clew_select_end {
        CLEW_SELECT_WHOLE,
        CLEW_SELECT_OUT_OF_TIME,
        CLEW_SELECT_OUT_OF_BYTES,
        CLEW_SELECT_STOPPED,
};

/* One selected trace. Slices die at the next clew_select_next(). */
struct clew_selected {
        struct clew_trace_id id;
        uint64_t start_ns; /* also the cursor, together with id */
        struct clew_summary summary;
        struct clew_view *view; /* that it was read from: for its notes */
        bool hot;               /* still has fragments that are not sealed */
        bool part;              /* of a run in several traces, and not its head */
        bool lost;              /* open, and silent for longer than the filter's lost_after_ns */
        uint64_t last_sign_ns;  /* unix time of its last sign of life: arrival, or end of a span */
};

/*
 * A walk moves to the newest snapshot on its way whenever it has held one for CLEW_VIEW_HELD_NS, so
 * that no query of minutes keeps the file growing: it goes on behind the trace that it looked at
 * last. So nothing of the view lives from one step to the next.
 *
 * Open struct so that it can live on the stack; the counters, damage and end are for callers.
 */
struct clew_select {
        struct clew_view *view;
        const struct clew_filter *filter;
        const struct clew_clock *clock;
        struct clew_arena arena; /* of the current trace */
        struct clew_buffer derived;
        /* May be set after init: true leaves an entry out before its summary is read. */
        bool (*skip)(void *context, const struct clew_list_entry *entry);
        void *skip_context;
        /* May be set after init, where filter.light is: is given the runs that columns tell whole,
         * all at once and in no order; they are not given out. When indexes turn out to be damaged
         * after that, clew_select_next() returns -EAGAIN: what was taken is to be forgotten, and a
         * walk with filter.no_index begun. */
        int (*take)(void *context, const struct clew_bulk_row *row);
        /* Or their steps, where indexes tell those (find/index/index.h): which sorts are wanted,
         * and each step of those. */
        bool (*wants_steps)(void *context, const struct clew_slice *texts,
                            struct clew_step_failed failed);
        int (*take_step)(void *context, const struct clew_bulk_step *step);
        bool steps_of_runs; /* ... with its start and its run; else, where an index run has them
                               (`summed`), sums of all its steps of a sort: take_sum may be NULL */
        bool steps_as_sent; /* ... with the duration of its span */
        int (*take_sum)(void *context, const struct clew_bulk_step *sum, uint64_t n);
        int (*take_durations)(void *context, const struct clew_bulk_durations *durations);
        uint32_t summed; /* index runs whose sums were taken */
        void *take_context;
        /* May be set with `skip`: a part of a run in several traces that is not left out stands for
         * the whole run, since what came for the part changed the run. */
        bool parts_speak;
        /* Scores that traces of this walk carry about older ones (query/aimed.h): they are added to
         * the summaries of those. NULL until there is one. */
        struct clew_select_aimed **aimed;
        uint32_t n_aimed;
        struct clew_arena kept;   /* holds them */
        uint64_t seen;            /* traces looked at inside the time bounds */
        uint64_t helpers;         /* traces that met all but filter.runs */
        uint64_t damaged;         /* of those, unreadable ones */
        uint64_t cut;             /* of those, summarised by their first part: too large */
        struct clew_error damage; /* the first of them */
        uint64_t selected;        /* and those that were given out */
        uint64_t scanned;         /* traces whose spans were searched */
        uint64_t scanned_bytes;   /* of OTLP */
        uint64_t read_bytes;      /* of OTLP, whatever for: what filter.limit_bytes is about */
        struct clew_query_run *runs[CLEW_FILTER_QUERIES_MAX];
        const struct clew_query *asked[CLEW_FILTER_QUERIES_MAX + 1]; /* of indexes */
        struct clew_own_query *own;     /* NULL: the filter has nothing beside its queries */
        struct clew_query_run *own_run; /* of it, where bytes can rule a trace out; else NULL */
        bool glances;                   /* bytes can do so */
        bool has_glanced;               /* `data` is that of the trace at hand, whole */
        struct clew_columns *columns;   /* NULL: summaries are read */
        struct clew_index_taker taker;
        bool is_light;                    /* the trace at hand came from them */
        bool plain_first;                 /* conditions are put to summaries without a cause */
        bool is_plain;                    /* that at hand is one */
        bool index_failed;                /* the rest of the walk is over all traces */
        char index_damage[200];           /* what failed; empty = nothing */
        struct clew_index_choice *choice; /* NULL: indexes leave nothing out */
        /* Spans of the trace at hand that the last query selects, when its spans were read. */
        struct clew_query_result found;
        struct clew_trace_data data; /* what the view holds of it now, when has_data */
        bool has_data;
        bool joined; /* it is of several traces of one run */
        enum clew_select_end end;
        struct clew_list_entry last; /* its id and start: the one looked at last */
        bool has_last;
        uint64_t deadline_ns; /* monotonic; 0 = none */
        bool done;
};

/*
 * Starts a selection. @view and @filter are borrowed until clew_select_deinit(). @after (may be
 * NULL) continues behind that trace: only start_ns and id are read. The walk of @view is in use
 * until the end; clew_view_load() and clew_view_entry() may be called between two steps. A view
 * that is old (clew_view_is_old()) is renewed first: its slices die.
 */
CLEW_MUST_USE int clew_select_init(struct clew_select *s, struct clew_view *view,
                                   const struct clew_filter *filter, const struct clew_clock *clock,
                                   const struct clew_selected *after, struct clew_error *err);
/* Goes on behind @after with another filter, of which only `sessions` differs; counters, limits and
 * what was remembered stay. @filter is borrowed until the end. */
CLEW_MUST_USE int clew_select_go_on(struct clew_select *s, const struct clew_filter *filter,
                                    const struct clew_selected *after, struct clew_error *err);
/* 1 = @ret filled, 0 = end, negative errno = the walk itself cannot go on. */
CLEW_MUST_USE int clew_select_next(struct clew_select *s, struct clew_selected *ret,
                                   struct clew_error *err);
void clew_select_deinit(struct clew_select *s);

/* Of the trace that was given out last, when filter.light or filter.plain was set: its summary, all
 * of it. 0 or an error of clew_view_entry(). */
CLEW_MUST_USE int clew_select_whole(struct clew_select *s, struct clew_selected *t,
                                    struct clew_error *err);

/* Of the trace that was given out last, until the next step: what queries are put to, and its spans
 * and log records (all of its run, see facts.joined). 0 or an error of clew_view_load(). */
struct clew_query_facts clew_select_facts(const struct clew_select *s,
                                          const struct clew_selected *t);
CLEW_MUST_USE int clew_select_open(struct clew_select *s, const struct clew_selected *t,
                                   struct clew_trace_data *ret, struct clew_error *err);

/*
 * After a walk: the @n-th complaint of its queries (query/find/language), and the text that its
 * place is in. Looks at the newest traces when none was opened, so that a mistyped key is known for
 * one. False when there is no more.
 */
bool clew_select_complaint(struct clew_select *s, uint32_t n, struct clew_slice *ret_text,
                           struct clew_query_error *err, bool *ret_fatal);

/* What is damaged of the indexes, where the walk met it and went on without; NULL = nothing. */
const char *clew_select_index_damage(struct clew_select *s);

/* Spans of the trace at hand that were read in another way than by clew_select_open(); unless the
 * walk has read them too. */
void clew_select_count_read(struct clew_select *s, uint64_t bytes);
/* Takes what @s has spent of its limits from those of @filter, for the next walk of one command. */
void clew_filter_spend(struct clew_filter *filter, const struct clew_select *s);

/* For clew_select_one() alone: no walk is begun. */
void clew_select_init_single(struct clew_select *s, struct clew_view *view,
                             const struct clew_clock *clock);
/* One trace's summary, whatever the filter. @built (may be NULL) is that trace, built with
 * CLEW_TRACE_FULL: a summary that is not stored is then made of it, which saves loading and
 * building it again. Without it the view's loaded trace dies. 0, -ENOENT, -EBADMSG ... */
CLEW_MUST_USE int clew_select_one(struct clew_select *s, const struct clew_trace_id *id,
                                  const struct clew_trace *built, struct clew_selected *ret,
                                  struct clew_error *err);

/* True when @value is one of the names, or starts with a name that ends in '*'. */
bool clew_name_filter_matches(const struct clew_name_filter *filter, struct clew_slice value);

#endif
