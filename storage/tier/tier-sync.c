/*
 * Uploading what is sealed.
 *
 * A sync compares the segments of a snapshot with the catalog. Those that the bucket has not are
 * uploaded, each from a snapshot of its own; then one version of the catalog says what is new, what
 * has lost traces and what is gone. What has lost traces or is gone is said only when the bucket
 * has all segments of the snapshot: until then a trace that has moved is still found in its older
 * segment. Objects are deleted some time after the version that does without them, or at once when
 * something was deleted or redacted. So whoever dies anywhere leaves objects that no version names;
 * they go at the next start.
 *
 * Nothing of this is on the way of an acknowledgement.
 */
#include "storage/tier/tier-int.h"

#include "proto/base/clock.h"
#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "storage/index/catalog-keys-int.h"
#include "storage/object/objects-int.h"
#include "storage/seal/rederive-int.h"
#include "storage/source/erasure-int.h"

#include <errno.h>
#include <string.h>

/* Segments of one version, and rounds of uploading before what is there is said. */
#define UPLOADS_MAX 64u
/* So long an object stays that no version names any more: readers have the one before. What was
 * deleted or redacted does not wait. */
#define LEAVING_NS (300 * CLEW_NS_PER_S)
#define LEAVING_BYTES_MAX ((size_t)64 << 20)
#define SECTION_BYTES_MAX ((size_t)1 << 30)

/* ---- one segment as an object ---------------------------------------------------------------- */

struct packing {
        struct clew_tier *tier;
        MDB_txn *txn;
        struct clew_loader loader;
        struct clew_segment_entry entry; /* of the snapshot */
        struct clew_slice entry_bytes;
        struct clew_slice segment_bytes;
        struct clew_buffer scratch;
        struct clew_buffer rows;
        struct clew_buffer index;
        struct clew_buffer object;
};

static int pack_rows(struct packing *p, uint64_t segment, struct clew_error *err)
{
        int r = 0;

        clew_buffer_clear(&p->rows);
        for (uint32_t i = 0; r == 0 && i < p->entry.n_traces; i++) {
                struct clew_tier_row row = {0};
                struct clew_segment_row sealed;
                struct clew_place place;

                r = clew_loader_sealed(&p->loader, segment, i, NULL, &sealed, err);
                if (r < 0)
                        return r;
                clew_trace_id_of_message(clew_buffer_slice(&p->loader.sealed), sealed.traces_len,
                                         &row.id);
                row.n_spans = sealed.n_spans;
                row.n_logs = sealed.n_logs;
                row.raw_bytes = p->loader.sealed.len;
                r = clew_place_read(p->tier->store->env, p->txn, &row.id, &place, err);
                if (r == 0)
                        row.start_ns = place.start_ns;
                else if (r == -ENOENT)
                        r = 0;
                clew_tier_row_put(&p->rows, &row);
        }
        return r < 0 ? r : clew_buffer_error(&p->rows);
}

/* The blocks of a run that covers this segment alone. */
static int copy_run(struct packing *p, const struct clew_index_run *run, struct clew_error *err)
{
        CLEW_BUFFER blocks = {0};
        CLEW_BUFFER ends = {0};
        CLEW_BUFFER head = {0};
        int r = 0;

        clew_buffer_init(&blocks, SECTION_BYTES_MAX);
        clew_buffer_init(&ends, SECTION_BYTES_MAX);
        clew_buffer_init(&head, CLEW_RUN_HEAD_MAX);
        for (uint32_t i = 0; r == 0 && i < run->head.n_blocks; i++) {
                struct clew_key key = clew_index_key_block(run->number, i + 1);
                struct clew_slice block;

                r = clew_table_get(p->tier->store->env, p->txn, CLEW_TABLE_INDEX,
                                   clew_key_slice(&key), &block, err);
                if (r < 0)
                        return r == -ENOENT ? -EBADMSG : r;
                clew_buffer_append_slice(&blocks, block);
                clew_buffer_append(&ends, &blocks.len, sizeof(blocks.len));
        }
        clew_run_head_encode(&run->head, &head);
        if (clew_buffer_error(&blocks) < 0 || clew_buffer_error(&ends) < 0 ||
            clew_buffer_error(&head) < 0)
                return -ENOMEM;
        clew_tier_index_put(&p->index, clew_buffer_slice(&head), clew_buffer_slice(&blocks),
                            (const size_t *)(const void *)ends.data, run->head.n_blocks);
        return clew_buffer_error(&p->index);
}

/* The index derived from the segment's traces, when no run is of it alone any more. */
static int derive_index(struct packing *p, uint64_t segment, struct clew_error *err)
{
        struct clew_store *store = p->tier->store;
        struct clew_rederive x;
        CLEW_BUFFER head = {0};
        int r = clew_rederive_init(&x, store, true, err);

        clew_buffer_init(&head, CLEW_RUN_HEAD_MAX);
        if (r == 0) {
                clew_loader_set_txn(&x.loader, p->txn);
                r = clew_rederive_segment(&x, segment, &p->entry, err);
                clew_loader_set_txn(&x.loader, NULL);
        }
        if (r == 0)
                r = clew_index_blocks_build(&x.index, x.sink, store->deriver->index_version);
        if (r == 0 && x.index.is_set) {
                x.index.segment.segment = segment;
                clew_run_head_encode(&x.index.head, &head);
                clew_tier_index_put(
                        &p->index, clew_buffer_slice(&head), clew_buffer_slice(&x.index.bytes),
                        (const size_t *)(const void *)x.index.ends.data, x.index.head.n_blocks);
                r = clew_buffer_error(&head) < 0 ? -ENOMEM : clew_buffer_error(&p->index);
        }
        clew_rederive_deinit(&x);
        return r;
}

static int pack_index(struct packing *p, uint64_t segment, struct clew_error *err)
{
        const struct clew_deriver *d = p->tier->store->deriver;
        struct clew_index_catalog c = {0};
        const struct clew_index_run *run = NULL;
        struct clew_error ignored = {0};
        int r = -ENOENT;

        clew_buffer_clear(&p->index);
        if (!d || !d->summarize_indexed)
                return 0;
        if (clew_index_catalog_read(&c, p->tier->store->env, p->txn, d->index_version, &ignored) ==
            0) {
                run = clew_index_run_of(&c, segment);
                if (run && run->head.n_segments == 1)
                        r = copy_run(p, run, &ignored);
                clew_index_catalog_deinit(&c);
        }
        if (r == 0 || r == -ENOMEM)
                return r;
        clew_buffer_clear(&p->index);
        return derive_index(p, segment, err);
}

static int pack_snapshot(struct packing *p, uint64_t segment, struct clew_error *err)
{
        struct clew_env *env = p->tier->store->env;
        struct clew_key key = clew_key_segment(segment);
        struct clew_slice sections[CLEW_TIER_SECTIONS];
        int r = clew_object_is_here(env, p->txn, segment, err);

        if (r != 1)
                return r < 0 ? r : -ENOENT;
        r = clew_table_get(env, p->txn, CLEW_TABLE_SEGMENT, clew_key_slice(&key), &p->entry_bytes,
                           err);
        if (r == 0 && !clew_segment_entry_decode(p->entry_bytes, &p->entry))
                r = -EBADMSG;
        if (r == 0)
                r = clew_object_get(env, p->txn, segment, &p->scratch, &p->segment_bytes, err);
        if (r == 0)
                r = pack_rows(p, segment, err);
        if (r == 0)
                r = pack_index(p, segment, err);
        if (r < 0)
                return r;
        sections[CLEW_TIER_SEGMENT] = p->segment_bytes;
        sections[CLEW_TIER_ROWS] = clew_buffer_slice(&p->rows);
        sections[CLEW_TIER_ENTRY] = p->entry_bytes;
        sections[CLEW_TIER_INDEX] = clew_buffer_slice(&p->index);
        clew_buffer_clear(&p->object);
        clew_tier_object_build(&p->object, p->tier->created_ns, segment, sections);
        return clew_buffer_error(&p->object) < 0
                       ? clew_error_set(err, -ENOMEM, 0, "out of memory for an object")
                       : 0;
}

/* p->object is the segment's object. -ENOENT: there is no such segment here. */
static int pack(struct packing *p, uint64_t segment, struct clew_error *err)
{
        struct clew_env *env = p->tier->store->env;
        int r = clew_txn_begin_read(env, &p->txn, err);

        if (r < 0)
                return r;
        clew_loader_set_txn(&p->loader, p->txn);
        r = pack_snapshot(p, segment, err);
        clew_loader_set_txn(&p->loader, NULL);
        r = clew_txn_check(env, p->txn, r, err);
        clew_txn_end_read(env, p->txn);
        return r;
}

static int packing_init(struct packing *p, struct clew_tier *t)
{
        memset(p, 0, sizeof(*p));
        p->tier = t;
        clew_buffer_init(&p->scratch, CLEW_BUCKET_OBJECT_MAX);
        clew_buffer_init(&p->rows, (size_t)CLEW_SEGMENT_TRACES_MAX * CLEW_TIER_ROW_MAX);
        clew_buffer_init(&p->index, SECTION_BYTES_MAX);
        clew_buffer_init(&p->object, CLEW_BUCKET_OBJECT_MAX);
        return clew_loader_init(&p->loader, t->store->env);
}

static void packing_deinit(struct packing *p)
{
        clew_loader_deinit(&p->loader);
        clew_buffer_deinit(&p->scratch);
        clew_buffer_deinit(&p->rows);
        clew_buffer_deinit(&p->index);
        clew_buffer_deinit(&p->object);
}

/* ---- what is different ----------------------------------------------------------------------- */

struct change {
        struct clew_tier_item item;
        struct clew_tier_known known; /* of one that was uploaded */
        uint8_t live[CLEW_SEGMENT_LIVE_MAX];
};

struct sync {
        struct clew_tier *tier;
        struct clew_object_bucket *bucket;
        struct clew_buffer missing; /* uint64_t: segments that the bucket has not */
        struct change *made;        /* uploaded by this sync */
        size_t n_made;
        struct clew_buffer changes; /* struct clew_tier_item */
        struct clew_buffer bits;    /* CLEW_SEGMENT_LIVE_MAX for each of them */
        uint64_t first_hot; /* of the snapshot */
        uint64_t next_segment;
        uint64_t erased;
        bool has_beside; /* what is beside the traces has changed, to this */
        struct clew_tier_beside beside;
        struct clew_tier_stats *stats;
};

static uint64_t digest_of(const struct clew_state *s, uint64_t erased)
{
        const uint64_t words[] = {s->next_segment, s->segments, s->sealed_traces, erased,
                                  clew_hash(clew_slice_make(s->places.of, sizeof(s->places.of)))};

        return clew_hash(clew_slice_make(words, sizeof(words))) | 1;
}

static const struct change *made_of(const struct sync *s, uint64_t segment)
{
        for (size_t i = 0; i < s->n_made; i++) {
                if (s->made[i].item.segment == segment)
                        return &s->made[i];
        }
        return NULL;
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
        const struct change *made = item ? NULL : made_of(s, segment);
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
                struct clew_tier_item gone = {.segment = s->tier->catalog.items[i].segment,
                                              .digest = s->tier->catalog.items[i].digest};

                if (r == -ENOENT)
                        add_change(s, &gone);
                else if (r < 0)
                        return r;
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

/* The lowest sequence that is hot in the snapshot: whatever lies below is sealed in it, or deleted. */
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
                s->first_hot = f.ref.sequence;
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
        r = clew_state_read(env, txn, &state, err);
        if (r == 0)
                r = clew_erasure_read(env, txn, &erasure, err);
        if (r == 0 && s->tier->journal.is_on + s->tier->journal.was_there > 0)
                r = first_hot(s, txn, &state, err);
        s->next_segment = state.next_segment;
        s->erased = erasure.wanted;
        *ret_digest = digest_of(&state, erasure.wanted);
        if (r == 0 && *ret_digest == s->tier->synced) {
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
                       clew_buffer_error(&s->bits) < 0))
                r = clew_error_set(err, -ENOMEM, 0, "out of memory");
        if (r == 0 && s->missing.len > 0)
                keep_made(s);
        return r;
}

/* ---- uploading ------------------------------------------------------------------------------- */

static int upload(struct sync *s, struct packing *p, uint64_t segment, struct clew_error *err)
{
        struct change *made = &s->made[s->n_made];
        struct clew_slice object;
        char name[CLEW_TIER_NAME_MAX];
        int r = pack(p, segment, err);

        if (r < 0)
                return r;
        object = clew_buffer_slice(&p->object);
        memset(made, 0, sizeof(*made));
        made->item = (struct clew_tier_item){
                .segment = segment,
                .digest = clew_hash(object),
                .size = object.len,
                .meta = CLEW_TIER_SEGMENT_AT + p->segment_bytes.len,
                .n_traces = p->entry.n_traces,
        };
        made->known = (struct clew_tier_known){
                .digest = made->item.digest,
                .size = object.len,
                .meta = made->item.meta,
                .segment_len = p->segment_bytes.len,
                .segment_check = clew_tier_check(
                        segment, CLEW_TIER_SEGMENT,
                        clew_slice_make(object.data + CLEW_TIER_SEGMENT_AT, p->segment_bytes.len)),
        };
        clew_tier_segment_name(segment, made->item.digest, name);
        r = clew_bucket_create(s->bucket, name, object, err);
        if (r == CLEW_BUCKET_EXISTS)
                return clew_error_set(
                        err, -EBADMSG, 0,
                        "%s: %s is there with other bytes: it is damaged, or somebody "
                        "writes there who should not; delete it",
                        s->tier->url, name);
        if (r == CLEW_BUCKET_UNSURE)
                return clew_error_set(err, -ETIMEDOUT, 0, "%s: does not answer for sure",
                                      s->tier->url);
        if (r < 0)
                return r;
        s->n_made++;
        s->stats->uploaded++;
        s->stats->uploaded_bytes += object.len;
        return 0;
}

/* Uploads what is missing, up to the bound. A segment that is damaged here is told and left. */
static int upload_missing(struct sync *s, struct packing *p, struct clew_error *err)
{
        size_t n = s->missing.len / sizeof(uint64_t);
        int r = 0;

        for (size_t i = 0; r == 0 && i < n && s->n_made < UPLOADS_MAX; i++) {
                uint64_t segment;

                memcpy(&segment, s->missing.data + i * sizeof(segment), sizeof(segment));
                if (made_of(s, segment))
                        continue;
                r = upload(s, p, segment, err);
                if (r == -ENOENT) /* it has gone on meanwhile */
                        r = 0;
        }
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

/* Objects whose time has come go; @all: every one that no version names. */
static int leave(struct sync *s, bool all, struct clew_error *err)
{
        struct clew_buffer *line = &s->tier->leaving;
        size_t n = line->len / sizeof(struct clew_tier_leaving);
        uint64_t now = clew_clock_monotonic_ns(clew_clock_system());
        size_t done = 0;
        int r = 0;

        for (; done < n; done++) {
                struct clew_tier_leaving x;
                char name[CLEW_TIER_NAME_MAX];

                memcpy(&x, line->data + done * sizeof(x), sizeof(x));
                if (!all && x.due_ns > now)
                        break;
                clew_tier_segment_name(x.segment, x.digest, name);
                r = clew_bucket_delete(s->bucket, name, err);
                if (r < 0)
                        break;
        }
        if (done > 0) {
                line->len -= done * sizeof(struct clew_tier_leaving);
                memmove(line->data, line->data + done * sizeof(struct clew_tier_leaving),
                        line->len);
        }
        return r;
}

/* What has come to be, and what has gone, in the map and in the bucket. */
static int settle(struct sync *s, const struct clew_tier_catalog *before, struct clew_error *err)
{
        const struct clew_tier_item *items = (const void *)s->changes.data;
        size_t n = s->changes.len / sizeof(*items);
        struct clew_buffer *line = &s->tier->leaving;
        int r = 0;

        for (size_t i = 0; r == 0 && i < s->n_made; i++)
                r = clew_tier_map_know(s->tier->map, s->made[i].item.segment, &s->made[i].known,
                                       CLEW_SLICE_NULL, err);
        for (size_t i = 0; r == 0 && i < n; i++) {
                const struct clew_tier_leaving x = {items[i].segment, items[i].digest,
                                                    clew_clock_monotonic_ns(clew_clock_system()) +
                                                            LEAVING_NS};

                if (items[i].size > 0)
                        continue;
                clew_buffer_append(line, &x, sizeof(x));
                r = clew_tier_map_forget(s->tier->map, items[i].segment, err);
                s->stats->removed += r == 0;
        }
        if (r == 0 && clew_buffer_error(line) < 0) { /* those go at the next start */
                clew_buffer_deinit(line);
                clew_buffer_init(line, LEAVING_BYTES_MAX);
        }
        if (r == 0 && s->has_beside)
                r = clew_tier_beside_settle(s->tier, s->bucket, &before->beside, err);
        if (before->erased != s->tier->catalog.erased)
                s->tier->wipes_map = true;
        return r == 0 ? leave(s, before->erased != s->tier->catalog.erased, err) : r;
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

                is = items[i].size == 0
                             ? !there
                             : there && there->digest == items[i].digest &&
                                       there->live_len == items[i].live_len &&
                                       (there->live_len == 0 ||
                                        memcmp(there->live, items[i].live, there->live_len) == 0);
        }
        return is;
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
        if (s->missing.len == 0 && s->erased > t->catalog.erased)
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

/* Uploads that no version names are not said; then only those that the snapshot has are. */
static int sync_once(struct sync *s, struct packing *p, struct clew_error *err)
{
        uint64_t digest = 0;
        int r = look(s, &digest, err);

        if (r == 0 && s->missing.len > 0) {
                r = upload_missing(s, p, err);
                if (r == 0)
                        r = look(s, &digest, err);
        }
        if (r == 0)
                r = clew_tier_beside_upload(s->tier, s->bucket, &s->beside, err);
        if (r < 0)
                return r;
        s->has_beside = r == 1;
        r = 0;
        if (digest == s->tier->synced && s->missing.len == 0 && !s->has_beside)
                return clew_journal_trim(s->tier, s->bucket, s->first_hot, err);
        s->stats->more = s->missing.len > 0;
        if (s->changes.len > 0 || s->has_beside ||
            (s->missing.len == 0 && s->erased > s->tier->catalog.erased))
                r = commit(s, err);
        if (r == 0 && !s->stats->more) {
                s->tier->synced = digest;
                pthread_mutex_lock(&s->tier->lock);
                s->tier->complete = s->next_segment;
                s->tier->complete_version = s->tier->catalog.version;
                pthread_mutex_unlock(&s->tier->lock);
                r = clew_journal_trim(s->tier, s->bucket, s->first_hot, err);
        }
        return r;
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
        struct sync s = {.tier = t, .stats = stats};
        struct packing p;
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
        s.made = clew_calloc(UPLOADS_MAX, sizeof(*s.made));
        r = packing_init(&p, t);
        if (r < 0 || !s.made)
                r = clew_error_set(err, -ENOMEM, 0, "out of memory");
        if (r == 0 && t->is_unsure) /* nothing is decided before it is known what the bucket has */
                r = find_out(&s, err);
        if (r == 0)
                r = sync_once(&s, &p, err);
        if (r == 0)
                r = leave(&s, false, err);
        if (r == 0 && t->wipes_map)
                r = wipe_map(t, err);
        if (r == 0 && t->local_bytes > 0)
                r = clew_tier_evict(t, s.bucket, run, run_context, stats, err);
        stats->version = t->catalog.version;
        stats->segments = t->catalog.n;
        packing_deinit(&p);
        clew_free(s.made);
        clew_buffer_deinit(&s.missing);
        clew_buffer_deinit(&s.changes);
        clew_buffer_deinit(&s.bits);
        return r;
}
