/*
 * A writer's part of orders (README.md, "Redacted by another writer").
 *
 * Whenever it looks who else writes, it sees which orders wait, and which of them it has done: that
 * is all in one list. What it has not done is read, and taken by whoever carries it out (another
 * thread, clew_order_next()). When its store has nothing of it any more, the number of the erasure
 * is kept; the mark that says so to all is made when the catalog in the bucket has come to that
 * number, and what it does without has gone. Nothing of this is kept on disk: who was killed does
 * it once more and finds nothing.
 *
 * The step is the same for all that may have happened before it, so it does not matter who was
 * killed where: an order without this writer's mark is carried out; one with everybody's goes, and
 * its marks after it; a mark without an order goes.
 */
#include "storage/tier/tier-others-int.h"

#include "proto/base/clock.h"
#include "storage/source/erasure-int.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define MARK_TEXT "clew redacted 1\n"
/* Before one that has failed is tried again: longer each time, up to this. */
#define FAILED_NS (30 * CLEW_NS_PER_S)
#define FAILED_NS_MAX (600 * CLEW_NS_PER_S)
/* In the map. */
#define NOTE "orders"
#define TIME_BYTES 32u
_Static_assert(CLEW_ORDER_OTHERS_MAX == CLEW_TIER_WRITERS_MAX, "all that are looked at");

/* ---- what a list says ------------------------------------------------------------------------ */

static const struct clew_order_seen *seen_at(const struct clew_tier_others *o, size_t i)
{
        return (const struct clew_order_seen *)(const void *)o->seen.data + i;
}

static const struct clew_order_seen *find_seen(const struct clew_tier_others *o, uint64_t id)
{
        for (size_t i = 0; i < clew_tier_others_n_seen(o); i++) {
                if (!seen_at(o, i)->name.is_mark && seen_at(o, i)->name.id == id)
                        return seen_at(o, i);
        }
        return NULL;
}

bool clew_order_has_mark(const struct clew_tier_others *o, uint64_t id, const char *writer)
{
        for (size_t i = 0; i < clew_tier_others_n_seen(o); i++) {
                const struct clew_order_name *n = &seen_at(o, i)->name;

                if (n->is_mark && n->id == id && strcmp(n->writer, writer) == 0)
                        return true;
        }
        return false;
}

static bool is_retired(const struct clew_tier_others *o, const char *writer)
{
        for (uint32_t i = 0; i < o->n_retired; i++) {
                if (strcmp(o->retired[i], writer) == 0)
                        return true;
        }
        return false;
}

static void add_word(char *ret, size_t size, const char *word)
{
        size_t n = strlen(ret);
        int more = snprintf(ret + n, size - n, "%s%s", n ? ", " : "", word);

        if (more < 0 || (size_t)more >= size - n)
                ret[n] = '\0';
}

bool clew_order_state_of(const struct clew_tier_others *o, uint64_t id,
                         struct clew_order_state *ret)
{
        bool all = o->n_more == 0;

        *ret = (struct clew_order_state){.id = id, .n_others = o->n, .n_more = o->n_more};
        ret->waits_here = !clew_order_has_mark(o, id, o->tier->name);
        for (uint32_t i = 0; i < o->n; i++) {
                const char *word = o->names[i][0] ? o->names[i] : "the one without a name";
                bool has = clew_order_has_mark(o, id, o->names[i]);

                add_word(has ? ret->done : ret->waits, sizeof(ret->waits), word);
                snprintf(ret->others[i].name, sizeof(ret->others[i].name), "%s", o->names[i]);
                ret->others[i].has_done = has;
                ret->others[i].is_retired = is_retired(o, o->names[i]);
                all = all && has;
        }
        if (o->n_more > 0)
                add_word(ret->waits, sizeof(ret->waits), "more that are not looked at");
        return all && !ret->waits_here;
}

/* ---- objects --------------------------------------------------------------------------------- */

int clew_order_read(struct clew_object_bucket *b, uint64_t id, struct clew_buffer *bytes,
                    struct clew_order *ret, struct clew_error *err)
{
        const struct clew_order_name n = {.id = id};
        char name[CLEW_ORDER_NAME_MAX];

        clew_order_name(&n, name);
        for (unsigned i = 0; i < 2; i++) { /* damaged on its way, perhaps */
                int r;

                clew_buffer_clear(bytes);
                r = clew_bucket_get(b, name, 0, CLEW_ORDER_OBJECT_MAX + 1, bytes, NULL, err);
                if (r < 0)
                        return r;
                if (clew_order_decode(clew_buffer_slice(bytes), ret) && ret->id == id)
                        return 0;
        }
        return clew_error_set(err, -EBADMSG, 0,
                              "%s: is damaged, or of a later version of clew: it is not carried "
                              "out here, and waits",
                              name);
}

static int delete_one(struct clew_object_bucket *b, const struct clew_order_name *n,
                      struct clew_error *err)
{
        char name[CLEW_ORDER_NAME_MAX];
        int r;

        clew_order_name(n, name);
        r = clew_bucket_delete(b, name, err);
        return r == -ENOENT ? 0 : r;
}

int clew_order_remove(struct clew_object_bucket *b, const struct clew_tier_others *o, uint64_t id,
                      struct clew_error *err)
{
        const struct clew_order_name order = {.id = id};
        int r = delete_one(b, &order, err);

        for (size_t i = 0; r == 0 && i < clew_tier_others_n_seen(o); i++) {
                const struct clew_order_name *n = &seen_at(o, i)->name;

                if (n->is_mark && n->id == id)
                        r = delete_one(b, n, err);
        }
        return r;
}

static int open_prefix(struct clew_tier *t, struct clew_object_bucket **ret, struct clew_error *err)
{
        return clew_bucket_open_beside(t->bucket, t->name[0] ? t->prefix : t->url, ret, err);
}

/* ---- what is known here ---------------------------------------------------------------------- */

/* With the lock. */
static struct clew_tier_order *find(struct clew_tier *t, uint64_t id)
{
        for (uint32_t i = 0; i < t->orders.n; i++) {
                if (t->orders.all[i].id == id)
                        return &t->orders.all[i];
        }
        return NULL;
}

/* What is to go stays in no memory that is given back. */
static void forget_what(struct clew_tier_order *e)
{
        if (e->what.len > 0)
                explicit_bzero(e->what.data, e->what.len);
        clew_buffer_deinit(&e->what);
}

static void forget(struct clew_tier *t, struct clew_tier_order *e)
{
        forget_what(e);
        t->orders.n--;
        memmove(e, e + 1, (size_t)(&t->orders.all[t->orders.n] - e) * sizeof(*e));
}

void clew_tier_orders_deinit(struct clew_tier *t)
{
        for (uint32_t i = 0; i < t->orders.n; i++)
                forget_what(&t->orders.all[i]);
        t->orders.n = 0;
}

/* Those that are gone from the bucket. */
static void forget_gone(struct clew_tier *t, const struct clew_tier_others *o)
{
        pthread_mutex_lock(&t->lock);
        for (uint32_t i = t->orders.n; i > 0 && o->n_left == 0; i--) {
                if (!find_seen(o, t->orders.all[i - 1].id))
                        forget(t, &t->orders.all[i - 1]);
        }
        pthread_mutex_unlock(&t->lock);
}

/* Whether it is to be read; what is known of one that was done is put right. */
static bool is_new(struct clew_tier *t, uint64_t id, bool has_mark)
{
        struct clew_tier_order *e;
        bool is;

        pthread_mutex_lock(&t->lock);
        e = find(t, id);
        is = !e && !has_mark && t->orders.n < CLEW_ORDERS_MAX;
        if (e && e->is == CLEW_TIER_ORDER_MARKED && !has_mark)
                e->is = CLEW_TIER_ORDER_DONE; /* its mark was lost: it is made again */
        pthread_mutex_unlock(&t->lock);
        return is;
}

/* @what is moved. */
static void add(struct clew_tier *t, uint64_t id, enum clew_tier_order_is is,
                struct clew_buffer *what)
{
        pthread_mutex_lock(&t->lock);
        if (t->orders.n < CLEW_ORDERS_MAX) {
                struct clew_tier_order *e = &t->orders.all[t->orders.n++];

                *e = (struct clew_tier_order){.id = id, .is = is};
                if (is == CLEW_TIER_ORDER_WAITS) {
                        e->what = *what;
                        *what = (struct clew_buffer){0};
                }
        }
        pthread_mutex_unlock(&t->lock);
}

static void take_in(struct clew_tier *t, struct clew_object_bucket *b,
                    const struct clew_order_seen *seen)
{
        CLEW_BUFFER bytes = {0};
        struct clew_error err = {0};
        struct clew_order order;
        char name[CLEW_ORDER_NAME_MAX];
        int r = -EBADMSG;

        clew_order_name(&seen->name, name);
        clew_buffer_init(&bytes, CLEW_ORDER_OBJECT_MAX + 2);
        if (seen->bytes <= CLEW_ORDER_OBJECT_MAX)
                r = clew_order_read(b, seen->name.id, &bytes, &order, &err);
        if (r == 0) {
                add(t, seen->name.id, CLEW_TIER_ORDER_WAITS, &bytes);
        } else if (r == -EBADMSG) {
                clew_tier_tell(t, name, err.message[0] ? err.message : "is larger than an order");
                add(t, seen->name.id, CLEW_TIER_ORDER_BAD, NULL);
        }
        if (bytes.len > 0)
                explicit_bzero(bytes.data, bytes.len);
}

/* ---- a look ---------------------------------------------------------------------------------- */

static bool is_over(const struct clew_tier *t, uint64_t id)
{
        uint64_t now = clew_clock_unix_ns(t->store->clock);

        return now > id && now - id >= CLEW_ORDER_FOR_NS;
}

static void CLEW_PRINTF(2, 3) add_note(struct clew_buffer *out, const char *fmt, ...)
{
        char text[CLEW_ORDER_NOTED_BYTES];
        va_list args;

        va_start(args, fmt);
        vsnprintf(text, sizeof(text), fmt, args);
        va_end(args);
        if (out->len + strlen(text) < CLEW_ORDER_NOTED_BYTES)
                clew_buffer_append_cstr(out, text);
}

static void note_one(struct clew_tier *t, const struct clew_order_state *s, struct clew_buffer *out)
{
        time_t seconds = (time_t)(s->id / CLEW_NS_PER_S);
        const struct clew_tier_order *e;
        char since[TIME_BYTES] = "";
        bool failed;
        struct tm tm;

        pthread_mutex_lock(&t->lock);
        e = find(t, s->id);
        failed = e && (e->is == CLEW_TIER_ORDER_BAD || e->pause_ns > 0);
        pthread_mutex_unlock(&t->lock);
        if (gmtime_r(&seconds, &tm))
                (void)strftime(since, sizeof(since), "%Y-%m-%dT%H:%M:%SZ", &tm);
        add_note(out, "%sredaction %" PRIu64 " of %s waits for %s%s%s", out->len > 0 ? "; " : "",
                 s->id, since,
                 !s->waits_here ? ""
                 : failed       ? "this store (which could not do it: its log says why)"
                                : "this store",
                 s->waits_here && s->waits[0] ? ", " : "", s->waits);
}

static void write_note(struct clew_tier *t, struct clew_buffer *note)
{
        char before[CLEW_ORDER_NOTED_BYTES] = "";
        struct clew_error ignored;

        clew_buffer_append_byte(note, 0);
        if (clew_buffer_error(note) < 0)
                return;
        if (clew_tier_map_get_text(t->map, NOTE, before, sizeof(before), &ignored) < 0 ||
            strcmp(before, (const char *)note->data) != 0)
                (void)!clew_tier_map_put_text(t->map, NOTE, (const char *)note->data, &ignored);
}

static void look_at(struct clew_tier *t, struct clew_object_bucket *b,
                    const struct clew_tier_others *o, const struct clew_order_seen *seen,
                    struct clew_buffer *note)
{
        struct clew_order_state s;
        struct clew_error ignored;
        uint64_t id = seen->name.id;

        if (clew_order_state_of(o, id, &s) || is_over(t, id)) {
                (void)!clew_order_remove(b, o, id, &ignored); /* or by the next look */
                return;
        }
        if (is_new(t, id, !s.waits_here))
                take_in(t, b, seen);
        note_one(t, &s, note);
}

/* Who waited for it has learnt by now that it was taken back. */
static void forget_back(const struct clew_tier *t, struct clew_object_bucket *b,
                        const struct clew_order_back *back)
{
        uint64_t now = clew_clock_unix_ns(t->store->clock);
        char name[CLEW_ORDER_NAME_MAX];
        struct clew_error ignored;

        if (now < back->at_ns || now - back->at_ns < CLEW_ORDER_BACK_NS)
                return;
        clew_order_back_name(back, name);
        (void)!clew_bucket_delete(b, name, &ignored);
}

void clew_tier_orders_look(struct clew_tier *t, const struct clew_tier_others *o)
{
        struct clew_object_bucket *b = NULL;
        CLEW_BUFFER note = {0};
        struct clew_error ignored;
        size_t n = clew_tier_others_n_seen(o);

        forget_gone(t, o);
        clew_buffer_init(&note, 2 * CLEW_ORDER_NOTED_BYTES);
        if (o->n_left > 0 && !t->orders.has_more)
                clew_tier_tell(t, "writers",
                               "has more orders, or marks of them, than are looked "
                               "at: clew redact --orders");
        t->orders.has_more = o->n_left > 0;
        if (n + o->n_backs > 0 && open_prefix(t, &b, &ignored) < 0)
                return;
        for (uint32_t i = 0; b && i < o->n_backs; i++)
                forget_back(t, b, &o->backs[i]);
        for (size_t i = 0; i < n; i++) {
                const struct clew_order_seen *seen = seen_at(o, i);

                if (!seen->name.is_mark)
                        look_at(t, b, o, seen, &note);
                else if (o->n_left == 0 && !find_seen(o, seen->name.id))
                        (void)!delete_one(b, &seen->name, &ignored);
        }
        clew_bucket_close(b);
        write_note(t, &note);
}

/* ---- it is done ------------------------------------------------------------------------------ */

/* The next that the bucket has nothing of; 0 = none. */
static uint64_t next_done(struct clew_tier *t, uint64_t after)
{
        uint64_t id = 0;

        pthread_mutex_lock(&t->lock);
        for (uint32_t i = 0; i < t->orders.n; i++) {
                const struct clew_tier_order *e = &t->orders.all[i];

                if (e->is == CLEW_TIER_ORDER_DONE && e->id > after && (id == 0 || e->id < id) &&
                    e->erased <= t->catalog.erased)
                        id = e->id;
        }
        pthread_mutex_unlock(&t->lock);
        return id;
}

static void set_marked(struct clew_tier *t, uint64_t id)
{
        struct clew_tier_order *e;

        pthread_mutex_lock(&t->lock);
        e = find(t, id);
        if (e)
                e->is = CLEW_TIER_ORDER_MARKED;
        pthread_mutex_unlock(&t->lock);
        t->look_ns = 0; /* was it the last? */
}

void clew_tier_orders_mark(struct clew_tier *t)
{
        struct clew_object_bucket *b = NULL;
        struct clew_error ignored;
        uint64_t id = 0;

        /* What the bucket has is not known, or has something of what was erased. */
        if (t->is_unsure || t->leaves_all || t->sweeps_beside || t->beside.is_refused)
                return;
        while ((id = next_done(t, id)) > 0) {
                struct clew_order_name n = {.id = id, .is_mark = true};
                char name[CLEW_ORDER_NAME_MAX];
                int r = b ? 0 : open_prefix(t, &b, &ignored);

                snprintf(n.writer, sizeof(n.writer), "%s", t->name);
                clew_order_name(&n, name);
                if (r == 0)
                        r = clew_bucket_create(b, name, clew_slice_of_cstr(MARK_TEXT), &ignored);
                if (r == CLEW_BUCKET_MADE || r == CLEW_BUCKET_EXISTS)
                        set_marked(t, id);
        }
        clew_bucket_close(b);
}

/* ---- who carries them out -------------------------------------------------------------------- */

int clew_order_next(struct clew_tier *t, struct clew_buffer *bytes, struct clew_order *ret)
{
        uint64_t now = clew_clock_monotonic_ns(clew_clock_system());
        int r = 0;

        clew_buffer_clear(bytes);
        pthread_mutex_lock(&t->lock);
        for (uint32_t i = 0; r == 0 && i < t->orders.n; i++) {
                struct clew_tier_order *e = &t->orders.all[i];

                if (e->is != CLEW_TIER_ORDER_WAITS || e->not_before_ns > now)
                        continue;
                clew_buffer_append_slice(bytes, clew_buffer_slice(&e->what));
                if (clew_buffer_error(bytes) < 0)
                        r = clew_buffer_error(bytes);
                else if (clew_order_decode(clew_buffer_slice(bytes), ret))
                        r = 1;
                if (r == 1)
                        e->is = CLEW_TIER_ORDER_GIVEN;
        }
        pthread_mutex_unlock(&t->lock);
        return r;
}

int clew_order_settle(struct clew_tier *t, uint64_t id, bool done, struct clew_error *err)
{
        struct clew_erasure erasure = {0};
        struct clew_tier_order *e;
        MDB_txn *txn = NULL;
        int r = done ? clew_txn_begin_read(t->store->env, &txn, err) : 0;

        if (r == 0 && done) {
                r = clew_erasure_read(t->store->env, txn, &erasure, err);
                clew_txn_end_read(t->store->env, txn);
        }
        pthread_mutex_lock(&t->lock);
        e = find(t, id);
        if (e && done && r == 0) {
                e->is = CLEW_TIER_ORDER_DONE;
                e->erased = erasure.wanted;
                e->pause_ns = 0;
                forget_what(e);
        } else if (e) {
                e->is = CLEW_TIER_ORDER_WAITS;
                e->pause_ns = e->pause_ns == 0                  ? FAILED_NS
                              : e->pause_ns > FAILED_NS_MAX / 2 ? FAILED_NS_MAX
                                                                : 2 * e->pause_ns;
                e->not_before_ns = clew_clock_monotonic_ns(clew_clock_system()) + e->pause_ns;
        }
        pthread_mutex_unlock(&t->lock);
        return r;
}
