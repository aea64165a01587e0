/*
 * A text that does not stand in one place: cut into parts, as streaming and messages of several
 * parts do it, it goes on in the next text of the same name. It is followed from text to text, in
 * each name's own order, over any number of cuts; digits in names do not count, so that
 * "messages.0.content" goes on in "messages.1.content".
 *
 * Only within one message at a time, and only where lengths stay: the earlier parts lie behind.
 */
#ifndef CLEW_PROTO_MASK_JOINT_H
#define CLEW_PROTO_MASK_JOINT_H

#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/slice.h"

#include <stddef.h>
#include <stdint.h>

/* Names whose texts are followed at a time; parts of one text. */
#define CLEW_JOINT_NAMES 8u
#define CLEW_JOINT_PARTS_MAX 1024u

struct clew_joint;

/* Bytes of a message that hold a part of the text. */
struct clew_joint_part {
        size_t from;
        size_t to;
};

/* @text is borrowed. 0, -ENOMEM. */
CLEW_MUST_USE int clew_joint_new(struct clew_slice text, struct clew_joint **ret);
void clew_joint_free(struct clew_joint *j); /* NULL is fine */
/* Before each message. */
void clew_joint_begin(struct clew_joint *j);

/*
 * The next text, called @name. @place gives the place in the message of a place in @text (the
 * second flag: of an end); it is asked in ascending order. Appends to @parts those of each text
 * that is whole now; returns how many such.
 */
unsigned clew_joint_next(struct clew_joint *j, struct clew_slice name, struct clew_slice text,
                         size_t (*place)(void *context, size_t at, bool is_end), void *context,
                         struct clew_buffer *parts);

#endif
