/*
 * A command line as a request, and the frames of its answer: what is read, and what is refused.
 */
#include "query/serve/command-line.h"

#include "proto/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MEMORY_MAX ((size_t)64 << 20)

static int read_into(const char *body, struct clew_arena *arena, struct clew_command_line *ret,
                     struct clew_error *err)
{
        clew_arena_init(arena, MEMORY_MAX);
        return clew_command_line_read(clew_slice_of_cstr(body), arena, ret, err);
}

static void test_everything_is_read(void **state)
{
        CLEW_ARENA arena = {0};
        struct clew_command_line line = {0};
        struct clew_error err = {0};

        (void)state;
        assert_int_equal(read_into("{\"words\":[\"list\",\"-n\\u0035\",\"\"],\"columns\":120,"
                                   "\"colour\":true,\"time_zone\":\"<+0530>-5:30\","
                                   "\"self\":\"clew --url x\",\"user\":\"ana\","
                                   "\"files\":[{\"name\":\"-\",\"text\":\"a\\nb\"},"
                                   "{\"text\":\"\",\"name\":\"x\"}]}",
                                   &arena, &line, &err),
                         0);
        assert_int_equal(line.n, 3);
        assert_string_equal(line.values[0], "list");
        assert_string_equal(line.values[1], "-n5");
        assert_string_equal(line.values[2], "");
        assert_null(line.values[3]);
        assert_int_equal(line.columns, 120);
        assert_true(line.colour);
        assert_string_equal(line.time_zone, "<+0530>-5:30");
        assert_string_equal(line.self, "clew --url x");
        assert_string_equal(line.user, "ana");
        assert_int_equal(line.n_files, 2);
        assert_string_equal(line.files[0].name, "-");
        assert_true(clew_slice_eq_cstr(line.files[0].text, "a\nb"));
        assert_string_equal(line.files[1].name, "x");
        assert_int_equal(line.files[1].text.len, 0);
}

static void assert_refused(const char *body, const char *word)
{
        CLEW_ARENA arena = {0};
        struct clew_command_line line = {0};
        struct clew_error err = {0};

        assert_int_equal(read_into(body, &arena, &line, &err), -EINVAL);
        if (!strstr(err.message, word))
                fail_msg("%s: %s", body, err.message);
        assert_int_equal(line.n, 0);
}

static void test_what_is_none_is_refused(void **state)
{
        (void)state;
        assert_refused("", "JSON object");
        assert_refused("[]", "JSON object");
        assert_refused("{}", "first of which is a command");
        assert_refused("{\"words\":[]}", "first of which is a command");
        assert_refused("{\"words\":[\"--store\",\"/\"]}", "first of which is a command");
        assert_refused("{\"words\":\"list\"}", "array of strings");
        assert_refused("{\"words\":[\"a\",[]]}", "no string");
        assert_refused("{\"words\":[\"a\\u0000b\"]}", "no text");
        assert_refused("{\"words\":[\"a\"],\"words\":[\"b\"]}", "array of strings");
        assert_refused("{\"words\":[\"a\"]", "whole JSON");
        assert_refused("{\"words\":[\"a\"]} x", "whole JSON");
        assert_refused("{\"words\":[\"a\"],\"columns\":4097}", "up to 4096");
        assert_refused("{\"words\":[\"a\"],\"columns\":\"80\"}", "up to 4096");
        assert_refused("{\"words\":[\"a\"],\"colour\":1}", "true or false");
        assert_refused("{\"words\":[\"a\"],\"store\":\"/\"}", "member");
        assert_refused("{\"words\":[\"a\"],\"files\":[{\"name\":\"x\",\"path\":\"y\"}]}", "file");
        assert_refused("{\"words\":[\"a\"],\"files\":[{\"text\":\"y\"}]}", "without a name");
        assert_refused("{\"words\":[\"a\"],\"files\":{}}", "array of objects");
}

static void test_a_zone_is_no_path(void **state)
{
        static const char *const zones[] = {
                "/etc/passwd",  "../../etc/passwd", "a/../b", ":UTC", "",
                "Europe/Os lo", "a\\u0001"};
        char body[200];

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(zones); i++) {
                snprintf(body, sizeof(body), "{\"words\":[\"a\"],\"time_zone\":\"%s\"}", zones[i]);
                assert_refused(body, "time_zone");
        }
}

static void test_words_have_a_bound(void **state)
{
        CLEW_BUFFER body = {0};
        CLEW_ARENA arena = {0};
        struct clew_command_line line = {0};
        struct clew_error err = {0};

        (void)state;
        clew_buffer_init(&body, MEMORY_MAX);
        clew_buffer_append_cstr(&body, "{\"words\":[\"a\"");
        for (size_t i = 1; i < CLEW_COMMAND_WORDS_MAX; i++)
                clew_buffer_append_cstr(&body, ",\"b\"");
        clew_buffer_append_cstr(&body, "]}");
        clew_arena_init(&arena, MEMORY_MAX);
        assert_int_equal(clew_command_line_read(clew_buffer_slice(&body), &arena, &line, &err), 0);
        assert_int_equal(line.n, CLEW_COMMAND_WORDS_MAX);
        body.len -= 2;
        clew_buffer_append_cstr(&body, ",\"b\"]}");
        assert_int_equal(clew_command_line_read(clew_buffer_slice(&body), &arena, &line, &err),
                         -EINVAL);
        assert_non_null(strstr(err.message, "4096"));
}

static void test_frames_come_back(void **state)
{
        uint8_t row[CLEW_FRAME_HEAD_BYTES + 3];
        enum clew_frame kind;
        struct clew_slice payload;

        (void)state;
        clew_frame_head(row, CLEW_FRAME_OUT, 3);
        memcpy(row + CLEW_FRAME_HEAD_BYTES, "abc", 3);
        for (size_t n = 0; n < sizeof(row); n++)
                assert_int_equal(clew_frame_take(clew_slice_make(row, n), &kind, &payload), 0);
        assert_int_equal(clew_frame_take(clew_slice_make(row, sizeof(row)), &kind, &payload),
                         (int)sizeof(row));
        assert_int_equal(kind, CLEW_FRAME_OUT);
        assert_true(clew_slice_eq_cstr(payload, "abc"));
        row[0] = 'z';
        assert_int_equal(clew_frame_take(clew_slice_make(row, 1), &kind, &payload), -EBADMSG);
        clew_frame_head(row, CLEW_FRAME_OUT, CLEW_FRAME_BYTES_MAX);
        row[1]++;
        assert_int_equal(clew_frame_take(clew_slice_make(row, sizeof(row)), &kind, &payload),
                         -EBADMSG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_everything_is_read),
                cmocka_unit_test(test_what_is_none_is_refused),
                cmocka_unit_test(test_a_zone_is_no_path),
                cmocka_unit_test(test_words_have_a_bound),
                cmocka_unit_test(test_frames_come_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
