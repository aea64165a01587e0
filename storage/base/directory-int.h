/*
 * What may serve as a store directory. Checked before LMDB touches anything, because LMDB creates
 * and opens whatever path it is given.
 */
#ifndef CLEW_STORAGE_DIRECTORY_INT_H
#define CLEW_STORAGE_DIRECTORY_INT_H

#include "proto/base/error.h"
#include "storage/store.h"

#include <stdbool.h>

#define CLEW_DATA_FILE "data.mdb"
#define CLEW_LOCK_FILE "lock.mdb"
#define CLEW_COLLECTOR_FILE "collector.lock"
/* Summaries of what is hot (storage/hot): may be lost, and stale, at any time. */
#define CLEW_HOT_SUMMARIES_FILE "hot-summaries"
/* Exists while a store is being created. Until it is gone nothing has been acknowledged, so whoever
 * finds it left behind finishes the creation, or starts over where nothing was committed. */
#define CLEW_CREATING_FILE "creating"
/* A data file that is being made anew (storage/keep). */
#define CLEW_UNFINISHED_DIR "unfinished"
/* Says that all of it was made of a bucket, and is made anew from there (storage/follow.h). */
#define CLEW_READER_FILE "reader"
/* How the names of data files begin that a repair has set aside. */
#define CLEW_DAMAGED_PREFIX "damaged-"

/*
 * Checks (and in the writing modes creates) @dir and opens it. Sets @ret_fresh when the store is to
 * be created, or its creation to be finished: the guess of a moment, which
 * clew_directory_begin_creation() makes certain.
 */
CLEW_MUST_USE int clew_directory_check(const char *dir, enum clew_store_mode mode, int *ret_fd,
                                       bool *ret_fresh, struct clew_error *err);

/*
 * Begins the creation of a store in the directory open as @dir_fd: one creator at a time (waits),
 * and what an interrupted creation left behind is removed unless it tells of a commit; then the
 * creation is to be finished. Sets @ret_fd to -1 when somebody else has finished it meanwhile;
 * otherwise the creator calls clew_directory_end_creation() when the store is durable, or closes
 * the descriptor.
 */
CLEW_MUST_USE int clew_directory_begin_creation(const char *dir, int dir_fd, int *ret_fd,
                                                struct clew_error *err);
CLEW_MUST_USE int clew_directory_end_creation(const char *dir, int dir_fd, int fd,
                                              struct clew_error *err);

/* A directory that was made is to survive a power cut as much as what is in it: syncs the one that
 * has its name. */
void clew_directory_sync_name(const char *dir);

/*
 * LMDB's lock file must be ours, before LMDB opens and writes it, also for a reader. With @bytes it
 * is made, and gets its disk blocks before LMDB maps it: written through the map on a full disk, it
 * would end the process with SIGBUS. -ENOSPC on a full disk. Not while this process has the
 * environment open, because closing the descriptor drops its locks.
 */
CLEW_MUST_USE int clew_directory_check_lock_file(const char *dir, int dir_fd, size_t bytes,
                                                 struct clew_error *err);

/*
 * Takes the store for the caller alone: no process has it open, and whoever opens it waits until
 * the descriptor in @ret_fd is closed. -EBUSY: some process has it open. Not while this process
 * has.
 */
CLEW_MUST_USE int clew_directory_seize(const char *dir, int dir_fd, int *ret_fd,
                                       struct clew_error *err);

/* Removes the directory in which a data file was being made anew (CLEW_UNFINISHED_DIR), and what a
 * store puts in it, and nothing else. 0, also when there is none. */
CLEW_MUST_USE int clew_directory_clear_copy(const char *dir, int dir_fd, struct clew_error *err);
/* Takes the collector's lock; -EBUSY when another process has it. The descriptor in @ret_fd
 * holds it until closed. */
CLEW_MUST_USE int clew_directory_lock(const char *dir, int dir_fd, int *ret_fd,
                                      struct clew_error *err);

#endif
