/* What a scrape is answered with: escapes, the two forms, what a label's value may be. */
#include "collector/base/exposition.h"
#include "proto/base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void is_text(struct clew_buffer *b, const char *expected)
{
        clew_buffer_append_byte(b, 0);
        assert_int_equal(clew_buffer_error(b), 0);
        assert_string_equal((const char *)b->data, expected);
        clew_buffer_clear(b);
}

static void write_all(struct clew_exposition *x)
{
        static const double bounds[] = {0.5, 1};
        static const double counts[] = {1, 0, 2};
        const struct clew_label label = {"tool", CLEW_SLICE_LITERAL("a\"b\\c\nd")};
        const struct clew_label version = {"version", CLEW_SLICE_LITERAL("1")};

        clew_exposition_family(x, "x_calls", CLEW_METRIC_COUNTER, "", "Calls.");
        clew_exposition_counter(x, &label, 1, 3, 1500 * UINT64_C(1000000));
        clew_exposition_family(x, "x_seconds", CLEW_METRIC_HISTOGRAM, "seconds", "Time.");
        clew_exposition_histogram(x, NULL, 0, bounds, counts, 2, 7.25, 1500 * UINT64_C(1000000));
        clew_exposition_family(x, "x_build", CLEW_METRIC_INFO, "", "It.");
        clew_exposition_gauge(x, &version, 1, 1);
        clew_exposition_end(x);
}

static void test_forms(void **state)
{
        CLEW_BUFFER b = {0};
        struct clew_exposition x = {.out = &b};

        (void)state;
        clew_buffer_init(&b, 4096);
        write_all(&x);
        is_text(&b, "# TYPE x_calls_total counter\n# HELP x_calls_total Calls.\n"
                    "x_calls_total{tool=\"a\\\"b\\\\c\\nd\"} 3\n"
                    "# TYPE x_seconds histogram\n# HELP x_seconds Time.\n"
                    "x_seconds_bucket{le=\"0.5\"} 1\nx_seconds_bucket{le=\"1.0\"} 1\n"
                    "x_seconds_bucket{le=\"+Inf\"} 3\nx_seconds_count 3\nx_seconds_sum 7.25\n"
                    "# TYPE x_build_info gauge\n# HELP x_build_info It.\n"
                    "x_build_info{version=\"1\"} 1\n");
        x = (struct clew_exposition){.out = &b, .openmetrics = true};
        write_all(&x);
        is_text(&b, "# TYPE x_calls counter\n# HELP x_calls Calls.\n"
                    "x_calls_total{tool=\"a\\\"b\\\\c\\nd\"} 3\n"
                    "x_calls_created{tool=\"a\\\"b\\\\c\\nd\"} 1.500\n"
                    "# TYPE x_seconds histogram\n# UNIT x_seconds seconds\n# HELP x_seconds Time.\n"
                    "x_seconds_bucket{le=\"0.5\"} 1\nx_seconds_bucket{le=\"1.0\"} 1\n"
                    "x_seconds_bucket{le=\"+Inf\"} 3\nx_seconds_count 3\nx_seconds_sum 7.25\n"
                    "x_seconds_created 1.500\n"
                    "# TYPE x_build info\n# HELP x_build It.\n"
                    "x_build_info{version=\"1\"} 1\n# EOF\n");
}

static void test_values_are_clean(void **state)
{
        char clean[CLEW_LABEL_VALUE_MAX + 1];
        char longer[3 * CLEW_LABEL_VALUE_MAX];

        (void)state;
        assert_int_equal(clew_label_clean(CLEW_SLICE_LITERAL("plain \"x\""), clean), 9);
        assert_string_equal(clean, "plain \"x\"");
        (void)clew_label_clean(clew_slice_make("a\0b\nc\xff\x1b[2Jd\xe2\x80\xae", 14), clean);
        assert_string_equal(clean, "a\xef\xbf\xbd"
                                   "b\xef\xbf\xbd"
                                   "c\xef\xbf\xbd\xef\xbf\xbd[2Jd\xef\xbf\xbd");
        for (size_t i = 0; i + 1 < sizeof(longer); i += 2)
                memcpy(longer + i, "\xc3\xa9", 2);
        assert_int_equal(clew_label_clean(clew_slice_make(longer, sizeof(longer)), clean),
                         CLEW_LABEL_VALUE_MAX / 2 * 2);
        assert_true(clew_utf8_valid(clew_slice_of_cstr(clean)));
        assert_int_equal(clew_label_clean(CLEW_SLICE_NULL, clean), 0);
}

static void test_what_is_asked_for(void **state)
{
        static const struct {
                const char *accept;
                bool openmetrics;
        } cases[] = {
                {"application/openmetrics-text; version=1.0.0,application/openmetrics-text; "
                 "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                 true},
                {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                 "text/plain;version=0.0.4;q=0.5",
                 true},
                {"Application/OpenMetrics-Text", true},
                {"application/openmetrics-text; version=0.0.1", false},
                {"application/openmetrics-text;q=0", false},
                {"application/openmetrics-text;version=1.0.0;q=0.3,text/plain;q=0.5", false},
                {"text/plain", false},
                {"*/*", false},
                {"", false},
                {",;,=;q=,application/openmetrics-text;q=x", true},
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(cases); i++)
                assert_int_equal(
                        clew_exposition_wants_openmetrics(clew_slice_of_cstr(cases[i].accept)),
                        cases[i].openmetrics);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_forms),
                cmocka_unit_test(test_values_are_clean),
                cmocka_unit_test(test_what_is_asked_for),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
