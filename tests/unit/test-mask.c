/*
 * Masking: what each rule takes out and what it leaves, in prose, code, JSON and JSON in strings.
 */
#include "proto/mask/mask.h"

#include "proto/mask/needles.h"

#include "proto/base/json.h"
#include "tests/lib/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BYTES_MAX ((size_t)1 << 20)

static struct clew_slice slice(const struct clew_buffer *b)
{
        return clew_buffer_slice(b);
}

/* @wanted NULL = nothing is found. */
static void becomes(const char *text, const char *wanted)
{
        CLEW_BUFFER out = {0};
        CLEW_BUFFER again = {0};
        struct clew_mask m;
        bool changed;

        clew_mask_init(&m);
        clew_buffer_init(&out, BYTES_MAX);
        clew_buffer_init(&again, BYTES_MAX);
        changed = clew_mask_text(&m, clew_slice_of_cstr(text), &out);
        if (changed != (wanted != NULL) || (wanted && !clew_slice_eq_cstr(slice(&out), wanted)))
                fail_msg("%s\nbecame %.*s\nnot    %s", text, changed ? (int)out.len : 9,
                         changed ? (const char *)out.data : "(nothing)",
                         wanted ? wanted : "(nothing)");
        assert_int_equal(changed, clew_mask_count(&m) > 0);
        if (changed)
                assert_false(clew_mask_text(&m, slice(&out), &again)); /* twice is once */
}

static void emails(void **state)
{
        (void)state;
        becomes("write to ana.b+c@mail.example.com.", "write to [redacted:email].");
        becomes("<ana@example.com>, bo@b.de", "<[redacted:email]>, [redacted:email]");
        becomes("\xc3\xa4nne@\xc3\xb6rtchen.de!", "[redacted:email]!");
        becomes("line\\nana@example.com", "line\\n[redacted:email]");
        becomes("mailto:ana@example.com?subject=x", "mailto:[redacted:email]?subject=x");
        becomes("git clone git@github.com:a/b.git", NULL);
        becomes("react@18.2.0 and @app.route and a@b and x@localhost", NULL);
        becomes("@@@@@ @ a@ @b.com", NULL);
        becomes("uses: actions/checkout@v4.1", NULL);
}

static void cards(void **state)
{
        (void)state;
        becomes("card 4111111111111111, thanks", "card [redacted:card], thanks");
        becomes("4111 1111 1111 1111 123", "[redacted:card] 123");
        becomes("3782-822463-10005", "[redacted:card]");
        becomes("5555555555554444", "[redacted:card]");
        becomes("2223003122003222", "[redacted:card]");
        becomes("30569309025904.", "[redacted:card].");
        becomes("4111111111111112", NULL);    /* Luhn */
        becomes("1732838400000000000", NULL); /* a time */
        becomes("0.4111111111111111", NULL);  /* a fraction */
        becomes("id_4111111111111111", NULL); /* an id */
        becomes("#4111111111111111", NULL);
        becomes("41111111111111111111111", NULL); /* longer than any */
        becomes("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", NULL);
        becomes("{\"n\": 4111111111111111, \"m\": [4111111111111111]}",
                "{\"n\": \"[redacted:card]\", \"m\": [\"[redacted:card]\"]}");
}

static void accounts(void **state)
{
        (void)state;
        becomes("DE89 3704 0044 0532 0130 00", "[redacted:iban]");
        becomes("to GB82WEST12345698765432.", "to [redacted:iban].");
        becomes("iban:de89370400440532013000", "iban:[redacted:iban]");
        becomes("DE89370400440532013001", NULL);
        becomes("XX89370400440532013000", NULL);
        becomes("ADE89370400440532013000", NULL);
        becomes("\\nDE89370400440532013000", "\\n[redacted:iban]");
}

static void phones(void **state)
{
        (void)state;
        becomes("call +49 30 1234567 now", "call [redacted:phone] now");
        becomes("+1 (212) 555-0143", "[redacted:phone]");
        becomes("+14155552671.", "[redacted:phone].");
        becomes("(212) 555-0143 or 212-555-0143 or 212.555.0143",
                "[redacted:phone] or [redacted:phone] or [redacted:phone]");
        becomes("phone: 030 1234567", "phone: [redacted:phone]");
        becomes("{\"phone_number\":\"0171/1234567\"}", "{\"phone_number\":\"[redacted:phone]\"}");
        becomes("{\"phone\":491711234567}", "{\"phone\":\"[redacted:phone]\"}");
        becomes("2026-11-28T23:10:00+01:00 1.2.3.4 v10.20.30 192.168.100.200", NULL);
        becomes("+2026-01-15 10:20:30 changed", NULL);
        becomes("a+1234567890 and 1234567890 and 555-0143", NULL);
        becomes("microphone: 12345678", NULL);
        becomes("@@ -12,7 +12345,8 @@", NULL);
        becomes("order 112-3456789-0123456", NULL);
}

static void keys(void **state)
{
        (void)state;
        becomes("key sk-proj-abcDEF0123456789abcDEF", "key [redacted:api-key]");
        becomes("sk-ant-api03-0123456789abcdef_-x", "[redacted:api-key]");
        becomes("AKIAIOSFODNN7EXAMPLE", "[redacted:api-key]");
        becomes("AIzaSyA0123456789abcdefghijklmnopqrstuv", "[redacted:api-key]");
        becomes("ghp_0123456789abcdefghijABCDEFGHIJ012345", "[redacted:api-key]");
        becomes("xoxb-123456789012-abcdefghij", "[redacted:api-key]");
        becomes("hf_abcdefghijklmnopqrstuvwxyzABCDEFGH", "[redacted:api-key]");
        becomes("SG.abcdefghijklmnopqrstuv.0123456789abcdefghijklmnopqrstuvwxyzABCDEFG",
                "[redacted:api-key]");
        becomes("bot 123456789:AAabcdefghijklmnopqrstuvwxyz0123456", "bot [redacted:api-key]");
        becomes("x\\nsk-0123456789abcdefghij", "x\\n[redacted:api-key]");
        becomes("(sk-0123456789abcdefghij)", "([redacted:api-key])");
        becomes("sk-learn-pipeline-step-name", NULL);
        becomes("task-0123456789abcdefghijkl", NULL);
        becomes("AKIAIOSFODNN7EXAMPLEX", NULL);
        becomes("ACCESS_TOKEN_SECRET_NAME_1234567890", NULL);
        becomes("0123456789abcdef0123456789abcdef01234567", NULL); /* a commit */
}

static void private_keys(void **state)
{
        (void)state;
        becomes("a\n-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAabcdefghij\n0123456789+/==\n"
                "-----END RSA PRIVATE KEY-----\nb",
                "a\n[redacted:private-key]\nb");
        becomes("{\"k\":\"-----BEGIN PRIVATE KEY-----\\nMIIEowIBAAKCAQEAabcdefghij\\n"
                "-----END PRIVATE KEY-----\\n\"}",
                "{\"k\":\"[redacted:private-key]\\n\"}");
        becomes("cut -----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU",
                "cut [redacted:private-key]");
        becomes("-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: "
                "1\n\nlQOYBGabcdefghijklmnop0123\n=ab1d\n"
                "-----END PGP PRIVATE KEY BLOCK-----",
                "[redacted:private-key]");
        becomes("-----BEGIN PUBLIC KEY-----\nMIIEowIBAAKCAQEAabcdefghij\n-----END PUBLIC KEY-----",
                NULL);
        becomes("it begins with -----BEGIN PRIVATE KEY----- and so on", NULL);
        /* Short lines are a key where the block is whole. */
        becomes("a\n-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\nBCIEIAABAgMEBQYH\nCAkK\nA=\n"
                "-----END PRIVATE KEY-----\nb",
                "a\n[redacted:private-key]\nb");
        becomes("\"-----BEGIN EC PRIVATE KEY-----\\nMC4CAQAwBQY=\\n-----END EC PRIVATE KEY-----\"",
                "\"[redacted:private-key]\"");
        becomes("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\n", NULL);
        becomes("between -----BEGIN PRIVATE KEY----- and the -----END PRIVATE KEY-----", NULL);
}

static void tokens(void **state)
{
        (void)state;
        becomes("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-_123", "[redacted:token]");
        becomes("curl -H 'X: Bearer abc.def-123'", "curl -H 'X: Bearer [redacted:token]'");
        becomes("postgres://app:s3cret!@db:5432/x", "postgres://app:[redacted:token]@db:5432/x");
        becomes("the bearer of this letter, Bearer authentication, https://a:80/b@c", NULL);
        becomes("https://user:$PASS@host and https://${USER}:${PASS}@host", NULL);
}

static void names(void **state)
{
        (void)state;
        becomes("OPENAI_API_KEY=abcdef123456", "OPENAI_API_KEY=[redacted:secret]");
        becomes("password: hunter2 is mine", "password: [redacted:secret] is mine");
        becomes("DB_PASS=hunterhunter\n", "DB_PASS=[redacted:secret]\n");
        becomes("{\"client_secret\":\"a bcd\",\"x\":1}",
                "{\"client_secret\":\"[redacted:secret]\",\"x\":1}");
        becomes("Authorization: Basic dXNlcjpwYXNzMQ==\r\nHost: x",
                "Authorization: [redacted:secret]\r\nHost: x");
        becomes("authorization: authorization: Basic dXNlcjpwYXNz",
                "authorization: authorization: [redacted:secret]");
        becomes("?api_key=abc123def&x=1", "?api_key=[redacted:secret]&x=1");
        becomes("os.environ[\"API_KEY\"] = \"abcd\"",
                "os.environ[\"API_KEY\"] = \"[redacted:secret]\"");
        becomes("x {\\\"password\\\": \\\"it's\\\"} y",
                "x {\\\"password\\\": \\\"[redacted:secret]\\\"} y");
        becomes("access_token='abcd1234'", "access_token='[redacted:secret]'");
        becomes("f(user=ana, password=hunter2)", "f(user=ana, password=[redacted:secret])");
        becomes("f(password=args.password1, token=api_key_2)", NULL);
        becomes("password = get_password()  # password: see below", NULL);
        becomes("login(user, password=password, token=token)", NULL);
        becomes("{\"password\":{\"type\":\"string\"},\"api_key\":\"string\",\"secret\":\"${S}\"}",
                NULL);
        becomes("{\"token\":\"Hello\",\"max_tokens\":4096,\"tokens\":\"1234567890123456789\"}",
                NULL);
        becomes("{\"password\":\"must have at least eight characters\"}", NULL);
        becomes("bypass: nothing1 PASS: test_one_1", NULL);
        becomes("password=[redacted:secret]", NULL);
}

static void json_in_strings(void **state)
{
        (void)state;
        becomes("{\"a\":\"{\\\"b\\\":\\\"ana@example.com\\\",\\\"n\\\":4111111111111111}\",\"c\":["
                "1, 2]}",
                "{\"a\":\"{\\\"b\\\":\\\"[redacted:email]\\\",\\\"n\\\":\\\"[redacted:card]\\\"}\","
                "\"c\":[1, 2]}");
        becomes("{\"a\":\"ana\\u0040example.com\"}", "{\"a\":\"[redacted:email]\"}");
        becomes("[\"https:\\/\\/u:pw1234@h\"]", "[\"https:\\/\\/u:[redacted:token]@h\"]");
        becomes("{\"ana@example.com\":true}", "{\"[redacted:email]\":true}");
        becomes("{\"a\":\"x\\ny\", \"b\" : 1e5 }", NULL);
        becomes("{\"a\":\"ana@example.com", "{\"a\":\"[redacted:email]"); /* cut */
        becomes("", NULL);
}

static void a_key_joins(void **state)
{
        CLEW_BUFFER a = {0};
        CLEW_BUFFER b = {0};
        struct clew_mask m;

        (void)state;
        clew_mask_init(&m);
        m.has_key = true;
        clew_buffer_init(&a, BYTES_MAX);
        clew_buffer_init(&b, BYTES_MAX);
        clew_mask_put(&m, CLEW_MASK_EMAIL, CLEW_SLICE_LITERAL("ana@example.com"), &a);
        clew_mask_put(&m, CLEW_MASK_EMAIL, CLEW_SLICE_LITERAL("ana@example.com"), &b);
        assert_true(clew_slice_eq(slice(&a), slice(&b)));
        assert_int_equal(a.len, strlen("[redacted:email:0123456789ab]"));
        m.key[0] = 1;
        clew_buffer_clear(&b);
        clew_mask_put(&m, CLEW_MASK_EMAIL, CLEW_SLICE_LITERAL("ana@example.com"), &b);
        assert_false(clew_slice_eq(slice(&a), slice(&b)));
        clew_buffer_clear(&b);
        assert_false(clew_mask_text(&m, slice(&a), &b));
}

static void rules_can_be_chosen(void **state)
{
        CLEW_BUFFER out = {0};
        enum clew_mask_rule rule;
        unsigned rules;
        struct clew_mask m;

        (void)state;
        clew_mask_init(&m);
        clew_buffer_init(&out, BYTES_MAX);
        m.rules = 1u << CLEW_MASK_CARD;
        assert_true(clew_mask_text(&m, CLEW_SLICE_LITERAL("a@b.de +49 30 1234567 4111111111111111"),
                                   &out));
        assert_true(clew_slice_eq_cstr(slice(&out), "a@b.de +49 30 1234567 [redacted:card]"));
        assert_int_equal(m.n[CLEW_MASK_CARD], 1);
        for (unsigned i = 0; i < CLEW_MASK_RULES; i++) {
                assert_true(clew_mask_rules_parse(
                        clew_slice_of_cstr(clew_mask_rule_name((enum clew_mask_rule)i)), &rules));
                assert_int_equal(rules, 1u << i);
        }
        assert_true(clew_mask_rules_parse(CLEW_SLICE_LITERAL("card,email"), &rules));
        assert_int_equal(rules, 1u << CLEW_MASK_CARD | 1u << CLEW_MASK_EMAIL);
        assert_true(clew_mask_rules_parse(CLEW_SLICE_LITERAL("none"), &rules) && rules == 0);
        assert_true(clew_mask_rules_parse(CLEW_SLICE_LITERAL("all"), &rules) &&
                    rules == CLEW_MASK_ALL);
        assert_false(clew_mask_rules_parse(CLEW_SLICE_LITERAL("street"), &rules));
        assert_false(clew_mask_rules_parse(CLEW_SLICE_LITERAL("card,"), &rules));
        assert_false(clew_mask_rules_parse(CLEW_SLICE_LITERAL(""), &rules));
        assert_true(clew_mask_is_named(CLEW_SLICE_LITERAL("http.request.header.x-api-key"),
                                       CLEW_SLICE_LITERAL("abcd"), &rule));
        assert_false(clew_mask_is_named(CLEW_SLICE_LITERAL("gen_ai.usage.output_tokens"),
                                        CLEW_SLICE_LITERAL("123456"), &rule));
}

/* Pieces in any order, with anything between: each secret among them is taken out. */
static void nothing_hides_in_company(void **state)
{
        static const char *const secrets[] = {
                "ana@example.com",        "4111111111111111",
                "DE89370400440532013000", "+49 30 1234567",
                "AKIAIOSFODNN7EXAMPLE",   "sk-0123456789abcdefghij",
                "password=hunter2hunter", "eyJhbGciOiJIUzI1.eyJzdWIiOiIx.abc1",
        };
        static const char *const between[] = {" ",  "\n", ", ",  " (", ") ",
                                              "; ", "\t", " \"", "\" "};
        struct test_random r = test_random_seeded("mask");

        (void)state;
        for (int round = 0; round < 20000; round++) {
                CLEW_BUFFER text = {0};
                CLEW_BUFFER out = {0};
                struct clew_mask m;
                unsigned n = 1 + (unsigned)test_random_below(&r, 6);

                clew_mask_init(&m);
                clew_buffer_init(&text, BYTES_MAX);
                clew_buffer_init(&out, BYTES_MAX);
                clew_buffer_append_cstr(&text, "so ");
                for (unsigned i = 0; i < n; i++) {
                        clew_buffer_append_cstr(&text, secrets[test_random_below(&r, 8)]);
                        clew_buffer_append_cstr(&text, between[test_random_below(&r, 9)]);
                }
                assert_true(clew_mask_text(&m, slice(&text), &out));
                if (clew_mask_count(&m) != n)
                        fail_msg("%u of %u in %.*s -> %.*s", (unsigned)clew_mask_count(&m), n,
                                 (int)text.len, (const char *)text.data, (int)out.len,
                                 (const char *)out.data);
        }
}

/* The first place at which a word stands, the longest of those there; naively. */
static bool find_plainly(const struct clew_slice *words, uint32_t n, struct clew_slice text,
                         size_t from, size_t *ret_from, uint32_t *ret_word)
{
        bool found = false;

        for (size_t at = from; !found && at < text.len; at++) {
                for (uint32_t i = 0; i < n; i++) {
                        if (words[i].len > text.len - at ||
                            memcmp(words[i].data, text.data + at, words[i].len) != 0 ||
                            (found && words[i].len <= words[*ret_word].len))
                                continue;
                        found = true;
                        *ret_from = at;
                        *ret_word = i;
                }
        }
        return found;
}

/* Short words are looked for place by place, long ones by steps: both find what is there. */
static void needles_are_found(void **state)
{
        struct test_random r = test_random_seeded("needles");
        uint8_t text[600];
        unsigned n_found = 0;

        (void)state;
        for (int round = 0; round < 3000; round++) {
                struct clew_needles *needles;
                struct clew_slice words[8];
                uint8_t letters = (uint8_t)(2 + test_random_below(&r, 3));
                size_t shortest = CLEW_NEEDLES_BYTES_MIN + test_random_below(&r, 8);
                struct clew_slice all;
                size_t at = 0;

                for (size_t i = 0; i < sizeof(text); i++)
                        text[i] = (uint8_t)('a' + test_random_below(&r, letters));
                for (unsigned i = 0; i < 8; i++) {
                        size_t len = shortest + test_random_below(&r, 6);

                        words[i] = clew_slice_make(text + test_random_below(&r, sizeof(text) - len),
                                                   len);
                }
                assert_int_equal(clew_needles_new(words, 8, &needles), 0);
                all = clew_slice_make(text, test_random_below(&r, sizeof(text) + 1));
                while (at <= all.len) {
                        size_t from = 0;
                        size_t plainly = 0;
                        uint32_t word = 0;
                        uint32_t other = 0;
                        bool found = clew_needles_find(needles, all, at, &from, &word);

                        assert_int_equal(found, find_plainly(words, 8, all, at, &plainly, &other));
                        if (!found)
                                break;
                        assert_int_equal(from, plainly);
                        assert_int_equal(words[word].len, words[other].len);
                        n_found++;
                        at = from + 1;
                }
                clew_needles_free(needles);
        }
        assert_true(n_found > 10000);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(emails),
                cmocka_unit_test(cards),
                cmocka_unit_test(accounts),
                cmocka_unit_test(phones),
                cmocka_unit_test(keys),
                cmocka_unit_test(private_keys),
                cmocka_unit_test(tokens),
                cmocka_unit_test(names),
                cmocka_unit_test(json_in_strings),
                cmocka_unit_test(a_key_joins),
                cmocka_unit_test(rules_can_be_chosen),
                cmocka_unit_test(nothing_hides_in_company),
                cmocka_unit_test(needles_are_found),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
