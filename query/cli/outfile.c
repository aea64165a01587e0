/*
 * See outfile.h.
 */
#include "query/cli/outfile.h"

#include "proto/base/mem.h"
#include "query/answer/safe.h"
#include "query/cli/leftover.h"
#include "query/cli/served-files.h"
#include "storage/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_MAX_BYTES 4096u

static int fail(struct clew_cli *cli, const char *what, const char *path)
{
        int code = errno ? errno : EIO;
        char name[256];

        clew_cli_error(cli, "cannot %s %s: %s", what,
                       clew_safe_cstr(clew_slice_of_cstr(path), name, sizeof(name)),
                       strerror(code));
        return code == EACCES || code == EPERM ? CLEW_EXIT_PERMISSION : CLEW_EXIT_STORE;
}

static int refuse(struct clew_cli *cli, const char *path, const char *why)
{
        char name[256];

        clew_cli_error(cli, "%s %s", clew_safe_cstr(clew_slice_of_cstr(path), name, sizeof(name)),
                       why);
        return CLEW_EXIT_USAGE;
}

/* The directory entry is durable only when its directory is. */
static void sync_directory_of(const char *path)
{
        CLEW_FREE char *dir = clew_strdup(path);
        char *slash = dir ? strrchr(dir, '/') : NULL;
        int fd;

        if (slash)
                slash[slash == dir ? 1 : 0] = '\0';
        fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0) {
                (void)fsync(fd);
                close(fd);
        }
}

static char *beside(const char *path, const char *ending)
{
        size_t size = strlen(path) + 48;
        char *p = clew_malloc(size);

        if (p)
                snprintf(p, size, "%s.%s-%ld", path, ending, (long)getpid());
        return p;
}

/* ---- files ---------------------------------------------------------------------------------- */

/* Served: a file of who asked. */
static int open_served(struct clew_outfile *f, struct clew_cli *cli, const char *path,
                       unsigned flags)
{
        int r;

        *f = (struct clew_outfile){.slot = -1, .summed = true};
        clew_sha256_init(&f->sum);
        f->path = clew_strdup(path);
        if (!f->path)
                return clew_cli_fail(cli, -ENOMEM, NULL);
        r = clew_served_file_open(cli, path, flags, &f->slot, &f->stream);
        if (r != 0) {
                clew_free(f->path);
                f->path = NULL;
        }
        return r;
}

static int close_served(struct clew_outfile *f, struct clew_cli *cli, bool keep)
{
        int r = clew_served_file_close(cli, f->slot, f->stream, keep);

        clew_free(f->path);
        *f = (struct clew_outfile){.slot = -1};
        return r;
}

int clew_outfile_open(struct clew_outfile *f, struct clew_cli *cli, const char *path, bool force)
{
        struct stat st;
        bool there;
        int fd;

        *f = (struct clew_outfile){.stream = cli->out, .slot = -1, .summed = true};
        clew_sha256_init(&f->sum);
        if (!path || strcmp(path, "-") == 0)
                return 0;
        if (clew_served())
                return open_served(f, cli, path, force ? CLEW_FRAME_FORCE : 0);
        f->stream = NULL;
        if (clew_store_holds_file(path))
                return refuse(cli, path,
                              "is part of a store, which writing it would destroy; name another "
                              "file");
        there = stat(path, &st) == 0;
        if (there && S_ISDIR(st.st_mode))
                return refuse(cli, path, "is a directory");
        if (there && S_ISREG(st.st_mode) && !force)
                return refuse(cli, path, "is there already: --force replaces it");
        f->path = clew_strdup(path);
        f->temp = there && !S_ISREG(st.st_mode) ? NULL : beside(path, "part");
        if (!f->path || (!f->temp && !(there && !S_ISREG(st.st_mode))))
                return clew_cli_fail(cli, -ENOMEM, NULL);
        clew_leftover_add(f->temp);
        errno = 0;
        fd = f->temp ? open(f->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)
                     : open(path, O_WRONLY | O_CLOEXEC);
        f->stream = fd < 0 ? NULL : fdopen(fd, "w");
        if (f->stream)
                return 0;
        if (fd >= 0)
                close(fd);
        else
                clew_leftover_forget(f->temp);
        return fail(cli, "write", path);
}

int clew_outfile_mode(struct clew_outfile *f, struct clew_cli *cli, unsigned mode)
{
        if (clew_served())
                return f->slot >= 0 ? clew_served_file_mode(cli, f->slot, mode) : 0;
        errno = 0;
        if (!f->temp || fchmod(fileno(f->stream), mode) == 0)
                return 0;
        return fail(cli, "write", f->path);
}

int clew_outfile_write(struct clew_outfile *f, struct clew_cli *cli, struct clew_slice bytes)
{
        errno = 0;
        if (fwrite(bytes.data, 1, bytes.len, f->stream) != bytes.len)
                return fail(cli, "write", f->path ? f->path : "the output");
        if (f->summed)
                clew_sha256_add(&f->sum, bytes);
        f->bytes += bytes.len;
        return 0;
}

int clew_outfile_close(struct clew_outfile *f, struct clew_cli *cli, bool keep)
{
        bool ok = f->stream != NULL;
        int r = 0;

        if (f->path && f->slot >= 0 && clew_served())
                return close_served(f, cli, keep);
        errno = 0;
        ok = ok && fflush(f->stream) == 0;
        if (f->path) {
                if (ok && f->temp && keep)
                        ok = fsync(fileno(f->stream)) == 0;
                if (f->stream && fclose(f->stream) != 0)
                        ok = false;
                if (ok && f->temp && keep)
                        ok = rename(f->temp, f->path) == 0;
        }
        if (!ok && keep && (f->path || f->stream))
                r = fail(cli, "write", f->path ? f->path : "the output");
        if (f->temp && ok && keep)
                sync_directory_of(f->path);
        else if (f->temp)
                unlink(f->temp);
        clew_leftover_forget(f->temp);
        clew_free(f->temp);
        clew_free(f->path);
        f->temp = f->path = NULL;
        f->stream = NULL;
        return r;
}

/* ---- directories ---------------------------------------------------------------------------- */

/* Removes the plain files of a flat directory, and it. */
static void remove_flat(const char *path)
{
        DIR *dir = opendir(path);
        struct dirent *e;
        char name[PATH_MAX_BYTES];

        while (dir && (e = readdir(dir)) != NULL) {
                if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
                        continue;
                if ((size_t)snprintf(name, sizeof(name), "%s/%s", path, e->d_name) < sizeof(name))
                        unlink(name);
        }
        if (dir)
                closedir(dir);
        rmdir(path);
}

static bool is_empty(const char *path)
{
        DIR *dir = opendir(path);
        struct dirent *e;
        bool empty = dir != NULL;

        while (dir && empty && (e = readdir(dir)) != NULL)
                empty = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
        if (dir)
                closedir(dir);
        return empty;
}

/* Ours: it may be replaced when that is asked for. */
static bool is_ours(const char *path)
{
        char name[PATH_MAX_BYTES];
        struct stat st;

        return (size_t)snprintf(name, sizeof(name), "%s/manifest.json", path) < sizeof(name) &&
               stat(name, &st) == 0 && S_ISREG(st.st_mode);
}

int clew_outdir_open(struct clew_outdir *d, struct clew_cli *cli, const char *path, bool force)
{
        struct stat st;
        size_t len = strlen(path);

        *d = (struct clew_outdir){0};
        d->path = clew_strdup(path);
        if (d->path && clew_served())
                return clew_served_dir_open(cli, path, force);
        while (d->path && len > 1 && d->path[len - 1] == '/')
                d->path[--len] = '\0';
        d->temp = d->path ? beside(d->path, "part") : NULL;
        if (!d->temp)
                return clew_cli_fail(cli, -ENOMEM, NULL);
        if (stat(d->path, &st) == 0) {
                bool may = S_ISDIR(st.st_mode) && (is_empty(d->path) || is_ours(d->path));

                if (!S_ISDIR(st.st_mode))
                        return refuse(cli, path, "is there already, and no directory");
                if (!force && !is_empty(d->path))
                        return refuse(cli, path, "is there already: --force replaces it");
                if (!may)
                        return refuse(cli, path,
                                      "holds no manifest.json of an export: it is not replaced");
        }
        clew_leftover_add(d->temp);
        errno = 0;
        if (mkdir(d->temp, 0700) < 0) {
                int r = fail(cli, "make", d->temp);

                clew_leftover_forget(d->temp);
                clew_free(d->temp);
                d->temp = NULL;
                return r;
        }
        return 0;
}

int clew_outdir_file(struct clew_outdir *d, struct clew_cli *cli, const char *name,
                     struct clew_outfile *ret)
{
        char path[PATH_MAX_BYTES];

        if (clew_served())
                return open_served(ret, cli, name, CLEW_FRAME_IN_DIR);
        if ((size_t)snprintf(path, sizeof(path), "%s/%s", d->temp, name) >= sizeof(path)) {
                errno = ENAMETOOLONG;
                return fail(cli, "write", name);
        }
        return clew_outfile_open(ret, cli, path, false);
}

static bool put_in_place(struct clew_outdir *d)
{
        CLEW_FREE char *old = beside(d->path, "old");
        struct stat st;

        if (!old)
                return false;
        if (stat(d->path, &st) == 0 && rename(d->path, old) < 0)
                return false;
        if (rename(d->temp, d->path) < 0) {
                (void)rename(old, d->path);
                return false;
        }
        remove_flat(old);
        return true;
}

int clew_outdir_close(struct clew_outdir *d, struct clew_cli *cli, bool keep)
{
        int r = 0;

        if (d->path && clew_served()) {
                clew_free(d->path);
                d->path = NULL;
                return clew_served_dir_close(cli, keep);
        }
        if (d->temp && keep) {
                errno = 0;
                if (put_in_place(d))
                        sync_directory_of(d->path);
                else
                        r = fail(cli, "write", d->path);
                keep = r == 0;
        }
        if (d->temp && !keep)
                remove_flat(d->temp);
        clew_leftover_forget(d->temp);
        clew_free(d->temp);
        clew_free(d->path);
        *d = (struct clew_outdir){0};
        return r;
}
