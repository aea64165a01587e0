/*
 * The directory of a backup, and who may use it.
 */
#ifndef CLEW_STORAGE_BACKUP_DIR_INT_H
#define CLEW_STORAGE_BACKUP_DIR_INT_H

#include "proto/base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CLEW_BACKUP_MARK "clew-backup" /* says what the directory is; its lock is the backup's */
#define CLEW_BACKUP_STATE "state"
#define CLEW_BACKUP_OBJECTS "objects"

struct clew_backup_dir {
        const char *path; /* borrowed */
        int fd;
        int objects_fd;
        int mark_fd; /* holds the lock */
};

/*
 * For writing: made when it is not there; -EBUSY while another writes or reads it. @store: the
 * directory of the store, which it may not be, lie in, or hold.
 */
CLEW_MUST_USE int clew_backup_dir_make(const char *path, const char *store,
                                       struct clew_backup_dir *ret, struct clew_error *err);
/* For reading; -EBUSY while a backup is written. */
CLEW_MUST_USE int clew_backup_dir_open(const char *path, struct clew_backup_dir *ret,
                                       struct clew_error *err);
void clew_backup_dir_close(struct clew_backup_dir *d);

/* One of the two is the other, or lies in it. Names that do not exist yet are of their parents. */
bool clew_paths_overlap(const char *a, const char *b);

/* Opens file @name at @at: ours, regular, of one name, no link; made with mode 0600. -ENOENT (err
 * not filled). */
CLEW_MUST_USE int clew_backup_file_open(const struct clew_backup_dir *d, int at, const char *name,
                                        int flags, int *ret_fd, struct clew_error *err);
/* Fills @err from errno. */
CLEW_MUST_USE int clew_backup_cannot(const struct clew_backup_dir *d, const char *what,
                                     struct clew_error *err);
/* The same with a code of ours. */
CLEW_MUST_USE int clew_backup_fail(const struct clew_backup_dir *d, const char *what, int code,
                                   struct clew_error *err);

#endif
