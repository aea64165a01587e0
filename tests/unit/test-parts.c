/*
 * Words under their ends: keys rise, each holds its word, and every piece of three signs or more is
 * the beginning of one, or is without its first sign, which then ends what stands in front.
 */
#include "storage/index/parts-int.h"
#include "tests/lib/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define WORDS 300u
#define KEYS 8000u

static struct test_random rng;

struct words {
        char of[WORDS][128];
        uint32_t n;
};

struct keys {
        uint8_t of[KEYS][CLEW_INDEX_KEY_MAX];
        size_t len[KEYS];
        uint32_t n;
};

static int by_bytes(const void *a, const void *b)
{
        return strcmp(a, b);
}

/* Words of one to @most signs, of which few differ, so that they share beginnings and ends. */
static void make_words(struct words *w, uint32_t most)
{
        static const char *const signs[] = {"a", "b", "c", "é", "ж", "語", "𐐷"};
        uint32_t n = 0;

        for (uint32_t i = 0; i < WORDS; i++) {
                size_t len = 0;

                for (uint64_t k = 1 + test_random_below(&rng, most); k > 0; k--) {
                        const char *sign = signs[test_random_below(&rng, 7)];

                        memcpy(w->of[i] + len, sign, strlen(sign) + 1);
                        len += strlen(sign);
                }
        }
        qsort(w->of, WORDS, sizeof(w->of[0]), by_bytes);
        for (uint32_t i = 0; i < WORDS; i++) {
                if (n == 0 || strcmp(w->of[n - 1], w->of[i]) != 0)
                        memmove(w->of[n++], w->of[i], sizeof(w->of[i]));
        }
        w->n = n;
}

static void list(const struct words *w, struct keys *k)
{
        struct clew_parts p;

        clew_parts_init(&p);
        for (uint32_t i = 0; i < w->n; i++)
                clew_parts_add(&p, clew_slice_of_cstr(w->of[i]));
        assert_int_equal(p.n_words, w->n);
        for (k->n = 0; (k->len[k->n] = clew_parts_next(&p, k->of[k->n])) > 0; k->n++)
                assert_true(k->n + 1 < KEYS);
        clew_parts_deinit(&p);
}

/* The word of a key, and where in it the key begins. */
static void word_of(const struct keys *k, uint32_t i, char *ret, size_t *ret_at)
{
        const uint8_t *zero = memchr(k->of[i], 0, k->len[i]);
        size_t tail;

        assert_non_null(zero);
        tail = (size_t)(zero - k->of[i]);
        *ret_at = k->len[i] - tail - 1;
        memcpy(ret, zero + 1, *ret_at);
        memcpy(ret + *ret_at, k->of[i], tail);
        ret[k->len[i] - 1] = 0;
}

static bool is_listed(const struct keys *k, const char *word, size_t at)
{
        for (uint32_t i = 0; i < k->n; i++) {
                char found[CLEW_INDEX_KEY_MAX + 1];
                size_t from;

                word_of(k, i, found, &from);
                if (from == at && strcmp(found, word) == 0)
                        return true;
        }
        return false;
}

static void test_keys(void **state)
{
        static struct words w;
        static struct keys k;

        (void)state;
        rng = test_random_seeded("words under their ends");
        make_words(&w, 9);
        list(&w, &k);
        for (uint32_t i = 0; i < k.n; i++) {
                char word[CLEW_INDEX_KEY_MAX + 1];
                size_t at;

                word_of(&k, i, word, &at);
                assert_non_null(bsearch(word, w.of, w.n, sizeof(w.of[0]), by_bytes));
                assert_true(i == 0 || clew_slice_cmp(clew_slice_make(k.of[i - 1], k.len[i - 1]),
                                                     clew_slice_make(k.of[i], k.len[i])) < 0);
        }
        for (uint32_t i = 0; i < w.n; i++) {
                const char *word = w.of[i];
                size_t starts[16];
                uint32_t n = 0;

                for (size_t at = 0; word[at]; at++) {
                        if (((uint8_t)word[at] & 0xc0) != 0x80)
                                starts[n++] = at;
                }
                assert_false(is_listed(&k, word, 0)); /* that is the word itself */
                for (uint32_t s = 1; s + 3 <= n; s++)
                        assert_true(is_listed(&k, word, starts[s]) ||
                                    is_listed(&k, word, starts[s + 1]));
        }
}

/* What cannot be a key is left out, and nothing is added behind the first one that was asked for.
 */
static void test_limits(void **state)
{
        struct clew_parts p;
        uint8_t key[CLEW_INDEX_KEY_MAX];
        char longest[CLEW_INDEX_KEY_MAX + 1];

        (void)state;
        memset(longest, 'x', sizeof(longest));
        clew_parts_init(&p);
        clew_parts_add(&p, CLEW_SLICE_NULL);
        clew_parts_add(&p, clew_slice_make(longest, CLEW_INDEX_KEY_MAX));
        assert_int_equal(p.n_words, 0);
        clew_parts_add(&p, clew_slice_make(longest, CLEW_INDEX_KEY_MAX - 1));
        clew_parts_add(&p, CLEW_SLICE_LITERAL("abcd"));
        assert_int_equal(p.n_words, 2);
        assert_int_equal(clew_parts_next(&p, key), 5);
        assert_memory_equal(key, "cd\0ab", 5);
        clew_parts_add(&p, CLEW_SLICE_LITERAL("b"));
        assert_int_equal(p.n_words, 2);
        for (size_t len; (len = clew_parts_next(&p, key)) > 0;)
                assert_int_equal(len, CLEW_INDEX_KEY_MAX);
        clew_parts_deinit(&p);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_keys),
                                           cmocka_unit_test(test_limits)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
