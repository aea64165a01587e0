/*
 * Packed blocks of keys: what is packed reads as it was; what is damaged is told, within its bound.
 */
#include "storage/index/run-pack-int.h"
#include "tests/lib/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#define PLAIN_MAX 4096u

static void make(struct clew_buffer *block, const char *text, unsigned times)
{
        clew_buffer_init(block, 1u << 20);
        for (unsigned i = 0; i < times; i++)
                clew_buffer_append_cstr(block, text);
}

static void test_round(void **state)
{
        static const unsigned times[] = {0, 1, 2, 300};

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(times); i++) {
                struct clew_run_packer p = {0};
                CLEW_BUFFER block = {0};
                CLEW_BUFFER room = {0};
                CLEW_BUFFER plain = {0};
                CLEW_BUFFER wanted = {0};
                struct clew_slice behind = CLEW_SLICE_NULL;

                make(&block, "refunded ", times[i]);
                make(&wanted, "refunded ", times[i]);
                clew_buffer_init(&room, 1u << 20);
                clew_buffer_init(&plain, PLAIN_MAX);
                assert_int_equal(clew_run_pack(&p, &block, &room), 0);
                assert_true(block.len <= wanted.len);
                if (clew_run_is_packed(clew_buffer_slice(&block))) {
                        clew_buffer_append_cstr(&block, "behind");
                        assert_int_equal(clew_run_unpack(i % 2 ? &p : NULL,
                                                         clew_buffer_slice(&block), &plain,
                                                         &behind),
                                         0);
                        assert_true(clew_slice_eq_cstr(behind, "behind"));
                        assert_true(clew_slice_eq(clew_buffer_slice(&plain),
                                                  clew_buffer_slice(&wanted)));
                } else {
                        assert_true(times[i] < 300);
                        assert_true(clew_slice_eq(clew_buffer_slice(&block),
                                                  clew_buffer_slice(&wanted)));
                }
                clew_run_packer_deinit(&p);
        }
}

static void test_damage(void **state)
{
        struct test_random r = test_random_seeded("damaged packed blocks");
        struct clew_run_packer p = {0};
        CLEW_BUFFER block = {0};
        CLEW_BUFFER room = {0};
        CLEW_BUFFER plain = {0};
        CLEW_BUFFER small = {0};
        struct clew_slice behind;

        (void)state;
        make(&block, "words that repeat, ", 100);
        clew_buffer_append_cstr(&block, "and some that do not: 8f2c51");
        clew_buffer_init(&room, 1u << 20);
        clew_buffer_init(&plain, PLAIN_MAX);
        clew_buffer_init(&small, 100);
        assert_int_equal(clew_run_pack(&p, &block, &room), 0);
        assert_true(clew_run_is_packed(clew_buffer_slice(&block)));
        assert_int_equal(clew_run_unpack(&p, clew_buffer_slice(&block), &small, &behind), -EBADMSG);
        for (size_t len = 1; len < block.len; len++)
                assert_int_equal(
                        clew_run_unpack(&p, clew_slice_make(block.data, len), &plain, &behind),
                        -EBADMSG);
        for (unsigned i = 0; i < 2000; i++) {
                size_t at = 1 + test_random_below(&r, block.len - 1);
                uint8_t bit = (uint8_t)(1u << test_random_below(&r, 8));
                int e;

                block.data[at] ^= bit;
                e = clew_run_unpack(&p, clew_buffer_slice(&block), &plain, &behind);
                assert_true(e == 0 || e == -EBADMSG);
                assert_true(plain.len <= PLAIN_MAX);
                block.data[at] ^= bit;
        }
        clew_run_packer_deinit(&p);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_round),
                                           cmocka_unit_test(test_damage)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
