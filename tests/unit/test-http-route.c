/* Which signal, encoding and compression a request asks for, and the refusals of the rest. */
#include "collector/http-route.h"

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
                bool is_gzip;
        } cases[] = {
                {"/v1/traces", "application/x-protobuf", NULL, CLEW_HTTP_TRACES, false, false},
                {"/v1/logs", "application/json", "gzip", CLEW_HTTP_LOGS, true, true},
                {"/v1/metrics", "APPLICATION/JSON ; charset=UTF-8", "", CLEW_HTTP_METRICS, true,
                 false},
                {"/api/public/otel/v1/traces", "application/protobuf", "identity", CLEW_HTTP_TRACES,
                 false, false},
                {"/", "application/json", "X-Gzip", CLEW_HTTP_TRACES, true, true},
                {"/v1/logs/", "application/json", NULL, CLEW_HTTP_LOGS, true, false},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct clew_http_route r;
                struct clew_answer a;

                assert_true(clew_http_route("POST", cases[i].path, cases[i].type, cases[i].encoding,
                                            &r, &a));
                assert_int_equal(r.signal, cases[i].signal);
                assert_int_equal(r.is_json, cases[i].is_json);
                assert_int_equal(r.is_gzip, cases[i].is_gzip);
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
                {"POST", "/v1/traces", "application/json", "deflate", 415},
                {"POST", "/v1/traces", "application/json", "gzip, gzip", 415},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct clew_http_route r;
                struct clew_answer a = {.kind = CLEW_ANSWER_OK};

                assert_false(clew_http_route(cases[i].method, cases[i].path, cases[i].type,
                                             cases[i].encoding, &r, &a));
                assert_int_equal(clew_answer_http_code(a.kind), cases[i].code);
                assert_true(a.message[0] != '\0');
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_accepted),
                cmocka_unit_test(test_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
