/*
 * The bytes of an order, and the names of its objects: storage/FORMAT.md, "Orders".
 *
 * They stand in the folder `writers`, so that the list of who writes says also what is to be done:
 * who looks for others asks for nothing more. Names of writers have no dot.
 */
#ifndef CLEW_STORAGE_TIER_ORDER_INT_H
#define CLEW_STORAGE_TIER_ORDER_INT_H

#include "storage/order.h"

/* With the folder. */
#define CLEW_ORDER_NAME_MAX 96u
#define CLEW_ORDER_OBJECT_MAX (CLEW_ORDER_WHAT_MAX + 256u)

/* What a name of the folder is. */
struct clew_order_name {
        uint64_t id;
        bool is_mark;                        /* that @writer has done it; else the order itself */
        char writer[CLEW_TIER_WRITER_BYTES]; /* "" = the one without a name */
};
/* @leaf: without the folder. False: it is none of an order. */
CLEW_MUST_USE bool clew_order_name_read(const char *leaf, struct clew_order_name *ret);
/* With the folder. */
void clew_order_name(const struct clew_order_name *n, char ret[CLEW_ORDER_NAME_MAX]);

/* Appends; what is too long is -EMSGSIZE. */
CLEW_MUST_USE int clew_order_encode(const struct clew_order *o, struct clew_buffer *out);
/* @ret points into @bytes. False: they are no order, a damaged one, or of a later format. */
CLEW_MUST_USE bool clew_order_decode(struct clew_slice bytes, struct clew_order *ret);

#endif
