/*
 * Which language a text is written in, by its script or its commonest words. For "the answer is in
 * another language than the question", nothing finer.
 */
#ifndef CLEW_QUERY_RCA_LANGUAGE_H
#define CLEW_QUERY_RCA_LANGUAGE_H

#include "proto/base/slice.h"

#include <stdbool.h>

enum clew_language {
        CLEW_LANGUAGE_UNKNOWN, /* too short, mixed, or none of these */
        CLEW_LANGUAGE_ENGLISH,
        CLEW_LANGUAGE_GERMAN,
        CLEW_LANGUAGE_FRENCH,
        CLEW_LANGUAGE_SPANISH,
        CLEW_LANGUAGE_ITALIAN,
        CLEW_LANGUAGE_PORTUGUESE,
        CLEW_LANGUAGE_DUTCH,
        CLEW_LANGUAGE_CYRILLIC, /* scripts, where one script is enough to tell */
        CLEW_LANGUAGE_GREEK,
        CLEW_LANGUAGE_ARABIC,
        CLEW_LANGUAGE_HEBREW,
        CLEW_LANGUAGE_INDIC,
        CLEW_LANGUAGE_THAI,
        CLEW_LANGUAGE_KOREAN,
        CLEW_LANGUAGE_HAN, /* Chinese and Japanese */
        CLEW_LANGUAGE_COUNT,
};

/* "German", "Cyrillic script"; for people. */
const char *clew_language_name(enum clew_language language);
/* Looks at the first half KiB. */
enum clew_language clew_language_of(struct clew_slice text);
/* True when @text names the language ("in German", "Spanish"), in English. */
bool clew_language_is_named(enum clew_language language, struct clew_slice text);

#endif
