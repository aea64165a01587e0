/*
 * Opening the store and finding what the user named: the first lines of nearly every command.
 *
 * Functions return 0, or an enum clew_exit after they have told the user why not.
 */
#ifndef CLEW_QUERY_CLI_OPEN_H
#define CLEW_QUERY_CLI_OPEN_H

#include "query/cli/cli.h"
#include "query/cli/options.h"
#include "query/model/trace.h"
#include "query/serve/lookup.h"
#include "storage/store.h"

#include <stdint.h>

/* Memory for one trace and what is derived from it; the largest real traces need a tenth. */
#define CLEW_TRACE_ARENA_MAX ((size_t)4 << 30)

/* The store, opened at the first call. A store that is open in another mode is closed and opened
 * again. Owned by @cli. */
CLEW_MUST_USE int clew_cli_store(struct clew_cli *cli, enum clew_store_mode mode,
                                 struct clew_store **ret);
/* For writing, but a store that is not there is a mistake, not to be created. */
CLEW_MUST_USE int clew_cli_store_existing(struct clew_cli *cli, struct clew_store **ret);
/* Says that others write to the bucket of the store that is open, if so. Once. */
void clew_cli_tell_sharing(struct clew_cli *cli);
/* A view of the store, opened for reading at the first call. Owned by @cli. One that is old is
 * renewed (clew_view_is_old()): whoever works at one trace after the other asks for it each time.
 */
CLEW_MUST_USE int clew_cli_view(struct clew_cli *cli, struct clew_view **ret);
/* Closes it, if it is open: before a wait for a person or another program. */
void clew_cli_let_go(struct clew_cli *cli);
/* As many digits of @id as name it alone in the store that is open, at least 8. */
void clew_cli_short_id(struct clew_cli *cli, const struct clew_trace_id *id,
                       char ret[CLEW_TRACE_ID_HEX]);

/* The one trace that @target names. An ambiguous prefix prints the candidates. */
CLEW_MUST_USE int clew_cli_resolve(struct clew_cli *cli, const struct clew_target *target,
                                   struct clew_trace_id *ret);

/* Parses @text, looks the trace up, loads and builds it in @arena. @options as for
 * clew_trace_build(). */
CLEW_MUST_USE int clew_cli_open_trace(struct clew_cli *cli, const char *text,
                                      const struct clew_trace_options *options,
                                      struct clew_arena *arena, struct clew_opened *ret);

/* The same with the scores that younger traces carry about this one (query/aimed.h). */
CLEW_MUST_USE int clew_cli_open_scored(struct clew_cli *cli, const char *text,
                                       const struct clew_trace_options *options,
                                       struct clew_arena *arena, struct clew_opened *ret);

/*
 * Replaces an argument `-` by the ids read from standard input: the first word of each line (or of
 * each NUL-terminated piece). Everything lives in @arena.
 */
CLEW_MUST_USE int clew_cli_expand(struct clew_cli *cli, struct clew_arguments *args,
                                  struct clew_arena *arena);

#endif
