/*
 * A bucket in a directory.
 *
 * An object is written to a file in `tmp/` that is synced, and then linked to its name: link(2)
 * fails when the name is taken, and what has the name is whole. The folder is synced before it is
 * told. No rename, no times, no inode numbers are relied on. A temporary file that a kill left
 * behind has a name by chance and is never looked at again; those of yesterday go at the next open
 * for writing.
 *
 * Directories are 0700, files 0600, links are not followed.
 */
#include "storage/bucket/bucket-int.h"

#include "proto/base/clock.h"
#include "proto/base/mem.h"
#include "storage/base/own-file-int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define TMP_FOLDER "tmp"
/* A temporary file of this age belongs to nobody: no write takes an hour. */
#define LEFTOVER_S (24 * 3600)
/* Names of one folder that are held in memory while it is listed. */
#define NAMES_BYTES_MAX ((size_t)512 << 20)

struct dir_bucket {
        struct clew_object_bucket base;
        char path[PATH_MAX];
        int fd;
};

static struct dir_bucket *own(struct clew_object_bucket *b)
{
        return (struct dir_bucket *)(void *)b;
}

static int fail(struct clew_object_bucket *b, const char *what, const char *name, int e,
                struct clew_error *err)
{
        return clew_error_set(err, -e, 0, "%s: %s %s: %s", b->url, what, name, strerror(e));
}

/* Opens folder @name; with @make it is made. The descriptor or an error; -ENOENT is not told. */
static int folder_open(struct dir_bucket *d, const char *name, bool make, struct clew_error *err)
{
        int fd;

        if (make && mkdirat(d->fd, name, 0700) == 0) {
                if (fsync(d->fd) < 0)
                        return fail(&d->base, "syncing", name, errno, err);
        } else if (make && errno != EEXIST) {
                return fail(&d->base, "making folder", name, errno, err);
        }
        fd = openat(d->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
                return -ENOENT;
        return fd < 0 ? fail(&d->base, "opening folder", name, errno, err) : fd;
}

/* Opens the folder of an object; @ret_leaf is its name in there. */
static int folder_of(struct dir_bucket *d, const char *name, bool make, const char **ret_leaf,
                     struct clew_error *err)
{
        const char *slash = strchr(name, '/');
        char folder[CLEW_BUCKET_NAME_MAX + 1];

        *ret_leaf = slash ? slash + 1 : name;
        if (!slash)
                return folder_open(d, ".", false, err);
        snprintf(folder, sizeof(folder), "%.*s", (int)(slash - name), name);
        return folder_open(d, folder, make, err);
}

/* ---- writing --------------------------------------------------------------------------------- */

static int write_bytes(int fd, struct clew_slice bytes)
{
        while (bytes.len > 0) {
                ssize_t n = write(fd, bytes.data, bytes.len);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return errno;
                bytes = clew_slice_from(bytes, (size_t)n);
        }
        return fsync(fd) < 0 ? errno : 0;
}

/* A new synced file in @tmp with these bytes. */
static int write_tmp(struct dir_bucket *d, int tmp, struct clew_slice bytes, char name[40],
                     struct clew_error *err)
{
        uint64_t chance[2] = {0};
        int fd;
        int e;

        if (getrandom(chance, sizeof(chance), 0) != (ssize_t)sizeof(chance))
                return fail(&d->base, "drawing a name for", "a file", errno, err);
        snprintf(name, 40, "%016llx%016llx", (unsigned long long)chance[0],
                 (unsigned long long)chance[1]);
        fd = openat(tmp, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return fail(&d->base, "making a file in", TMP_FOLDER, errno, err);
        e = write_bytes(fd, bytes);
        close(fd);
        if (e) {
                (void)unlinkat(tmp, name, 0);
                return fail(&d->base, "writing a file in", TMP_FOLDER, e, err);
        }
        return 0;
}

static int dir_put(struct clew_object_bucket *b, const char *name, struct clew_slice bytes,
                   struct clew_error *err)
{
        struct dir_bucket *d = own(b);
        const char *leaf;
        char tmp_name[40] = "";
        int tmp = folder_open(d, TMP_FOLDER, true, err);
        int folder = tmp < 0 ? tmp : folder_of(d, name, true, &leaf, err);
        int r = folder < 0 ? folder : write_tmp(d, tmp, bytes, tmp_name, err);

        if (r == 0) {
                if (linkat(tmp, tmp_name, folder, leaf, 0) < 0)
                        r = errno == EEXIST ? CLEW_BUCKET_EXISTS
                                            : fail(b, "naming", name, errno, err);
                else if (fsync(folder) < 0)
                        r = CLEW_BUCKET_UNSURE; /* it is there, but for how long? */
                (void)unlinkat(tmp, tmp_name, 0);
        }
        if (folder >= 0)
                close(folder);
        if (tmp >= 0)
                close(tmp);
        return r;
}

static int dir_remove(struct clew_object_bucket *b, const char *name, struct clew_error *err)
{
        const char *leaf;
        int folder = folder_of(own(b), name, false, &leaf, err);
        int r = 0;

        if (folder < 0)
                return folder == -ENOENT ? 0 : folder;
        if (unlinkat(folder, leaf, 0) < 0 && errno != ENOENT)
                r = fail(b, "removing", name, errno, err);
        else if (fsync(folder) < 0)
                r = fail(b, "syncing the folder of", name, errno, err);
        close(folder);
        return r;
}

/* ---- reading --------------------------------------------------------------------------------- */

static int read_range(struct clew_object_bucket *b, int fd, const char *name, uint64_t from,
                      size_t n, struct clew_buffer *out, struct clew_error *err)
{
        uint8_t *room = clew_buffer_reserve(out, n);
        size_t got = 0;

        if (!room)
                return fail(b, "reading", name, ENOMEM, err);
        while (got < n) {
                ssize_t k = pread(fd, room + got, n - got, (off_t)(from + got));

                if (k < 0 && errno == EINTR)
                        continue;
                if (k <= 0)
                        return fail(b, "reading", name, k < 0 ? errno : EIO, err);
                got += (size_t)k;
        }
        clew_buffer_commit(out, got);
        return 0;
}

static int dir_get(struct clew_object_bucket *b, const char *name, uint64_t from, size_t n,
                   struct clew_buffer *out, uint64_t *ret_size, struct clew_error *err)
{
        const char *leaf;
        struct stat st;
        int r = 0;
        int fd;
        int folder = folder_of(own(b), name, false, &leaf, err);

        if (folder < 0)
                return folder;
        fd = openat(folder, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
                r = errno == ENOENT ? -ENOENT : fail(b, "opening", name, errno, err);
        else if (fstat(fd, &st) < 0)
                r = fail(b, "looking at", name, errno, err);
        else if (!S_ISREG(st.st_mode))
                r = fail(b, "reading", name, EINVAL, err);
        if (r == 0) {
                uint64_t size = (uint64_t)st.st_size;

                *ret_size = size;
                if (from >= size)
                        n = 0;
                else if (n > size - from)
                        n = (size_t)(size - from);
                if (n > 0)
                        r = read_range(b, fd, name, from, n, out, err);
        }
        if (fd >= 0)
                close(fd);
        close(folder);
        return r;
}

struct names {
        struct clew_buffer bytes; /* each with its final NUL */
        const char **sorted;
        size_t n;
};

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int read_names(struct dir_bucket *d, int folder, const char *after, struct names *names,
                      struct clew_error *err)
{
        int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *dir = copy < 0 ? NULL : fdopendir(copy);
        struct dirent *e;
        size_t at = 0;

        if (!dir) {
                int r = fail(&d->base, "reading folder", ".", errno, err);

                if (copy >= 0)
                        close(copy);
                return r;
        }
        for (errno = 0; (e = readdir(dir));) {
                if (!clew_bucket_name_is_good(e->d_name) || strcmp(e->d_name, after) <= 0)
                        continue;
                clew_buffer_append(&names->bytes, e->d_name, strlen(e->d_name) + 1);
                names->n++;
        }
        closedir(dir);
        if (errno)
                return fail(&d->base, "reading folder", ".", errno, err);
        names->sorted = clew_calloc(names->n + 1, sizeof(*names->sorted));
        if (clew_buffer_error(&names->bytes) < 0 || !names->sorted)
                return fail(&d->base, "listing a folder", "", ENOMEM, err);
        for (size_t i = 0; i < names->n; i++) {
                names->sorted[i] = (const char *)names->bytes.data + at;
                at += strlen(names->sorted[i]) + 1;
        }
        if (names->n)
                qsort(names->sorted, names->n, sizeof(*names->sorted), compare_names);
        return 0;
}

static int dir_list(struct clew_object_bucket *b, const char *folder_name, const char *after,
                    clew_bucket_list_fn fn, void *context, struct clew_error *err)
{
        struct dir_bucket *d = own(b);
        struct names names = {0};
        int folder = folder_open(d, folder_name, false, err);
        int r;

        if (folder < 0)
                return folder == -ENOENT ? 0 : folder;
        clew_buffer_init(&names.bytes, NAMES_BYTES_MAX);
        r = read_names(d, folder, after, &names, err);
        for (size_t i = 0; r == 0 && i < names.n; i++) {
                struct stat st;

                if (fstatat(folder, names.sorted[i], &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                    S_ISREG(st.st_mode))
                        r = fn(context, names.sorted[i], (uint64_t)st.st_size, err);
        }
        clew_free(names.sorted);
        clew_buffer_deinit(&names.bytes);
        close(folder);
        return r;
}

/* ---- opening --------------------------------------------------------------------------------- */

static void remove_leftovers(struct dir_bucket *d)
{
        struct clew_error ignored;
        int tmp = folder_open(d, TMP_FOLDER, false, &ignored);
        DIR *dir = tmp < 0 ? NULL : fdopendir(tmp);
        uint64_t now_s = clew_clock_unix_ns(clew_clock_system()) / CLEW_NS_PER_S;
        struct dirent *e;

        if (!dir)
                return;
        while ((e = readdir(dir))) {
                struct stat st;

                if (e->d_name[0] != '.' && fstatat(tmp, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                    S_ISREG(st.st_mode) && (uint64_t)st.st_mtime + LEFTOVER_S < now_s)
                        (void)unlinkat(tmp, e->d_name, 0);
        }
        closedir(dir);
}

static void dir_close(struct clew_object_bucket *b)
{
        if (own(b)->fd >= 0)
                close(own(b)->fd);
        clew_free(b);
}

static const struct clew_bucket_ops dir_ops = {
        .put = dir_put,
        .get = dir_get,
        .list = dir_list,
        .remove = dir_remove,
        .close = dir_close,
};

int clew_bucket_dir_open(const char *url, bool create, struct clew_object_bucket **ret,
                         struct clew_error *err)
{
        const char *path = url + strlen("dir://");
        struct dir_bucket *d;
        int r;

        if (path[0] != '/' || strlen(path) >= PATH_MAX)
                return clew_error_set(err, -EINVAL, 0,
                                      "%s: a directory is named as dir:///ABSOLUTE/PATH", url);
        d = clew_calloc(1, sizeof(*d));
        if (!d)
                return clew_error_set(err, -ENOMEM, 0, "%s: out of memory", url);
        d->base.ops = &dir_ops;
        d->base.attempt_ns = CLEW_BUCKET_TIMEOUT_S * CLEW_NS_PER_S;
        d->fd = -1;
        snprintf(d->base.url, sizeof(d->base.url), "%s", url);
        snprintf(d->path, sizeof(d->path), "%s", path);
        if (create && mkdir(path, 0700) < 0 && errno != EEXIST) {
                r = fail(&d->base, "making", path, errno, err);
                clew_free(d);
                return r;
        }
        r = clew_own_directory_open(path, &d->fd, err);
        if (r == -ENOENT)
                r = clew_error_set(err, -ENOENT, 0, "%s: there is no such directory", url);
        if (r < 0) {
                clew_free(d);
                return r;
        }
        if (create)
                remove_leftovers(d);
        *ret = &d->base;
        return 0;
}
