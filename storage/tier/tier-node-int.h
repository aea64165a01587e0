/*
 * Nodes that tell of themselves in the bucket, and a reader's asking them for their tails.
 */
#ifndef CLEW_STORAGE_TIER_NODE_INT_H
#define CLEW_STORAGE_TIER_NODE_INT_H

#include "storage/bucket/bucket-int.h"
#include "storage/tier/tier-int.h"

/* What a reader knows of nodes. Of one thread, but for clew_nodes_gap(). */
struct clew_nodes;

/* @key_file and @ca_file: NULL or "" = none. */
struct clew_nodes *clew_nodes_new(const char *key_file, const char *ca_file);
void clew_nodes_free(struct clew_nodes *n); /* NULL is fine */
/* Ends what is under way, from any thread. */
void clew_nodes_stop(struct clew_nodes *n);
/* Asks whom it is time to ask, of the @n_of writers @of; all are of the store of @t. @ret_erased:
 * something was erased at a node; @ret_lost: second parts (tier-second-int.h) were. What nodes do
 * not answer is kept as a gap; an error is of this store. */
CLEW_MUST_USE int clew_nodes_step(struct clew_nodes *n, struct clew_tier *t,
                                  const struct clew_nodes_of *of, uint32_t n_of, bool *ret_erased,
                                  bool *ret_lost, struct clew_error *err);
/* Whose tail is not known now, in words; false: nobody's. Any thread. */
bool clew_nodes_gap(struct clew_nodes *n, char *ret, size_t size);
/* Their addresses, as far as @ret has room; "" = none is known. Any thread. */
void clew_nodes_name(struct clew_nodes *n, char *ret, size_t size);
/* Nodes that are known, and of them those that answer. Any thread. */
void clew_nodes_count(struct clew_nodes *n, uint32_t *ret_all, uint32_t *ret_reached);

#endif
