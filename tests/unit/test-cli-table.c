/*
 * Tables: alignment, columns that give way, wide characters, empty columns.
 */
#include "query/cli/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

static const struct clew_column columns[] = {
        {.heading = "ID"},
        {.heading = "N", .right = true},
        {.heading = "NONE"},
        {.heading = "TEXT", .give_way = 6},
};

static char *printed(size_t width, const char *text)
{
        const struct clew_look look = {.columns = width};
        struct clew_table t;
        CLEW_ARENA arena = {0};
        char *out = NULL;
        size_t len;
        FILE *file = open_memstream(&out, &len);

        clew_arena_init(&arena, 1u << 20);
        clew_table_init(&t, &look, columns, CLEW_ARRAY_LEN(columns), &arena);
        clew_table_row(&t);
        clew_table_cell_cstr(&t, CLEW_TONE_PLAIN, "a");
        clew_table_cell_cstr(&t, CLEW_TONE_PLAIN, "7");
        clew_table_cell_cstr(&t, CLEW_TONE_PLAIN, "");
        clew_table_cell_cstr(&t, CLEW_TONE_PLAIN, text);
        clew_table_row(&t);
        clew_table_cell_cstr(&t, CLEW_TONE_PLAIN, "日本");
        clew_table_cell_cstr(&t, CLEW_TONE_PLAIN, "123");
        assert_int_equal(clew_table_print(&t, file), 0);
        fclose(file);
        return out;
}

static void test_layout(void **state)
{
        char *out = printed(80, "some text\x1b");

        (void)state;
        assert_string_equal(out, "ID      N  TEXT\n"
                                 "a       7  some text\\x1b\n"
                                 "日本  123\n");
        free(out);
}

static void test_giving_way(void **state)
{
        char *out = printed(20, "abcdefghijklmnop");

        (void)state;
        assert_string_equal(out, "ID      N  TEXT\n"
                                 "a       7  abcdefgh…\n"
                                 "日本  123\n");
        free(out);
        out = printed(5, "abcdefghijklmnop"); /* never below its least width */
        assert_non_null(strstr(out, "a       7  abcde…\n"));
        free(out);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_layout),
                cmocka_unit_test(test_giving_way),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
