/* Text search that sees what people see: query/find/text.h. */
#include "query/find/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool holds(const char *bytes, const char *text)
{
        return clew_text_holds(clew_slice_of_cstr(bytes), clew_slice_of_cstr(text), false);
}

static bool holds_any_case(const char *bytes, const char *text)
{
        return clew_text_holds(clew_slice_of_cstr(bytes), clew_slice_of_cstr(text), true);
}

static void finds_what_json_says(void **state)
{
        (void)state;
        assert_true(holds("Größe", "Größe"));
        assert_true(holds("{\"a\":\"Gr\\u00f6\\u00DFe\"}", "Größe"));
        assert_true(holds("{\"a\":\"{\\\"b\\\":\\\"Gr\\\\u00f6\\\\u00dfe\\\"}\"}", "Größe"));
        assert_true(holds("{\"a\":\"say \\\"Hallo\\\" to\"}", "\"Hallo\""));
        assert_true(holds("x\\\\\\\"Hallo\\\\\\\"x", "\"Hallo\""));
        assert_true(holds("\\u6211\\u7684\\u8ba2\\u5355", "我的订单"));
        assert_true(holds("\\ud83d\\ude00", "😀"));
        assert_true(holds("a\\nb", "a\nb"));
        assert_true(holds("https:\\/\\/example.org", "https://example.org"));
        /* As it is stored, too. */
        assert_true(holds("a\\nb", "a\\nb"));
        assert_true(holds("Gr\\u00f6\\u00dfe", "\\u00f6"));
}

static void finds_nothing_that_is_not_there(void **state)
{
        (void)state;
        assert_false(holds("", "a"));
        assert_false(holds("a", ""));
        assert_false(holds("Gr\\u00f6ss", "Größe"));
        assert_false(holds("\\u12", "\x12"));
        assert_false(holds("\\", "\\\\"));
        assert_false(holds("\\x41", "A"));
        assert_false(holds("Gr\\u00F6\\u00dfE", "größe"));
}

static void ignores_case_on_request(void **state)
{
        (void)state;
        assert_true(holds_any_case("GRÖSSE Größe", "gRÖßE"));
        assert_true(holds_any_case("Gr\\u00d6\\u00dfe", "größe"));
        assert_true(holds_any_case("ΟΔΟΣ", "οδος"));
        assert_true(holds_any_case("Заказ", "ЗАКАЗ"));
        assert_true(holds_any_case("plain WORDS", "words"));
        assert_false(holds_any_case("plain WORDS", "wordz"));
        assert_true(holds_any_case("\xff\xfeWORD\xff", "word"));
}

/* A text across every border of windows is found, and time does not explode. */
static void windows_hide_nothing(void **state)
{
        (void)state;
        size_t n = (size_t)3 << 20;
        char *bytes = malloc(n);
        static const char escaped[] = "Gr\\\\u00f6\\\\u00dfe";

        assert_non_null(bytes);
        for (size_t at = ((size_t)1 << 20) - 400; at < ((size_t)1 << 20) + 100; at += 7) {
                memset(bytes, '\\', 64);
                memset(bytes + 64, 'x', n - 64);
                memcpy(bytes + at, escaped, sizeof(escaped) - 1);
                assert_true(clew_text_holds(clew_slice_make(bytes, n), clew_slice_of_cstr("Größe"),
                                            false));
        }
        free(bytes);
}

static void a_tower_of_backslashes_ends(void **state)
{
        (void)state;
        size_t n = (size_t)8 << 20;
        char *bytes = malloc(n);

        assert_non_null(bytes);
        memset(bytes, '\\', n);
        assert_false(clew_text_holds(clew_slice_make(bytes, n), clew_slice_of_cstr("ö"), true));
        free(bytes);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(finds_what_json_says),
                cmocka_unit_test(finds_nothing_that_is_not_there),
                cmocka_unit_test(ignores_case_on_request),
                cmocka_unit_test(windows_hide_nothing),
                cmocka_unit_test(a_tower_of_backslashes_ends),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
