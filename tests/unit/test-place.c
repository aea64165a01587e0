/*
 * Where a collector has its pages: told to who finds the store held, by another process, for as
 * long as it lives; and nothing but an address is taken for one.
 */
#include "storage/store.h"

#include "proto/base/clock.h"
#include "query/model/summary.h"
#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char url[] = "http://127.0.0.1:4318";

static struct clew_store *open_store(const char *dir, enum clew_store_mode mode)
{
        const struct clew_store_options o = {
                .mode = mode, .clock = clew_clock_system(), .deriver = clew_model_deriver()};
        struct clew_store *store = NULL;
        struct clew_error err = {0};

        if (clew_store_open(dir, &o, &store, &err) < 0)
                fail_msg("open: %s", err.message);
        return store;
}

/* What another process finds: 0 = nothing, 1 = @expected, 2 = something else. */
static int found_by_another(const char *dir, const char *expected)
{
        pid_t pid = fork();
        int status = -1;

        if (pid == 0) {
                const struct clew_store_options o = {.mode = CLEW_STORE_READ,
                                                     .clock = clew_clock_system(),
                                                     .deriver = clew_model_deriver()};
                char place[CLEW_PLACE_BYTES] = "";
                struct clew_store *store = NULL;
                struct clew_error err = {0};

                if (clew_store_open(dir, &o, &store, &err) < 0)
                        _exit(99);
                if (!clew_store_collector_place(store, place))
                        _exit(0);
                _exit(strcmp(place, expected) == 0 ? 1 : 2);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static void write_lock(const char *dir, const char *text)
{
        char path[300];
        int fd;

        snprintf(path, sizeof(path), "%s/collector.lock", dir);
        fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), (int)strlen(text));
        close(fd);
}

static void test_told_while_it_lives(void **state)
{
        struct test_dir d;
        struct clew_store *store;

        (void)state;
        test_dir_make(&d);
        store = open_store(d.path, CLEW_STORE_COLLECT);
        assert_int_equal(found_by_another(d.path, url), 0);
        clew_store_tell_place(store, url);
        assert_int_equal(found_by_another(d.path, url), 1);
        clew_store_tell_place(store, "");
        assert_int_equal(found_by_another(d.path, url), 0);
        clew_store_tell_place(store, url);
        clew_store_close(store);
        assert_int_equal(found_by_another(d.path, url), 0); /* what it left is no address */
        store = open_store(d.path, CLEW_STORE_COLLECT);
        assert_int_equal(found_by_another(d.path, url), 0); /* nor that of the next one */
        clew_store_close(store);
        test_dir_remove(&d);
}

static void test_nothing_else_is_an_address(void **state)
{
        char long_one[300];
        struct test_dir d;
        struct clew_store *store;

        (void)state;
        test_dir_make(&d);
        store = open_store(d.path, CLEW_STORE_COLLECT);
        memset(long_one, 'x', sizeof(long_one) - 1);
        long_one[sizeof(long_one) - 1] = '\0';
        clew_store_tell_place(store, url);
        clew_store_tell_place(store, long_one);
        assert_int_equal(found_by_another(d.path, url), 1);
        write_lock(d.path, "http://127.0.0.1:1 \x1b[2J");
        assert_int_equal(found_by_another(d.path, url), 0);
        write_lock(d.path, "http://127.0.0.1:1\n");
        assert_int_equal(found_by_another(d.path, url), 0);
        clew_store_close(store);
        /* Who does not collect tells nothing. */
        store = open_store(d.path, CLEW_STORE_READ);
        write_lock(d.path, "");
        clew_store_tell_place(store, url);
        assert_int_equal(found_by_another(d.path, url), 0);
        clew_store_close(store);
        test_dir_remove(&d);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_told_while_it_lives),
                cmocka_unit_test(test_nothing_else_is_an_address),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
