/*
 * Files that a served command writes (outfile.h): frames to who asked, who makes the file.
 */
#ifndef CLEW_QUERY_CLI_SERVED_FILES_H
#define CLEW_QUERY_CLI_SERVED_FILES_H

#include "query/cli/outfile.h"
#include "query/cli/served.h"

/* As the functions of outfile.h. @flags: CLEW_FRAME_FORCE, CLEW_FRAME_IN_DIR. */
CLEW_MUST_USE int clew_served_file_open(struct clew_outfile *f, struct clew_cli *cli,
                                        const char *path, unsigned flags);
CLEW_MUST_USE int clew_served_file_mode(struct clew_outfile *f, struct clew_cli *cli,
                                        unsigned mode);
CLEW_MUST_USE int clew_served_file_close(struct clew_outfile *f, struct clew_cli *cli, bool keep);
/* d->path is set. */
CLEW_MUST_USE int clew_served_dir_open(struct clew_outdir *d, struct clew_cli *cli, bool force);
CLEW_MUST_USE int clew_served_dir_close(struct clew_outdir *d, struct clew_cli *cli, bool keep);

#endif
