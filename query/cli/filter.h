/*
 * The flags that select traces, the same for every command that works on many.
 */
#ifndef CLEW_QUERY_CLI_FILTER_H
#define CLEW_QUERY_CLI_FILTER_H

#include "query/cli/cli.h"
#include "query/cli/options.h"
#include "query/find/select.h"

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
        struct clew_flag_values labels;
        bool unlabeled;
};

void clew_filter_flags_add(struct clew_flag_set *set, struct clew_filter_flags *f);

/*
 * Makes @ret from the flags, whose strings it borrows. @since_default (may be NULL: no bound)
 * stands in for a missing --since; `--since all` lifts the bound. Returns 0, or CLEW_EXIT_USAGE
 * after a message.
 */
CLEW_MUST_USE int clew_filter_make(struct clew_cli *cli, struct clew_filter_flags *flags,
                                   const char *since_default, bool utc, struct clew_filter *ret);

/* The first interrupt from now on ends walks of @f and lets what was found be shown, the second
 * the program. 0 or a negative errno. */
CLEW_MUST_USE int clew_filter_catch_interrupt(struct clew_filter *f);

/*
 * After a walk: tells on `err` what was searched, what could not be read, and that the walk ended
 * early. Returns CLEW_EXIT_OK, CLEW_EXIT_PARTIAL (damage, or out of time), or
 * CLEW_EXIT_INTERRUPTED.
 */
CLEW_MUST_USE int clew_filter_report(struct clew_cli *cli, const struct clew_select *s);

#endif
