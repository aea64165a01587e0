/* Flags, config files, quantities and addresses. */
#include "collector/base/address.h"
#include "collector/base/quantity.h"
#include "collector/process/config.h"
#include "proto/base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int read_args(struct clew_config *c, struct clew_error *err, const char *a, const char *b)
{
        char program[] = "clewd";
        char first[256];
        char second[256];
        char *argv[] = {program, first, second, NULL};
        int argc = b ? 3 : 2;

        snprintf(first, sizeof(first), "%s", a);
        snprintf(second, sizeof(second), "%s", b ? b : "");
        clew_config_init(c);
        *err = (struct clew_error){.code = 0};
        return clew_config_read(c, argc, argv, err);
}

static void test_defaults(void **state)
{
        struct clew_config c;

        (void)state;
        clew_config_init(&c);
        assert_string_equal(c.store, "./data");
        assert_string_equal(c.grpc, "localhost:4317");
        assert_int_equal(c.max_request_bytes, 64 << 20);
        assert_int_equal(c.seal_idle_ns, 10000000000ull);
        assert_int_equal(clew_config_log_level(&c), CLEW_LOG_INFO);
}

static void test_flags(void **state)
{
        struct clew_config c;
        struct clew_error err;

        (void)state;
        assert_int_equal(read_args(&c, &err, "--store", "/tmp/x y"), 0);
        assert_string_equal(c.store, "/tmp/x y");
        assert_int_equal(read_args(&c, &err, "--max-request-bytes=8MiB", NULL), 0);
        assert_int_equal(c.max_request_bytes, 8 << 20);
        assert_int_equal(read_args(&c, &err, "--help", NULL), 0);
        assert_true(c.show_help);
        assert_int_equal(read_args(&c, &err, "--version", NULL), 0);
        assert_true(c.show_version);
}

static void test_bad_flags(void **state)
{
        static const struct {
                const char *a;
                const char *b;
                const char *says;
        } cases[] = {
                {"--stor", "x", "unknown flag --stor"},
                {"--store", NULL, "needs a value"},
                {"--store", "", "empty"},
                {"data", NULL, "unexpected argument"},
                {"--", NULL, "unexpected argument"},
                {"--insecure-listen", "yes", "is not on or off"},
                {"--tls-cert", "", "is empty"},
                {"--grpc", "example.com:4317", "numeric address"},
                {"--grpc", "127.0.0.1", "HOST:PORT"},
                {"--grpc", "127.0.0.1:65536", "HOST:PORT"},
                {"--grpc", "127.0.0.1:-1", "HOST:PORT"},
                {"--max-request-bytes", "12XB", "is not a size"},
                {"--max-request-bytes", "1", "out of range"},
                {"--max-request-bytes", "99999999999999999999", "is not a size"},
                {"--seal-idle", "10", "is not a time"},
                {"--seal-cpu", "101", "out of range"},
                {"--facts", "yes", "not on or off"},
                {"--log-level", "loud", "none of debug"},
                {"--config", "/nonexistent/file", "No such file"},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct clew_config c;
                struct clew_error err;

                assert_true(read_args(&c, &err, cases[i].a, cases[i].b) < 0);
                if (!strstr(err.message, cases[i].says))
                        fail_msg("%s %s: \"%s\" does not say \"%s\"", cases[i].a,
                                 cases[i].b ? cases[i].b : "", err.message, cases[i].says);
        }
}

/* Who listens nowhere could be sent nothing and asked nothing. */
static void test_something_listens(void **state)
{
        char program[] = "clewd";
        char grpc[] = "--grpc=off";
        char http[] = "--http=off";
        char *argv[] = {program, grpc, http, NULL};
        struct clew_config c;
        struct clew_error err = {0};

        (void)state;
        assert_int_equal(read_args(&c, &err, grpc, NULL), 0);
        assert_int_equal(read_args(&c, &err, http, NULL), 0);
        clew_config_init(&c);
        assert_int_equal(clew_config_read(&c, 3, argv, &err), -EINVAL);
        assert_non_null(strstr(err.message, "both off"));
}

static void test_text(void **state)
{
        struct clew_config c;
        struct clew_error err;

        (void)state;
        clew_config_init(&c);
        assert_int_equal(clew_config_parse_text(&c, "f",
                                                "# a comment\n\n  store = /var/x \r\n"
                                                "seal-idle=500ms\nthreads =\t3",
                                                &err),
                         0);
        assert_string_equal(c.store, "/var/x");
        assert_int_equal(c.seal_idle_ns, 500000000ull);
        assert_int_equal(c.threads, 3);
        assert_int_equal(clew_config_parse_text(&c, "f", "", &err), 0);
}

static void test_bad_text(void **state)
{
        static const struct {
                const char *text;
                const char *says;
        } cases[] = {
                {"store = a\ncolour = red\n", "f, line 2: unknown name \"colour\""},
                {"store\n", "f, line 1: expected"},
                {"threads = 1\nthreads = 2\n", "f, line 2: \"threads\" is given twice"},
                {"threads = \n", "is not a number"},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct clew_config c;
                struct clew_error err = {.code = 0};

                clew_config_init(&c);
                assert_int_equal(clew_config_parse_text(&c, "f", cases[i].text, &err), -EINVAL);
                if (!strstr(err.message, cases[i].says))
                        fail_msg("\"%s\" does not say \"%s\"", err.message, cases[i].says);
        }
}

static void test_flag_beats_file(void **state)
{
        char path[] = "/tmp/clew-test-config-XXXXXX";
        static const char text[] = "threads = 2\ngather = 5ms\n";
        char program[] = "clewd";
        char config[] = "--config";
        char flag[] = "--threads=7";
        char *argv[] = {program, flag, config, path, NULL};
        struct clew_error err = {.code = 0};
        struct clew_config c;
        int fd = mkstemp(path);

        (void)state;
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
        close(fd);
        clew_config_init(&c);
        assert_int_equal(clew_config_read(&c, 4, argv, &err), 0);
        unlink(path);
        assert_int_equal(c.threads, 7);
        assert_int_equal(c.gather_ns, 5000000);
}

/* Opening a pipe would wait for a writer that may never come. */
static void test_config_file_is_a_file(void **state)
{
        char directory[] = "/tmp/clew-test-config-XXXXXX";
        char path[sizeof(directory) + 8];
        char program[] = "clewd";
        char config[] = "--config";
        char *argv[] = {program, config, path, NULL};
        struct clew_error err = {.code = 0};
        struct clew_config c;

        (void)state;
        assert_non_null(mkdtemp(directory));
        snprintf(path, sizeof(path), "%s/pipe", directory);
        assert_int_equal(mkfifo(path, 0600), 0);
        clew_config_init(&c);
        assert_int_equal(clew_config_read(&c, 3, argv, &err), -EINVAL);
        assert_non_null(strstr(err.message, "not a regular file"));
        unlink(path);
        rmdir(directory);
}

static void test_help_names_every_default(void **state)
{
        char *help = clew_config_help();

        (void)state;
        assert_non_null(help);
        assert_non_null(strstr(help, "--store DIR"));
        assert_non_null(strstr(help, "--max-request-bytes SIZE"));
        assert_non_null(strstr(help, "localhost:4317"));
        assert_non_null(strstr(help, "Exit codes"));
        for (const char *line = help; *line; line += strcspn(line, "\n") + 1)
                assert_in_range(strcspn(line, "\n"), 0, 80);
        clew_free(help);
}

static void test_quantities(void **state)
{
        uint64_t v;

        (void)state;
        assert_true(clew_quantity_count("18446744073709551615", &v));
        assert_true(v == UINT64_MAX);
        assert_false(clew_quantity_count("18446744073709551616", &v));
        assert_false(clew_quantity_count("", &v));
        assert_false(clew_quantity_count("1 ", &v));
        assert_false(clew_quantity_count("+1", &v));
        assert_true(clew_quantity_bytes("2K", &v));
        assert_int_equal(v, 2048);
        assert_false(clew_quantity_bytes("17179869184GiB", &v));
        assert_true(clew_quantity_duration_ns("2m", &v));
        assert_true(v == 120000000000ull);
        assert_true(clew_quantity_duration_ns("0", &v));
        assert_int_equal(v, 0);
        assert_false(clew_quantity_duration_ns("1d", &v));
}

static void test_addresses(void **state)
{
        static const struct {
                const char *text;
                const char *formatted;
                bool loopback;
        } cases[] = {
                {"127.0.0.1:4317", "127.0.0.1:4317", true}, {"localhost:0", "127.0.0.1:0", true},
                {"127.200.0.9:1", "127.200.0.9:1", true},   {"[::1]:65535", "[::1]:65535", true},
                {"0.0.0.0:80", "0.0.0.0:80", false},        {"[::]:80", "[::]:80", false},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char text[CLEW_ADDRESS_TEXT_MAX];
                struct clew_address a;

                assert_int_equal(clew_address_parse(cases[i].text, &a, NULL), 0);
                assert_int_equal(a.is_loopback, cases[i].loopback);
                clew_address_format(&a, text);
                assert_string_equal(text, cases[i].formatted);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_defaults),
                cmocka_unit_test(test_flags),
                cmocka_unit_test(test_bad_flags),
                cmocka_unit_test(test_something_listens),
                cmocka_unit_test(test_text),
                cmocka_unit_test(test_bad_text),
                cmocka_unit_test(test_flag_beats_file),
                cmocka_unit_test(test_config_file_is_a_file),
                cmocka_unit_test(test_help_names_every_default),
                cmocka_unit_test(test_quantities),
                cmocka_unit_test(test_addresses),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
