/*
 * A reader's directory, and opening it.
 *
 * The directory has a file CLEW_READER_FILE, which this process holds locked. In it stands how many
 * starts have ended before they came to a whole step: what is damaged so that it ends its reader is
 * made anew after some of them.
 */
#include "storage/tier/tier-follow-int.h"

#include "proto/base/clock.h"
#include "proto/base/mem.h"
#include "storage/base/directory-int.h"
#include "storage/base/own-file-int.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Starts that did not come to a whole step. */
#define STARTS_MAX 3

/* ---- the directory --------------------------------------------------------------------------- */

bool clew_follow_is_cache(const char *dir)
{
        char path[PATH_MAX];
        struct stat st;

        return snprintf(path, sizeof(path), "%s/" CLEW_READER_FILE, dir) < (int)sizeof(path) &&
               lstat(path, &st) == 0;
}

static int read_starts(int fd)
{
        char digit = '0';

        return pread(fd, &digit, 1, 0) == 1 && digit >= '0' && digit <= '9' ? digit - '0' : 0;
}

void clew_follow_write_starts(int fd, int n)
{
        char line[2] = {(char)('0' + n), '\n'};

        (void)!pwrite(fd, line, sizeof(line), 0);
}

static int is_store(int dir_fd)
{
        return faccessat(dir_fd, CLEW_DATA_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* @ret_fd holds the directory for this process; @ret_new: nobody has had it before. */
static int take_directory(const char *dir, int *ret_dir, int *ret_fd, bool *ret_new,
                          struct clew_error *err)
{
        int r = mkdir(dir, 0700) < 0 && errno != EEXIST ? -errno : 0;

        if (r < 0)
                return clew_error_set(err, r, 0, "%s: cannot be made: %s", dir, strerror(-r));
        r = clew_own_directory_open(dir, ret_dir, err);
        if (r < 0)
                return r;
        r = clew_own_file_open(dir, *ret_dir, CLEW_READER_FILE, O_RDWR, ret_fd, err);
        *ret_new = r == -ENOENT;
        if (r == -ENOENT && is_store(*ret_dir))
                r = clew_error_set(err, -EEXIST, 0,
                                   "%s: is a store of its own, and no reader's: name another "
                                   "directory with --store (what a reader has there is made of the "
                                   "bucket)",
                                   dir);
        else if (r == -ENOENT)
                r = clew_own_file_open(dir, *ret_dir, CLEW_READER_FILE, O_RDWR | O_CREAT, ret_fd,
                                       err);
        if (r == 0 && flock(*ret_fd, LOCK_EX | LOCK_NB) < 0) {
                close(*ret_fd);
                r = clew_error_set(err, -EBUSY, 0,
                                   "%s: another reader has it: each needs a directory of its own "
                                   "(--store)",
                                   dir);
        }
        if (r < 0)
                close(*ret_dir);
        return r;
}

/* All that is made of the bucket goes; keys, and the log of who did what, stay. The sign of an
 * unfinished creation stands first: who is killed here begins again. */
static int begin_anew(const char *dir, int dir_fd, struct clew_error *err)
{
        static const char *const names[] = {CLEW_DATA_FILE, CLEW_LOCK_FILE,
                                            CLEW_TIER_MAP_DIR "/" CLEW_DATA_FILE,
                                            CLEW_TIER_MAP_DIR "/" CLEW_LOCK_FILE};
        int fd = -1;
        int r = clew_own_file_open(dir, dir_fd, CLEW_CREATING_FILE, O_RDWR | O_CREAT, &fd, err);

        if (r < 0)
                return r;
        close(fd);
        for (size_t i = 0; r == 0 && i < CLEW_ARRAY_LEN(names); i++) {
                if (unlinkat(dir_fd, names[i], 0) < 0 && errno != ENOENT && errno != ENOTDIR)
                        r = clew_error_set(err, -errno, 0, "%s/%s: cannot be removed: %s", dir,
                                           names[i], strerror(errno));
        }
        return r;
}

/* ---- opening --------------------------------------------------------------------------------- */

/* Of which bucket it is, without what only says how it is reached. */
static bool is_same_bucket(const char *a, const char *b)
{
        size_t n = strcspn(a, "?");

        return n == strcspn(b, "?") && memcmp(a, b, n) == 0;
}

/* Store and map may be lost one without the other: then all is compared at the first step. */
static int check_known(struct clew_tier *t, const struct clew_state *state, struct clew_error *err)
{
        CLEW_BUFFER known = {0};
        int r;

        clew_buffer_init(&known, (size_t)1 << 30);
        r = clew_tier_map_segments(t->map, &known, err);
        t->follow->is_suspect = known.len / sizeof(uint64_t) != state->segments;
        return r;
}

/* As which version it is known what the writer has. */
static void read_version(struct clew_tier *t, struct clew_follow_status *s)
{
        struct clew_error ignored;

        if (clew_tier_map_get_number(t->map, clew_tier_key(t, "version").text, &s->version,
                                     &ignored) < 0 ||
            clew_tier_map_get_number(t->map, clew_tier_key(t, "written").text, &s->written_ns,
                                     &ignored) < 0 ||
            clew_tier_map_get_number(t->map, clew_tier_key(t, "segments").text, &s->segments,
                                     &ignored) < 0)
                s->version = s->written_ns = s->segments = 0;
}

static int tie(struct clew_tier *t, const char *dir, const struct clew_follow_options *o,
               struct clew_error *err)
{
        struct clew_follow_status *s = &t->follow->status;
        struct clew_state state = {0};
        char url[CLEW_BUCKET_URL_MAX];
        uint64_t wipe = 0;
        int r = clew_tier_map_open(dir, o->cache_bytes ? o->cache_bytes : CLEW_TIER_CACHE_BYTES,
                                   true, &t->map, err);

        if (r == 0)
                r = clew_tier_map_get_text(t->map, "url", url, sizeof(url), err);
        if (r == 0 && !is_same_bucket(url, o->url))
                return clew_error_set(err, -EEXIST, 0,
                                      "%s: follows %s: name another directory with --store", dir,
                                      url);
        if (r == 0 || r == -ENOENT)
                r = clew_tier_map_put_text(t->map, "url", o->url, err);
        if (r == 0)
                r = clew_tier_map_put_text(t->map, "gap", "", err);
        if (r < 0)
                return r;
        read_version(t, s);
        s->to_wipe = clew_tier_map_get_number(t->map, "wipe", &wipe, err) == 0 && wipe > 0;
        r = clew_tier_read_own(t, &state, err);
        return r < 0 ? r : check_known(t, &state, err);
}

static struct clew_follow *follow_new(int fd)
{
        struct clew_follow *f = clew_calloc(1, sizeof(*f));
        pthread_condattr_t attr;

        if (!f)
                return NULL;
        f->fd = fd;
        f->retry_pause_ns = CLEW_FOLLOW_RETRY_NS;
        pthread_mutex_init(&f->lock, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&f->wake, &attr);
        pthread_condattr_destroy(&attr);
        return f;
}

struct clew_follow *clew_follow_of_writer(struct clew_tier *t)
{
        struct clew_follow *f = follow_new(-1);

        if (!f)
                return NULL;
        read_version(t, &f->status);
        f->is_suspect = t->root->follow->is_suspect;
        return f;
}

void clew_follow_free(struct clew_follow *f)
{
        if (!f)
                return;
        if (f->fd >= 0)
                close(f->fd);
        clew_nodes_free(f->nodes);
        clew_free(f->said);
        pthread_cond_destroy(&f->wake);
        pthread_mutex_destroy(&f->lock);
        clew_free(f);
}

/* What opens is no proof that all of it is whole. */
static int open_once(const char *dir, int fd, const struct clew_follow_options *o,
                     struct clew_store **ret_store, struct clew_tier **ret, struct clew_error *err)
{
        const struct clew_store_options options = {.mode = CLEW_STORE_COLLECT,
                                                   .deriver = o->deriver};
        const struct clew_tier_options tier = {
                .url = o->url, .finding = o->finding, .context = o->context};
        struct clew_store *store = NULL;
        struct clew_tier *t = NULL;
        int r = clew_store_open(dir, &options, &store, err);

        if (r < 0)
                return r;
        t = clew_tier_new(store, &tier);
        if (t)
                t->follow = follow_new(fd);
        if (t && t->follow)
                t->follow->nodes = clew_nodes_new(o->tail_key, o->tail_ca);
        r = t && t->follow && t->follow->nodes ? tie(t, dir, o, err)
                                               : clew_error_set(err, -ENOMEM, 0, "out of memory");
        if (r < 0) {
                if (t && t->follow)
                        t->follow->fd = -1; /* the caller's still */
                clew_tier_free(t);
                clew_store_close(store);
                return r;
        }
        clew_tier_set_away(t);
        *ret_store = store;
        *ret = t;
        return 0;
}

int clew_follow_open(const char *dir, const struct clew_follow_options *options,
                     struct clew_store **ret_store, struct clew_tier **ret, bool *ret_anew,
                     struct clew_error *err)
{
        int dir_fd = -1;
        int fd = -1;
        bool is_new = false;
        int starts;
        int r = take_directory(dir, &dir_fd, &fd, &is_new, err);

        *ret_anew = false;
        if (r < 0)
                return r;
        starts = read_starts(fd);
        if (starts >= STARTS_MAX) {
                *ret_anew = true;
                starts = 0;
                r = begin_anew(dir, dir_fd, err);
        }
        clew_follow_write_starts(fd, starts + 1);
        if (r == 0)
                r = open_once(dir, fd, options, ret_store, ret, err);
        if (!is_new && (r == -EBADMSG || r == -EPROTONOSUPPORT || r == -EINVAL)) {
                *ret_anew = true;
                r = begin_anew(dir, dir_fd, err);
                if (r == 0)
                        r = open_once(dir, fd, options, ret_store, ret, err);
        }
        if (r < 0 && is_new)
                (void)unlinkat(dir_fd, CLEW_READER_FILE, 0);
        close(dir_fd);
        if (r < 0)
                close(fd);
        return r;
}
