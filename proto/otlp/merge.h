/*
 * One rule for what a trace is when its parts were sent in pieces, twice, or out of order.
 *
 * Identity of a span is (trace id, span id). Of several copies the one that has ended, then the one
 * that ends later, then the one with more encoded bytes counts, then the one that came first; of
 * those that have not ended the last one. What only other copies tell is told in front of it
 * (union.h), but in a trace whose texts were left out (CLEW_FIELD_DATA_LEFT_OUT), where a resend
 * brings nothing back. An identical resend therefore changes nothing. Log records have no identity;
 * byte-equal records under equal envelopes count as resends and are kept once.
 */
#ifndef CLEW_PROTO_OTLP_MERGE_H
#define CLEW_PROTO_OTLP_MERGE_H

#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/base/slice.h"
#include "proto/otlp/walk.h"

/*
 * Merges @n encoded TracesData (LogsData) of one trace, given in arrival order, into one and
 * appends it to @out. Envelopes with byte-equal resource and scope parts become one, in order of
 * first appearance; spans keep arrival order (the copy that counts takes the place of the first
 * one). Idempotent: merging the result again gives the same bytes. @scratch holds the index and may
 * be reset afterwards. Returns 0, -EBADMSG (a part is not well-formed), -ENOMEM, or the error of
 * @out.
 * @ret_items (may be NULL) receives the number of items kept.
 */
CLEW_MUST_USE int clew_otlp_merge(const struct clew_slice *parts, size_t n,
                                  enum clew_otlp_signal signal, struct clew_arena *scratch,
                                  struct clew_buffer *out, size_t *ret_items);

/* The same of the first @max_items items alone, as they stand in the parts. */
CLEW_MUST_USE int clew_otlp_merge_some(const struct clew_slice *parts, size_t n,
                                       enum clew_otlp_signal signal, size_t max_items,
                                       struct clew_arena *scratch, struct clew_buffer *out,
                                       size_t *ret_items);

#endif
