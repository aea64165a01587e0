/*
 * Reading a data file that LMDB cannot be trusted with: page by page, with plain reads.
 *
 * A tree is walked from its root as LMDB would, but a page that is not what it should be (number,
 * kind, bounds, keys outside of what leads to it) costs what lies under it and nothing else. The
 * leaves under a branch that is lost are found again: they are the pages that no tree leads to and
 * that are not free. Their records are told from their keys, and verify like all others.
 *
 * Layout: LMDB 0.9 data format 1 on 64-bit machines.
 */
#ifndef CLEW_STORAGE_SALVAGE_INT_H
#define CLEW_STORAGE_SALVAGE_INT_H

#include "proto/base/error.h"
#include "storage/base/env-int.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Is given each record whose checksum holds, and each batch of hot fragments whatever its checksum.
 * @found_again: from a page that no tree led to; another record of the same key, from a tree, is to
 * be believed. Slices live until it returns. A negative result ends the work.
 */
typedef int (*clew_salvage_fn)(void *context, enum clew_table table, struct clew_slice key,
                               struct clew_slice stored, bool found_again, struct clew_error *err);

struct clew_salvage {
        int fd;          /* of the data file; borrowed */
        const char *dir; /* for messages; borrowed */
        clew_salvage_fn fn;
        void *context;
        clew_verify_report_fn finding;
        void *finding_context;
        /* Results. */
        uint64_t n_findings;
        bool is_hurt[CLEW_TABLES]; /* something of the table was damaged */
};

/* The table whose records are like this one: by its key, and the kind of its value (without the
 * checksum, which holds). -1 = none. */
int clew_salvage_table_of(struct clew_slice key, struct clew_slice value);
/* Whether a key is like those of the table, whatever its value says. */
bool clew_salvage_may_be_key(enum clew_table table, struct clew_slice key);

/* 0, or what @fn or reading the file said; damage is reported, and no error. */
CLEW_MUST_USE int clew_salvage_run(struct clew_salvage *s, struct clew_error *err);

#endif
