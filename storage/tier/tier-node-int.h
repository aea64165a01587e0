/*
 * Nodes that tell of themselves in the bucket, and a reader's asking them for their tails.
 */
#ifndef CLEW_STORAGE_TIER_NODE_INT_H
#define CLEW_STORAGE_TIER_NODE_INT_H

#include "storage/bucket/bucket-int.h"
#include "storage/tier/tier-int.h"

/* What a reader knows of nodes. Of one thread, but for clew_nodes_gap(). */
struct clew_nodes;

#define CLEW_NODE_FOLDER "node"
#define CLEW_NODE_URL_BYTES 512u

/* The address that object @name of that folder has. -ENOENT: it is gone; -EBADMSG: it has none. */
CLEW_MUST_USE int clew_node_read(struct clew_object_bucket *b, const char *name,
                                 char ret[CLEW_NODE_URL_BYTES], struct clew_error *err);

/* Whether writer @w of the prefix @url may be taken for gone: 0, -EBUSY: it seems to run, and @err
 * says why; or an error. It takes some seconds (tier-alive.c). */
CLEW_MUST_USE int clew_tier_check_gone(const char *url, const struct clew_tier_writer *w,
                                       struct clew_error *err);
/* What clew_tier_each_writer() tells of one (tier-retire.c). */
CLEW_MUST_USE int clew_tier_look_at_writer(const char *url, const char *name,
                                           struct clew_tier_writer *ret, struct clew_error *err);

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
