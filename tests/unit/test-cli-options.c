/*
 * Flags: every spelling, and that mistakes are named and nothing is abbreviated.
 */
#include "query/cli/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct got {
        bool flag;
        const char *text;
        struct clew_flag_values values;
        uint64_t number;
        struct clew_arguments args;
        char *out;
        char *err;
};

static int parse(struct got *g, char **argv)
{
        const struct clew_flag flags[] = {
                {"failed", 'f', NULL, "", .ret_flag = &g->flag},
                {"since", 's', "TIME", "", .ret_text = &g->text},
                {"agent", 'a', "NAME", "", .ret_values = &g->values},
                {"limit", 'n', "N", "", .ret_number = &g->number},
                {0},
        };
        struct clew_cli cli;
        size_t out_len;
        size_t err_len;
        int argc = 0;
        int r;

        *g = (struct got){0};
        while (argv[argc])
                argc++;
        clew_cli_init(&cli);
        cli.out = open_memstream(&g->out, &out_len);
        cli.err = open_memstream(&g->err, &err_len);
        cli.command = "list";
        r = clew_options_parse(&cli, argc, argv, flags, NULL, &g->args);
        fclose(cli.out);
        fclose(cli.err);
        return r;
}

#define PARSE(g, ...) parse((g), (char *[]){(char[]){"list"}, __VA_ARGS__, NULL})
#define T(s) ((char[]){s})

static void done(struct got *g)
{
        free(g->out);
        free(g->err);
}

static void test_spellings(void **state)
{
        struct got g;

        (void)state;
        assert_int_equal(PARSE(&g, T("--failed"), T("--since"), T("7d"), T("x"), T("-a"), T("A"),
                               T("--agent=B"), T("-n5"), T("y")),
                         0);
        assert_true(g.flag);
        assert_string_equal(g.text, "7d");
        assert_int_equal(g.values.n, 2);
        assert_string_equal(g.values.values[1], "B");
        assert_int_equal(g.number, 5);
        assert_int_equal(g.args.n, 2);
        assert_string_equal(g.args.values[0], "x");
        assert_string_equal(g.args.values[1], "y");
        done(&g);
        assert_int_equal(PARSE(&g, T("-fn"), T("7"), T("--"), T("--failed"), T("-")), 0);
        assert_true(g.flag);
        assert_int_equal(g.number, 7);
        assert_int_equal(g.args.n, 2);
        assert_string_equal(g.args.values[0], "--failed");
        done(&g);
        assert_int_equal(PARSE(&g, T("-")), 0);
        assert_string_equal(g.args.values[0], "-");
        done(&g);
        assert_int_equal(PARSE(&g, T("-n"), T("50k")), 0);
        assert_int_equal(g.number, 50000);
        done(&g);
        assert_int_equal(PARSE(&g, T("-n2M")), 0);
        assert_int_equal(g.number, 2000000);
        done(&g);
}

static void assert_refused(struct got *g, int r, const char *part)
{
        assert_int_equal(r, CLEW_EXIT_USAGE);
        if (!strstr(g->err, part))
                fail_msg("%s does not say: %s", g->err, part);
        assert_int_equal(strlen(g->out), 0);
        done(g);
}

static void test_mistakes(void **state)
{
        struct got g;
        int r;

        (void)state;
        r = PARSE(&g, T("--fail"));
        assert_refused(&g, r, "unknown flag --fail");
        r = PARSE(&g, T("-x"));
        assert_refused(&g, r, "unknown flag");
        r = PARSE(&g, T("--since"));
        assert_refused(&g, r, "needs a value: --since");
        r = PARSE(&g, T("--failed=yes"));
        assert_refused(&g, r, "takes no value");
        r = PARSE(&g, T("-n"), T("-1"));
        assert_refused(&g, r, "not a number");
        r = PARSE(&g, T("-n"), T("99999999999999999999"));
        assert_refused(&g, r, "not a number");
        r = PARSE(&g, T("-n"), T("18446744073709552k"));
        assert_refused(&g, r, "not a number");
        r = PARSE(&g, T("-n"), T("k"));
        assert_refused(&g, r, "not a number");
        r = PARSE(&g, T("--\x1b[2J"));
        assert_null(strchr(g.err, '\x1b'));
        assert_refused(&g, r, "unknown flag --?[2J");
}

static void test_help(void **state)
{
        struct got g;

        (void)state;
        assert_int_equal(PARSE(&g, T("--failed"), T("--help")), CLEW_OPTIONS_HELP);
        assert_non_null(strstr(g.out, "-s, --since TIME"));
        done(&g);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_spellings),
                cmocka_unit_test(test_mistakes),
                cmocka_unit_test(test_help),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
