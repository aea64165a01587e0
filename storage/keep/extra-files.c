#include "storage/keep/extra-files-int.h"

#include "proto/base/mem.h"
#include "storage/base/directory-int.h"
#include "storage/tier/tier-map-int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES ((size_t)1 << 20)
#define NAMES_BYTES_MAX ((size_t)1 << 20)
/* An audit log of years. */
#define FILE_BYTES_MAX ((off_t)4 << 30)

/* Files that are not of the store, or are made anew by it. */
static bool is_left_out(const char *name)
{
        static const char *const names[] = {CLEW_DATA_FILE,      CLEW_LOCK_FILE,
                                            CLEW_COLLECTOR_FILE, CLEW_CREATING_FILE,
                                            CLEW_UNFINISHED_DIR, CLEW_TIER_MAP_DIR};
        size_t n = strlen(name);

        for (size_t i = 0; i < CLEW_ARRAY_LEN(names); i++) {
                if (strcmp(name, names[i]) == 0)
                        return true;
        }
        return name[0] == '.' ||
               strncmp(name, CLEW_DAMAGED_PREFIX, strlen(CLEW_DAMAGED_PREFIX)) == 0 ||
               (n > 5 && strcmp(name + n - 5, ".part") == 0) || strcmp(name, "lost+found") == 0;
}

static int cannot(const char *dir, const char *name, struct clew_error *err)
{
        int code = errno ? -errno : -EIO;

        return clew_error_set(err, code, 0, "store %s: %s: %s", dir, name, strerror(-code));
}

/* How much of the file is whole lines; all of it when it has none. */
static off_t whole_lines(int fd, off_t size)
{
        char tail[4096];
        off_t from = size > (off_t)sizeof(tail) ? size - (off_t)sizeof(tail) : 0;
        ssize_t n = pread(fd, tail, (size_t)(size - from), from);

        while (n > 0 && tail[n - 1] != '\n')
                n--;
        return n > 0 ? from + n : size;
}

static int put_pieces(int fd, const char *name, off_t size, struct clew_stream_writer *w)
{
        CLEW_FREE uint8_t *piece = clew_malloc(PIECE_BYTES);
        off_t at = 0;

        if (!piece)
                return -ENOMEM;
        do {
                size_t want = size - at > (off_t)PIECE_BYTES ? PIECE_BYTES : (size_t)(size - at);
                ssize_t n = want ? pread(fd, piece, want, at) : 0;

                if (n < 0 || (n == 0 && want))
                        return n < 0 ? -errno : -EIO;
                clew_stream_put(w, CLEW_STREAM_FILE, clew_slice_of_cstr(name),
                                clew_slice_make(piece, (size_t)n));
                at += n;
        } while (at < size && w->error == 0);
        return w->error;
}

/* 1 = it was put. */
static int put_file(const char *dir, int dir_fd, const char *name, struct clew_stream_writer *w,
                    struct clew_error *err)
{
        size_t n = strlen(name);
        struct stat st;
        off_t size;
        int fd;
        int r;

        if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : cannot(dir, name, err);
        if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_nlink != 1 ||
            st.st_size > FILE_BYTES_MAX)
                return 0;
        fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
                if (fd >= 0)
                        close(fd);
                return cannot(dir, name, err);
        }
        size = n > 6 && strcmp(name + n - 6, ".jsonl") == 0 ? whole_lines(fd, st.st_size)
                                                            : st.st_size;
        r = put_pieces(fd, name, size, w);
        close(fd);
        if (r < 0)
                return clew_error_set(err, r, 0, "store %s: copying %s: %s", dir, name,
                                      strerror(-r));
        return 1;
}

int clew_extra_files_put(const char *dir, int dir_fd, struct clew_stream_writer *w, uint32_t *ret_n,
                         const struct clew_keep_options *options, struct clew_error *err)
{
        int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *d = fd < 0 ? NULL : fdopendir(fd);
        const struct dirent *e;
        int r = 0;

        if (!d)
                return cannot(dir, "its directory", err);
        while (r >= 0 && (e = readdir(d)) != NULL) {
                if (is_left_out(e->d_name))
                        continue;
                r = put_file(dir, dir_fd, e->d_name, w, err);
                *ret_n += r == 1;
                if (r == 0 && options->finding)
                        options->finding(options->context, e->d_name,
                                         "is no plain file of this user; it is not in the backup");
        }
        closedir(d);
        return r < 0 ? r : 0;
}

/* ---- writing them ---------------------------------------------------------------------------- */

void clew_extra_writer_init(struct clew_extra_writer *w, const char *dir, int dir_fd)
{
        *w = (struct clew_extra_writer){.dir = dir, .dir_fd = dir_fd, .fd = -1};
        clew_buffer_init(&w->names, NAMES_BYTES_MAX);
}

static void close_one(struct clew_extra_writer *w)
{
        if (w->fd >= 0)
                close(w->fd);
        w->fd = -1;
}

void clew_extra_writer_undo(struct clew_extra_writer *w)
{
        for (size_t at = 0; at < w->names.len;) {
                const char *name = (const char *)w->names.data + at;

                (void)unlinkat(w->dir_fd, name, 0);
                at += strlen(name) + 1;
        }
        clew_buffer_clear(&w->names);
}

int clew_extra_writer_end(struct clew_extra_writer *w, struct clew_error *err)
{
        int r = 0;

        if (w->fd >= 0 && fsync(w->fd) < 0)
                r = cannot(w->dir, w->name, err);
        close_one(w);
        return r;
}

void clew_extra_writer_deinit(struct clew_extra_writer *w)
{
        close_one(w);
        clew_buffer_deinit(&w->names);
}

/* A name from a file that anybody may have made. */
static bool is_name(struct clew_slice key, char ret[256])
{
        if (key.len == 0 || key.len > 255 || memchr(key.data, '/', key.len) ||
            memchr(key.data, '\0', key.len))
                return false;
        memcpy(ret, key.data, key.len);
        ret[key.len] = '\0';
        return !is_left_out(ret);
}

int clew_extra_write(struct clew_extra_writer *w, const struct clew_stream_record *record,
                     struct clew_error *err)
{
        char name[256];
        int r = 0;

        if (!is_name(record->key, name))
                return clew_error_set(err, -EBADMSG, 0,
                                      "the backup names a file that cannot be beside a store");
        if (w->fd < 0 || strcmp(name, w->name) != 0) {
                r = clew_extra_writer_end(w, err);
                if (r < 0)
                        return r;
                memcpy(w->name, name, sizeof(name));
                clew_buffer_append(&w->names, name, strlen(name) + 1);
                if (clew_buffer_error(&w->names) < 0)
                        return clew_error_set(err, -ENOMEM, 0, "store %s: out of memory", w->dir);
                /* The directory is held, and holds nothing but what an interrupted restore left. */
                (void)unlinkat(w->dir_fd, name, 0);
                w->fd = openat(w->dir_fd, name,
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
                if (w->fd < 0)
                        return cannot(w->dir, name, err);
                w->n++;
        }
        r = clew_write_all(w->fd, record->value.data, record->value.len);
        errno = -r;
        return r < 0 ? cannot(w->dir, name, err) : 0;
}
