/*
 * The parts of `clew --url`: the options and what is told of this side (remote-target.c), the
 * question and the frames of its answer (remote.c).
 */
#ifndef CLEW_QUERY_CLI_REMOTE_INT_H
#define CLEW_QUERY_CLI_REMOTE_INT_H

#include "proto/base/json.h"
#include "query/cli/remote.h"

/* The members of a request that tell what the terminal is like, and who asks. */
void clew_remote_put_settings(struct clew_cli *cli, struct clew_json_writer *w);

#endif
