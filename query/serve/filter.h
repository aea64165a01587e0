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
        uint64_t tokens_over;
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
        const char *lost_after;
        struct clew_flag_values agents;
        struct clew_flag_values tools;
        struct clew_flag_values models;
        struct clew_flag_values services;
        struct clew_flag_values sessions;
        struct clew_flag_values users;
        struct clew_flag_values attributes;
        struct clew_flag_values texts;
        bool ignore_case;
        struct clew_flag_values labels;
        bool unlabeled;
};

void clew_filter_flags_add(struct clew_flag_set *set, struct clew_filter_flags *f);

/*
 * Makes @ret from the flags, whose strings it borrows. @since_default (may be NULL: no bound)
 * stands in for a missing --since; `--since all` lifts the bound. Returns 0, or -EINVAL with a
 * message that begins with the flag, "--since takes ...".
 */
CLEW_MUST_USE int clew_filter_read(const struct clew_filter_flags *flags, const char *since_default,
                                   const struct clew_clock *clock, bool utc,
                                   struct clew_filter *ret, struct clew_error *err);

#endif
