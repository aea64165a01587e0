/*
 * The kept rubric that a command line names.
 */
#ifndef CLEW_QUERY_CLI_RUBRIC_NAMED_H
#define CLEW_QUERY_CLI_RUBRIC_NAMED_H

#include "proto/base/arena.h"
#include "proto/base/compiler.h"
#include "query/cli/cli.h"
#include "query/review/rubric.h"

/* @text is NAME (the newest version) or NAME@VERSION; texts of @ret are from @arena. 0, or an exit
 * status after a message, which suggests the name that was meant. */
CLEW_MUST_USE int clew_cli_rubric(struct clew_cli *cli, const char *text, struct clew_arena *arena,
                                  struct clew_rubric *ret);

#endif
