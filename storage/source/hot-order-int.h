/*
 * What is hot, newest first, looked at no further than a walk goes.
 *
 * A hot trace that is sealed too stands where the earlier of its two parts began, and only the
 * trace index knows of the other part. To ask it for each of half a million hot traces costs a
 * second, and the newest twenty need twenty answers: the hot start is the latest that a trace can
 * have, so a trace is asked for when it comes to the top, and goes down again when it began
 * earlier.
 */
#ifndef CLEW_STORAGE_HOT_ORDER_INT_H
#define CLEW_STORAGE_HOT_ORDER_INT_H

#include "storage/base/env-int.h"
#include "storage/hot/hot-int.h"

struct clew_hot_next {
        uint64_t start_ns;
        uint32_t trace; /* index into the list */
};

/* A place in the order of lists, behind a trace. */
struct clew_hot_after {
        uint64_t start_ns;
        struct clew_trace_id id;
};

struct clew_hot_order {
        struct clew_env *env;
        MDB_txn *txn; /* borrowed, as is the list; its traces are marked as they are asked for */
        struct clew_hot_list *list;
        struct clew_hot_next *heap; /* owned; the newest first, as a heap */
        uint32_t n;
        uint32_t capacity;
        uint64_t from_ns; /* what seems older is not in the heap yet; 0 = all is */
        bool has_after;
        struct clew_hot_after after;
};

/* Begins behind @after (NULL: with the newest), over @list of the snapshot @txn. 0 or an error. */
CLEW_MUST_USE int clew_hot_order_begin(struct clew_hot_order *o, struct clew_env *env, MDB_txn *txn,
                                       struct clew_hot_list *list,
                                       const struct clew_hot_after *after, struct clew_error *err);
void clew_hot_order_end(struct clew_hot_order *o); /* zeroed is fine */
/* 1 = @ret is the newest that is left, 0 = none is, or an error. */
CLEW_MUST_USE int clew_hot_order_first(struct clew_hot_order *o, const struct clew_hot_trace **ret,
                                       struct clew_error *err);
/* It is given. */
void clew_hot_order_take(struct clew_hot_order *o);
/* Asks the trace index for all of @list. 0 or an error. */
CLEW_MUST_USE int clew_hot_place_all(struct clew_env *env, MDB_txn *txn, struct clew_hot_list *list,
                                     struct clew_error *err);

#endif
