/*
 * Keys and who shows them: each way to show a key, each reason to refuse it, sessions, links, the
 * word of a proxy, and the file that is damaged, taken away or changed.
 */
#include "collector/gate/access.h"

#include "proto/base/base64.h"
#include "proto/base/buffer.h"
#include "proto/base/file-lock.h"
#include "proto/base/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/clew-test-access-XXXXXX";
static char path[64];

struct made {
        struct clew_access_key key;
        char secret[CLEW_KEY_SECRET_BYTES];
};

static int set_up(void **state)
{
        (void)state;
        (void)unlink(path);
        return 0;
}

static struct made make(const char *name, uint32_t scopes, const char *project, uint64_t expires_s)
{
        struct made m = {.key = {.scopes = scopes, .expires_s = expires_s}};
        struct clew_error err = {0};

        (void)snprintf(m.key.name, sizeof(m.key.name), "%s", name);
        (void)snprintf(m.key.project, sizeof(m.key.project), "%s", project);
        assert_int_equal(clew_keys_add(path, &m.key, m.secret, &err), 0);
        return m;
}

static struct clew_access *open_access(const char *proxy)
{
        const struct clew_access_options options = {
                .keys_path = path, .proxy = proxy, .proxy_scopes = CLEW_SCOPE_READ};
        struct clew_access *a = NULL;
        struct clew_error err = {0};

        assert_int_equal(clew_access_new(&options, &a, &err), 0);
        return a;
}

static struct sockaddr_storage address(const char *text)
{
        struct sockaddr_storage s = {0};
        struct sockaddr_in *v4 = (void *)&s;
        struct sockaddr_in6 *v6 = (void *)&s;

        if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
                v4->sin_family = AF_INET;
        else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1)
                v6->sin6_family = AF_INET6;
        return s;
}

static enum clew_access_verdict bearer(struct clew_access *a, const char *secret, uint32_t scopes,
                                       struct clew_grant *grant)
{
        char text[256];
        const struct clew_credentials c = {.authorization = clew_slice_of_cstr(text)};
        struct clew_credentials shown = c;

        (void)snprintf(text, sizeof(text), "Bearer %s", secret);
        shown.authorization = clew_slice_of_cstr(text);
        return clew_access_check(a, &shown, scopes, grant);
}

static void test_without_keys_everybody_may(void **state)
{
        struct clew_access *a = open_access(NULL);
        struct clew_grant grant;

        (void)state;
        assert_false(clew_access_is_on(a));
        assert_int_equal(
                clew_access_check(a, &(struct clew_credentials){0}, CLEW_SCOPE_ADMIN, &grant),
                CLEW_ACCESS_OK);
        assert_int_equal(grant.scopes, CLEW_SCOPES_ALL);
        assert_string_equal(grant.project, CLEW_KEY_PROJECT_DEFAULT);
        clew_access_free(a);
}

static void test_a_key_is_shown_in_four_ways(void **state)
{
        struct made k = make("ci", CLEW_SCOPE_INGEST, "default", 0);
        struct clew_access *a = open_access(NULL);
        struct clew_grant grant;
        char text[512];
        CLEW_BUFFER basic = {0};
        struct clew_credentials c = {.api_key = clew_slice_of_cstr(k.secret)};

        (void)state;
        assert_true(clew_access_is_on(a));
        assert_int_equal(
                clew_access_check(a, &(struct clew_credentials){0}, CLEW_SCOPE_INGEST, &grant),
                CLEW_ACCESS_NO_KEY);
        assert_int_equal(bearer(a, k.secret, CLEW_SCOPE_INGEST, &grant), CLEW_ACCESS_OK);
        assert_string_equal(grant.name, "ci");
        assert_string_equal(grant.key, k.key.id);
        assert_false(grant.ambient);
        assert_int_equal(clew_access_check(a, &c, CLEW_SCOPE_INGEST, &grant), CLEW_ACCESS_OK);
        for (int right = 0; right < 2; right++) {
                clew_buffer_clear(&basic);
                clew_buffer_init(&basic, 1024);
                (void)snprintf(text, sizeof(text), "%s:%s", right ? k.key.id : "pk-clew-0",
                               k.secret);
                clew_buffer_append_cstr(&basic, "bAsIc ");
                clew_base64_encode(clew_slice_of_cstr(text), &basic);
                c = (struct clew_credentials){.authorization = clew_buffer_slice(&basic)};
                assert_int_equal(clew_access_check(a, &c, CLEW_SCOPE_INGEST, &grant),
                                 right ? CLEW_ACCESS_OK : CLEW_ACCESS_UNKNOWN_KEY);
                clew_buffer_deinit(&basic);
        }
        /* The public half alone, the hash, a part of it, and what is longer open nothing. */
        k.secret[strlen(k.secret) - 1] ^= 1;
        assert_int_equal(bearer(a, k.secret, CLEW_SCOPE_INGEST, &grant), CLEW_ACCESS_UNKNOWN_KEY);
        assert_int_equal(bearer(a, k.key.id, CLEW_SCOPE_INGEST, &grant), CLEW_ACCESS_UNKNOWN_KEY);
        assert_int_equal(bearer(a, "", CLEW_SCOPE_INGEST, &grant), CLEW_ACCESS_UNKNOWN_KEY);
        clew_access_free(a);
}

static void test_scope_project_end_and_revocation(void **state)
{
        struct made read = make("ana", CLEW_SCOPE_READ | CLEW_SCOPE_ANNOTATE, "blue", 0);
        struct made old = make("old", CLEW_SCOPE_READ, "default", (uint64_t)time(NULL) - 1);
        struct made gone = make("gone", CLEW_SCOPE_READ, "default", 0);
        struct clew_error err = {0};
        struct clew_access *a;
        struct clew_grant grant;
        char text[CLEW_ACCESS_TEXT_MAX];
        const char *const blue[] = {"default", "blue", NULL};

        (void)state;
        assert_int_equal(clew_keys_revoke(path, &gone.key, &err), 0);
        a = open_access(NULL);
        assert_int_equal(bearer(a, read.secret, CLEW_SCOPE_INGEST, &grant), CLEW_ACCESS_NO_SCOPE);
        assert_string_equal(grant.name, "ana"); /* the log tells who */
        assert_int_equal(bearer(a, read.secret, CLEW_SCOPE_ANNOTATE, &grant), CLEW_ACCESS_OK);
        assert_string_equal(grant.project, "blue");
        assert_int_equal(grant.scopes, CLEW_SCOPE_READ | CLEW_SCOPE_ANNOTATE);
        assert_int_equal(bearer(a, old.secret, CLEW_SCOPE_READ, &grant), CLEW_ACCESS_EXPIRED);
        assert_int_equal(bearer(a, gone.secret, CLEW_SCOPE_READ, &grant), CLEW_ACCESS_REVOKED);
        clew_access_explain(CLEW_ACCESS_NO_SCOPE, CLEW_SCOPE_INGEST, text);
        assert_non_null(strstr(text, "\"ingest\""));
        assert_true(clew_access_knows(a, blue));
        assert_false(clew_access_knows(a, (const char *const[]){"default", NULL}));
        clew_access_free(a);
}

static void test_failures_of_one_address_are_limited_and_a_good_key_passes(void **state)
{
        struct made k = make("ci", CLEW_SCOPE_READ, "default", 0);
        struct clew_access *a = open_access(NULL);
        struct sockaddr_storage here = address("10.0.0.1");
        struct sockaddr_storage there = address("10.0.0.2");
        struct sockaddr_storage six = address("2001:db8::1");
        struct sockaddr_storage near_six = address("2001:db8::ffff");
        struct clew_credentials c = {.api_key = CLEW_SLICE_LITERAL("sk-clew-wrong"),
                                     .peer = (void *)&here};
        struct clew_grant grant;

        (void)state;
        for (int i = 0; i < 20; i++)
                assert_int_equal(clew_access_check(a, &c, CLEW_SCOPE_READ, &grant),
                                 CLEW_ACCESS_UNKNOWN_KEY);
        assert_int_equal(clew_access_check(a, &c, CLEW_SCOPE_READ, &grant), CLEW_ACCESS_LIMITED);
        c.peer = (void *)&there;
        assert_int_equal(clew_access_check(a, &c, CLEW_SCOPE_READ, &grant),
                         CLEW_ACCESS_UNKNOWN_KEY);
        c.peer = (void *)&here;
        c.api_key = clew_slice_of_cstr(k.secret);
        assert_int_equal(clew_access_check(a, &c, CLEW_SCOPE_READ, &grant), CLEW_ACCESS_OK);
        c.api_key = CLEW_SLICE_LITERAL("sk-clew-wrong");
        assert_int_equal(clew_access_check(a, &c, CLEW_SCOPE_READ, &grant), CLEW_ACCESS_LIMITED);
        /* Of IPv6 the network counts: who has it has all addresses in it. */
        for (int i = 0; i < 21; i++) {
                c.peer = i % 2 ? (void *)&six : (void *)&near_six;
                (void)!clew_access_check(a, &c, CLEW_SCOPE_READ, &grant);
        }
        assert_int_equal(clew_access_check(a, &c, CLEW_SCOPE_READ, &grant), CLEW_ACCESS_LIMITED);
        clew_access_free(a);
}

static void test_a_session_is_of_its_host_and_its_key(void **state)
{
        struct made k = make("ana", CLEW_SCOPE_READ, "default", 0);
        struct clew_access *a = open_access(NULL);
        struct clew_credentials c = {.host = CLEW_SLICE_LITERAL("clew.example:4318")};
        struct clew_error err = {0};
        struct clew_grant grant;
        char cookie[CLEW_SHA256_HEX];
        char header[256];

        (void)state;
        assert_int_equal(clew_access_sign_in(a, &c, CLEW_SLICE_LITERAL("no key"), CLEW_SLICE_NULL,
                                             &grant, cookie),
                         CLEW_ACCESS_UNKNOWN_KEY);
        assert_int_equal(clew_access_sign_in(a, &c, clew_slice_of_cstr(k.secret), CLEW_SLICE_NULL,
                                             &grant, cookie),
                         CLEW_ACCESS_OK);
        assert_true(grant.ambient);
        (void)snprintf(header, sizeof(header), "other=1; " CLEW_ACCESS_COOKIE "=%s; z=2", cookie);
        c.cookie = clew_slice_of_cstr(header);
        assert_int_equal(clew_access_check(a, &c, CLEW_SCOPE_READ, &grant), CLEW_ACCESS_OK);
        assert_true(grant.ambient);
        assert_int_equal(strlen(grant.token), CLEW_SHA256_HEX - 1);
        assert_string_not_equal(grant.token, cookie);
        c.host = CLEW_SLICE_LITERAL("elsewhere.example");
        assert_int_equal(clew_access_check(a, &c, CLEW_SCOPE_READ, &grant),
                         CLEW_ACCESS_UNKNOWN_KEY);
        c.host = CLEW_SLICE_LITERAL("clew.example:4318");
        assert_int_equal(clew_keys_revoke(path, &k.key, &err), 0);
        clew_access_tick(a);
        assert_int_equal(clew_access_check(a, &c, CLEW_SCOPE_READ, &grant), CLEW_ACCESS_REVOKED);
        clew_access_sign_out(a, &c);
        assert_int_equal(clew_access_check(a, &c, CLEW_SCOPE_READ, &grant),
                         CLEW_ACCESS_UNKNOWN_KEY);
        clew_access_free(a);
}

static void test_a_link_signs_in_once(void **state)
{
        struct made k = make("ana", CLEW_SCOPE_READ, "default", 0);
        struct clew_credentials c = {.host = CLEW_SLICE_LITERAL("h")};
        struct clew_error err = {0};
        struct clew_access *a;
        struct clew_grant grant;
        char code[CLEW_KEY_SECRET_BYTES];
        char cookie[CLEW_SHA256_HEX];

        (void)state;
        assert_int_equal(clew_keys_link(path, &k.key, code, &err), 0);
        a = open_access(NULL);
        for (int again = 0; again < 3; again++) {
                assert_int_equal(clew_access_sign_in(a, &c, CLEW_SLICE_NULL,
                                                     clew_slice_of_cstr(code), &grant, cookie),
                                 again == 0 ? CLEW_ACCESS_OK : CLEW_ACCESS_UNKNOWN_KEY);
                if (again == 1) { /* the file knows, too */
                        clew_access_free(a);
                        a = open_access(NULL);
                }
        }
        clew_access_free(a);
}

static void test_the_word_of_a_proxy_counts_from_its_address(void **state)
{
        struct made k = make("ana", CLEW_SCOPE_ADMIN, "default", 0);
        struct clew_access *a = open_access("10.0.0.1");
        struct sockaddr_storage proxy = address("10.0.0.1");
        struct sockaddr_storage other = address("10.0.0.2");
        struct sockaddr_storage six = address("::ffff:10.0.0.1");
        struct clew_credentials c = {.user = CLEW_SLICE_LITERAL("bo"), .peer = (void *)&proxy};
        struct clew_grant grant;
        char token[CLEW_SHA256_HEX];

        (void)state;
        assert_int_equal(clew_access_check(a, &c, CLEW_SCOPE_READ, &grant), CLEW_ACCESS_OK);
        assert_string_equal(grant.name, "bo");
        assert_int_equal(grant.scopes, CLEW_SCOPE_READ);
        assert_true(grant.ambient); /* writes need the token */
        memcpy(token, grant.token, sizeof(token));
        c.user = CLEW_SLICE_LITERAL("cy");
        assert_int_equal(clew_access_check(a, &c, CLEW_SCOPE_READ, &grant), CLEW_ACCESS_OK);
        assert_string_not_equal(grant.token, token);
        assert_int_equal(clew_access_check(a, &c, CLEW_SCOPE_ADMIN, &grant), CLEW_ACCESS_NO_SCOPE);
        c.peer = (void *)&other;
        assert_int_equal(clew_access_check(a, &c, CLEW_SCOPE_READ, &grant), CLEW_ACCESS_NO_KEY);
        c.peer = (void *)&six;
        assert_int_equal(clew_access_check(a, &c, CLEW_SCOPE_READ, &grant), CLEW_ACCESS_NO_KEY);
        c.peer = NULL;
        assert_int_equal(clew_access_check(a, &c, CLEW_SCOPE_READ, &grant), CLEW_ACCESS_NO_KEY);
        c.peer = (void *)&proxy;
        c.user = CLEW_SLICE_LITERAL("a b\n");
        assert_int_equal(clew_access_check(a, &c, CLEW_SCOPE_READ, &grant),
                         CLEW_ACCESS_UNKNOWN_KEY);
        c.user = CLEW_SLICE_LITERAL("bo");
        c.api_key = clew_slice_of_cstr(k.secret); /* who shows a key is who has it */
        assert_int_equal(clew_access_check(a, &c, CLEW_SCOPE_ADMIN, &grant), CLEW_ACCESS_OK);
        assert_string_equal(grant.name, "ana");
        clew_access_free(a);
        /* A proxy alone closes the door, too. */
        (void)unlink(path);
        a = open_access("10.0.0.1");
        assert_true(clew_access_is_on(a));
        assert_int_equal(
                clew_access_check(a, &(struct clew_credentials){0}, CLEW_SCOPE_READ, &grant),
                CLEW_ACCESS_NO_KEY);
        clew_access_free(a);
}

static void put(const char *text, const char *how, mode_t mode)
{
        FILE *f = fopen(path, how);

        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
        assert_int_equal(chmod(path, mode), 0);
}

static void test_a_damaged_file_opens_nothing(void **state)
{
        struct made k = make("ana", CLEW_SCOPE_READ, "default", 0);
        struct clew_access *a = open_access(NULL);
        struct clew_keys *keys = NULL;
        struct clew_error err = {0};
        struct clew_grant grant;

        (void)state;
        put("{\"v\":1,\"key\":\"pk\"}\n", "a", 0600);
        assert_int_equal(clew_keys_load(path, &keys, &err), -EBADMSG);
        assert_non_null(strstr(err.message, ":2:"));
        clew_access_tick(a);
        assert_int_equal(bearer(a, k.secret, CLEW_SCOPE_READ, &grant), CLEW_ACCESS_OK);
        assert_int_equal(bearer(a, "x", CLEW_SCOPE_READ, &grant), CLEW_ACCESS_UNKNOWN_KEY);
        assert_int_equal(unlink(path), 0);
        clew_access_tick(a);
        assert_true(clew_access_is_on(a));
        assert_int_equal(
                clew_access_check(a, &(struct clew_credentials){0}, CLEW_SCOPE_READ, &grant),
                CLEW_ACCESS_NO_KEY);
        clew_access_free(a);
}

static void test_a_file_that_others_read_is_no_place_for_keys(void **state)
{
        struct clew_keys *keys = NULL;
        struct clew_error err = {0};

        (void)state;
        (void)make("ana", CLEW_SCOPE_READ, "default", 0);
        assert_int_equal(chmod(path, 0640), 0);
        assert_int_equal(clew_keys_load(path, &keys, &err), -EPERM);
        assert_non_null(strstr(err.message, "chmod 600"));
        assert_int_equal(chmod(path, 0600), 0);
        put("{\"v\":1,\"revoke\":\"", "a", 0600); /* cut off in a line */
        assert_int_equal(clew_keys_load(path, &keys, &err), -EBADMSG);
}

/* A stranger who holds the file's lock, or one who was stopped while he had it. */
static void test_a_lock_is_not_waited_for_without_end(void **state)
{
        struct clew_keys *keys = NULL;
        struct clew_error err = {0};
        struct made m = make("ana", CLEW_SCOPE_READ, "default", 0);
        int fd = open(path, O_RDONLY | O_CLOEXEC);

        (void)state;
        assert_true(fd >= 0);
        assert_int_equal(flock(fd, LOCK_SH), 0); /* who only reads disturbs no reader */
        assert_int_equal(clew_file_lock(fd, LOCK_SH, 0), 0);
        assert_int_equal(clew_keys_load(path, &keys, &err), 0);
        clew_keys_free(keys);
        assert_int_equal(clew_keys_revoke(path, &m.key, &err), -ETIMEDOUT);
        assert_non_null(strstr(err.message, path));
        assert_non_null(strstr(err.message, "another process has held its lock for 2s"));
        err = (struct clew_error){0};
        assert_int_equal(flock(fd, LOCK_EX), 0);
        assert_int_equal(clew_keys_load(path, &keys, &err), -ETIMEDOUT);
        assert_non_null(strstr(err.message, "another process has held its lock for 2s"));
        close(fd);
        assert_int_equal(clew_keys_load(path, &keys, &err), 0);
        assert_int_equal(keys->n, 1);
        assert_int_equal(keys->keys[0].revoked_s, 0);
        clew_keys_free(keys);
}

static void test_each_byte_of_a_secret_counts(void **state)
{
        uint8_t a[CLEW_SHA256_BYTES] = {0};
        uint8_t b[CLEW_SHA256_BYTES] = {0};

        (void)state;
        assert_true(clew_equal_in_constant_time(clew_slice_make(a, sizeof(a)),
                                                clew_slice_make(b, sizeof(b))));
        for (size_t i = 0; i < sizeof(a); i++) {
                b[i] = 0x80;
                assert_false(clew_equal_in_constant_time(clew_slice_make(a, sizeof(a)),
                                                         clew_slice_make(b, sizeof(b))));
                b[i] = 0;
        }
        assert_false(clew_equal_in_constant_time(clew_slice_make(a, sizeof(a)),
                                                 clew_slice_make(b, sizeof(b) - 1)));
}

static void test_names_of_projects_are_names_of_directories(void **state)
{
        static const char *const bad[] = {"",    ".",   "..",       ".x", "-x",
                                          "a/b", "a b", "\xc3\xa4", "a\\"};

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(bad); i++)
                assert_false(clew_project_name_is_good(clew_slice_of_cstr(bad[i])));
        assert_true(clew_project_name_is_good(CLEW_SLICE_LITERAL("team-1_b.c")));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(test_without_keys_everybody_may, set_up),
                cmocka_unit_test_setup(test_a_key_is_shown_in_four_ways, set_up),
                cmocka_unit_test_setup(test_scope_project_end_and_revocation, set_up),
                cmocka_unit_test_setup(
                        test_failures_of_one_address_are_limited_and_a_good_key_passes, set_up),
                cmocka_unit_test_setup(test_a_session_is_of_its_host_and_its_key, set_up),
                cmocka_unit_test_setup(test_a_link_signs_in_once, set_up),
                cmocka_unit_test_setup(test_the_word_of_a_proxy_counts_from_its_address, set_up),
                cmocka_unit_test_setup(test_a_damaged_file_opens_nothing, set_up),
                cmocka_unit_test_setup(test_a_file_that_others_read_is_no_place_for_keys, set_up),
                cmocka_unit_test_setup(test_a_lock_is_not_waited_for_without_end, set_up),
                cmocka_unit_test(test_each_byte_of_a_secret_counts),
                cmocka_unit_test(test_names_of_projects_are_names_of_directories),
        };
        int failed;

        if (!mkdtemp(dir))
                return 1;
        (void)snprintf(path, sizeof(path), "%s/keys.jsonl", dir);
        failed = cmocka_run_group_tests(tests, NULL, NULL);
        (void)unlink(path);
        (void)rmdir(dir);
        return failed;
}
