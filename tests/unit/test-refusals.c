/*
 * The audit log: a chain that shows what was done to it, and refusals that are all told of by few
 * lines.
 */
#include "collector/gate/refusals.h"

#include "proto/base/buffer.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define TEXT_BYTES ((size_t)1 << 20)

static char dir[] = "/tmp/clew-test-refusals-XXXXXX";
static char path[64];
static char text[TEXT_BYTES];
static uint64_t now_ns;

static uint64_t tell_now(void *unused)
{
        (void)unused;
        return now_ns;
}

static const struct clew_clock test_clock = {tell_now, tell_now, NULL};

struct log {
        struct clew_audit *audit;
        struct clew_refusals *refusals;
};

static struct log begin(void)
{
        struct log l;

        (void)unlink(path);
        now_ns = 1000 * CLEW_NS_PER_S;
        assert_int_equal(clew_audit_new(path, &l.audit), 0);
        assert_int_equal(clew_refusals_new(l.audit, &test_clock, &l.refusals), 0);
        return l;
}

static void end(struct log *l)
{
        clew_refusals_free(l->refusals);
        clew_audit_free(l->audit);
}

static void refuse(struct log *l, const char *from, const char *key, const char *what,
                   unsigned status)
{
        clew_refusals_note(l->refusals, &(struct clew_audit_entry){
                                                .key = clew_slice_of_cstr(key),
                                                .from = clew_slice_of_cstr(from),
                                                .what = clew_slice_of_cstr(what),
                                                .status = status,
                                        });
}

/* Lines of the log; the file is in @text. */
static unsigned read_log(void)
{
        FILE *f = fopen(path, "re");
        struct clew_audit_result result;
        struct clew_error err = {0};
        unsigned n = 0;
        size_t len;

        text[0] = '\0';
        if (!f)
                return 0;
        len = fread(text, 1, sizeof(text) - 1, f);
        text[len] = '\0';
        (void)fclose(f);
        for (size_t i = 0; i < len; i++)
                n += text[i] == '\n';
        assert_int_equal(clew_audit_verify(path, NULL, &result, &err), 0);
        assert_int_equal(result.n, n);
        return n;
}

/* First lines, and those that lines of counts stand for: all that were refused. */
static uint64_t all_told(void)
{
        uint64_t n = read_log();
        const char *at = text;

        while ((at = strstr(at, "\"more\":")) != NULL) {
                at += strlen("\"more\":");
                n += strtoull(at, NULL, 10) - 1;
        }
        return n;
}

static void test_one_that_comes_again_is_counted(void **state)
{
        struct log l = begin();

        (void)state;
        refuse(&l, "10.0.0.1", "", "POST /v1/traces", 401);
        assert_int_equal(read_log(), 1); /* at once */
        assert_null(strstr(text, "more"));
        for (int i = 0; i < 1000; i++)
                refuse(&l, "10.0.0.1", "", "POST /v1/traces?secret=1", 401);
        assert_int_equal(read_log(), 1);
        refuse(&l, "10.0.0.2", "", "POST /v1/traces", 401);
        refuse(&l, "10.0.0.1", "pk", "POST /v1/traces", 401);
        refuse(&l, "10.0.0.1", "", "POST /v1/traces", 403);
        assert_int_equal(read_log(), 4);
        now_ns += CLEW_REFUSALS_WINDOW_NS - 1;
        clew_refusals_tick(l.refusals);
        assert_int_equal(read_log(), 4);
        now_ns += 1;
        clew_refusals_tick(l.refusals);
        assert_int_equal(read_log(), 5);
        assert_non_null(
                strstr(text, "\"status\":401,\"more\":1000,\"since_unix_nano\":\"1000000000000\""));
        assert_null(strstr(text, "secret"));
        refuse(&l, "10.0.0.1", "", "POST /v1/traces", 401); /* a new minute */
        assert_int_equal(read_log(), 6);
        end(&l);
        assert_int_equal(read_log(), 6);
}

static void test_who_tries_many_paths_is_told_by_few_lines(void **state)
{
        struct log l = begin();
        char what[64];

        (void)state;
        for (int i = 0; i < 500; i++) {
                (void)snprintf(what, sizeof(what), "GET /api/v1/traces/%d", i);
                refuse(&l, "10.0.0.1", "", what, 401);
        }
        assert_int_equal(read_log(), CLEW_REFUSALS_PATHS + 1);
        assert_non_null(strstr(text, CLEW_REFUSALS_OTHER_PATHS));
        refuse(&l, "10.0.0.2", "", "GET /api/v1/me", 401); /* others have places */
        assert_int_equal(read_log(), CLEW_REFUSALS_PATHS + 2);
        end(&l);
        assert_int_equal(all_told(), 501);
}

static void test_a_crowd_is_counted_and_grows_the_log_by_little(void **state)
{
        struct log l = begin();
        char from[32];
        unsigned n;

        (void)state;
        for (unsigned i = 0; i < 5000; i++) {
                (void)snprintf(from, sizeof(from), "10.0.%u.%u", i / 256 % 256, i % 256);
                refuse(&l, from, "", "GET /api/v1/me", 401);
        }
        n = read_log();
        assert_int_equal(n, CLEW_REFUSALS_GROUPS + 1);
        assert_non_null(strstr(text, CLEW_REFUSALS_OTHERS));
        end(&l); /* what was counted is written also at the end */
        assert_int_equal(all_told(), 5000);
        assert_int_equal(read_log(), n + 1);
}

static void test_a_log_that_cannot_be_written_stops_nobody(void **state)
{
        struct log l = begin();

        (void)state;
        assert_int_equal(mkdir(path, 0700), 0);
        refuse(&l, "10.0.0.1", "", "GET /api/v1/me", 401);
        refuse(&l, "10.0.0.1", "", "GET /api/v1/me", 401);
        end(&l);
        assert_int_equal(rmdir(path), 0);
}

/* ---- the chain ------------------------------------------------------------------------------ */

static void write_file(const char *all, size_t n)
{
        FILE *f = fopen(path, "we");

        assert_non_null(f);
        assert_int_equal(fwrite(all, 1, n, f), n);
        assert_int_equal(fclose(f), 0);
}

static void test_whatever_is_done_to_a_line_is_noticed(void **state)
{
        struct log l = begin();
        struct clew_audit_result result;
        struct clew_error err = {0};
        char first_hash[CLEW_SHA256_HEX];
        static char whole[TEXT_BYTES];
        size_t len;
        unsigned noticed = 0;

        (void)state;
        refuse(&l, "10.0.0.1", "", "a", 401);
        refuse(&l, "10.0.0.1", "", "b\",\"prev\":\"", 401);
        assert_int_equal(clew_audit_verify(path, NULL, &result, &err), 0);
        memcpy(first_hash, result.last, sizeof(first_hash));
        refuse(&l, "10.0.0.1", "", "c", 403);
        end(&l);
        assert_int_equal(read_log(), 3);
        len = strlen(text);
        memcpy(whole, text, len + 1);
        assert_int_equal(clew_audit_verify(path, first_hash, &result, &err), 0);
        assert_true(result.found);
        /* Each byte of it, changed. */
        for (size_t i = 0; i < len; i++) {
                whole[i] ^= 1;
                write_file(whole, len);
                noticed += clew_audit_verify(path, NULL, &result, &err) == -EBADMSG;
                whole[i] ^= 1;
        }
        assert_int_equal(noticed, len);
        /* The first line gone; the last one is noticed by its hash alone. */
        write_file(strchr(whole, '\n') + 1, len - (size_t)(strchr(whole, '\n') + 1 - whole));
        assert_int_equal(clew_audit_verify(path, NULL, &result, &err), -EBADMSG);
        write_file(whole, (size_t)(strchr(whole, '\n') + 1 - whole));
        assert_int_equal(clew_audit_verify(path, first_hash, &result, &err), 0);
        assert_false(result.found);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(clew_audit_verify(path, NULL, &result, &err), -ENOENT);
}

/* A line of another log, whole and with the right number, where it does not belong. */
static void test_a_line_follows_the_one_before(void **state)
{
        static char mixed[TEXT_BYTES];
        struct clew_audit_result result;
        struct clew_error err = {0};
        size_t n = 0;

        (void)state;
        for (int other = 0; other < 2; other++) {
                struct log l = begin();
                const char *second;

                refuse(&l, "10.0.0.1", "", other ? "x" : "a", 401);
                refuse(&l, "10.0.0.1", "", "b", 401);
                end(&l);
                assert_int_equal(read_log(), 2);
                second = strchr(text, '\n') + 1;
                if (other) {
                        memcpy(mixed + n, second, strlen(second));
                        n += strlen(second);
                } else {
                        n = (size_t)(second - text);
                        memcpy(mixed, text, n);
                }
        }
        write_file(mixed, n);
        assert_int_equal(clew_audit_verify(path, NULL, &result, &err), -EBADMSG);
        assert_int_equal(result.n, 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_one_that_comes_again_is_counted),
                cmocka_unit_test(test_who_tries_many_paths_is_told_by_few_lines),
                cmocka_unit_test(test_a_crowd_is_counted_and_grows_the_log_by_little),
                cmocka_unit_test(test_a_log_that_cannot_be_written_stops_nobody),
                cmocka_unit_test(test_whatever_is_done_to_a_line_is_noticed),
                cmocka_unit_test(test_a_line_follows_the_one_before),
        };
        int failed;

        if (!mkdtemp(dir))
                return 1;
        (void)snprintf(path, sizeof(path), "%s/audit.jsonl", dir);
        failed = cmocka_run_group_tests(tests, NULL, NULL);
        (void)unlink(path);
        (void)rmdir(dir);
        return failed;
}
