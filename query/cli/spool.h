/*
 * Output that nobody reads must not hold a snapshot.
 *
 * Who writes into a pipe waits for its reader: a pager at its first page, a program that has
 * stopped. As long as a command waits it holds its view of the store, and the store's file grows
 * with all that is sealed meanwhile. So when standard output is a pipe, a thread takes what is
 * written and passes it on: the command goes to its end at its own pace and lets go of the store;
 * what is left waits in memory, and beyond some megabytes in a file without a name.
 */
#ifndef CLEW_QUERY_SPOOL_H
#define CLEW_QUERY_SPOOL_H

#include "query/cli/cli.h"

/* From now on the output of @cli is taken so, if it is standard output and a pipe. Again is fine.
 * Without memory, or a place for the file, it is written as before. */
void clew_spool_start(struct clew_cli *cli);
/* Waits, for a moment, until what was flushed has been passed on: before a message goes another
 * way.
 */
void clew_spool_settle(struct clew_cli *cli);
/* Ends the output and waits until all of it has been read. Call it when the store is closed. */
void clew_spool_finish(struct clew_cli *cli);

#endif
