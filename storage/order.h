/*
 * Orders: what one writer of a bucket is told to redact, and the others are to redact too
 * (storage/tier/README.md, "Redacted by another writer").
 *
 * An order lies in the bucket until every writer has done it. Whoever gives it says what is to go,
 * and asks who is left; a writer's collector takes it, carries it out by query/review/redact.h, and
 * says so here. What is to go stands in no log, no status and no message.
 */
#ifndef CLEW_STORAGE_ORDER_H
#define CLEW_STORAGE_ORDER_H

#include "proto/base/buffer.h"
#include "proto/base/error.h"
#include "proto/base/slice.h"
#include "storage/tier.h"

#include <stdbool.h>
#include <stdint.h>

/* As large as a file of rules, which is the longest of them. */
#define CLEW_ORDER_WHAT_MAX ((size_t)64 << 10)
/* That wait at one time: whoever gives one more is told to wait. */
#define CLEW_ORDERS_MAX 64u
/* So long one waits for its writers; then it goes, and who has not come is not covered. As
 * deletions are remembered. */
#define CLEW_ORDER_FOR_NS (400 * 24 * 3600 * CLEW_NS_PER_S)
/* Of names of writers, in words. */
#define CLEW_ORDER_NAMES_BYTES CLEW_TIER_ALL_OTHERS_BYTES

/* What `what` of an order is. */
enum clew_order_kind {
        CLEW_ORDER_TEXT = 1, /* a text that goes, in all its forms */
        CLEW_ORDER_NAMES,    /* names of built-in rules, commas between */
        CLEW_ORDER_RULES,    /* a file of rules */
};

struct clew_order {
        uint64_t id; /* when it was given, unix ns; no two have one */
        enum clew_order_kind kind;
        char by[CLEW_TIER_WRITER_BYTES]; /* "" = the writer without a name */
        struct clew_slice what;
};

/* ---- who gives one ----------------------------------------------------------------------------
 */

struct clew_order_told {
        uint64_t id;                         /* 0 = none was given */
        uint64_t instead_of;                 /* one that said the same, and is gone; 0 = none was */
        char others[CLEW_ORDER_NAMES_BYTES]; /* who else writes there, in words; "" = nobody */
};
/*
 * Asks the bucket of the store of @tier (NULL: it has none) who else writes there, and when there
 * is somebody leaves an order for them and for this store's own collector; with an empty @what it
 * only asks. One that says the same and waits is replaced: the later covers what has come since,
 * also to those that had done the earlier. 0; -E2BIG: as many wait as may; -EACCES, -ETIMEDOUT,
 * ...: it may be there all the same. In any process and thread; it takes 10 s at the most.
 */
CLEW_MUST_USE int clew_order_tell(struct clew_tier *tier, enum clew_order_kind kind,
                                  struct clew_slice what, struct clew_order_told *ret,
                                  struct clew_error *err);

/* That are looked at; as many as a bucket has for its readers. */
#define CLEW_ORDER_OTHERS_MAX 64u

#define CLEW_ORDER_URL_BYTES 1024u

struct clew_order_other {
        char name[CLEW_TIER_WRITER_BYTES]; /* "" = the writer without a name */
        bool has_done;
        bool is_retired; /* nobody does it there but clew writers --retire */
};

/* How it stands with one. */
struct clew_order_state {
        uint64_t id;
        bool is_known; /* what it is could be read: kind, by, bytes */
        enum clew_order_kind kind;
        char by[CLEW_TIER_WRITER_BYTES];
        size_t bytes;
        bool waits_here;                    /* this store's own writer has not done it */
        char waits[CLEW_ORDER_NAMES_BYTES]; /* others that have not done it, in words */
        char done[CLEW_ORDER_NAMES_BYTES];  /* who has, in words */
        uint32_t n_others;
        struct clew_order_other others[CLEW_ORDER_OTHERS_MAX]; /* the same, for programs */
        uint32_t n_more; /* that are not looked at, and are taken to wait */
        /* Unix; 0 = it waits. Else it was taken back, and @waits had not done it; nothing more is
         * known of it. */
        uint64_t taken_back_ns;
        char url[CLEW_ORDER_URL_BYTES]; /* of the prefix that all share */
};
/*
 * Of one order. *@ret_there false: all have done it, and it is gone (or was taken back). When the
 * last of them has just done it, it goes by this call. In any process; 10 s at the most.
 */
CLEW_MUST_USE int clew_order_look(struct clew_tier *tier, uint64_t id, struct clew_order_state *ret,
                                  bool *ret_there, struct clew_error *err);
/* The order that says this and waits; *@ret_id 0: none does. In any process; 10 s at the most. */
CLEW_MUST_USE int clew_order_find(struct clew_tier *tier, enum clew_order_kind kind,
                                  struct clew_slice what, uint64_t *ret_id, struct clew_error *err);
typedef int (*clew_order_fn)(void *context, const struct clew_order_state *order);
/* Calls @fn for all that wait, the oldest first, then for those that were taken back since
 * yesterday. 0, what @fn returned that was not 0, or an error.
 */
CLEW_MUST_USE int clew_order_each(struct clew_tier *tier, clew_order_fn fn, void *context,
                                  struct clew_error *err);
/* Takes one back, whoever has done it; that it was stands there for a day. -ENOENT: there is none.
 */
CLEW_MUST_USE int clew_order_take_back(struct clew_tier *tier, uint64_t id, struct clew_error *err);
/* Of what clew_order_noted() says. */
#define CLEW_ORDER_NOTED_BYTES 1024u
/* What its collector has noted of orders that wait, in words for people; false: none. In any
 * process, without asking the bucket. */
bool clew_order_noted(struct clew_tier *tier, char *ret, size_t size);

/* ---- who carries them out ---------------------------------------------------------------------
 */

/*
 * The next that is to be done in the store of @tier, which a collector has open: 1, with the bytes
 * that @ret->what points into in @bytes, which is cleared. 0: none is. -ENOMEM. After it
 * clew_order_settle() is said. Of one thread, which is not that of clew_tier_sync().
 */
CLEW_MUST_USE int clew_order_next(struct clew_tier *tier, struct clew_buffer *bytes,
                                  struct clew_order *ret);
/* @done: nothing of it is in the store any more. When the bucket has nothing of it either, that
 * stands there. Else it is tried again later. */
CLEW_MUST_USE int clew_order_settle(struct clew_tier *tier, uint64_t id, bool done,
                                    struct clew_error *err);

#endif
