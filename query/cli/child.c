/*
 * One question to a program. Both pipes are served from one loop, because a program may answer
 * before it has read everything, or never read at all.
 */
#include "query/cli/child.h"

#include "query/cli/leftover.h"
#include "query/cli/served.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define READ_BYTES 65536u

struct child {
        pid_t pid;
        int in;  /* we write; -1 = closed */
        int out; /* we read */
        int end; /* to be read when it has ended; -1 = this kernel tells by the end of out alone */
};

static uint64_t now_ms(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void close_pair(int p[2])
{
        if (p[0] >= 0)
                close(p[0]);
        if (p[1] >= 0)
                close(p[1]);
}

static int start(const char *command, char *const *envp, struct child *ret)
{
        char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, NULL, NULL};
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        int in[2] = {-1, -1};
        int out[2] = {-1, -1};
        sigset_t pipe_signal;
        int r;

        if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0) {
                r = -errno;
                close_pair(in);
                return r;
        }
        memcpy(&argv[2], &command, sizeof(command)); /* posix_spawn() does not write to it */
        r = posix_spawn_file_actions_init(&actions);
        if (r == 0) {
                (void)posix_spawnattr_init(&attributes); /* never fails with glibc */
                r = posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
                if (r == 0)
                        r = posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
                /* A group of its own, so that all it started can be ended with it. */
                if (r == 0)
                        r = posix_spawnattr_setflags(&attributes,
                                                     POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
                sigemptyset(&pipe_signal);
                sigaddset(&pipe_signal, SIGPIPE); /* we may ignore it, the program shall not */
                if (r == 0)
                        r = posix_spawnattr_setsigdefault(&attributes, &pipe_signal);
                if (r == 0)
                        r = posix_spawn(&ret->pid, "/bin/sh", &actions, &attributes, argv,
                                        envp ? envp : environ);
                posix_spawnattr_destroy(&attributes);
                posix_spawn_file_actions_destroy(&actions);
        }
        close(in[0]);
        close(out[1]);
        if (r != 0) {
                close(in[1]);
                close(out[0]);
                return -r;
        }
        clew_leftover_add_group(ret->pid);
        fcntl(in[1], F_SETFL, O_NONBLOCK);
        ret->in = in[1];
        ret->out = out[0];
        ret->end = pidfd_open(ret->pid, 0);
        return 0;
}

static void write_some(struct child *c, struct clew_slice *left)
{
        ssize_t n = write(c->in, left->data, left->len);

        if (n > 0)
                *left = clew_slice_from(*left, (size_t)n);
        if (left->len == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
                close(c->in);
                c->in = -1;
        }
}

/* 1 = go on, 0 = end of its output, negative errno. */
static int read_some(const struct child *c, struct clew_buffer *answer)
{
        uint8_t *p = clew_buffer_reserve(answer, READ_BYTES);
        ssize_t n;

        if (!p)
                return clew_buffer_error(answer);
        n = read(c->out, p, READ_BYTES);
        if (n < 0)
                return errno == EINTR ? 1 : -errno;
        clew_buffer_commit(answer, (size_t)n);
        return n > 0;
}

/* It has ended: what it wrote and nobody has read yet; what others may still write is not its
 * answer. */
static int read_rest(const struct child *c, struct clew_buffer *answer)
{
        size_t from = answer->len;
        int waiting = 0;
        int r = 1;

        if (ioctl(c->out, FIONREAD, &waiting) < 0)
                return -errno;
        while (r > 0 && answer->len - from < (size_t)waiting)
                r = read_some(c, answer);
        return r < 0 ? r : 0;
}

static int talk(struct child *c, struct clew_slice left, uint64_t end, struct clew_buffer *answer)
{
        for (;;) {
                struct pollfd fds[3] = {{.fd = c->out, .events = POLLIN},
                                        {.fd = c->in, .events = POLLOUT},
                                        {.fd = c->end, .events = POLLIN}};
                uint64_t now = now_ms();
                int r;

                if (now >= end)
                        return -ETIMEDOUT;
                r = poll(fds, CLEW_ARRAY_LEN(fds), (int)(end - now < 1000 ? end - now : 1000));
                if (r < 0 && errno != EINTR)
                        return -errno;
                if (r <= 0)
                        continue;
                if (fds[2].revents)
                        return read_rest(c, answer);
                if (c->in >= 0 && fds[1].revents)
                        write_some(c, &left);
                if (fds[0].revents) {
                        r = read_some(c, answer);
                        if (r <= 0)
                                return r;
                }
        }
}

/* Waits for its end; when @end passes, or @kill_now, it and what it started are killed. It keeps
 * its number until it is no leftover of ours any more. */
static int reap(const struct child *c, uint64_t end, bool kill_now, int *ret_status)
{
        const struct timespec pause = {.tv_nsec = 2000000};
        int r = 0;

        for (;;) {
                siginfo_t info = {0};
                int w = waitid(P_PID, (id_t)c->pid, &info,
                               WEXITED | WNOWAIT | (kill_now ? 0 : WNOHANG));

                if (info.si_pid == c->pid || (w < 0 && errno != EINTR))
                        break;
                if (w == 0 && now_ms() >= end) {
                        r = -ETIMEDOUT;
                        kill_now = true;
                        (void)kill(-c->pid, SIGKILL);
                } else if (w == 0) {
                        nanosleep(&pause, NULL);
                }
        }
        clew_leftover_forget_group(c->pid);
        while (waitpid(c->pid, ret_status, 0) < 0 && errno == EINTR)
                ;
        return r;
}

int clew_child_run(const char *command, char *const *envp, struct clew_slice question,
                   uint32_t timeout_ms, struct clew_buffer *answer, int *ret_status,
                   struct clew_error *err)
{
        struct sigaction ignore = {.sa_handler = SIG_IGN};
        struct sigaction before;
        struct child c = {.in = -1, .out = -1, .end = -1};
        uint64_t end = now_ms() + timeout_ms;
        int status = 0;
        int late;
        int r;

        *ret_status = -1;
        if (clew_served())
                return clew_error_set(err, -EPERM, 0,
                                      "a server starts no programs: run this on the machine with "
                                      "the store");
        r = start(command, envp, &c);
        if (r < 0)
                return clew_error_set(err, r, 0, "cannot start the program: %s", strerror(-r));
        sigaction(SIGPIPE, &ignore, &before);
        r = talk(&c, question, end, answer);
        sigaction(SIGPIPE, &before, NULL);
        if (c.in >= 0)
                close(c.in);
        close(c.out);
        if (c.end >= 0)
                close(c.end);
        if (r < 0)
                (void)kill(-c.pid, SIGKILL);
        late = reap(&c, end, r < 0, &status);
        if (r == 0)
                r = late;
        if (r == -ETIMEDOUT)
                return clew_error_set(err, r, 0, "the program gave no answer within %u s",
                                      timeout_ms / 1000);
        if (r == -EMSGSIZE)
                return clew_error_set(err, r, 0, "the program printed more than %zu bytes",
                                      answer->max_bytes);
        if (r < 0)
                return clew_error_set(err, r, 0, "talking to the program: %s", strerror(-r));
        *ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        return 0;
}

int clew_child_ask(const char *command, struct clew_slice question, uint32_t timeout_ms,
                   struct clew_buffer *answer, struct clew_error *err)
{
        int status;
        int r = clew_child_run(command, NULL, question, timeout_ms, answer, &status, err);

        if (r == 0 && status != 0)
                return clew_error_set(err, -ECHILD, 0, "the program ended with status %d", status);
        return r;
}
