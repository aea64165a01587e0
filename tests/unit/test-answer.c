/* Answers: retry classes, and the bytes of the messages that carry them. */
#include "collector/gate/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_retry_classes(void **state)
{
        (void)state;
        for (int k = 0; k < CLEW_ANSWER_KINDS; k++) {
                enum clew_answer_kind kind = (enum clew_answer_kind)k;
                int grpc = clew_answer_grpc_code(kind);
                int http = clew_answer_http_code(kind);
                bool retry = clew_answer_may_retry(kind);

                /* What OTLP clients retry: UNAVAILABLE of ours; 429, 502, 503, 504. */
                assert_int_equal(retry, grpc == 14);
                assert_int_equal(retry, http == 429 || http == 502 || http == 503 || http == 504);
                assert_int_equal(kind == CLEW_ANSWER_OK, http == 200);
        }
        assert_int_equal(clew_answer_grpc_code(CLEW_ANSWER_TOO_LARGE), 8);
        assert_int_equal(clew_answer_http_code(CLEW_ANSWER_TOO_LARGE), 413);
}

static void test_full_success_is_empty(void **state)
{
        struct clew_answer a = {.kind = CLEW_ANSWER_OK};
        CLEW_BUFFER b = {0};

        (void)state;
        clew_buffer_init(&b, 4096);
        clew_answer_write_response(&a, &b);
        assert_int_equal(b.len, 0);
        clew_answer_write_response_json(&a, "rejectedSpans", &b);
        assert_memory_equal(b.data, "{}", 2);
}

static void test_partial_success(void **state)
{
        static const uint8_t expected[] = {0x0a, 9, 0x08, 0xac, 2, 0x12, 4, 'o', 'o', 'p', 's'};
        struct clew_answer a = {.kind = CLEW_ANSWER_OK, .n_rejected = 300};
        CLEW_BUFFER b = {0};

        (void)state;
        clew_buffer_init(&b, 4096);
        clew_answer_set(&a, CLEW_ANSWER_OK, "oops");
        clew_answer_write_response(&a, &b);
        assert_int_equal(b.len, sizeof(expected));
        assert_memory_equal(b.data, expected, sizeof(expected));
        clew_buffer_clear(&b);
        clew_answer_write_response_json(&a, "rejectedSpans", &b);
        clew_buffer_append_byte(&b, 0);
        assert_string_equal((const char *)b.data, "{\"partialSuccess\":{\"rejectedSpans\":\"300\","
                                                  "\"errorMessage\":\"oops\"}}");
}

static void test_status_with_retry(void **state)
{
        static const uint8_t info[] = {0x0a, 8, 0x08, 1, 0x10, 0x80, 0xca, 0xb5, 0xee, 1};
        struct clew_answer a = {.kind = CLEW_ANSWER_OK, .retry_ms = 1500};
        CLEW_BUFFER b = {0};

        (void)state;
        clew_buffer_init(&b, 4096);
        clew_answer_set(&a, CLEW_ANSWER_OVERLOADED, "busy");
        clew_answer_write_retry_info(&a, &b);
        assert_int_equal(b.len, sizeof(info));
        assert_memory_equal(b.data, info, sizeof(info));
        clew_buffer_clear(&b);
        clew_answer_write_status(&a, &b);
        assert_memory_equal(b.data,
                            "\x08\x0e\x12\x04"
                            "busy\x1a",
                            9);
        assert_non_null(memmem(b.data, b.len, "type.googleapis.com/google.rpc.RetryInfo", 40));
        assert_non_null(memmem(b.data, b.len, info, sizeof(info)));
        clew_buffer_clear(&b);
        clew_answer_write_status_json(&a, &b);
        assert_non_null(memmem(b.data, b.len, "\"retryDelay\":\"1.500s\"", 21));
}

static void test_json_text_is_escaped(void **state)
{
        struct clew_answer a = {.kind = CLEW_ANSWER_OK};
        CLEW_BUFFER b = {0};

        (void)state;
        clew_buffer_init(&b, 4096);
        clew_answer_set(&a, CLEW_ANSWER_MALFORMED, "a\"b\\c\n\xff");
        clew_answer_write_status_json(&a, &b);
        clew_buffer_append_byte(&b, 0);
        assert_string_equal((const char *)b.data, "{\"code\":3,\"message\":\"a\\\"b\\\\c??\"}");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_retry_classes),
                cmocka_unit_test(test_full_success_is_empty),
                cmocka_unit_test(test_partial_success),
                cmocka_unit_test(test_status_with_retry),
                cmocka_unit_test(test_json_text_is_escaped),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
