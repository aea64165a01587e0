/*
 * The parts of clew compare: what differs (compare.c), and how two versions in live traffic do
 * (compare-live.c).
 */
#ifndef CLEW_QUERY_CLI_COMPARE_INT_H
#define CLEW_QUERY_CLI_COMPARE_INT_H

#include "query/cli/filter.h"
#include "query/cli/open.h"
#include "query/cli/output.h"
#include "query/cli/terminal.h"
#include "query/cli/window.h"
#include "query/serve/contrast.h"

struct clew_compare_command {
        struct clew_cli *cli;
        struct clew_look look;
        struct clew_filter_flags filter_flags;
        struct clew_window_flags window_flags;
        struct clew_filter filter; /* of the first side */
        struct clew_window window;
        struct clew_output_flags output_flags;
        struct clew_display_flags display_flags;
        struct clew_output output;
        struct clew_view *view;
        const char *by; /* a key: its values are the sides */
        bool all;       /* those that chance explains, too */
        struct clew_contrast contrast;
        struct clew_arena arena; /* queries that are made of --by */
};

/* Of one side's selection: what clew list would select, runs as rows. 0 or an exit status. */
CLEW_MUST_USE int clew_compare_filter(struct clew_compare_command *c,
                                      const struct clew_filter_flags *flags,
                                      struct clew_filter *ret);

/* Fills the queries of both sides from --by and the two values (@n 2), or the two that most runs
 * have (@n 0); they stay NULL when there are not two, which is told. They live as long as the
 * command. 0 or an exit status after a message. */
CLEW_MUST_USE int clew_compare_live_sides(struct clew_compare_command *c, char *const *values,
                                          size_t n, const char *ret_queries[2]);
/* Prints how the runs of both sides did. 0 or an exit status. */
CLEW_MUST_USE int clew_compare_live(struct clew_compare_command *c, const char *const queries[2]);

#endif
