/*
 * Objects of a backup: one immutable thing of a store in a file of its own, named by what it is and
 * by a digest of its bytes. Two stores that went different ways may give one number to different
 * objects; their files have different names.
 */
#ifndef CLEW_STORAGE_OBJECT_FILE_INT_H
#define CLEW_STORAGE_OBJECT_FILE_INT_H

#include "storage/base/env-int.h"
#include "storage/keep/backup-dir-int.h"
#include "storage/keep/stream-int.h"

#include <stdbool.h>
#include <stdint.h>

enum clew_kept_kind {
        CLEW_KEPT_RUN,     /* the blocks of an index run */
        CLEW_KEPT_SEGMENT, /* the chunks of a segment's object */
        CLEW_KEPT_KINDS,
};

struct clew_kept {
        enum clew_kept_kind kind;
        uint32_t n_parts;
        uint64_t number;
        uint64_t digest; /* of the checksums and lengths of its parts */
        uint64_t bytes;  /* of the file */
};

#define CLEW_KEPT_NAME_MAX 48u

void clew_kept_name(const struct clew_kept *k, char ret[CLEW_KEPT_NAME_MAX]);
/* False when @name is not that of an object. Fills kind, number, digest. */
CLEW_MUST_USE bool clew_kept_read_name(const char *name, struct clew_kept *ret);
/* In a stream: key and value of its record. */
void clew_kept_put(struct clew_stream_writer *w, const struct clew_kept *k);
CLEW_MUST_USE bool clew_kept_decode(const struct clew_stream_record *record, struct clew_kept *ret);

/* What the store has under @kind and @number, without reading its bytes. -ENOENT (err not filled).
 */
CLEW_MUST_USE int clew_kept_look(struct clew_env *env, MDB_txn *txn, enum clew_kept_kind kind,
                                 uint64_t number, struct clew_kept *ret, struct clew_error *err);
/* Writes the file, which is not synced. -EBADMSG: damaged in the store. */
CLEW_MUST_USE int clew_kept_copy(struct clew_env *env, MDB_txn *txn, const struct clew_kept *k,
                                 const struct clew_backup_dir *to, struct clew_error *err);

/* The same of a segment whose bytes are not in the store: what it would be if they were. 0 or
 * -ENOMEM. */
CLEW_MUST_USE int clew_kept_look_away(uint64_t number, struct clew_slice bytes,
                                      struct clew_kept *ret);
CLEW_MUST_USE int clew_kept_copy_away(const struct clew_kept *k, struct clew_slice bytes,
                                      const struct clew_backup_dir *to, struct clew_error *err);

/* Is told of each part, in order; a negative result ends the reading. */
typedef int (*clew_kept_part_fn)(void *context, enum clew_table table, struct clew_slice key,
                                 struct clew_slice stored, struct clew_error *err);
/* Reads and verifies the file. @fn may be NULL. -EBADMSG: damaged or not there. */
CLEW_MUST_USE int clew_kept_read(const struct clew_backup_dir *from, const struct clew_kept *k,
                                 clew_kept_part_fn fn, void *context, struct clew_error *err);

#endif
