#include "storage/tier/tier-cache-int.h"

#include "proto/base/clock.h"
#include "proto/base/mem.h"

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

#define FOLDER "read"
#define NAME_MAX_BYTES 40u
/* A file that is being written and is this old is nobody's any more. */
#define LEFTOVER_NS (3600 * CLEW_NS_PER_S)
/* Asked for again within this, it is not marked as used again. */
#define USED_NS (60 * CLEW_NS_PER_S)
/* Files that are looked at when room is made: a cache of small ones. */
#define FILES_MAX 65536u
#define ZERO_BYTES 65536u

struct file {
        char name[NAME_MAX_BYTES];
        uint64_t used_ns;
        uint64_t bytes;
};

struct files {
        struct file *of;
        size_t n;
        uint64_t bytes;
};

static void name_of(uint64_t segment, char ret[NAME_MAX_BYTES])
{
        snprintf(ret, NAME_MAX_BYTES, "%016llx", (unsigned long long)segment);
}

/* ---- opening --------------------------------------------------------------------------------- */

int clew_tier_cache_open(struct clew_tier_cache *c, const char *dir, uint64_t max_bytes,
                         bool create, struct clew_error *err)
{
        char path[PATH_MAX];
        struct stat st;

        *c = (struct clew_tier_cache){.fd = -1, .max_bytes = max_bytes};
        pthread_mutex_init(&c->lock, NULL);
        if (snprintf(path, sizeof(path), "%s/" FOLDER, dir) >= (int)sizeof(path))
                return clew_error_set(err, -ENAMETOOLONG, 0, "%s: its name is too long", dir);
        if (create && mkdir(path, 0700) < 0 && errno != EEXIST)
                return clew_error_set(err, -errno, 0, "%s: %s", path, strerror(errno));
        c->fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (c->fd < 0)
                return errno == ENOENT
                               ? 0
                               : clew_error_set(err, -errno, 0, "%s: %s", path, strerror(errno));
        if (fstat(c->fd, &st) < 0 || st.st_uid != geteuid())
                return clew_error_set(err, -EACCES, 0, "%s: is not a directory of this user", path);
        c->bytes = clew_tier_cache_bytes(c);
        return 0;
}

void clew_tier_cache_close(struct clew_tier_cache *c)
{
        if (c->fd >= 0)
                close(c->fd);
        pthread_mutex_destroy(&c->lock);
}

/* ---- one file -------------------------------------------------------------------------------- */

static uint64_t ns_of(struct timespec t)
{
        return (uint64_t)t.tv_sec * CLEW_NS_PER_S + (uint64_t)t.tv_nsec;
}

/* Opens a file that is ours; -1 = there is none. */
static int open_file(struct clew_tier_cache *c, const char *name, int flags, struct stat *ret)
{
        int fd = c->fd < 0 ? -1 : openat(c->fd, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

        if (fd >= 0 && (fstat(fd, ret) < 0 || !S_ISREG(ret->st_mode) || ret->st_uid != geteuid())) {
                close(fd);
                return -1;
        }
        return fd;
}

/* The file system's own clock is coarse. */
static void mark_used(int fd)
{
        uint64_t now = clew_clock_unix_ns(clew_clock_system());
        const struct timespec t = {(time_t)(now / CLEW_NS_PER_S), (long)(now % CLEW_NS_PER_S)};
        const struct timespec both[2] = {t, t};

        (void)futimens(fd, both);
}

static int read_all(int fd, size_t n, struct clew_buffer *out)
{
        uint8_t *room = clew_buffer_reserve(out, n);
        size_t got = 0;

        if (!room)
                return -ENOMEM;
        while (got < n) {
                ssize_t k = pread(fd, room + got, n - got, (off_t)got);

                if (k < 0 && errno == EINTR)
                        continue;
                if (k <= 0)
                        return -ENOENT;
                got += (size_t)k;
        }
        clew_buffer_commit(out, got);
        return 0;
}

int clew_tier_cache_get(struct clew_tier_cache *c, uint64_t segment, struct clew_buffer *out)
{
        char name[NAME_MAX_BYTES];
        struct stat st;
        uint64_t now = clew_clock_unix_ns(clew_clock_system());
        int fd;
        int r;

        name_of(segment, name);
        fd = open_file(c, name, O_RDWR, &st);
        if (fd < 0)
                return -ENOENT;
        r = st.st_size > 0 ? read_all(fd, (size_t)st.st_size, out) : -ENOENT;
        if (r == 0 && ns_of(st.st_mtim) + USED_NS < now)
                mark_used(fd);
        close(fd);
        return r;
}

static int write_all(int fd, struct clew_slice bytes)
{
        while (bytes.len > 0) {
                ssize_t n = write(fd, bytes.data, bytes.len);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
                bytes = clew_slice_from(bytes, (size_t)n);
        }
        return 0;
}

/* ---- room ------------------------------------------------------------------------------------ */

static int compare_used(const void *a, const void *b)
{
        const struct file *x = a;
        const struct file *y = b;

        return x->used_ns < y->used_ns ? -1 : x->used_ns > y->used_ns;
}

/* What there is, as far as FILES_MAX; leftovers go. */
static void look(struct clew_tier_cache *c, struct files *ret)
{
        int copy = c->fd < 0 ? -1 : openat(c->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *dir = copy < 0 ? NULL : fdopendir(copy);
        uint64_t now = clew_clock_unix_ns(clew_clock_system());
        const struct dirent *e;

        if (!dir && copy >= 0)
                close(copy);
        while (dir && (e = readdir(dir)) && ret->n < FILES_MAX) {
                struct file *f = ret->of ? &ret->of[ret->n] : &(struct file){0};
                struct stat st;

                if (strlen(e->d_name) >= NAME_MAX_BYTES ||
                    fstatat(c->fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
                        continue;
                snprintf(f->name, sizeof(f->name), "%s", e->d_name);
                f->used_ns = ns_of(st.st_mtim);
                f->bytes = (uint64_t)st.st_size;
                if (f->name[0] == 't') {
                        if (f->used_ns + LEFTOVER_NS < now)
                                (void)unlinkat(c->fd, f->name, 0);
                        continue;
                }
                ret->bytes += f->bytes;
                ret->n++;
        }
        if (dir)
                closedir(dir);
}

uint64_t clew_tier_cache_bytes(struct clew_tier_cache *c)
{
        struct files all = {0};

        look(c, &all);
        return all.bytes;
}

/* Until @want fits. What other processes have put there is seen when this one has no room. */
static void make_room(struct clew_tier_cache *c, uint64_t want)
{
        struct files all = {0};

        if (c->bytes + want <= c->max_bytes)
                return;
        all.of = clew_calloc(FILES_MAX, sizeof(*all.of));
        if (!all.of)
                return;
        look(c, &all);
        if (all.n)
                qsort(all.of, all.n, sizeof(*all.of), compare_used);
        for (size_t i = 0; i < all.n && all.bytes + want > c->max_bytes; i++) {
                if (unlinkat(c->fd, all.of[i].name, 0) == 0)
                        all.bytes -= all.of[i].bytes;
        }
        c->bytes = all.bytes;
        clew_free(all.of);
}

void clew_tier_cache_put(struct clew_tier_cache *c, uint64_t segment, struct clew_slice bytes)
{
        char name[NAME_MAX_BYTES];
        char tmp[NAME_MAX_BYTES];
        uint64_t chance = 0;
        int fd;

        if (c->fd < 0 || bytes.len > c->max_bytes / 2 || /* for one, all others would go */
            getrandom(&chance, sizeof(chance), 0) != (ssize_t)sizeof(chance))
                return;
        name_of(segment, name);
        snprintf(tmp, sizeof(tmp), "t%016llx", (unsigned long long)chance);
        pthread_mutex_lock(&c->lock);
        make_room(c, bytes.len);
        fd = c->bytes + bytes.len > c->max_bytes
                     ? -1
                     : openat(c->fd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                              0600);
        if (fd >= 0) {
                if (write_all(fd, bytes) == 0 && renameat(c->fd, tmp, c->fd, name) == 0)
                        c->bytes += bytes.len;
                else
                        (void)unlinkat(c->fd, tmp, 0);
                mark_used(fd);
                close(fd);
        }
        pthread_mutex_unlock(&c->lock);
}

/* ---- erasing --------------------------------------------------------------------------------- */

int clew_tier_cache_erase(struct clew_tier_cache *c, uint64_t segment, struct clew_error *err)
{
        static const uint8_t zeros[ZERO_BYTES];
        char name[NAME_MAX_BYTES];
        struct stat st;
        int fd;
        int r = 0;

        name_of(segment, name);
        fd = open_file(c, name, O_WRONLY, &st);
        if (fd < 0)
                return 0;
        for (off_t at = 0; r == 0 && at < st.st_size; at += ZERO_BYTES) {
                off_t left = st.st_size - at;
                size_t n = left < (off_t)ZERO_BYTES ? (size_t)left : ZERO_BYTES;

                if (pwrite(fd, zeros, n, at) < 0)
                        r = -errno;
        }
        if (r == 0 && fsync(fd) < 0)
                r = -errno;
        close(fd);
        if (unlinkat(c->fd, name, 0) < 0 && errno != ENOENT && r == 0)
                r = -errno;
        return r < 0 ? clew_error_set(err, r, 0, "erasing what was read back of segment %llu: %s",
                                      (unsigned long long)segment, strerror(-r))
                     : 0;
}
