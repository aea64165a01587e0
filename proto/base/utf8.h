/*
 * UTF-8 as bytes of unknown quality: trace text may hold anything.
 *
 * Well-formed means RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. Each
 * maximal broken part counts as one U+FFFD, so that a reader and a writer agree on positions.
 */
#ifndef CLEW_PROTO_BASE_UTF8_H
#define CLEW_PROTO_BASE_UTF8_H

#include "proto/base/compiler.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLEW_UTF8_REPLACEMENT 0xfffdu
#define CLEW_UTF8_BYTES_MAX 4u

CLEW_MUST_USE bool clew_utf8_valid(struct clew_slice s);
/* Length of the longest well-formed prefix. */
CLEW_MUST_USE size_t clew_utf8_valid_prefix(struct clew_slice s);

/*
 * Takes the first code point off @s and returns it, U+FFFD for a broken part (then *ret_valid,
 * which may be NULL, is false). @s must not be empty.
 */
uint32_t clew_utf8_next(struct clew_slice *s, bool *ret_valid);

/* Encodes @code_point (surrogates and what is too large become U+FFFD); returns 1 to 4. */
size_t clew_utf8_encode(uint32_t code_point, uint8_t ret[CLEW_UTF8_BYTES_MAX]);

/*
 * Whether @code_point acts on what shows it, or cannot be seen: C0, DEL and C1 controls, line and
 * paragraph separators, marks of direction, characters of no width (Unicode's default ignorable
 * ones: joiners, fillers, variation selectors, tags ...), private use and noncharacters. Text with
 * them can rewrite a screen or hide an instruction; where it is shown they are written as escapes.
 */
CLEW_MUST_USE bool clew_utf8_is_hidden(uint32_t code_point);

/* @s cut to at most @max_bytes without splitting a code point. */
struct clew_slice clew_utf8_cut(struct clew_slice s, size_t max_bytes);

#endif
