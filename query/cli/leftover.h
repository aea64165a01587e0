/*
 * What an interrupted command must not leave behind: files that are not finished yet.
 *
 * A name, with the process's id in it, is registered before its file is made, so that no signal
 * comes between, and taken back when the file is renamed or removed. SIGINT, SIGTERM and SIGHUP
 * remove what is registered, the last first, and then end the program as they would have.
 */
#ifndef CLEW_QUERY_CLI_LEFTOVER_H
#define CLEW_QUERY_CLI_LEFTOVER_H

/* Names at a time; further ones are not registered. */
#define CLEW_LEFTOVERS_MAX 64u

/* @path (a file, or a directory whose files are registered after it) is borrowed until
 * clew_leftover_forget() or the program's end. NULL is fine. */
void clew_leftover_add(const char *path);
void clew_leftover_forget(const char *path);
/* Removes @path, also a directory with all that is in it, and forgets it. */
void clew_leftover_remove(const char *path);

#endif
