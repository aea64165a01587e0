/*
 * The directory of a store: who creates it, what is never removed, and what is not opened.
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
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const names[] = {"data.mdb", "lock.mdb", "collector.lock", "creating"};

static char *path_of(const struct test_dir *d, const char *name)
{
        static char path[512];

        snprintf(path, sizeof(path), "%s/%s", d->path, name);
        return path;
}

static int try_open(const char *dir, enum clew_store_mode mode, struct clew_error *err)
{
        struct clew_store_options o = {.mode = mode};
        struct clew_store *store = NULL;
        int r = clew_store_open(dir, &o, &store, err);

        clew_store_close(store);
        return r;
}

/* Stores one span of trace @n, as an acknowledged export would have. */
static void acknowledge(const char *dir, uint32_t n)
{
        struct clew_store_options o = {.mode = CLEW_STORE_WRITE};
        struct test_span s = {.trace_id = test_trace_id(n),
                              .span_id = test_span_id(1),
                              .name = "s",
                              .start_ns = 1000 + n,
                              .end_ns = 2000 + n};
        struct clew_store *store = NULL;
        struct clew_error err = {0};

        if (clew_store_open(dir, &o, &store, &err) < 0)
                fail_msg("open: %s", err.message);
        assert_int_equal(test_store_append(store, "a", &s, 1), 0);
        clew_store_close(store);
}

static void assert_holds(const char *dir, uint32_t n)
{
        struct clew_store_options o = {.mode = CLEW_STORE_READ};
        struct clew_trace_id id = test_trace_id(n);
        struct clew_store *store = NULL;
        struct clew_view *view = NULL;
        struct clew_trace_data data;
        struct clew_error err = {0};

        if (clew_store_open(dir, &o, &store, &err) < 0)
                fail_msg("open: %s", err.message);
        assert_int_equal(clew_view_open(store, &view, &err), 0);
        if (clew_view_load(view, &id, &data, &err) < 0)
                fail_msg("trace %u: %s", n, err.message);
        clew_view_close(view);
        clew_store_close(store);
}

static void write_file(const char *path, const char *text)
{
        int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
        close(fd);
}

static void assert_text(const char *path, const char *text)
{
        char got[256] = "";
        int fd = open(path, O_RDONLY);

        assert_true(fd >= 0);
        assert_int_equal(read(fd, got, sizeof(got) - 1), strlen(text));
        assert_string_equal(got, text);
        close(fd);
}

/* A sign of an unfinished creation beside a store that holds data: whoever opens it next, in
 * whichever mode, loses nothing, and a writer takes the sign away. */
static void test_stray_sign(void **state)
{
        static const enum clew_store_mode modes[] = {CLEW_STORE_READ, CLEW_STORE_WRITE,
                                                     CLEW_STORE_COLLECT};
        struct clew_error err = {0};

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(modes); i++) {
                struct test_dir d;

                test_dir_make(&d);
                acknowledge(d.path, 1);
                write_file(path_of(&d, "creating"), "");
                assert_int_equal(try_open(d.path, modes[i], &err), 0);
                assert_holds(d.path, 1);
                assert_int_equal(access(path_of(&d, "creating"), F_OK),
                                 modes[i] == CLEW_STORE_READ ? 0 : -1);
                test_dir_remove(&d);
        }
}

/*
 * A writer that found no data file comes to create one, and meanwhile another has created the
 * store, acknowledged a span and gone. The first one is held at the lock of the sign; that the sign
 * is then still there is what somebody else who came to create it would have done.
 */
static void test_creation_decides_under_the_lock(void **state)
{
        struct test_dir d;
        int status = 0;
        pid_t pid;
        int fd;

        (void)state;
        test_dir_make(&d);
        fd = open(path_of(&d, "creating"), O_CREAT | O_RDWR, 0600);
        assert_int_equal(flock(fd, LOCK_EX), 0);
        fflush(NULL);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                struct clew_error err = {0};

                close(fd); /* or the lock would be held here too */
                _exit(try_open(d.path, CLEW_STORE_WRITE, &err) < 0);
        }
        usleep(200000); /* it waits at the lock; if it does not yet, the test proves less */
        {
                struct test_dir ready;
                char from[600];

                test_dir_make(&ready);
                acknowledge(ready.path, 7);
                snprintf(from, sizeof(from), "%s/data.mdb", ready.path);
                assert_int_equal(rename(from, path_of(&d, "data.mdb")), 0);
                test_dir_remove(&ready);
        }
        close(fd);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_holds(d.path, 7);
        test_dir_remove(&d);
}

/* Its first page gone, the data file still has the other one: it is kept for who can repair it. So
 * is a large file of which nothing is known. */
static void test_damaged_store_is_not_started_over(void **state)
{
        static const char zeros[8192];
        static const int expected[] = {0, -EBADMSG, -EINVAL};
        struct clew_error err = {0};

        (void)state;
        for (int pages = 0; pages < 3; pages++) {
                struct test_dir d;
                struct stat before;
                struct stat after;
                int fd;

                test_dir_make(&d);
                acknowledge(d.path, 1);
                fd = open(path_of(&d, "data.mdb"), O_RDWR);
                assert_int_equal(pwrite(fd, zeros, 4096 * (size_t)(pages > 0), 0),
                                 pages ? 4096 : 0);
                if (pages == 2) {
                        assert_int_equal(pwrite(fd, zeros, 4096, 4096), 4096);
                        assert_int_equal(ftruncate(fd, 1 << 20), 0);
                }
                assert_int_equal(fstat(fd, &before), 0);
                close(fd);
                write_file(path_of(&d, "creating"), "");
                assert_int_equal(try_open(d.path, CLEW_STORE_COLLECT, &err), expected[pages]);
                assert_true(pages == 0 || strstr(err.message, "clew doctor --repair"));
                assert_int_equal(stat(path_of(&d, "data.mdb"), &after), 0);
                assert_true(before.st_ino == after.st_ino && after.st_size >= before.st_size);
                test_dir_remove(&d);
        }
}

/* A link to a file of somebody else, of either kind, in the place of each file. */
static void test_directory_and_files_that_are_links(void **state)
{
        static const enum clew_store_mode modes[] = {CLEW_STORE_READ, CLEW_STORE_WRITE,
                                                     CLEW_STORE_COLLECT};
        struct clew_error err = {0};
        struct test_dir other;
        char target[512];

        (void)state;
        test_dir_make(&other);
        snprintf(target, sizeof(target), "%s/target", other.path);
        for (size_t m = 0; m < CLEW_ARRAY_LEN(modes); m++) {
                for (size_t i = 0; i < 2 * CLEW_ARRAY_LEN(names); i++) {
                        const char *name = names[i / 2];
                        struct test_dir d;
                        int r;

                        /* A reader opens neither of these. */
                        if (modes[m] == CLEW_STORE_READ && i / 2 >= 2)
                                continue;
                        if (modes[m] == CLEW_STORE_WRITE && i / 2 == 2)
                                continue;
                        test_dir_make(&d);
                        acknowledge(d.path, 1);
                        write_file(target, "of somebody else");
                        unlink(path_of(&d, name));
                        r = i % 2 ? link(target, path_of(&d, name))
                                  : symlink(target, path_of(&d, name));
                        assert_int_equal(r, 0);
                        r = try_open(d.path, modes[m], &err);
                        assert_int_equal(r, -EINVAL);
                        assert_non_null(strstr(err.message, name));
                        assert_text(target, "of somebody else");
                        test_dir_remove(&d);
                }
        }
        test_dir_remove(&other);
}

static void test_directory_that_is_a_link(void **state)
{
        struct clew_error err = {0};
        struct test_dir d;
        char link_path[512];

        (void)state;
        test_dir_make(&d);
        acknowledge(d.path, 1);
        snprintf(link_path, sizeof(link_path), "%s-link", d.path);
        assert_int_equal(symlink(d.path, link_path), 0);
        assert_int_equal(try_open(link_path, CLEW_STORE_READ, &err), -EINVAL);
        assert_non_null(strstr(err.message, "symbolic link"));
        snprintf(link_path, sizeof(link_path), "%s-link/", d.path);
        assert_int_equal(try_open(link_path, CLEW_STORE_WRITE, &err), -EINVAL);
        link_path[strlen(link_path) - 1] = '\0';
        unlink(link_path);
        test_dir_remove(&d);
}

/* A pipe in the place of a file must not hold up who opens it. */
static void test_pipes_are_refused(void **state)
{
        struct clew_error err = {0};

        (void)state;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(names); i++) {
                struct test_dir d;

                test_dir_make(&d);
                acknowledge(d.path, 1);
                unlink(path_of(&d, names[i]));
                assert_int_equal(mkfifo(path_of(&d, names[i]), 0600), 0);
                assert_int_equal(try_open(d.path, CLEW_STORE_COLLECT, &err), -EINVAL);
                test_dir_remove(&d);
        }
}

static void test_files_of_other_users(void **state)
{
        struct clew_error err = {0};
        struct test_dir d;

        (void)state;
        if (geteuid() != 0)
                skip();
        test_dir_make(&d);
        acknowledge(d.path, 1);
        for (size_t i = 0; i < 2; i++) {
                assert_int_equal(chown(path_of(&d, names[i]), 65534, 65534), 0);
                assert_int_equal(try_open(d.path, CLEW_STORE_READ, &err), -EACCES);
                assert_int_equal(chown(path_of(&d, names[i]), 0, 0), 0);
        }
        assert_int_equal(chown(d.path, 65534, 65534), 0);
        assert_int_equal(try_open(d.path, CLEW_STORE_READ, &err), -EACCES);
        assert_int_equal(try_open(d.path, CLEW_STORE_WRITE, &err), -EACCES);
        test_dir_remove(&d);
}

/* What another program must not write over. */
static void test_files_of_a_store(void **state)
{
        struct test_dir d;
        struct test_dir empty;
        char out[600];

        (void)state;
        test_dir_make(&d);
        test_dir_make(&empty);
        acknowledge(d.path, 1);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(names); i++) {
                assert_true(clew_store_holds_file(path_of(&d, names[i])));
                assert_false(clew_store_holds_file(path_of(&empty, names[i])));
        }
        snprintf(out, sizeof(out), "%s/link", empty.path);
        assert_int_equal(symlink(path_of(&d, "data.mdb"), out), 0);
        assert_true(clew_store_holds_file(out));
        snprintf(out, sizeof(out), "%s/copy.mdb", empty.path);
        assert_int_equal(link(path_of(&d, "data.mdb"), out), 0);
        assert_true(clew_store_holds_file(out));
        assert_false(clew_store_holds_file(path_of(&d, "runs.jsonl")));
        assert_false(clew_store_holds_file("/nonexistent/runs.jsonl"));
        assert_false(clew_store_holds_file("runs.jsonl"));
        test_dir_remove(&d);
        test_dir_remove(&empty);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_stray_sign),
                cmocka_unit_test(test_creation_decides_under_the_lock),
                cmocka_unit_test(test_damaged_store_is_not_started_over),
                cmocka_unit_test(test_directory_and_files_that_are_links),
                cmocka_unit_test(test_directory_that_is_a_link),
                cmocka_unit_test(test_pipes_are_refused),
                cmocka_unit_test(test_files_of_other_users),
                cmocka_unit_test(test_files_of_a_store),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
