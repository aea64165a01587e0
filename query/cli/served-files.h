/*
 * Files that a served command writes (outfile.h uses it): frames to who asked, who makes the file.
 * All return 0, or an exit status after a message.
 */
#ifndef CLEW_QUERY_CLI_SERVED_FILES_H
#define CLEW_QUERY_CLI_SERVED_FILES_H

#include "query/cli/served.h"

/* @flags: CLEW_FRAME_FORCE, CLEW_FRAME_IN_DIR. What is written to the stream is the file's; the
 * stream is closed by clew_served_file_close(). */
CLEW_MUST_USE int clew_served_file_open(struct clew_cli *cli, const char *path, unsigned flags,
                                        int *ret_slot, FILE **ret_stream);
CLEW_MUST_USE int clew_served_file_mode(struct clew_cli *cli, int slot, unsigned mode);
CLEW_MUST_USE int clew_served_file_close(struct clew_cli *cli, int slot, FILE *stream, bool keep);
CLEW_MUST_USE int clew_served_dir_open(struct clew_cli *cli, const char *path, bool force);
CLEW_MUST_USE int clew_served_dir_close(struct clew_cli *cli, bool keep);

#endif
