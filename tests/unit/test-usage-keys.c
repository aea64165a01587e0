/*
 * Counts under names that stand in no table: what their words say, and what is no count.
 */
#include "proto/base/compiler.h"
#include "query/model/usage-keys-int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define NONE (-1)

static const struct {
        const char *key;
        int field;
} names[] = {
        {"gen_ai.usage.cached_prompt_tokens", CLEW_FIELD_TOKENS_CACHE_READ},
        {"gen_ai.usage.cachedInputTokens", CLEW_FIELD_TOKENS_CACHE_READ},
        {"gen_ai.usage.cached_content_token_count", CLEW_FIELD_TOKENS_CACHE_READ},
        {"llm.usage.cache_read_tokens", CLEW_FIELD_TOKENS_CACHE_READ},
        {"gen_ai.usage.prompt_cache_hit_tokens", CLEW_FIELD_TOKENS_CACHE_READ},
        {"gen_ai.usage.cache_creation_tokens", CLEW_FIELD_TOKENS_CACHE_WRITE},
        {"gen_ai.usage.input_token_details.cached_write_tokens", CLEW_FIELD_TOKENS_CACHE_WRITE},
        {"gen_ai.usage.output_reasoning_tokens", CLEW_FIELD_TOKENS_REASONING},
        {"gen_ai.usage.thoughtsTokens", CLEW_FIELD_TOKENS_REASONING},
        {"gen_ai.tokens.input", CLEW_FIELD_TOKENS_IN},
        {"llm.tokens.completion", CLEW_FIELD_TOKENS_OUT},
        {"gen_ai.tokens.total", CLEW_FIELD_TOKENS_TOTAL},
        {"usage.prompt_tokens", CLEW_FIELD_TOKENS_IN},
        /* One word more. */
        {"gen_ai.usage.cache_hit_ratio", NONE},
        {"gen_ai.usage.cache_miss_tokens", NONE},
        {"gen_ai.usage.reasoning_tokens_limit", NONE},
        {"gen_ai.usage.partial.input_tokens", NONE},
        {"gen_ai.usage.audio.cache_read.input_tokens", NONE},
        {"gen_ai.usage.input_characters", NONE},
        /* Of a run, of two things at once, of anything. */
        {"gen_ai.usage.total_input_tokens", NONE},
        {"gen_ai.usage.input_output_tokens", NONE},
        {"gen_ai.usage.input_reasoning_tokens", NONE},
        {"gen_ai.usage.output_cached_tokens", NONE},
        {"gen_ai.usage.cache_read_write", NONE},
        {"gen_ai.usage.read_tokens", NONE},
        {"gen_ai.usage.cache_tokens", NONE},
        {"gen_ai.usage.tokens", NONE},
        {"usage.total", NONE},
        {"gen_ai.usages.input_tokens", NONE},
        {"gen_ai.usage.a_word_that_is_longer_than_any_tokens", NONE},
        {"gen_ai.usage.", NONE},
        {"gen_ai.usage", NONE},
        {"usage", NONE},
        {"u", NONE},
        {"", NONE},
};

static void test_words(void **state)
{
        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(names); i++) {
                struct clew_slice key = clew_slice_of_cstr(names[i].key);
                const struct clew_rule_hit *row = clew_usage_key_find(key);

                if ((row ? (int)row->field : NONE) != names[i].field)
                        fail_msg("%s is field %d", names[i].key, row ? (int)row->field : NONE);
                if (row)
                        assert_true(clew_usage_key_is(key));
        }
        assert_true(clew_usage_key_is(clew_slice_of_cstr("gen_ai.usage")));
        assert_true(clew_usage_key_is(clew_slice_of_cstr("usage")));
        assert_false(clew_usage_key_is(clew_slice_of_cstr("gen_ai.usages")));
        assert_false(clew_usage_key_is(clew_slice_of_cstr("gen_ai.request.model")));
        assert_false(clew_usage_key_is(clew_slice_of_cstr("")));
}

/* "name=number " of each member that the walk gives. */
static void walk(const char *key, const char *json, char *out, size_t size)
{
        CLEW_ARENA arena = {0};
        struct clew_usage_walk w;
        struct clew_slice name;
        struct clew_slice number;
        struct clew_value value = {.type = CLEW_VALUE_STRING, .bytes = clew_slice_of_cstr(json)};
        size_t n = 0;

        clew_arena_init(&arena, 1 << 20);
        out[0] = '\0';
        if (!clew_usage_walk_begin(&w, clew_slice_of_cstr(key), &value, &arena))
                return;
        while (clew_usage_walk_next(&w, &name, &number) && n < size)
                n += (size_t)snprintf(out + n, size - n, "%.*s=%.*s ", (int)name.len,
                                      (const char *)name.data, (int)number.len,
                                      (const char *)number.data);
}

static void test_objects(void **state)
{
        char out[8192];
        char json[16384];
        size_t n;

        (void)state;
        walk("u",
             "{\"a\":1,\"b\":{\"c\":\"2\",\"d\":{\"e\":3,\"f\":{\"g\":4}},\"h\":5},\"i\":[6],"
             "\"j\":true,\"k\":7}",
             out, sizeof(out));
        assert_string_equal(out, "u.a=1 u.b.c=2 u.b.d.e=3 u.b.h=5 u.k=7 ");
        walk("u", "\"{\\\"a\\\":1}\"", out, sizeof(out));
        assert_string_equal(out, "u.a=1 ");
        walk("u", "[1,2]", out, sizeof(out));
        assert_string_equal(out, "");
        walk("u", "{\"a\":1,\"b\":{\"c\":2", out, sizeof(out));
        assert_string_equal(out, "u.a=1 u.b.c=2 ");
        /* As many members as there may be, and names as long. */
        n = (size_t)snprintf(json, sizeof(json), "{\"");
        memset(json + n, 'x', 200);
        n += 200;
        n += (size_t)snprintf(json + n, sizeof(json) - n, "\":1");
        for (unsigned i = 0; i < 2 * CLEW_USAGE_MEMBERS_MAX; i++)
                n += (size_t)snprintf(json + n, sizeof(json) - n, ",\"m\":%u", i);
        walk("u", json, out, sizeof(out));
        n = 0;
        for (const char *at = out; (at = strchr(at, '=')); at++)
                n++;
        assert_int_equal(n, CLEW_USAGE_MEMBERS_MAX - 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_words),
                cmocka_unit_test(test_objects),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
