/*
 * What other writers of the bucket have redacted is redacted here too (storage/order.h): a thread
 * of low priority takes the orders that wait for this writer, one after the other, and does what
 * clew redact does. Text that comes afterwards is not looked at.
 */
#ifndef CLEW_COLLECTOR_ORDERS_H
#define CLEW_COLLECTOR_ORDERS_H

#include "collector/commit/pipeline.h"
#include "proto/base/account.h"
#include "storage/order.h"

struct clew_orders;

/* All borrowed; they outlive it. */
struct clew_orders_options {
        struct clew_store *store;
        struct clew_tier *tier;
        struct clew_pipeline *pipeline;
        struct clew_mem_pool *memory;
        const char *project;
};

CLEW_MUST_USE int clew_orders_new(const struct clew_orders_options *options,
                                  struct clew_orders **ret);
/* Ends it; one that is half done is done again at the next start. NULL is fine. */
void clew_orders_free(struct clew_orders *o);

#endif
