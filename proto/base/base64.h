/*
 * Base64 (RFC 4648): writes the standard alphabet with padding; reads both alphabets, padded or
 * not, as the protobuf JSON mapping asks of readers.
 */
#ifndef CLEW_PROTO_BASE_BASE64_H
#define CLEW_PROTO_BASE_BASE64_H

#include "proto/base/buffer.h"
#include "proto/base/slice.h"

/* Appends the text of @bytes; errors are those of @out. */
void clew_base64_encode(struct clew_slice bytes, struct clew_buffer *out);

/* Appends the bytes of @text. False when @text is not base64 (then nothing is appended); line
 * breaks are not accepted. Errors of @out are left to the caller. */
CLEW_MUST_USE bool clew_base64_decode(struct clew_slice text, struct clew_buffer *out);

/* How many bytes @text stands for, judged by its length and padding alone. */
size_t clew_base64_decoded_length(struct clew_slice text);

#endif
