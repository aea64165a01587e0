/*
 * What a dataset has already, found by id and by likeness without looking at all of it.
 *
 * Items that are 80 % alike share their least hash four times in five; each is therefore filed
 * under its four least hashes, and only items that share one are compared. Of a crowd that shares a
 * hash (a common greeting) the newest CLEW_KNOWN_CROWD_MAX are looked at.
 */
#ifndef CLEW_QUERY_REVIEW_KNOWN_H
#define CLEW_QUERY_REVIEW_KNOWN_H

#include "proto/base/arena.h"
#include "query/review/dataset.h"

#include <stdbool.h>
#include <stdint.h>

#define CLEW_KNOWN_BANDS 4u
#define CLEW_KNOWN_CROWD_MAX 64u

struct clew_known_link {
        const struct clew_dataset_entry *entry;
        struct clew_known_link *next;
        uint64_t hash; /* of the band, or of the id */
};

struct clew_known {
        struct clew_arena *arena;
        struct clew_known_link **ids;
        struct clew_known_link **bands;
        struct clew_known_link **traces;
};

/* 0 or -ENOMEM. */
CLEW_MUST_USE int clew_known_init(struct clew_known *k, struct clew_arena *arena);
/* @entry is copied. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_known_add(struct clew_known *k, const struct clew_dataset_entry *entry);
bool clew_known_has(const struct clew_known *k, const struct clew_content_id *id);
/* The next entry of that trace behind *@at (NULL: the first), in no order; NULL when there is none.
 */
const struct clew_dataset_entry *clew_known_of_trace(const struct clew_known *k,
                                                     const struct clew_trace_id *id,
                                                     const struct clew_known_link **at);
/* The entry most like @entry of those that are near it, or NULL. */
const struct clew_dataset_entry *clew_known_near(const struct clew_known *k,
                                                 const struct clew_dataset_entry *entry,
                                                 double *ret_likeness);

#endif
