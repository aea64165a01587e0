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

/*
 * That order @id was taken back at @at_ns: `back.`, both. Its text names who had not done it. It
 * stays for a day, so that who waits learns of it.
 */
struct clew_order_back {
        uint64_t id;
        uint64_t at_ns; /* unix */
};
#define CLEW_ORDER_BACK_NS (24 * 3600 * CLEW_NS_PER_S)
CLEW_MUST_USE bool clew_order_back_read(const char *leaf, struct clew_order_back *ret);
void clew_order_back_name(const struct clew_order_back *b, char ret[CLEW_ORDER_NAME_MAX]);
/* That @writer is retired: `gone.` and its name. */
CLEW_MUST_USE bool clew_order_gone_read(const char *leaf, char ret[CLEW_TIER_WRITER_BYTES]);
void clew_order_gone_name(const char *writer, char ret[CLEW_ORDER_NAME_MAX]);

/* Appends; what is too long is -EMSGSIZE. */
CLEW_MUST_USE int clew_order_encode(const struct clew_order *o, struct clew_buffer *out);
/* @ret points into @bytes. False: they are no order, a damaged one, or of a later format. */
CLEW_MUST_USE bool clew_order_decode(struct clew_slice bytes, struct clew_order *ret);

#endif
