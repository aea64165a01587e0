/*
 * Selection on the command line: mistakes are told, interrupt ends a search, and what was not
 * looked at is said. The flags themselves: query/serve/filter.h.
 */
#ifndef CLEW_QUERY_CLI_FILTER_H
#define CLEW_QUERY_CLI_FILTER_H

#include "query/cli/cli.h"
#include "query/cli/options.h"
#include "query/find/select.h"
#include "query/serve/filter.h"

#include <stdbool.h>

/* As clew_filter_read(); the queries live as long as @cli. Returns 0, or CLEW_EXIT_USAGE after a
 * message, or CLEW_OPTIONS_HELP when --explain was given and has been answered. */
CLEW_MUST_USE int clew_filter_make(struct clew_cli *cli, const struct clew_filter_flags *flags,
                                   const char *since_default, bool utc, struct clew_filter *ret);

/* The one argument that a command takes is a query. 0, or CLEW_EXIT_USAGE after a message. */
CLEW_MUST_USE int clew_filter_take_query(struct clew_cli *cli, struct clew_filter_flags *flags,
                                         const struct clew_arguments *args);

/* The first interrupt from now on ends walks of @f and lets what was found be shown, the second
 * the program. 0 or a negative errno. */
CLEW_MUST_USE int clew_filter_catch_interrupt(struct clew_filter *f);

/*
 * After a walk: tells on `err` what was searched, what the query asked for in vain, what could not
 * be read, and that the walk ended early. Returns CLEW_EXIT_OK, CLEW_EXIT_USAGE (nothing was
 * selected, and a mistake in the query explains it), CLEW_EXIT_PARTIAL (damage, or a limit), or
 * CLEW_EXIT_INTERRUPTED.
 */
CLEW_MUST_USE int clew_filter_report(struct clew_cli *cli, struct clew_select *s);
/* The last of these alone. */
CLEW_MUST_USE int clew_filter_report_cut(struct clew_cli *cli, const struct clew_select *s);

/* A mistake in @text with a caret below its place. @word begins the line: "query error". */
void clew_cli_query_error(struct clew_cli *cli, const char *word, struct clew_slice text,
                          const struct clew_query_error *err);

#endif
