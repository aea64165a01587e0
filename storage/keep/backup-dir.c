#include "storage/keep/backup-dir-int.h"

#include "storage/base/directory-int.h"
#include "storage/keep/stream-int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK_TEXT "A backup of a Clew store, format 1. clew restore makes a store of it.\n"

int clew_backup_fail(const struct clew_backup_dir *d, const char *what, int code,
                     struct clew_error *err)
{
        if (code == -ENOSPC || code == -EDQUOT || code == -EFBIG)
                return clew_error_set(err, -ENOSPC, 0,
                                      "backup %s: no space left (%s); free disk space and run it "
                                      "again: it goes on where it stood",
                                      d->path, what);
        return clew_error_set(err, code, 0, "backup %s: %s: %s", d->path, what, strerror(-code));
}

int clew_backup_cannot(const struct clew_backup_dir *d, const char *what, struct clew_error *err)
{
        return clew_backup_fail(d, what, errno ? -errno : -EIO, err);
}

static int refuse(const struct clew_backup_dir *d, int code, const char *why,
                  struct clew_error *err)
{
        return clew_error_set(err, code, 0, "backup %s: %s", d->path, why);
}

/* ---- where it lies --------------------------------------------------------------------------- */

/* The path without links; of what is not there, that of its parent and the rest. */
static bool resolve(const char *path, char ret[PATH_MAX])
{
        char parent[PATH_MAX];
        char name[NAME_MAX + 1];
        size_t n = strlen(path);
        size_t from;

        if (realpath(path, ret))
                return true;
        while (n > 1 && path[n - 1] == '/')
                n--;
        from = n;
        while (from > 0 && path[from - 1] != '/')
                from--;
        if (n >= sizeof(parent) || n - from >= sizeof(name))
                return false;
        snprintf(parent, sizeof(parent), "%.*s", from ? (int)from : 1, from ? path : ".");
        snprintf(name, sizeof(name), "%.*s", (int)(n - from), path + from);
        if (!realpath(parent, ret))
                return false;
        n = strlen(ret);
        if (n + strlen(name) + 2 > PATH_MAX)
                return false;
        snprintf(ret + n, PATH_MAX - n, "%s%s", n > 1 ? "/" : "", name);
        return true;
}

static bool lies_in(const char *a, const char *b)
{
        size_t n = strlen(b);

        return strncmp(a, b, n) == 0 && (a[n] == '\0' || a[n] == '/' || n == 1);
}

bool clew_paths_overlap(const char *a, const char *b)
{
        char real_a[PATH_MAX];
        char real_b[PATH_MAX];

        return resolve(a, real_a) && resolve(b, real_b) &&
               (lies_in(real_a, real_b) || lies_in(real_b, real_a));
}

/* ---- what it may be -------------------------------------------------------------------------- */

static int open_directory(struct clew_backup_dir *d, struct clew_error *err)
{
        char path[PATH_MAX];
        size_t n = strlen(d->path);
        struct stat st;

        while (n > 1 && d->path[n - 1] == '/')
                n--;
        if (n >= sizeof(path))
                return refuse(d, -ENAMETOOLONG, "its name is too long", err);
        memcpy(path, d->path, n);
        path[n] = '\0';
        d->fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (d->fd < 0 && lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
                return refuse(d, -EINVAL, "is a symbolic link; name the directory itself", err);
        if (d->fd < 0 && errno == ENOTDIR)
                return refuse(d, -EINVAL, "is no directory; name a new or an empty one", err);
        if (d->fd < 0 || fstat(d->fd, &st) < 0)
                return clew_backup_cannot(d, "opening it", err);
        if (st.st_uid != geteuid())
                return refuse(d, -EACCES,
                              "belongs to another user; name a directory of the user who runs this",
                              err);
        if ((st.st_mode & S_IWOTH) != 0)
                return refuse(d, -EACCES,
                              "is writable by everyone; take that right away (chmod o-w) first",
                              err);
        return 0;
}

/* Holds a mark, or nothing. */
static int check_content(const struct clew_backup_dir *d, struct clew_error *err)
{
        char other[80] = "";
        bool is_store = false;
        const struct dirent *e;
        int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);

        if (!dir)
                return clew_backup_cannot(d, "reading it", err);
        while ((e = readdir(dir)) != NULL && strcmp(e->d_name, CLEW_BACKUP_MARK) != 0) {
                is_store = is_store || strcmp(e->d_name, CLEW_DATA_FILE) == 0;
                if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
                    strcmp(e->d_name, "lost+found") != 0)
                        snprintf(other, sizeof(other), "%.60s", e->d_name);
        }
        closedir(dir);
        if (e || !other[0])
                return 0;
        if (is_store)
                return refuse(d, -EINVAL, "is a store itself; name a new or an empty directory",
                              err);
        return clew_error_set(err, -EINVAL, 0,
                              "backup %s: holds other files (%s); name a new or an empty directory",
                              d->path, other);
}

int clew_backup_file_open(const struct clew_backup_dir *d, int at, const char *name, int flags,
                          int *ret_fd, struct clew_error *err)
{
        struct stat st;
        int fd = openat(at, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);

        if (fd < 0 && errno == ENOENT)
                return -ENOENT;
        if (fd < 0 && errno == ELOOP)
                return clew_error_set(err, -EINVAL, 0,
                                      "backup %s: %s is a symbolic link; remove it", d->path, name);
        if (fd < 0)
                return clew_backup_cannot(d, name, err);
        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1 ||
            st.st_uid != geteuid()) {
                close(fd);
                return clew_error_set(err, -EINVAL, 0,
                                      "backup %s: %s is not a regular file with one name that "
                                      "belongs to this user",
                                      d->path, name);
        }
        *ret_fd = fd;
        return 0;
}

static int lock(const struct clew_backup_dir *d, int how, struct clew_error *err)
{
        if (flock(d->mark_fd, how | LOCK_NB) == 0)
                return 0;
        if (errno != EWOULDBLOCK)
                return clew_backup_cannot(d, "locking it", err);
        return refuse(d, -EBUSY,
                      how == LOCK_EX ? "another backup writes to it, or a restore reads it; wait "
                                       "for that one"
                                     : "a backup is being written to it; wait for that one",
                      err);
}

/* A mark that was cut short is written again. */
static int check_mark(const struct clew_backup_dir *d, bool writes, struct clew_error *err)
{
        char text[sizeof(MARK_TEXT)] = "";
        ssize_t n = pread(d->mark_fd, text, sizeof(text), 0);

        if (n == (ssize_t)sizeof(MARK_TEXT) - 1 && memcmp(text, MARK_TEXT, (size_t)n) == 0)
                return 0;
        if (!writes || n < 0 || (size_t)n >= sizeof(text) ||
            memcmp(text, MARK_TEXT, (size_t)n) != 0)
                return refuse(d, -EINVAL,
                              "is not a backup of a Clew store, or one of a later Clew (its "
                              "file " CLEW_BACKUP_MARK " says something else)",
                              err);
        if (ftruncate(d->mark_fd, 0) < 0 ||
            pwrite(d->mark_fd, MARK_TEXT, sizeof(MARK_TEXT) - 1, 0) != sizeof(MARK_TEXT) - 1 ||
            fsync(d->mark_fd) < 0 || fsync(d->fd) < 0)
                return clew_backup_cannot(d, "writing its mark", err);
        return 0;
}

static int open_objects(struct clew_backup_dir *d, bool writes, struct clew_error *err)
{
        struct stat st;

        if (writes && mkdirat(d->fd, CLEW_BACKUP_OBJECTS, 0700) < 0 && errno != EEXIST)
                return clew_backup_cannot(d, "making a directory in it", err);
        d->objects_fd =
                openat(d->fd, CLEW_BACKUP_OBJECTS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (d->objects_fd < 0 && errno == ENOENT)
                return refuse(d, -EINVAL, "was never finished; run clew backup again", err);
        if (d->objects_fd < 0 || fstat(d->objects_fd, &st) < 0)
                return clew_backup_cannot(d, "opening " CLEW_BACKUP_OBJECTS " in it", err);
        if (st.st_uid != geteuid())
                return refuse(d, -EACCES, CLEW_BACKUP_OBJECTS " in it belongs to another user",
                              err);
        return 0;
}

int clew_backup_dir_make(const char *path, const char *store, struct clew_backup_dir *ret,
                         struct clew_error *err)
{
        struct clew_backup_dir d = {.path = path, .fd = -1, .objects_fd = -1, .mark_fd = -1};
        int r = 0;

        if (clew_paths_overlap(path, store))
                return refuse(&d, -EINVAL,
                              "is the store, lies in it or holds it; name a directory apart from "
                              "it, on another disk if there is one",
                              err);
        if (mkdir(path, 0700) < 0 && errno != EEXIST)
                return clew_backup_cannot(&d, "making it", err);
        clew_directory_sync_name(path);
        r = open_directory(&d, err);
        if (r == 0)
                r = check_content(&d, err);
        if (r == 0)
                r = clew_backup_file_open(&d, d.fd, CLEW_BACKUP_MARK, O_RDWR | O_CREAT, &d.mark_fd,
                                          err);
        if (r == 0)
                r = lock(&d, LOCK_EX, err);
        if (r == 0)
                r = check_mark(&d, true, err);
        if (r == 0)
                r = open_objects(&d, true, err);
        if (r < 0)
                clew_backup_dir_close(&d);
        else
                *ret = d;
        return r;
}

int clew_backup_dir_open(const char *path, struct clew_backup_dir *ret, struct clew_error *err)
{
        struct clew_backup_dir d = {.path = path, .fd = -1, .objects_fd = -1, .mark_fd = -1};
        int r = open_directory(&d, err);

        if (r == 0)
                r = clew_backup_file_open(&d, d.fd, CLEW_BACKUP_MARK, O_RDONLY, &d.mark_fd, err);
        if (r == -ENOENT && d.fd >= 0)
                r = refuse(&d, -EINVAL, "is not a backup of a Clew store (clew backup makes one)",
                           err);
        if (r == 0)
                r = lock(&d, LOCK_SH, err);
        if (r == 0)
                r = check_mark(&d, false, err);
        if (r == 0)
                r = open_objects(&d, false, err);
        if (r < 0)
                clew_backup_dir_close(&d);
        else
                *ret = d;
        return r;
}

void clew_backup_dir_close(struct clew_backup_dir *d)
{
        int *all[] = {&d->objects_fd, &d->mark_fd, &d->fd};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(all); i++) {
                if (*all[i] >= 0)
                        close(*all[i]);
                *all[i] = -1;
        }
}
