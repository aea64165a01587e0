/*
 * A file of lines that people give (JSON Lines, CSV), read whole and bounded.
 */
#ifndef CLEW_QUERY_CLI_LINES_H
#define CLEW_QUERY_CLI_LINES_H

#include "proto/base/buffer.h"
#include "query/cli/cli.h"

#include <stdint.h>

/* More is to be divided into several files. */
#define CLEW_LINES_BYTES_MAX ((size_t)256 << 20)

struct clew_lines {
        struct clew_slice rest;
        uint64_t number; /* of the line handed out last, from 1 */
};

/* Reads @path (`-` = standard input) into @out. 0, or an exit status after a message. */
CLEW_MUST_USE int clew_cli_read_file(struct clew_cli *cli, const char *path, size_t max_bytes,
                                     struct clew_buffer *out);
/* The next line that is not blank, without its end; false at the end. */
CLEW_MUST_USE bool clew_lines_next(struct clew_lines *l, struct clew_slice *ret);

#endif
