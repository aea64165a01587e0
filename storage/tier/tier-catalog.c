#include "storage/tier/tier-catalog-int.h"

#include "proto/base/mem.h"
#include "proto/base/number.h"
#include "storage/tier/frame-int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MAGIC "CLEWCAT1"
#define FORMAT 3u
/* Each segment is an object of its own. */
#define FORMAT_ALONE 2u
/* Without what stands beside the traces. */
#define FORMAT_OLDEST 1u
#define FULL_EVERY 64u
/* Some hundred bytes for each segment. */
#define VERSION_BYTES_MAX ((size_t)1 << 30)
#define SEGMENTS_MAX (1u << 26)

void clew_tier_part_name(uint64_t digest, char ret[CLEW_TIER_NAME_MAX])
{
        snprintf(ret, CLEW_TIER_NAME_MAX, "beside/%016llx", (unsigned long long)digest);
}

static void version_name(uint64_t version, char ret[CLEW_TIER_NAME_MAX])
{
        snprintf(ret, CLEW_TIER_NAME_MAX, "cat/%020llu", (unsigned long long)version);
}

/* ---- in memory ------------------------------------------------------------------------------- */

void clew_tier_catalog_deinit(struct clew_tier_catalog *c)
{
        uint64_t base = c->base;

        for (size_t i = 0; i < c->n; i++)
                clew_free(c->items[i].live);
        clew_free(c->items);
        memset(c, 0, sizeof(*c));
        c->base = base;
}

/* Where @segment is, or would be. */
static size_t place_of(const struct clew_tier_catalog *c, uint64_t segment)
{
        size_t from = 0;
        size_t to = c->n;

        while (from < to) {
                size_t middle = from + (to - from) / 2;

                if (c->items[middle].segment < segment)
                        from = middle + 1;
                else
                        to = middle;
        }
        return from;
}

struct clew_tier_item *clew_tier_catalog_find(const struct clew_tier_catalog *c, uint64_t segment)
{
        size_t at = place_of(c, segment);

        return at < c->n && c->items[at].segment == segment ? &c->items[at] : NULL;
}

static int make_room(struct clew_tier_catalog *c, size_t at)
{
        if (c->n == c->capacity) {
                size_t want = c->capacity ? c->capacity * 2 : 64;
                void *more = clew_realloc_array(c->items, want, sizeof(*c->items));

                if (!more)
                        return -ENOMEM;
                c->items = more;
                c->capacity = want;
        }
        memmove(&c->items[at + 1], &c->items[at], (c->n - at) * sizeof(*c->items));
        c->n++;
        return 0;
}

int clew_tier_catalog_set(struct clew_tier_catalog *c, const struct clew_tier_item *item)
{
        size_t at = place_of(c, item->segment);
        bool is_there = at < c->n && c->items[at].segment == item->segment;
        uint8_t *live = NULL;

        if (item->place.whole > 0) {
                live = clew_malloc(item->live_len + 1);
                if (!live)
                        return -ENOMEM;
                if (item->live_len)
                        memcpy(live, item->live, item->live_len);
        }
        if (item->place.whole > 0 && !is_there && make_room(c, at) < 0) {
                clew_free(live);
                return -ENOMEM;
        }
        if (is_there)
                clew_free(c->items[at].live);
        if (item->place.whole > 0) {
                c->items[at] = *item;
                c->items[at].live = live;
        } else if (is_there) {
                c->n--;
                memmove(&c->items[at], &c->items[at + 1], (c->n - at) * sizeof(*c->items));
        }
        return 0;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static void put_beside(const struct clew_tier_beside *b, struct clew_buffer *out)
{
        clew_buffer_append_byte(out, b->is_known);
        if (!b->is_known)
                return;
        clew_buffer_append_varint(out, b->records);
        clew_buffer_append_le64(out, b->sum);
        clew_buffer_append_varint(out, b->last);
        clew_buffer_append_varint(out, b->notes);
        clew_buffer_append_le64(out, b->note_sum);
        clew_buffer_append_varint(out, b->n_parts);
        for (uint32_t i = 0; i < b->n_parts; i++) {
                clew_buffer_append_le64(out, b->parts[i].digest);
                clew_buffer_append_varint(out, b->parts[i].size);
        }
}

static int take_beside(struct clew_cursor *at, struct clew_tier_beside *ret)
{
        struct clew_tier_beside b = {.is_known = clew_cursor_varint(at) == 1};
        uint64_t n;

        if (b.is_known) {
                b.records = clew_cursor_varint(at);
                b.sum = clew_cursor_le64(at);
                b.last = clew_cursor_varint(at);
                b.notes = clew_cursor_varint(at);
                b.note_sum = clew_cursor_le64(at);
                n = clew_cursor_varint(at);
                if (at->failed || n > CLEW_TIER_PARTS_MAX)
                        return -EBADMSG;
                for (b.n_parts = 0; b.n_parts < n; b.n_parts++) {
                        b.parts[b.n_parts].digest = clew_cursor_le64(at);
                        b.parts[b.n_parts].size = clew_cursor_varint(at);
                        if (b.parts[b.n_parts].size > CLEW_BUCKET_OBJECT_MAX)
                                return -EBADMSG;
                }
        }
        *ret = b;
        return at->failed ? -EBADMSG : 0;
}

static void put_place(const struct clew_tier_place *p, struct clew_buffer *out)
{
        clew_buffer_append_le64(out, p->digest);
        clew_buffer_append_varint(out, p->first);
        clew_buffer_append_varint(out, p->at);
        clew_buffer_append_varint(out, p->len);
        clew_buffer_append_varint(out, p->meta);
        clew_buffer_append_varint(out, p->end);
}

/* @item has the size of its object. */
static void take_place(struct clew_cursor *at, uint64_t format, struct clew_tier_item *item)
{
        struct clew_tier_place *p = &item->place;

        p->digest = clew_cursor_le64(at);
        if (format > FORMAT_ALONE) {
                p->first = clew_cursor_varint(at);
                p->at = clew_cursor_varint(at);
                p->len = clew_cursor_varint(at);
                p->meta = clew_cursor_varint(at);
                p->end = clew_cursor_varint(at);
                return;
        }
        p->first = item->segment;
        p->at = CLEW_TIER_SEGMENT_AT;
        p->meta = clew_cursor_varint(at);
        p->len = p->meta > p->at ? p->meta - p->at : 0;
        p->end = p->whole;
}

void clew_tier_catalog_encode(const struct clew_tier_catalog *c, const struct clew_tier_item *items,
                              size_t n, struct clew_buffer *out)
{
        size_t from = clew_frame_begin(out, MAGIC);

        clew_buffer_append_varint(out, FORMAT);
        clew_buffer_append_varint(out, c->version);
        clew_buffer_append_varint(out, c->full);
        clew_buffer_append_varint(out, c->created_ns);
        clew_buffer_append_le64(out, c->writer);
        clew_buffer_append_varint(out, c->written_ns);
        clew_buffer_append_varint(out, c->next_segment);
        clew_buffer_append_varint(out, c->erased);
        put_beside(&c->beside, out);
        clew_buffer_append_varint(out, n);
        for (size_t i = 0; i < n; i++) {
                clew_buffer_append_varint(out, items[i].segment);
                clew_buffer_append_varint(out, items[i].place.whole);
                if (items[i].place.whole == 0)
                        continue;
                put_place(&items[i].place, out);
                clew_buffer_append_varint(out, items[i].n_traces);
                clew_buffer_append_varint(out, items[i].live_len);
                clew_buffer_append(out, items[i].live, items[i].live_len);
        }
        clew_frame_end(out, from);
}

static int apply_items(struct clew_tier_catalog *c, struct clew_cursor *at, uint64_t format,
                       uint64_t n)
{
        int r = 0;

        for (uint64_t i = 0; r == 0 && i < n && !at->failed; i++) {
                struct clew_tier_item item = {.segment = clew_cursor_varint(at)};
                uint8_t live[CLEW_SEGMENT_LIVE_MAX];
                struct clew_slice bits = CLEW_SLICE_NULL;

                item.place.whole = clew_cursor_varint(at);
                if (item.place.whole > 0) {
                        take_place(at, format, &item);
                        item.n_traces = clew_cursor_varint(at);
                        bits = clew_cursor_bytes(at, clew_cursor_varint(at));
                }
                if (at->failed || bits.len > sizeof(live) ||
                    (item.place.whole > 0 && !clew_tier_place_is_good(&item.place)) ||
                    item.n_traces > CLEW_SEGMENT_TRACES_MAX ||
                    (bits.len && bits.len != clew_segment_live_bytes(item.n_traces)))
                        return -EBADMSG;
                if (c->base && item.segment != clew_tier_own_segment(item.segment))
                        return -EBADMSG;
                item.segment += c->base;
                if (bits.len)
                        memcpy(live, bits.data, bits.len);
                item.live = live;
                item.live_len = bits.len;
                r = clew_tier_catalog_set(c, &item);
        }
        return r;
}

int clew_tier_catalog_apply(struct clew_tier_catalog *c, uint64_t version, struct clew_slice bytes)
{
        struct clew_cursor at;
        uint64_t format;
        uint64_t own;
        uint64_t full;
        uint64_t n;
        int r;

        if (!clew_frame_read(bytes, MAGIC, &at))
                return -EBADMSG;
        format = clew_cursor_varint(&at);
        if (!at.failed && (format > FORMAT || format < FORMAT_OLDEST))
                return -EPROTONOSUPPORT;
        own = clew_cursor_varint(&at);
        full = clew_cursor_varint(&at);
        if (at.failed || own != version ||
            (full != own && (full != c->full || own != c->version + 1)))
                return -EBADMSG;
        if (full == own)
                clew_tier_catalog_deinit(c);
        c->version = own;
        c->full = full;
        c->created_ns = clew_cursor_varint(&at);
        c->writer = clew_cursor_le64(&at);
        c->written_ns = clew_cursor_varint(&at);
        c->next_segment = c->base + clew_cursor_varint(&at);
        c->erased = format > FORMAT_OLDEST ? clew_cursor_varint(&at) : c->erased;
        if (format > FORMAT_OLDEST && take_beside(&at, &c->beside) < 0)
                return -EBADMSG;
        n = clew_cursor_varint(&at);
        if (at.failed || n > SEGMENTS_MAX)
                return -EBADMSG;
        r = apply_items(c, &at, format, n);
        return r < 0 ? r : at.failed || clew_cursor_left(&at) ? -EBADMSG : 0;
}

/* ---- in the bucket --------------------------------------------------------------------------- */

/* 1 = applied, 0 = there is no such version, or an error. */
static int read_version(struct clew_object_bucket *b, struct clew_tier_catalog *c, uint64_t version,
                        struct clew_error *err)
{
        CLEW_BUFFER bytes = {0};
        char name[CLEW_TIER_NAME_MAX];
        int r;

        version_name(version, name);
        clew_buffer_init(&bytes, VERSION_BYTES_MAX);
        r = clew_bucket_get(b, name, 0, VERSION_BYTES_MAX - 1, &bytes, NULL, err);
        if (r == -ENOENT)
                return 0;
        if (r == 0)
                r = clew_tier_catalog_apply(c, version, clew_buffer_slice(&bytes));
        else
                return r;
        if (r == -EPROTONOSUPPORT)
                return clew_error_set(err, r, 0,
                                      "%s: %s is of a later format: a newer clew reads it", b->url,
                                      name);
        return r < 0 ? clew_error_set(err, r, 0, "%s: %s is damaged", b->url, name) : 1;
}

/* Which version builds on which, without its items. */
static int full_of(struct clew_object_bucket *b, uint64_t version, uint64_t *ret_full,
                   struct clew_error *err)
{
        CLEW_BUFFER bytes = {0};
        struct clew_cursor c;
        char name[CLEW_TIER_NAME_MAX];
        int r;

        version_name(version, name);
        clew_buffer_init(&bytes, 256);
        r = clew_bucket_get(b, name, 0, 64, &bytes, NULL, err);
        if (r < 0)
                return r;
        c = clew_cursor_make(clew_slice_from(clew_buffer_slice(&bytes), CLEW_FRAME_MAGIC_BYTES));
        if (clew_cursor_varint(&c) - FORMAT_OLDEST > FORMAT - FORMAT_OLDEST)
                return -EBADMSG;
        (void)clew_cursor_varint(&c);
        *ret_full = clew_cursor_varint(&c);
        return c.failed || *ret_full > version || *ret_full == 0 ? -EBADMSG : 0;
}

static int keep_last(void *context, const char *name, uint64_t bytes, struct clew_error *err)
{
        uint64_t *last = context;
        uint64_t v;

        (void)bytes;
        (void)err;
        if (strlen(name) == 20 && name[0] != '-') {
                const char *digits = name + strspn(name, "0");

                if (*digits && clew_parse_uint64(clew_slice_of_cstr(digits), &v))
                        *last = v;
        }
        return 0;
}

static int damaged(struct clew_object_bucket *b, uint64_t version, const char *what,
                   struct clew_error *err)
{
        return clew_error_set(err, -EBADMSG, 0, "%s: version %llu of the catalog is %s", b->url,
                              (unsigned long long)version, what);
}

static int read_from_list(struct clew_object_bucket *b, struct clew_tier_catalog *c,
                          struct clew_error *err)
{
        uint64_t last = 0;
        uint64_t full = 0;
        int r = clew_bucket_list(b, "cat", "", keep_last, &last, err);

        if (r < 0 || last == 0)
                return r;
        r = full_of(b, last, &full, err);
        if (r == -ENOENT || r == -EBADMSG)
                return damaged(b, last, "damaged", err);
        for (uint64_t v = full; r >= 0 && v <= last; v++) {
                r = read_version(b, c, v, err);
                if (r == 0)
                        return damaged(b, v, "missing", err);
        }
        return r < 0 ? r : 0;
}

int clew_tier_catalog_read(struct clew_object_bucket *b, struct clew_tier_catalog *c,
                           struct clew_error *err)
{
        uint64_t full = 0;
        int r = 0;

        /* Behind one that was deleted nothing is found, however much there is. */
        if (c->version > 0) {
                r = full_of(b, c->version, &full, err);
                if (r == -ENOENT)
                        clew_tier_catalog_deinit(c);
                else if (r < 0)
                        return r;
        }
        if (c->version == 0) {
                r = read_from_list(b, c, err);
                if (r < 0 || c->version == 0)
                        return r;
        }
        do { /* further ones are asked for by name */
                r = read_version(b, c, c->version + 1, err);
        } while (r == 1);
        return r;
}

/* Of a list of versions: the first, and whether there are more. */
struct newest {
        uint64_t first; /* 0 = none yet */
        bool is_last;
};

static int note_version(void *context, const char *name, uint64_t bytes, struct clew_error *err)
{
        struct newest *n = context;
        uint64_t version = 0;

        (void)keep_last(&version, name, bytes, err);
        if (version == 0)
                return 0; /* none of ours */
        n->is_last = n->first == 0;
        n->first = n->is_last ? version : n->first;
        return n->is_last ? 0 : 1;
}

int clew_tier_catalog_is_last(struct clew_object_bucket *b, uint64_t version,
                              struct clew_error *err)
{
        struct newest n = {.is_last = false};
        char before[CLEW_TIER_NAME_MAX];
        int r;

        version_name(version - 1, before);
        r = clew_bucket_list(b, "cat", before + strlen("cat/"), note_version, &n, err);
        return r < 0 ? r : n.is_last && n.first == version;
}

/* Of a version, all before its items. */
#define HEAD_BYTES_MAX 8192u

/* 1 = read, 0 = there is none of that number. */
static int read_head(struct clew_object_bucket *b, uint64_t version, struct clew_tier_beside *ret,
                     struct clew_error *err)
{
        CLEW_BUFFER bytes = {0};
        char name[CLEW_TIER_NAME_MAX];
        struct clew_cursor c;
        uint64_t format;
        uint64_t own;
        int r;

        version_name(version, name);
        clew_buffer_init(&bytes, 2 * (size_t)HEAD_BYTES_MAX);
        r = clew_bucket_get(b, name, 0, HEAD_BYTES_MAX, &bytes, NULL, err);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        c = clew_cursor_make(clew_slice_from(clew_buffer_slice(&bytes), CLEW_FRAME_MAGIC_BYTES));
        format = clew_cursor_varint(&c);
        own = clew_cursor_varint(&c);
        if (c.failed || own != version || format < FORMAT_OLDEST)
                return damaged(b, version, "damaged", err);
        if (format > FORMAT)
                return clew_error_set(err, -EPROTONOSUPPORT, 0,
                                      "%s: %s is of a later format: a newer clew reads it", b->url,
                                      name);
        *ret = (struct clew_tier_beside){.is_known = false};
        (void)clew_cursor_varint(&c); /* full */
        (void)clew_cursor_varint(&c); /* created */
        (void)clew_cursor_le64(&c);   /* writer */
        (void)clew_cursor_varint(&c); /* written */
        (void)clew_cursor_varint(&c); /* next segment */
        if (format > FORMAT_OLDEST) {
                (void)clew_cursor_varint(&c); /* erased */
                if (take_beside(&c, ret) < 0)
                        return damaged(b, version, "damaged", err);
        }
        return c.failed ? damaged(b, version, "damaged", err) : 1;
}

int clew_tier_catalog_beside(struct clew_object_bucket *b, uint64_t *version,
                             struct clew_tier_beside *ret, struct clew_error *err)
{
        uint64_t newest = *version;
        uint64_t full = 0;
        bool any = false;
        int r = newest > 0 ? full_of(b, newest, &full, err) : -ENOENT;

        if (r < 0 && r != -ENOENT && r != -EBADMSG)
                return r;
        if (r == -ENOENT) { /* behind one that was deleted nothing is found */
                newest = 0;
                r = clew_bucket_list(b, "cat", "", keep_last, &newest, err);
                if (r < 0 || newest == 0)
                        return r;
                newest--; /* it is read below */
        }
        while ((r = read_head(b, newest + 1, ret, err)) == 1) {
                newest++;
                any = true;
        }
        if (r < 0)
                return r;
        *version = newest;
        return any;
}

/* Versions before the last but one that says all. */
static int delete_old(void *context, const char *name, uint64_t bytes, struct clew_error *err)
{
        const struct {
                struct clew_object_bucket *b;
                uint64_t before;
        } *d = context;
        uint64_t version = 0;
        char whole[CLEW_TIER_NAME_MAX];

        (void)keep_last(&version, name, bytes, err);
        if (version == 0 || version >= d->before)
                return 1;
        version_name(version, whole);
        return clew_bucket_delete(d->b, whole, err);
}

static void sweep(struct clew_object_bucket *b, const struct clew_tier_catalog *c)
{
        struct {
                struct clew_object_bucket *b;
                uint64_t before;
        } d = {b, c->full > FULL_EVERY ? c->full - FULL_EVERY : 0};
        struct clew_error ignored;

        if (d.before > 0)
                (void)!clew_bucket_list(b, "cat", "", delete_old, &d, &ignored);
}

/* Who has read no version may make the first one alone: number 1 is free again when it is old. */
static int check_first(struct clew_object_bucket *b, struct clew_error *err)
{
        uint64_t last = 0;
        int r = clew_bucket_list(b, "cat", "", keep_last, &last, err);

        return r < 0 ? r : last > 0 ? -EEXIST : 0;
}

int clew_tier_catalog_commit(struct clew_object_bucket *b, struct clew_tier_catalog *c,
                             const struct clew_tier_item *items, size_t n, struct clew_error *err)
{
        CLEW_BUFFER bytes = {0};
        struct clew_tier_catalog next = *c;
        char name[CLEW_TIER_NAME_MAX];
        bool is_full;
        uint64_t before = c->version;
        uint64_t full = 0;
        int r = 0;

        next.version++;
        is_full = c->full == 0 || next.version - c->full >= FULL_EVERY;
        if (is_full)
                next.full = next.version;
        for (size_t i = 0; r == 0 && i < n; i++)
                r = clew_tier_catalog_set(&next, &items[i]);
        *c = next;
        clew_buffer_init(&bytes, VERSION_BYTES_MAX - 1);
        clew_tier_catalog_encode(&next, is_full ? next.items : items, is_full ? next.n : n, &bytes);
        if (r < 0 || clew_buffer_error(&bytes) < 0)
                r = clew_error_set(err, -ENOMEM, 0, "out of memory for the catalog");
        version_name(next.version, name);
        if (r == 0 && before == 0)
                r = check_first(b, err);
        if (r == 0)
                r = clew_bucket_create(b, name, clew_buffer_slice(&bytes), err);
        if (r == CLEW_BUCKET_EXISTS)
                r = -EEXIST;
        else if (r == CLEW_BUCKET_UNSURE)
                r = -EAGAIN;
        /* Who has slept so long that its version was deleted has made a number that was deleted. */
        if (r == 0 && before > 0 && full_of(b, before, &full, err) == -ENOENT)
                r = -EEXIST;
        if (r < 0)
                clew_tier_catalog_deinit(c);
        else if (is_full)
                sweep(b, c);
        return r;
}
