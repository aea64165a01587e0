/*
 * Redaction of whole messages, and files of rules: what goes wherever it stands, what stays, and
 * that lengths of what is around follow, or nothing moves.
 */
#include "proto/mask/rules.h"
#include "proto/otlp/json.h"
#include "proto/otlp/redact.h"
#include "proto/otlp/walk.h"
#include "tests/unit/random-otlp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BYTES_MAX ((size_t)16 << 20)

static struct clew_slice slice(const struct clew_buffer *b)
{
        return clew_buffer_slice(b);
}

static bool holds(struct clew_slice in, const char *text)
{
        return memmem(in.data, in.len, text, strlen(text)) != NULL;
}

static void load(struct clew_rules *r, const char *text)
{
        struct clew_error err = {0};

        if (clew_rules_parse(r, clew_slice_of_cstr(text), &err) < 0)
                fail_msg("%s", err.message);
}

/* ---- texts ----------------------------------------------------------------------------------- */

static struct clew_mask mask_of(const struct clew_rules *r, bool same_length)
{
        struct clew_mask m = {
                .rules = r->used, .own = &r->own, .has_key = true, .same_length = same_length};

        memset(m.key, 7, sizeof(m.key));
        return m;
}

/* @wanted has # for each digit of a hash; NULL = nothing is found. */
static void becomes(const char *rules, const char *text, const char *wanted)
{
        struct clew_rules r = {0};
        struct clew_mask m;
        CLEW_BUFFER out = {0};
        bool same;

        load(&r, rules);
        m = mask_of(&r, false);
        clew_buffer_init(&out, BYTES_MAX);
        same = clew_mask_text(&m, clew_slice_of_cstr(text), &out) == (wanted != NULL);
        for (size_t i = 0; wanted && same && i < strlen(wanted); i++)
                same = i < out.len &&
                       (wanted[i] == '#' ? out.data[i] != ']' : wanted[i] == (char)out.data[i]);
        if (!same || (wanted && strlen(wanted) != out.len))
                fail_msg("%s\nbecame %.*s\nnot    %s", text, (int)out.len,
                         out.data ? (const char *)out.data : "", wanted ? wanted : "(nothing)");
        clew_rules_deinit(&r);
}

static void own_keys(void **state)
{
        const char *rules = "key patient ssn dob chart.*";

        (void)state;
        becomes(rules, "{\"ssn\": \"1-2\", \"n\": 1}",
                "{\"ssn\": \"[redacted:patient:############]\", \"n\": 1}");
        becomes(rules, "{\"SSN\": 12, \"dob\": true, \"x\": true}",
                "{\"SSN\": \"[redacted:patient:############]\", \"dob\": null, \"x\": true}");
        becomes(rules, "{\"dob\": {\"year\": 1970, \"of\": [\"a\", \"b\"]}, \"b\": \"a\"}",
                "{\"dob\": {\"year\": \"[redacted:patient:############]\", \"of\": "
                "[\"[redacted:patient:############]\", \"[redacted:patient:############]\"]}, "
                "\"b\": \"a\"}");
        becomes(rules, "{\"a\": \"{\\\"ssn\\\": 7}\"}",
                "{\"a\": \"{\\\"ssn\\\": \\\"[redacted:patient:############]\\\"}\"}");
        becomes(rules, "{\"chart.id\": \"x\", \"mychart.id\": \"x\", \"my.chart.id\": \"x\"}",
                "{\"chart.id\": \"[redacted:patient:############]\", \"mychart.id\": \"x\", "
                "\"my.chart.id\": \"[redacted:patient:############]\"}");
        becomes(rules, "ssn=123 and user.ssn: 'b c' and lessn=1",
                "ssn=[redacted:patient:############] and user.ssn: "
                "'[redacted:patient:############]' and lessn=1");
        becomes(rules, "{\"ssn\": \"cut off in the mid", /* no JSON any more */
                "{\"ssn\": \"[redacted:patient:############]");
        becomes(rules, "{\"ssn\": \"[redacted:patient:0123456789ab]\"}", NULL);
        becomes(rules, "{\"ssn\": \"\", \"dob\": null}", NULL);
}

static void own_texts(void **state)
{
        const char *rules = "text host db7/\"in\"\xc3\xbc.example";

        (void)state;
        becomes(rules, "at db7/\"in\"\xc3\xbc.example now", "at [redacted:host:############] now");
        becomes(rules, "{\"a\": \"db7\\/\\\"in\\\"\\u00fc.example\"}",
                "{\"a\": \"[redacted:host:############]\"}");
        becomes(rules, "cut {\\\"a\\\": \\\"db7/\\\\\\\"in\\\\\\\"\xc3\xbc.example",
                "cut {\\\"a\\\": \\\"[redacted:host:############]");
        becomes(rules, "?q=db7%2F%22in%22%C3%BC.example&b", "?q=[redacted:host:############]&b");
        becomes(rules, "?q=db7%2f%22in%22%c3%bc.example&b", "?q=[redacted:host:############]&b");
        becomes(rules, "x 6462372f22696e22c3bc2e6578616d706c65 y",
                "x #################################### y");
        becomes(rules, "x ZGI3LyJpbiLDvC5leGFtcGxl y", "x ######################## y");
        becomes(rules, "eGRiNy8iaW4iw7wuZXhhbXBsZXg=", "eG#######################Xg=");
        becomes(rules, "db7/\"in\"u.example", NULL);
}

static void own_patterns(void **state)
{
        const char *rules = "pattern order ORD-[0-9]{8}\npattern line ^begin [a-z]+$";

        (void)state;
        becomes(rules, "of ORD-12345678, ORD-1234567",
                "of [redacted:order:############], ORD-1234567");
        becomes(rules, "{\"a\": \"ORD\\u002d12345678\"}",
                "{\"a\": \"[redacted:order:############]\"}");
        becomes(rules, "begin with", "[redacted:line:############]");
        becomes(rules, "to begin with", NULL);
}

/* A pattern made to cost: it ends, and what could not be judged is gone. */
static void a_limit_takes_the_rest(void **state)
{
        struct clew_rules r = {0};
        struct clew_mask m;
        CLEW_BUFFER text = {0};
        CLEW_BUFFER out = {0};

        (void)state;
        load(&r, "pattern slow (x+x+)+[yz]");
        m = mask_of(&r, false);
        clew_buffer_init(&text, BYTES_MAX);
        clew_buffer_init(&out, BYTES_MAX);
        clew_buffer_append_cstr(&text, "head ");
        for (int i = 0; i < 300000; i++)
                clew_buffer_append_byte(&text, 'x');
        assert_true(clew_mask_text(&m, slice(&text), &out));
        assert_int_equal(m.n_unsure, 1);
        assert_true(out.len < 100);
        assert_true(holds(slice(&out), "[redacted:slow:"));
        clew_rules_deinit(&r);
}

/* A match that lies across windows is found, wherever it begins. */
static void patterns_find_across_windows(void **state)
{
        struct clew_rules r = {0};
        struct clew_mask m;

        (void)state;
        load(&r, "pattern order ORD-[0-9]{8}");
        m = mask_of(&r, false);
        for (size_t at = 4096 - 20; at < 4096 + 20; at++) {
                CLEW_BUFFER text = {0};
                CLEW_BUFFER out = {0};

                clew_buffer_init(&text, BYTES_MAX);
                clew_buffer_init(&out, BYTES_MAX);
                for (size_t i = 0; i < at; i++)
                        clew_buffer_append_byte(&text, i % 7 ? 'a' : ' ');
                clew_buffer_append_cstr(&text, "ORD-12345678");
                for (size_t i = 0; i < 10000; i++)
                        clew_buffer_append_byte(&text, 'b');
                assert_true(clew_mask_text(&m, slice(&text), &out));
                assert_false(holds(slice(&out), "ORD-"));
                assert_int_equal(out.len, text.len - 12 + strlen("[redacted:order:0123456789ab]"));
        }
        clew_rules_deinit(&r);
}

/* ---- messages -------------------------------------------------------------------------------- */

static const char REQUEST[] =
        "{\"resourceSpans\": [{\"resource\": {\"attributes\": ["
        "{\"key\": \"host.name\", \"value\": {\"stringValue\": \"sekret-99 box\"}}]},"
        "\"schemaUrl\": \"https://sekret-99/schema\","
        "\"scopeSpans\": [{\"scope\": {\"name\": \"lib sekret-99\", \"attributes\": ["
        "{\"key\": \"ssn\", \"value\": {\"stringValue\": \"in a scope\"}}]}, \"spans\": ["
        "{\"traceId\": \"0102030405060708090a0b0c0d0e0f10\", \"spanId\": \"0102030405060708\","
        "\"name\": \"chat sekret-99\", \"traceState\": \"a=sekret-99\", "
        "\"startTimeUnixNano\": \"1700000000000000000\","
        "\"status\": {\"code\": 2, \"message\": \"mail ana@example.com failed\"},"
        "\"attributes\": ["
        "{\"key\": \"key sekret-99\", \"value\": {\"boolValue\": true}},"
        "{\"key\": \"user.ssn\", \"value\": {\"intValue\": 4711}},"
        "{\"key\": \"ssn\", \"value\": {\"doubleValue\": 1.5}},"
        "{\"key\": \"ssn\", \"value\": {\"kvlistValue\": {\"values\": ["
        "{\"key\": \"deep\", \"value\": {\"arrayValue\": {\"values\": ["
        "{\"stringValue\": \"one taken\"}, {\"bytesValue\": \"c2Vla3JldA==\"}, "
        "{\"boolValue\": true}]}}}]}}},"
        "{\"key\": \"api_key\", \"value\": {\"stringValue\": \"hunter2hunter2\"}},"
        "{\"key\": \"card\", \"value\": {\"intValue\": \"4111111111111111\"}},"
        "{\"key\": \"n\", \"value\": {\"intValue\": \"1700000000000000000\"}},"
        "{\"key\": \"input\", \"value\": {\"stringValue\": "
        "\"{\\\"a\\\": \\\"sekret-99\\\", \\\"ssn\\\": 12}\"}}],"
        "\"events\": [{\"name\": \"e sekret-99\", \"attributes\": ["
        "{\"key\": \"x\", \"value\": {\"stringValue\": \"sekret-99\"}}]}],"
        "\"links\": [{\"traceId\": \"0102030405060708090a0b0c0d0e0f10\", "
        "\"spanId\": \"0102030405060708\", \"attributes\": ["
        "{\"key\": \"x\", \"value\": {\"stringValue\": \"sekret-99\"}}]}]}]}]}]}";

static const char RULES[] = "use all\nkey patient ssn\ntext word sekret-99\n";

static void make_request(const char *json, struct clew_buffer *out)
{
        struct clew_error err = {0};

        clew_buffer_init(out, BYTES_MAX);
        if (clew_otlp_from_json(clew_slice_of_cstr(json), CLEW_OTLP_TRACES, out, &err) < 0)
                fail_msg("%s", err.message);
}

static void redacted(const struct clew_buffer *request, struct clew_mask *m,
                     struct clew_buffer *out)
{
        struct clew_mask_work w;
        struct clew_error err = {0};

        clew_mask_work_init(&w, BYTES_MAX);
        clew_mask_work_begin(&w, request->len);
        if (clew_otlp_redact(slice(request), CLEW_OTLP_TRACES, m, &w, NULL, &err) < 0)
                fail_msg("%s", err.message);
        clew_mask_apply(&w, slice(request), out);
        assert_int_equal(clew_buffer_error(out), 0);
        clew_mask_work_deinit(&w);
        assert_int_equal(clew_otlp_check(slice(out), CLEW_OTLP_TRACES, NULL), 0);
}

static void nothing_is_left(const struct clew_buffer *out)
{
        static const char *const gone[] = {"sekret",    "ana@example", "hunter2",   "in a scope",
                                           "one taken", "4711",        "4111111111"};
        CLEW_BUFFER json = {0};

        clew_buffer_init(&json, BYTES_MAX);
        assert_int_equal(clew_otlp_to_json(slice(out), CLEW_OTLP_TRACES, &json), 0);
        for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
                if (holds(slice(&json), gone[i]))
                        fail_msg("%s is left: %.*s", gone[i], (int)json.len,
                                 (const char *)json.data);
        }
        assert_true(holds(slice(&json), "0102030405060708090a0b0c0d0e0f10"));
        assert_true(holds(slice(&json), "1700000000000000000"));
        assert_false(holds(slice(&json), "c2Vla3JldA"));
}

static void a_message_everywhere(void **state)
{
        struct clew_rules r = {0};

        (void)state;
        load(&r, RULES);
        for (unsigned same = 0; same < 2; same++) {
                CLEW_BUFFER request = {0};
                CLEW_BUFFER out = {0};
                CLEW_BUFFER again = {0};
                struct clew_mask m = mask_of(&r, same);
                struct clew_mask more = mask_of(&r, same);

                make_request(REQUEST, &request);
                clew_buffer_init(&out, BYTES_MAX);
                clew_buffer_init(&again, BYTES_MAX);
                redacted(&request, &m, &out);
                nothing_is_left(&out);
                assert_int_equal(m.n_own[1], 10);
                assert_int_equal(m.n_own[0], 7);
                assert_int_equal(m.n[CLEW_MASK_EMAIL], 1);
                assert_int_equal(m.n[CLEW_MASK_CARD], 1);
                assert_int_equal(m.n[CLEW_MASK_SECRET], 1);
                if (same)
                        assert_int_equal(out.len, request.len);
                redacted(&out, &more, &again); /* twice is once */
                assert_int_equal(clew_mask_count(&more), 0);
                assert_true(clew_slice_eq(slice(&out), slice(&again)));
        }
        clew_rules_deinit(&r);
}

/* A message in which nothing is found stays the same to the byte, however it was encoded. */
static void what_is_clean_stays(void **state)
{
        struct random_source random = random_from_environment("redact");
        struct clew_rules r = {0};

        (void)state;
        load(&r, "text word zzzzzzzzzz\nkey k nobody-has-this\n");
        for (int i = 0; i < 200; i++) {
                CLEW_BUFFER request = {0};
                CLEW_BUFFER out = {0};
                struct clew_mask m = mask_of(&r, false);

                clew_buffer_init(&request, BYTES_MAX);
                clew_buffer_init(&out, BYTES_MAX);
                random_request(&random, CLEW_OTLP_TRACES, 20, &request);
                redacted(&request, &m, &out);
                assert_int_equal(clew_mask_count(&m), 0);
                assert_true(clew_slice_eq(slice(&request), slice(&out)));
        }
        clew_rules_deinit(&r);
}

/* The name of an attribute may be encoded behind its value; a field that nobody knows may hold it.
 */
static void odd_encodings(void **state)
{
        /* value "1-2-3" (field 2), then key "ssn" (field 1), in attribute 9 of a span; then an
         * unknown field 900 with the word. */
        static const uint8_t pair[] = {0x12, 7,   0x0a, 5, '1', '-', '2',
                                       '-',  '3', 0x0a, 3, 's', 's', 'n'};
        struct clew_rules r = {0};
        CLEW_BUFFER span = {0};
        CLEW_BUFFER request = {0};

        (void)state;
        load(&r, RULES);
        clew_buffer_init(&span, BYTES_MAX);
        clew_buffer_init(&request, BYTES_MAX);
        clew_buffer_append(&span,
                           "\x0a\x10"
                           "0123456789abcdef"
                           "\x12\x08"
                           "01234567",
                           28);
        clew_buffer_append_byte(&span, 9 << 3 | 2);
        clew_buffer_append_byte(&span, sizeof(pair));
        clew_buffer_append(&span, pair, sizeof(pair));
        clew_buffer_append_varint(&span, 900 << 3 | 2);
        clew_buffer_append_byte(&span, 13);
        clew_buffer_append_cstr(&span, "a sekret-99 z");
        for (unsigned level = 0; level < 3; level++) { /* spans, scopes, resources */
                clew_buffer_clear(&request);
                clew_buffer_append_byte(&request, level < 2 ? 0x12 : 0x0a);
                clew_buffer_append_varint(&request, span.len);
                clew_buffer_append_slice(&request, slice(&span));
                clew_buffer_clear(&span);
                clew_buffer_append_slice(&span, slice(&request));
        }
        for (unsigned same = 0; same < 2; same++) {
                CLEW_BUFFER out = {0};
                struct clew_mask m = mask_of(&r, same);

                clew_buffer_init(&out, BYTES_MAX);
                redacted(&request, &m, &out);
                assert_false(holds(slice(&out), "sekret"));
                assert_false(holds(slice(&out), "1-2-3"));
                assert_int_equal(m.n_own[0], 1);
                assert_int_equal(m.n_own[1], 1);
        }
        clew_rules_deinit(&r);
}

static void refused(const char *text, const char *message)
{
        struct clew_rules r = {0};
        struct clew_error err = {0};
        int e = clew_rules_parse(&r, clew_slice_of_cstr(text), &err);

        if (e == 0 || !strstr(err.message, message))
                fail_msg("%s\ngave %d: %s", text, e, err.message);
}

static void bad_rules(void **state)
{
        CLEW_BUFFER many = {0};

        (void)state;
        refused("", "takes anything out");
        refused("# nothing\n\n", "takes anything out");
        refused("use email\nus all", "line 2: \"us\" is none of");
        refused("use e-mail", "line 1: \"e-mail\" is no built-in rule");
        refused("use none", "is no built-in rule");
        refused("use email\nuse email", "line 2: email is said in line 1 already");
        refused("use email\nnot email", "line 2: contradicts line 1, which uses email");
        refused("not email\nuse email", "line 2: contradicts line 1, which does without email");
        refused("use all\nuse email", "line 2: line 1 uses all already");
        refused("use all\nnot all", "leaves nothing");
        refused("use email\nnot phone", "line 2: no line uses phone");
        refused("use all\nnot private-key api-key token secret email card iban phone",
                "takes anything out");
        refused("key a *", "met by every name");
        refused("key a x*y", "a star stands at the end");
        refused("key a id\nkey b ID", "line 2: the key \"ID\" is in rule a already");
        refused("key Ab id", "line 1: a rule's name has");
        refused("key card id", "is the name of a built-in rule");
        refused("key a", "expected: key NAME KEY");
        refused("text a abc", "6 to 4096");
        refused("text a redacted:", "stands in what is put in its place");
        refused("text a secret-1\ntext b secret-1", "line 2: the text is in rule a already");
        refused("pattern a x*", "met by an empty text");
        refused("pattern a \\w+", "takes most of any text");
        refused("pattern a .+", "takes most of any text");
        refused("pattern a (?=x)y", "look-ahead");
        refused("pattern a [", "the pattern, at its byte");
        clew_buffer_init(&many, BYTES_MAX);
        for (int i = 0; i < 17; i++)
                clew_buffer_printf(&many, "pattern p x%dy\n", i);
        clew_buffer_append_byte(&many, 0);
        refused((const char *)many.data, "line 17: more than 16 patterns");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(own_keys),
                cmocka_unit_test(own_texts),
                cmocka_unit_test(own_patterns),
                cmocka_unit_test(a_limit_takes_the_rest),
                cmocka_unit_test(patterns_find_across_windows),
                cmocka_unit_test(a_message_everywhere),
                cmocka_unit_test(what_is_clean_stays),
                cmocka_unit_test(odd_encodings),
                cmocka_unit_test(bad_rules),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
