/*
 * Which part of a store a command looks at, the same for all that select, and the sentences that
 * say so.
 *
 * What shows runs (list, sessions, stats, compare, clusters, why --all, attrs) looks back
 * CLEW_SINCE_DEFAULT, and says it; what hands them on (export, datasets, judges, a queue) takes all
 * of them, and says that. Traces without an agent, a model call or a tool are left out and counted.
 * A selection that is empty names what emptied it, and what would fill it.
 */
#ifndef CLEW_QUERY_CLI_WINDOW_H
#define CLEW_QUERY_CLI_WINDOW_H

#include "query/cli/cli.h"
#include "query/cli/filter.h"
#include "query/find/select.h"

#include <stdbool.h>
#include <stdint.h>

/* Values of the flags, as given. */
struct clew_window_flags {
        bool all_time;
        bool helpers;
};

/* Adds --all-time, and --helpers where @helpers. */
void clew_window_flags_add(struct clew_flag_set *set, struct clew_window_flags *w, bool helpers);

struct clew_window {
        struct clew_cli *cli;
        const struct clew_filter_flags *flags;
        struct clew_filter *filter;
        bool utc;
        bool by_default;     /* nobody said since when */
        bool widened;        /* nothing was younger than the default */
        const char *command; /* as it was typed, without what selects */
        const char *more;    /* the flag that shows helpers */
        uint64_t left_out;   /* of them, of several walks: for who adds them up */
};

/*
 * clew_filter_make() with @since_default (NULL: all time) unless a flag says otherwise; leaves
 * helpers out unless asked for. What is pointed at lives as long as @ret. Returns as
 * clew_filter_make().
 */
CLEW_MUST_USE int clew_window_make(struct clew_cli *cli, struct clew_filter_flags *flags,
                                   const struct clew_window_flags *w, const char *since_default,
                                   bool utc, struct clew_filter *filter, struct clew_window *ret);

/* Lifts a bound that nobody asked for when the store holds nothing younger. For commands that
 * looked at all time before there was a default. */
void clew_window_widen(struct clew_window *w, struct clew_view *view);

/* "failed runs since yesterday 14:00 (--since 24h, the default)". */
void clew_window_tell(const struct clew_window *w, const char *what);
/* What was left out of a walk because it is no run; nothing when nothing was. */
void clew_window_tell_helpers(const struct clew_window *w, const struct clew_select *s);
void clew_window_tell_left_out(const struct clew_window *w, uint64_t helpers);
/* Whether flags say more than from when to when. */
bool clew_window_is_narrowed(const struct clew_window *w);
/* After a walk that selected nothing: what emptied it, and what would fill it. Walks @view. */
void clew_window_tell_empty(const struct clew_window *w, struct clew_view *view,
                            const struct clew_select *s);
/* The same for who has no walk at hand: looks through @view again, for a moment. */
void clew_window_explain_empty(const struct clew_window *w, struct clew_view *view);

#endif
