/*
 * Where a word stands in bytes. Like memmem(), several times as fast for the words of programs in
 * the texts that agents write: the seldomest byte of the word is searched for at the speed of
 * memory, and only there is compared. On bytes made to defeat it, it takes their number times the
 * length of the word: for words of ours, never for a sender's own text of any length.
 */
#ifndef CLEW_PROTO_BASE_FIND_H
#define CLEW_PROTO_BASE_FIND_H

#include "proto/base/slice.h"

#include <stddef.h>
#include <stdint.h>

/* The first place in @in where the @n bytes at @word stand, or NULL; @in.data when @n is 0. */
const uint8_t *clew_find(struct clew_slice in, const void *word, size_t n);

#endif
