/*
 * What stands in the place of the texts that a rule of retention has left out of a trace: a
 * skeleton (storage/keep/README.md has the why).
 *
 * A *stand-in* is as long as its text: the first 12 bytes are a keyed hash of it, half a byte each,
 * in sixteen signs that are neither letters nor digits and mean nothing in JSON; the rest is '~'.
 * So the same text gives the same stand-in, no length or offset changes, and nobody finds a word in
 * it. Shorter texts have as much of the hash as fits.
 *
 * That a trace is a skeleton, and what was known of it by its texts, is told by a *note*: field
 * CLEW_FIELD_DATA_LEFT_OUT of its TracesData, which nobody outside can send (the walk takes
 * resources alone). Several traces of one run have several.
 *
 *     version 1 | time (unix ns) varint | items varint | texts varint | bytes varint
 *     | five times length varint, bytes: the rule's words, the summary of then, what was found of
 * its failure (query/rca/recall.c), and the last two of the run in several traces that it is of
 */
#ifndef CLEW_QUERY_MODEL_LEFT_OUT_H
#define CLEW_QUERY_MODEL_LEFT_OUT_H

#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLEW_STAND_IN_HASH_BYTES 12u
#define CLEW_STAND_IN_FILL '~'
/* Of the rule's own words, so much is kept. */
#define CLEW_LEFT_OUT_RULE_MAX 120u
#define CLEW_LEFT_OUT_KEY_BYTES 32u

/* The same of the run that the trace is a part of, when that is of several. */
struct clew_left_out_run {
        struct clew_slice summary;
        struct clew_slice why;
};

struct clew_left_out_note {
        uint64_t time_ns; /* when */
        uint64_t items;   /* spans and log records that the trace had then */
        uint64_t texts;   /* that were left out */
        uint64_t bytes;   /* of them */
        struct clew_slice rule;
        struct clew_slice summary; /* encoded, of then */
        struct clew_slice why;     /* for rca to read; may be empty */
        struct clew_left_out_run run;
};

/* Whether a trace is a skeleton. */
enum clew_left_out {
        CLEW_LEFT_OUT_NOTHING,
        CLEW_LEFT_OUT_ALL,  /* of all that it has */
        CLEW_LEFT_OUT_SOME, /* more came later, with its texts */
};

/* Puts the stand-in of @text in its place. @key is the store's own. */
void clew_stand_in_put(const uint8_t key[CLEW_LEFT_OUT_KEY_BYTES], uint8_t *text, size_t n);
/* Whether a text of a skeleton is one. */
bool clew_stand_in_is(struct clew_slice text);
/* A text of a skeleton as it is shown: a stand-in, also one that stands for a list or an object of
 * JSON, as "[1234 bytes left out, #3f0a91c2]", from @arena; the digits are those of the hash. JSON
 * in which values are stand-ins has such a string for each. Another text, and all when memory is
 * short, as it is. */
struct clew_slice clew_stand_in_show(struct clew_slice text, struct clew_arena *arena);

/* Appends the note as a field of TracesData. 0 or an error of @out or memory. */
CLEW_MUST_USE int clew_left_out_write(const struct clew_left_out_note *note,
                                      struct clew_buffer *out);
/* The next note in @traces from *@at on, which is 0 at first; false when there is no further one.
 * Slices point into @traces. */
bool clew_left_out_next(struct clew_slice traces, size_t *at, struct clew_left_out_note *ret);
/* Whether there are several. */
bool clew_left_out_is_joined(struct clew_slice traces);
/* @traces, whose notes stand in front, without them. */
struct clew_slice clew_left_out_behind(struct clew_slice traces);

#endif
