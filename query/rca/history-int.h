/*
 * What is kept of the input of each model call, for a later turn of the same agent that begins with
 * the same messages.
 */
#ifndef CLEW_QUERY_RCA_HISTORY_INT_H
#define CLEW_QUERY_RCA_HISTORY_INT_H

#include "query/rca/input-int.h"
#include "query/rca/view-int.h"

struct clew_rca_history {
        uint32_t n;              /* messages; 0 when it is not known what stood there */
        uint32_t spoken;         /* of them, without those of the system */
        uint64_t system;         /* of the first system prompt, 0 = none */
        struct clew_slice heard; /* the latest thing that a user said, as far as rules look */
};

/* Before anything is read: there is something to keep only where several calls begin a group. 0 or
 * -ENOMEM. */
CLEW_MUST_USE int clew_rca_begin_histories(struct clew_rca_builder *b);
/* The input of LLM step @i as clew_rca_new_input() gives it. @ret_old: what is known of the
 * messages that were left out at its beginning, when they are those of an earlier turn; else NULL.
 */
CLEW_MUST_USE int clew_rca_read_input(struct clew_rca_builder *b, uint32_t i,
                                      struct clew_rca_input *ret,
                                      const struct clew_rca_history **ret_old);
/* Keeps what is known of it once it was read. @heard: of the last user's message in @in, or null.
 */
void clew_rca_keep_history(struct clew_rca_builder *b, uint32_t i, const struct clew_rca_input *in,
                           const struct clew_rca_history *old, struct clew_slice heard);

#endif
