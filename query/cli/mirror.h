/*
 * `--store s3://...` and `--store dir://...`: a bucket instead of a store of this machine. What it
 * has is found by a mirror in the user's cache directory, which is brought up to date before it is
 * read; the bytes of traces come from the bucket when they are asked for, and some are kept.
 */
#ifndef CLEW_QUERY_CLI_MIRROR_H
#define CLEW_QUERY_CLI_MIRROR_H

#include "query/cli/cli.h"

/* When cli->store_dir is the address of a bucket, makes it the mirror's directory. With @writes it
 * is refused: a bucket is read. 0 or an exit code. */
CLEW_MUST_USE int clew_mirror_begin(struct clew_cli *cli, bool writes);

#endif
