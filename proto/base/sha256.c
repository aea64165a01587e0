/*
 * See sha256.h. The constants are the first 32 bits of the fractional parts of the cube roots of
 * the first 64 primes and of the square roots of the first 8 (FIPS 180-4, 4.2.2 and 5.3.3).
 */
#include "proto/base/sha256-int.h"

#include <string.h>

const uint32_t clew_sha256_k[64] = {
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
        0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
        0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
        0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
        0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
        0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
        0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
        0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
        0xc67178f2,
};

static uint32_t turn(uint32_t x, unsigned n)
{
        return x >> n | x << (32 - n);
}

static uint32_t load(const uint8_t *p)
{
        return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Word @i of the schedule, over the one sixteen before it. */
static uint32_t next_word(uint32_t w[16], unsigned i)
{
        uint32_t a = w[(i + 1) % 16];
        uint32_t b = w[(i + 14) % 16];

        w[i % 16] += (turn(a, 7) ^ turn(a, 18) ^ a >> 3) + w[(i + 9) % 16] +
                     (turn(b, 17) ^ turn(b, 19) ^ b >> 10);
        return w[i % 16];
}

/* Round @i; a round later each name is its neighbour's, so s is turned by index and not moved. */
static void step(uint32_t s[8], unsigned i, uint32_t word)
{
        uint32_t *d = &s[(3 - i) % 8];
        uint32_t *h = &s[(7 - i) % 8];
        uint32_t a = s[-i % 8];
        uint32_t b = s[(1 - i) % 8];
        uint32_t c = s[(2 - i) % 8];
        uint32_t e = s[(4 - i) % 8];
        uint32_t f = s[(5 - i) % 8];
        uint32_t g = s[(6 - i) % 8];
        uint32_t t1 = *h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + (g ^ (e & (f ^ g))) +
                      clew_sha256_k[i] + word;

        *d += t1;
        *h = t1 + (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) | (c & (a | b)));
}

void clew_sha256_mix_plain(uint32_t state[8], const uint8_t *p, size_t n)
{
        for (; n > 0; n--, p += CLEW_SHA256_BLOCK) {
                uint32_t w[16];
                uint32_t s[8];

                for (unsigned i = 0; i < 16; i++)
                        w[i] = load(p + 4 * i);
                memcpy(s, state, sizeof(s));
                for (unsigned i = 0; i < 16; i++)
                        step(s, i, w[i]);
                for (unsigned at = 16; at < 64; at += 16) {
                        for (unsigned i = 0; i < 16; i++)
                                step(s, at + i, next_word(w, i));
                }
                for (unsigned i = 0; i < 8; i++)
                        state[i] += s[i];
        }
}

static void mix(uint32_t state[8], const uint8_t *p, size_t n)
{
        if (clew_sha256_has_x86())
                clew_sha256_mix_x86(state, p, n);
        else
                clew_sha256_mix_plain(state, p, n);
}

void clew_sha256_init(struct clew_sha256 *h)
{
        static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                          0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

        memcpy(h->state, start, sizeof(start));
        h->n_block = 0;
        h->n_bytes = 0;
}

void clew_sha256_add(struct clew_sha256 *h, struct clew_slice s)
{
        h->n_bytes += s.len;
        while (s.len > 0) {
                size_t n = sizeof(h->block) - h->n_block;

                if (h->n_block == 0 && s.len >= sizeof(h->block)) {
                        mix(h->state, s.data, s.len / sizeof(h->block));
                        s = clew_slice_from(s, s.len - s.len % sizeof(h->block));
                        continue;
                }
                if (n > s.len)
                        n = s.len;
                memcpy(h->block + h->n_block, s.data, n);
                h->n_block += n;
                s = clew_slice_from(s, n);
                if (h->n_block == sizeof(h->block)) {
                        mix(h->state, h->block, 1);
                        h->n_block = 0;
                }
        }
}

void clew_sha256_end(struct clew_sha256 *h, uint8_t ret[CLEW_SHA256_BYTES])
{
        static const uint8_t pad[64] = {0x80};
        uint64_t bits = h->n_bytes * 8;
        size_t n = (h->n_block < 56 ? 56 : 120) - h->n_block;
        uint8_t length[8];

        for (unsigned i = 0; i < 8; i++)
                length[i] = (uint8_t)(bits >> (56 - 8 * i));
        clew_sha256_add(h, clew_slice_make(pad, n));
        clew_sha256_add(h, clew_slice_make(length, sizeof(length)));
        for (unsigned i = 0; i < CLEW_SHA256_BYTES; i++)
                ret[i] = (uint8_t)(h->state[i / 4] >> (24 - 8 * (i % 4)));
}

void clew_sha256_of(struct clew_slice s, uint8_t ret[CLEW_SHA256_BYTES])
{
        struct clew_sha256 h;

        clew_sha256_init(&h);
        clew_sha256_add(&h, s);
        clew_sha256_end(&h, ret);
}
