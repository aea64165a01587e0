#include "storage/base/directory-int.h"

#include "proto/base/file-lock.h"
#include "storage/base/meta-pages-int.h"
#include "storage/base/own-file-int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* f_type values from statfs(2); LMDB's locks and map need a local file system. */
#define MAGIC_NFS 0x6969
#define MAGIC_SMB 0x517B
#define MAGIC_CIFS 0xFF534D42u
#define MAGIC_SMB2 0xFE534D42u
#define MAGIC_9P 0x01021997

/* One second for others to end. */
#define SEIZE_TRIES 20u
#define SEIZE_PAUSE_US 50000u
/* A creation is some commits of pages. */
#define CREATION_LOCK_NS (10 * CLEW_NS_PER_S)
/* An unfinished creation has written a few dozen pages at most. */
#define UNFINISHED_PAGES_MAX 64

static int check_filesystem(const char *dir, struct clew_error *err)
{
        struct statfs fs;
        uint32_t type;

        if (statfs(dir, &fs) < 0)
                return 0;
        type = (uint32_t)fs.f_type;
        if (type == MAGIC_NFS || type == MAGIC_SMB || type == MAGIC_CIFS || type == MAGIC_SMB2 ||
            type == MAGIC_9P)
                return clew_error_set(err, -EREMOTE, 0,
                                      "store %s: is on a network file system, which cannot keep a "
                                      "store safe; use a local disk",
                                      dir);
        return 0;
}

static bool is_ours(const char *name)
{
        static const char *const names[] = {".",
                                            "..",
                                            CLEW_DATA_FILE,
                                            CLEW_LOCK_FILE,
                                            CLEW_COLLECTOR_FILE,
                                            CLEW_HOT_SUMMARIES_FILE,
                                            CLEW_CREATING_FILE,
                                            CLEW_READER_FILE,
                                            "lost+found"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(names); i++) {
                if (strcmp(name, names[i]) == 0)
                        return true;
        }
        return false;
}

/* A directory without a data file must hold nothing else, or it is somebody else's. */
static int check_empty(const char *dir, struct clew_error *err)
{
        DIR *d = opendir(dir);
        struct dirent *e;
        int r = 0;

        if (!d)
                return clew_error_set(err, -errno, 0, "store %s: %s", dir, strerror(errno));
        while (r == 0 && (e = readdir(d)) != NULL) {
                if (strcmp(e->d_name, CLEW_UNFINISHED_DIR) == 0)
                        r = clew_error_set(err, -EINVAL, 0,
                                           "store %s: a restore into it is under way or was not "
                                           "finished; run clew restore again",
                                           dir);
                else if (!is_ours(e->d_name))
                        r = clew_error_set(err, -EINVAL, 0,
                                           "store %s: is not a Clew store: it holds other files "
                                           "(%.60s); name an empty or a new directory",
                                           dir, e->d_name);
        }
        closedir(d);
        return r;
}

/* What stands under the data file's name. */
struct data_file {
        bool exists;
        bool is_creating; /* the sign of an unfinished creation is there */
        off_t bytes;
        struct clew_meta_look meta;
};

static int look_once(const char *dir, int dir_fd, struct data_file *ret, struct clew_error *err)
{
        struct stat st;
        int fd;
        int r = clew_own_file_open(dir, dir_fd, CLEW_DATA_FILE, O_RDONLY, &fd, err);

        *ret = (struct data_file){0};
        if (r < 0 && r != -ENOENT)
                return r;
        if (r == 0) {
                ret->exists = true;
                if (fstat(fd, &st) == 0)
                        ret->bytes = st.st_size;
                clew_meta_look(fd, &ret->meta);
                close(fd);
        }
        ret->is_creating = faccessat(dir_fd, CLEW_CREATING_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
        return 0;
}

/* The sign is looked for after the data file: one that went in between leaves a file with a commit,
 * and a second look sees it. */
static int look(const char *dir, int dir_fd, struct data_file *ret, struct clew_error *err)
{
        int r = look_once(dir, dir_fd, ret, err);

        if (r == 0 && ret->exists && !ret->meta.has_commit && !ret->is_creating)
                r = look_once(dir, dir_fd, ret, err);
        return r;
}

/* @look: the second page may tell that it is a database. */
static int not_ours(const char *dir, const struct clew_meta_look *look, struct clew_error *err)
{
        return clew_error_set(err, look->n_valid > 0 ? -EBADMSG : -EINVAL, 0,
                              "store %s: %s was not made by Clew, or its first page is "
                              "damaged: clew doctor --repair makes a whole store of what can be "
                              "read; else name another directory",
                              dir, CLEW_DATA_FILE);
}

static int check_data_file(const char *dir, int dir_fd, enum clew_store_mode mode, bool *ret_fresh,
                           struct clew_error *err)
{
        struct data_file d;
        int r = look(dir, dir_fd, &d, err);

        if (r < 0)
                return r;
        *ret_fresh = false;
        if (d.meta.has_commit && d.meta.first_valid) {
                *ret_fresh = d.is_creating && mode != CLEW_STORE_READ;
                return 0;
        }
        if (!d.exists || d.bytes == 0 || d.is_creating) {
                *ret_fresh = true;
                return d.exists || d.is_creating ? 0 : check_empty(dir, err);
        }
        return d.meta.first_valid ? 0 : not_ours(dir, &d.meta, err);
}

void clew_directory_sync_name(const char *dir)
{
        char parent[PATH_MAX];
        int n = snprintf(parent, sizeof(parent), "%s/..", dir);
        int fd = n < 0 || (size_t)n >= sizeof(parent)
                         ? -1
                         : open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0) /* not ours to read, so not made by this program */
                return;
        (void)fsync(fd);
        close(fd);
}

static int make_directory(const char *dir, struct clew_error *err)
{
        if (mkdir(dir, 0700) == 0 || errno == EEXIST)
                return 0;
        return clew_error_set(err, -errno, 0, "store %s: cannot be created: %s", dir,
                              strerror(errno));
}

int clew_directory_check(const char *dir, enum clew_store_mode mode, int *ret_fd, bool *ret_fresh,
                         struct clew_error *err)
{
        int fd;
        int r;

        if (mode != CLEW_STORE_READ) {
                r = make_directory(dir, err);
                if (r < 0)
                        return r;
        }
        r = clew_own_directory_open(dir, &fd, err);
        if (r == -ENOENT)
                return clew_error_set(err, -ENOENT, 0,
                                      "store %s: does not exist; start clewd with --store, or name "
                                      "the store with --store or CLEW_STORE",
                                      dir);
        if (r < 0)
                return r;
        r = check_filesystem(dir, err);
        if (r == 0)
                r = check_data_file(dir, fd, mode, ret_fresh, err);
        if (r == 0 && *ret_fresh && mode == CLEW_STORE_READ)
                r = clew_error_set(err, -ENOENT, 0,
                                   "store %s: holds no data yet; send spans to a clewd with this "
                                   "--store, or use clew import",
                                   dir);
        if (r < 0)
                close(fd);
        else
                *ret_fd = fd;
        return r;
}

static int creation_error(const char *dir, struct clew_error *err)
{
        int code = -errno;

        return clew_error_set(err, code, 0, "store %s: cannot be created: %s%s", dir,
                              strerror(errno),
                              code == -ENOSPC ? "; free disk space and try again" : "");
}

/*
 * With the lock held: removes what an interrupted creation left, where LMDB could not go on with
 * it. Whether there is such a thing was guessed before the lock; only now it is known, and a file
 * that tells of a commit is never touched.
 */
static int clear_unfinished(const char *dir, int dir_fd, struct clew_error *err)
{
        struct data_file d;
        int r = look(dir, dir_fd, &d, err);

        if (r < 0)
                return r;
        if (d.meta.n_valid == 2 || d.meta.has_commit)
                return d.meta.first_valid ? 0 : not_ours(dir, &d.meta, err);
        if (d.bytes > UNFINISHED_PAGES_MAX * (off_t)sysconf(_SC_PAGESIZE))
                return not_ours(dir, &d.meta, err);
        if (unlinkat(dir_fd, CLEW_DATA_FILE, 0) < 0 && errno != ENOENT)
                return creation_error(dir, err);
        if (unlinkat(dir_fd, CLEW_LOCK_FILE, 0) < 0 && errno != ENOENT)
                return creation_error(dir, err);
        return fsync(dir_fd) < 0 ? creation_error(dir, err) : 0;
}

int clew_directory_begin_creation(const char *dir, int dir_fd, int *ret_fd, struct clew_error *err)
{
        struct stat st;
        int fd;
        int r = clew_own_file_open(dir, dir_fd, CLEW_CREATING_FILE, O_RDWR | O_CREAT, &fd, err);

        if (r < 0)
                return r;
        r = clew_file_lock(fd, LOCK_EX, CREATION_LOCK_NS);
        if (r == -ETIMEDOUT) {
                r = clew_error_set(err, r, 0,
                                   "store %s: cannot be created: another process has held the lock "
                                   "of %s there for %us; end that one, or try again",
                                   dir, CLEW_CREATING_FILE,
                                   (unsigned)(CREATION_LOCK_NS / CLEW_NS_PER_S));
        } else if (r < 0 || fstat(fd, &st) < 0) {
                r = creation_error(dir, err);
        } else if (st.st_nlink == 0) {
                close(fd); /* the other creator has finished */
                fd = -1;
        } else if (fsync(fd) < 0) {
                r = creation_error(dir, err);
        } else {
                r = clear_unfinished(dir, dir_fd, err);
                if (r == -EINVAL) /* nothing is being created here */
                        (void)unlinkat(dir_fd, CLEW_CREATING_FILE, 0);
        }
        if (r < 0) {
                close(fd);
                return r;
        }
        *ret_fd = fd;
        return 0;
}

int clew_directory_end_creation(const char *dir, int dir_fd, int fd, struct clew_error *err)
{
        int r = 0;

        /* The data file's name must be durable before the sign that it is unfinished goes. Whoever
         * made the directory may have ended since. */
        clew_directory_sync_name(dir);
        if (fsync(dir_fd) < 0 || (unlinkat(dir_fd, CLEW_CREATING_FILE, 0) < 0 && errno != ENOENT) ||
            fsync(dir_fd) < 0)
                r = creation_error(dir, err);
        close(fd);
        return r;
}

int clew_directory_check_lock_file(const char *dir, int dir_fd, size_t bytes,
                                   struct clew_error *err)
{
        int flags = bytes ? O_RDWR | O_CREAT : O_RDONLY;
        int fd;
        int r = clew_own_file_open(dir, dir_fd, CLEW_LOCK_FILE, flags, &fd, err);

        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (bytes && fallocate(fd, 0, 0, (off_t)bytes) < 0 && errno == ENOSPC)
                r = clew_error_set(err, -ENOSPC, 0,
                                   "store %s: %s: %s; free disk space, nothing stored is lost", dir,
                                   CLEW_LOCK_FILE, strerror(ENOSPC));
        close(fd);
        return r;
}

/* LMDB holds a shared lock on the first byte of its lock file, and an exclusive one while it opens
 * as the only one. */
int clew_directory_seize(const char *dir, int dir_fd, int *ret_fd, struct clew_error *err)
{
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
        int fd;
        int r = clew_own_file_open(dir, dir_fd, CLEW_LOCK_FILE, O_RDWR | O_CREAT, &fd, err);

        if (r < 0)
                return r;
        /* Who looks something up is soon gone. */
        for (unsigned i = 0; (r = fcntl(fd, F_SETLK, &lock)) < 0 && i < SEIZE_TRIES; i++)
                usleep(SEIZE_PAUSE_US);
        if (r == 0) {
                *ret_fd = fd;
                return 0;
        }
        r = errno == EACCES || errno == EAGAIN ? -EBUSY : -errno;
        if (r == -EBUSY && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
                clew_error_set(err, r, 0,
                               "store %s: process %ld has it open; end that one and try again", dir,
                               (long)lock.l_pid);
        else
                clew_error_set(err, r, 0,
                               "store %s: other programs have it open; end them and try again",
                               dir);
        close(fd);
        return r;
}

int clew_directory_clear_copy(const char *dir, int dir_fd, struct clew_error *err)
{
        static const char *const names[] = {CLEW_DATA_FILE, CLEW_LOCK_FILE, CLEW_CREATING_FILE,
                                            CLEW_COLLECTOR_FILE};
        const char *what = CLEW_UNFINISHED_DIR;
        int fd = openat(dir_fd, CLEW_UNFINISHED_DIR,
                        O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (fd < 0 && errno == ENOENT)
                return 0;
        if (fd >= 0) {
                for (size_t i = 0; i < CLEW_ARRAY_LEN(names); i++)
                        (void)unlinkat(fd, names[i], 0);
                close(fd);
                if (unlinkat(dir_fd, CLEW_UNFINISHED_DIR, AT_REMOVEDIR) == 0 || errno == ENOENT)
                        return 0;
                what = CLEW_UNFINISHED_DIR " was left behind and holds files that are not Clew's; "
                                           "remove it";
        }
        return clew_error_set(err, -errno, 0, "store %s: %s: %s", dir, what, strerror(errno));
}

int clew_directory_lock(const char *dir, int dir_fd, int *ret_fd, struct clew_error *err)
{
        int fd;
        int r = clew_own_file_open(dir, dir_fd, CLEW_COLLECTOR_FILE, O_RDWR | O_CREAT, &fd, err);

        if (r < 0)
                return r;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                int code = errno == EWOULDBLOCK ? -EBUSY : -errno;

                close(fd);
                return clew_error_set(err, code, 0,
                                      "store %s: another collector is using it; stop that one or "
                                      "name another store",
                                      dir);
        }
        (void)!ftruncate(fd, 0); /* where the one before had its pages */
        *ret_fd = fd;
        return 0;
}

/* The directory of @path as the system sees it, links followed, and the name in it. */
static bool resolve(const char *path, char ret_dir[PATH_MAX], char ret_name[NAME_MAX + 1])
{
        char real[PATH_MAX];
        const char *slash;

        if (realpath(path, real)) {
                path = real;
        } else {
                slash = strrchr(path, '/');
                snprintf(real, sizeof(real), "%.*s", slash ? (int)(slash - path) + 1 : 1,
                         slash ? path : ".");
                slash = slash ? slash + 1 : path;
                snprintf(ret_name, NAME_MAX + 1, "%s", slash);
                return realpath(real, ret_dir) != NULL;
        }
        slash = strrchr(path, '/');
        snprintf(ret_name, NAME_MAX + 1, "%s", slash + 1);
        snprintf(ret_dir, PATH_MAX, "%.*s", (int)(slash - path) + 1, path);
        return true;
}

static bool has_meta(int at, const char *name)
{
        struct clew_meta_look meta = {0};
        struct stat st;
        int fd;

        if (fstatat(at, name, &st, 0) < 0 || !S_ISREG(st.st_mode))
                return false;
        fd = openat(at, name, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
                clew_meta_look(fd, &meta);
                close(fd);
        }
        return meta.n_valid > 0;
}

bool clew_store_holds_file(const char *path)
{
        char dir[PATH_MAX];
        char name[NAME_MAX + 1];
        bool holds;
        int fd;

        if (strlen(path) >= PATH_MAX || !resolve(path, dir, name))
                return false;
        fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return false;
        /* The lock file is not opened: LMDB's locks would go when it is closed. */
        holds = has_meta(fd, is_ours(name) ? CLEW_DATA_FILE : name);
        close(fd);
        return holds;
}
