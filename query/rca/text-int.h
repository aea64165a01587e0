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

/* What a byte is in a word: its lower form, 0 between words. */
extern const uint8_t clew_word_class[256];

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

/* Bits for runs of three bytes; a tenth of them are set by a text of LOWER_MAX. */
#define RUN_BITS 8192u

/* A lower-case copy of at most LOWER_MAX bytes, and which runs of three bytes it holds: most words
 * of a list are excluded by their first or last run, the others are searched for. */
struct lowered {
        size_t len;
        uint64_t runs[RUN_BITS / 64];
        uint8_t text[LOWER_MAX];
};

/* The run that @c ends, from the one before it. */
static inline uint32_t run_add(uint32_t run, uint8_t c)
{
        return (run << 5 ^ c) % RUN_BITS;
}

static inline void make_lowered(struct clew_slice t, struct lowered *ret)
{
        size_t n = t.len < LOWER_MAX ? t.len : LOWER_MAX;
        uint32_t run = 0;

        memset(ret->runs, 0, sizeof(ret->runs));
        for (size_t i = 0; i < n; i++) /* apart, since it is many bytes at once */
                ret->text[i] = lower(t.data[i]);
        for (size_t i = 0; i < n; i++) {
                run = run_add(run, ret->text[i]);
                ret->runs[run / 64] |= 1ull << (run % 64);
        }
        ret->len = n;
}

/* False when the three bytes at @three stand nowhere. What of a fourth byte is left in a run has
 * left it by then. */
static inline bool has_run(const struct lowered *l, const char *three)
{
        uint32_t run = run_add(run_add(run_add(0, (uint8_t)three[0]), (uint8_t)three[1]),
                               (uint8_t)three[2]);

        return (l->runs[run / 64] >> (run % 64) & 1) != 0;
}

/* Where it stands first, or -1. */
static inline ptrdiff_t word_at(const struct lowered *l, const char *needle)
{
        const uint8_t *at;
        size_t n;

        if (needle[0] && needle[1] && needle[2] && !has_run(l, needle))
                return -1;
        n = strlen(needle);
        if (n > 3 && !has_run(l, needle + n - 3))
                return -1;
        at = clew_find(clew_slice_make(l->text, l->len), needle, n);
        return at ? at - l->text : -1;
}

static inline bool has_word(const struct lowered *l, const char *needle)
{
        return word_at(l, needle) >= 0;
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
