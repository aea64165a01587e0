/*
 * Readers that die, stop, or are too many.
 */
#include "storage/store.h"
#include "tests/lib/otlp-build.h"
#include "tests/lib/store-append.h"
#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define READERS_MAX 1024 /* of storage/base/env-open.c */

struct fixture {
        struct test_dir dir;
        struct clew_store *store;
};

static void append(struct fixture *f, uint32_t n)
{
        struct test_span s = {.trace_id = test_trace_id(n),
                              .span_id = test_span_id(1),
                              .name = "s",
                              .start_ns = 1000 + n,
                              .end_ns = 2000 + n};

        assert_int_equal(test_store_append(f->store, "a", &s, 1), 0);
}

static int set_up(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));

        test_dir_make(&f->dir);
        *state = f;
        return 0;
}

static void open_store(struct fixture *f)
{
        const struct clew_store_options o = {.mode = CLEW_STORE_COLLECT};
        struct clew_error err = {0};

        if (clew_store_open(f->dir.path, &o, &f->store, &err) < 0)
                fail_msg("open: %s", err.message);
}

static int tear_down(void **state)
{
        struct fixture *f = *state;

        clew_store_close(f->store);
        test_dir_remove(&f->dir);
        free(f);
        return 0;
}

/* In a process of its own: takes a view, says so, waits to be woken, and reads. The exit status is
 * the errno of what it read. */
static pid_t start_reader(struct fixture *f, int *ret_ready)
{
        int ends[2];
        char byte = 0;
        pid_t pid;

        assert_int_equal(pipe(ends), 0);
        fflush(NULL);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                const struct clew_store_options o = {.mode = CLEW_STORE_READ};
                struct clew_trace_id id = test_trace_id(1);
                struct clew_trace_data data;
                struct clew_store *store = NULL;
                struct clew_view *v = NULL;
                struct clew_error err = {0};
                int r = clew_store_open(f->dir.path, &o, &store, &err);

                if (r == 0)
                        r = clew_view_open(store, &v, &err);
                if (write(ends[1], r == 0 ? "y" : "n", 1) != 1)
                        _exit(99);
                raise(SIGSTOP);
                if (r == 0)
                        r = clew_view_load(v, &id, &data, &err);
                _exit(-r);
        }
        close(ends[1]);
        *ret_ready = read(ends[0], &byte, 1) == 1 && byte == 'y';
        close(ends[0]);
        return pid;
}

static void wait_until_stopped(pid_t pid)
{
        int status = 0;

        assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
        assert_true(WIFSTOPPED(status));
}

static int wake(pid_t pid)
{
        int status = 0;

        kill(pid, SIGCONT);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static void test_stopped_reader(void **state)
{
        struct fixture *f = *state;
        pid_t pid;
        int ready = 0;

        open_store(f);
        append(f, 1);
        clew_store_close(f->store); /* a child must not inherit an open environment */
        f->store = NULL;
        pid = start_reader(f, &ready);
        assert_true(ready);
        wait_until_stopped(pid);
        open_store(f);
        for (uint32_t n = 2; n < 6; n++)
                append(f, n);
        /* It is behind by little: it may go on. */
        assert_int_equal(clew_store_check_readers(f->store), 0);
        assert_int_equal(clew_store_check_readers(f->store), 0);
        for (uint32_t n = 6; n < 40; n++)
                append(f, n);
        assert_int_equal(clew_store_check_readers(f->store), 0); /* seen for the first time */
        assert_int_equal(clew_store_check_readers(f->store), 1);
        assert_int_equal(clew_store_check_readers(f->store), 0);
        for (uint32_t n = 40; n < 80; n++)
                append(f, n);
        assert_int_equal(wake(pid), ESTALE);
}

/* One that is stopped for a moment, and one that is slow but at work, keep what they have. */
static void test_reader_that_goes_on(void **state)
{
        struct fixture *f = *state;
        pid_t pid;
        int ready = 0;

        open_store(f);
        append(f, 1);
        clew_store_close(f->store);
        f->store = NULL;
        pid = start_reader(f, &ready);
        assert_true(ready);
        wait_until_stopped(pid);
        open_store(f);
        for (uint32_t n = 2; n < 60; n++)
                append(f, n);
        assert_int_equal(clew_store_check_readers(f->store), 0);
        assert_int_equal(wake(pid), 0);
}

static void test_dead_reader(void **state)
{
        struct fixture *f = *state;
        pid_t pid;
        int status = 0;
        int ready = 0;

        open_store(f);
        append(f, 1);
        clew_store_close(f->store);
        f->store = NULL;
        pid = start_reader(f, &ready);
        assert_true(ready);
        wait_until_stopped(pid);
        open_store(f);
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(clew_store_check_readers(f->store), 1);
        assert_int_equal(clew_store_check_readers(f->store), 0);
}

static void test_too_many_readers(void **state)
{
        static struct clew_view *views[READERS_MAX + 1];
        struct fixture *f = *state;
        struct clew_error err = {0};
        int n = 0;
        int r = 0;

        open_store(f);
        append(f, 1);
        while (r == 0 && n <= READERS_MAX) {
                r = clew_view_open(f->store, &views[n], &err);
                n += r == 0;
        }
        assert_int_equal(r, -EAGAIN);
        assert_non_null(strstr(err.message, "limit"));
        assert_null(strstr(err.message, "MDB"));
        append(f, 2); /* who writes needs no place */
        clew_view_close(views[--n]);
        assert_int_equal(clew_view_open(f->store, &views[n], &err), 0);
        for (int i = 0; i <= n; i++)
                clew_view_close(views[i]);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                T(test_stopped_reader),
                T(test_reader_that_goes_on),
                T(test_dead_reader),
                T(test_too_many_readers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
