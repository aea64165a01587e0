/*
 * A data file that is made anew, beside the one that is, and put in its place when it is whole.
 *
 * It lies in a directory `unfinished` of the store. Who is killed leaves nothing but that
 * directory; the next one removes it. Records come as they are stored, with their checksums; the
 * state is written last, under the number of the commit that writes it.
 */
#ifndef CLEW_STORAGE_BULK_INT_H
#define CLEW_STORAGE_BULK_INT_H

#include "proto/base/buffer.h"
#include "storage/base/env-int.h"
#include "storage/base/record-int.h"
#include "storage/base/rename-int.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct clew_bulk {
        const char *dir; /* of the store; borrowed */
        int dir_fd;      /* borrowed */
        char path[PATH_MAX];
        struct clew_env *env; /* NULL = closed */
        MDB_txn *txn;         /* NULL = none under way */
        uint64_t pending;     /* bytes in it */
        uint64_t records;
        uint64_t bytes;
        bool unordered[CLEW_TABLES];
        struct clew_buffer format; /* values without checksums, put at the end */
        struct clew_buffer state;
};

/* Removes what was left behind and begins. @dir is held by the caller (clew_directory_lock()). */
CLEW_MUST_USE int clew_bulk_open(struct clew_bulk *b, const char *dir, int dir_fd,
                                 struct clew_error *err);
/* Closes; what was not installed goes. Zeroed is fine. */
void clew_bulk_deinit(struct clew_bulk *b);
/* @stored has its checksum at its end; of format and state it must hold. */
CLEW_MUST_USE int clew_bulk_put(struct clew_bulk *b, enum clew_table table, struct clew_slice key,
                                struct clew_slice stored, struct clew_error *err);
/* The transaction under way, for writing in other ways; begun when there is none. */
CLEW_MUST_USE int clew_bulk_txn(struct clew_bulk *b, MDB_txn **ret, struct clew_error *err);
CLEW_MUST_USE int clew_bulk_commit(struct clew_bulk *b, struct clew_error *err);
/* Commits all, and closes the file: it is complete and durable. */
CLEW_MUST_USE int clew_bulk_close(struct clew_bulk *b, struct clew_error *err);
/* Commits all, with format and state, and closes the file: it is complete and durable. */
CLEW_MUST_USE int clew_bulk_finish(struct clew_bulk *b, struct clew_error *err);
/* Every record, verified in a process of its own. @what: of which thing, for the message. */
CLEW_MUST_USE int clew_bulk_verify(struct clew_bulk *b, const char *what, struct clew_error *err);
/* Puts it in the place of the store's data file: @how. Durable on return. */
CLEW_MUST_USE int clew_bulk_install(struct clew_bulk *b, enum clew_rename how,
                                    struct clew_error *err);

#endif
