#include "storage/tier/mirror-lock-int.h"

#include "proto/base/file-lock.h"
#include "proto/base/number.h"
#include "proto/base/slice.h"
#include "storage/base/directory-int.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Between two looks at whether its holder gets on: parts of the patience. */
#define LOOKS 20u
#define PATIENCES_MAX 20u
#define PID_BYTES 24u

static int failed(const char *path, int r, struct clew_error *err)
{
        return clew_error_set(err, r, 0, "%s: %s", path, strerror(-r));
}

/* When the store there was written last; 0 = never. */
static uint64_t changed_ns(const char *dir)
{
        char path[PATH_MAX];
        struct stat st;

        if (snprintf(path, sizeof(path), "%s/" CLEW_DATA_FILE, dir) >= (int)sizeof(path) ||
            stat(path, &st) < 0)
                return 0;
        return (uint64_t)st.st_mtim.tv_sec * CLEW_NS_PER_S + (uint64_t)st.st_mtim.tv_nsec;
}

/* Until it is ours, or its holder does not get on. */
static int wait_for(int fd, const char *dir, uint64_t patience_ns)
{
        const struct clew_clock *clock = clew_clock_system();
        uint64_t began_ns = clew_clock_monotonic_ns(clock);
        uint64_t moved_ns = began_ns;
        uint64_t changed = changed_ns(dir);
        int r;

        while ((r = clew_file_lock(fd, LOCK_EX, patience_ns / LOOKS)) == -ETIMEDOUT) {
                uint64_t now = clew_clock_monotonic_ns(clock);
                uint64_t is = changed_ns(dir);

                if (is != changed)
                        moved_ns = now;
                changed = is;
                if (now - moved_ns >= patience_ns || now - began_ns >= PATIENCES_MAX * patience_ns)
                        break;
        }
        return r;
}

/* Whoever has the lock has written its number there, or is about to. */
static int tell_holder(int fd, const char *dir, struct clew_error *err)
{
        char text[PID_BYTES] = "";
        ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
        char *end = memchr(text, '\n', n > 0 ? (size_t)n : 0);
        uint64_t pid = 0;

        if (end)
                *end = '\0';
        if (!end || !clew_parse_uint64(clew_slice_of_cstr(text), &pid))
                return clew_error_set(err, -EBUSY, 0,
                                      "%s: another process brings it to what the bucket has, and "
                                      "does not get on: end that one and try again, or set "
                                      "XDG_CACHE_HOME to another directory",
                                      dir);
        return clew_error_set(err, -EBUSY, 0,
                              "%s: process %llu brings it to what the bucket has, and does not get "
                              "on: end that one and try again, or set XDG_CACHE_HOME to another "
                              "directory",
                              dir, (unsigned long long)pid);
}

static void write_holder(int fd)
{
        char text[PID_BYTES];
        int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

        /* It is for a message of others, and nothing depends on it. */
        if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)n, 0) != n)
                (void)!ftruncate(fd, 0);
}

int clew_mirror_lock(const char *dir, uint64_t patience_ns, int *ret_fd, struct clew_error *err)
{
        char path[PATH_MAX];
        int fd;
        int r;

        if (mkdir(dir, 0700) < 0 && errno != EEXIST)
                return failed(dir, -errno, err);
        if (snprintf(path, sizeof(path), "%s.lock", dir) >= (int)sizeof(path))
                return failed(dir, -ENAMETOOLONG, err);
        fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return failed(path, -errno, err);
        r = wait_for(fd, dir, patience_ns);
        if (r == 0) {
                write_holder(fd);
                *ret_fd = fd;
                return 0;
        }
        r = r == -ETIMEDOUT ? tell_holder(fd, dir, err) : failed(path, r, err);
        close(fd);
        return r;
}
