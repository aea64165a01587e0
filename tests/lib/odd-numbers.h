/*
 * Numbers that are easily taken for others: whole ones beyond what a double holds, and what lies
 * round borders of what indexes keep of them. As OTLP JSON and as literals of a query.
 */
#ifndef CLEW_TEST_ODD_NUMBERS_H
#define CLEW_TEST_ODD_NUMBERS_H

#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "tests/lib/random.h"

static const char *const test_odd_wholes[] = {
        "0",
        "1",
        "5",
        "7",
        "998",
        "999",
        "1000",
        "1001",
        "1023",
        "1024",
        "1087",
        "1088",
        "4000",
        "4095",
        "4096",
        "4351",
        "4352",
        "4353",
        "70000",
        "65535",
        "65536",
        "9007199254740991",
        "9007199254740992",
        "9007199254740993",
        "1152921504606846975",
        "1152921504606846976",
        "9223372036854775807",
};

static const char *const test_odd_fractions[] = {
        "0.0",
        "0.5",
        "5.0",
        "998.5",
        "999.0",
        "999.5",
        "1000.0",
        "1023.5",
        "1024.0",
        "1087.99",
        "4096.0",
        "4351.25",
        "4352.0",
        "70000.0",
        "1e-300",
        "1e300",
        "0.0625",
        "0.0664",
        "9007199254740992.0",
        "9223372036854775808.0",
};

static inline const char *test_odd_of(struct test_random *r, const char *const *list, size_t n)
{
        return list[test_random_below(r, n)];
}

/* A literal of a query. */
static inline const char *test_odd_literal(struct test_random *r)
{
        return test_random_below(r, 2)
                       ? test_odd_of(r, test_odd_wholes, CLEW_ARRAY_LEN(test_odd_wholes))
                       : test_odd_of(r, test_odd_fractions, CLEW_ARRAY_LEN(test_odd_fractions));
}

/* A value of an attribute, with its braces. */
static inline void test_odd_put(struct test_random *r, struct clew_buffer *b)
{
        static const char *const none[] = {"NaN", "Infinity", "-Infinity"};
        const char *sign = test_random_below(r, 3) ? "" : "-";

        if (test_random_below(r, 2))
                clew_buffer_printf(
                        b, "{\"intValue\":\"%s%s\"}", sign,
                        test_odd_of(r, test_odd_wholes, CLEW_ARRAY_LEN(test_odd_wholes)));
        else if (test_random_below(r, 6) == 0)
                clew_buffer_printf(b, "{\"doubleValue\":\"%s\"}",
                                   test_odd_of(r, none, CLEW_ARRAY_LEN(none)));
        else
                clew_buffer_printf(
                        b, "{\"doubleValue\":%s%s}", sign,
                        test_odd_of(r, test_odd_fractions, CLEW_ARRAY_LEN(test_odd_fractions)));
}

/* A number beside an attribute that may have such values, on either side. */
static inline void test_odd_condition(struct test_random *r, struct clew_buffer *b)
{
        static const char *const fields[] = {
                "span.k.num",   ".k.num",         "span.k.more",
                "event.k.more", ".k.more",        "span.k.3.more",
                "span.k.list",  "resource.k.num", "span.clew.attr.k.more",
                "span.n",
        };
        static const char *const operators[] = {">", ">=", "<", "<=", "!=", "="};
        const char *field = test_odd_of(r, fields, CLEW_ARRAY_LEN(fields));
        const char *op = test_odd_of(r, operators, CLEW_ARRAY_LEN(operators));
        const char *sign = test_random_below(r, 3) ? "" : "-";
        const char *value = test_odd_literal(r);

        if (test_random_below(r, 4) == 0)
                clew_buffer_printf(b, "%s%s %s %s", sign, value, op, field);
        else
                clew_buffer_printf(b, "%s %s %s%s", field, op, sign, value);
}

#endif
