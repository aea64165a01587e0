/*
 * SHA-256 with the SHA extensions of x86: two rounds an instruction. The processor is asked once;
 * elsewhere nothing of this is there, and the plain code does it.
 *
 * The instructions keep the state as two vectors, ABEF and CDGH (from the highest word down), and
 * the last sixteen words of the schedule as four.
 */
#include "proto/base/sha256-int.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>
#include <stdatomic.h>

/* Bits of CPUID leaf 1, ECX, and of leaf 7, EBX. */
#define HAS_SSSE3 (1u << 9)
#define HAS_SSE41 (1u << 19)
#define HAS_SHA (1u << 29)

static bool ask(void)
{
        unsigned a;
        unsigned b;
        unsigned c;
        unsigned d;

        if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & HAS_SSSE3) || !(c & HAS_SSE41))
                return false;
        return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & HAS_SHA);
}

bool clew_sha256_has_x86(void)
{
        static atomic_int known; /* 0 = not asked yet, 1 = no, 2 = yes */
        int is = atomic_load_explicit(&known, memory_order_relaxed);

        if (is == 0) {
                is = ask() ? 2 : 1;
                atomic_store_explicit(&known, is, memory_order_relaxed);
        }
        return is == 2;
}

#define SHA __attribute__((target("sha,sse4.1,ssse3")))

/* Four rounds with the words @w, of which the first has number @i. */
SHA static inline void rounds(__m128i *abef, __m128i *cdgh, __m128i w, unsigned i)
{
        __m128i k = _mm_loadu_si128((const __m128i *)(const void *)&clew_sha256_k[i]);
        __m128i x = _mm_add_epi32(w, k);

        *cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, x);
        *abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32(x, 0x0e));
}

/* The four words behind @w[0..3]. */
SHA static inline __m128i next_words(const __m128i w[4])
{
        __m128i x = _mm_add_epi32(_mm_sha256msg1_epu32(w[0], w[1]), _mm_alignr_epi8(w[3], w[2], 4));

        return _mm_sha256msg2_epu32(x, w[3]);
}

SHA static void mix_one(__m128i *abef, __m128i *cdgh, const uint8_t *p)
{
        const __m128i turned = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
        __m128i a = *abef;
        __m128i c = *cdgh;
        __m128i w[4];

        for (unsigned i = 0; i < 4; i++) {
                w[i] = _mm_loadu_si128((const __m128i *)(const void *)(p + (size_t)16 * i));
                w[i] = _mm_shuffle_epi8(w[i], turned);
                rounds(&a, &c, w[i], 4 * i);
        }
        for (unsigned i = 16; i < 64; i += 4) {
                __m128i next = next_words(w);

                w[0] = w[1];
                w[1] = w[2];
                w[2] = w[3];
                w[3] = next;
                rounds(&a, &c, next, i);
        }
        *abef = _mm_add_epi32(*abef, a);
        *cdgh = _mm_add_epi32(*cdgh, c);
}

SHA void clew_sha256_mix_x86(uint32_t state[8], const uint8_t *p, size_t n)
{
        __m128i *to = (__m128i *)(void *)state;
        __m128i abcd = _mm_shuffle_epi32(_mm_loadu_si128(to), 0x1b);     /* highest first */
        __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128(to + 1), 0x1b); /* the same */
        __m128i abef = _mm_unpackhi_epi64(efgh, abcd);
        __m128i cdgh = _mm_unpacklo_epi64(efgh, abcd);

        for (; n > 0; n--, p += CLEW_SHA256_BLOCK)
                mix_one(&abef, &cdgh, p);
        abcd = _mm_unpackhi_epi64(cdgh, abef);
        efgh = _mm_unpacklo_epi64(cdgh, abef);
        _mm_storeu_si128(to, _mm_shuffle_epi32(abcd, 0x1b));
        _mm_storeu_si128(to + 1, _mm_shuffle_epi32(efgh, 0x1b));
}

#else

bool clew_sha256_has_x86(void)
{
        return false;
}

void clew_sha256_mix_x86(uint32_t state[8], const uint8_t *p, size_t n)
{
        clew_sha256_mix_plain(state, p, n);
}

#endif
