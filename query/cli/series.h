/*
 * Series over time: a query that ends in metrics, printed; and numbers as a row of signs.
 */
#ifndef CLEW_QUERY_CLI_SERIES_H
#define CLEW_QUERY_CLI_SERIES_H

#include "proto/base/arena.h"
#include "query/cli/cli.h"
#include "query/cli/output.h"
#include "query/cli/terminal.h"
#include "query/serve/filter.h"
#include "query/serve/series.h"

#include <stdbool.h>
#include <stdint.h>

/* @n numbers as at most @max signs, each the sum of its part; NaN counts as 0. In @arena. */
struct clew_slice clew_sparkline(const double *values, uint32_t n, uint32_t max, bool ascii,
                                 struct clew_arena *arena);

/* Runs and prints the metrics of @flags->query. @over_text (may be NULL): length of a step. Returns
 * an exit status. */
int clew_series_run(struct clew_cli *cli, const struct clew_filter_flags *flags,
                    const struct clew_output_flags *output,
                    const struct clew_display_flags *display, const struct clew_look *look,
                    const char *over_text);

#endif
