/*
 * Selection: which traces a command works on, newest first, with their summaries.
 *
 * One filter, filled from flags, serves list, sessions, why --all, clusters and export, so that
 * "the same flags" means the same traces everywhere. Hot and sealed traces come from one walk; what
 * has no stored summary of the present rules is summarised on the way. The time bounds are looked
 * up in the store's order; everything else is compared trace by trace on the summaries, and what no
 * summary knows (raw attributes, plain text) on the spans of those that are left.
 *
 * A record that cannot be read does not end the walk: it is counted in `damaged` and its message is
 * kept, and the command says so at its end.
 */
#ifndef CLEW_QUERY_SELECT_H
#define CLEW_QUERY_SELECT_H

#include "proto/base/arena.h"
#include "proto/base/clock.h"
#include "proto/base/error.h"
#include "query/find/scan.h"
#include "query/model/summary.h"
#include "query/model/trace.h"
#include "storage/store.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An open run that has sent nothing for so long is called lost. Ten minutes: longer than any
 * single model or tool call that real runs wait for. */
#define CLEW_LOST_AFTER_NS (600 * CLEW_NS_PER_S)
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

struct clew_filter {
        uint64_t since_ns; /* unix; start at or after it; 0 = no bound */
        uint64_t until_ns; /* unix; start before it; 0 = no bound */
        uint32_t outcomes; /* CLEW_OUTCOME_BIT()s; 0 = any */
        struct clew_name_filter agents;
        struct clew_name_filter tools;
        struct clew_name_filter models;
        struct clew_name_filter services;
        struct clew_name_filter sessions;
        struct clew_name_filter users;
        uint64_t longer_ns;     /* took longer than this; 0 = no condition */
        uint64_t tokens_over;   /* used more tokens than this; 0 = no condition */
        uint64_t lost_after_ns; /* silence that makes an open run lost; 0 = CLEW_LOST_AFTER_NS */
        bool lost;              /* lost runs only */
        struct clew_name_filter causes;     /* rule that explains it */
        struct clew_name_filter signatures; /* of its failure */
        uint32_t loops;                     /* this many loops or more, and so on; 0 = any */
        uint32_t stalls;
        uint64_t retries;
        uint64_t waste_tokens;
        uint64_t waste_ns;
        struct clew_scan scan; /* looked at last, in the trace's bytes; empty = no condition */
        /* What people said, which rooms above know: they set `accept`, 1 = met, 0 = not, negative
         * errno. NULL = no condition. */
        struct clew_name_filter labels;
        bool unlabeled;
        int (*accept)(const struct clew_filter *f, struct clew_view *view,
                      const struct clew_trace_id *id);
        uint64_t limit_ns; /* end the walk after so long, and say so; 0 = no limit */
        const volatile sig_atomic_t *stop; /* not 0: end the walk; may be NULL */
};

/* Why a walk ended before its end. */
enum clew_select_end { CLEW_SELECT_WHOLE, CLEW_SELECT_OUT_OF_TIME, CLEW_SELECT_STOPPED };

/* One selected trace. Slices die at the next clew_select_next(). */
struct clew_selected {
        struct clew_trace_id id;
        uint64_t start_ns; /* also the cursor, together with id */
        struct clew_summary summary;
        struct clew_view *view; /* that it was read from: for its notes */
        bool hot;               /* still has fragments that are not sealed */
        bool lost;              /* open, and silent for longer than the filter's lost_after_ns */
        uint64_t last_sign_ns;  /* unix time of its last sign of life: arrival, or end of a span */
};

/* Open struct so that it can live on the stack; the counters, damage and end are for callers. */
struct clew_select {
        struct clew_view *view;
        const struct clew_filter *filter;
        const struct clew_clock *clock;
        struct clew_arena arena; /* of the current trace */
        struct clew_buffer derived;
        /* May be set after init: true leaves an entry out before its summary is read. */
        bool (*skip)(void *context, const struct clew_list_entry *entry);
        void *skip_context;
        /* Scores that traces of this walk carry about older ones (query/aimed.h): they are added to
         * the summaries of those. NULL until there is one. */
        struct clew_select_aimed **aimed;
        uint32_t n_aimed;
        struct clew_arena kept;   /* holds them */
        uint64_t seen;            /* traces looked at inside the time bounds */
        uint64_t damaged;         /* of those, unreadable ones */
        struct clew_error damage; /* the first of them */
        uint64_t scanned;         /* traces whose spans were searched */
        uint64_t scanned_bytes;   /* of OTLP */
        struct clew_scan_met met; /* what the search met, for telling a mistyped key */
        enum clew_select_end end;
        uint64_t deadline_ns; /* monotonic; 0 = none */
        bool done;
};

/*
 * Starts a selection. @view and @filter are borrowed until clew_select_deinit(). @after (may be
 * NULL) continues behind that trace: only start_ns and id are read. The walk of @view is in use
 * until the end; clew_view_load() and clew_view_entry() may be called between two steps.
 */
CLEW_MUST_USE int clew_select_init(struct clew_select *s, struct clew_view *view,
                                   const struct clew_filter *filter, const struct clew_clock *clock,
                                   const struct clew_selected *after, struct clew_error *err);
/* 1 = @ret filled, 0 = end, negative errno = the walk itself cannot go on. */
CLEW_MUST_USE int clew_select_next(struct clew_select *s, struct clew_selected *ret,
                                   struct clew_error *err);
void clew_select_deinit(struct clew_select *s);

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
