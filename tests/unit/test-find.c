/*
 * Words in bytes: against memmem() on random bytes of few kinds, and at every edge of the input.
 */
#include "proto/base/find.h"

#include "tests/lib/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define BYTES_MAX 400u
#define WORD_MAX 9u

static void finds_what_memmem_finds(void **state)
{
        struct test_random r = test_random_seeded("find");
        static const char kinds[] = "abz\"_`\xff";
        uint32_t found = 0;

        (void)state;
        for (int round = 0; round < 200000; round++) {
                uint8_t bytes[BYTES_MAX];
                uint8_t word[WORD_MAX];
                size_t n = (size_t)test_random_below(&r, BYTES_MAX);
                size_t m = 1 + (size_t)test_random_below(&r, WORD_MAX);
                uint64_t few = 2 + test_random_below(&r, sizeof(kinds) - 2);
                const uint8_t *at;

                for (size_t i = 0; i < n; i++)
                        bytes[i] = (uint8_t)kinds[test_random_below(&r, few)];
                for (size_t i = 0; i < m; i++)
                        word[i] = (uint8_t)kinds[test_random_below(&r, few)];
                at = clew_find(clew_slice_make(bytes, n), word, m);
                assert_ptr_equal(at, memmem(bytes, n, word, m));
                found += at != NULL;
        }
        assert_true(found > 10000 && found < 190000); /* both answers were tried */
}

static void finds_at_the_edges(void **state)
{
        const struct clew_slice text = CLEW_SLICE_LITERAL("zabcz");

        (void)state;
        assert_ptr_equal(clew_find(text, "za", 2), text.data);
        assert_ptr_equal(clew_find(text, "cz", 2), text.data + 3);
        assert_ptr_equal(clew_find(text, "zabcz", 5), text.data);
        assert_null(clew_find(text, "zabczz", 6));
        assert_ptr_equal(clew_find(text, "", 0), text.data);
        assert_null(clew_find(CLEW_SLICE_NULL, "a", 1));
        assert_null(clew_find(clew_slice_make(text.data, 3), "bc", 2)); /* no byte behind */
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(finds_what_memmem_finds),
                cmocka_unit_test(finds_at_the_edges),
        };

        return cmocka_run_group_tests_name("find", tests, NULL, NULL);
}
