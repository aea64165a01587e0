/*
 * Records that are found by a name, when a redaction has changed that name.
 *
 * Keys of rubrics, datasets, experiments and of what was said of sessions are made of a hash of the
 * name, which also stands in the record. Whoever changes the name moves all records of it to the
 * key of the new one, in the same transaction: else they could not be found by either.
 */
#ifndef CLEW_QUERY_REVIEW_RENAME_INT_H
#define CLEW_QUERY_REVIEW_RENAME_INT_H

#include "proto/base/error.h"
#include "proto/base/slice.h"
#include "storage/shelf.h"

#include <stddef.h>
#include <stdint.h>

struct clew_rename {
        /* Changes the value of a record in place; a negative errno. */
        int64_t (*change)(void *context, uint8_t *value, size_t n);
        void *context;
};

/*
 * @before is the value under @key, @after what a redaction has made of it. 1 = its name has
 * changed: it and all other records of that name, changed by @rename too, are under the new key
 * now. 0 = the record is to stay where it is: it has its name still, or the new one is taken.
 */
CLEW_MUST_USE int clew_review_rename(struct clew_shelf *shelf, struct clew_slice key,
                                     struct clew_slice before, struct clew_slice after,
                                     const struct clew_rename *rename, struct clew_error *err);

#endif
