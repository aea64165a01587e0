#include "storage/base/directory-int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
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

/* LMDB's own magic number, in the first meta page after its 16-byte page header. */
#define LMDB_MAGIC 0xBEEFC0DEu
#define LMDB_MAGIC_OFFSET 16

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
                                            CLEW_CREATING_FILE,
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
                if (!is_ours(e->d_name))
                        r = clew_error_set(err, -EINVAL, 0,
                                           "store %s: is not a Clew store: it holds other files "
                                           "(%.60s); name an empty or a new directory",
                                           dir, e->d_name);
        }
        closedir(d);
        return r;
}

static int check_data_file(const char *dir, int dir_fd, bool *ret_fresh, struct clew_error *err)
{
        struct stat st;
        uint32_t magic = 0;
        int fd;

        if (faccessat(dir_fd, CLEW_CREATING_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
                *ret_fresh = true;
                return 0;
        }
        if (fstatat(dir_fd, CLEW_DATA_FILE, &st, AT_SYMLINK_NOFOLLOW) < 0) {
                if (errno != ENOENT)
                        return clew_error_set(err, -errno, 0, "store %s: %s", dir, strerror(errno));
                *ret_fresh = true;
                return check_empty(dir, err);
        }
        if (!S_ISREG(st.st_mode))
                return clew_error_set(err, -EINVAL, 0,
                                      "store %s: %s is not a regular file; refusing to open it",
                                      dir, CLEW_DATA_FILE);
        if (st.st_size == 0) {
                *ret_fresh = true;
                return 0;
        }
        fd = openat(dir_fd, CLEW_DATA_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return clew_error_set(err, -errno, 0, "store %s: %s: %s", dir, CLEW_DATA_FILE,
                                      strerror(errno));
        if (pread(fd, &magic, sizeof(magic), LMDB_MAGIC_OFFSET) != sizeof(magic))
                magic = 0;
        close(fd);
        if (magic != LMDB_MAGIC)
                return clew_error_set(err, -EINVAL, 0,
                                      "store %s: %s was not made by Clew, or its first page is "
                                      "damaged; name another directory or restore a backup",
                                      dir, CLEW_DATA_FILE);
        *ret_fresh = false;
        return 0;
}

/* A new directory must survive a power cut as much as what is in it. */
static int make_directory(const char *dir, struct clew_error *err)
{
        char parent[4096];
        int fd;
        int n;

        if (mkdir(dir, 0700) < 0) {
                if (errno == EEXIST)
                        return 0;
                return clew_error_set(err, -errno, 0, "store %s: cannot be created: %s", dir,
                                      strerror(errno));
        }
        n = snprintf(parent, sizeof(parent), "%s/..", dir);
        if (n < 0 || (size_t)n >= sizeof(parent))
                return 0;
        fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0) {
                (void)fsync(fd);
                close(fd);
        }
        return 0;
}

int clew_directory_check(const char *dir, enum clew_store_mode mode, bool *ret_fresh,
                         struct clew_error *err)
{
        struct stat st;
        int fd;
        int r;

        if (mode != CLEW_STORE_READ) {
                r = make_directory(dir, err);
                if (r < 0)
                        return r;
        }
        fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
                return clew_error_set(err, -ENOENT, 0,
                                      "store %s: does not exist; start clewd with --store, or name "
                                      "the store with --store or CLEW_STORE",
                                      dir);
        if (fd < 0)
                return clew_error_set(err, -errno, 0, "store %s: %s", dir, strerror(errno));
        r = check_filesystem(dir, err);
        if (r == 0 && fstat(fd, &st) == 0 && (st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX))
                r = clew_error_set(err, -EACCES, 0,
                                   "store %s: is writable by everyone; take that right away "
                                   "(chmod o-w) first",
                                   dir);
        if (r == 0)
                r = check_data_file(dir, fd, ret_fresh, err);
        if (r == 0 && *ret_fresh && mode == CLEW_STORE_READ)
                r = clew_error_set(err, -ENOENT, 0,
                                   "store %s: holds no data yet; send spans to a clewd with this "
                                   "--store, or use clew import",
                                   dir);
        close(fd);
        return r;
}

static int creation_error(const char *dir, struct clew_error *err)
{
        int code = -errno;

        return clew_error_set(err, code, 0, "store %s: cannot be created: %s%s", dir,
                              strerror(errno),
                              code == -ENOSPC ? "; free disk space and try again" : "");
}

/* With the lock held: removes what an interrupted creation left. */
static int clear_unfinished(int dir_fd)
{
        if (unlinkat(dir_fd, CLEW_DATA_FILE, 0) < 0 && errno != ENOENT)
                return -1;
        if (unlinkat(dir_fd, CLEW_LOCK_FILE, 0) < 0 && errno != ENOENT)
                return -1;
        return fsync(dir_fd);
}

int clew_directory_begin_creation(const char *dir, int *ret_fd, struct clew_error *err)
{
        int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct stat st;
        int fd;
        int r = 0;

        if (dir_fd < 0)
                return creation_error(dir, err);
        fd = openat(dir_fd, CLEW_CREATING_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0 || flock(fd, LOCK_EX) < 0 || fstat(fd, &st) < 0)
                r = creation_error(dir, err);
        else if (st.st_nlink == 0) {
                close(fd); /* the other creator has finished */
                fd = -1;
        } else if (fsync(fd) < 0 || clear_unfinished(dir_fd) < 0) {
                r = creation_error(dir, err);
        }
        close(dir_fd);
        if (r < 0) {
                if (fd >= 0)
                        close(fd);
                return r;
        }
        *ret_fd = fd;
        return 0;
}

int clew_directory_end_creation(const char *dir, int fd, struct clew_error *err)
{
        int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int r = 0;

        /* The data file's name must be durable before the sign that it is unfinished goes. */
        if (dir_fd < 0 || fsync(dir_fd) < 0 || unlinkat(dir_fd, CLEW_CREATING_FILE, 0) < 0 ||
            fsync(dir_fd) < 0)
                r = creation_error(dir, err);
        if (dir_fd >= 0)
                close(dir_fd);
        close(fd);
        return r;
}

int clew_directory_reserve_lock_file(const char *dir, size_t bytes, struct clew_error *err)
{
        int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int r = 0;
        int fd;

        if (dir_fd < 0)
                return clew_error_set(err, -errno, 0, "store %s: %s", dir, strerror(errno));
        fd = openat(dir_fd, CLEW_LOCK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0 || (fallocate(fd, 0, 0, (off_t)bytes) < 0 && errno == ENOSPC)) {
                r = -errno;
                clew_error_set(err, r, 0, "store %s: %s: %s%s", dir, CLEW_LOCK_FILE,
                               strerror(errno),
                               r == -ENOSPC ? "; free disk space, nothing stored is lost" : "");
        }
        if (fd >= 0)
                close(fd);
        close(dir_fd);
        return r;
}

int clew_directory_lock(const char *dir, int *ret_fd, struct clew_error *err)
{
        int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int fd;

        if (dir_fd < 0)
                return clew_error_set(err, -errno, 0, "store %s: %s", dir, strerror(errno));
        fd = openat(dir_fd, CLEW_COLLECTOR_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        close(dir_fd);
        if (fd < 0)
                return clew_error_set(err, -errno, 0, "store %s: %s: %s", dir, CLEW_COLLECTOR_FILE,
                                      strerror(errno));
        if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                int code = errno == EWOULDBLOCK ? -EBUSY : -errno;

                close(fd);
                return clew_error_set(err, code, 0,
                                      "store %s: another collector is using it; stop that one or "
                                      "name another store",
                                      dir);
        }
        *ret_fd = fd;
        return 0;
}
