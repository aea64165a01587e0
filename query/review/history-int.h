/*
 * Whose history a name means: rubrics, datasets and experiments are histories under a name, and a
 * reader of a bucket has those of all its writers (storage/tier/README.md).
 *
 * Two writers may have begun one of the same name; each stays what it is. A reader shows those of a
 * writer that has a name as @WRITER:NAME and finds them by that; by NAME alone it finds that of the
 * writer without a name, else the only one that there is. '@' is in no name that people give
 * (clew_name_is_good()), so the two are never taken for one another. A store of its own has its own
 * alone, and no writer in their keys.
 */
#ifndef CLEW_QUERY_REVIEW_HISTORY_INT_H
#define CLEW_QUERY_REVIEW_HISTORY_INT_H

#include "proto/base/arena.h"
#include "proto/base/error.h"
#include "query/review/record.h"
#include "storage/store.h"

#include <stdint.h>

struct clew_history {
        struct clew_review_key prefix; /* of the keys of its records */
        uint64_t writer; /* above the numbers of its records; clew_shelf_writer_of() */
};

/* The history of @kind that @name, NAME or @WRITER:NAME, means. 0; -ENOENT (err not filled): none;
 * -ESRCH with a message: several writers have one of that name; ... */
CLEW_MUST_USE int clew_history_find(struct clew_view *view, char kind, struct clew_slice name,
                                    struct clew_history *ret, struct clew_error *err);
/* The key of its record @number, which is the writer's own. */
struct clew_review_key clew_history_key(const struct clew_history *history, uint64_t number);
/* The history that the record under @key is of. */
struct clew_history clew_history_of(struct clew_slice key);

/* @name as a history of @writer is shown: itself, or @WRITER:NAME in @arena. 0, -ENOMEM, ... */
CLEW_MUST_USE int clew_history_name(struct clew_view *view, uint64_t writer, struct clew_slice name,
                                    struct clew_arena *arena, struct clew_slice *ret,
                                    struct clew_error *err);

#endif
