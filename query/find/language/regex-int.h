/*
 * Regular expressions of a query: linear-time syntax only, anchored at both ends, and bounded.
 *
 * What a simple comparison can do (a literal, a literal at the
 * beginning, a literal anywhere) is recognised and done without it. Look-around, references back,
 * recursion and the like are refused, as TraceQL's own syntax has none; what remains is matched
 * under a limit of steps, so that a hostile pattern ends.
 */
#ifndef CLEW_QUERY_LANGUAGE_REGEX_INT_H
#define CLEW_QUERY_LANGUAGE_REGEX_INT_H

#include "proto/base/compiler.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct clew_regex;

enum clew_regex_shape {
        CLEW_REGEX_EXACT,    /* the literal */
        CLEW_REGEX_PREFIX,   /* literal.* */
        CLEW_REGEX_CONTAINS, /* .*literal.* */
        CLEW_REGEX_ANY,      /* .* */
        CLEW_REGEX_PATTERN,
};

/* 0, -EINVAL with a message of what is wrong at which byte of @pattern, -ENOMEM. */
CLEW_MUST_USE int clew_regex_new(struct clew_slice pattern, struct clew_regex **ret,
                                 size_t *ret_offset, char *ret_message, size_t message_size);
void clew_regex_free(struct clew_regex *regex); /* NULL is fine */

enum clew_regex_shape clew_regex_shape(const struct clew_regex *regex);
/* Of all shapes but PATTERN. Owned by @regex. */
struct clew_slice clew_regex_literal(const struct clew_regex *regex);

/* The pattern begins with (?i). */
bool clew_regex_ignores_case(const struct clew_regex *regex);

/* The pattern without `.*` at its ends; "(?i)" stays. Owned by @regex. */
struct clew_slice clew_regex_core(const struct clew_regex *regex);

/* Texts that are read off a pattern (regex-literals.c). */
#define CLEW_REGEX_LITERALS_MAX 32u

struct clew_regex_literals {
        struct {
                struct clew_slice text; /* of `bytes` */
                uint32_t choice;        /* one of those with the same number is there; 0 = it is */
        } items[CLEW_REGEX_LITERALS_MAX];
        uint32_t n;
        uint8_t bytes[4096];
};

/* Fills @ret with texts that each match of @pattern holds, in any case of letters when the pattern
 * takes no notice of it. False: none is known. */
bool clew_regex_literals(struct clew_slice pattern, struct clew_regex_literals *ret);

/* 1 = the whole @text matches, 0 = it does not, -E2BIG = a limit ended it. One thread at a time. */
CLEW_MUST_USE int clew_regex_match(const struct clew_regex *regex, struct clew_slice text);
/* Where in @text the pattern stands, for showing it: `.*` at its ends left out. */
CLEW_MUST_USE int clew_regex_find(const struct clew_regex *regex, struct clew_slice text,
                                  size_t *ret_from, size_t *ret_to);

/* For a pattern that is asked once: 1 = it stands somewhere in @text, 0 = it does not, -EINVAL = it
 * is no pattern that is taken, -E2BIG = a limit ended it, -ENOMEM. */
CLEW_MUST_USE int clew_regex_search(struct clew_slice pattern, struct clew_slice text);

#endif
