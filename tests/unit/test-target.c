/*
 * Naming a trace or a step: every form that people type or paste, and what is refused.
 */
#include "query/serve/target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#define ID "7f3a91c2d8e04b6f9a1c33e0b7d45510"

static struct clew_target parsed(const char *text)
{
        struct clew_target t = {0};
        struct clew_error err = {0};

        if (clew_target_parse(text, &t, &err) != 0)
                fail_msg("%s: %s", text, err.message);
        return t;
}

static void assert_prefix(const struct clew_target *t, const char *hex)
{
        char shown[CLEW_TRACE_ID_HEX];

        clew_trace_id_to_hex(&t->prefix, shown);
        shown[t->n_digits] = '\0';
        assert_string_equal(shown, hex);
}

static void test_prefixes(void **state)
{
        struct clew_target t;

        (void)state;
        t = parsed("7f3a");
        assert_prefix(&t, "7f3a");
        assert_int_equal(t.step, 0);
        t = parsed("7F3A9");
        assert_prefix(&t, "7f3a9");
        t = parsed("7f3a#9");
        assert_int_equal(t.step, 9);
        t = parsed("7f3a:00f067");
        assert_int_equal(t.n_span_digits, 6);
        assert_int_equal(t.span.bytes[1], 0xf0);
        t = parsed(ID);
        assert_prefix(&t, ID);
        t = parsed(ID "#12");
        assert_int_equal(t.step, 12);
}

static void test_pasted(void **state)
{
        struct clew_target t;

        (void)state;
        t = parsed("00-" ID "-00f067aa0ba902b7-01");
        assert_prefix(&t, ID);
        assert_int_equal(t.n_span_digits, 16);
        t = parsed("https://grafana.example/explore?traceId=" ID "&org=1");
        assert_prefix(&t, ID);
        t = parsed("http://127.0.0.1:16686/trace/" ID);
        assert_prefix(&t, ID);
        t = parsed("7f3a91c2-d8e0-4b6f-9a1c-33e0b7d45510");
        assert_prefix(&t, ID);
        t = parsed("https://x.example/runs/7f3a91c2-d8e0-4b6f-9a1c-33e0b7d45510?poll=true");
        assert_prefix(&t, ID);
}

static void test_counting_back(void **state)
{
        struct clew_target t;

        (void)state;
        t = parsed("@");
        assert_int_equal(t.back, 1);
        t = parsed("@2#7");
        assert_int_equal(t.back, 2);
        assert_int_equal(t.step, 7);
}

static void test_refused(void **state)
{
        static const char *const texts[] = {
                "",
                "7f3",
                "xyz1",
                "7f3a#",
                "7f3a#0",
                "7f3a#x",
                "7f3a#99999999999",
                "7f3a:",
                "7f3a:g",
                "7f3a:00f067aa0ba902b7f",
                "@0",
                "@x",
                "@9999999",
                ID "0",
                "7f3a ",
                "https://x.example/none",
                "7f3a\x1b[2J",
                "@2:",
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(texts); i++) {
                struct clew_target t;
                struct clew_error err = {0};

                if (clew_target_parse(texts[i], &t, &err) != -EINVAL)
                        fail_msg("accepted: %s", texts[i]);
                assert_true(err.message[0] != '\0');
                assert_null(strchr(err.message, '\x1b')); /* never repeats what was typed */
        }
}

static void test_prefix_matching(void **state)
{
        const uint8_t id[2] = {0x7f, 0x3a};
        const uint8_t same_odd[2] = {0x7f, 0x30};
        const uint8_t other[2] = {0x7f, 0x40};

        (void)state;
        assert_true(clew_hex_prefix_matches(id, same_odd, 3));
        assert_false(clew_hex_prefix_matches(id, same_odd, 4));
        assert_false(clew_hex_prefix_matches(id, other, 3));
        assert_true(clew_hex_prefix_matches(id, other, 2));
        assert_true(clew_hex_prefix_matches(id, other, 0));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_prefixes),        cmocka_unit_test(test_pasted),
                cmocka_unit_test(test_counting_back),   cmocka_unit_test(test_refused),
                cmocka_unit_test(test_prefix_matching),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
