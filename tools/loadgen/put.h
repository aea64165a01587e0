/*
 * Writes OTLP protobuf field by field, lengths first, without copies: for generators that make
 * gigabytes. Errors (no memory) are remembered by the buffer.
 */
#ifndef CLEW_TOOLS_LOADGEN_PUT_H
#define CLEW_TOOLS_LOADGEN_PUT_H

#include "proto/base/buffer.h"
#include "proto/base/slice.h"

#include <stddef.h>
#include <stdint.h>

/* Bytes of a message of @body bytes as a field below 16, with its head. */
size_t clew_put_nested_len(size_t body);
/* Only the head of it: @body bytes are to follow. */
void clew_put_nested_begin(struct clew_buffer *out, uint32_t field, size_t body);
/* A message, string or bytes as field @field (below 16). */
void clew_put_nested(struct clew_buffer *out, uint32_t field, struct clew_slice body);
void clew_put_fixed64(struct clew_buffer *out, uint32_t field, uint64_t value);
/* KeyValue { key, value { string } } or { int } as field @field. */
void clew_put_text(struct clew_buffer *out, uint32_t field, const char *key,
                   struct clew_slice value);
void clew_put_int(struct clew_buffer *out, uint32_t field, const char *key, uint64_t value);

#endif
