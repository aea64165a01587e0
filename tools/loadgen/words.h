/*
 * Made-up text in several languages, for traces whose words differ from run to run as those of real
 * ones do: the words of a language have Zipf frequencies, frequent ones are short, and some
 * languages write without spaces.
 */
#ifndef CLEW_TOOLS_LOADGEN_WORDS_H
#define CLEW_TOOLS_LOADGEN_WORDS_H

#include "proto/base/buffer.h"
#include "proto/base/slice.h"

#include <stdint.h>

enum clew_words_language {
        CLEW_WORDS_ENGLISH,
        CLEW_WORDS_GERMAN,
        CLEW_WORDS_SPANISH,
        CLEW_WORDS_RUSSIAN,
        CLEW_WORDS_KOREAN,
        CLEW_WORDS_ARABIC,
        CLEW_WORDS_CHINESE,
        CLEW_WORDS_JAPANESE,
        CLEW_WORDS_THAI,
};
#define CLEW_WORDS_LANGUAGES 9u

/* A small generator (splitmix64): the same seed gives the same numbers everywhere. */
struct clew_dice {
        uint64_t state;
};

uint64_t clew_dice_next(struct clew_dice *dice);
uint32_t clew_dice_below(struct clew_dice *dice, uint32_t n);

struct clew_words;

struct clew_words *clew_words_new(uint64_t seed); /* NULL: no memory */
void clew_words_free(struct clew_words *words);

/* A rank below @n, @n up to 20000, as frequent as Zipf has it. */
uint32_t clew_words_rank(const struct clew_words *words, struct clew_dice *dice, uint32_t n);
/* Appends @n words as a sentence. */
void clew_words_put(const struct clew_words *words, enum clew_words_language language,
                    struct clew_dice *dice, unsigned n, struct clew_buffer *out);

#endif
