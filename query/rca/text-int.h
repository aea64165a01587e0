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

/* The set of characters in a text, both cases of a letter as one, by their lowest six bits. */
static inline uint64_t letters_of(struct clew_slice t)
{
        uint64_t ret = 0;

        for (size_t i = 0; i < t.len; i++)
                ret |= 1ull << (lower(t.data[i]) % 64);
        return ret;
}

/* False when a character of @word, in lower case, is none of the set. */
static inline bool has_letters(uint64_t letters, const char *word)
{
        while (*word && (letters >> ((uint8_t)*word % 64) & 1))
                word++;
        return !*word;
}

/* @value stands in @text with no letter or digit on either side. */
static inline bool holds_whole(struct clew_slice text, struct clew_slice value)
{
        size_t at = 0;

        while (value.len && at < text.len) {
                const uint8_t *hit = clew_find(clew_slice_from(text, at), value.data, value.len);
                size_t from;
                size_t end;

                if (!hit)
                        return false;
                from = (size_t)(hit - text.data);
                end = from + value.len;
                if ((from == 0 || !clew_word_class[text.data[from - 1]]) &&
                    (end == text.len || !clew_word_class[text.data[end]]))
                        return true;
                at = from + 1;
        }
        return false;
}

/* Room for every head and tail that word lists are looked up in. */
#define LOWER_MAX 2048u

/* Places for runs of three bytes: a text of some hundred bytes takes a tenth of them. */
#define RUN_PLACES 2048u

/* A lower-case copy of at most LOWER_MAX bytes, and which runs of three bytes it holds: most words
 * of a list are excluded by their first or last run, the others are searched for. */
struct lowered {
        size_t len;
        uint8_t has[RUN_PLACES];
        uint8_t text[LOWER_MAX + 1];
};

/* The place of a run, whose bytes are the highest three of @run. */
static inline uint32_t run_place(uint32_t run)
{
        return run * 0x9e3779b1u / (UINT32_MAX / RUN_PLACES + 1);
}

/* Notes the runs of @n bytes at @text, behind which a further one can be read, in @has, RUN_PLACES
 * places that hold zeros. */
static inline void note_runs(const uint8_t *text, size_t n, uint8_t *has)
{
        size_t i = 0;

        for (; i + 8 <= n; i += 6) { /* six runs at once */
                uint64_t eight;

                memcpy(&eight, text + i, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
                eight = __builtin_bswap64(eight);
#endif
                has[run_place((uint32_t)eight << 8)] = 1;
                for (unsigned k = 0; k < 5; k++)
                        has[run_place((uint32_t)(eight >> 8 * k) & 0xffffff00u)] = 1;
        }
        for (; i + 3 <= n; i++) {
                uint32_t four;

                memcpy(&four, text + i, 4);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
                four = __builtin_bswap32(four);
#endif
                has[run_place(four << 8)] = 1;
        }
}

static inline void make_lowered(struct clew_slice t, struct lowered *ret)
{
        size_t n = t.len < LOWER_MAX ? t.len : LOWER_MAX;

        memset(ret->has, 0, sizeof(ret->has));
        for (size_t k = 0; k < n; k++) /* apart, since it is many bytes at once */
                ret->text[k] = lower(t.data[k]);
        ret->text[n] = 0;
        note_runs(ret->text, n, ret->has);
        ret->len = n;
}

/* False when the three bytes at @three stand nowhere. */
static inline bool is_noted(const uint8_t *has, const uint8_t *three)
{
        return has[run_place((uint32_t)three[0] << 8 | (uint32_t)three[1] << 16 |
                             (uint32_t)three[2] << 24)] != 0;
}

static inline bool has_run(const struct lowered *l, const char *three)
{
        return is_noted(l->has, (const uint8_t *)three);
}

/* Where it stands first, or -1. A long text has one or the other run of most words, but seldom all
 * of one. */
static inline ptrdiff_t word_at(const struct lowered *l, const char *needle)
{
        const uint8_t *at;
        size_t n = 2;

        if (!needle[0] || !needle[1]) {
                n = strlen(needle);
        } else {
                for (; needle[n]; n++) {
                        if (!has_run(l, needle + n - 2))
                                return -1;
                }
        }
        at = clew_find(clew_slice_make(l->text, l->len), needle, n);
        return at ? at - l->text : -1;
}

static inline bool has_word(const struct lowered *l, const char *needle)
{
        return word_at(l, needle) >= 0;
}

/* Bytes of a text whose letters alone exclude most words. */
#define LETTERS_MAX 48u

/* So few words are sooner looked for one by one. */
#define FEW_WORDS 6u

static inline bool has_any(struct clew_slice t, const char *const *list, size_t n)
{
        struct lowered l;

        if (t.len > LOWER_MAX)
                t.len = LOWER_MAX;
        if (n <= FEW_WORDS && t.len > LETTERS_MAX) {
                for (size_t i = 0; i < n; i++) {
                        if (clew_text_find(t, list[i]) >= 0)
                                return true;
                }
                return false;
        }
        if (t.len <= LETTERS_MAX) {
                uint64_t letters = letters_of(t);

                for (size_t i = 0; i < n; i++) {
                        if (has_letters(letters, list[i]) && clew_text_find(t, list[i]) >= 0)
                                return true;
                }
                return false;
        }
        make_lowered(t, &l);
        for (size_t i = 0; i < n; i++) {
                if (has_word(&l, list[i]))
                        return true;
        }
        return false;
}

#define HAS_ANY(text, list) has_any(text, list, CLEW_ARRAY_LEN(list))

#endif
