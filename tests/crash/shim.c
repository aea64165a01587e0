/*
 * LD_PRELOAD shim between a store and its files: records what would survive a power cut, and makes
 * single calls fail.
 *
 * Model: data that was written is on disk only when a later fsync or fdatasync of that file has
 * returned, or when it was written through an O_DSYNC or O_SYNC descriptor. The log holds each
 * write with its bytes, each sync and each mark of the driver, in the order in which they happened;
 * one mutex is held over call and record, so that the order is the true one. images.py turns the
 * log into disk images.
 *
 * Hazards: LMDB writes data pages with lseek + writev as well as with pwrite, and its meta page
 * through a second, O_DSYNC descriptor; a shim that misses one of these reports losses that are
 * none. The memory map of LMDB's lock file is not followed: nothing in it survives a reboot.
 * msync with MS_SYNC counts as a sync of everything, but pages changed through a map are not seen:
 * an environment with MDB_WRITEMAP cannot be judged here (and is banned). Names are followed too:
 * made, moved, swapped and taken away, each directory synced by itself.
 *
 * CLEW_SHIM_DIR     follow regular files below this directory (not lock files)
 * CLEW_SHIM_LOG     where the log goes; absent = record nothing
 * CLEW_SHIM_NOSYNC  "all": syncs do nothing; "data": only fsync and fdatasync do nothing;
 *                   "meta": O_DSYNC is not honoured; "later": as "all", but only after the driver's
 *                   'o' mark, so that the store is made properly first (planted weaknesses)
 * CLEW_SHIM_FAIL    "K,ERRNO": the K-th write or sync fails with that number, 0 = it ends the
 *                   program as kill -9 does; for programs that ask the shim for nothing
 * CLEW_SHIM_COUNT   where the number of writes and syncs goes when the program ends
 */
/* Both names of a call are defined here (pwrite, pwrite64): the headers must not rename one. */
#undef _FILE_OFFSET_BITS
#include "tests/crash/shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* One record of the log; @name_length bytes of file name and @length bytes of data follow it. */
struct record {
        uint32_t magic;
        uint8_t op; /* 'w' write, 'd' durable write, 's' sync, 't' truncate, 'c' new file, 'k' new
                     directory, 'u' unlink, 'r' rename (data: the new name), 'x' exchange of two
                     names, 'D' sync of a directory, 'm' mark */
        uint8_t mark;
        uint16_t name_length;
        uint64_t offset; /* of a write; new size of a truncate; value of a mark */
        uint64_t length;
};
#define RECORD_MAGIC 0x43534831u
#define NAME_BYTES 256
#define RENAME_SWAPS 2u

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool ready;
static char dir[PATH_MAX];
static size_t dir_length;
static int log_fd = -1;
static bool no_data_sync;
static bool no_meta_sync;
static bool no_sync_later;
static uint64_t seen, fired, fail_at;
static int fail_errno;
static bool fail_sticky, fail_torn;

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static ssize_t (*real_pwritev)(int, const struct iovec *, int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off_t);
static int (*real_msync)(void *, size_t, int);
static int (*real_unlinkat)(int, const char *, int);
static int (*real_openat)(int, const char *, int, ...);
static int (*real_mkdirat)(int, const char *, mode_t);
static int (*real_renameat)(int, const char *, int, const char *);
static long (*real_syscall)(long, ...);

static void *need(const char *name)
{
        void *at = dlsym(RTLD_NEXT, name);

        if (!at)
                abort();
        return at;
}

static void set_up(void)
{
        const char *where = getenv("CLEW_SHIM_DIR");
        const char *log = getenv("CLEW_SHIM_LOG");
        const char *weak = getenv("CLEW_SHIM_NOSYNC");
        const char *fail = getenv("CLEW_SHIM_FAIL");

        if (ready)
                return;
        *(void **)&real_write = need("write");
        *(void **)&real_pwrite = need("pwrite64");
        *(void **)&real_writev = need("writev");
        *(void **)&real_pwritev = need("pwritev64");
        *(void **)&real_fsync = need("fsync");
        *(void **)&real_fdatasync = need("fdatasync");
        *(void **)&real_ftruncate = need("ftruncate64");
        *(void **)&real_msync = need("msync");
        *(void **)&real_unlinkat = need("unlinkat");
        *(void **)&real_openat = need("openat64");
        *(void **)&real_mkdirat = need("mkdirat");
        *(void **)&real_renameat = need("renameat");
        *(void **)&real_syscall = need("syscall");
        if (where && realpath(where, dir))
                dir_length = strlen(dir);
        if (log)
                log_fd =
                        real_openat(AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        no_data_sync = weak && (!strcmp(weak, "all") || !strcmp(weak, "data"));
        no_meta_sync = weak && (!strcmp(weak, "all") || !strcmp(weak, "meta"));
        no_sync_later = weak && !strcmp(weak, "later");
        if (fail) {
                char *end;

                fail_at = strtoull(fail, &end, 10);
                fail_errno = *end == ',' ? (int)strtol(end + 1, NULL, 10) : EIO;
        }
        ready = true;
}

__attribute__((destructor)) static void tell_count(void)
{
        const char *path = getenv("CLEW_SHIM_COUNT");
        FILE *file = path ? fopen(path, "we") : NULL;

        if (!file)
                return;
        (void)fprintf(file, "%llu\n", (unsigned long long)seen);
        (void)fclose(file);
}

/* The name of @path below the followed directory, "" for that one itself. Lock files have none. */
static bool name_below(const char *path, char ret_name[NAME_BYTES])
{
        if (strncmp(path, dir, dir_length) != 0 ||
            (path[dir_length] != '/' && path[dir_length] != '\0') ||
            strstr(path + dir_length, "lock"))
                return false;
        path += dir_length + (path[dir_length] == '/');
        (void)snprintf(ret_name, NAME_BYTES, "%s", path);
        return true;
}

/* Whether @fd is the followed directory or one below it. */
static bool follow_directory(int fd, char ret_name[NAME_BYTES])
{
        char link[64], path[PATH_MAX];
        struct stat st;
        ssize_t n;

        (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        n = dir_length ? readlink(link, path, sizeof(path) - 1) : -1;
        if (n < 0 || fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode))
                return false;
        path[n] = '\0';
        return name_below(path, ret_name);
}

/* The name of what @path at directory @at is, whether or not it is there. */
static bool name_at(int at, const char *path, char ret_name[NAME_BYTES])
{
        char whole[PATH_MAX + NAME_MAX + 2], parent[PATH_MAX], base[NAME_MAX + 1];
        char *slash;

        if (!dir_length)
                return false;
        if (path[0] == '/' || at == AT_FDCWD)
                (void)snprintf(whole, sizeof(whole), "%s%s", path[0] == '/' ? "" : "./", path);
        else
                (void)snprintf(whole, sizeof(whole), "/proc/self/fd/%d/%s", at, path);
        slash = strrchr(whole, '/');
        (void)snprintf(base, sizeof(base), "%s", slash + 1);
        slash[slash == whole] = '\0';
        if (!realpath(whole, parent))
                return false;
        (void)snprintf(whole, sizeof(whole), "%s/%s", parent, base);
        return name_below(whole, ret_name);
}

/* Whether @fd is a file to follow; its name below the directory goes to @ret_name. */
static bool follow(int fd, char ret_name[NAME_BYTES])
{
        char link[64], path[PATH_MAX];
        struct stat st;
        ssize_t n;

        if (!dir_length)
                return false;
        (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        n = readlink(link, path, sizeof(path) - 1);
        if (n <= (ssize_t)dir_length)
                return false;
        path[n] = '\0';
        return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && name_below(path, ret_name);
}

static void emit(const struct record *head, const char *name, const void *data)
{
        struct iovec parts[3] = {
                {(void *)(uintptr_t)head, sizeof(*head)},
                {(void *)(uintptr_t)name, head->name_length},
                {(void *)(uintptr_t)data, strchr("wdrx", head->op) ? head->length : 0},
        };

        /* A log that lies is worse than a test that stops. */
        if (log_fd >= 0 && real_writev(log_fd, parts, 3) < 0)
                abort();
}

static void note(char op, const char *name, uint64_t offset, const void *data, uint64_t length)
{
        struct record head = {.magic = RECORD_MAGIC,
                              .op = (uint8_t)op,
                              .name_length = (uint16_t)strlen(name),
                              .offset = offset,
                              .length = length};

        emit(&head, name, data);
}

/* Counts one call on a followed file; true when it is to fail. The lock is held. */
static bool to_fail(void)
{
        seen++;
        if (!fail_at || seen < fail_at || (seen > fail_at && !fail_sticky))
                return false;
        fired++;
        if (fail_errno == 0)
                (void)raise(SIGKILL);
        return true;
}

EXPORT void clew_shim_mark(char kind, uint64_t value)
{
        struct record head = {
                .magic = RECORD_MAGIC, .op = 'm', .mark = (uint8_t)kind, .offset = value};

        pthread_mutex_lock(&lock);
        set_up();
        emit(&head, "", NULL);
        if (kind == 'o' && no_sync_later)
                no_data_sync = no_meta_sync = true;
        pthread_mutex_unlock(&lock);
}

EXPORT void clew_shim_arm(uint64_t k, int error, int sticky, int torn)
{
        pthread_mutex_lock(&lock);
        set_up();
        seen = 0;
        fired = 0;
        fail_at = k;
        fail_errno = error;
        fail_sticky = sticky != 0;
        fail_torn = torn != 0;
        pthread_mutex_unlock(&lock);
}

EXPORT uint64_t clew_shim_count(void)
{
        return seen;
}

EXPORT uint64_t clew_shim_fired(void)
{
        return fired;
}

static bool durable(int fd)
{
        int flags = fcntl(fd, F_GETFL);

        return !no_meta_sync && flags >= 0 && (flags & O_DSYNC) != 0;
}

/* One write of @length bytes at @offset (negative: at the file position). The lock is held. */
static ssize_t one_write(int fd, const char *name, const void *data, size_t length, off_t offset)
{
        bool at_position = offset < 0;
        off_t at = at_position ? lseek(fd, 0, SEEK_CUR) : offset;
        bool failing = to_fail();
        ssize_t n = 0;

        if (failing && !fail_torn) {
                errno = fail_errno;
                return -1;
        }
        if (failing)
                length /= 2;
        if (length)
                n = at_position ? real_write(fd, data, length) : real_pwrite(fd, data, length, at);
        if (n > 0)
                note(durable(fd) ? 'd' : 'w', name, (uint64_t)at, data, (uint64_t)n);
        if (failing && n == 0) {
                errno = fail_errno;
                return -1;
        }
        return n;
}

/* The parts of a vector as one piece, as the kernel sees it. */
static ssize_t vector_write(int fd, const char *name, const struct iovec *parts, int n_parts,
                            off_t offset)
{
        size_t total = 0, done = 0;
        uint8_t *joined;
        ssize_t n;

        for (int i = 0; i < n_parts; i++)
                total += parts[i].iov_len;
        joined = malloc(total ? total : 1);
        if (!joined)
                abort();
        for (int i = 0; i < n_parts; i++) {
                memcpy(joined + done, parts[i].iov_base, parts[i].iov_len);
                done += parts[i].iov_len;
        }
        n = one_write(fd, name, joined, total, offset);
        free(joined);
        return n;
}

static int one_sync(int fd, const char *name, int (*real)(int))
{
        int r = 0;

        if (to_fail()) {
                errno = fail_errno;
                return -1;
        }
        if (no_data_sync)
                return 0;
        r = real(fd);
        if (r == 0)
                note('s', name, 0, NULL, 0);
        return r;
}

/* The body that all write calls share: follow or pass through. */
#define GUARDED(type, fd, followed, passed)                                                        \
        do {                                                                                       \
                char name[NAME_BYTES];                                                             \
                type r_;                                                                           \
                int saved_;                                                                        \
                pthread_mutex_lock(&lock);                                                         \
                set_up();                                                                          \
                if (!follow(fd, name)) {                                                           \
                        pthread_mutex_unlock(&lock);                                               \
                        return passed;                                                             \
                }                                                                                  \
                r_ = followed;                                                                     \
                saved_ = errno;                                                                    \
                pthread_mutex_unlock(&lock);                                                       \
                errno = saved_;                                                                    \
                return r_;                                                                         \
        } while (0)

EXPORT ssize_t write(int fd, const void *data, size_t length)
{
        GUARDED(ssize_t, fd, one_write(fd, name, data, length, -1), real_write(fd, data, length));
}

EXPORT ssize_t pwrite(int fd, const void *data, size_t length, off_t offset)
{
        GUARDED(ssize_t, fd, one_write(fd, name, data, length, offset),
                real_pwrite(fd, data, length, offset));
}

EXPORT ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset)
{
        return pwrite(fd, data, length, offset);
}

EXPORT ssize_t writev(int fd, const struct iovec *parts, int n)
{
        GUARDED(ssize_t, fd, vector_write(fd, name, parts, n, -1), real_writev(fd, parts, n));
}

EXPORT ssize_t pwritev(int fd, const struct iovec *parts, int n, off_t offset)
{
        GUARDED(ssize_t, fd, vector_write(fd, name, parts, n, offset),
                real_pwritev(fd, parts, n, offset));
}

EXPORT ssize_t pwritev64(int fd, const struct iovec *parts, int n, off64_t offset)
{
        return pwritev(fd, parts, n, offset);
}

/* A sync of a directory makes durable which names are in it. */
static int sync_directory(int fd, const char *name)
{
        int r = 0;

        if (to_fail()) {
                errno = fail_errno;
                return -1;
        }
        if (!no_data_sync && (r = real_fsync(fd)) == 0)
                note('D', name, 0, NULL, 0);
        return r;
}

EXPORT int fsync(int fd)
{
        char below[NAME_BYTES];

        pthread_mutex_lock(&lock);
        set_up();
        if (follow_directory(fd, below)) {
                int r = sync_directory(fd, below), saved = errno;

                pthread_mutex_unlock(&lock);
                errno = saved;
                return r;
        }
        pthread_mutex_unlock(&lock);
        GUARDED(int, fd, one_sync(fd, name, real_fsync), real_fsync(fd));
}

EXPORT int fdatasync(int fd)
{
        GUARDED(int, fd, one_sync(fd, name, real_fdatasync), real_fdatasync(fd));
}

static int one_truncate(int fd, const char *name, off_t size)
{
        int r;

        if (to_fail()) {
                errno = fail_errno;
                return -1;
        }
        r = real_ftruncate(fd, size);
        if (r == 0)
                note('t', name, (uint64_t)size, NULL, 0);
        return r;
}

EXPORT int ftruncate(int fd, off_t size)
{
        GUARDED(int, fd, one_truncate(fd, name, size), real_ftruncate(fd, size));
}

EXPORT int ftruncate64(int fd, off64_t size)
{
        return ftruncate(fd, size);
}

EXPORT int msync(void *at, size_t length, int flags)
{
        int r;

        pthread_mutex_lock(&lock);
        set_up();
        r = no_data_sync ? 0 : real_msync(at, length, flags);
        if (r == 0 && (flags & MS_SYNC) && !no_data_sync)
                note('s', "*", 0, NULL, 0);
        pthread_mutex_unlock(&lock);
        return r;
}

EXPORT int unlinkat(int at, const char *path, int flags)
{
        char name[NAME_BYTES];
        bool followed;
        int r, saved;

        pthread_mutex_lock(&lock);
        set_up();
        followed = name_at(at, path, name);
        r = real_unlinkat(at, path, flags);
        saved = errno;
        if (r == 0 && followed)
                note('u', name, 0, NULL, 0);
        pthread_mutex_unlock(&lock);
        errno = saved;
        return r;
}

EXPORT int unlink(const char *path)
{
        return unlinkat(AT_FDCWD, path, 0);
}

EXPORT int mkdirat(int at, const char *path, mode_t mode)
{
        char name[NAME_BYTES];
        int r, saved;

        pthread_mutex_lock(&lock);
        set_up();
        r = real_mkdirat(at, path, mode);
        saved = errno;
        if (r == 0 && name_at(at, path, name))
                note('k', name, 0, NULL, 0);
        pthread_mutex_unlock(&lock);
        errno = saved;
        return r;
}

EXPORT int mkdir(const char *path, mode_t mode)
{
        return mkdirat(AT_FDCWD, path, mode);
}

/* A file that is made, or emptied. */
static int one_open(int at, const char *path, int flags, mode_t mode)
{
        char name[NAME_BYTES];
        bool was, followed;
        int fd, saved;

        pthread_mutex_lock(&lock);
        set_up();
        if (!(flags & (O_CREAT | O_TRUNC))) {
                pthread_mutex_unlock(&lock);
                return real_openat(at, path, flags, mode);
        }
        was = faccessat(at, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
        fd = real_openat(at, path, flags, mode);
        saved = errno;
        followed = fd >= 0 && follow(fd, name);
        if (followed && !was)
                note('c', name, 0, NULL, 0);
        if (followed && was && (flags & O_TRUNC))
                note('t', name, 0, NULL, 0);
        pthread_mutex_unlock(&lock);
        errno = saved;
        return fd;
}

#define MODE_OF(flags, ret)                                                                        \
        do {                                                                                       \
                va_list more_;                                                                     \
                va_start(more_, flags);                                                            \
                (ret) = (flags)&O_CREAT ? va_arg(more_, mode_t) : 0;                               \
                va_end(more_);                                                                     \
        } while (0)

EXPORT int openat64(int at, const char *path, int flags, ...)
{
        mode_t mode;

        MODE_OF(flags, mode);
        return one_open(at, path, flags, mode);
}

EXPORT int openat(int at, const char *path, int flags, ...)
{
        mode_t mode;

        MODE_OF(flags, mode);
        return one_open(at, path, flags, mode);
}

EXPORT int open64(const char *path, int flags, ...)
{
        mode_t mode;

        MODE_OF(flags, mode);
        return one_open(AT_FDCWD, path, flags, mode);
}

EXPORT int open(const char *path, int flags, ...)
{
        mode_t mode;

        MODE_OF(flags, mode);
        return one_open(AT_FDCWD, path, flags, mode);
}

static int one_rename(int from_at, const char *from, int to_at, const char *to, unsigned how)
{
        char old[NAME_BYTES], new[NAME_BYTES];
        bool followed;
        int r, saved;

        pthread_mutex_lock(&lock);
        set_up();
        followed = name_at(from_at, from, old) && name_at(to_at, to, new);
        if (followed && to_fail()) {
                r = -1;
                errno = fail_errno;
        } else {
                r = how ? (int)real_syscall(SYS_renameat2, from_at, from, to_at, to, how)
                        : real_renameat(from_at, from, to_at, to);
        }
        saved = errno;
        if (r == 0 && followed)
                note(how == RENAME_SWAPS ? 'x' : 'r', old, 0, new, strlen(new));
        pthread_mutex_unlock(&lock);
        errno = saved;
        return r;
}

EXPORT int renameat(int from_at, const char *from, int to_at, const char *to)
{
        return one_rename(from_at, from, to_at, to, 0);
}

EXPORT int rename(const char *from, const char *to)
{
        return one_rename(AT_FDCWD, from, AT_FDCWD, to, 0);
}

/* The store renames by number (storage/base/rename-int.h). */
EXPORT long syscall(long number, ...)
{
        long a[6];
        va_list more;

        va_start(more, number);
        for (size_t i = 0; i < 6; i++)
                a[i] = va_arg(more, long);
        va_end(more);
        if (number == SYS_renameat2)
                return one_rename((int)a[0], (const char *)a[1], (int)a[2], (const char *)a[3],
                                  (unsigned)a[4]);
        if (!real_syscall)
                *(void **)&real_syscall = need("syscall");
        return real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
