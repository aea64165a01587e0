#include "proto/base/small-file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#define PART_BYTES 4096u

/* Something to read, or the end; -ETIMEDOUT. */
static int wait_for_more(int fd, uint64_t until_ns)
{
        uint64_t now = clew_clock_monotonic_ns(clew_clock_system());
        uint64_t left_ms = now < until_ns ? (until_ns - now) / 1000000 + 1 : 0;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int n = left_ms ? poll(&p, 1, (int)left_ms) : 0;

        return n < 0 && errno != EINTR ? -errno : n == 0 ? -ETIMEDOUT : 0;
}

/* A pipe that nobody writes to ends at once, and says nothing of what was meant. */
static int check_end(int fd, bool is_empty)
{
        struct stat st;

        return is_empty && fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) ? -ENODATA : 0;
}

int clew_small_file_read(const char *path, struct clew_buffer *out)
{
        uint64_t until_ns = clew_clock_monotonic_ns(clew_clock_system()) + CLEW_SMALL_FILE_NS;
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        size_t before = out->len;
        bool is_open = true;
        int r = fd < 0 ? -errno : 0;

        while (r == 0 && is_open) {
                uint8_t *room = clew_buffer_reserve(out, PART_BYTES);
                ssize_t n = room ? read(fd, room, PART_BYTES) : 0;

                if (!room)
                        r = clew_buffer_error(out);
                else if (n > 0)
                        clew_buffer_commit(out, (size_t)n);
                else if (n == 0)
                        is_open = false;
                else if (errno == EAGAIN)
                        r = wait_for_more(fd, until_ns);
                else if (errno != EINTR)
                        r = -errno;
        }
        if (r == 0)
                r = check_end(fd, out->len == before);
        if (fd >= 0)
                close(fd);
        return r;
}
