/* Which protocol the first bytes of a connection speak. */
#include "collector/front/door.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void test_greetings(void **state)
{
        static const struct {
                const char *first;
                size_t n;
                enum clew_door_greeting greeting;
        } cases[] = {
                {"", 0, CLEW_GREETING_NONE},
                {"P", 1, CLEW_GREETING_NONE}, /* POST or PRI */
                {"PRI", 3, CLEW_GREETING_HTTP2},
                {"PRI * HTTP/2.0\r\n", 16, CLEW_GREETING_HTTP2},
                {"PRIX", 4, CLEW_GREETING_NONE},
                {"POST /v1/traces", 15, CLEW_GREETING_HTTP1},
                {"GET / HTTP/1.1", 14, CLEW_GREETING_HTTP1},
                {"OPTIONS /v1/tr", 14, CLEW_GREETING_HTTP1},
                {"POSTAL", 6, CLEW_GREETING_NONE},
                {"\x16\x03\x01\x02", 4, CLEW_GREETING_TLS},
                {"\x16", 1, CLEW_GREETING_NONE},
                {"\x16\x02", 2, CLEW_GREETING_NONE},
                {"\0\0\0\0", 4, CLEW_GREETING_NONE},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                assert_int_equal(clew_door_greeting_of(cases[i].first, cases[i].n),
                                 cases[i].greeting);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_greetings),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
