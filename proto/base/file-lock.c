#include "proto/base/file-lock.h"

#include <errno.h>
#include <sys/file.h>

/* Between two looks: from the time of a short write on, doubled up to what nobody notices. */
#define PAUSE_NS (1 * CLEW_NS_PER_MS)
#define PAUSE_NS_MAX (32 * CLEW_NS_PER_MS)

int clew_file_lock(int fd, int how, uint64_t wait_ns)
{
        const struct clew_clock *clock = clew_clock_system();
        uint64_t began_ns = clew_clock_monotonic_ns(clock);
        uint64_t pause_ns = PAUSE_NS;

        while (flock(fd, how | LOCK_NB) < 0) {
                struct timespec pause = {.tv_nsec = (long)pause_ns};

                if (errno != EWOULDBLOCK && errno != EINTR)
                        return -errno;
                if (clew_clock_monotonic_ns(clock) - began_ns >= wait_ns)
                        return -ETIMEDOUT;
                (void)nanosleep(&pause, NULL);
                pause_ns = pause_ns < PAUSE_NS_MAX ? 2 * pause_ns : PAUSE_NS_MAX;
        }
        return 0;
}
