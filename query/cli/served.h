/*
 * A command that runs beside a store for somebody elsewhere (query/serve/command-line.h): `clewd`
 * starts `clew --served SCOPES --as NAME --store DIR`, with the request on standard input, and
 * passes on what it writes to standard output, which is frames.
 *
 * What the words name as files are not files of this machine: texts come with the request, what is
 * written goes back as frames. No program is started. The process has a limit of memory, and where
 * the kernel can (Landlock) it reaches nothing but the store.
 */
#ifndef CLEW_QUERY_CLI_SERVED_H
#define CLEW_QUERY_CLI_SERVED_H

#include "proto/base/compiler.h"
#include "proto/base/slice.h"
#include "query/cli/cli.h"
#include "query/serve/command-line.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Runs such a process: argv[1] is "--served". @user runs the server: whose words they are when
 * nobody is named; NULL = he has no name. Returns the exit status. */
int clew_served_main(struct clew_cli *cli, const char *user, int argc, char **argv);

/* The request that is served; NULL for a command at home. */
const struct clew_command_line *clew_served(void);

/* Whether the store may be written; when not, a message says why. */
CLEW_MUST_USE bool clew_served_may_write(struct clew_cli *cli);
/* Whether who asks may speak in the name of @author. */
CLEW_MUST_USE bool clew_served_may_speak_as(struct clew_slice author);
/* Whose words they are: signed in, or else as told; NULL when not served, or nothing is told. */
const char *clew_served_author(void);

/* A file that a word names, or "-" for standard input. Served: a text of the request; when it is
 * not there it is asked for, and errno is ENOENT. Closed by the caller, but for standard input at
 * home; NULL with errno. */
FILE *clew_cli_open_input(const char *path);
void clew_cli_close_input(FILE *f);

/* What who asked is to be told when he interrupts from now on; nothing at home. */
void clew_served_last(const char *text);

/* Whether the text of a file of that name came with the request. */
CLEW_MUST_USE bool clew_served_has_file(const char *path);

/* Writes one frame to who asked; a payload of more than CLEW_FRAME_BYTES_MAX in several when it is
 * of a kind that may be parted. 0 or -EPIPE. */
int clew_served_frame(enum clew_frame kind, int slot, struct clew_slice payload);
/* A stream whose bytes are frames of that kind. NULL: no memory. */
FILE *clew_served_stream(enum clew_frame kind, int slot);

#endif
