/*
 * Closing a descriptor that an epoll set watches.
 *
 * The set forgets a descriptor when the last copy of it is closed (epoll(7)). While a program is
 * being started (posix_spawn) its process has copies of all of them, for a moment: without this the
 * set would tell of a connection that is freed.
 */
#ifndef CLEW_COLLECTOR_FRONT_UNWATCH_INT_H
#define CLEW_COLLECTOR_FRONT_UNWATCH_INT_H

#include <sys/epoll.h>
#include <unistd.h>

static inline void clew_unwatch_close(int epoll, int fd)
{
        (void)epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
        close(fd);
}

#endif
