/*
 * Attribute values as text and numbers: the decoding rules that all fields share.
 *
 * A value may arrive as a structured AnyValue, as text that holds JSON, as JSON text inside a JSON
 * string, as plain text, or cut at a length limit. These functions take any of them; what cannot
 * be read in the wanted form is reported as absent, never as an error.
 */
#ifndef CLEW_QUERY_MODEL_VALUE_INT_H
#define CLEW_QUERY_MODEL_VALUE_INT_H

#include "proto/base/arena.h"
#include "proto/base/slice.h"
#include "proto/otlp/span.h"

#include <stdbool.h>
#include <stdint.h>

/* Text of @value: strings are borrowed, numbers and bools printed, structures rendered as JSON
 * (bytes as base64). A null slice for an empty value or when memory is short. */
struct clew_slice clew_value_text(const struct clew_value *value, struct clew_arena *arena);

/* Bytes that are JSON in UTF-8 are the text that somebody encoded: @value becomes it. Others, and
 * all other types, stay. */
void clew_value_decode_bytes(struct clew_value *value);

/* Finite numbers only: int, double, decimal text. */
CLEW_MUST_USE bool clew_value_number(const struct clew_value *value, double *ret);
CLEW_MUST_USE bool clew_value_flag(const struct clew_value *value, bool *ret);

/* Text that is itself a JSON string is unquoted, twice if need be; other text is returned as is. */
struct clew_slice clew_text_unquote(struct clew_slice text, struct clew_arena *arena);

/*
 * The member at @path ("usage.inputTokens") of the JSON object in @text: strings decoded, other
 * values as their JSON. A null slice when it is missing or null. Members named with dots are not
 * reachable; a number in the path is a place in an array. Python's repr() of a dictionary is read
 * too.
 */
struct clew_slice clew_text_member(struct clew_slice text, const char *path,
                                   struct clew_arena *arena);

/* What stands behind "@name=" in a printed object of Python ("Usage(total=7, in=3)", "total=7
 * in=3"), up to the next space, comma or bracket; NULL in JSON, in long texts, and for a path. */
struct clew_slice clew_text_pair(struct clew_slice text, const char *name);
/* The same in a value that may be structured. */
struct clew_slice clew_value_member(const struct clew_value *value, const char *path,
                                    struct clew_arena *arena);

/* First element of an array, of a JSON array, of a comma-joined list; or the text itself. */
struct clew_slice clew_value_first(const struct clew_value *value, struct clew_arena *arena);

/* Whether the text could be a JSON object or array, by its first character. */
static inline bool clew_text_is_json(struct clew_slice text)
{
        for (size_t i = 0; i < text.len; i++) {
                uint8_t c = text.data[i];

                if (c == '{' || c == '[')
                        return true;
                if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
                        return false;
        }
        return false;
}

/* JSON whose strings write characters as escapes ("\\u5317") with the characters themselves; ASCII
 * stays escaped, so that it is the same JSON. Other text, and JSON without such escapes, is
 * returned as it is. */
struct clew_slice clew_text_readable(struct clew_slice text, struct clew_arena *arena);

/* Whether the text is a JSON list whose first element is a part of a message, by its first member.
 */
bool clew_text_is_parts(struct clew_slice text);

/* ISO 8601 in UTC or with an offset, as unix time. */
CLEW_MUST_USE bool clew_text_time(struct clew_slice text, uint64_t *ret_ns);

/* A mark that stands for content which was taken out. */
bool clew_text_is_redaction(struct clew_slice text);

/* A number in decimal text. */
CLEW_MUST_USE bool clew_text_number(struct clew_slice text, double *ret);

#endif
