/*
 * Selection on the command line: mistakes are told, interrupt ends a search, and what was not
 * looked at is said. The flags themselves: query/serve/filter.h.
 */
#ifndef CLEW_QUERY_CLI_FILTER_H
#define CLEW_QUERY_CLI_FILTER_H

#include "query/cli/cli.h"
#include "query/find/select.h"
#include "query/serve/filter.h"

#include <stdbool.h>

/* As clew_filter_read(). Returns 0, or CLEW_EXIT_USAGE after a message. */
CLEW_MUST_USE int clew_filter_make(struct clew_cli *cli, const struct clew_filter_flags *flags,
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
