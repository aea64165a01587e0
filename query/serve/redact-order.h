/*
 * What another writer of the bucket has redacted, redacted here too: the same as clew redact, in
 * the store of whoever has taken the order (storage/order.h).
 */
#ifndef CLEW_QUERY_SERVE_REDACT_ORDER_H
#define CLEW_QUERY_SERVE_REDACT_ORDER_H

#include "storage/erase.h"
#include "storage/order.h"

/*
 * 0 = nothing of what @order names is in @store any more; the audit log has a line when something
 * was, @ret_places of it. -EINVAL: it is not understood; -ECANCELED: @how->is_over() has ended it.
 * No message names what is to go. @how->dropped is set here.
 */
CLEW_MUST_USE int clew_redact_order(struct clew_store *store, const struct clew_order *order,
                                    const struct clew_rewrite_options *how, uint64_t *ret_places,
                                    struct clew_error *err);

#endif
