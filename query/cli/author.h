/*
 * Who is at the keyboard.
 */
#ifndef CLEW_QUERY_CLI_AUTHOR_H
#define CLEW_QUERY_CLI_AUTHOR_H

#include "proto/base/compiler.h"
#include "query/cli/cli.h"

#include <stdbool.h>
#include <stddef.h>

/* $CLEW_USER, else the login name of the process's user. Returns 0, or CLEW_EXIT_USAGE after a
 * message: the name is unusable, or there is none. */
CLEW_MUST_USE int clew_cli_author(struct clew_cli *cli, char *ret, size_t size);
/* The same without a word: false when there is none. */
CLEW_MUST_USE bool clew_cli_author_name(char *ret, size_t size);

#endif
