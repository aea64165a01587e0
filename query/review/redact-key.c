#include "query/review/redact-key.h"

#include "proto/base/buffer.h"
#include "proto/base/ids.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_BYTES (2 * CLEW_MASK_KEY_BYTES + 1)

static int failed(const char *dir, int code, const char *what, struct clew_error *err)
{
        return clew_error_set(err, code, 0, "%s/" CLEW_REDACT_KEY_FILE ": %s", dir,
                              what ? what : strerror(-code));
}

static int read_key(const char *dir, int fd, uint8_t ret[CLEW_MASK_KEY_BYTES],
                    struct clew_error *err)
{
        uint8_t line[LINE_BYTES + 1];
        struct stat st;
        ssize_t n;

        if (fstat(fd, &st) < 0)
                return failed(dir, -errno, NULL, err);
        if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077))
                return failed(dir, -EPERM,
                              "must be a file of this user that no other may read (chmod 600)",
                              err);
        n = pread(fd, line, sizeof(line), 0);
        if (n < 0)
                return failed(dir, -errno, NULL, err);
        if (n != (ssize_t)LINE_BYTES || line[LINE_BYTES - 1] != '\n' ||
            !clew_hex_decode(clew_slice_make(line, LINE_BYTES - 1), ret, CLEW_MASK_KEY_BYTES))
                return failed(dir, -EBADMSG,
                              "is no line of 64 hex digits; with another key the same text gets "
                              "another mark from then on",
                              err);
        return 0;
}

static int write_line(int fd)
{
        uint8_t key[CLEW_MASK_KEY_BYTES];
        char line[LINE_BYTES + 1];

        if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key))
                return -EIO;
        clew_hex_encode(clew_slice_make(key, sizeof(key)), line);
        line[LINE_BYTES - 1] = '\n';
        if (write(fd, line, LINE_BYTES) != (ssize_t)LINE_BYTES)
                return errno ? -errno : -EIO;
        return fsync(fd) < 0 ? -errno : 0;
}

/* Whole or not at all, and never over one that is there. */
static int make(int dir_fd)
{
        char temp[64];
        int r;
        int fd;

        (void)snprintf(temp, sizeof(temp), "." CLEW_REDACT_KEY_FILE ".%ld", (long)getpid());
        (void)unlinkat(dir_fd, temp, 0); /* of a process of that number that died */
        fd = openat(dir_fd, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        r = write_line(fd);
        close(fd);
        if (r == 0 && linkat(dir_fd, temp, dir_fd, CLEW_REDACT_KEY_FILE, 0) < 0 && errno != EEXIST)
                r = -errno;
        (void)unlinkat(dir_fd, temp, 0);
        if (r == 0 && fsync(dir_fd) < 0)
                r = -errno;
        return r;
}

int clew_redact_key(const char *dir, uint8_t ret[CLEW_MASK_KEY_BYTES], struct clew_error *err)
{
        const int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
        int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int fd;
        int r = 0;

        if (dir_fd < 0)
                return failed(dir, -errno, NULL, err);
        fd = openat(dir_fd, CLEW_REDACT_KEY_FILE, flags);
        if (fd < 0 && errno == ENOENT) {
                r = make(dir_fd);
                fd = r == 0 ? openat(dir_fd, CLEW_REDACT_KEY_FILE, flags) : -1;
        }
        if (fd < 0)
                r = failed(dir, r ? r : -errno, NULL, err);
        else
                r = read_key(dir, fd, ret, err);
        if (fd >= 0)
                close(fd);
        close(dir_fd);
        return r;
}
