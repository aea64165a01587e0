/*
 * Envelopes: ResourceSpans round ScopeSpans round spans, and the logs twin. What an envelope says
 * about its items is all its fields but the items; here they are split off and written again.
 */
#ifndef CLEW_PROTO_OTLP_ENVELOPE_INT_H
#define CLEW_PROTO_OTLP_ENVELOPE_INT_H

#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/base/slice.h"
#include "proto/otlp/wire.h"

struct clew_envelope {
        struct clew_slice head; /* Resource or InstrumentationScope; the last one if repeated */
        struct clew_slice rest; /* every field but the items, in order, as encoded */
        size_t n_heads;
        size_t n_items;     /* fields number 2, or the other number ... */
        size_t n_min_items; /* ... of them those of at least the given length */
        bool has_other;     /* some have the other number */
};

/*
 * Splits one encoded envelope, looking at its top level only. @also is a second number of the field
 * that holds items (of another type it is one that nobody knows), or 2. Slices point into @raw, or
 * into
 * @arena when the rest lies in several pieces. Without @arena (NULL) the rest is left empty.
 * Returns 0; -EBADMSG with @ret_bad at the wrong field; -ENOMEM.
 */
CLEW_MUST_USE int clew_envelope_split(struct clew_slice raw, size_t min_item, uint32_t also,
                                      struct clew_arena *arena, struct clew_envelope *ret,
                                      const uint8_t **ret_bad);

/* Bytes of a length-delimited field with a one-byte tag and a payload of @len bytes. */
size_t clew_envelope_field_size(size_t len);
/* Tag and length of such a field. */
void clew_envelope_write_head(struct clew_buffer *out, uint32_t number, size_t len);

#endif
