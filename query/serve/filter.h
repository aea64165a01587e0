/*
 * The parameters that select traces, the same for every request that works on many.
 */
#ifndef CLEW_QUERY_SERVE_FILTER_H
#define CLEW_QUERY_SERVE_FILTER_H

#include "proto/base/clock.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "query/find/select.h"
#include "query/serve/flags.h"

#include <stdbool.h>
#include <stdint.h>

/* What a list shows when no --since is given. */
#define CLEW_SINCE_DEFAULT "24h"

/* Values as given; zero means not given. */
struct clew_filter_flags {
        const char *since;
        const char *until;
        const char *longer;
        const char *limit_time;
        const char *limit_bytes;
        const char *query; /* in the query language, as well */
        bool explain;
        bool no_index;
        bool allow_unknown;
        uint64_t tokens_over;
        const char *cost_over; /* dollars, as given */
        uint64_t retries;
        uint64_t waste_tokens;
        const char *waste_time;
        bool loop;
        bool stall;
        struct clew_flag_values causes;
        struct clew_flag_values signatures;
        bool failed;
        bool ok;
        bool open;
        bool lost;
        bool paused;
        bool cancelled;
        const char *lost_after;
        struct clew_flag_values agents;
        struct clew_flag_values tools;
        struct clew_flag_values models;
        struct clew_flag_values services;
        struct clew_flag_values sessions;
        struct clew_flag_values users;
        struct clew_flag_values attributes;
        struct clew_flag_values texts;
        struct clew_flag_values patterns; /* regular expressions */
        struct clew_flag_values paths;    /* of steps */
        bool ignore_case;
        struct clew_flag_values labels;
        bool unlabeled;
};

void clew_filter_flags_add(struct clew_flag_set *set, struct clew_filter_flags *f);

/* Whether the flags, or a query, say which outcomes are meant; what is about failures takes failed
 * runs otherwise. */
bool clew_filter_flags_choose_outcomes(const struct clew_filter_flags *f);

/* Owns the queries of a filter. */
struct clew_query_set;

/* A query that cannot be read: what is wrong, and the text that its place is in. */
struct clew_filter_error {
        struct clew_query_error query;
        struct clew_buffer text; /* empty: the mistake is not one of a query */
};

/*
 * Makes @ret from the flags; what it selects becomes queries (query/find/language), owned by
 * @ret->set: clew_filter_deinit(). @since_default (may be NULL: no bound) stands in for a missing
 * --since; `--since all` lifts the bound. Returns 0, or -EINVAL with a message that begins with the
 * flag, "--since takes ...". @where (may be NULL) tells more of a query that cannot be read; its
 * text is to be freed.
 */
CLEW_MUST_USE int clew_filter_read_all(const struct clew_filter_flags *flags,
                                       const char *since_default, const struct clew_clock *clock,
                                       bool utc, struct clew_filter *ret, struct clew_error *err,
                                       struct clew_filter_error *where);
/* Without @where. */
CLEW_MUST_USE int clew_filter_read(const struct clew_filter_flags *flags, const char *since_default,
                                   const struct clew_clock *clock, bool utc,
                                   struct clew_filter *ret, struct clew_error *err);
void clew_filter_deinit(struct clew_filter *f);

/* A set alone, for who kept the filter by value: clew_filter_deinit() is the usual way. */
void clew_query_set_free(struct clew_query_set *set);

/* Both queries as one text, for --explain; "{ }" when everything is selected. */
void clew_filter_print_query(const struct clew_filter *f, struct clew_buffer *out);

#endif
