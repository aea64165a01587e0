/*
 * Regular expressions of strangers: linear-time syntax only, matched under limits.
 *
 * The one file that includes PCRE2. Look-around, references back, recursion and the like are
 * refused; what remains is matched under a limit of steps for each place at which a match may
 * begin, so that a hostile pattern ends. A pattern is read by many threads; each of them has a room
 * of its own.
 */
#ifndef CLEW_PROTO_BASE_PATTERN_H
#define CLEW_PROTO_BASE_PATTERN_H

#include "proto/base/compiler.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A longer pattern is a program. */
#define CLEW_PATTERN_BYTES_MAX 4096u

struct clew_pattern;
struct clew_pattern_room;

/* 0, -EINVAL with a message of what is wrong at which byte of @text, -ENOMEM. @whole: what it
 * matches is all of a text. */
CLEW_MUST_USE int clew_pattern_new(struct clew_slice text, bool whole, struct clew_pattern **ret,
                                   size_t *ret_offset, char *ret_message, size_t message_size);
void clew_pattern_free(struct clew_pattern *p); /* NULL is fine */

/* What one thread matches with, for any pattern. @steps: of one place; NULL: no memory. */
CLEW_MUST_USE struct clew_pattern_room *clew_pattern_room_new(uint32_t steps);
void clew_pattern_room_free(struct clew_pattern_room *room); /* NULL is fine */

/* A part of a text in which a match is looked for. */
struct clew_pattern_place {
        struct clew_slice text;
        size_t from;   /* a match begins here, or later */
        bool is_begin; /* the part begins where the text does ... */
        bool is_end;   /* ... and ends where it does */
};

/* 1 = there is a match, from *ret_from to *ret_to in the part; 0 = none; -E2BIG = a limit ended it.
 */
CLEW_MUST_USE int clew_pattern_find(const struct clew_pattern *p, struct clew_pattern_room *room,
                                    const struct clew_pattern_place *place, size_t *ret_from,
                                    size_t *ret_to);

#endif
