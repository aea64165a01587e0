#include "collector/watch.h"

#include "proto/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_TIMEOUT_MS 1000
/* Descriptors that must be free: the store's, and a few connections. */
#define FREE_DESCRIPTORS_MIN 16
/* A limit in the millions only makes programs that close everything slow. */
#define DESCRIPTORS_WANTED ((rlim_t)1 << 20)
#define HTTP2_FRAME_HEADER 9
#define HTTP2_SETTINGS 4

bool clew_watch_has_descriptors(void)
{
        int fds[FREE_DESCRIPTORS_MIN];
        int n = 0;

        while (n < FREE_DESCRIPTORS_MIN) {
                fds[n] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
                if (fds[n] < 0)
                        break;
                n++;
        }
        for (int i = 0; i < n; i++)
                close(fds[i]);
        return n == FREE_DESCRIPTORS_MIN || errno != EMFILE;
}

static bool wait_for(int fd, short events)
{
        struct pollfd p = {.fd = fd, .events = events};

        return poll(&p, 1, ANSWER_TIMEOUT_MS) == 1 && (p.revents & events);
}

bool clew_watch_answers_http2(const struct clew_address *address)
{
        /* The client preface, and an empty SETTINGS frame. */
        static const char hello[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
        unsigned char answer[HTTP2_FRAME_HEADER];
        int fd = socket(address->sockaddr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        bool ok = false;

        if (fd < 0)
                return true; /* says nothing about the listener */
        if ((connect(fd, (const struct sockaddr *)&address->sockaddr, address->len) == 0 ||
             errno == EINPROGRESS) &&
            wait_for(fd, POLLOUT) &&
            send(fd, hello, sizeof(hello) - 1, MSG_NOSIGNAL) == (ssize_t)sizeof(hello) - 1 &&
            wait_for(fd, POLLIN))
                ok = recv(fd, answer, sizeof(answer), 0) == (ssize_t)sizeof(answer) &&
                     answer[3] == HTTP2_SETTINGS;
        close(fd);
        return ok;
}

/* Bytes of file pages in this process; 0 when the system does not tell. */
static size_t file_memory(void)
{
        /* "size resident shared ...", in pages; shared = file pages and shared memory. */
        unsigned long size;
        unsigned long resident;
        unsigned long shared = 0;
        FILE *statm = fopen("/proc/self/statm", "re");

        if (!statm)
                return 0;
        if (fscanf(statm, "%lu %lu %lu", &size, &resident, &shared) != 3)
                shared = 0;
        fclose(statm);
        return (size_t)shared * (size_t)sysconf(_SC_PAGESIZE);
}

void clew_watch_release_file_memory(struct clew_store *store)
{
        static struct clew_log_limit limit = {.per_second = 1};
        struct clew_error err = {.code = 0};
        int r;

        if (file_memory() <= CLEW_WATCH_FILE_MEMORY_MAX)
                return;
        r = clew_store_release_pages(store, &err);
        if (r < 0)
                clew_log_limited(&limit, CLEW_LOG_DEBUG, "pages.kept", "reason=\"%s\"",
                                 strerror(-r));
}

unsigned long long clew_watch_raise_descriptors(void)
{
        struct rlimit limit;
        rlim_t want;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return 0;
        want = limit.rlim_max < DESCRIPTORS_WANTED ? limit.rlim_max : DESCRIPTORS_WANTED;
        if (limit.rlim_cur < want) {
                struct rlimit raised = {.rlim_cur = want, .rlim_max = limit.rlim_max};

                if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
                        limit = raised;
        }
        return (unsigned long long)limit.rlim_cur;
}
