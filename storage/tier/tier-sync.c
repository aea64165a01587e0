/*
 * Uploading what is sealed.
 *
 * A sync compares the segments of a snapshot with the catalog, when enough has come or the first of
 * it has waited long enough. Those that the bucket has not are uploaded, each from a snapshot of
 * its own, many in one object; then one version of the catalog says what is new, what has lost
 * traces and what is gone. What has lost traces or is gone is said only when the bucket
 * has all segments of the snapshot: until then a trace that has moved is still found in its older
 * segment. Objects are deleted some time after the version that does without them, or at once when
 * something was deleted or redacted. So whoever dies anywhere leaves objects that no version names;
 * they go at the next start.
 *
 * Nothing of this is on the way of an acknowledgement.
 */
#include "proto/base/clock.h"
#include "proto/base/hash.h"
#include "storage/source/erasure-int.h"
#include "storage/tier/tier-pack-int.h"

#include <errno.h>
#include <string.h>

/* Bytes of segments that do not wait for more: with what they are found by, three or four objects,
 * and the version that names them is a fifth request. */
#define GROUP_BYTES ((uint64_t)36 << 20)
/* So long an object stays that no version names any more: readers have the one before. What was
 * deleted or redacted does not wait. */
#define LEAVING_NS (300 * CLEW_NS_PER_S)
#define LEAVING_BYTES_MAX ((size_t)64 << 20)

/* ---- what is different ----------------------------------------------------------------------- */

struct sync {
        struct clew_tier *tier;
        struct clew_object_bucket *bucket;
        struct clew_tier_upload upload; /* by this sync */
        struct clew_buffer missing;     /* uint64_t: segments that the bucket has not */
        struct clew_buffer left;        /* struct clew_tier_place: where segments were */
        bool waits;                     /* what is new waits for more */
        bool repacks_on;                /* some objects have yet to be made anew */
        uint64_t segment_bytes;         /* of the snapshot */
        struct clew_buffer changes;     /* struct clew_tier_item */
        struct clew_buffer bits;        /* CLEW_SEGMENT_LIVE_MAX for each of them */
        uint64_t first_hot;             /* of the snapshot */
        uint64_t next_segment;
        uint64_t erased;
        bool has_beside; /* what is beside the traces has changed, to this */
        struct clew_tier_beside beside;
        struct clew_tier_stats *stats;
        void (*run)(void *context, void (*fn)(void *argument), void *argument);
        void *run_context;
};

static uint64_t digest_of(const struct clew_state *s, uint64_t erased)
{
        const uint64_t words[] = {s->next_segment, s->segments, s->sealed_traces, erased,
                                  clew_hash(clew_slice_make(s->places.of, sizeof(s->places.of)))};

        return clew_hash(clew_slice_make(words, sizeof(words))) | 1;
}

static const struct clew_tier_made *made_of(const struct sync *s, uint64_t segment)
{
        for (size_t i = 0; i < s->upload.n_made; i++) {
                if (s->upload.made[i].item.segment == segment)
                        return &s->upload.made[i];
        }
        return NULL;
}

/* Whether what the snapshot has is said now, or waits for more. */
static bool is_due(struct sync *s, const struct clew_state *state)
{
        struct clew_tier *t = s->tier;
        uint64_t now = clew_clock_monotonic_ns(clew_clock_system());

        if (t->synced == 0 || s->erased > t->catalog.erased)
                return true;
        if (t->waits_since_ns == 0)
                t->waits_since_ns = now;
        return now - t->waits_since_ns >= t->wait_ns ||
               (state->segment_bytes > t->synced_bytes &&
                state->segment_bytes - t->synced_bytes >= GROUP_BYTES);
}

static void add_change(struct sync *s, const struct clew_tier_item *item)
{
        uint8_t room[CLEW_SEGMENT_LIVE_MAX] = {0};

        if (item->live_len)
                memcpy(room, item->live, item->live_len);
        clew_buffer_append(&s->changes, item, sizeof(*item));
        clew_buffer_append(&s->bits, room, sizeof(room));
}

/* A segment of the snapshot: new, with other live traces, or as it was. */
static int compare(struct sync *s, MDB_txn *txn, uint64_t segment, const struct clew_scan *scan,
                   struct clew_error *err)
{
        const struct clew_tier_item *item = clew_tier_catalog_find(&s->tier->catalog, segment);
        const struct clew_tier_made *made = item ? NULL : made_of(s, segment);
        struct clew_tier_item next;
        struct clew_segment_entry e;
        struct clew_slice value;
        uint8_t room[CLEW_SEGMENT_LIVE_MAX];

        if (!item && !made) {
                clew_buffer_append(&s->missing, &segment, sizeof(segment));
                return 0;
        }
        if (!clew_segment_entry_decode(scan->value, &e))
                return 0;
        if (item && clew_slice_eq(e.live, clew_slice_make(item->live, item->live_len)))
                return 0;
        /* Before it is said: the whole entry, verified. */
        if (clew_table_get(s->tier->store->env, txn, CLEW_TABLE_SEGMENT, scan->key, &value, err) <
                    0 ||
            !clew_segment_entry_decode(value, &e) || e.live.len > sizeof(room))
                return 0; /* damaged here: the bucket keeps what it has */
        next = item ? *item : made->item;
        if (e.live.len)
                memcpy(room, e.live.data, e.live.len);
        next.live = room;
        next.live_len = e.live.len;
        add_change(s, &next);
        return 0;
}

/* What the catalog has and the snapshot has not. */
static int add_removed(struct sync *s, MDB_txn *txn, struct clew_error *err)
{
        for (size_t i = 0; i < s->tier->catalog.n; i++) {
                struct clew_key key = clew_key_segment(s->tier->catalog.items[i].segment);
                struct clew_slice value;
                int r = clew_table_peek(s->tier->store->env, txn, CLEW_TABLE_SEGMENT,
                                        clew_key_slice(&key), &value, err);
                struct clew_tier_item gone = {.segment = s->tier->catalog.items[i].segment};

                if (r == -ENOENT) {
                        add_change(s, &gone);
                        clew_buffer_append(&s->left, &s->tier->catalog.items[i].place,
                                           sizeof(struct clew_tier_place));
                } else if (r < 0) {
                        return r;
                }
        }
        return 0;
}

/* Not all is in the bucket yet: what traces have left is said later, when it has where they went.
 */
static void keep_made(struct sync *s)
{
        struct clew_tier_item *items = (void *)s->changes.data;
        size_t n = s->changes.len / sizeof(*items);
        size_t kept = 0;

        for (size_t i = 0; i < n; i++) {
                if (!made_of(s, items[i].segment))
                        continue;
                items[kept] = items[i];
                memmove(s->bits.data + kept * CLEW_SEGMENT_LIVE_MAX,
                        s->bits.data + i * CLEW_SEGMENT_LIVE_MAX, CLEW_SEGMENT_LIVE_MAX);
                kept++;
        }
        s->changes.len = kept * sizeof(*items);
        s->bits.len = kept * CLEW_SEGMENT_LIVE_MAX;
}

/* The lowest sequence that is hot in the snapshot: whatever lies below is sealed in it, or deleted.
 */
static int first_hot(struct sync *s, MDB_txn *txn, const struct clew_state *state,
                     struct clew_error *err)
{
        struct clew_hot_walk w = {0};
        struct clew_hot_found f;
        int r = clew_hot_walk_open(&w, s->tier->store->env, txn, NULL, err);

        s->first_hot = state->next_sequence;
        if (r == 0)
                r = clew_hot_walk_next(&w, &f, err);
        if (r == 1)
                s->first_hot = f.ref.first ? f.ref.first : f.ref.sequence;
        clew_hot_walk_close(&w);
        return r < 0 ? r : 0;
}

/* Compares in one snapshot. */
static int look(struct sync *s, uint64_t *ret_digest, struct clew_error *err)
{
        struct clew_env *env = s->tier->store->env;
        struct clew_state state;
        struct clew_erasure erasure = {0};
        CLEW_SCAN scan = {.unchecked = true};
        MDB_txn *txn = NULL;
        int r = clew_txn_begin_read(env, &txn, err);

        if (r < 0)
                return r;
        clew_buffer_clear(&s->missing);
        clew_buffer_clear(&s->changes);
        clew_buffer_clear(&s->bits);
        clew_buffer_clear(&s->left);
        s->waits = false;
        r = clew_state_read(env, txn, &state, err);
        if (r == 0)
                r = clew_erasure_read(env, txn, &erasure, err);
        if (r == 0 && s->tier->journal.is_on + s->tier->journal.was_there > 0)
                r = first_hot(s, txn, &state, err);
        s->next_segment = state.next_segment;
        s->erased = erasure.wanted;
        s->segment_bytes = state.segment_bytes;
        if (r == 0)
                clew_tier_fresh_forget(s->tier, 0, s->erased);
        *ret_digest = digest_of(&state, erasure.wanted);
        if (r == 0 && (*ret_digest == s->tier->synced || !is_due(s, &state))) {
                s->waits = *ret_digest != s->tier->synced;
                clew_txn_end_read(env, txn);
                return 0;
        }
        if (r == 0)
                r = clew_scan_open(env, txn, CLEW_TABLE_SEGMENT, &scan, err);
        scan.unchecked = true; /* live bits stand first; summaries are not read */
        while (r >= 0 && (r = clew_scan_next(&scan, err)) == 1) {
                uint64_t segment;

                if (clew_key_read_segment(scan.key, &segment))
                        r = compare(s, txn, segment, &scan, err);
        }
        clew_scan_close(&scan);
        if (r == 0 && s->missing.len == 0)
                r = add_removed(s, txn, err);
        r = clew_txn_check(env, txn, r, err);
        clew_txn_end_read(env, txn);
        if (r == 0 && (clew_buffer_error(&s->missing) < 0 || clew_buffer_error(&s->changes) < 0 ||
                       clew_buffer_error(&s->bits) < 0 || clew_buffer_error(&s->left) < 0))
                r = clew_error_set(err, -ENOMEM, 0, "out of memory");
        if (r == 0 && s->missing.len > 0)
                keep_made(s);
        return r;
}

/* ---- uploading ------------------------------------------------------------------------------- */

/* Uploads what is missing, up to the bound. A segment that is damaged here is told and left. */
static int upload_missing(struct sync *s, struct clew_error *err)
{
        struct clew_tier_upload *u = &s->upload;
        size_t n = s->missing.len / sizeof(uint64_t);
        int r = 0;

        for (size_t i = 0; r == 0 && i < n && !clew_tier_upload_is_full(u); i++) {
                struct clew_error own = {0};
                uint64_t segment;

                memcpy(&segment, s->missing.data + i * sizeof(segment), sizeof(segment));
                if (made_of(s, segment))
                        continue;
                r = clew_tier_pack(&u->packing, segment, &own);
                if (r == 0) {
                        r = clew_tier_upload_added(u, segment, u->packing.entry.n_traces, err);
                } else if (r == -EBADMSG) {
                        clew_tier_tell(s->tier, "a segment that is not uploaded", own.message);
                        r = 0;
                } else if (r == -ENOENT) { /* it has gone on meanwhile */
                        r = 0;
                } else {
                        *err = own;
                }
        }
        if (r == 0)
                r = clew_tier_upload_end(u, err);
        s->stats->uploaded += u->n_made;
        s->stats->uploaded_bytes += u->bytes;
        s->stats->objects += u->n_objects;
        return r;
}

/* What is said of a segment that has moved into another object. */
static void say_place(struct sync *s, const struct clew_tier_item *made)
{
        struct clew_tier_item *items = (void *)s->changes.data;
        const struct clew_tier_item *old = clew_tier_catalog_find(&s->tier->catalog, made->segment);
        struct clew_tier_item next;

        for (size_t i = 0; i < s->changes.len / sizeof(*items); i++) {
                if (items[i].segment == made->segment) {
                        items[i].place = made->place;
                        return;
                }
        }
        if (!old)
                return;
        next = *old;
        next.place = made->place;
        add_change(s, &next);
}

/* Objects that hold too little are made anew: those that hold anything that was deleted or
 * redacted, at once. */
static int repack(struct sync *s, struct clew_error *err)
{
        const struct clew_tier_item *items = (const void *)s->changes.data;
        size_t first = s->upload.n_made;
        CLEW_BUFFER gone = {0};
        int r;

        clew_buffer_init(&gone, (size_t)1 << 30);
        for (size_t i = 0; i < s->changes.len / sizeof(*items); i++) {
                if (items[i].place.whole == 0)
                        clew_buffer_append(&gone, &items[i].segment, sizeof(items[i].segment));
        }
        if (clew_buffer_error(&gone) < 0)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        r = clew_tier_repack(&s->upload, (const uint64_t *)(const void *)gone.data,
                             gone.len / sizeof(uint64_t), s->erased > s->tier->catalog.erased,
                             &s->left, &s->repacks_on, err);
        for (size_t i = first; r == 0 && i < s->upload.n_made; i++)
                say_place(s, &s->upload.made[i].item);
        return r;
}

/* ---- the next version ------------------------------------------------------------------------ */

/* Somebody has made the version that we wanted to make. */
static int find_out(struct sync *s, struct clew_error *err)
{
        struct clew_tier *t = s->tier;
        int r = clew_tier_catalog_read(s->bucket, &t->catalog, err);

        if (r < 0)
                return r;
        t->is_unsure = false;
        t->synced = 0;
        if (t->catalog.version == 0 || t->catalog.writer == t->writer)
                return 0; /* it was us, before an answer that did not come */
        t->is_fenced = true;
        return clew_error_set(
                err, -ESTALE, 0,
                "%s: another clewd has taken it over; this one uploads nothing more. "
                "End one of the two: this one's store goes on with another prefix, or "
                "an empty directory with what the bucket has",
                t->url);
}

/* Objects whose time has come go, unless a version names them after all; every one, when something
 * was erased. */
static int leave(struct sync *s, struct clew_error *err)
{
        bool all = s->tier->leaves_all;
        struct clew_buffer *line = &s->tier->leaving;
        size_t n = line->len / sizeof(struct clew_tier_leaving);
        uint64_t now = clew_clock_monotonic_ns(clew_clock_system());
        const struct clew_tier_leaving *x = (const void *)line->data;
        struct clew_tier_uses uses = {0};
        size_t done = 0;
        int r = 0;

        if (n == 0 && !s->tier->is_unsure)
                s->tier->leaves_all = false;
        if (n == 0 || s->tier->is_unsure || (!all && x[0].due_ns > now))
                return 0;
        if (clew_tier_uses_count(&s->tier->catalog, &uses) < 0)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        for (; r == 0 && done < n && (all || x[done].due_ns <= now); done++) {
                char name[CLEW_TIER_NAME_MAX];

                if (clew_tier_uses_find(&uses, &x[done].place))
                        continue;
                clew_tier_place_name(&x[done].place, name);
                r = clew_bucket_delete(s->bucket, name, err);
                done -= r < 0;
        }
        clew_tier_uses_deinit(&uses);
        if (r == 0)
                s->tier->leaves_all = false;
        line->len -= done * sizeof(*x);
        memmove(line->data, line->data + done * sizeof(*x), line->len);
        return r;
}

/* The object of @place goes when its time has come. */
static void line_up(struct sync *s, const struct clew_tier_place *place)
{
        struct clew_buffer *line = &s->tier->leaving;
        const struct clew_tier_leaving x = {*place, clew_clock_monotonic_ns(clew_clock_system()) +
                                                            LEAVING_NS};

        clew_buffer_append(line, &x, sizeof(x));
        if (clew_buffer_error(line) < 0) { /* those go at the next start */
                clew_buffer_deinit(line);
                clew_buffer_init(line, LEAVING_BYTES_MAX);
        }
}

/* Objects that segments have left go when nothing of them is wanted any more. */
static int line_up_left(struct sync *s, struct clew_error *err)
{
        const struct clew_tier_place *left = (const void *)s->left.data;
        size_t n = s->left.len / sizeof(*left);
        struct clew_tier_uses uses = {0};

        if (n > 0 && clew_tier_uses_count(&s->tier->catalog, &uses) < 0)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        for (size_t i = 0; i < n; i++) {
                if ((i == 0 || left[i].digest != left[i - 1].digest) &&
                    !clew_tier_uses_find(&uses, &left[i]))
                        line_up(s, &left[i]);
        }
        clew_tier_uses_deinit(&uses);
        return 0;
}

/* What has come to be, and what has gone, in the map and in the bucket. */
static int settle(struct sync *s, const struct clew_tier_catalog *before, struct clew_error *err)
{
        const struct clew_tier_item *items = (const void *)s->changes.data;
        size_t n = s->changes.len / sizeof(*items);
        int r = 0;

        for (size_t i = 0; r == 0 && i < s->upload.n_made; i++)
                r = clew_tier_map_know(s->tier->map, s->upload.made[i].item.segment,
                                       &s->upload.made[i].known, CLEW_SLICE_NULL, err);
        for (size_t i = 0; r == 0 && i < n; i++) {
                if (items[i].place.whole > 0)
                        continue;
                r = clew_tier_map_forget(s->tier->map, items[i].segment, err);
                s->stats->removed += r == 0;
        }
        if (r == 0)
                r = line_up_left(s, err);
        if (r == 0 && s->has_beside) {
                r = clew_tier_beside_settle(s->tier, s->bucket, &before->beside, err);
                s->tier->sweeps_beside = s->tier->sweeps_beside || r < 0;
        }
        if (before->erased != s->tier->catalog.erased)
                s->tier->wipes_map = s->tier->leaves_all = true;
        return r == 0 ? leave(s, err) : r;
}

/* Whether the catalog, as it was read again, says all that was to be said. */
static bool is_said(const struct sync *s, const struct clew_tier_item *items, size_t n)
{
        const struct clew_tier_catalog *c = &s->tier->catalog;
        bool is = !s->has_beside || (c->beside.n_parts == s->beside.n_parts &&
                                     memcmp(c->beside.parts, s->beside.parts,
                                            s->beside.n_parts * sizeof(s->beside.parts[0])) == 0);

        for (size_t i = 0; is && i < n; i++) {
                const struct clew_tier_item *there = clew_tier_catalog_find(c, items[i].segment);

                is = items[i].place.whole == 0
                             ? !there
                             : there && clew_tier_place_eq(&there->place, &items[i].place) &&
                                       there->live_len == items[i].live_len &&
                                       (there->live_len == 0 ||
                                        memcmp(there->live, items[i].live, there->live_len) == 0);
        }
        return is;
}

/* Nothing of what was deleted or redacted is in an object that stays. */
static bool says_erased(const struct sync *s)
{
        return !s->waits && s->missing.len == 0 && !s->repacks_on &&
               s->erased > s->tier->catalog.erased;
}

static int commit(struct sync *s, struct clew_error *err)
{
        struct clew_tier *t = s->tier;
        struct clew_tier_item *items = (void *)s->changes.data;
        size_t n = s->changes.len / sizeof(*items);
        const struct clew_tier_catalog before = t->catalog; /* without its items */
        int r;

        for (size_t i = 0; i < n; i++)
                items[i].live = s->bits.data + i * CLEW_SEGMENT_LIVE_MAX;
        t->catalog.writer = t->writer;
        t->catalog.created_ns = t->created_ns;
        t->catalog.next_segment = s->next_segment;
        t->catalog.written_ns = clew_clock_unix_ns(t->store->clock);
        if (says_erased(s))
                t->catalog.erased = s->erased;
        if (s->has_beside)
                t->catalog.beside = s->beside;
        t->is_unsure = true;
        r = clew_tier_catalog_commit(s->bucket, &t->catalog, items, n, err);
        if (r == 0) {
                t->is_unsure = false;
        } else if (r == -EEXIST || r == -EAGAIN) {
                r = find_out(s, err);
                s->stats->more = true;
                if (r < 0 || !is_said(s, items, n))
                        return r;
        } else {
                return r;
        }
        return settle(s, &before, err);
}

/* All that the snapshot has is said. */
static void rest(struct sync *s, uint64_t digest)
{
        struct clew_tier *t = s->tier;

        clew_tier_fresh_forget(t, s->next_segment, s->erased);
        t->synced = digest;
        t->synced_bytes = s->segment_bytes;
        t->waits_since_ns = 0;
        pthread_mutex_lock(&t->lock);
        t->complete = s->next_segment;
        t->complete_version = t->catalog.version;
        pthread_mutex_unlock(&t->lock);
}

/* Parts that could not be taken away when a version did without them. */
static int sweep_beside(struct sync *s, struct clew_error *err)
{
        int r = s->tier->sweeps_beside && !s->tier->is_unsure
                        ? clew_tier_beside_sweep(s->tier, s->bucket, err)
                        : 0;

        if (r == 0 && !s->tier->is_unsure)
                s->tier->sweeps_beside = false;
        return r;
}

/* Uploads that no version names are not said; then only those that the snapshot has are. */
static int sync_once(struct sync *s, struct clew_error *err)
{
        uint64_t digest = 0;
        int r = look(s, &digest, err);

        /* Before a version says that what was erased is nowhere. */
        if (r == 0 && clew_journal_is_stale(s->tier, s->erased))
                r = clew_journal_renew(s->tier, s->bucket, s->erased, s->run, s->run_context, err);
        if (r == 0 && s->missing.len > 0) {
                r = upload_missing(s, err);
                if (r == 0)
                        r = look(s, &digest, err);
        }
        if (r == 0 && s->missing.len == 0 && !s->waits && digest != s->tier->synced)
                r = repack(s, err);
        if (r == 0)
                r = clew_tier_beside_upload(s->tier, s->bucket, &s->beside, err);
        if (r < 0)
                return r;
        s->has_beside = r == 1;
        r = 0;
        if ((s->waits || digest == s->tier->synced) && s->missing.len == 0 && !s->has_beside)
                return s->waits ? 0 : clew_journal_trim(s->tier, s->bucket, s->first_hot, err);
        s->stats->more = s->repacks_on || (s->missing.len > 0 && s->upload.n_made > 0);
        if (s->changes.len > 0 || s->has_beside || says_erased(s))
                r = commit(s, err);
        if (r == 0 && !s->waits && s->missing.len == 0 && !s->stats->more) {
                rest(s, digest);
                return clew_journal_trim(s->tier, s->bucket, s->first_hot, err);
        }
        if (r == 0 && !s->waits)
                s->tier->waits_since_ns = clew_clock_monotonic_ns(clew_clock_system());
        return r;
}

/* Objects that were uploaded for a version that was not made: the next may name others. */
static void line_up_made(struct sync *s)
{
        const struct clew_tier_made *made = s->upload.made;

        for (size_t i = 0; i < s->upload.n_made; i++) {
                if (i == 0 || made[i].item.place.digest != made[i - 1].item.place.digest)
                        line_up(s, &made[i].item.place);
        }
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* What was read back of erased segments; what somebody still reads waits for the next time. */
static int wipe_map(struct clew_tier *t, struct clew_error *err)
{
        bool all = false;
        int r = clew_tier_map_wipe(t->map, &all, err);

        t->wipes_map = r < 0 || !all;
        return r;
}

int clew_tier_sync(struct clew_tier *t,
                   void (*run)(void *context, void (*fn)(void *argument), void *argument),
                   void *run_context, struct clew_tier_stats *stats, struct clew_error *err)
{
        struct sync s = {.tier = t, .stats = stats, .run = run, .run_context = run_context};
        int r;

        memset(stats, 0, sizeof(*stats));
        if (t->is_fenced)
                return clew_error_set(err, -ESTALE, 0, "%s: another clewd has taken it over",
                                      t->url);
        if (t->is_deferred) {
                r = clew_tier_attach_deferred(t, stats, err);
                t->is_fenced = r == -ESTALE;
                if (r < 0)
                        return r;
                stats->more = true;
                return 0;
        }
        r = clew_tier_bucket(t, &s.bucket, err);
        if (r < 0)
                return r;
        if (!t->leaving.max_bytes)
                clew_buffer_init(&t->leaving, LEAVING_BYTES_MAX);
        clew_buffer_init(&s.missing, (size_t)1 << 30);
        clew_buffer_init(&s.changes, (size_t)1 << 30);
        clew_buffer_init(&s.bits, (size_t)1 << 32);
        clew_buffer_init(&s.left, (size_t)1 << 30);
        r = clew_tier_upload_init(&s.upload, t, s.bucket, err);
        if (r == 0 && t->is_unsure) /* nothing is decided before it is known what the bucket has */
                r = find_out(&s, err);
        if (r == 0)
                r = sync_once(&s, err);
        if (r < 0)
                line_up_made(&s);
        if (r == 0)
                r = leave(&s, err);
        if (r == 0)
                r = sweep_beside(&s, err);
        if (r == 0 && t->wipes_map)
                r = wipe_map(t, err);
        clew_tier_orders_mark(t);
        clew_tier_look_at_others(t);
        if (r == 0 && t->local_bytes > 0)
                r = clew_tier_evict(t, s.bucket, run, run_context, stats, err);
        stats->version = t->catalog.version;
        stats->segments = t->catalog.n;
        clew_tier_upload_deinit(&s.upload);
        clew_buffer_deinit(&s.missing);
        clew_buffer_deinit(&s.changes);
        clew_buffer_deinit(&s.bits);
        clew_buffer_deinit(&s.left);
        return r;
}
