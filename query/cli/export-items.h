/*
 * clew export --format NAME for evaluation tools: cases of a dataset, or compiled from traces.
 */
#ifndef CLEW_QUERY_CLI_EXPORT_ITEMS_H
#define CLEW_QUERY_CLI_EXPORT_ITEMS_H

#include "query/cli/items.h"
#include "query/review/export/export.h"

#include <stdbool.h>
#include <stdint.h>

struct clew_export_request {
        const struct clew_export_format *format;
        const char *dataset; /* NAME[@V]; NULL = from traces */
        const char *output;  /* file or directory; NULL or "-" = the output */
        const char *redact;  /* rules of masking; NULL = all */
        const char *split;   /* shares; NULL = the dataset's */
        struct clew_item_flags item_flags;
        uint64_t limit;
        bool allow_missing;
        bool skip_near;
        bool force;
        bool dry_run;
};

/* Runs it; returns an exit status. */
CLEW_MUST_USE int clew_export_run(struct clew_cli *cli, const struct clew_export_request *request,
                                  struct clew_filter_flags *filter_flags,
                                  struct clew_arguments *args, int argc, char *const *argv);

#endif
