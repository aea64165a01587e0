/*
 * A mirror: a store that one process after the other brings to what a bucket has, and reads.
 */
#include "storage/tier/tier-second-int.h"

#include "proto/base/clock.h"
#include "storage/erase.h"
#include "storage/source/erasure-int.h"
#include "storage/tier/mirror-lock-int.h"
#include "storage/tier/tier-gone-int.h"
#include "storage/tier/tier-int.h"
#include "storage/tier/tier-purge-int.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As long as a bucket that is silent may be waited for by who brings a mirror up to date. */
#define PATIENCE_NS (60 * CLEW_NS_PER_S)

static int want_wipe(void *context, MDB_txn *txn, struct clew_state *state, struct clew_error *err)
{
        struct clew_tier *t = context;
        struct clew_erasure e;
        int r = clew_erasure_read(t->store->env, txn, &e, err);

        (void)state;
        e.wanted++;
        return r < 0 ? r : clew_erasure_write(t->store->env, txn, &e, err);
}

/* What was deleted or redacted where this comes from is no bytes of this file either. When somebody
 * reads the mirror at this moment, the next one does it. */
static int wipe_mirror(struct clew_tier *t, bool is_fresh, bool *ret_done, struct clew_error *err)
{
        const struct clew_tier_key key = clew_tier_key(t, "erased");
        const struct clew_rewrite_options options = {0};
        struct clew_erasure_status status;
        uint64_t wiped = 0;
        int r = clew_tier_map_get_number(t->map, key.text, &wiped, err);

        *ret_done = true;
        if (r < 0 && r != -ENOENT)
                return r;
        if (wiped == t->catalog.erased)
                return 0;
        if (is_fresh)
                return clew_tier_map_put_number(t->map, key.text, t->catalog.erased, err);
        r = clew_tier_write(t, want_wipe, t, err);
        if (r == 0)
                r = clew_store_finish_erasure(t->store, &options, &status, err);
        if (r == 0)
                r = clew_tier_map_wipe(t->map, ret_done, err);
        *ret_done = *ret_done && r == 0 && status.is_wiped;
        return *ret_done ? clew_tier_map_put_number(t->map, key.text, t->catalog.erased, err) : r;
}

/* What one writer has. */
static int mirror_one(struct clew_tier *t, const struct clew_state *state,
                      struct clew_tier_stats *stats, struct clew_error *err)
{
        const struct clew_tier_key key = clew_tier_key(t, "version");
        uint64_t damaged = stats->damaged;
        uint64_t version = 0;
        bool is_fresh;
        bool is_wiped = false;
        int r = clew_tier_map_get_number(t->map, key.text, &version, err);

        is_fresh = version == 0;
        if (r == -ENOENT)
                r = 0;
        if (r == 0 && version > 0) {
                r = clew_tier_catalog_is_last(t->bucket, version, err);
                if (r != 0)
                        return r < 0 ? r : 0;
        }
        if (r == 0)
                r = clew_tier_settle_identity(t, t->bucket, false, state, err);
        if (r == 0)
                r = clew_tier_read_catalog(t, t->bucket, err);
        if (r < 0)
                return r;
        stats->version += t->catalog.version;
        stats->segments += t->catalog.n;
        r = clew_tier_adopt(t, stats, err);
        if (r == 0)
                r = wipe_mirror(t, is_fresh, &is_wiped, err);
        if (r == 0 && stats->damaged == damaged && is_wiped)
                r = clew_tier_map_put_number(t->map, key.text, t->catalog.version, err);
        return r;
}

static bool has_seconds(struct clew_tier *t)
{
        CLEW_BUFFER list = {0};
        struct clew_error ignored;

        clew_buffer_init(&list, (size_t)1 << 30);
        return clew_tier_map_second_segments(t->map, &list, &ignored) < 0 || list.len > 0;
}

/* What a kill has left of second parts: then all is compared again. */
static int check_seconds(struct clew_tier *t, const struct clew_state *state,
                         struct clew_error *err)
{
        bool is_lost = false;
        int r = state->hot_fragments > 0 || has_seconds(t)
                        ? clew_tier_seconds_check(t, &is_lost, err)
                        : 0;

        for (uint32_t i = 0; r == 0 && is_lost && i < t->n_writers; i++)
                r = clew_tier_map_put_number(t->map, clew_tier_key(t->writers[i], "version").text,
                                             0, err);
        return r == 0 && is_lost ? clew_tier_map_put_number(t->map, "version", 0, err) : r;
}

static int mirror_writers(struct clew_tier *t, const struct clew_state *state,
                          struct clew_tier_stats *stats, struct clew_error *err)
{
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < t->n_writers; i++) {
                struct clew_tier *w = t->writers[i];

                r = clew_bucket_open_beside(t->bucket, w->url, &w->bucket, err);
                if (r == 0)
                        r = mirror_one(w, state, stats, err);
                if (r == -ENOENT || r == -ENXIO)
                        r = 0; /* it has begun, and has nothing there yet */
        }
        return r;
}

/* Those that are known, and now and then the new ones: what is used often asks as often as who
 * follows. */
static int find_writers(struct clew_tier *t, uint32_t *ret_more, struct clew_error *err)
{
        uint64_t now = clew_clock_unix_ns(clew_clock_system());
        uint64_t asked = 0;
        int r = clew_tier_map_get_number(t->map, "writers asked", &asked, err);

        if (r == 0 && now >= asked && now - asked < CLEW_TIER_WRITERS_NS)
                return clew_tier_know_writers(t, err);
        r = clew_tier_find_writers(t, t->bucket, ret_more, err);
        return r < 0 ? r : clew_tier_map_put_number(t->map, "writers asked", now, err);
}

/* What some writer has deleted goes out of all writers' parts, and is no bytes of this file. */
static int purge(struct clew_tier *t, struct clew_tier_stats *stats, struct clew_error *err)
{
        const struct clew_rewrite_options options = {0};
        struct clew_erasure_status status;
        int r = clew_tier_write(t, want_wipe, t, err);

        if (r == 0)
                r = clew_tier_purge(t, stats, err);
        return r < 0 ? r : clew_store_finish_erasure(t->store, &options, &status, err);
}

static int mirror(struct clew_tier *t, const struct clew_tier_options *o,
                  struct clew_tier_stats *stats, struct clew_error *err)
{
        struct clew_state state;
        uint32_t n_more = 0;
        int r = clew_bucket_open(o->url, false, &t->bucket, err);

        /* Below, what is not there yet is no error; that there is no bucket is one. */
        if (r < 0)
                return r == -ENOENT ? -ENXIO : r;
        r = clew_tier_read_own(t, &state, err);
        if (r == 0)
                r = clew_tier_map_open(clew_env_dir(t->store->env),
                                       o->cache_bytes ? o->cache_bytes : CLEW_TIER_CACHE_BYTES,
                                       true, &t->map, err);
        if (r == 0)
                r = clew_tier_map_put_text(t->map, "url", o->url, err);
        if (r == 0)
                r = find_writers(t, &n_more, err);
        if (r == 0 && n_more > 0)
                clew_tier_tell(t, t->url, "has more writers than are read: not all is here");
        if (r == 0)
                r = check_seconds(t, &state, err);
        if (r == 0)
                r = mirror_one(t, &state, stats, err);
        if (r == 0)
                r = mirror_writers(t, &state, stats, err);
        return r < 0 || !clew_tier_wants_purge(t) ? r : purge(t, stats, err);
}

/* Before a mirror is made: is there something to be seen in it? */
static int look_first(const char *dir, const char *url, struct clew_error *err)
{
        struct clew_object_bucket *b = NULL;
        struct stat st;
        uint64_t created;
        int r;

        if (lstat(dir, &st) == 0)
                return 0;
        r = clew_bucket_open(url, false, &b, err);
        if (r < 0)
                return r == -ENOENT ? -ENXIO : r;
        r = clew_tier_read_identity(b, &created, err);
        if (r == -ENOENT)
                r = clew_tier_is_nobodys(b, err);
        clew_bucket_close(b);
        return r;
}

int clew_tier_mirror(const char *dir, const struct clew_deriver *deriver,
                     const struct clew_tier_options *options, struct clew_tier_stats *stats,
                     struct clew_error *err)
{
        const struct clew_store_options store_options = {.mode = CLEW_STORE_WRITE,
                                                         .deriver = deriver};
        struct clew_store *store = NULL;
        struct clew_tier *t = NULL;
        int fd = -1;
        int r = look_first(dir, options->url, err);

        memset(stats, 0, sizeof(*stats));
        if (r == 0)
                r = clew_mirror_lock(dir, PATIENCE_NS, &fd, err);
        if (r < 0)
                return r;
        r = clew_store_open(dir, &store_options, &store, err);
        if (r == 0 && !(t = clew_tier_new(store, options)))
                r = clew_error_set(err, -ENOMEM, 0, "out of memory");
        if (r == 0)
                r = mirror(t, options, stats, err);
        if (r == 0 && stats->damaged == 0) /* else it is told already */
                (void)clew_tier_each_damaged(t, options->finding, options->context);
        clew_tier_free(t);
        clew_store_close(store);
        close(fd);
        return r;
}
