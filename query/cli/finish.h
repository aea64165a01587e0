/*
 * The end of a command that has erased something: free pages are wiped, by this process, or by the
 * collector that has the store open.
 */
#ifndef CLEW_QUERY_CLI_FINISH_H
#define CLEW_QUERY_CLI_FINISH_H

#include "query/cli/cli.h"

/* 0; CLEW_EXIT_PARTIAL, after a message, when something has to wait. */
CLEW_MUST_USE int clew_cli_finish_erasure(struct clew_cli *cli);
/* Says where what was erased is still: files that repairs have set aside, backups. */
void clew_cli_tell_copies(struct clew_cli *cli);

#endif
