/*
 * Renaming with conditions, renameat2(2), by its number: not every C library has a name for it.
 */
#ifndef CLEW_STORAGE_RENAME_INT_H
#define CLEW_STORAGE_RENAME_INT_H

#include "proto/base/compiler.h"

#include <sys/syscall.h>
#include <unistd.h>

/* As <linux/fs.h> numbers them. */
enum clew_rename {
        CLEW_RENAME_NO_REPLACE = 1, /* -1 with EEXIST when the name is taken */
        CLEW_RENAME_EXCHANGE = 2,
};

/* 0, or -1 with errno. */
CLEW_MUST_USE static inline int clew_renameat2(int from_dir, const char *from, int to_dir,
                                               const char *to, enum clew_rename how)
{
        return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, (unsigned)how);
}

#endif
