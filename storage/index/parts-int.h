/*
 * Words under their ends, so that a piece of a word finds it without reading all words.
 *
 * For each second sign of a word behind its first there is a key: the word from there to its end, a
 * zero, and what stands before ("refund": `fund 0 re`, `nd 0 refu`; the last sign begins none). A
 * piece of three signs or more that stands in a word begins the word, or one of these keys, or does
 * so without its first sign, which then is the last one behind the zero.
 *
 * Runs of few words do without, and read them all: those that sealing writes, and small merged
 * ones. A larger merged run gets the list from the words that went into it.
 */
#ifndef CLEW_STORAGE_INDEX_PARTS_INT_H
#define CLEW_STORAGE_INDEX_PARTS_INT_H

#include "proto/base/buffer.h"
#include "storage/index/run-int.h"

/* Fewer words are read as fast as a list of them. */
#define CLEW_PARTS_WORDS_MIN 32768u
/* Bytes of words and of their places: a run has some hundred thousand words. One with more goes
 * without a list. */
#define CLEW_PARTS_BYTES_MAX ((size_t)64 << 20)

struct clew_parts {
        struct clew_buffer words;
        uint32_t n_words;
        struct clew_buffer places; /* struct place of parts.c */
        uint32_t next;             /* that clew_parts_next() gives */
        bool is_sorted;
};

void clew_parts_init(struct clew_parts *p);
void clew_parts_deinit(struct clew_parts *p); /* zeroed is fine */
/* Adds a word of UTF-8 text; each is given once. */
void clew_parts_add(struct clew_parts *p, struct clew_slice word);
/* The keys in order, into @ret (room for CLEW_INDEX_KEY_MAX). Its length; 0 = end, or too many. No
 * word is added behind the first call. */
size_t clew_parts_next(struct clew_parts *p, uint8_t *ret);

#endif
