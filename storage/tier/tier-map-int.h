/*
 * What a node keeps beside its store about the bucket: an LMDB environment in `objects/` of the
 * store's directory. All of it can be made anew from the bucket; it is never the only copy.
 *
 * - where the bucket is, who writes there, as which version of the catalog it is known;
 * - for each segment in the bucket: its object, and for those that came from there the traces;
 * - bytes of segments that were read back, up to a limit: the oldest give way.
 *
 * Several processes may have it open.
 */
#ifndef CLEW_STORAGE_TIER_MAP_INT_H
#define CLEW_STORAGE_TIER_MAP_INT_H

#include "proto/base/buffer.h"
#include "proto/base/error.h"
#include "proto/base/slice.h"
#include "storage/tier/tier-place-int.h"

#include <stdbool.h>
#include <stdint.h>

#define CLEW_TIER_MAP_DIR "objects"

struct clew_tier_map;

struct clew_tier_known {
        struct clew_tier_place place;
        uint64_t check; /* of the segment's bytes */
};

/* Opens it in store directory @dir. With @create false, -ENOENT when there is none. */
CLEW_MUST_USE int clew_tier_map_open(const char *dir, uint64_t cache_bytes, bool create,
                                     struct clew_tier_map **ret, struct clew_error *err);
void clew_tier_map_close(struct clew_tier_map *m); /* NULL is fine */

/* Small values under names. -ENOENT (not filled in @err). */
CLEW_MUST_USE int clew_tier_map_get_text(struct clew_tier_map *m, const char *name, char *ret,
                                         size_t size, struct clew_error *err);
CLEW_MUST_USE int clew_tier_map_put_text(struct clew_tier_map *m, const char *name,
                                         const char *text, struct clew_error *err);
CLEW_MUST_USE int clew_tier_map_get_number(struct clew_tier_map *m, const char *name, uint64_t *ret,
                                           struct clew_error *err);
CLEW_MUST_USE int clew_tier_map_put_number(struct clew_tier_map *m, const char *name, uint64_t v,
                                           struct clew_error *err);

CLEW_MUST_USE int clew_tier_map_know(struct clew_tier_map *m, uint64_t segment,
                                     const struct clew_tier_known *known, struct clew_slice rows,
                                     struct clew_error *err);
/* It lies elsewhere now. -ENOENT: it is not known. */
CLEW_MUST_USE int clew_tier_map_move(struct clew_tier_map *m, uint64_t segment,
                                     const struct clew_tier_place *place, struct clew_error *err);
/* -ENOENT: it is not in the bucket, as far as is known. */
CLEW_MUST_USE int clew_tier_map_find(struct clew_tier_map *m, uint64_t segment,
                                     struct clew_tier_known *ret, struct clew_error *err);
/* Appends its rows. -ENOENT: none are kept. */
CLEW_MUST_USE int clew_tier_map_rows(struct clew_tier_map *m, uint64_t segment,
                                     struct clew_buffer *out, struct clew_error *err);
CLEW_MUST_USE int clew_tier_map_forget(struct clew_tier_map *m, uint64_t segment,
                                       struct clew_error *err);

/*
 * What of a segment did not verify as the bucket gave it: it is not read again before its time, and
 * the rest is served. A segment that lies elsewhere since may be read.
 */
struct clew_tier_bad {
        struct clew_tier_place place;
        uint64_t found_ns;    /* unix: the last time */
        uint64_t times;       /* that it was read so, one after the other */
        uint64_t is_found_by; /* 1: rows, entry, index or footer; 0: its bytes */
};

/* NULL: nothing of it is bad. */
CLEW_MUST_USE int clew_tier_map_set_bad(struct clew_tier_map *m, uint64_t segment,
                                        const struct clew_tier_bad *bad, struct clew_error *err);
/* -ENOENT: nothing is known to be. */
CLEW_MUST_USE int clew_tier_map_get_bad(struct clew_tier_map *m, uint64_t segment,
                                        struct clew_tier_bad *ret, struct clew_error *err);
/* Appends the numbers (uint64_t) of all segments of which something is. */
CLEW_MUST_USE int clew_tier_map_bad_segments(struct clew_tier_map *m, struct clew_buffer *out,
                                             struct clew_error *err);

/* Appends the numbers (uint64_t) of all segments that it knows, in order. */
CLEW_MUST_USE int clew_tier_map_segments(struct clew_tier_map *m, struct clew_buffer *out,
                                         struct clew_error *err);

/* Second parts of traces that are of a segment (tier-second-int.h), all of them; empty = none are
 * left. Reading: -ENOENT when there are none. */
CLEW_MUST_USE int clew_tier_map_put_seconds(struct clew_tier_map *m, uint64_t segment,
                                            struct clew_slice list, struct clew_error *err);
CLEW_MUST_USE int clew_tier_map_seconds(struct clew_tier_map *m, uint64_t segment,
                                        struct clew_buffer *out, struct clew_error *err);
/* Appends the numbers of the segments that have some, in order. */
CLEW_MUST_USE int clew_tier_map_second_segments(struct clew_tier_map *m, struct clew_buffer *out,
                                                struct clew_error *err);

/* Appends the bytes that are kept of a segment; -ENOENT. They are to be verified. */
CLEW_MUST_USE int clew_tier_map_cached(struct clew_tier_map *m, uint64_t segment,
                                       struct clew_buffer *out, struct clew_error *err);
CLEW_MUST_USE bool clew_tier_map_has_cached(struct clew_tier_map *m, uint64_t segment);
/* Keeps them, within the limit. */
CLEW_MUST_USE int clew_tier_map_cache(struct clew_tier_map *m, uint64_t segment,
                                      struct clew_slice bytes, struct clew_error *err);
/* Writes zeros over the bytes of what was forgotten. @ret_all false: somebody still reads, and some
 * of it waits for the next call. */
CLEW_MUST_USE int clew_tier_map_wipe(struct clew_tier_map *m, bool *ret_all,
                                     struct clew_error *err);
/* Bytes that are kept. */
uint64_t clew_tier_map_cached_bytes(struct clew_tier_map *m);

#endif
