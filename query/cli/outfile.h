/*
 * Files that appear whole or not at all: written beside their place, synced, renamed. Prompts are
 * private, so files are readable by their owner alone. Nothing is overwritten unless asked for.
 */
#ifndef CLEW_QUERY_CLI_OUTFILE_H
#define CLEW_QUERY_CLI_OUTFILE_H

#include "proto/base/sha256.h"
#include "query/cli/cli.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct clew_outfile {
        FILE *stream;
        char *path;  /* NULL = the command's output */
        char *temp;  /* NULL = written in place (the output, a device) */
        int slot;    /* served: of its frames; -1 = not one of who asked */
        bool summed; /* the sum is wanted; the caller may clear it before the first write */
        struct clew_sha256 sum;
        uint64_t bytes;
};

/* @path NULL or "-" = the command's output. 0, or an exit status after a message. */
CLEW_MUST_USE int clew_outfile_open(struct clew_outfile *f, struct clew_cli *cli, const char *path,
                                    bool force);
/* Who may read it, as for chmod; nothing for what is written in place. */
CLEW_MUST_USE int clew_outfile_mode(struct clew_outfile *f, struct clew_cli *cli, unsigned mode);
CLEW_MUST_USE int clew_outfile_write(struct clew_outfile *f, struct clew_cli *cli,
                                     struct clew_slice bytes);
/* Makes it appear when @keep, else leaves nothing behind. A zeroed @f is fine. */
CLEW_MUST_USE int clew_outfile_close(struct clew_outfile *f, struct clew_cli *cli, bool keep);

/*
 * A directory of files, in the same way: made beside its place, renamed when it is whole. One that
 * is there is replaced only with @force, and only when it is empty or holds a manifest.json.
 */
struct clew_outdir {
        char *path;
        char *temp; /* NULL when served: the other side makes it */
};

CLEW_MUST_USE int clew_outdir_open(struct clew_outdir *d, struct clew_cli *cli, const char *path,
                                   bool force);
/* Opens a file in it. */
CLEW_MUST_USE int clew_outdir_file(struct clew_outdir *d, struct clew_cli *cli, const char *name,
                                   struct clew_outfile *ret);
CLEW_MUST_USE int clew_outdir_close(struct clew_outdir *d, struct clew_cli *cli, bool keep);

#endif
