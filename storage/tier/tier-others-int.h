/*
 * What the folder says that all writers of a prefix share: who else writes there, and what orders
 * wait (order-int.h). One list has both.
 */
#ifndef CLEW_STORAGE_TIER_OTHERS_INT_H
#define CLEW_STORAGE_TIER_OTHERS_INT_H

#include "storage/tier/order-int.h"
#include "storage/tier/tier-int.h"

struct clew_order_seen {
        struct clew_order_name name;
        uint64_t bytes; /* of the object */
};

struct clew_tier_others {
        const struct clew_tier *tier; /* who looks */
        uint32_t n;
        uint32_t n_more;                                           /* that are left out */
        char names[CLEW_TIER_WRITERS_MAX][CLEW_TIER_WRITER_BYTES]; /* "" = the one without */
        struct clew_buffer seen; /* struct clew_order_seen: marks, then orders, the oldest first */
        char retired[CLEW_TIER_WRITERS_MAX + 1][CLEW_TIER_WRITER_BYTES];
        uint32_t n_retired;
        struct clew_order_back backs[CLEW_ORDERS_MAX]; /* that were taken back, the oldest first */
        uint32_t n_backs;
        uint32_t n_orders;
        uint32_t n_left; /* orders and marks that are left out */
};

void clew_tier_others_init(struct clew_tier_others *o, const struct clew_tier *t);
void clew_tier_others_deinit(struct clew_tier_others *o);
/* Below @prefix, which all share; until @until_ns (monotonic; 0 = no matter). */
CLEW_MUST_USE int clew_tier_others_list(struct clew_tier_others *o, const char *prefix,
                                        uint64_t until_ns, struct clew_error *err);
/* An error that may be another answer the next time, as of a bucket that does not answer now. */
bool clew_tier_passes(int r);
/* That prefix, of a writer or of a command on its store. */
void clew_tier_prefix_of_all(const struct clew_tier *t, char *ret, size_t size);

/* ---- orders among what was seen (tier-order.c) ------------------------------------------------
 */

static inline size_t clew_tier_others_n_seen(const struct clew_tier_others *o)
{
        return o->seen.len / sizeof(struct clew_order_seen);
}

CLEW_MUST_USE bool clew_order_has_mark(const struct clew_tier_others *o, uint64_t id,
                                       const char *writer);
/* Who has done order @id, and who not. True: all have. */
bool clew_order_state_of(const struct clew_tier_others *o, uint64_t id,
                         struct clew_order_state *ret);
/* Takes order @id and its marks out of the bucket @b. */
CLEW_MUST_USE int clew_order_remove(struct clew_object_bucket *b, const struct clew_tier_others *o,
                                    uint64_t id, struct clew_error *err);
/* What the object of order @id has, in @bytes, which is cleared. -EBADMSG: it is damaged, also when
 * it is read once more, or of a later format. */
CLEW_MUST_USE int clew_order_read(struct clew_object_bucket *b, uint64_t id,
                                  struct clew_buffer *bytes, struct clew_order *ret,
                                  struct clew_error *err);

#endif
