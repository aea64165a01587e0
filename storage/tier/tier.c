/*
 * Opening a tier, and reading back; storage/tier.h.
 */
#include "storage/tier/tier-int.h"

#include "proto/base/clock.h"
#include "proto/base/mem.h"
#include "proto/base/number.h"
#include "storage/base/directory-int.h"
#include "storage/erase.h"
#include "storage/source/erasure-int.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* So long a collector whose store is whole without the bucket waits for it when it starts. */
#define START_NS (5 * CLEW_NS_PER_S)
/* So long it is waited for the version that does without an object which is gone. */
#define MOVED_NS (5 * CLEW_NS_PER_S)
/* After a failure nobody waits for the bucket again before this. */
#define FAILED_NS (5 * CLEW_NS_PER_S)
/* So often an object is followed that has moved. */
#define MOVES_MAX 4u
#define IDENTITY_MAX 256u
#define IDENTITY_FORMAT "clew objects 1\ncreated %llu\n"

bool clew_tier_is_url(const char *text)
{
        return clew_bucket_is_url(text);
}

bool clew_tier_project_url(const char *url, const char *project, char *ret, size_t size)
{
        size_t n = strcspn(url, "?");

        while (n > 0 && url[n - 1] == '/')
                n--;
        return snprintf(ret, size, "%.*s/project.%s%s", (int)n, url, project,
                        url + strcspn(url, "?")) < (int)size;
}

void clew_tier_tell(struct clew_tier *t, const char *object, const char *what)
{
        if (t->finding)
                t->finding(t->finding_context, object, what);
}

void clew_tier_full_name(const struct clew_tier *t, const char *name,
                         char ret[CLEW_TIER_FULL_NAME_MAX])
{
        snprintf(ret, CLEW_TIER_FULL_NAME_MAX, "%s%s%s%s", t->name[0] ? "writer." : "", t->name,
                 t->name[0] ? "/" : "", name);
}

void clew_tier_tell_object(struct clew_tier *t, const char *name, const char *what)
{
        char full[CLEW_TIER_FULL_NAME_MAX];

        clew_tier_full_name(t, name, full);
        clew_tier_tell(t, full, what);
}

int clew_tier_bucket(struct clew_tier *t, struct clew_object_bucket **ret, struct clew_error *err)
{
        struct clew_object_bucket *beside = NULL;
        int r = t->root ? clew_tier_bucket(t->root, &beside, err) : 0;

        if (r < 0)
                return r;
        pthread_mutex_lock(&t->lock);
        if (t->stopping)
                r = clew_error_set(err, -ECANCELED, 0, "%s: stopped", t->url);
        else if (!t->bucket)
                r = clew_bucket_open_beside(beside, t->url, &t->bucket, err);
        if (r == 0)
                *ret = t->bucket;
        pthread_mutex_unlock(&t->lock);
        return r;
}

void clew_tier_reads(struct clew_tier *t, struct clew_tier_reads *ret)
{
        struct clew_hedge_figures f = {0};

        pthread_mutex_lock(&t->lock);
        if (t->bucket)
                clew_bucket_figures(t->bucket, &f);
        pthread_mutex_unlock(&t->lock);
        *ret = (struct clew_tier_reads){f.reads, f.hedged, f.won};
}

/* ---- reading back ---------------------------------------------------------------------------- */

static bool may_ask(struct clew_tier *t)
{
        bool may;

        pthread_mutex_lock(&t->lock);
        may = clew_clock_monotonic_ns(clew_clock_system()) >= t->failed_until_ns;
        pthread_mutex_unlock(&t->lock);
        return may;
}

static int out_of_reach(struct clew_tier *t, uint64_t segment, struct clew_error *err)
{
        char why[CLEW_ERROR_MESSAGE_MAX];

        snprintf(why, sizeof(why), "%s", err->message);
        pthread_mutex_lock(&t->lock);
        t->failed_until_ns = clew_clock_monotonic_ns(clew_clock_system()) + FAILED_NS;
        pthread_mutex_unlock(&t->lock);
        return clew_error_set(
                err, -EREMOTEIO, 0,
                "segment %llu is not in this store but in its bucket, which cannot be "
                "read now: %s",
                (unsigned long long)segment, why);
}

int clew_tier_check_segment(uint64_t segment, const struct clew_tier_known *known,
                            struct clew_slice bytes)
{
        return bytes.len == known->place.len &&
                               clew_tier_check(clew_tier_own_segment(segment), CLEW_TIER_SEGMENT,
                                               bytes) == known->check
                       ? 0
                       : -EBADMSG;
}

/* Whoever follows the bucket for this store looks at it now, in this process or another. */
static void ask_for(struct clew_tier *t, uint64_t segment)
{
        struct clew_error ignored;

        if (t->root)
                t = t->root;
        if (t->follow)
                clew_follow_hurry(t->follow, segment);
        else
                (void)!clew_tier_map_put_number(t->map, "asked", segment, &ignored);
}

/* The object was replaced or deleted since this was known: whoever keeps the store learns where its
 * traces are now. -EREMCHG: a newer snapshot knows it. -EAGAIN: @known has changed. */
static int await_newer(struct clew_tier *t, uint64_t segment, const char *name,
                       struct clew_tier_known *known, struct clew_error *err)
{
        static const struct timespec pause = {.tv_nsec = 20000000};
        struct clew_tier_known now;
        uint64_t end = clew_clock_monotonic_ns(clew_clock_system()) + MOVED_NS;

        ask_for(t, segment);
        while (clew_store_has_collector(t->store) &&
               clew_clock_monotonic_ns(clew_clock_system()) < end) {
                int r = clew_tier_map_find(t->map, segment, &now, err);

                if (r == -ENOENT)
                        return -EREMCHG;
                if (r == 0 && !clew_tier_place_eq(&now.place, &known->place)) {
                        *known = now;
                        return -EAGAIN;
                }
                nanosleep(&pause, NULL);
        }
        return clew_error_set(err, -EREMOTEIO, 0,
                              "%s: %s is not there any more: it was replaced or deleted since; ask "
                              "again",
                              t->url, name);
}

/* The bytes of a segment, appended to @out, and of neighbours, which are kept. */
static int get_range(struct clew_tier *t, struct clew_object_bucket *b, uint64_t segment,
                     const struct clew_tier_place *place, struct clew_buffer *out,
                     struct clew_error *err)
{
        struct clew_tier_reach range = clew_tier_ahead(t, segment, place);
        CLEW_BUFFER bytes = {0};
        char name[CLEW_TIER_NAME_MAX];
        int r;

        clew_tier_place_name(place, name);
        if (range.n_before + range.n_behind == 0)
                return clew_bucket_get(b, name, place->at, (size_t)place->len, out, NULL, err);
        clew_buffer_init(&bytes, CLEW_BUCKET_OBJECT_MAX + 1);
        r = clew_bucket_get(b, name, range.from, (size_t)(range.to - range.from), &bytes, NULL,
                            err);
        if (r < 0 || bytes.len < range.to - range.from)
                return r;
        clew_tier_ahead_keep(t, segment, place, &range, clew_buffer_slice(&bytes));
        clew_buffer_append(out, bytes.data + (place->at - range.from), (size_t)place->len);
        return clew_buffer_error(out) < 0
                       ? clew_error_set(err, -ENOMEM, 0, "out of memory for a segment")
                       : 0;
}

static int fetch_once(struct clew_tier *t, uint64_t segment, struct clew_tier_known *known,
                      struct clew_buffer *out, struct clew_error *err)
{
        struct clew_object_bucket *b = NULL;
        char name[CLEW_TIER_NAME_MAX];
        int r = clew_tier_bucket(t, &b, err);

        clew_tier_place_name(&known->place, name);
        clew_buffer_clear(out);
        if (r == 0)
                r = get_range(t, b, segment, &known->place, out, err);
        if (r == -ENOENT)
                return await_newer(t, segment, name, known, err);
        if (r < 0)
                return out_of_reach(t, segment, err);
        return clew_tier_check_segment(segment, known, clew_buffer_slice(out));
}

static int say_damaged(struct clew_tier *t, const struct clew_tier_place *place,
                       struct clew_error *err)
{
        char name[CLEW_TIER_NAME_MAX];

        clew_tier_place_name(place, name);
        return clew_error_set(err, -EBADMSG, 0,
                              "%s: object %s is damaged (its bytes are not those of its checksum); "
                              "its traces cannot be shown, all others can",
                              t->url, name);
}

static int fetch(struct clew_tier *t, uint64_t segment, struct clew_tier_known *known,
                 struct clew_buffer *out, struct clew_error *err)
{
        struct clew_error ignored;
        char name[CLEW_TIER_NAME_MAX];
        int r;

        if (clew_tier_is_bad(t, segment, &known->place, false))
                return say_damaged(t, &known->place, err);
        if (!may_ask(t))
                return clew_error_set(err, -EREMOTEIO, 0,
                                      "segment %llu is not in this store but in %s, which could "
                                      "not be read a moment ago; try again",
                                      (unsigned long long)segment, t->url);
        r = fetch_once(t, segment, known, out, err);
        for (unsigned i = 0; r == -EAGAIN && i < MOVES_MAX; i++)
                r = fetch_once(t, segment, known, out, err);
        if (r == -EBADMSG) /* on its way, perhaps */
                r = fetch_once(t, segment, known, out, err);
        if (r == -EAGAIN)
                return -EREMCHG; /* it moves on and on */
        if (r == 0) {
                clew_tier_is_good_again(t, segment);
                (void)!clew_tier_map_cache(t->map, segment, clew_buffer_slice(out), &ignored);
                return 0;
        }
        if (r != -EBADMSG)
                return r;
        clew_tier_place_name(&known->place, name);
        clew_tier_tell_object(t, name, "its bytes are not those of its checksum");
        clew_tier_keep_bad(t, segment, &known->place, false, 2);
        return say_damaged(t, &known->place, err);
}

static int read_away(void *context, uint64_t segment, struct clew_buffer *out,
                     struct clew_error *err)
{
        struct clew_tier *t = clew_tier_of_segment(context, segment);
        struct clew_tier_known known;
        struct clew_error ignored;
        int r = t ? clew_tier_map_find(t->map, segment, &known, err) : -ENOENT;

        if (!t)
                t = context;
        if (r == -ENOENT) { /* forgotten since the snapshot was taken, or lost */
                ask_for(t, segment);
                return -EREMCHG;
        }
        if (r < 0)
                return r;
        clew_buffer_clear(out);
        if (clew_tier_map_cached(t->map, segment, out, &ignored) == 0 &&
            clew_tier_check_segment(segment, &known, clew_buffer_slice(out)) == 0)
                return 0;
        if (known.place.len == 0 || known.place.len > CLEW_BUCKET_OBJECT_MAX)
                return -ENOENT;
        return fetch(t, segment, &known, out, err);
}

void clew_tier_complete(struct clew_tier *t, uint64_t *ret_segment, uint64_t *ret_version)
{
        pthread_mutex_lock(&t->lock);
        *ret_segment = t->complete;
        *ret_version = t->complete_version;
        pthread_mutex_unlock(&t->lock);
}

void clew_tier_set_away(struct clew_tier *t)
{
        clew_env_set_away(t->store->env, read_away, t);
}

/* ---- whose it is ----------------------------------------------------------------------------- */

int clew_tier_read_identity(struct clew_object_bucket *b, uint64_t *ret, struct clew_error *err)
{
        CLEW_BUFFER text = {0};
        static const char before[] = "clew objects 1\ncreated ";
        struct clew_slice rest;
        int r;

        clew_buffer_init(&text, 2 * IDENTITY_MAX);
        r = clew_bucket_get(b, CLEW_TIER_IDENTITY, 0, IDENTITY_MAX, &text, NULL, err);
        if (r < 0)
                return r;
        rest = clew_buffer_slice(&text);
        if (!clew_slice_starts_with(rest, clew_slice_of_cstr("clew objects ")))
                return clew_error_set(err, -EBADMSG, 0,
                                      "%s: its " CLEW_TIER_IDENTITY " is not one of ours: name "
                                      "another prefix",
                                      b->url);
        if (!clew_slice_starts_with(rest, clew_slice_of_cstr(before)))
                return clew_error_set(err, -EPROTONOSUPPORT, 0,
                                      "%s: is of another format: the clew that wrote it, or a "
                                      "newer one, reads it",
                                      b->url);
        rest = clew_slice_from(rest, sizeof(before) - 1);
        if (rest.len && rest.data[rest.len - 1] == '\n')
                rest.len--;
        if (!clew_parse_uint64(rest, ret))
                return clew_error_set(err, -EBADMSG, 0, "%s: its " CLEW_TIER_IDENTITY " is damaged",
                                      b->url);
        return 0;
}

int clew_tier_claim(struct clew_object_bucket *b, uint64_t created_ns, struct clew_error *err)
{
        char text[IDENTITY_MAX];
        int r;

        snprintf(text, sizeof(text), IDENTITY_FORMAT, (unsigned long long)created_ns);
        r = clew_bucket_create(b, CLEW_TIER_IDENTITY, clew_slice_of_cstr(text), err);
        if (r == CLEW_BUCKET_EXISTS)
                return clew_error_set(err, -EEXIST, 0,
                                      "%s: another store has taken it at this moment: name another "
                                      "prefix",
                                      b->url);
        return r == CLEW_BUCKET_UNSURE
                       ? clew_error_set(err, -ETIMEDOUT, 0, "%s: does not answer for sure", b->url)
                       : r;
}

int clew_tier_read_own(struct clew_tier *t, struct clew_state *state, struct clew_error *err)
{
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_read(t->store->env, &txn, err);

        if (r < 0)
                return r;
        r = clew_state_read(t->store->env, txn, state, err);
        if (r == 0)
                r = clew_format_created(t->store->env, txn, &t->created_ns, err);
        clew_txn_end_read(t->store->env, txn);
        return r;
}

int clew_tier_next_sequence(struct clew_tier *t, uint64_t *ret, struct clew_error *err)
{
        struct clew_state state = {0};
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_read(t->store->env, &txn, err);

        if (r < 0)
                return r;
        r = clew_state_read(t->store->env, txn, &state, err);
        clew_txn_end_read(t->store->env, txn);
        *ret = state.next_sequence;
        return r;
}

/* Nothing was ever stored. */
static bool is_new(const struct clew_state *s)
{
        return s->segments == 0 && s->hot_fragments == 0 && s->sealed_traces == 0;
}

struct creation {
        struct clew_env *env;
        uint64_t created_ns;
};

static int put_created(void *context, MDB_txn *txn, struct clew_state *state,
                       struct clew_error *err)
{
        struct creation *c = context;

        if (!is_new(state))
                return clew_error_set(err, -EAGAIN, 0, "something was stored meanwhile");
        return clew_format_put(c->env, txn, (uint64_t)sysconf(_SC_PAGESIZE), c->created_ns, err);
}

int clew_tier_is_nobodys(const struct clew_object_bucket *b, struct clew_error *err)
{
        return clew_error_set(err, -ENXIO, 0,
                              "%s: no store has its objects there (clewd --objects puts them); is "
                              "the prefix right?",
                              b->url);
}

/* The bucket is this store's, or the store becomes the bucket's. */
int clew_tier_settle_identity(struct clew_tier *t, struct clew_object_bucket *b, bool may_claim,
                              const struct clew_state *state, struct clew_error *err)
{
        struct creation c = {.env = t->store->env};
        int r = clew_tier_read_identity(b, &c.created_ns, err);

        if (r == 0 && t->root) { /* the store is made of several */
                t->created_ns = c.created_ns;
                return 0;
        }
        if (r == -ENOENT && !may_claim)
                return clew_tier_is_nobodys(b, err);
        if (r == -ENOENT)
                return clew_tier_claim(b, t->created_ns, err);
        if (r < 0 || c.created_ns == t->created_ns)
                return r;
        if (!is_new(state))
                return clew_error_set(err, -EEXIST, 0,
                                      "%s: is of another store than %s: name another prefix, or an "
                                      "empty directory to go on with that one",
                                      b->url, clew_env_dir(t->store->env));
        r = clew_tier_write(t, put_created, &c, err);
        if (r == 0)
                t->created_ns = c.created_ns;
        return r;
}

/* ---- opening --------------------------------------------------------------------------------- */

struct clew_tier *clew_tier_new(struct clew_store *store, const struct clew_tier_options *o)
{
        struct clew_tier *t = clew_calloc(1, sizeof(*t));

        if (!t)
                return NULL;
        t->store = store;
        pthread_mutex_init(&t->lock, NULL);
        clew_journal_init(&t->journal);
        if (o) {
                t->journal.is_on = o->acknowledges;
                snprintf(t->url, sizeof(t->url), "%s", o->url);
                if (o->writer && o->writer[0]) {
                        snprintf(t->name, sizeof(t->name), "%s", o->writer);
                        snprintf(t->prefix, sizeof(t->prefix), "%s", o->url);
                        if (!clew_tier_writer_url(o->url, o->writer, t->url, sizeof(t->url)))
                                t->url[0] = '\0'; /* no address */
                }
                t->local_bytes = o->local_bytes;
                t->wait_ns = o->wait_ns;
                if (o->advertise)
                        snprintf(t->advertise, sizeof(t->advertise), "%s", o->advertise);
                t->finding = o->finding;
                t->finding_context = o->context;
                t->carried = o->carried;
                t->carried_context = o->context;
        }
        return t;
}

void clew_tier_free(struct clew_tier *t)
{
        if (!t)
                return;
        if (!t->root)
                clew_env_set_away(t->store->env, NULL, NULL);
        clew_tier_fresh_end(t);
        clew_journal_rest(t);
        clew_journal_deinit(&t->journal);
        clew_tier_free_writers(t);
        clew_follow_free(t->follow);
        clew_bucket_close(t->bucket);
        if (!t->root)
                clew_tier_map_close(t->map);
        clew_tier_catalog_deinit(&t->catalog);
        clew_tier_beside_writer_deinit(&t->beside);
        clew_buffer_deinit(&t->leaving);
        clew_tier_orders_deinit(t);
        pthread_mutex_destroy(&t->lock);
        clew_free(t);
}

void clew_tier_stop(struct clew_tier *t)
{
        pthread_mutex_lock(&t->lock);
        t->stopping = true;
        if (t->bucket)
                clew_bucket_stop(t->bucket);
        for (uint32_t i = 0; i < t->n_writers; i++)
                clew_tier_stop(t->writers[i]);
        pthread_mutex_unlock(&t->lock);
        clew_journal_stop(&t->journal);
        if (t->follow && !t->root)
                clew_follow_end(t->follow);
}

int clew_tier_read_catalog(struct clew_tier *t, struct clew_object_bucket *b,
                           struct clew_error *err)
{
        int r = clew_tier_catalog_read(b, &t->catalog, err);

        if (r == -EBADMSG) {
                clew_tier_tell(t, t->url, err->message);
                clew_tier_tell(t, t->url, "the catalog is made anew from the objects");
                r = clew_tier_rebuild(t, err);
        } else if (r == 0 && t->catalog.version == 0) {
                r = clew_tier_rebuild(t, err); /* none, or lost */
        }
        return r;
}

/* As whom this directory has written last; 0 = never. */
static int own_writer(struct clew_tier *t, struct clew_error *err)
{
        uint64_t next = 0;
        int r = clew_tier_map_get_number(t->map, "writer", &t->writer, err);

        if (r == 0 || r == -ENOENT)
                r = clew_tier_map_get_number(t->map, "next writer", &next, err);
        if (r < 0 && r != -ENOENT)
                return r;
        /* It died between showing itself and writing down that it had. */
        if (next && t->catalog.version > 0 && t->catalog.writer == next)
                t->writer = next;
        return 0;
}

/* Brings in what a new store has not, and keeps one that is behind from writing. */
static int settle_catalog(struct clew_tier *t, struct clew_tier_stats *stats,
                          struct clew_error *err)
{
        struct clew_state state;
        uint64_t adopting = 0;
        int r = clew_tier_read_own(t, &state, err);
        bool is_behind = r == 0 && state.next_segment < t->catalog.next_segment;
        /* A catalog that was made of objects does not say whose it was. */
        bool is_other = t->catalog.full > 0 && t->catalog.writer != t->writer;

        if (r == 0)
                r = clew_tier_map_get_number(t->map, "adopting", &adopting, err);
        if (r < 0 && r != -ENOENT)
                return r;
        if (t->catalog.n == 0 && !is_other)
                return 0;
        if (!adopting && state.segments > 0 && (is_behind || is_other))
                return clew_error_set(
                        err, -ESTALE, 0,
                        "%s: another clewd has written there since, or store %s is an older copy: "
                        "name an empty directory to go on with what the bucket has",
                        t->url, clew_env_dir(t->store->env));
        if (!adopting && !is_behind && !is_other)
                return 0;
        if (t->is_deferred) /* others write here already: numbers would be given twice */
                return clew_error_set(
                        err, -ESTALE, 0,
                        "%s: has what store %s has not: start clewd again to bring it "
                        "in",
                        t->url, clew_env_dir(t->store->env));
        r = clew_tier_map_put_number(t->map, "adopting", 1, err);
        if (r == 0)
                r = clew_tier_adopt(t, stats, err);
        if (r == 0)
                r = clew_tier_map_put_number(t->map, "adopting", 0, err);
        return r;
}

/* Each life of a writer has a number of its own, drawn by chance, and shows it before it does
 * anything: so one that has this directory's past, or a copy of it, learns that it is over. */
static int take_over(struct clew_tier *t, struct clew_object_bucket *b, struct clew_error *err)
{
        /* What its map says of a journal holds when nobody else has written since. */
        bool is_own = t->catalog.full > 0 && t->catalog.writer == t->writer;
        int r = 0;

        if (getrandom(&t->writer, sizeof(t->writer), 0) != (ssize_t)sizeof(t->writer))
                return clew_error_set(err, -EIO, 0, "no random numbers here");
        r = clew_tier_map_put_number(t->map, "next writer", t->writer, err);
        t->catalog.writer = t->writer;
        t->catalog.created_ns = t->created_ns;
        t->catalog.written_ns = clew_clock_unix_ns(t->store->clock);
        if (r == 0)
                r = clew_journal_end_others(t, b, t->writer, err);
        if (r == 0 && (t->catalog.version > 0 || t->catalog.n > 0 || t->journal.is_on ||
                       t->journal.was_there))
                r = clew_tier_catalog_commit(b, &t->catalog, NULL, 0, err);
        if (r == 0)
                r = clew_tier_map_put_number(t->map, "writer", t->writer, err);
        if (r == 0)
                return clew_journal_begin(t, b, t->writer, is_own, err);
        if (r == -EEXIST)
                return clew_error_set(err, -ESTALE, 0,
                                      "%s: another clewd writes there at this moment", t->url);
        return r == -EAGAIN
                       ? clew_error_set(err, -ETIMEDOUT, 0, "%s: does not answer for sure", t->url)
                       : r;
}

struct sweeping {
        struct clew_object_bucket *bucket;
        struct clew_tier_uses uses;
};

/* Objects that no version names: somebody died between uploading and saying so, or between saying
 * so and deleting. */
static int sweep(void *context, const char *leaf, uint64_t bytes, struct clew_error *err)
{
        const struct sweeping *s = context;
        struct clew_tier_place p;
        char name[CLEW_TIER_NAME_MAX];

        (void)bytes;
        if (!clew_tier_place_read_name(leaf, &p) || clew_tier_uses_find(&s->uses, &p))
                return 0;
        clew_tier_place_name(&p, name);
        return clew_bucket_delete(s->bucket, name, err);
}

static int sweep_all(struct clew_tier *t, struct clew_object_bucket *b, struct clew_error *err)
{
        struct sweeping s = {.bucket = b};
        int r = clew_tier_uses_count(&t->catalog, &s.uses);

        if (r < 0)
                return clew_error_set(err, r, 0, "out of memory");
        r = clew_bucket_list(b, "seg", "", sweep, &s, err);
        clew_tier_uses_deinit(&s.uses);
        return r;
}

static int attach(struct clew_tier *t, const struct clew_tier_options *o, uint64_t wait_ns,
                  struct clew_tier_stats *stats, struct clew_error *err)
{
        struct clew_state state;
        struct clew_object_bucket *b = NULL;
        int r = clew_tier_check_name(t, err);

        if (r == 0 && t->name[0])
                r = clew_tier_register(t, err);
        if (r == 0 && !t->bucket)
                r = clew_bucket_open(t->url, true, &t->bucket, err);
        if (r == 0 && t->journal.is_on && !t->journal.bucket)
                r = clew_bucket_open(t->url, true, &t->journal.bucket, err);
        t->writes = true;
        clew_tier_fresh_begin(t);
        b = t->bucket;
        if (r == 0 && wait_ns > 0)
                clew_bucket_hurry(b, clew_clock_monotonic_ns(clew_clock_system()) + wait_ns);
        if (r == 0)
                r = clew_bucket_probe(b, err);
        if (r == 0)
                r = clew_tier_read_own(t, &state, err);
        if (r == 0)
                r = clew_tier_settle_identity(t, b, true, &state, err);
        if (r == 0 && !t->map)
                r = clew_tier_map_open(clew_env_dir(t->store->env),
                                       o->cache_bytes ? o->cache_bytes : CLEW_TIER_CACHE_BYTES,
                                       true, &t->map, err);
        if (r == 0)
                r = clew_tier_map_put_text(t->map, "url", t->url, err);
        if (r == 0)
                r = clew_tier_map_put_text(t->map, "name", t->name, err);
        if (r == 0 && t->name[0])
                r = clew_tier_map_put_number(t->map, "registered", 1, err);
        clew_tier_catalog_deinit(&t->catalog);
        if (r == 0)
                r = clew_tier_read_catalog(t, b, err);
        if (r == 0)
                r = own_writer(t, err);
        if (r == 0 && !t->is_deferred)
                clew_env_set_away(t->store->env, read_away, t);
        if (r == 0)
                r = settle_catalog(t, stats, err);
        if (r == 0)
                r = take_over(t, b, err);
        if (r == 0 && !o->retires)
                r = clew_tier_note_retired(t, false, err);
        if (r == 0)
                r = clew_node_advertise(b, t->advertise, err);
        if (r == 0 && t->catalog.full > 0) /* not one that was made of objects */
                r = sweep_all(t, b, err);
        if (r == 0 && t->catalog.full > 0)
                r = clew_tier_beside_sweep(t, b, err);
        if (r == 0 && t->catalog.full > 0)
                r = clew_tier_forget_gone(t, err);
        if (r == 0)
                clew_bucket_forget_parts(b, "seg");
        if (b)
                clew_bucket_hurry(b, 0);
        stats->version = t->catalog.version;
        stats->segments = t->catalog.n;
        stats->attached = r == 0;
        return r;
}

/* What may be another answer later, of a store that has been tied to this bucket before. */
static bool may_wait(const struct clew_tier *t, int r)
{
        return (r == -EHOSTUNREACH || r == -ETIMEDOUT || r == -EBUSY || r == -EIO) &&
               clew_tier_is_tied(clew_env_dir(t->store->env));
}

/* All that the bucket had when this store was tied to it is here. */
static bool is_whole(struct clew_tier *t)
{
        uint64_t adopting = 0;
        struct clew_error own = {0};
        int r = t->map ? 0
                       : clew_tier_map_open(clew_env_dir(t->store->env), t->cache_bytes, true,
                                            &t->map, &own);

        if (r == 0)
                r = clew_tier_map_get_number(t->map, "adopting", &adopting, &own);
        return (r == 0 || r == -ENOENT) && !adopting;
}

static int defer(struct clew_tier *t, struct clew_error *err)
{
        if (!is_whole(t))
                return err->code;
        t->is_deferred = true;
        clew_env_set_away(t->store->env, read_away, t);
        return 0;
}

int clew_tier_attach_deferred(struct clew_tier *t, struct clew_tier_stats *stats,
                              struct clew_error *err)
{
        const struct clew_tier_options o = {.url = t->url, .cache_bytes = t->cache_bytes};
        int r = attach(t, &o, 0, stats, err);

        if (r == 0)
                t->is_deferred = false;
        return r;
}

int clew_tier_attach(struct clew_store *store, const struct clew_tier_options *options,
                     struct clew_tier **ret, struct clew_tier_stats *stats, struct clew_error *err)
{
        struct clew_tier *t = clew_tier_new(store, options);
        uint64_t wait_ns;
        int r;

        memset(stats, 0, sizeof(*stats));
        if (!t)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        t->cache_bytes = options->cache_bytes ? options->cache_bytes : CLEW_TIER_CACHE_BYTES;
        wait_ns = clew_tier_is_tied(clew_env_dir(store->env)) && is_whole(t) ? START_NS : 0;
        r = attach(t, options, wait_ns, stats, err);
        if (r < 0 && may_wait(t, r)) {
                err->code = r;
                r = defer(t, err);
                stats->more = r == 0;
        }
        if (r < 0) {
                clew_tier_free(t);
                return r;
        }
        atomic_store(&store->is_shared, true); /* until it is known that nobody else writes */
        *ret = t;
        return 0;
}

/* The directory of the store, also when its data file is being made anew in one below it. */
static void directory_of(const struct clew_store *store, char ret[PATH_MAX])
{
        static const char below[] = "/" CLEW_UNFINISHED_DIR;
        size_t n = (size_t)snprintf(ret, PATH_MAX, "%s", clew_env_dir(store->env));

        if (n < PATH_MAX && n > sizeof(below) && strcmp(ret + n + 1 - sizeof(below), below) == 0)
                ret[n + 1 - sizeof(below)] = '\0';
}

bool clew_tier_directory(const char *dir, char *ret, size_t size)
{
        struct clew_tier_map *map = NULL;
        struct clew_error ignored;
        char url[CLEW_BUCKET_URL_MAX];
        bool is;

        if (clew_tier_map_open(dir, 0, false, &map, &ignored) < 0)
                return false;
        is = clew_tier_map_get_text(map, "url", url, sizeof(url), &ignored) == 0 &&
             strncmp(url, "dir://", 6) == 0 && snprintf(ret, size, "%s", url + 6) < (int)size;
        clew_tier_map_close(map);
        return is;
}

bool clew_tier_is_tied(const char *dir)
{
        char path[PATH_MAX];
        struct stat st;

        return snprintf(path, sizeof(path), "%s/" CLEW_TIER_MAP_DIR, dir) < (int)sizeof(path) &&
               lstat(path, &st) == 0;
}

int clew_tier_read_back(struct clew_store *store, struct clew_tier **ret, struct clew_error *err)
{
        struct clew_tier *t = clew_tier_new(store, NULL);
        struct clew_error ignored;
        char others[CLEW_TIER_OTHERS_BYTES];
        char dir[PATH_MAX];
        int r;

        *ret = NULL;
        if (!t)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        directory_of(store, dir);
        r = clew_tier_map_open(dir, CLEW_TIER_CACHE_BYTES, false, &t->map, err);
        if (r == 0)
                r = clew_tier_map_get_text(t->map, "url", t->url, sizeof(t->url), err);
        if (r == 0)
                r = clew_tier_map_get_text(t->map, "name", t->name, sizeof(t->name), &ignored);
        if (r == -ENOENT && t->url[0]) /* of a reader, or from before there were names */
                r = 0;
        if (r < 0) {
                clew_tier_free(t);
                return r == -ENOENT ? 0 : r;
        }
        clew_env_set_away(store->env, read_away, t);
        r = clew_tier_map_get_text(t->map, "others", others, sizeof(others), &ignored);
        atomic_store(&store->is_shared, r != 0 || others[0]);
        *ret = t;
        return 0;
}
