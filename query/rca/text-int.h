/*
 * What the files of text.h share: characters, heads and tails of texts, word lists.
 */
#ifndef CLEW_QUERY_RCA_TEXT_INT_H
#define CLEW_QUERY_RCA_TEXT_INT_H

#include "query/rca/text.h"

#include "proto/base/compiler.h"

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

/* Room for every head and tail that word lists are looked up in. */
#define LOWER_MAX 2048u

/* A lower-case copy of at most LOWER_MAX bytes: one pass, then memmem for each word of a list. */
static inline struct clew_slice lowered(struct clew_slice t, uint8_t buffer[LOWER_MAX])
{
        size_t n = t.len < LOWER_MAX ? t.len : LOWER_MAX;

        for (size_t i = 0; i < n; i++)
                buffer[i] = lower(t.data[i]);
        return clew_slice_make(buffer, n);
}

static inline bool has_word(struct clew_slice lowered_text, const char *needle)
{
        return memmem(lowered_text.data ? (const void *)lowered_text.data : "", lowered_text.len,
                      needle, strlen(needle)) != NULL;
}

static inline bool has_any(struct clew_slice t, const char *const *list, size_t n)
{
        uint8_t buffer[LOWER_MAX];
        struct clew_slice l = lowered(t, buffer);

        for (size_t i = 0; i < n; i++) {
                if (has_word(l, list[i]))
                        return true;
        }
        return false;
}

#define HAS_ANY(text, list) has_any(text, list, CLEW_ARRAY_LEN(list))

#endif
