/*
 * Made-up text in several languages, for traces whose words differ from run to run as those of real
 * ones do: the words of a language have Zipf frequencies, frequent ones are short, and some
 * languages write without spaces.
 */
#ifndef CLEW_TOOLS_LOADGEN_LEXICON_H
#define CLEW_TOOLS_LOADGEN_LEXICON_H

#include "proto/base/buffer.h"
#include "proto/base/slice.h"

#include <stdint.h>

enum clew_lexicon_language {
        CLEW_LEXICON_ENGLISH,
        CLEW_LEXICON_GERMAN,
        CLEW_LEXICON_SPANISH,
        CLEW_LEXICON_RUSSIAN,
        CLEW_LEXICON_KOREAN,
        CLEW_LEXICON_ARABIC,
        CLEW_LEXICON_CHINESE,
        CLEW_LEXICON_JAPANESE,
        CLEW_LEXICON_THAI,
};
#define CLEW_LEXICON_LANGUAGES 9u

/* A small generator (splitmix64): the same seed gives the same numbers everywhere. */
struct clew_dice {
        uint64_t state;
};

uint64_t clew_dice_next(struct clew_dice *dice);
uint32_t clew_dice_below(struct clew_dice *dice, uint32_t n);

struct clew_lexicon;

struct clew_lexicon *clew_lexicon_new(uint64_t seed); /* NULL: no memory */
void clew_lexicon_free(struct clew_lexicon *words);

/* A rank below @n, @n up to 20000, as frequent as Zipf has it. */
uint32_t clew_lexicon_rank(const struct clew_lexicon *words, struct clew_dice *dice, uint32_t n);
/* Appends @n words as a sentence. */
void clew_lexicon_put(const struct clew_lexicon *words, enum clew_lexicon_language language,
                      struct clew_dice *dice, unsigned n, struct clew_buffer *out);

#endif
