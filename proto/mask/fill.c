#include "proto/mask/fill.h"

#include <string.h>

#define HEAD "[redacted:"
#define HEAD_BYTES (sizeof(HEAD) - 1)
/* Hex digits of the hash that say enough; shorter places have stars and what fits. */
#define ROOM_MIN (HEAD_BYTES + 1 + 4)

void clew_mask_hash(struct clew_slice text, const uint8_t key[CLEW_MASK_KEY_BYTES],
                    uint8_t ret[CLEW_SHA256_BYTES])
{
        struct clew_sha256 h;

        clew_sha256_init(&h);
        clew_sha256_add(&h, clew_slice_make(key, CLEW_MASK_KEY_BYTES));
        clew_sha256_add(&h, text);
        clew_sha256_end(&h, ret);
        clew_sha256_init(&h); /* and once more with the key: no length can be added behind */
        clew_sha256_add(&h, clew_slice_make(key, CLEW_MASK_KEY_BYTES));
        clew_sha256_add(&h, clew_slice_make(ret, CLEW_SHA256_BYTES));
        clew_sha256_end(&h, ret);
}

static void put_digits(const uint8_t hash[CLEW_SHA256_BYTES], uint8_t *to, size_t n)
{
        static const char digits[] = "0123456789abcdef";

        for (size_t i = 0; i < n; i++) {
                uint8_t b = hash[i / 2 % CLEW_SHA256_BYTES];

                to[i] = (uint8_t)digits[i % 2 ? b & 15 : b >> 4];
        }
}

void clew_mask_fill(struct clew_slice text, const uint8_t key[CLEW_MASK_KEY_BYTES], uint8_t *to,
                    size_t n)
{
        uint8_t hash[CLEW_SHA256_BYTES];

        clew_mask_hash(text, key, hash);
        if (n >= ROOM_MIN) {
                memcpy(to, HEAD, HEAD_BYTES);
                put_digits(hash, to + HEAD_BYTES, n - HEAD_BYTES - 1);
                to[n - 1] = ']';
        } else if (n > 2) {
                put_digits(hash, to + 1, n - 2);
                to[0] = to[n - 1] = '*';
        } else {
                memset(to, '*', n);
        }
}

void clew_mask_fill_digits(struct clew_slice text, const uint8_t key[CLEW_MASK_KEY_BYTES],
                           uint8_t *to, size_t n)
{
        uint8_t hash[CLEW_SHA256_BYTES];

        clew_mask_hash(text, key, hash);
        put_digits(hash, to, n);
}
