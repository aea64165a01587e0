#include "storage/base/own-file-int.h"

#include "proto/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* With a slash at its end a link would be followed. */
static char *without_slashes(const char *dir)
{
        char *copy = clew_strdup(dir);
        size_t n = copy ? strlen(copy) : 0;

        while (n > 1 && copy[n - 1] == '/')
                copy[--n] = '\0';
        return copy;
}

static int judge_directory(const char *dir, const struct stat *st, struct clew_error *err)
{
        if (st->st_uid != geteuid())
                return clew_error_set(err, -EACCES, 0,
                                      "store %s: belongs to user %u, and this program runs as user "
                                      "%u; run it as that user, or give the directory to this one",
                                      dir, (unsigned)st->st_uid, (unsigned)geteuid());
        if ((st->st_mode & S_IWOTH) && !(st->st_mode & S_ISVTX))
                return clew_error_set(err, -EACCES, 0,
                                      "store %s: is writable by everyone; take that right away "
                                      "(chmod o-w) first",
                                      dir);
        return 0;
}

int clew_own_directory_open(const char *dir, int *ret_fd, struct clew_error *err)
{
        CLEW_FREE char *path = without_slashes(dir);
        struct stat st;
        int fd;
        int r;

        if (!path)
                return clew_error_set(err, -ENOMEM, 0, "store %s: out of memory", dir);
        fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0) {
                r = -errno;
                if (r == -ENOENT)
                        return r;
                if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
                        return clew_error_set(err, -EINVAL, 0,
                                              "store %s: is a symbolic link; name the directory "
                                              "that it leads to",
                                              dir);
                return clew_error_set(err, r, 0, "store %s: %s", dir, strerror(-r));
        }
        r = fstat(fd, &st) < 0
                    ? clew_error_set(err, -errno, 0, "store %s: %s", dir, strerror(errno))
                    : judge_directory(dir, &st, err);
        if (r < 0) {
                close(fd);
                return r;
        }
        *ret_fd = fd;
        return 0;
}

int clew_own_file_judge(const char *dir, const char *name, const struct stat *st,
                        struct clew_error *err)
{
        if (!S_ISREG(st->st_mode))
                return clew_error_set(
                        err, -EINVAL, 0, "store %s: %s is %s; refusing to open it", dir, name,
                        S_ISLNK(st->st_mode) ? "a symbolic link" : "not a regular file");
        if (st->st_nlink > 1)
                return clew_error_set(err, -EINVAL, 0,
                                      "store %s: %s has %lu names (hard links), so it may be "
                                      "another program's; refusing to open it: copy the store "
                                      "instead of linking it",
                                      dir, name, (unsigned long)st->st_nlink);
        if (st->st_uid != geteuid())
                return clew_error_set(err, -EACCES, 0,
                                      "store %s: %s belongs to user %u, and this program runs as "
                                      "user %u; refusing to open it",
                                      dir, name, (unsigned)st->st_uid, (unsigned)geteuid());
        return 0;
}

static int cannot(const char *dir, const char *name, int code, struct clew_error *err)
{
        return clew_error_set(err, code, 0, "store %s: %s: %s%s", dir, name, strerror(-code),
                              code == -ENOSPC ? "; free disk space, nothing stored is lost" : "");
}

int clew_own_file_open(const char *dir, int dir_fd, const char *name, int flags, int *ret_fd,
                       struct clew_error *err)
{
        struct stat st;
        int fd;
        int r;

        /* Before it is opened too: opening a device can have effects of its own. */
        if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
                r = clew_own_file_judge(dir, name, &st, err);
                if (r < 0)
                        return r;
        }
        fd = openat(dir_fd, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
        if (fd < 0)
                return errno == ENOENT ? -ENOENT : cannot(dir, name, -errno, err);
        r = fstat(fd, &st) < 0 ? cannot(dir, name, -errno, err)
                               : clew_own_file_judge(dir, name, &st, err);
        if (r < 0) {
                close(fd);
                return r;
        }
        *ret_fd = fd;
        return 0;
}
