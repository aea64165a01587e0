/*
 * JSON Schema: each keyword with a value that meets it and one that breaks it, where a mistake is
 * said to be, and schemas that are refused.
 */
#include "query/review/shape.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MEMORY_MAX ((size_t)64 << 20)

/* @wanted: how the message begins; NULL = it holds. */
static void check(const char *schema, const char *value, const char *wanted)
{
        CLEW_ARENA arena = {0};
        const struct clew_shape *s;
        struct clew_error err = {0};
        int r;

        clew_arena_init(&arena, MEMORY_MAX);
        if (clew_shape_read(clew_slice_of_cstr(schema), &arena, &s, &err) != 0)
                fail_msg("%s: %s", schema, err.message);
        r = clew_shape_check(s, clew_slice_of_cstr(value), &arena, &err);
        if ((r == 0) != (wanted == NULL) ||
            (wanted && strncmp(err.message, wanted, strlen(wanted)) != 0))
                fail_msg("%s\n%s\nis %d: %s\nnot %s", schema, value, r, err.message,
                         wanted ? wanted : "good");
}

static void refused(const char *schema, const char *wanted)
{
        CLEW_ARENA arena = {0};
        const struct clew_shape *s;
        struct clew_error err = {0};

        clew_arena_init(&arena, MEMORY_MAX);
        assert_int_equal(clew_shape_read(clew_slice_of_cstr(schema), &arena, &s, &err), -EINVAL);
        if (!strstr(err.message, wanted))
                fail_msg("%s: %s", schema, err.message);
}

static void values_alone(void **state)
{
        (void)state;
        check("true", "1", NULL);
        check("false", "1", "/: is not allowed");
        check("{}", "[1,{\"a\":null}]", NULL);
        check("{\"type\":\"string\"}", "\"x\"", NULL);
        check("{\"type\":\"string\"}", "1", "/: should be string, it is number");
        check("{\"type\":[\"string\",\"null\"]}", "null", NULL);
        check("{\"type\":[\"string\",\"null\"]}", "[]", "/: should be string or null, it is array");
        check("{\"type\":\"integer\"}", "3.0", NULL);
        check("{\"type\":\"integer\"}", "3.5", "/: should be integer");
        check("{\"enum\":[1,\"a\",{\"x\":[1]}]}", "{\"x\":[1.0]}", NULL);
        check("{\"enum\":[1,\"a\"]}", "\"b\"", "/: is none of the values of enum");
        check("{\"const\":{\"a\":1,\"b\":2}}", "{\"b\":2,\"a\":1}", NULL);
        check("{\"const\":[1,2]}", "[2,1]", "/: is not the const");
        check("{\"minLength\":2,\"maxLength\":3}", "\"\\u00e4\\ud83d\\ude00\"", NULL);
        check("{\"minLength\":2}", "\"\xc3\xa4\"", "/: breaks minLength");
        check("{\"pattern\":\"^a+$\"}", "\"aaa\"", NULL);
        check("{\"pattern\":\"b\"}", "\"aaa\"", "/: does not match the pattern");
        check("{\"pattern\":\"b\"}", "17", NULL);
        check("{\"minimum\":1,\"maximum\":2}", "2", NULL);
        check("{\"exclusiveMaximum\":2}", "2", "/: breaks exclusiveMaximum");
        check("{\"multipleOf\":0.01}", "4.02", NULL);
        check("{\"multipleOf\":3}", "4", "/: breaks multipleOf");
}

static void parts(void **state)
{
        static const char person[] = "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":"
                                     "\"string\"},\"tags\":{\"items\":"
                                     "{\"type\":\"string\"},\"minItems\":1,\"uniqueItems\":true}},"
                                     "\"required\":[\"name\"],"
                                     "\"additionalProperties\":false}";

        (void)state;
        check(person, "{\"name\":\"a\",\"tags\":[\"x\",\"y\"]}", NULL);
        check(person, "{\"tags\":[\"x\"]}", "/: \"name\" is missing");
        check(person, "{\"name\":\"a\",\"tags\":[\"x\",3]}", "/tags/1: should be string");
        check(person, "{\"name\":\"a\",\"tags\":[]}", "/tags: breaks minItems");
        check(person, "{\"name\":\"a\",\"tags\":[\"x\",\"x\"]}",
              "/tags: has elements that are equal");
        check(person, "{\"name\":\"a\",\"more\":1}", "/more: is not allowed");
        check("{\"additionalProperties\":{\"type\":\"number\"},\"patternProperties\":{\"^s_\":{"
              "\"type\":"
              "\"string\"}}}",
              "{\"s_a\":\"x\",\"b\":2}", NULL);
        check("{\"additionalProperties\":{\"type\":\"number\"},\"patternProperties\":{\"^s_\":{"
              "\"type\":"
              "\"string\"}}}",
              "{\"b\":2,\"s_a\":3}", "/s_a: should be string");
        check("{\"prefixItems\":[{\"type\":\"string\"}],\"items\":{\"type\":\"number\"}}",
              "[\"a\",1,2]", NULL);
        check("{\"prefixItems\":[{\"type\":\"string\"}],\"items\":{\"type\":\"number\"}}",
              "[\"a\",\"b\"]", "/1: should be number");
        check("{\"prefixItems\":[{\"type\":\"string\"}]}", "[1]", "/0: should be string");
        check("{\"propertyNames\":{\"maxLength\":2}}", "{\"ab\":1,\"abc\":2}",
              "/abc: breaks maxLength");
        check("{\"minProperties\":1,\"maxProperties\":2}", "{}", "/: breaks minProperties");
}

static void choices(void **state)
{
        static const char tree[] =
                "{\"$ref\":\"#/$defs/"
                "tree\",\"$defs\":{\"tree\":{\"type\":\"object\",\"properties\":{\"v\":{"
                "\"type\":\"integer\"},\"kids\":{\"items\":{\"$ref\":\"#/$defs/tree\"}}}}}}";

        (void)state;
        check("{\"anyOf\":[{\"type\":\"string\"},{\"minimum\":5}]}", "7", NULL);
        check("{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"number\",\"minimum\":5}]}", "3",
              "/: is none of what anyOf allows");
        check("{\"oneOf\":[{\"minimum\":1},{\"minimum\":2}]}", "1", NULL);
        check("{\"oneOf\":[{\"minimum\":1},{\"minimum\":2}]}", "3",
              "/: is more than one of what oneOf");
        check("{\"not\":{\"type\":\"string\"}}", "\"x\"", "/: is what \"not\" forbids");
        check("{\"not\":{\"type\":\"string\"}}", "1", NULL);
        check("{\"allOf\":[{\"minimum\":1},{\"maximum\":2}],\"type\":\"number\"}", "3",
              "/: breaks maximum");
        check(tree, "{\"v\":1,\"kids\":[{\"v\":2,\"kids\":[{\"v\":3}]}]}", NULL);
        check(tree, "{\"v\":1,\"kids\":[{\"v\":2,\"kids\":[{\"v\":3},{\"v\":\"4\"}]}]}",
              "/kids/0/kids/1/v: should be integer");
        check("{\"properties\":{\"a\":{\"anyOf\":[{\"properties\":{\"b\":{\"type\":\"string\"}}},{"
              "\"type\":"
              "\"null\"}]},\"c\":{\"type\":\"string\"}}}",
              "{\"a\":{\"b\":1},\"c\":1}", "/a: is none of what anyOf");
}

static void schemas_are_refused(void **state)
{
        (void)state;
        refused("[]", "a schema is an object");
        refused("{\"type\":\"text\"}", "\"type\" takes string, number");
        refused("{\"requird\":[\"a\"]}", "\"requird\" is no keyword");
        refused("{\"properties\":{\"a\":{\"minLength\":-1}}}",
                "\"minLength\" takes a whole number");
        refused("{\"properties\":{\"a\":1}}", "\"properties\" takes an object of schemas");
        refused("{\"anyOf\":[]}", "\"anyOf\" takes a list of schemas");
        refused("{\"$ref\":\"#/$defs/no\"}", "\"$ref\" names no place");
        refused("{\"$ref\":\"http://example.org/s\"}", "\"$ref\" names no place");
        refused("{\"pattern\":\"(\"}", "\"pattern\" is no regular expression");
        refused("{\"pattern\":\"(?=a)\"}", "\"pattern\" is no regular expression");
        refused("{\"pattern\":\"a)|(b\"}", "\"pattern\" is no regular expression");
        refused("{\"if\":{}}", "\"if\" is no keyword");
        refused("{\"type\":", "");
}

static void what_goes_round_ends(void **state)
{
        CLEW_ARENA arena = {0};
        const struct clew_shape *s;
        struct clew_error err = {0};

        (void)state;
        clew_arena_init(&arena, MEMORY_MAX);
        assert_int_equal(clew_shape_read(CLEW_SLICE_LITERAL("{\"$ref\":\"#\"}"), &arena, &s, &err),
                         0);
        assert_int_equal(clew_shape_check(s, CLEW_SLICE_LITERAL("1"), &arena, &err), -E2BIG);
        assert_int_equal(clew_shape_read(CLEW_SLICE_LITERAL(
                                                 "{\"anyOf\":[{\"$ref\":\"#\"},{\"$ref\":\"#\"}]}"),
                                         &arena, &s, &err),
                         0);
        assert_int_equal(clew_shape_check(s, CLEW_SLICE_LITERAL("1"), &arena, &err), -E2BIG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(values_alone),
                cmocka_unit_test(parts),
                cmocka_unit_test(choices),
                cmocka_unit_test(schemas_are_refused),
                cmocka_unit_test(what_goes_round_ends),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
