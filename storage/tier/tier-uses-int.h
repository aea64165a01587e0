/*
 * Which objects a catalog names, and how much of each is wanted: what is named no more goes
 * (tier-sync.c), and what holds little is made anew (tier-repack.c).
 */
#ifndef CLEW_STORAGE_TIER_USES_INT_H
#define CLEW_STORAGE_TIER_USES_INT_H

#include "storage/tier/tier-catalog-int.h"

/* What is wanted of one object. */
struct clew_tier_use {
        uint64_t first;
        uint64_t digest;
        uint64_t whole;
        uint64_t live; /* bytes of those of its segments that the catalog has, and their number */
        uint64_t n;
        bool is_picked; /* by whoever has counted */
};

struct clew_tier_uses {
        struct clew_tier_use *of; /* in order */
        size_t n;
};

/* All objects that @c names. 0 or -ENOMEM; then clew_tier_uses_deinit(). */
CLEW_MUST_USE int clew_tier_uses_count(const struct clew_tier_catalog *c,
                                       struct clew_tier_uses *ret);
void clew_tier_uses_deinit(struct clew_tier_uses *u);
/* That of the object of @p; NULL when nothing of it is wanted. */
struct clew_tier_use *clew_tier_uses_find(const struct clew_tier_uses *u,
                                          const struct clew_tier_place *p);

#endif
