/*
 * SHA-256: the published examples, and both codes that mix blocks against each other.
 */
#include "proto/base/sha256-int.h"

#include "proto/base/ids.h"
#include "tests/lib/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_sum(const struct clew_sha256 *h, const char *expected)
{
        struct clew_sha256 copy = *h;
        uint8_t digest[CLEW_SHA256_BYTES];
        char hex[CLEW_SHA256_HEX];

        clew_sha256_end(&copy, digest);
        clew_hex_encode(clew_slice_make(digest, sizeof(digest)), hex);
        assert_string_equal(hex, expected);
}

/* FIPS 180-2, appendix B, and the empty text. */
static void published(void **state)
{
        struct clew_sha256 h;
        char many[1000];

        (void)state;
        clew_sha256_init(&h);
        assert_sum(&h, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        clew_sha256_add(&h, CLEW_SLICE_LITERAL("abc"));
        assert_sum(&h, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        clew_sha256_init(&h);
        clew_sha256_add(&h,
                        CLEW_SLICE_LITERAL("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnop"
                                           "nopq"));
        assert_sum(&h, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
        memset(many, 'a', sizeof(many));
        clew_sha256_init(&h);
        for (unsigned i = 0; i < 1000; i++)
                clew_sha256_add(&h, clew_slice_make(many, sizeof(many)));
        assert_sum(&h, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* However a text is cut, its sum is the same. */
static void however_it_is_cut(void **state)
{
        uint8_t text[1024];
        struct test_random rng = test_random_seeded("sha256");

        (void)state;
        for (size_t i = 0; i < sizeof(text); i++)
                text[i] = (uint8_t)test_random_next(&rng);
        for (unsigned turn = 0; turn < 2000; turn++) {
                size_t len = test_random_below(&rng, sizeof(text));
                uint8_t whole[CLEW_SHA256_BYTES];
                uint8_t cut[CLEW_SHA256_BYTES];
                struct clew_sha256 h;

                clew_sha256_of(clew_slice_make(text, len), whole);
                clew_sha256_init(&h);
                for (size_t at = 0; at < len;) {
                        size_t n = 1 + test_random_below(&rng, 200);

                        n = n < len - at ? n : len - at;
                        clew_sha256_add(&h, clew_slice_make(text + at, n));
                        at += n;
                }
                clew_sha256_end(&h, cut);
                assert_memory_equal(whole, cut, sizeof(cut));
        }
}

/* What the processor's instructions make of blocks is what plain C makes of them. */
static void both_codes_agree(void **state)
{
        uint8_t text[8 * CLEW_SHA256_BLOCK + 3];
        struct test_random rng = test_random_seeded("sha256");

        (void)state;
        if (!clew_sha256_has_x86())
                skip();
        for (unsigned turn = 0; turn < 5000; turn++) {
                uint32_t a[8];
                uint32_t b[8];
                size_t n = test_random_below(&rng, 9);
                size_t from = test_random_below(&rng, 4); /* at any address */

                for (size_t i = 0; i < sizeof(text); i++)
                        text[i] = (uint8_t)test_random_next(&rng);
                for (unsigned i = 0; i < 8; i++)
                        a[i] = b[i] = (uint32_t)test_random_next(&rng);
                clew_sha256_mix_plain(a, text + from, n);
                clew_sha256_mix_x86(b, text + from, n);
                assert_memory_equal(a, b, sizeof(a));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(published),
                cmocka_unit_test(however_it_is_cut),
                cmocka_unit_test(both_codes_agree),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
