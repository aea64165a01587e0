/*
 * JSON Schema: whether a value has the shape that somebody asked for, and if not, where.
 *
 * The keywords of draft 2020-12 that describe data: type, enum, const, properties,
 * patternProperties, additionalProperties, required, propertyNames, minProperties, maxProperties,
 * items, prefixItems, minItems, maxItems, uniqueItems, minLength, maxLength, pattern, minimum,
 * maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, allOf, anyOf, oneOf, not, and $ref to a
 * place in the same schema ("#/$defs/NAME"). Notes (title, description, default, format ...) check
 * nothing. Any other keyword is refused when the schema is read: a check that is asked for and not
 * made would be worse than none.
 *
 * Both are strangers' texts: there is no recursion, nesting and steps are bounded.
 */
#ifndef CLEW_QUERY_REVIEW_SHAPE_H
#define CLEW_QUERY_REVIEW_SHAPE_H

#include "proto/base/arena.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "proto/base/slice.h"

/* A schema is written by hand; more is a program. */
#define CLEW_SHAPE_BYTES_MAX ((size_t)64 << 10)

struct clew_shape;

/* Reads and checks @json, which is borrowed. The result lives in @arena. 0, -EINVAL with a message
 * that names the place in the schema, -ENOMEM. */
CLEW_MUST_USE int clew_shape_read(struct clew_slice json, struct clew_arena *arena,
                                  const struct clew_shape **ret, struct clew_error *err);

/* 0 when @value, which is JSON, has the shape; -EINVAL with a message "/path: what is wrong";
 * -E2BIG when it takes too many steps; -ENOMEM. @arena is scratch. */
CLEW_MUST_USE int clew_shape_check(const struct clew_shape *schema, struct clew_slice value,
                                   struct clew_arena *arena, struct clew_error *err);

#endif
