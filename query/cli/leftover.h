/*
 * What an interrupted command must not leave behind: files that are not finished yet, and programs
 * that it started.
 *
 * A name, with the process's id in it, is registered before its file is made, so that no signal
 * comes between, and taken back when the file is renamed or removed; a program's group of processes
 * as soon as it runs, until it has ended. SIGINT, SIGTERM and SIGHUP end those programs (SIGTERM)
 * and remove those files, the last first, and then end this one as they would have.
 */
#ifndef CLEW_QUERY_CLI_LEFTOVER_H
#define CLEW_QUERY_CLI_LEFTOVER_H

#include <sys/types.h>

/* Names at a time, and groups; further ones are not registered. */
#define CLEW_LEFTOVERS_MAX 64u

/* @path (a file, or a directory whose files are registered after it) is borrowed until
 * clew_leftover_forget() or the program's end. NULL is fine. */
void clew_leftover_add(const char *path);
void clew_leftover_forget(const char *path);
/* Removes @path, also a directory with all that is in it, and forgets it. */
void clew_leftover_remove(const char *path);

/* From any thread. @group: of processes that we started, below us. */
void clew_leftover_add_group(pid_t group);
/* Before its first process is waited for: its number may be another's then. */
void clew_leftover_forget_group(pid_t group);

#endif
