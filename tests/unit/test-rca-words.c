/*
 * Words of texts that are found and hashed many bytes at a time are those that are read byte by
 * byte, and no byte outside a text is touched.
 */
#include "query/rca/words-int.h"
#include "tests/unit/random-otlp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#define ROUNDS 3000u
#define TEXT_MAX 300u

static bool is_word_byte(uint8_t c)
{
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c >= 0x80;
}

/* Mostly words of some letters, now and then a long one, or none for a while. */
static void fill(struct random_source *r, uint8_t *text, size_t n)
{
        static const char others[] = " \n.,-_@[`{/:";
        uint32_t length = random_below(r, 12) + 1;

        for (size_t i = 0; i < n; i++) {
                uint32_t kind = random_below(r, length);

                if (kind == 0) {
                        text[i] = (uint8_t)others[random_below(r, sizeof(others) - 1)];
                        length = random_below(r, random_below(r, 8) ? 12 : 100) + 1;
                } else if (kind % 5 == 0) {
                        text[i] = (uint8_t)('0' + random_below(r, 10));
                } else {
                        text[i] = (uint8_t)random_below(r, 256);
                        if (random_below(r, 4))
                                text[i] = (uint8_t)((text[i] & 0x20) + 'A' + text[i] % 26);
                }
        }
}

/* All words of @t, read byte by byte, are what the scan gives. */
static void check(struct clew_slice t)
{
        struct word_scan scan = word_scan_of(t);
        struct scanned_word word = {0};

        for (size_t at = 0; at < t.len; at++) {
                size_t from = at;
                bool digit = false;
                uint64_t h = 0;

                for (; at < t.len && is_word_byte(t.data[at]); at++) {
                        digit |= is_digit(t.data[at]);
                        h = word_hash_add(h, lower(t.data[at]));
                }
                if (at == from)
                        continue;
                assert_true(scan_word(&scan, &word));
                assert_int_equal(word.from, from);
                assert_int_equal(word.to, at);
                assert_int_equal(word.digit, digit);
                assert_true(hash_of_word(t, &word) == word_hash_end(h));
        }
        assert_false(scan_word(&scan, &word));
        assert_false(scan_word(&scan, &word));
}

static void test_random_texts(void **state)
{
        struct random_source r = random_from_environment("rca-words");

        (void)state;
        for (uint32_t i = 0; i < ROUNDS; i++) {
                size_t n = random_below(&r, TEXT_MAX);
                uint8_t *text = malloc(n + !n); /* its own, so that what reads outside is caught */

                assert_non_null(text);
                fill(&r, text, n);
                check(clew_slice_make(text, n));
                free(text);
        }
}

/* One word of every length, at every place in a block. */
static void test_lengths_and_places(void **state)
{
        (void)state;
        for (size_t before = 0; before <= WORDS_BLOCK; before++) {
                for (size_t n = 1; n <= 2 * WORDS_BLOCK + 2; n++) {
                        uint8_t *text = malloc(before + n);

                        assert_non_null(text);
                        memset(text, ' ', before);
                        for (size_t i = 0; i < n; i++)
                                text[before + i] = (uint8_t) "Qa7\xc3\xa9z"[(i + n) % 6];
                        check(clew_slice_make(text, before + n));
                        free(text);
                }
        }
}

static void test_no_text(void **state)
{
        (void)state;
        check(CLEW_SLICE_NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_random_texts),
                cmocka_unit_test(test_lengths_and_places),
                cmocka_unit_test(test_no_text),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
