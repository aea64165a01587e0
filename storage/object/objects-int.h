/*
 * Objects: immutable byte strings under a number, written once.
 *
 * The interface asks for nothing that a file system or an object store could not give
 * (put-if-absent, get, list by number, delete), so that segments can have a second home.
 * The embedded home keeps them in chunks of the object table.
 */
#ifndef CLEW_STORAGE_OBJECTS_INT_H
#define CLEW_STORAGE_OBJECTS_INT_H

#include "proto/base/buffer.h"
#include "storage/base/env-int.h"

#include <stdint.h>

/*
 * LMDB needs contiguous pages for one value, and where no free ones lie side by side the file
 * grows. So larger objects are cut into chunks of eight pages of 4 KiB, page header and checksum
 * included. (It was a MiB: under rules of retention, which drop and repack all the time, two thirds
 * of the file became free pages among which no large object found room.)
 */
#define CLEW_OBJECT_CHUNK_BYTES ((size_t)32736)

/* -EEXIST when the number is taken. */
CLEW_MUST_USE int clew_object_put(struct clew_env *env, MDB_txn *txn, uint64_t object,
                                  struct clew_slice bytes, struct clew_error *err);
/*
 * Gives the whole object. An object of one chunk is borrowed from the transaction; a larger one is
 * put together in @scratch. One that is not here is read from where it is away (env-int.h). 0,
 * -ENOENT, -EBADMSG (damaged), -EREMOTEIO (away, and out of reach now), -EREMCHG (away, and gone
 * since the snapshot was taken), ...
 */
CLEW_MUST_USE int clew_object_get(struct clew_env *env, MDB_txn *txn, uint64_t object,
                                  struct clew_buffer *scratch, struct clew_slice *ret,
                                  struct clew_error *err);
/* Whether its bytes are in this store: 1, 0, or an error. */
CLEW_MUST_USE int clew_object_is_here(struct clew_env *env, MDB_txn *txn, uint64_t object,
                                      struct clew_error *err);
CLEW_MUST_USE int clew_object_delete(struct clew_env *env, MDB_txn *txn, uint64_t object,
                                     struct clew_error *err);

#endif
