/*
 * Commands against a server: `clew --url URL [--token-file F] [--ca-file F] COMMAND`. The command
 * runs beside the server's store (served.h); what it prints and writes arrives here.
 */
#ifndef CLEW_QUERY_CLI_REMOTE_H
#define CLEW_QUERY_CLI_REMOTE_H

#include "proto/base/compiler.h"
#include "query/cli/cli.h"
#include "query/cli/commands.h"
#include "query/cli/http-client.h"

#include <stdbool.h>

#define CLEW_URL_BYTES_MAX 1024u
#define CLEW_TOKEN_BYTES_MAX 4096u

/* Takes the option at argv[*i] when it is one of those above, and its value. False: it is none. */
CLEW_MUST_USE bool clew_remote_option(struct clew_cli *cli, int argc, char **argv, int *i,
                                      bool *ret_wrong);

/* Runs argv[0] with its arguments there. Returns the exit status. */
int clew_remote_run(struct clew_cli *cli, const struct clew_command *command, int argc,
                    char **argv);

/* Where to ask: @path below the URL that the user gave, and the token. 0, or an exit status after a
 * message. The token is wiped by the caller. */
CLEW_MUST_USE int clew_remote_target(struct clew_cli *cli, const char *path,
                                     char ret_url[CLEW_URL_BYTES_MAX],
                                     char ret_token[CLEW_TOKEN_BYTES_MAX]);

#endif
