/*
 * clew dataset: the schema that items are to meet.
 */
#ifndef CLEW_QUERY_CLI_DATASET_SCHEMA_H
#define CLEW_QUERY_CLI_DATASET_SCHEMA_H

#include "query/cli/cli.h"
#include "query/review/dataset.h"
#include "query/review/shape.h"

/* Reads the file of a schema (`-` = standard input), which has to be one that can be checked; its
 * text lives in @arena. 0 or an exit status after a message. */
CLEW_MUST_USE int clew_cli_schema_read(struct clew_cli *cli, const char *path,
                                       struct clew_arena *arena, struct clew_slice *ret);
/* The dataset's schema, ready to check items; NULL when it has none. 0 or an exit status. */
CLEW_MUST_USE int clew_cli_schema_of(struct clew_cli *cli, const struct clew_dataset *dataset,
                                     struct clew_arena *arena, const struct clew_shape **ret);
/* `clew dataset schema NAME [FILE]`: prints the schema, or sets it when all items meet it. */
CLEW_MUST_USE int clew_cli_dataset_schema(struct clew_cli *cli, const struct clew_dataset *dataset,
                                          const char *path, struct clew_slice author,
                                          struct clew_arena *arena);

#endif
