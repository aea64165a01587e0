/*
 * clew export --format perfetto and speedscope: runs as files for viewers of timelines and flame
 * graphs.
 */
#ifndef CLEW_QUERY_CLI_EXPORT_VIEWS_H
#define CLEW_QUERY_CLI_EXPORT_VIEWS_H

#include "query/cli/filter.h"
#include "query/cli/options.h"

#include <stdbool.h>
#include <stdint.h>

bool clew_export_is_view(const char *format);
/* Writes the traces that the arguments name, or the flags select, as one file. Returns an exit
 * status. */
CLEW_MUST_USE int clew_export_view(struct clew_cli *cli, const char *format, const char *output,
                                   bool force, uint64_t limit,
                                   const struct clew_filter_flags *filter_flags,
                                   struct clew_arguments *args);

#endif
