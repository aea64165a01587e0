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
#include "query/serve/command-line.h"

#include <stdbool.h>

#define CLEW_URL_BYTES_MAX 1024u
#define CLEW_TOKEN_BYTES_MAX 4096u

/* Takes the option at argv[*i] when it is one of those above, and its value. False: it is none. */
CLEW_MUST_USE bool clew_remote_option(struct clew_cli *cli, int argc, char **argv, int *i,
                                      bool *ret_wrong);

/* Runs argv[0] with its arguments there. Returns the exit status. */
int clew_remote_run(struct clew_cli *cli, const struct clew_command *command, int argc,
                    char **argv);

/* A command that this side asks for on the way (annotate --queue, judge, experiment run): what runs
 * here, a terminal or a program, goes on while each part of it is one question. */
struct clew_remote_call {
        char **words;
        int n_words;
        /* Texts of files that the words name, at most CLEW_COMMAND_FILES_MAX. */
        const struct clew_command_file *files;
        size_t n_files;
        struct clew_buffer *out; /* what it prints is appended; NULL: it goes to cli->out */
        /* Asked about once a second: true ends the question. NULL: never. */
        bool (*stop)(void);
        bool ended; /* set: the command came to its end there, whatever its status is */
};
/* Its exit status; messages of the other side are passed on. */
CLEW_MUST_USE int clew_remote_call(struct clew_cli *cli, struct clew_remote_call *call);

/* The command's words as given, a copy: parsing of options moves them. From @arena; NULL after a
 * message. */
char **clew_remote_keep_words(struct clew_cli *cli, int argc, char **argv,
                              struct clew_arena *arena);

/* The arguments of a call: @words with `--part=@part` behind the first, from @arena. 0, or an exit
 * status after a message. */
CLEW_MUST_USE int clew_remote_part(struct clew_cli *cli, char *const *words, int n_words,
                                   const char *part, struct clew_arena *arena,
                                   struct clew_remote_call *ret);

/* The sentence of a refusal, a problem (RFC 9457); empty when it is none. */
struct clew_slice clew_remote_detail(struct clew_slice refusal, struct clew_arena *arena);

/* How a suggested command begins: with the server that was given on the command line. */
void clew_remote_name_self(struct clew_cli *cli);

/* Where to ask: @path below the URL that the user gave, and the token. 0, or an exit status after a
 * message. The token is wiped by the caller. */
CLEW_MUST_USE int clew_remote_target(struct clew_cli *cli, const char *path,
                                     char ret_url[CLEW_URL_BYTES_MAX],
                                     char ret_token[CLEW_TOKEN_BYTES_MAX]);

#endif
