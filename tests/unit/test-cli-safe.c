/*
 * Text from traces on a terminal: nothing that acts on it gets through, whatever the bytes; widths
 * and cuts are right.
 */
#include "query/answer/safe.h"

#include "proto/base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

static const char *line_of(struct clew_slice text, size_t columns, bool ascii)
{
        static char shown[4096];
        CLEW_BUFFER b = {0};

        clew_buffer_init(&b, sizeof(shown) - 1);
        clew_safe_line(&b, text, columns, ascii);
        assert_int_equal(clew_buffer_error(&b), 0);
        if (b.len)
                memcpy(shown, b.data, b.len);
        shown[b.len] = '\0';
        return shown;
}

#define LINE(literal) line_of(CLEW_SLICE_LITERAL(literal), SIZE_MAX, false)

static void test_controls_are_shown(void **state)
{
        (void)state;
        assert_string_equal(LINE("a\x1b[2Jb"), "a\\x1b[2Jb");
        assert_string_equal(LINE("\x07\x7f"), "\\x07\\x7f");
        assert_string_equal(LINE("a\0b"), "a\\x00b");
        /* C1: U+009B is CSI for some terminals, as UTF-8 and as a bare byte. */
        assert_string_equal(LINE("\xc2\x9b"
                                 "31m"),
                            "\\u009b31m");
        assert_string_equal(LINE("\x9b"
                                 "31m"),
                            "\\x9b31m");
}

static void test_direction_and_invisible_marks_are_shown(void **state)
{
        (void)state;
        assert_string_equal(LINE("a\xe2\x80\xae"
                                 "b"),
                            "a\\u202eb");
        assert_string_equal(LINE("a\xe2\x81\xa6"
                                 "b"),
                            "a\\u2066b");
        assert_string_equal(LINE("a\xe2\x80\x8b"
                                 "b"),
                            "a\\u200bb");
        assert_string_equal(LINE("\xef\xbb\xbf"
                                 "x"),
                            "\\ufeffx");
        assert_string_equal(LINE("\xf3\xa0\x81\x81"), "\\u{e0041}"); /* tag letter A */
}

static void test_broken_utf8_is_shown(void **state)
{
        (void)state;
        assert_string_equal(LINE("\xff\xfe"), "\\xff\\xfe");
        assert_string_equal(LINE("\xc0\xaf"), "\\xc0\\xaf");
        assert_string_equal(LINE("a\xe2\x82"), "a\\xe2\\x82");
        assert_string_equal(LINE("\xed\xa0\x80"
                                 "z"),
                            "\\xed\\xa0\\x80z");
}

static void test_white_space_is_folded(void **state)
{
        (void)state;
        assert_string_equal(LINE("  a\r\n\n\tb  "), "a b");
        assert_string_equal(LINE(" \n "), "");
}

static void test_cut(void **state)
{
        (void)state;
        assert_string_equal(line_of(CLEW_SLICE_LITERAL("abcdef"), 6, false), "abcdef");
        assert_string_equal(line_of(CLEW_SLICE_LITERAL("abcdefg"), 6, false), "abcde…");
        assert_string_equal(line_of(CLEW_SLICE_LITERAL("abcdefg"), 6, true), "abcde~");
        assert_string_equal(line_of(CLEW_SLICE_LITERAL("abcdefg"), 1, false), "…");
        assert_string_equal(line_of(CLEW_SLICE_LITERAL("abc"), 0, false), "");
        /* An escape is not cut in its middle, and a wide character not into half a cell. */
        assert_string_equal(line_of(CLEW_SLICE_LITERAL("ab\x1b"), 5, false), "ab…");
        assert_string_equal(line_of(CLEW_SLICE_LITERAL("日本語"), 5, false), "日本…");
        assert_string_equal(line_of(CLEW_SLICE_LITERAL("日本語"), 6, false), "日本語");
}

static void test_ascii(void **state)
{
        (void)state;
        assert_string_equal(line_of(CLEW_SLICE_LITERAL("é日"), SIZE_MAX, true), "\\u00e9\\u65e5");
}

static void test_marks_do_not_pile_up(void **state)
{
        char text[400] = "a";
        size_t n = 1;
        CLEW_BUFFER b = {0};
        size_t columns;

        (void)state;
        for (; n + 2 < 200; n += 2)
                memcpy(text + n, "\xcc\x81", 2); /* combining acute */
        clew_buffer_init(&b, 65536);
        columns = clew_safe_line(&b, clew_slice_make(text, n), 60, false);
        assert_true(columns > 50 && columns <= 60);
        assert_true(b.len < 100);
}

static void test_block(void **state)
{
        CLEW_BUFFER b = {0};

        (void)state;
        clew_buffer_init(&b, 4096);
        clew_safe_block(&b, CLEW_SLICE_LITERAL("one\r\n\ntwo\x1b"), "  ", false);
        assert_true(clew_slice_eq_cstr(clew_buffer_slice(&b), "  one\n\n  two\\x1b\n"));
        clew_buffer_clear(&b);
        clew_safe_block(&b, CLEW_SLICE_NULL, "  ", false);
        assert_int_equal(b.len, 0);
}

/* Whatever the bytes: valid UTF-8, no control bytes, no more columns than asked for. */
static void test_any_bytes(void **state)
{
        unsigned seed = 20261123;

        (void)state;
        print_message("# seed %u\n", seed);
        for (int round = 0; round < 20000; round++) {
                uint8_t bytes[64];
                size_t n = (size_t)(rand_r(&seed) % 64);
                size_t columns = (size_t)(rand_r(&seed) % 40);
                struct clew_slice safe;
                CLEW_BUFFER b = {0};
                size_t used;

                for (size_t i = 0; i < n; i++)
                        bytes[i] = (uint8_t)(rand_r(&seed) % 4 ? 0x80 + rand_r(&seed) % 128
                                                               : rand_r(&seed));
                clew_buffer_init(&b, 65536);
                used = clew_safe_line(&b, clew_slice_make(bytes, n), columns, round % 2);
                safe = clew_buffer_slice(&b);
                assert_true(used <= columns);
                assert_int_equal(clew_safe_columns(safe), used);
                assert_true(clew_utf8_valid(safe));
                for (size_t i = 0; i < safe.len; i++)
                        assert_true(safe.data[i] >= 0x20 && safe.data[i] != 0x7f);
        }
}

static void test_lines_are_broken_between_words(void **state)
{
        static const struct {
                const char *text;
                size_t columns;
                const char *want;
        } cases[] = {
                {"", 20, "\n"},
                {"one two three", 80, "one two three\n"},
                {"one two three", 9, "one two\n  three\n"},
                {"one two three", 8, "one\n  two\n  three\n"},
                {"a longerthanthat b", 6, "a\n  longerthanthat\n  b\n"},
                {"a b c", 80, "a b c\n"},
                {"\xc3\xa4\xc3\xb6 \xc3\xbc", 6, "\xc3\xa4\xc3\xb6 \xc3\xbc\n"},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                CLEW_BUFFER out = {0};

                clew_buffer_init(&out, 4096);
                clew_safe_words(&out, clew_slice_of_cstr(cases[i].text), 2, cases[i].columns,
                                false);
                assert_true(
                        clew_slice_eq(clew_buffer_slice(&out), clew_slice_of_cstr(cases[i].want)));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_lines_are_broken_between_words),
                cmocka_unit_test(test_controls_are_shown),
                cmocka_unit_test(test_direction_and_invisible_marks_are_shown),
                cmocka_unit_test(test_broken_utf8_is_shown),
                cmocka_unit_test(test_white_space_is_folded),
                cmocka_unit_test(test_cut),
                cmocka_unit_test(test_ascii),
                cmocka_unit_test(test_marks_do_not_pile_up),
                cmocka_unit_test(test_block),
                cmocka_unit_test(test_any_bytes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
