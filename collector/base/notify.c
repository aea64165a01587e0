/*
 * See notify.h.
 */
#include "collector/base/notify.h"

#include "proto/base/clock.h"
#include "proto/base/number.h"
#include "proto/base/slice.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_FD 3
#define TEXT_MAX 512u
#define NS_PER_US 1000u

static void tell(const char *text)
{
        const char *path = getenv("NOTIFY_SOCKET");
        struct sockaddr_un to = {.sun_family = AF_UNIX};
        size_t len = path ? strlen(path) : 0;
        int fd;

        if (len == 0 || len >= sizeof(to.sun_path) || (path[0] != '/' && path[0] != '@'))
                return;
        memcpy(to.sun_path, path, len);
        if (path[0] == '@')
                to.sun_path[0] = '\0'; /* an abstract one: no final NUL is part of its name */
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return;
        (void)!sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&to,
                      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
        close(fd);
}

static void tell_with_status(const char *first, const char *status)
{
        char text[TEXT_MAX];

        (void)snprintf(text, sizeof(text), "%s\nSTATUS=%s\n", first, status);
        tell(text);
}

void clew_notify_ready(const char *status)
{
        tell_with_status("READY=1", status);
}

void clew_notify_reloading(void)
{
        char text[TEXT_MAX];

        (void)snprintf(
                text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu\n",
                (unsigned long long)(clew_clock_monotonic_ns(clew_clock_system()) / NS_PER_US));
        tell(text);
}

void clew_notify_stopping(void)
{
        tell("STOPPING=1\n");
}

void clew_notify_alive(const char *status)
{
        tell_with_status("WATCHDOG=1", status);
}

/* A number of the environment that is meant for this process. */
static uint64_t number_for_us(const char *name, const char *pid_name)
{
        const char *text = getenv(name);
        const char *pid_text = getenv(pid_name);
        uint64_t pid = 0;
        uint64_t v = 0;

        if (!text || !clew_parse_uint64(clew_slice_of_cstr(text), &v))
                return 0;
        if (pid_text &&
            (!clew_parse_uint64(clew_slice_of_cstr(pid_text), &pid) || pid != (uint64_t)getpid()))
                return 0;
        return v;
}

uint64_t clew_notify_watchdog_ns(void)
{
        return number_for_us("WATCHDOG_USEC", "WATCHDOG_PID") * NS_PER_US / 2;
}

unsigned clew_notify_sockets(struct clew_notify_socket ret[CLEW_NOTIFY_SOCKETS_MAX])
{
        uint64_t n = getenv("LISTEN_PID") ? number_for_us("LISTEN_FDS", "LISTEN_PID") : 0;
        const char *name = getenv("LISTEN_FDNAMES");

        if (n > CLEW_NOTIFY_SOCKETS_MAX)
                n = CLEW_NOTIFY_SOCKETS_MAX;
        for (unsigned i = 0; i < n; i++) {
                size_t len = name ? strcspn(name, ":") : 0;

                ret[i] = (struct clew_notify_socket){.fd = FIRST_FD + (int)i};
                if (len < sizeof(ret[i].name) && len > 0)
                        memcpy(ret[i].name, name, len);
                name = name && name[len] == ':' ? name + len + 1 : NULL;
                (void)fcntl(ret[i].fd, F_SETFD, FD_CLOEXEC);
        }
        unsetenv("LISTEN_PID");
        unsetenv("LISTEN_FDS");
        unsetenv("LISTEN_FDNAMES");
        return (unsigned)n;
}
