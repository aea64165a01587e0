/*
 * Arguments of calls against the schemas that their request offered.
 */
#include "query/rca/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char schema[] =
        "{\"type\":\"object\",\"properties\":{\"id\":{\"type\":\"string\"},\"n\":{\"type\":"
        "\"integer\",\"description\":\"how many\"},\"unit\":{\"type\":\"string\",\"enum\":[\"C\","
        "\"F\"]},\"tags\":{\"type\":[\"array\",\"null\"],\"items\":{\"type\":\"string\"}},\"any\":{"
        "\"anyOf\":[{\"type\":\"string\"},{\"type\":\"number\"}]}},\"required\":[\"id\",\"n\"]}";

static void check(const char *tail, const char *args, enum clew_schema_fault want,
                  const char *member)
{
        CLEW_ARENA arena = {0};
        struct clew_slice got = CLEW_SLICE_NULL;
        struct clew_slice text;
        bool strict;

        clew_arena_init(&arena, (size_t)1 << 20);
        text = clew_arena_printf(&arena, "%.*s%s}", (int)(sizeof(schema) - 2), schema, tail);
        assert_int_equal(clew_schema_check(text, clew_slice_of_cstr(args), &arena, &got, &strict),
                         want);
        if (member)
                assert_true(clew_slice_eq_cstr(got, member));
        assert_int_equal(strict, tail[0] != '\0');
}

static void test_arguments_and_schema(void **state)
{
        (void)state;
        check("", "{\"id\":\"a\",\"n\":3}", CLEW_SCHEMA_FITS, NULL);
        check("", "{\"id\":\"a\",\"n\":3.0,\"unit\":\"C\",\"tags\":null,\"any\":1}",
              CLEW_SCHEMA_FITS, NULL);
        check("", "{\"id\":\"a\"}", CLEW_SCHEMA_MISSING, "n");
        check("", "{\"id\":7,\"n\":3}", CLEW_SCHEMA_TYPE, "id");
        check("", "{\"id\":\"a\",\"n\":3.5}", CLEW_SCHEMA_TYPE, "n");
        check("", "{\"id\":\"a\",\"n\":\"3\"}", CLEW_SCHEMA_TYPE, "n");
        check("", "{\"id\":\"a\",\"n\":3,\"unit\":\"K\"}", CLEW_SCHEMA_VALUE, "unit");
        check("", "{\"id\":\"a\",\"n\":3,\"tags\":\"x\"}", CLEW_SCHEMA_TYPE, "tags");
        check("", "{\"id\":\"a\",\"n\":3,\"colour\":1}", CLEW_SCHEMA_UNKNOWN, "colour");
        check(",\"additionalProperties\":false", "{\"id\":\"a\",\"n\":3,\"colour\":{\"x\":[1]}}",
              CLEW_SCHEMA_UNKNOWN, "colour");
}

static void test_what_cannot_be_told(void **state)
{
        CLEW_ARENA arena = {0};
        struct clew_slice member;
        bool strict;

        (void)state;
        clew_arena_init(&arena, (size_t)1 << 20);
        check("", "{\"id\":\"a\"", CLEW_SCHEMA_FITS, NULL); /* cut by the sender */
        check("", "not json", CLEW_SCHEMA_FITS, NULL);
        check("", "[1]", CLEW_SCHEMA_FITS, NULL);
        check("", "", CLEW_SCHEMA_FITS, NULL);
        /* A schema that was cut, or none at all. */
        for (size_t n = 0; n < sizeof(schema) - 2; n++)
                assert_int_equal(clew_schema_check(clew_slice_make((const uint8_t *)schema, n),
                                                   CLEW_SLICE_LITERAL("{\"id\":1}"), &arena,
                                                   &member, &strict),
                                 CLEW_SCHEMA_FITS);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_arguments_and_schema),
                cmocka_unit_test(test_what_cannot_be_told),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
