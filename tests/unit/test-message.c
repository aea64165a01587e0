/* Parts of messages: results that failed, tools that run at the provider, media that are elsewhere.
 */
#include "query/model/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ARENA_MAX ((size_t)1 << 20)
#define ONE_PART(members) "[{\"role\":\"user\",\"content\":[{" members "}]}]"
#define RESULT(more)                                                                               \
        ONE_PART("\"type\":\"tool_result\",\"tool_use_id\":\"t\",\"content\":\"no\"," more)
#define URI                                                                                        \
        "bucket/a-rather-long-folder/another-rather-long-folder/one-more-of-them/and-a-picture-"   \
        "with-a-long-name-in-it-of-a-cat-on-a-mat-in-the-sun-on-a-day-in-may-by-the-sea.png"

/* The only part of the only message. */
static const struct clew_part *read_part(const char *json, struct clew_arena *arena)
{
        struct clew_messages m;

        clew_arena_init(arena, ARENA_MAX);
        assert_int_equal(clew_messages_read(clew_slice_of_cstr(json), CLEW_MESSAGES_IN, arena, &m),
                         0);
        assert_int_equal(m.n, 1);
        assert_int_equal(m.items[0].n_parts, 1);
        return &m.items[0].parts[0];
}

static void test_a_result_says_whether_it_failed(void **state)
{
        static const struct {
                const char *json;
                bool is_error;
        } cases[] = {
                {RESULT("\"is_error\":true"), true},    {RESULT("\"is_error\":false"), false},
                {RESULT("\"isError\":true"), true},     {RESULT("\"is_error\":null"), false},
                {RESULT("\"status\":\"error\""), true}, {RESULT("\"status\":\"success\""), false},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                CLEW_ARENA arena = {0};
                const struct clew_part *part = read_part(cases[i].json, &arena);

                assert_int_equal(part->type, CLEW_PART_TOOL_RESULT);
                assert_int_equal(part->is_error, cases[i].is_error);
                assert_true(clew_slice_eq_cstr(part->id, "t"));
                assert_true(clew_slice_eq_cstr(part->text, "no"));
        }
}

static void test_a_tool_at_the_provider_is_named_by_its_type(void **state)
{
        CLEW_ARENA arena = {0};
        const struct clew_part *part = read_part(
                ONE_PART("\"type\":\"web_search_call\",\"id\":\"t\",\"query\":\"cats\""), &arena);

        (void)state;
        assert_int_equal(part->type, CLEW_PART_TOOL_CALL);
        assert_true(clew_slice_eq_cstr(part->name, "web_search"));
        assert_true(clew_slice_eq_cstr(part->text, "cats"));
}

static void test_a_long_name_is_no_content(void **state)
{
        CLEW_ARENA arena = {0};
        const struct clew_part *part =
                read_part(ONE_PART("\"type\":\"image\",\"image\":\"" URI "\""), &arena);

        (void)state;
        assert_int_equal(part->type, CLEW_PART_MEDIA);
        assert_true(clew_slice_eq_cstr(part->uri, URI));
        assert_int_equal(part->media_bytes, 0);
}

#define BASE64                                                                                     \
        "iVBORw0KGgoiVBORw0KGgoiVBORw0KGgoiVBORw0KGgoiVBORw0KGgoiVBORw0KGgoiVBORw0KGgoiVBORw0KGgo"

/* Contents of results in the words of the AI SDK and of Bedrock; each has a text and media. */
static void test_media_in_a_result_are_parts_of_their_own(void **state)
{
        static const char *const cases[] = {
                ONE_PART("\"type\":\"tool-result\",\"toolCallId\":\"t\",\"toolName\":\"shot\","
                         "\"output\":{"
                         "\"type\":\"content\",\"value\":[{\"type\":\"text\",\"text\":\"the "
                         "page\"},{\"type\":"
                         "\"media\",\"data\":\"" BASE64 "\",\"mediaType\":\"image/png\"}]}"),
                ONE_PART("\"toolResult\":{\"toolUseId\":\"t\",\"content\":[{\"text\":\"the "
                         "page\"},{\"image\":{"
                         "\"format\":\"png\",\"source\":{\"bytes\":\"" BASE64 "\"}}}]}"),
                ONE_PART("\"toolResult\":{\"toolUseId\":\"t\",\"content\":[{\"text\":\"the "
                         "page\"},{\"document\":{"
                         "\"format\":\"pdf\",\"name\":\"a\",\"source\":{\"bytes\":\"" BASE64
                         "\"}}}]}"),
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                CLEW_ARENA arena = {0};
                struct clew_messages m;

                clew_arena_init(&arena, ARENA_MAX);
                assert_int_equal(clew_messages_read(clew_slice_of_cstr(cases[i]), CLEW_MESSAGES_IN,
                                                    &arena, &m),
                                 0);
                assert_int_equal(m.n, 1);
                assert_int_equal(m.items[0].n_parts, 2);
                assert_int_equal(m.items[0].parts[0].type, CLEW_PART_TOOL_RESULT);
                assert_true(clew_slice_eq_cstr(m.items[0].parts[0].text, "the page"));
                assert_int_equal(m.items[0].parts[1].type, CLEW_PART_MEDIA);
                assert_true(m.items[0].parts[1].media_bytes >= 60);
        }
}

static void test_encrypted_reasoning_is_a_mark(void **state)
{
        CLEW_ARENA arena = {0};
        const struct clew_part *part = read_part(
                ONE_PART("\"type\":\"redacted_thinking\",\"data\":\"" BASE64 "\""), &arena);

        (void)state;
        assert_int_equal(part->type, CLEW_PART_OTHER);
        assert_true(clew_slice_eq_cstr(part->name, "redacted"));
        assert_int_equal(part->text.len, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_result_says_whether_it_failed),
                cmocka_unit_test(test_a_tool_at_the_provider_is_named_by_its_type),
                cmocka_unit_test(test_a_long_name_is_no_content),
                cmocka_unit_test(test_media_in_a_result_are_parts_of_their_own),
                cmocka_unit_test(test_encrypted_reasoning_is_a_mark),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
