/*
 * What plain text says: errors, empty results, refusals, value tokens, word sets, JSON leaves.
 */
#include "query/rca/flat.h"
#include "query/rca/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static struct clew_slice s(const char *text)
{
        return clew_slice_of_cstr(text);
}

static void test_actions_in_text(void **state)
{
        static const struct {
                const char *text;
                ptrdiff_t want;
        } rows[] = {
                {"I look.\n```bash\nls\n```", 8},
                {"I look.\nAction: go to shelf 1", 8},
                {"action: open drawer 2", 0},
                {"Maybe this one.\nclick[Buy Now]", 16},
                {"search[blue shoes]", 0},
                {"The action: none of them.", -1},
                {"See [1] and [2]", -1},
                {"A list[0] of names", -1},
                {"", -1},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                assert_int_equal(clew_text_program(s(rows[i].text)), rows[i].want);
}

static void test_results_that_are_errors(void **state)
{
        static const struct {
                const char *text;
                enum clew_trouble want;
        } rows[] = {
                {"", CLEW_TROUBLE_NONE},
                {"{\"orders\": [1, 2]}", CLEW_TROUBLE_NONE},
                {"The error budget of this quarter was kept.", CLEW_TROUBLE_NONE},
                {"{\"error\": null, \"data\": 3}", CLEW_TROUBLE_NONE},
                {"5321 Elm Street", CLEW_TROUBLE_NONE},
                {"<returncode>0</returncode>", CLEW_TROUBLE_NONE},
                {"<returncode>2</returncode>\nmake: stop", CLEW_TROUBLE_OTHER},
                {"Error: user not found", CLEW_TROUBLE_NOT_FOUND},
                {"Error: payment method not found", CLEW_TROUBLE_NOT_FOUND},
                {"{\"error\": \"not_found\"}", CLEW_TROUBLE_NOT_FOUND},
                {"{\"success\": false, \"message\": \"x\"}", CLEW_TROUBLE_OTHER},
                {"ValidationError: 1 validation error", CLEW_TROUBLE_ARGUMENTS},
                {"java.io.IOException: connection reset by peer", CLEW_TROUBLE_NETWORK},
                {"HTTP 503 Service Unavailable", CLEW_TROUBLE_SERVER},
                {"429 Too Many Requests", CLEW_TROUBLE_RATE},
                {"401 Unauthorized", CLEW_TROUBLE_AUTH},
                {"Request timed out after 30 s", CLEW_TROUBLE_TIMEOUT},
                {"Error: unknown tool lookup", CLEW_TROUBLE_NO_TOOL},
                /* A program that was run failed; the call itself was well-formed. */
                {"Traceback (most recent call last):\n  x\nTypeError: bad operand",
                 CLEW_TROUBLE_OTHER},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                enum clew_trouble got = clew_text_result_error(s(rows[i].text));

                if (got != rows[i].want)
                        fail_msg("\"%s\": %s, not %s", rows[i].text, clew_trouble_name(got),
                                 clew_trouble_name(rows[i].want));
        }
}

static void test_empty_results(void **state)
{
        static const char *const empty[] = {"",
                                            " \n",
                                            "null",
                                            "[]",
                                            "{}",
                                            "{\"results\": []}",
                                            "{\"total\": 0, \"items\": []}",
                                            "No results found."};
        static const char *const full[] = {
                "0.21", "[0, 1]", "{\"name\": \"x\"}", "ok", "{\"total\": 3, \"items\": []}",
                "false"};

        (void)state;
        for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++)
                assert_true(clew_text_is_empty_result(s(empty[i])));
        for (size_t i = 0; i < sizeof(full) / sizeof(full[0]); i++)
                assert_false(clew_text_is_empty_result(s(full[i])));
}

static void test_tokens(void **state)
{
        struct clew_token_iter it =
                clew_tokens_of(s("1. Order #W2378156 costs $1,095.50 (10-inch)."));
        struct clew_token t;

        (void)state;
        assert_true(clew_token_next(&it, &t));
        assert_true(t.is_list_mark);
        assert_true(clew_token_next(&it, &t));
        assert_true(clew_slice_eq_cstr(t.text, "W2378156"));
        assert_false(t.is_number);
        assert_int_equal(t.digits, 7);
        assert_true(clew_token_next(&it, &t));
        assert_true(t.is_number);
        assert_true(t.number > 1095.49 && t.number < 1095.51);
        assert_true(clew_token_next(&it, &t));
        assert_true(clew_slice_eq_cstr(t.text, "10-inch"));
        assert_false(clew_token_next(&it, &t));
}

static uint64_t hash_of(const char *text)
{
        struct clew_token_iter it = clew_tokens_of(s(text));
        struct clew_token t;

        assert_true(clew_token_next(&it, &t));
        return t.hash;
}

static void test_one_value_in_several_spellings(void **state)
{
        (void)state;
        assert_true(hash_of("$1,095.50") == hash_of("1095.5"));
        assert_true(hash_of("#W12345") == hash_of("w12345,"));
        assert_true(hash_of("1095.5") != hash_of("1095.05"));
}

static void test_words(void **state)
{
        uint64_t room[2][CLEW_WORDS_MAX];
        struct clew_words a;
        struct clew_words b;

        (void)state;
        clew_words_of(s("The order 17 was cancelled as you asked"), room[0], &a);
        clew_words_of(s("the order 18 was cancelled, as you asked!"), room[1], &b);
        assert_true(clew_words_jaccard(&a, &b) > 0.7);
        assert_true(a.values != b.values);
        clew_words_of(s("Something else altogether"), room[1], &b);
        assert_true(clew_words_jaccard(&a, &b) < 0.01);
}

static void test_arguments_in_any_order(void **state)
{
        (void)state;
        assert_true(clew_flat_hash(s("{\"a\": 1, \"b\": [\"x\", \"y\"]}")) ==
                    clew_flat_hash(s("{\"b\":[\"x\",\"y\"],\"a\":1}")));
        assert_true(clew_flat_hash(s("{\"a\": 1, \"b\": 2}")) !=
                    clew_flat_hash(s("{\"a\": 2, \"b\": 1}")));
        assert_true(clew_flat_hash(s("ls  -l")) != clew_flat_hash(s("ls -a")));
}

static void test_broken_json_ends(void **state)
{
        static const char *const broken[] = {"{\"a\": \"b", "{\"a\": [1, 2", "{\"a\\", "[",
                                             "{\"a\":"};
        struct clew_flat f;
        struct clew_flat_leaf leaf;

        (void)state;
        for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
                clew_flat_init(&f, s(broken[i]));
                while (clew_flat_next(&f, &leaf)) {
                }
                assert_true(f.broken);
        }
        clew_flat_init(&f, s("{\"a\": {\"b\": [1, \"x\"]}}"));
        while (clew_flat_next(&f, &leaf)) {
        }
        assert_false(f.broken);
}

static void test_same_error_another_id(void **state)
{
        (void)state;
        assert_true(clew_text_error_shape(s("KeyError: 'abc' at line 12")) ==
                    clew_text_error_shape(s("KeyError: 'zzz' at line 9")));
        assert_true(clew_text_error_shape(s("KeyError: 'abc'")) !=
                    clew_text_error_shape(s("ValueError: 'abc'")));
}

static void test_verdicts_of_checks(void **state)
{
        static const struct {
                const char *text;
                enum clew_check want;
        } cases[] = {
                {"===== 2 failed, 40 passed in 1.2s =====", CLEW_CHECK_FAILED},
                {"===== 40 passed, 1 skipped in 1.2s =====", CLEW_CHECK_PASSED},
                {"===== 1 error in 0.3s =====", CLEW_CHECK_FAILED},
                {"1 failed, 2 passed\n\n$ pytest\n3 passed", CLEW_CHECK_PASSED},
                {"Ran 4 tests in 0.1s\n\nFAILED (failures=1, errors=1)", CLEW_CHECK_FAILED},
                {"Ran 4 tests in 0.1s\n\nOK (expected failures=2)", CLEW_CHECK_PASSED},
                {"--- FAIL: TestX (0.00s)\nFAIL\texample/x\t0.1s", CLEW_CHECK_FAILED},
                {"ok  \texample/x\t0.1s", CLEW_CHECK_PASSED},
                {"test result: FAILED. 1 passed; 2 failed;", CLEW_CHECK_FAILED},
                {"test result: ok. 3 passed; 0 failed;", CLEW_CHECK_PASSED},
                {"Tests run: 3, Failures: 1, Errors: 0", CLEW_CHECK_FAILED},
                {"[INFO] BUILD SUCCESS", CLEW_CHECK_PASSED},
                {"[INFO] BUILD FAILURE", CLEW_CHECK_FAILED},
                {"100% tests passed, 0 tests failed out of 3", CLEW_CHECK_PASSED},
                {"the payment failed twice", CLEW_CHECK_NONE},
                {"3 failed", CLEW_CHECK_NONE},
                {"10 orders", CLEW_CHECK_NONE},
                {"", CLEW_CHECK_NONE},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                if (clew_text_check(clew_slice_of_cstr(cases[i].text)) != cases[i].want)
                        fail_msg("%s", cases[i].text);
        }
        assert_true(clew_slice_eq_cstr(
                clew_text_check_line(CLEW_SLICE_LITERAL("a\n 1 failed, 2 passed\nb")),
                "1 failed, 2 passed"));
        assert_true(clew_text_claims_success(CLEW_SLICE_LITERAL("All tests pass now.")));
        assert_false(clew_text_claims_success(CLEW_SLICE_LITERAL("Show the final state.")));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_actions_in_text),
                cmocka_unit_test(test_verdicts_of_checks),
                cmocka_unit_test(test_results_that_are_errors),
                cmocka_unit_test(test_empty_results),
                cmocka_unit_test(test_tokens),
                cmocka_unit_test(test_one_value_in_several_spellings),
                cmocka_unit_test(test_words),
                cmocka_unit_test(test_arguments_in_any_order),
                cmocka_unit_test(test_broken_json_ends),
                cmocka_unit_test(test_same_error_another_id),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
