/*
 * Rubrics: criteria as texts with versions. A version is added, never changed; annotations and
 * judgements name the version under which they were made.
 */
#ifndef CLEW_QUERY_REVIEW_RUBRIC_H
#define CLEW_QUERY_REVIEW_RUBRIC_H

#include "proto/base/arena.h"
#include "proto/base/error.h"
#include "proto/base/slice.h"
#include "storage/store.h"

#include <stdint.h>

#define CLEW_RUBRIC_BYTES_MAX ((size_t)64 << 10)
/* Of one rubric: a criterion that changed more often is another one. */
#define CLEW_RUBRIC_VERSIONS_MAX 10000u

struct clew_rubric {
        struct clew_slice name;
        uint64_t version; /* from 1 */
        struct clew_slice text;
        struct clew_slice author;
        uint64_t time_ns;
};

/* Adds the next version and fills version of @rubric. A text equal to the newest version's adds
 * nothing and gives that version. 0, -E2BIG (versions), or another negative errno. */
CLEW_MUST_USE int clew_rubric_add(struct clew_store *store, struct clew_rubric *rubric,
                                  struct clew_error *err);
/* @version 0 = the newest; @name: history-int.h. Texts live in @arena. 0, -ENOENT (err not filled),
 * -ESRCH: several writers have one, ... */
CLEW_MUST_USE int clew_rubric_get(struct clew_view *view, struct clew_slice name, uint64_t version,
                                  struct clew_arena *arena, struct clew_rubric *ret,
                                  struct clew_error *err);
/* All versions of all rubrics, or of @name (may be empty), in order. They live until @fn returns.
 */
CLEW_MUST_USE int clew_rubric_each(struct clew_view *view, struct clew_slice name,
                                   int (*fn)(const struct clew_rubric *rubric, void *context),
                                   void *context, struct clew_error *err);

/* Two texts, line by line: calls @fn with ' ' for a line of both, '-' of @a alone, '+' of @b alone.
 * Lines that are blank are left out. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_rubric_diff(struct clew_slice a, struct clew_slice b,
                                   struct clew_arena *arena,
                                   void (*fn)(void *context, char mark, struct clew_slice line),
                                   void *context);

/* Reads NAME or NAME@V, each also with @WRITER: before it; false when it is neither. */
CLEW_MUST_USE bool clew_version_parse(struct clew_slice text, struct clew_slice *ret_name,
                                      uint64_t *ret_version);

#endif
