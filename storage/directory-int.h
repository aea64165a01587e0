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

/* Checks (and in the writing modes creates) @dir. Sets @ret_fresh when there is no data file yet.
 */
CLEW_MUST_USE int clew_directory_check(const char *dir, enum clew_store_mode mode, bool *ret_fresh,
                                       struct clew_error *err);

/* Takes the collector's lock of @dir; -EBUSY when another process has it. The descriptor in @ret_fd
 * holds it until closed. */
CLEW_MUST_USE int clew_directory_lock(const char *dir, int *ret_fd, struct clew_error *err);

#endif
