/*
 * The words of a text, one by one: runs of letters, digits and bytes that are not ASCII. Where they
 * stand is found 64 bytes at a time, and a word is hashed by seven bytes at once, both cases of an
 * ASCII letter as one.
 */
#ifndef CLEW_QUERY_RCA_WORDS_INT_H
#define CLEW_QUERY_RCA_WORDS_INT_H

#include "query/rca/text-int.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define WORDS_BLOCK 64u

struct word_scan {
        struct clew_slice text;
        size_t block;    /* where the bits begin */
        uint64_t bits;   /* bytes of words among WORDS_BLOCK that were not given yet */
        uint64_t digits; /* those among them that are digits */
};

/* Of a text from @from to @to. */
struct scanned_word {
        size_t from;
        size_t to;
        bool digit; /* there is one in it */
};

/* Marks the bytes of words, and the digits, among WORDS_BLOCK from @p on. */
static inline void mark_words(const uint8_t *p, struct word_scan *ret)
{
        ret->bits = 0;
        ret->digits = 0;
#ifdef __SSE2__
        for (unsigned i = 0; i < WORDS_BLOCK; i += 16) {
                __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
                __m128i a = _mm_sub_epi8(_mm_or_si128(v, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
                __m128i d = _mm_sub_epi8(v, _mm_set1_epi8('0'));

                a = _mm_cmpeq_epi8(_mm_min_epu8(a, _mm_set1_epi8(25)), a);
                d = _mm_cmpeq_epi8(_mm_min_epu8(d, _mm_set1_epi8(9)), d);
                /* The highest bit of what is not ASCII stands for itself. */
                v = _mm_or_si128(v, _mm_or_si128(a, d));
                ret->bits |= (uint64_t)(unsigned)_mm_movemask_epi8(v) << i;
                ret->digits |= (uint64_t)(unsigned)_mm_movemask_epi8(d) << i;
        }
#else
        for (unsigned i = 0; i < WORDS_BLOCK; i++) {
                ret->bits |= (uint64_t)(clew_word_class[p[i]] != 0) << i;
                ret->digits |= (uint64_t)is_digit(p[i]) << i;
        }
#endif
}

/* The block at @at; behind the end of the text there are no words. */
static inline void scan_block(struct word_scan *s, size_t at)
{
        uint8_t room[WORDS_BLOCK];

        s->block = at;
        if (s->text.len - at >= WORDS_BLOCK) {
                mark_words(s->text.data + at, s);
                return;
        }
        memset(room, 0, sizeof(room));
        memcpy(room, s->text.data + at, s->text.len - at);
        mark_words(room, s);
}

static inline struct word_scan word_scan_of(struct clew_slice text)
{
        struct word_scan s = {.text = text};

        if (text.len)
                scan_block(&s, 0);
        return s;
}

/* The next word; false when there is none. */
static inline bool scan_word(struct word_scan *s, struct scanned_word *ret)
{
        uint64_t behind; /* bytes of no word, behind the beginning of this one */
        uint64_t upto;

        while (!s->bits) {
                if (s->text.len - s->block <= WORDS_BLOCK)
                        return false;
                scan_block(s, s->block + WORDS_BLOCK);
        }
        ret->from = s->block + (unsigned)__builtin_ctzll(s->bits);
        ret->digit = false;
        behind = ~(s->bits | (s->bits - 1));
        while (!behind) {
                ret->digit |= (s->digits & s->bits) != 0;
                if (s->text.len - s->block <= WORDS_BLOCK) {
                        ret->to = s->text.len;
                        s->bits = 0;
                        return true;
                }
                scan_block(s, s->block + WORDS_BLOCK);
                behind = ~s->bits;
        }
        ret->to = s->block + (unsigned)__builtin_ctzll(behind);
        upto = (behind & -behind) - 1;
        ret->digit |= (s->digits & s->bits & upto) != 0;
        s->bits &= ~upto;
        return true;
}

/* Bytes of a word that are hashed at once: with nine bits for each they fit in a hash. */
#define WORD_PIECE 7u

/* @n bytes of @t at @at, the first one highest, each in its lower form. */
static inline uint64_t word_piece(struct clew_slice t, size_t at, size_t n)
{
        uint64_t w = 0;

        if (t.len - at < sizeof(w)) {
                for (size_t i = 0; i < n; i++)
                        w = w << 8 | clew_word_class[t.data[at + i]];
                return w;
        }
        memcpy(&w, t.data + at, sizeof(w));
        /* The bit of the case: digits have it already, and what is not ASCII stays as it is. */
        w |= UINT64_C(0x2020202020202020) & ~(w >> 2);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        w = __builtin_bswap64(w);
#endif
        return w >> (64 - 8 * n);
}

/* The bytes of @w at nine bits each: those above the fourth move by four bits, of each four two by
 * two more, of each two one by one more. */
static inline uint64_t spread_piece(uint64_t w)
{
        const uint64_t twos = UINT64_C(0x0ff00000ffff0000);
        const uint64_t ones = UINT64_C(0x000ff003fc00ff00);

        w += (w >> 32) * (15ull << 32);
        w += (w & twos) * 3;
        return w + (w & ones);
}

/* The hash of a word of @t: that of word_hash_add() for each of its bytes. */
static inline uint64_t hash_of_word(struct clew_slice t, const struct scanned_word *word)
{
        uint64_t h = 0;

        for (size_t at = word->from; at < word->to;) {
                size_t left = word->to - at;
                size_t n = left < WORD_PIECE ? left : WORD_PIECE;

                h = (h << 9 * n | h >> (64 - 9 * n)) ^ spread_piece(word_piece(t, at, n));
                at += n;
        }
        return word_hash_end(h);
}

#endif
