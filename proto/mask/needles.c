#include "proto/mask/needles.h"

#include "proto/base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BITS_MIN 14u
#define BITS_MAX 22u
/* So many bits for each word: one place in so many is compared for nothing. */
#define BITS_PER_WORD 64u

/*
 * Few words that are long are passed over by steps (Wu and Manber): three bytes that stand at the
 * end of a window as long as the shortest word say by how much it can move on without passing one.
 */
#define STEP_WORDS_MAX 256u
#define STEP_BYTES_MIN 8u
#define STEP_BITS 14u
#define STEP_MAX UINT8_MAX
#define BLOCK 3u

struct entry {
        uint32_t hash;
        uint32_t word;
        struct clew_slice bytes;
};

struct clew_needles {
        struct entry *entries; /* by hash, the longest first */
        uint32_t n;
        unsigned shift;
        uint64_t *set;
        uint8_t *steps; /* by hash of a block; NULL: looked at place by place */
        size_t window;
};

static inline uint32_t hash_at(const struct clew_needles *w, const uint8_t *p)
{
        uint32_t v;

        memcpy(&v, p, sizeof(v));
        return v * 0x9e3779b1u >> w->shift;
}

static int by_hash(const void *a, const void *b)
{
        const struct entry *x = a;
        const struct entry *y = b;

        if (x->hash != y->hash)
                return x->hash < y->hash ? -1 : 1;
        if (x->bytes.len != y->bytes.len)
                return x->bytes.len > y->bytes.len ? -1 : 1;
        return x->word < y->word ? -1 : 1;
}

static inline uint32_t block_at(const uint8_t *p)
{
        uint32_t v = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;

        return v * 0x9e3779b1u >> (32 - STEP_BITS);
}

/* Only where it is worth it. */
static int make_steps(struct clew_needles *w)
{
        size_t shortest = BLOCK + STEP_MAX - 1;

        for (uint32_t i = 0; i < w->n; i++)
                shortest = w->entries[i].bytes.len < shortest ? w->entries[i].bytes.len : shortest;
        if (w->n == 0 || w->n > STEP_WORDS_MAX || shortest < STEP_BYTES_MIN)
                return 0;
        w->window = shortest;
        w->steps = clew_malloc((size_t)1 << STEP_BITS);
        if (!w->steps)
                return -ENOMEM;
        memset(w->steps, (int)(shortest - BLOCK + 1), (size_t)1 << STEP_BITS);
        for (uint32_t i = 0; i < w->n; i++) {
                for (size_t at = 0; at + BLOCK <= shortest; at++) {
                        uint8_t *step = &w->steps[block_at(w->entries[i].bytes.data + at)];
                        uint8_t left = (uint8_t)(shortest - BLOCK - at);

                        *step = left < *step ? left : *step;
                }
        }
        return 0;
}

int clew_needles_new(const struct clew_slice *words, uint32_t n, struct clew_needles **ret)
{
        struct clew_needles *w = clew_calloc(1, sizeof(*w));
        unsigned bits = BITS_MIN;

        CLEW_ASSERT(n <= CLEW_NEEDLES_MAX);
        if (!w)
                return -ENOMEM;
        while (bits < BITS_MAX && (uint64_t)1 << bits < (uint64_t)n * BITS_PER_WORD)
                bits++;
        w->shift = 32 - bits;
        w->n = n;
        w->set = clew_calloc(((size_t)1 << bits) / 64, sizeof(*w->set));
        w->entries = clew_calloc(n ? n : 1, sizeof(*w->entries));
        if (!w->set || !w->entries) {
                clew_needles_free(w);
                return -ENOMEM;
        }
        for (uint32_t i = 0; i < n; i++) {
                uint32_t h;

                CLEW_ASSERT(words[i].len >= CLEW_NEEDLES_BYTES_MIN);
                h = hash_at(w, words[i].data);
                w->entries[i] = (struct entry){.hash = h, .word = i, .bytes = words[i]};
                w->set[h / 64] |= (uint64_t)1 << h % 64;
        }
        if (n > 1)
                qsort(w->entries, n, sizeof(*w->entries), by_hash);
        if (make_steps(w) < 0) {
                clew_needles_free(w);
                return -ENOMEM;
        }
        *ret = w;
        return 0;
}

void clew_needles_free(struct clew_needles *w)
{
        if (!w)
                return;
        clew_free(w->set);
        clew_free(w->entries);
        clew_free(w->steps);
        clew_free(w);
}

/* The longest word that stands at @p; NULL when none does. */
static const struct entry *word_at(const struct clew_needles *w, uint32_t hash, const uint8_t *p,
                                   size_t left)
{
        uint32_t low = 0;
        uint32_t high = w->n;

        while (low < high) {
                uint32_t mid = low + (high - low) / 2;

                if (w->entries[mid].hash < hash)
                        low = mid + 1;
                else
                        high = mid;
        }
        for (; low < w->n && w->entries[low].hash == hash; low++) {
                struct clew_slice bytes = w->entries[low].bytes;

                if (bytes.len <= left && memcmp(bytes.data, p, bytes.len) == 0)
                        return &w->entries[low];
        }
        return NULL;
}

/* Whether one stands at @at, where four bytes are. */
static bool is_at(const struct clew_needles *w, struct clew_slice text, size_t at,
                  uint32_t *ret_word)
{
        uint32_t hash = hash_at(w, text.data + at);
        const struct entry *e;

        if (CLEW_LIKELY((w->set[hash / 64] >> hash % 64 & 1) == 0))
                return false;
        e = word_at(w, hash, text.data + at, text.len - at);
        if (e)
                *ret_word = e->word;
        return e != NULL;
}

static bool find_by_steps(const struct clew_needles *w, struct clew_slice text, size_t at,
                          size_t *ret_from, uint32_t *ret_word)
{
        while (at < text.len && text.len - at >= w->window) {
                uint8_t step = w->steps[block_at(text.data + at + w->window - BLOCK)];

                if (step == 0 && is_at(w, text, at, ret_word)) {
                        *ret_from = at;
                        return true;
                }
                at += step > 0 ? step : 1;
        }
        return false;
}

bool clew_needles_find(const struct clew_needles *w, struct clew_slice text, size_t from,
                       size_t *ret_from, uint32_t *ret_word)
{
        if (w->n == 0)
                return false;
        if (w->steps)
                return find_by_steps(w, text, from, ret_from, ret_word);
        for (size_t at = from; at + CLEW_NEEDLES_BYTES_MIN <= text.len; at++) {
                if (is_at(w, text, at, ret_word)) {
                        *ret_from = at;
                        return true;
                }
        }
        return false;
}
