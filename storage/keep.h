/*
 * Keeping a store: copies of it, made while it is written to, and stores made of copies.
 *
 * A *backup* is a directory: one file for each immutable object of the store (segments, index
 * runs), and one file `state` with everything else and the list of those objects, which appears
 * whole or not at all and makes the backup what it is. So a second backup copies only the objects
 * that it has not, and one that was killed is gone on with where it stood. Bytes: FORMAT.md.
 *
 * None of these functions may run while this process has the store open.
 */
#ifndef CLEW_STORAGE_KEEP_H
#define CLEW_STORAGE_KEEP_H

#include "proto/base/clock.h"
#include "proto/base/error.h"
#include "storage/store.h"

#include <stdbool.h>
#include <stdint.h>

struct clew_keep_options {
        const struct clew_clock *clock;     /* NULL = system */
        const struct clew_deriver *deriver; /* for what is derived anew; may be NULL */
        /* Told of each thing that is damaged, and what that costs. May be NULL. */
        clew_verify_report_fn finding;
        void *context;
        bool verify_all; /* backup: read also what earlier runs have copied */
};

struct clew_backup_report {
        uint64_t taken_ns; /* unix time of the snapshot */
        uint64_t records;  /* in `state` */
        uint64_t objects;  /* segments and index runs of the backup ... */
        uint64_t bytes;    /* ... and all its bytes */
        uint64_t new_objects;
        uint64_t new_bytes; /* written by this run */
        uint64_t removed;   /* objects that the store has no more */
        uint64_t verified_bytes;
        uint64_t held_ns;     /* how long one snapshot was held at the most */
        uint64_t grown_bytes; /* by which the store's file grew meanwhile */
        uint64_t damaged;     /* things that could not be copied */
        uint32_t files;       /* that lie beside the store: keys, the audit log */
};

/*
 * Makes or renews the backup in directory @dest of the store in @dir, which may be written to
 * meanwhile. 0 = all that was committed before the call is in it, verified and synced; with
 * @ret->damaged, all but what was reported. On an error @dest holds the backup it held before.
 * -EINVAL: @dest is the store, lies in it or holds it, is another store's backup, a link, or holds
 * other files; -EBUSY: another backup writes there; -ENOSPC; -EACCES; others of clew_store_open().
 */
CLEW_MUST_USE int clew_store_backup(const char *dir, const char *dest,
                                    const struct clew_keep_options *options,
                                    struct clew_backup_report *ret, struct clew_error *err);

/* Reads every byte of the backup in @src. 0 = whole; -EBADMSG: @err names what is not. */
CLEW_MUST_USE int clew_backup_verify(const char *src, const struct clew_keep_options *options,
                                     struct clew_backup_report *ret, struct clew_error *err);

struct clew_restore_report {
        uint64_t taken_ns;
        uint64_t records;
        uint64_t objects;
        uint64_t bytes;
        uint32_t files;
        uint64_t lost; /* findings of a backup that was taken of a damaged store */
};

/*
 * Makes a store in @dir of the backup in @src. @dir must not be there, or be empty; the store
 * appears in it when it is whole and verified. -EINVAL: @src is no backup, or @dir is not empty;
 * -EBUSY: a collector or a restore is at work there; -EBADMSG: the backup is damaged.
 */
CLEW_MUST_USE int clew_store_restore(const char *src, const char *dir,
                                     const struct clew_keep_options *options,
                                     struct clew_restore_report *ret, struct clew_error *err);

/* Names of data files that repairs have set aside in @dir, with ", " between them; as many as have
 * room. They keep what was erased from the store since. Returns how many there are. */
unsigned clew_store_set_aside(const char *dir, char *ret, size_t n);

struct clew_compact_report {
        uint64_t records;
        uint64_t before_bytes; /* of the data file */
        uint64_t after_bytes;
        uint64_t
                index_dropped; /* damaged index runs that were left out; all of them count as one */
};

/*
 * Makes the data file as small as what it holds. Refused with -EBUSY while a collector runs, and
 * when some other program has the store open at the end. Killed at any point, the store is the old
 * or the new one. -ENOSPC: the new file has no room beside the old one; -EBADMSG: damage.
 */
CLEW_MUST_USE int clew_store_compact(const char *dir, struct clew_compact_report *ret,
                                     struct clew_error *err);

struct clew_repair_report {
        uint64_t damaged;        /* things found damaged in the file */
        uint64_t lost_traces;    /* sealed ones; a further part of them may be there, unsealed */
        uint64_t lost_fragments; /* unsealed parts of traces */
        uint64_t found_traces;   /* that the index had lost */
        uint64_t traces;         /* sealed ones, now */
        char aside[64];          /* name of the damaged file now, beside the new one */
};

/*
 * Makes a whole store of what can be read of a damaged one; each loss is told to options->finding.
 * The damaged file is kept under another name. Refused with -EBUSY while anybody has the store
 * open, and with -EINVAL when nothing in its file is Clew's. Killed at any point, the store is the
 * old or the new one.
 */
CLEW_MUST_USE int clew_store_repair(const char *dir, const struct clew_keep_options *options,
                                    struct clew_repair_report *ret, struct clew_error *err);

#endif
