/*
 * Signs of life of a writer that somebody wants to take over (tier-alive.c): its address answers,
 * whatever it says, and what it has in the bucket changes. Without one it may be taken for gone.
 */
#include "storage/tier/tier-node-int.h"

#include "tests/lib/temp-dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define ANSWER_WAIT_MS 10000

struct fixture {
        struct test_dir dir;
        char url[600];
        struct clew_tier_writer writer; /* as the bucket has it */
        struct clew_error err;
};

static int set_up(void **state)
{
        static struct fixture f;

        memset(&f, 0, sizeof(f));
        *state = &f;
        test_dir_make(&f.dir);
        snprintf(f.url, sizeof(f.url), "dir://%s", f.dir.path);
        return clew_tier_look_at_writer(f.url, "", &f.writer, &f.err);
}

static int tear_down(void **state)
{
        struct fixture *f = *state;

        test_dir_remove(&f->dir);
        return 0;
}

/* ---- an address ------------------------------------------------------------------------------ */

/* Answers one request, with a status that wants a key. */
static void *answer_one(void *context)
{
        static const char text[] = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n"
                                   "Connection: close\r\n\r\n";
        int listener = *(int *)context;
        struct pollfd p = {.fd = listener, .events = POLLIN};
        char request[2000];
        int fd;

        if (poll(&p, 1, ANSWER_WAIT_MS) != 1)
                return NULL;
        fd = accept(listener, NULL, NULL);
        if (fd >= 0 && read(fd, request, sizeof(request)) > 0)
                (void)!write(fd, text, sizeof(text) - 1);
        close(fd);
        return NULL;
}

static int listen_on(uint16_t *ret_port)
{
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t n = sizeof(a);
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        assert_true(fd >= 0);
        assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
        assert_int_equal(listen(fd, 4), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
        *ret_port = ntohs(a.sin_port);
        return fd;
}

/* An object that tells the address of a node. */
static void put_node(struct fixture *f, uint16_t port)
{
        char path[700];
        FILE *file;

        snprintf(path, sizeof(path), "%s/node", f->dir.path);
        assert_int_equal(mkdir(path, 0700), 0);
        snprintf(path, sizeof(path), "%s/node/n1", f->dir.path);
        file = fopen(path, "w");
        assert_non_null(file);
        assert_true(fprintf(file, "clew node 1\nurl http://127.0.0.1:%u\n", port) > 0);
        assert_int_equal(fclose(file), 0);
}

static void test_one_whose_address_answers_seems_to_run(void **state)
{
        struct fixture *f = *state;
        pthread_t thread;
        uint16_t port;
        int fd = listen_on(&port);

        put_node(f, port);
        assert_int_equal(pthread_create(&thread, NULL, answer_one, &fd), 0);
        assert_int_equal(clew_tier_check_gone(f->url, &f->writer, &f->err), -EBUSY);
        assert_non_null(strstr(f->err.message, "answers"));
        pthread_join(thread, NULL);
        close(fd);
}

static void test_an_address_that_is_silent_is_no_sign(void **state)
{
        struct fixture *f = *state;
        uint16_t port;
        int fd = listen_on(&port);

        put_node(f, port);
        close(fd); /* nobody is there any more */
        assert_int_equal(clew_tier_check_gone(f->url, &f->writer, &f->err), 0);
}

/* ---- what moves ------------------------------------------------------------------------------ */

static void test_one_whose_things_change_seems_to_run(void **state)
{
        struct fixture *f = *state;
        struct clew_tier_writer before = f->writer;

        /* As it was when somebody looked first; long ago, by its clock. */
        before.version = f->writer.version + 1;
        before.written_ns = 1;
        assert_int_equal(clew_tier_check_gone(f->url, &before, &f->err), -EBUSY);
        assert_non_null(strstr(f->err.message, "changes"));
        before = f->writer;
        before.journal_objects++;
        assert_int_equal(clew_tier_check_gone(f->url, &before, &f->err), -EBUSY);
        before = f->writer;
        before.journal_bytes++;
        assert_int_equal(clew_tier_check_gone(f->url, &before, &f->err), -EBUSY);
}

static void test_one_without_a_sign_may_be_taken_for_gone(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(clew_tier_check_gone(f->url, &f->writer, &f->err), 0);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_one_whose_address_answers_seems_to_run),
                TEST(test_an_address_that_is_silent_is_no_sign),
                TEST(test_one_whose_things_change_seems_to_run),
                TEST(test_one_without_a_sign_may_be_taken_for_gone),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
