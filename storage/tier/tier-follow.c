/*
 * A reader: storage/follow.h; README.md, "Readers".
 *
 * A step asks for the next version of the catalog by its name. What it says of segments that is not
 * as it was said before is brought in, or taken out, segment by segment; whoever is killed has a
 * store that is whole, and the next start compares all of it once.
 */
#include "storage/tier/tier-follow-int.h"

#include "proto/base/clock.h"
#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "storage/erase.h"
#include "storage/source/erasure-int.h"
#include "storage/tier/tier-gone-int.h"
#include "storage/tier/tier-int.h"
#include "storage/tier/tier-node-int.h"
#include "storage/tier/tier-purge-int.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* A version that names objects which are gone is followed by another; so often it is asked for. */
#define ROUNDS_MAX 8u
/* What could not be read is tried again, later each time. */
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
#define TIME_BYTES 32u

static uint64_t now_ns(void)
{
        return clew_clock_monotonic_ns(clew_clock_system());
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
        struct clew_follow_said *all = clew_calloc(t->catalog.n + 1, sizeof(*all));

        if (!all)
                return -ENOMEM;
        for (size_t i = 0; i < t->catalog.n; i++)
                all[i] = (struct clew_follow_said){t->catalog.items[i].segment,
                                                   mark_of(&t->catalog.items[i])};
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

        if (t->root)
                t = t->root;

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
        int r = t->root ? 0 : clew_tier_read_own(t, &state, err);

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
        uint64_t bad = clew_tier_each_damaged(t, NULL, NULL);
        int r = is_new ? clew_tier_map_put_number(t->map, clew_tier_key(t, "written").text,
                                                  c->written_ns, err)
                       : 0;

        if (r == 0 && is_new)
                r = clew_tier_map_put_number(t->map, clew_tier_key(t, "segments").text, c->n, err);
        if (r == 0 && is_new)
                r = clew_tier_map_put_number(t->map, clew_tier_key(t, "version").text, c->version,
                                             err);
        pthread_mutex_lock(&f->lock);
        f->status.version = c->version;
        f->status.written_ns = c->written_ns;
        f->status.segments = c->n;
        f->status.left_aside = bad > stats->damaged ? bad : stats->damaged;
        f->status.left_aside += stats->missing;
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

/* What some writer has deleted goes out of all writers' parts. */
static int purge(struct clew_tier *t, struct clew_tier_stats *stats, struct clew_error *err)
{
        int r = clew_tier_wants_purge(t) ? want_wipe(t, err) : 1;

        return r == 1 ? 0 : r < 0 ? r : clew_tier_purge(t, stats, err);
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
                f->retry_pause_ns = CLEW_FOLLOW_RETRY_NS;
        }
        return r;
}

/* ---- several writers -------------------------------------------------------------------------
 */

static void note_failure(struct clew_tier *t, int r, const struct clew_error *err)
{
        struct clew_follow *f = t->follow;

        pthread_mutex_lock(&f->lock);
        if (r == 0) {
                f->status.failing_ns = 0;
        } else if (r != -ECANCELED) {
                if (f->status.failing_ns == 0)
                        f->status.failing_ns = clew_clock_unix_ns(t->store->clock);
                snprintf(f->status.error, sizeof(f->status.error), "%s", err->message);
        }
        pthread_mutex_unlock(&f->lock);
}

static void add_stats(struct clew_tier_stats *sum, const struct clew_tier_stats *s)
{
        sum->adopted += s->adopted;
        sum->removed += s->removed;
        sum->damaged += s->damaged;
        sum->missing += s->missing;
}

/* What is here that is damaged is of all. */
static bool is_own_damage(const struct clew_tier *t, int r)
{
        return r == -EBADMSG && t->catalog.n > 0;
}

/* Writers that have a name. What one of them cannot be asked for is a gap of its own, and the
 * others are followed. Returns damage of this store, or 0; @ret_any: one of them has something
 * there. */
static int follow_writers(struct clew_tier *t, struct clew_tier_stats *stats, bool *ret_any,
                          struct clew_error *err)
{
        struct clew_object_bucket *b = NULL;
        struct clew_error ignored;
        uint32_t n_more = 0;

        *ret_any = false;
        if (t->follow->is_settled && now_ns() >= t->look_ns &&
            clew_tier_bucket(t, &b, &ignored) == 0 &&
            clew_tier_find_writers(t, b, &n_more, &ignored) == 0) {
                t->look_ns = now_ns() + CLEW_TIER_WRITERS_NS;
                pthread_mutex_lock(&t->follow->lock);
                t->follow->n_left_out = n_more;
                pthread_mutex_unlock(&t->follow->lock);
        }
        for (uint32_t i = 0; i < t->n_writers; i++) {
                struct clew_tier *w = t->writers[i];
                struct clew_tier_stats own = {0};
                struct clew_error why = {.code = 0};
                int r = follow(w, &own, &why);

                add_stats(stats, &own);
                *ret_any = *ret_any || w->follow->status.version > 0;
                if (is_own_damage(w, r)) {
                        *err = why;
                        return r;
                }
                note_failure(w, r == -ENXIO ? 0 : r, &why);
        }
        return 0;
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
                clew_follow_write_starts(f->fd, 0);
}

/* Versions and segments of all writers. */
static void count_all(struct clew_tier *t, uint64_t *ret_version, uint64_t *ret_segments)
{
        *ret_version = t->follow->status.version;
        *ret_segments = t->follow->status.segments;
        for (uint32_t i = 0; i < t->n_writers; i++) {
                *ret_version += t->writers[i]->follow->status.version;
                *ret_segments += t->writers[i]->follow->status.segments;
        }
}

/* Other processes tell people whom to ask for what a reader does not do. */
static void tell_nodes(struct clew_tier *t)
{
        struct clew_follow *f = t->follow;
        char nodes[CLEW_FOLLOW_GAP_BYTES];
        struct clew_error ignored;

        clew_nodes_name(f->nodes, nodes, sizeof(nodes));
        if (strcmp(nodes, f->named) == 0)
                return;
        memcpy(f->named, nodes, sizeof(nodes));
        (void)!clew_tier_map_put_text(t->map, "nodes", nodes, &ignored);
}

bool clew_follow_writers(const char *dir, char *ret, size_t size)
{
        struct clew_tier_map *map = NULL;
        struct clew_error ignored;
        bool is;

        if (!clew_follow_is_cache(dir) || clew_tier_map_open(dir, 0, false, &map, &ignored) < 0)
                return false;
        is = clew_tier_map_get_text(map, "nodes", ret, size, &ignored) == 0 && ret[0];
        clew_tier_map_close(map);
        return is;
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

static struct clew_nodes_of nodes_of(struct clew_tier *t, bool may_ask)
{
        const struct clew_follow_status *s = &t->follow->status;
        /* What was left aside of the bucket may be what the tail still has. */
        struct clew_nodes_of of = {.tier = t, .version = s->left_aside > 0 ? 0 : s->version};
        struct clew_error ignored;

        if (may_ask && clew_tier_bucket(t, &of.bucket, &ignored) < 0)
                of.bucket = NULL;
        return of;
}

/* What nodes have not sealed, once it is known whose bucket it is. */
static int follow_tails(struct clew_tier *t, int followed, struct clew_error *err)
{
        struct clew_follow *f = t->follow;
        struct clew_nodes_of of[CLEW_TIER_WRITERS_MAX + 1];
        bool is_erased = false;
        bool is_lost = false;
        int r;

        if (!f->is_settled)
                return 0;
        of[0] = nodes_of(t, followed == 0 || followed == -ENXIO);
        for (uint32_t i = 0; i < t->n_writers; i++)
                of[i + 1] = nodes_of(t->writers[i], t->writers[i]->follow->status.failing_ns == 0);
        r = clew_nodes_step(f->nodes, t, of, t->n_writers + 1, &is_erased, &is_lost, err);
        for (uint32_t i = 0; is_lost && i < t->n_writers; i++)
                t->writers[i]->follow->is_suspect = true;
        f->is_suspect = f->is_suspect || is_lost;
        return r == 0 && is_erased ? want_wipe(t, err) : r;
}

int clew_follow_step(struct clew_tier *t, struct clew_tier_stats *stats, struct clew_error *err)
{
        struct clew_follow *f = t->follow;
        struct clew_error own = {.code = 0};
        bool any = false;
        int q;
        int r;

        memset(stats, 0, sizeof(*stats));
        r = follow(t, stats, err);
        q = r == 0 || r == -ENXIO || f->status.version > 0 ? follow_writers(t, stats, &any, &own)
                                                           : 0;
        if (r == -ENXIO && any)
                r = 0; /* nobody writes without a name */
        if (q == 0)
                q = purge(t, stats, &own);
        if (q < 0 && r == 0) {
                r = q;
                *err = own;
        }
        if (is_own_damage(t, r) || q < 0) {
                clew_follow_write_starts(f->fd, CLEW_FOLLOW_STARTS_DAMAGED);
                pthread_mutex_lock(&f->lock);
                f->status.is_damaged = true;
                pthread_mutex_unlock(&f->lock);
        }
        count_all(t, &stats->version, &stats->segments);
        tell(t, r, err);
        if (r == 0 || r == -ENXIO || f->status.version > 0 || any) {
                q = follow_tails(t, r, &own);
                if (q < 0) {
                        r = q;
                        *err = own;
                }
        }
        tell_gap(t);
        tell_nodes(t);
        if (f->status.to_wipe && now_ns() >= f->wipe_ns) {
                q = wipe(t, r == 0 ? err : &own);

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
        struct clew_tier *of;

        if (segment == 0 || now_ns() < f->suspect_ns ||
            clew_tier_map_find(t->map, segment, &known, &ignored) != -ENOENT)
                return;
        of = clew_tier_of_segment(t, segment);
        if (of)
                of->follow->is_suspect = true;
        f->suspect_ns = now_ns() + CLEW_FOLLOW_RETRY_NS;
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
        pthread_mutex_lock(&t->lock);
        ret->writers = t->n_writers;
        for (uint32_t i = 0; i < t->n_writers; i++) {
                struct clew_follow *f = t->writers[i]->follow;

                pthread_mutex_lock(&f->lock);
                ret->version += f->status.version;
                ret->segments += f->status.segments;
                ret->left_aside += f->status.left_aside;
                if (ret->written_ns < f->status.written_ns)
                        ret->written_ns = f->status.written_ns;
                pthread_mutex_unlock(&f->lock);
        }
        pthread_mutex_unlock(&t->lock);
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

/* Appends at @n what writers with a name have that cannot be followed. */
static size_t gap_of_writers(struct clew_tier *t, char *ret, size_t size, size_t n)
{
        uint32_t left_out;

        pthread_mutex_lock(&t->lock);
        for (uint32_t i = 0; i < t->n_writers && n < size; i++) {
                const struct clew_tier *w = t->writers[i];
                char since[TIME_BYTES];

                pthread_mutex_lock(&w->follow->lock);
                if (w->follow->status.failing_ns > 0) {
                        time_text(w->follow->status.failing_ns, since);
                        n += (size_t)snprintf(ret + n, size - n,
                                              "%swriter %s cannot be followed since %s, what it "
                                              "sealed later is not here: %s",
                                              n ? "; " : "", w->name, since,
                                              w->follow->status.error);
                }
                pthread_mutex_unlock(&w->follow->lock);
        }
        pthread_mutex_unlock(&t->lock);
        pthread_mutex_lock(&t->follow->lock);
        left_out = t->follow->n_left_out;
        pthread_mutex_unlock(&t->follow->lock);
        if (left_out > 0 && n < size)
                n += (size_t)snprintf(ret + n, size - n, "%s%u more writers are not followed",
                                      n ? "; " : "", left_out);
        return n;
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
        n = gap_of_writers(t, ret, size, n);
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
