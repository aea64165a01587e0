/*
 * What the bytes of a text are, 64 at a time, as masks: the lowest bit is that of the first byte.
 *
 * On processors that have it sixteen bytes are looked at together; elsewhere one after the other,
 * with the same result (tests/unit/test-terms).
 */
#ifndef CLEW_QUERY_FIND_INDEX_MASKS_INT_H
#define CLEW_QUERY_FIND_INDEX_MASKS_INT_H

#include "proto/base/compiler.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define CLEW_MASK_BYTES 64u

struct clew_masks {
        uint64_t letters; /* below 0x80 */
        uint64_t digits;
        uint64_t high; /* 0x80 and above */
        uint64_t spaces;
        uint64_t quotes;
};

static inline void clew_masks_add_byte(struct clew_masks *m, uint8_t c, size_t i)
{
        m->letters |= (uint64_t)((uint8_t)((c | 0x20) - 'a') < 26) << i;
        m->digits |= (uint64_t)((uint8_t)(c - '0') < 10) << i;
        m->high |= (uint64_t)(c >> 7) << i;
        m->spaces |= (uint64_t)(c == ' ') << i;
        m->quotes |= (uint64_t)(c == '"') << i;
}

/* Of @n bytes, at most CLEW_MASK_BYTES; bits behind them are 0. */
static inline struct clew_masks clew_masks_one_by_one(const uint8_t *at, size_t n)
{
        struct clew_masks m = {0};

        for (size_t i = 0; i < n; i++)
                clew_masks_add_byte(&m, at[i], i);
        return m;
}

#ifdef __SSE2__

/* Those of 16 bytes, shifted: @from are the lowest bits that count of them, and @to says where. */
static inline void clew_masks_add_16(struct clew_masks *m, __m128i v, unsigned from, size_t to)
{
        __m128i letter = _mm_sub_epi8(_mm_or_si128(v, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
        __m128i digit = _mm_sub_epi8(v, _mm_set1_epi8('0'));

#define CLEW_MASKS_BITS(x) ((uint64_t)((unsigned)_mm_movemask_epi8(x) >> from) << to)
        m->letters |=
                CLEW_MASKS_BITS(_mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(25)), letter));
        m->digits |= CLEW_MASKS_BITS(_mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit));
        m->high |= CLEW_MASKS_BITS(v);
        m->spaces |= CLEW_MASKS_BITS(_mm_cmpeq_epi8(v, _mm_set1_epi8(' ')));
        m->quotes |= CLEW_MASKS_BITS(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')));
#undef CLEW_MASKS_BITS
}

static inline struct clew_masks clew_masks_of(const uint8_t *at, size_t n)
{
        struct clew_masks m = {0};
        size_t i = 0;

        if (n < 16) {
                uint8_t few[16] = {0};

                memcpy(few, at, n);
                clew_masks_add_16(&m, _mm_loadu_si128((const __m128i *)(const void *)few), 0, 0);
                return m;
        }
        for (; i + 16 <= n; i += 16)
                clew_masks_add_16(&m, _mm_loadu_si128((const __m128i *)(const void *)(at + i)), 0,
                                  i);
        if (i < n) /* the last 16, of which the first were looked at */
                clew_masks_add_16(&m, _mm_loadu_si128((const __m128i *)(const void *)(at + n - 16)),
                                  (unsigned)(16 - (n - i)), i);
        return m;
}

#else

static inline struct clew_masks clew_masks_of(const uint8_t *at, size_t n)
{
        return clew_masks_one_by_one(at, n);
}

#endif
#endif
