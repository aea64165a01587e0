/* Which signal, encoding and compression a request asks for, and the refusals of the rest. */
#include "collector/front/http-route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_accepted(void **state)
{
        static const struct {
                const char *path;
                const char *type;
                const char *encoding;
                enum clew_http_signal signal;
                bool is_json;
                enum clew_encoding encoding_is;
        } cases[] = {
                {"/v1/traces", "application/x-protobuf", NULL, CLEW_HTTP_TRACES, false,
                 CLEW_ENCODING_IDENTITY},
                {"/v1/logs", "application/json", "gzip", CLEW_HTTP_LOGS, true, CLEW_ENCODING_GZIP},
                {"/v1/metrics", "APPLICATION/JSON ; charset=UTF-8", "", CLEW_HTTP_METRICS, true,
                 CLEW_ENCODING_IDENTITY},
                {"/api/public/otel/v1/traces", "application/protobuf", "identity", CLEW_HTTP_TRACES,
                 false, CLEW_ENCODING_IDENTITY},
                {"/", "application/json", "X-Gzip", CLEW_HTTP_TRACES, true, CLEW_ENCODING_GZIP},
                {"/v1/logs", "application/x-protobuf", "zstd", CLEW_HTTP_LOGS, false,
                 CLEW_ENCODING_ZSTD},
                {"/v1/logs", "application/x-protobuf", "Snappy", CLEW_HTTP_LOGS, false,
                 CLEW_ENCODING_SNAPPY},
                {"/v1/logs", "application/x-protobuf", "deflate", CLEW_HTTP_LOGS, false,
                 CLEW_ENCODING_DEFLATE},
                {"/v1/logs/", "application/json", NULL, CLEW_HTTP_LOGS, true,
                 CLEW_ENCODING_IDENTITY},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct clew_http_route r;
                struct clew_answer a;

                const struct clew_http_head head = {.method = "POST",
                                                    .path = cases[i].path,
                                                    .content_type = cases[i].type,
                                                    .content_encoding = cases[i].encoding};

                assert_true(clew_http_route(&head, &r, &a));
                assert_int_equal(r.signal, cases[i].signal);
                assert_int_equal(r.is_json, cases[i].is_json);
                assert_int_equal(r.encoding, cases[i].encoding_is);
        }
}

static void test_refused(void **state)
{
        static const struct {
                const char *method;
                const char *path;
                const char *type;
                const char *encoding;
                int code;
        } cases[] = {
                {"GET", "/v1/traces", NULL, NULL, 405},
                {"post", "/v1/traces", "application/json", NULL, 405},
                {"POST", "/v1/trace", "application/json", NULL, 404},
                {"POST", "/v1/tracesx", "application/json", NULL, 404},
                {"POST", "v1/traces", "application/json", NULL, 404},
                {"POST", "", "application/json", NULL, 404},
                {"POST", "/a%2f/v1/traces", "application/json", NULL, 404},
                {"POST", "/a/../v1/traces", "application/json", NULL, 404},
                {"POST", "/a\\v1/traces", "application/json", NULL, 404},
                {"POST", "/v1/traces", "application/jsonx", NULL, 415},
                {"POST", "/v1/traces", "application/jso", NULL, 415},
                {"POST", "/v1/traces", "", NULL, 415},
                {"POST", "/v1/traces", "application/json", "br", 415},
                {"POST", "/v1/traces", "application/json", "gzip, gzip", 415},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct clew_http_route r;
                struct clew_answer a = {.kind = CLEW_ANSWER_OK};

                const struct clew_http_head head = {.method = cases[i].method,
                                                    .path = cases[i].path,
                                                    .content_type = cases[i].type,
                                                    .content_encoding = cases[i].encoding};

                assert_false(clew_http_route(&head, &r, &a));
                assert_int_equal(clew_answer_http_code(a.kind), cases[i].code);
                assert_true(a.message[0] != '\0');
        }
}

static void test_targets(void **state)
{
        static const char *const pairs[][2] = {
                {"/v1/traces", "/v1/traces"},
                {"http://a/v1/traces", "/v1/traces"},
                {"HTTP://127.0.0.1:4318/v1/logs", "/v1/logs"},
                {"https://[::1]:4318/", "/"},
                {"http://a", "/"},
                {"http://", "/"},
                {"/http://a/v1/traces", "/http://a/v1/traces"},
                {"ftp://a/v1/traces", "ftp://a/v1/traces"},
                {"*", "*"},
                {"", ""},
        };

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(pairs); i++)
                assert_string_equal(clew_http_path_of(pairs[i][0]), pairs[i][1]);
}

static void test_origins(void **state)
{
        static const struct {
                const char *origin;
                bool accepted;
        } cases[] = {
                {NULL, true},
                {"http://localhost:3000", true},
                {"https://LOCALHOST", true},
                {"http://127.0.0.1:8080", true},
                {"http://[::1]", true},
                {"null", false},
                {"http://evil.example:4318", false},
                {"http://localhost.evil.example", false},
                {"http://127.0.0.1.evil.example", false},
                {"", false},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                const struct clew_http_head head = {.method = "POST",
                                                    .path = "/",
                                                    .content_type = "application/json",
                                                    .origin = cases[i].origin};
                struct clew_http_route r;
                struct clew_answer a = {.kind = CLEW_ANSWER_OK};

                assert_int_equal(clew_http_route(&head, &r, &a), cases[i].accepted);
                assert_true(r.is_guess);
                if (!cases[i].accepted)
                        assert_int_equal(clew_answer_http_code(a.kind), 403);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_accepted),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_targets),
                cmocka_unit_test(test_origins),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
