/*
 * What the files of text.h share: characters, heads and tails of texts, word lists.
 */
#ifndef CLEW_QUERY_RCA_TEXT_INT_H
#define CLEW_QUERY_RCA_TEXT_INT_H

#include "query/rca/text.h"

#include "proto/base/compiler.h"
#include "proto/base/find.h"

static inline uint8_t lower(uint8_t c)
{
        return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static inline bool is_digit(uint8_t c)
{
        return c >= '0' && c <= '9';
}

static inline bool is_alpha(uint8_t c)
{
        c = lower(c);
        return (c >= 'a' && c <= 'z') || c >= 0x80;
}

static inline bool is_space(uint8_t c)
{
        return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static inline struct clew_slice head(struct clew_slice t, size_t n)
{
        if (t.len > n)
                t.len = n;
        return t;
}

static inline struct clew_slice tail(struct clew_slice t, size_t n)
{
        return t.len > n ? clew_slice_from(t, t.len - n) : t;
}

/* The hash of a word, byte by byte: one rotation each, where a multiplication is four times as
 * slow; nine bits, so that neighbours do not meet before the eighth. */
static inline uint64_t word_hash_add(uint64_t h, uint8_t c)
{
        return (h << 9 | h >> 55) ^ c;
}

static inline uint64_t word_hash_end(uint64_t h)
{
        h *= 0x9e3779b97f4a7c15u;
        return h ^ h >> 32;
}

/* Room for every head and tail that word lists are looked up in. */
#define LOWER_MAX 2048u

/* Bits for the pairs of neighbouring letters of a text; few of them are set by a text of LOWER_MAX.
 */
#define PAIR_BITS 4096u

/* A lower-case copy of at most LOWER_MAX bytes, and which pairs of letters it holds: most words of
 * a list are excluded by a pair, the others are searched for. */
struct lowered {
        size_t len;
        uint64_t pairs[PAIR_BITS / 64];
        uint8_t text[LOWER_MAX];
};

static inline uint32_t pair_of(uint8_t a, uint8_t b)
{
        return ((uint32_t)a << 5 ^ b) % PAIR_BITS;
}

static inline void make_lowered(struct clew_slice t, struct lowered *ret)
{
        size_t n = t.len < LOWER_MAX ? t.len : LOWER_MAX;
        uint8_t before = 0;

        memset(ret->pairs, 0, sizeof(ret->pairs));
        for (size_t i = 0; i < n; i++) {
                uint8_t c = lower(t.data[i]);
                uint32_t pair = pair_of(before, c);

                ret->text[i] = c;
                ret->pairs[pair / 64] |= 1ull << (pair % 64);
                before = c;
        }
        ret->len = n;
}

static inline bool has_pair(const struct lowered *l, const char *two)
{
        uint32_t pair = pair_of((uint8_t)two[0], (uint8_t)two[1]);

        return (l->pairs[pair / 64] >> (pair % 64) & 1) != 0;
}

static inline bool has_word(const struct lowered *l, const char *needle)
{
        size_t n;

        if (needle[0] && needle[1] && !has_pair(l, needle))
                return false;
        n = strlen(needle);
        if (n > 2 && !has_pair(l, needle + n - 2))
                return false;
        return clew_find(clew_slice_make(l->text, l->len), needle, n) != NULL;
}

static inline bool has_any(struct clew_slice t, const char *const *list, size_t n)
{
        struct lowered l;

        make_lowered(t, &l);
        for (size_t i = 0; i < n; i++) {
                if (has_word(&l, list[i]))
                        return true;
        }
        return false;
}

#define HAS_ANY(text, list) has_any(text, list, CLEW_ARRAY_LEN(list))

#endif
