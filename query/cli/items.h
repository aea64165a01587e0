/*
 * Items on the command line: compiled from the traces that a command selects, or read from a
 * dataset; and datasets by the names that people type.
 */
#ifndef CLEW_QUERY_CLI_ITEMS_H
#define CLEW_QUERY_CLI_ITEMS_H

#include "query/cli/cli.h"
#include "query/cli/filter.h"
#include "query/cli/options.h"
#include "query/review/dataset.h"
#include "query/review/item-compile.h"

#include <stdint.h>

/* One trace and the item that comes of it. */
#define CLEW_ITEM_ARENA_MAX ((size_t)6 << 30)

/* Values of --as and --step as given. */
struct clew_item_flags {
        const char *as;
        const char *step;
};

void clew_item_flags_add(struct clew_flag_set *set, struct clew_item_flags *f);
/* 0, or CLEW_EXIT_USAGE after a message. */
CLEW_MUST_USE int clew_item_flags_read(struct clew_cli *cli, const struct clew_item_flags *f,
                                       struct clew_compile_options *ret);

/*
 * Loads, builds and compiles the trace. The item lives in @arena and in the view's loaded trace.
 * Nothing is printed: 0, -ENODATA (no item comes of it; err says why), -ENOENT, -EBADMSG ...
 */
CLEW_MUST_USE int clew_cli_compile(struct clew_view *view, const struct clew_trace_id *id,
                                   const struct clew_compile_options *options,
                                   struct clew_arena *arena, struct clew_item *ret,
                                   struct clew_error *err);

/* The ids that the arguments name, or those that a query (the one argument, in braces) and the
 * flags select, newest first (at most @limit, 0 = all). They live in @arena. 0 or an exit status
 * after a message. */
CLEW_MUST_USE int clew_cli_select_ids(struct clew_cli *cli, struct clew_arguments *args,
                                      const struct clew_filter_flags *flags, uint64_t limit,
                                      struct clew_arena *arena, struct clew_trace_id **ret,
                                      size_t *ret_n);

/* Loads NAME or NAME@V; a name that is not there is told with the nearest one. */
CLEW_MUST_USE int clew_cli_dataset(struct clew_cli *cli, const char *text, struct clew_arena *arena,
                                   struct clew_dataset *ret);
/* Reads one item of a dataset into @arena. 0 or an exit status. */
CLEW_MUST_USE int clew_cli_dataset_item(struct clew_cli *cli, const struct clew_content_id *id,
                                        struct clew_arena *arena, struct clew_item *ret);

#endif
