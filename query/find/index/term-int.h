/*
 * Terms: what the text of a trace is cut into for the index, and a searched text likewise.
 *
 * A text is found wherever it stands, inside of words too. Folded to one case it falls into *runs*
 * of signs of one class: letters and digits together; signs of scripts that put no spaces between
 * words; everything else separates. Of a run of the indexed text is kept
 *
 *     letters only, 32 at most     the word; and that there is such a word, under each second of
 *                                  its further ends ("refund": "fund" + "re", "nd" + "refu")
 *     digits only                  each four in a row, of shorter ones nothing
 *     letters and digits, or long  three in a row from each second one on, and the last three
 *     Chinese, Japanese            each two in a row
 *     Thai, Lao, Khmer ...         each three in a row
 *
 * A searched text is cut alike. A run with something on both sides of it is a whole run of what is
 * found; one at an end of the searched text may be a piece of a longer one: it is *open* there. The
 * traces in which all parts of it are may hold it; whoever asked looks at them.
 *
 * Texts are cut as they stand and as they read without JSON escapes, layer by layer, as the search
 * (query/find/text.h) looks at them. Classes and cutting go by the sign alone, so that what is cut
 * out of a text is cut at the same places.
 */
#ifndef CLEW_QUERY_FIND_INDEX_TERM_INT_H
#define CLEW_QUERY_FIND_INDEX_TERM_INT_H

#include "proto/base/arena.h"
#include "proto/base/slice.h"
#include "query/find/language/regex-int.h"
#include "query/model/trace.h"
#include "storage/index.h"

#include <stdbool.h>
#include <stdint.h>

/* Raised when the same text gives other terms, or runs are laid out otherwise. */
#define CLEW_TERMS_VERSION 4u
/* Signs of a run that are looked at together; longer ones come in pieces that overlap. */
#define CLEW_TERM_RUN_SIGNS 256u
/* Signs that two pieces share: those of the longest gram less one, and even: so that each second
 * sign is the same one in all pieces. */
#define CLEW_TERM_OVERLAP 4u
#define CLEW_TERM_WORD_SIGNS 32u
/* In front of a gram: what it was cut from. */
#define CLEW_TERM_MIXED 'g' /* of each second sign, and of the last three */
#define CLEW_TERM_DIGITS 'n'
#define CLEW_TERM_DENSE 's'
/* A trace whose terms are not all there: it may hold any text. */
#define CLEW_TERM_ANY CLEW_SLICE_LITERAL("!")

enum clew_term_class {
        CLEW_TERM_SEPARATES,
        CLEW_TERM_LETTER,
        CLEW_TERM_DIGIT,
        CLEW_TERM_PAIRS,   /* no spaces between words: two in a row */
        CLEW_TERM_TRIPLES, /* three */
};

struct clew_term_run {
        const uint8_t *bytes;                 /* folded; eight can be read from each sign on */
        uint16_t at[CLEW_TERM_RUN_SIGNS + 1]; /* where each sign begins, and the end */
        uint8_t is[CLEW_TERM_RUN_SIGNS];      /* enum clew_term_class */
        uint32_t n;
        bool letters; /* nothing but */
        bool digits;
        bool dense;
        bool piece; /* of a longer run */
        bool open_left;
        bool open_right;
};

/* Calls @fn for each run of @text, which is folded on the way. A result that is not 0 ends it. */
int clew_term_runs(struct clew_slice text,
                   int (*fn)(void *context, const struct clew_term_run *run), void *context);

/* Signs of the gram that begins at sign @i of a run. */
unsigned clew_term_gram_signs(const struct clew_term_run *run, uint32_t i);

/* The terms of one text, layer by layer, each as often as it stands there: most of them many at a
 * time. */
struct clew_term_taker {
        void (*add)(void *context, enum clew_index_kind kind, struct clew_slice key);
        void (*add_words)(void *context, const struct clew_index_word *words, uint32_t n);
        void *context;
};
/* 0 or -ENOMEM: then some are missing. */
CLEW_MUST_USE int clew_term_take(struct clew_slice text, const struct clew_term_taker *taker);

/* All texts of a trace. Never an error: a trace whose terms are too many is told as one of any
 * text. */
void clew_terms_give(const struct clew_trace *trace, struct clew_index_sink *sink);

/* How a run is asked: the functions of storage/index.h, or a test's. */
struct clew_term_asked {
        int (*find)(void *context, enum clew_index_kind kind, struct clew_slice key,
                    struct clew_index_set *into, struct clew_error *err);
        int (*walk)(void *context, enum clew_index_kind kind, struct clew_slice from,
                    int (*fn)(void *context, struct clew_slice key, struct clew_slice posting),
                    void *fn_context, struct clew_error *err);
        int (*add)(struct clew_slice posting, struct clew_index_set *into);
        void *context;
        bool has_parts; /* words are listed under their ends, too: storage/index/parts-int.h */
};

/*
 * The traces that may hold @text: 1 = *ret, which is empty, has them and perhaps more, 0 = all may,
 * and *ret is as it was; negative = damage, or no memory.
 */
CLEW_MUST_USE int clew_terms_of_text(const struct clew_term_asked *asked, struct clew_slice text,
                                     struct clew_index_set *ret, struct clew_error *err);
/* Those in which @regex may match a text. */
CLEW_MUST_USE int clew_terms_of_regex(const struct clew_term_asked *asked,
                                      const struct clew_regex *regex, struct clew_index_set *ret,
                                      struct clew_error *err);
/* Both of a run of the store. */
CLEW_MUST_USE int clew_terms_choose_text(struct clew_index_run *run, struct clew_slice text,
                                         struct clew_index_set *ret, struct clew_error *err);
CLEW_MUST_USE int clew_terms_choose(struct clew_index_run *run, const struct clew_regex *regex,
                                    struct clew_index_set *ret, struct clew_error *err);

#endif
