/*
 * What the first two pages of a data file say, without LMDB.
 */
#ifndef CLEW_STORAGE_META_PAGES_INT_H
#define CLEW_STORAGE_META_PAGES_INT_H

#include "proto/base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

struct clew_meta_look {
        unsigned n_valid; /* of the two meta pages */
        bool first_valid;
        bool has_commit; /* a valid one tells of a commit: there may be data */
};

/* Looks at the data file @fd. What cannot be read counts as not valid. */
void clew_meta_look(int fd, struct clew_meta_look *ret);

/* The commits that the two pages tell of; 0 = of one that is not valid. False: neither is. */
CLEW_MUST_USE bool clew_meta_txn_ids(int fd, uint64_t ret[2]);

#endif
