/*
 * A reader: storage/follow.h; README.md, "Readers".
 *
 * A step asks for the next version of the catalog by its name. What it says of segments that is not
 * as it was said before is brought in, or taken out, segment by segment; whoever is killed has a
 * store that is whole, and the next start compares all of it once.
 *
 * The directory has a file CLEW_READER_FILE, which this process holds locked. In it stands how many
 * starts have ended before they came to a whole step: what is damaged so that it ends its reader is
 * made anew after some of them.
 */
#include "storage/follow.h"

#include "proto/base/clock.h"
#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "storage/base/directory-int.h"
#include "storage/base/own-file-int.h"
#include "storage/erase.h"
#include "storage/source/erasure-int.h"
#include "storage/tier/tier-int.h"
#include "storage/tier/tier-node-int.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* A version that names objects which are gone is followed by another; so often it is asked for. */
#define ROUNDS_MAX 8u
/* What could not be read is tried again, later each time. */
#define RETRY_NS (15 * CLEW_NS_PER_S)
#define RETRY_NS_MAX (600 * CLEW_NS_PER_S)
/* A catalog is made of all footers at most so often. */
#define REBUILD_NS (30 * CLEW_NS_PER_S)
/* Before the first version somebody may be about to make it. */
#define FIRST_NS (5 * CLEW_NS_PER_S)
/* Wiping reads the free part of the file: so long after the last time, and so many times as long as
 * that took. */
#define WIPE_EVERY_NS (20 * CLEW_NS_PER_S)
#define WIPE_SHARE 20u
/* An index of its own for each segment that came in: put together after so many. */
#define MERGE_AFTER 8u
/* So often it is looked whether another process misses an object. */
#define ASKED_NS (CLEW_NS_PER_S / 4)
/* Starts that did not come to a whole step. */
#define STARTS_MAX 3
#define STARTS_DAMAGED 9
#define TIME_BYTES 32u

/* A segment as the catalog that is here says it. */
struct said {
        uint64_t segment;
        uint64_t mark; /* of its object and of what lives in it */
};

struct clew_follow {
        struct clew_nodes *nodes;
        char gap[CLEW_FOLLOW_GAP_BYTES]; /* as other processes are told */
        int fd;                          /* of CLEW_READER_FILE */
        bool is_settled;                 /* whose the bucket is has been asked */
        bool is_suspect;                 /* something that should be here is not: all is compared */
        bool is_whole; /* all of the catalog is here; else all is compared again */
        struct said *said;
        size_t n_said;
        uint64_t erased;   /* as it said then */
        uint64_t retry_ns; /* when what could not be read is tried again */
        uint64_t retry_pause_ns;
        uint64_t rebuild_ns; /* not before */
        uint64_t first_ns;   /* since when there is no version */
        uint64_t wipe_ns;    /* not before */
        uint64_t suspect_ns; /* not before */
        uint64_t unmerged;   /* segments that came in */
        pthread_mutex_t lock;
        pthread_cond_t wake;
        uint64_t
                asked; /* segment that somebody looked for in vain; guarded by lock, as all below */
        bool hurried;
        bool ended;
        struct clew_follow_status status;
};

static uint64_t now_ns(void)
{
        return clew_clock_monotonic_ns(clew_clock_system());
}

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

/* A hint: nothing depends on it. */
static void write_starts(int fd, int n)
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
        if (clew_tier_map_get_number(t->map, "version", &s->version, err) < 0 ||
            clew_tier_map_get_number(t->map, "written", &s->written_ns, err) < 0 ||
            clew_tier_map_get_number(t->map, "segments", &s->segments, err) < 0)
                s->version = s->written_ns = s->segments = 0;
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
        f->retry_pause_ns = RETRY_NS;
        pthread_mutex_init(&f->lock, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&f->wake, &attr);
        pthread_condattr_destroy(&attr);
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
        write_starts(fd, starts + 1);
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

/* ---- what has changed ------------------------------------------------------------------------ */

static uint64_t mark_of(const struct clew_tier_item *item)
{
        const uint64_t words[] = {item->place.digest, item->place.end,
                                  clew_hash(clew_slice_make(item->live, item->live_len))};

        return clew_hash(clew_slice_make(words, sizeof(words)));
}

/* Keeps what the catalog says now. */
static int keep_said(struct clew_tier *t)
{
        struct clew_follow *f = t->follow;
        struct said *all = clew_calloc(t->catalog.n + 1, sizeof(*all));

        if (!all)
                return -ENOMEM;
        for (size_t i = 0; i < t->catalog.n; i++)
                all[i] = (struct said){t->catalog.items[i].segment, mark_of(&t->catalog.items[i])};
        clew_free(f->said);
        f->said = all;
        f->n_said = t->catalog.n;
        f->erased = t->catalog.erased;
        return 0;
}

/* Appends the segments of which the catalog says something else than before. Both are sorted.
 * Returns whether anything may have to go here. */
static bool find_changes(const struct clew_tier *t, struct clew_buffer *ret)
{
        const struct clew_follow *f = t->follow;
        const struct clew_tier_catalog *c = &t->catalog;
        bool goes = false;
        size_t i = 0;
        size_t j = 0;

        while (i < c->n || j < f->n_said) {
                uint64_t now = i < c->n ? c->items[i].segment : UINT64_MAX;
                uint64_t before = j < f->n_said ? f->said[j].segment : UINT64_MAX;
                uint64_t segment = now < before ? now : before;
                bool same = now == before && mark_of(&c->items[i]) == f->said[j].mark;

                if (!same)
                        clew_buffer_append(ret, &segment, sizeof(segment));
                goes = goes || (!same && before == segment);
                i += now == segment;
                j += before == segment;
        }
        return goes;
}

/* ---- wiping ---------------------------------------------------------------------------------- */

static void set_to_wipe(struct clew_follow *f, bool on)
{
        pthread_mutex_lock(&f->lock);
        f->status.to_wipe = on;
        pthread_mutex_unlock(&f->lock);
}

/* Noted before anything goes. */
static int want_wipe(struct clew_tier *t, struct clew_error *err)
{
        int r = 0;

        if (!t->follow->status.to_wipe)
                r = clew_tier_map_put_number(t->map, "wipe", 1, err);
        if (r == 0)
                set_to_wipe(t->follow, true);
        return r;
}

static int want_erasure(void *context, MDB_txn *txn, struct clew_state *state,
                        struct clew_error *err)
{
        struct clew_env *env = context;
        struct clew_erasure e;
        int r = clew_erasure_read(env, txn, &e, err);

        (void)state;
        if (r < 0 || e.wanted != e.done)
                return r;
        e.wanted++;
        return clew_erasure_write(env, txn, &e, err);
}

/* Bytes of what is gone: out of indexes and free pages of the store, and of what is kept of the
 * bucket. What a reader of the store still holds waits for the next time. */
static int wipe(struct clew_tier *t, struct clew_error *err)
{
        const struct clew_rewrite_options options = {0};
        struct clew_erasure_status status;
        struct clew_follow *f = t->follow;
        uint64_t began = now_ns();
        bool is_wiped = false;
        int r = clew_tier_write(t, want_erasure, t->store->env, err);

        if (r == 0)
                r = clew_store_finish_erasure(t->store, &options, &status, err);
        if (r == 0)
                r = clew_tier_map_wipe(t->map, &is_wiped, err);
        f->wipe_ns = now_ns() + WIPE_EVERY_NS + WIPE_SHARE * (now_ns() - began);
        if (r < 0 || !status.is_wiped || !is_wiped)
                return r;
        r = clew_tier_map_put_number(t->map, "wipe", 0, err);
        if (r == 0)
                set_to_wipe(f, false);
        return r;
}

/* ---- a step ---------------------------------------------------------------------------------- */

static int nothing_there(const struct clew_tier *t, struct clew_error *err)
{
        return clew_error_set(err, -ENXIO, 0,
                              "%s: no store has its objects there yet (clewd --objects puts them)",
                              t->url);
}

static int settle(struct clew_tier *t, struct clew_object_bucket *b, struct clew_error *err)
{
        struct clew_state state;
        int r = clew_tier_read_own(t, &state, err);

        if (r == 0)
                r = clew_tier_settle_identity(t, b, false, &state, err);
        if (r == -ENXIO)
                return nothing_there(t, err);
        t->follow->is_settled = r == 0;
        return r;
}

/* The catalog, or one made of the objects when it is damaged or lost. */
static int read_catalog(struct clew_tier *t, struct clew_object_bucket *b, struct clew_error *err)
{
        struct clew_follow *f = t->follow;
        uint64_t now = now_ns();
        int r = clew_tier_catalog_read(b, &t->catalog, err);
        bool is_lost = r == 0 && t->catalog.version == 0;

        if (r != -EBADMSG && !is_lost) {
                f->first_ns = 0;
                return r;
        }
        clew_tier_catalog_deinit(&t->catalog);
        if (is_lost && f->first_ns == 0)
                f->first_ns = now;
        if (is_lost && (now - f->first_ns < FIRST_NS || now < f->rebuild_ns))
                return f->status.version > 0 ? clew_error_set(err, -EIO, 0,
                                                              "%s: its catalog is not there any "
                                                              "more",
                                                              t->url)
                                             : nothing_there(t, err);
        if (now < f->rebuild_ns)
                return r;
        f->rebuild_ns = now + REBUILD_NS;
        if (r == -EBADMSG)
                clew_tier_tell(t, t->url, err->message);
        f->is_settled = false; /* the bucket may be another's, or empty */
        r = settle(t, b, err);
        if (r == 0)
                r = clew_tier_rebuild(t, err);
        if (r == 0 && t->catalog.n == 0)
                r = nothing_there(t, err);
        return r;
}

static int bring_in(struct clew_tier *t, struct clew_tier_stats *stats, struct clew_error *err)
{
        struct clew_follow *f = t->follow;
        CLEW_BUFFER changes = {0};
        bool goes = true;
        int r = 0;

        clew_buffer_init(&changes, (size_t)1 << 30);
        if (f->is_whole) {
                goes = find_changes(t, &changes);
                r = clew_buffer_error(&changes);
                if (r < 0)
                        return clew_error_set(err, r, 0, "out of memory");
        }
        if ((goes || t->catalog.erased != f->erased) && f->status.version > 0)
                r = want_wipe(t, err);
        if (r == 0 && f->is_whole)
                r = clew_tier_adopt_some(t, (const uint64_t *)(const void *)changes.data,
                                         changes.len / sizeof(uint64_t), stats, err);
        else if (r == 0)
                r = clew_tier_adopt(t, stats, err);
        if (r == 0)
                r = keep_said(t);
        f->is_whole = r == 0 && stats->damaged + stats->missing == 0;
        f->unmerged += stats->adopted;
        if (stats->adopted == 1 && f->unmerged >= MERGE_AFTER)
                clew_tier_merge_indexes(t);
        if (f->unmerged >= MERGE_AFTER)
                f->unmerged = 0;
        return r;
}

/* What is here now is what the bucket has. */
static int keep_version(struct clew_tier *t, const struct clew_tier_stats *stats,
                        struct clew_error *err)
{
        struct clew_follow *f = t->follow;
        const struct clew_tier_catalog *c = &t->catalog;
        bool is_new = c->version != f->status.version || c->n != f->status.segments;
        int r = is_new ? clew_tier_map_put_number(t->map, "written", c->written_ns, err) : 0;

        if (r == 0 && is_new)
                r = clew_tier_map_put_number(t->map, "segments", c->n, err);
        if (r == 0 && is_new)
                r = clew_tier_map_put_number(t->map, "version", c->version, err);
        pthread_mutex_lock(&f->lock);
        f->status.version = c->version;
        f->status.written_ns = c->written_ns;
        f->status.segments = c->n;
        f->status.left_aside = stats->damaged + stats->missing;
        pthread_mutex_unlock(&f->lock);
        return r;
}

/* 1 = there is nothing new, 0 = the catalog has been read. */
static int look(struct clew_tier *t, struct clew_object_bucket *b, struct clew_error *err)
{
        struct clew_follow *f = t->follow;
        uint64_t before = t->catalog.version;
        bool retry = f->is_suspect || (!f->is_whole && f->said && now_ns() >= f->retry_ns);
        int r;

        if (f->is_suspect)
                f->is_whole = false;
        f->is_suspect = false;

        /* After a start, with nothing new since the end. */
        if (before == 0 && f->status.version > 0 && !f->said && !retry) {
                r = clew_tier_catalog_is_last(b, f->status.version, err);
                if (r != 0)
                        return r;
        }
        r = read_catalog(t, b, err);
        if (r < 0)
                return r;
        return before > 0 && t->catalog.version == before && !retry;
}

static int follow(struct clew_tier *t, struct clew_tier_stats *stats, struct clew_error *err)
{
        struct clew_follow *f = t->follow;
        struct clew_object_bucket *b = NULL;
        int r = clew_tier_bucket(t, &b, err);

        if (r == -ENOENT)
                return f->status.version > 0 ? r : nothing_there(t, err);
        if (r == 0 && !f->is_settled)
                r = settle(t, b, err);
        for (unsigned i = 0; r == 0 && i < ROUNDS_MAX; i++) {
                r = look(t, b, err);
                if (r != 0)
                        return r == 1 ? 0 : r;
                stats->missing = stats->damaged = 0;
                r = bring_in(t, stats, err);
                if (r == 0)
                        r = keep_version(t, stats, err);
                if (stats->missing == 0)
                        break;
        }
        if (r == 0 && !f->is_whole) {
                f->retry_ns = now_ns() + f->retry_pause_ns;
                f->retry_pause_ns =
                        f->retry_pause_ns > RETRY_NS_MAX / 2 ? RETRY_NS_MAX : 2 * f->retry_pause_ns;
        } else if (r == 0) {
                f->retry_pause_ns = RETRY_NS;
        }
        return r;
}

/* For who asks, here and in other processes. */
static void tell(struct clew_tier *t, int r, const struct clew_error *err)
{
        struct clew_follow *f = t->follow;
        bool is_first;

        pthread_mutex_lock(&f->lock);
        is_first = f->status.checked_ns == 0;
        f->status.is_empty = r == -ENXIO;
        if (r == 0) {
                f->status.checked_ns = clew_clock_unix_ns(t->store->clock);
                f->status.failing_ns = 0;
                f->status.error[0] = '\0';
        } else {
                if (f->status.failing_ns == 0)
                        f->status.failing_ns = clew_clock_unix_ns(t->store->clock);
                snprintf(f->status.error, sizeof(f->status.error), "%s", err->message);
        }
        pthread_mutex_unlock(&f->lock);
        if (r == 0 && is_first && !f->status.is_damaged)
                write_starts(f->fd, 0);
}

static void tell_gap(struct clew_tier *t)
{
        struct clew_follow *f = t->follow;
        char gap[CLEW_FOLLOW_GAP_BYTES] = "";
        struct clew_error ignored;

        (void)clew_follow_gap(t, gap, sizeof(gap));
        if (strcmp(gap, f->gap) == 0)
                return;
        memcpy(f->gap, gap, sizeof(gap));
        (void)!clew_tier_map_put_text(t->map, "gap", gap, &ignored);
}

/* What nodes have not sealed, once it is known whose bucket it is. */
static int follow_tails(struct clew_tier *t, int followed, struct clew_error *err)
{
        struct clew_follow *f = t->follow;
        struct clew_object_bucket *b = NULL;
        struct clew_error ignored;
        bool is_erased = false;
        int r;

        if (!f->is_settled)
                return 0;
        if ((followed == 0 || followed == -ENXIO) && clew_tier_bucket(t, &b, &ignored) < 0)
                b = NULL;
        /* What was left aside of the bucket may be what the tail still has. */
        r = clew_nodes_step(f->nodes, t, b, f->status.left_aside > 0 ? 0 : f->status.version,
                            &is_erased, err);
        return r == 0 && is_erased ? want_wipe(t, err) : r;
}

/* Found damaged here, not in the bucket: the next start makes it anew. */
static bool is_own_damage(struct clew_tier *t, int r)
{
        return r == -EBADMSG && t->catalog.n > 0;
}

int clew_follow_step(struct clew_tier *t, struct clew_tier_stats *stats, struct clew_error *err)
{
        struct clew_follow *f = t->follow;
        int r;

        memset(stats, 0, sizeof(*stats));
        r = follow(t, stats, err);
        if (is_own_damage(t, r)) {
                write_starts(f->fd, STARTS_DAMAGED);
                pthread_mutex_lock(&f->lock);
                f->status.is_damaged = true;
                pthread_mutex_unlock(&f->lock);
        }
        stats->version = f->status.version;
        stats->segments = f->status.segments;
        tell(t, r, err);
        if (r == 0 || r == -ENXIO || f->status.version > 0) {
                struct clew_error own = {.code = 0};
                int q = follow_tails(t, r, &own);

                if (q < 0) {
                        r = q;
                        *err = own;
                }
        }
        tell_gap(t);
        if (f->status.to_wipe && now_ns() >= f->wipe_ns) {
                struct clew_error own = {.code = 0};
                int q = wipe(t, r == 0 ? err : &own);

                r = r == 0 ? q : r;
        }
        return r;
}

/* ---- for other threads ----------------------------------------------------------------------- */

/* Other processes ask by a number in the map. */
static bool was_asked(struct clew_tier *t)
{
        struct clew_follow *f = t->follow;
        struct clew_error ignored;
        uint64_t segment = 0;

        if (clew_tier_map_get_number(t->map, "asked", &segment, &ignored) < 0 || segment == 0)
                return false;
        pthread_mutex_lock(&f->lock);
        f->asked = segment;
        pthread_mutex_unlock(&f->lock);
        (void)!clew_tier_map_put_number(t->map, "asked", 0, &ignored);
        return true;
}

/* What is not known of a segment that the catalog has was lost here. */
static void suspect(struct clew_tier *t, uint64_t segment)
{
        struct clew_follow *f = t->follow;
        struct clew_tier_known known;
        struct clew_error ignored;

        if (segment == 0 || now_ns() < f->suspect_ns ||
            clew_tier_map_find(t->map, segment, &known, &ignored) != -ENOENT)
                return;
        f->is_suspect = true;
        f->suspect_ns = now_ns() + RETRY_NS;
}

bool clew_follow_rest(struct clew_tier *t, uint64_t ns)
{
        struct clew_follow *f = t->follow;
        uint64_t end = now_ns() + ns;
        bool goes_on = true;
        uint64_t asked;

        pthread_mutex_lock(&f->lock);
        while (!f->ended && !f->hurried && now_ns() < end) {
                uint64_t left = end - now_ns();
                struct timespec until = clew_clock_deadline(left < ASKED_NS ? left : ASKED_NS);
                bool is_over;

                is_over = pthread_cond_timedwait(&f->wake, &f->lock, &until) == ETIMEDOUT;
                pthread_mutex_unlock(&f->lock);
                if (is_over && was_asked(t))
                        end = 0;
                pthread_mutex_lock(&f->lock);
        }
        f->hurried = false;
        goes_on = !f->ended;
        asked = f->asked;
        f->asked = 0;
        pthread_mutex_unlock(&f->lock);
        suspect(t, asked);
        return goes_on;
}

void clew_follow_hurry(struct clew_follow *f, uint64_t segment)
{
        pthread_mutex_lock(&f->lock);
        f->hurried = true;
        f->asked = segment;
        pthread_cond_signal(&f->wake);
        pthread_mutex_unlock(&f->lock);
}

void clew_follow_end(struct clew_follow *f)
{
        pthread_mutex_lock(&f->lock);
        f->ended = true;
        pthread_cond_signal(&f->wake);
        pthread_mutex_unlock(&f->lock);
        clew_nodes_stop(f->nodes);
}

void clew_follow_status(struct clew_tier *t, struct clew_follow_status *ret)
{
        pthread_mutex_lock(&t->follow->lock);
        *ret = t->follow->status;
        pthread_mutex_unlock(&t->follow->lock);
        clew_nodes_count(t->follow->nodes, &ret->nodes, &ret->nodes_reached);
        ret->cached_bytes = clew_tier_map_cached_bytes(t->map);
}

static void time_text(uint64_t ns, char ret[TIME_BYTES])
{
        time_t s = (time_t)(ns / CLEW_NS_PER_S);
        struct tm tm;

        if (!gmtime_r(&s, &tm) || strftime(ret, TIME_BYTES, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
                ret[0] = '\0';
}

static bool gap_of(struct clew_tier *t, char *ret, size_t size)
{
        struct clew_follow_status s;
        char since[TIME_BYTES];
        char tails[CLEW_FOLLOW_GAP_BYTES] = "";
        bool has_tails = clew_nodes_gap(t->follow->nodes, tails, sizeof(tails));
        size_t n = 0;

        clew_follow_status(t, &s);
        if (s.failing_ns > 0 && !(s.is_empty && s.version == 0)) {
                time_text(s.failing_ns, since);
                n = (size_t)snprintf(
                        ret, size,
                        "the bucket cannot be followed since %s, what was sealed later "
                        "is not here: %s",
                        since, s.error);
        }
        if (has_tails && n < size)
                n += (size_t)snprintf(ret + n, size - n, "%s%s", n ? "; " : "", tails);
        return n > 0;
}

bool clew_follow_gap(struct clew_tier *t, char *ret, size_t size)
{
        struct clew_error ignored;

        ret[0] = '\0';
        if (!t || !t->map)
                return false;
        if (t->follow)
                return gap_of(t, ret, size);
        return clew_tier_map_get_text(t->map, "gap", ret, size, &ignored) == 0 && ret[0];
}
