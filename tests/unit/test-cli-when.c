/*
 * Points in time and lengths, as people write and read them.
 */
#include "query/answer/when.h"

#include "proto/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <time.h>

#define S CLEW_NS_PER_S
/* 2026-11-23 17:21:04 UTC, a Monday. */
#define NOW (1795454464 * S)

static uint64_t parsed(const char *text, bool utc)
{
        uint64_t ns = 1;

        if (!clew_when_parse(text, NOW, utc, &ns))
                fail_msg("not parsed: %s", text);
        return ns;
}

static void test_ages(void **state)
{
        (void)state;
        assert_int_equal(parsed("now", true), NOW);
        assert_int_equal(parsed("90m", true), NOW - 5400 * S);
        assert_int_equal(parsed("24h", true), NOW - 86400 * S);
        assert_int_equal(parsed("7d", true), NOW - 7 * 86400 * S);
        assert_int_equal(parsed("1.5h", true), NOW - 5400 * S);
        assert_int_equal(parsed("99999d", true), 0); /* before 1970 is from the beginning */
}

static void test_dates(void **state)
{
        (void)state;
        assert_int_equal(parsed("2026-11-23", true), 1795392000 * S);
        assert_int_equal(parsed("2026-11-23 17:21:04", true), NOW);
        assert_int_equal(parsed("2026-11-23T17:21:04Z", false), NOW);
        assert_int_equal(parsed("2026-11-23T18:21:04+01:00", false), NOW);
        assert_int_equal(parsed("2026-11-23T12:21:04-0500", false), NOW);
        assert_int_equal(parsed("2026-11-23T17:21:04.118Z", false), NOW + 118 * CLEW_NS_PER_MS);
        assert_int_equal(parsed("today", true), 1795392000 * S);
        assert_int_equal(parsed("yesterday 14:00", true), (1795392000 - 36000) * S);
        assert_int_equal(parsed("1795454464", true), NOW);
        assert_int_equal(parsed("1795454464118000000", true), NOW + 118 * CLEW_NS_PER_MS);
}

static void test_local_zone(void **state)
{
        (void)state;
        setenv("TZ", "Europe/Berlin", 1);
        tzset();
        assert_int_equal(parsed("2026-11-23 18:21:04", false), NOW);
        assert_int_equal(parsed("2026-07-01 02:00", false), 1782864000 * S); /* summer time */
        setenv("TZ", "UTC", 1);
        tzset();
}

static void test_nonsense_is_refused(void **state)
{
        static const char *const texts[] = {
                "",
                "5",
                "5x",
                "m",
                "-5m",
                "2026-13-01",
                "2026-11-23 25:00",
                "2026-11-23x",
                "2026-11-23T17:21:04+99:00",
                "yesterday 9",
                "1e9h",
                "179545446",
                "1.h",
                "tomorrow",
                "99999999999999999999d",
                "2026-11-23T17:21:04.Z",
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(texts); i++) {
                uint64_t ns;

                if (clew_when_parse(texts[i], NOW, true, &ns))
                        fail_msg("accepted: %s", texts[i]);
        }
}

static void test_printing(void **state)
{
        char text[CLEW_WHEN_TEXT];

        (void)state;
        clew_when_rfc3339(NOW, text);
        assert_string_equal(text, "2026-11-23T17:21:04Z");
        clew_when_rfc3339(NOW + 118000001, text);
        assert_string_equal(text, "2026-11-23T17:21:04.118000001Z");
        clew_when_rfc3339(NOW + 118 * CLEW_NS_PER_MS, text);
        assert_string_equal(text, "2026-11-23T17:21:04.118Z");
        clew_when_short(NOW - 60 * S, NOW, true, text);
        assert_string_equal(text, "17:20:04");
        clew_when_short(NOW - 86400 * S, NOW, true, text);
        assert_string_equal(text, "Nov 22 17:21");
        clew_when_short(1757000000 * S, NOW, true, text);
        assert_string_equal(text, "2025-09-04 15:33");
        clew_when_full(NOW + 118 * CLEW_NS_PER_MS, true, text);
        assert_string_equal(text, "2026-11-23 17:21:04.118 UTC");
}

static void test_lengths(void **state)
{
        static const struct {
                uint64_t ns;
                const char *length;
                const char *offset;
        } cases[] = {
                {0, "0ms", "0.0s"},
                {400000, "0.4ms", "0.0s"},
                {350 * CLEW_NS_PER_MS, "350ms", "0.3s"},
                {999600000, "1.0s", "1.0s"},
                {48213 * CLEW_NS_PER_MS, "48.2s", "48.2s"},
                {59960 * CLEW_NS_PER_MS, "1m00s", "1m00s"},
                {130 * S, "2m10s", "2m10s"},
                {11100 * S, "3h05m", "3h05m"},
                {187200 * S, "2d04h", "2d04h"},
        };
        char text[CLEW_WHEN_TEXT];
        uint64_t ns;

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(cases); i++) {
                clew_when_length(cases[i].ns, text);
                assert_string_equal(text, cases[i].length);
                clew_when_offset(cases[i].ns, text);
                assert_string_equal(text, cases[i].offset);
        }
        assert_true(clew_when_parse_length("1.5s", &ns));
        assert_int_equal(ns, 1500 * CLEW_NS_PER_MS);
        assert_true(clew_when_parse_length("250ms", &ns));
        assert_int_equal(ns, 250 * CLEW_NS_PER_MS);
        assert_false(clew_when_parse_length("5", &ns));
}

static void test_counts(void **state)
{
        static const struct {
                uint64_t n;
                const char *text;
                const char *column;
        } cases[] = {
                {0, "0", "0"},
                {937, "937", "937"},
                {1449, "1.45k", "1.4k"},
                {61234, "61.2k", "61.2k"},
                {402000, "402k", "402k"},
                {999500, "1.00M", "1.0M"},
                {1310000, "1.31M", "1.3M"},
                {UINT64_MAX, "18.4E", "18.4E"},
        };
        char text[CLEW_WHEN_TEXT];

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(cases); i++) {
                clew_count_short(cases[i].n, "", text);
                assert_string_equal(text, cases[i].text);
                clew_count_column(cases[i].n, text);
                assert_string_equal(text, cases[i].column);
        }
        clew_cost_short(0.000171, text);
        assert_string_equal(text, "$0.00017");
        clew_cost_short(0.0042, text);
        assert_string_equal(text, "$0.0042");
        clew_cost_short(0.00002, text);
        assert_string_equal(text, "$0.000020");
        clew_cost_short(1e-9, text);
        assert_string_equal(text, "<$0.000001");
        clew_cost_short(0, text);
        assert_string_equal(text, "$0.000");
        clew_cost_short(0.2144, text);
        assert_string_equal(text, "$0.214");
        clew_cost_short(1.31, text);
        assert_string_equal(text, "$1.31");
        clew_cost_short(__builtin_nan(""), text);
        assert_string_equal(text, "?");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_ages),       cmocka_unit_test(test_dates),
                cmocka_unit_test(test_local_zone), cmocka_unit_test(test_nonsense_is_refused),
                cmocka_unit_test(test_printing),   cmocka_unit_test(test_lengths),
                cmocka_unit_test(test_counts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
