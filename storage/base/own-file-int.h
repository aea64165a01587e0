/*
 * Files that are ours to touch: the one place that opens something in a store's directory by name.
 *
 * Who can write beside a store could put a link where LMDB expects a file of its own, and have us,
 * even as a mere reader, write through it into any file that we may write. So directory, data file
 * and lock files must be what they seem: no link, regular, with one name, and our own.
 */
#ifndef CLEW_STORAGE_OWN_FILE_INT_H
#define CLEW_STORAGE_OWN_FILE_INT_H

#include "proto/base/error.h"

#include <sys/stat.h>

/*
 * Opens directory @dir without following a link at its end. -ENOENT (without filling @err),
 * -EINVAL (a link), -EACCES (of another user, or writable by everyone), other.
 */
CLEW_MUST_USE int clew_own_directory_open(const char *dir, int *ret_fd, struct clew_error *err);

/*
 * Opens file @name of the store in @dir (open as @dir_fd) with open(2)'s @flags; O_CREAT gives it
 * mode 0600. -ENOENT (without filling @err), -EINVAL (not a regular file with one name), -EACCES
 * (another user's), -ENOSPC, other. Never waits, never opens a device.
 */
CLEW_MUST_USE int clew_own_file_open(const char *dir, int dir_fd, const char *name, int flags,
                                     int *ret_fd, struct clew_error *err);

/* The same judgement of a file that is open. A file that has lost its name passes. */
CLEW_MUST_USE int clew_own_file_judge(const char *dir, const char *name, const struct stat *st,
                                      struct clew_error *err);

#endif
