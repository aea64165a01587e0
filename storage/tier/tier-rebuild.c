/*
 * A catalog made of objects alone, when there is none or it is damaged: the footer of each says
 * which segment it is, and its catalog entry which traces lived in it when it was written. A trace
 * that has moved on is found in the segment with the higher number too, and that one counts.
 *
 * What only the catalog knew is lost: traces that were deleted from a segment that was not written
 * anew since are there again.
 */
#include "storage/tier/tier-int.h"

#include <errno.h>
#include <string.h>

#define ENTRY_BYTES_MAX ((size_t)256 << 20)
/* Of an object that are read first: a directory of some hundred segments. */
#define END_BYTES 8192u

struct rebuilding {
        struct clew_tier *tier;
        struct clew_object_bucket *bucket;
        struct clew_buffer bytes;
        struct clew_buffer directory;
};

/* The last bytes of @p: its directory is in them when it is not larger than others are. */
static int read_end(struct rebuilding *r, const struct clew_tier_place *p, uint64_t bytes,
                    struct clew_error *err)
{
        uint64_t n = bytes < p->whole ? bytes : p->whole;
        char name[CLEW_TIER_NAME_MAX];
        int e;

        clew_tier_place_name(p, name);
        clew_buffer_clear(&r->directory);
        e = clew_bucket_get(r->bucket, name, p->whole - n, (size_t)n, &r->directory, NULL, err);
        return e == 0 && r->directory.len != n ? -EBADMSG : e;
}

/* The segment whose footer ends at p->end. */
static int read_item(struct rebuilding *r, const char *name, struct clew_tier_place p,
                     struct clew_error *err)
{
        struct clew_tier_footer f;
        struct clew_segment_entry e;
        struct clew_slice entry;
        struct clew_tier_item item;
        uint8_t live[CLEW_SEGMENT_LIVE_MAX];
        const struct clew_tier_range *range = &f.sections[CLEW_TIER_ENTRY];
        int result;

        if (p.end < CLEW_TIER_FOOTER_BYTES || p.end > p.whole)
                return -EBADMSG;
        clew_buffer_clear(&r->bytes);
        result = clew_bucket_get(r->bucket, name, p.end - CLEW_TIER_FOOTER_BYTES,
                                 CLEW_TIER_FOOTER_BYTES, &r->bytes, NULL, err);
        if (result == 0)
                result = clew_tier_footer_read(clew_buffer_slice(&r->bytes), p.end, &f);
        if (result == 0 && (f.created_ns != r->tier->created_ns || range->len > ENTRY_BYTES_MAX ||
                            range->len == 0))
                result = -EBADMSG;
        if (result < 0)
                return result;
        clew_buffer_clear(&r->bytes);
        result = clew_bucket_get(r->bucket, name, range->offset, (size_t)range->len, &r->bytes,
                                 NULL, err);
        if (result < 0)
                return result;
        result = clew_tier_section_of(&f, CLEW_TIER_ENTRY, clew_buffer_slice(&r->bytes),
                                      range->offset, &entry);
        clew_tier_footer_place(&f, &p);
        if (result < 0 || !clew_segment_entry_decode(entry, &e) || e.live.len > sizeof(live) ||
            !clew_tier_place_is_good(&p))
                return -EBADMSG;
        if (e.live.len)
                memcpy(live, e.live.data, e.live.len);
        item = (struct clew_tier_item){.segment = r->tier->catalog.base + f.segment,
                                       .place = p,
                                       .n_traces = e.n_traces,
                                       .live_len = e.live.len,
                                       .live = live};
        if (r->tier->catalog.next_segment <= item.segment)
                r->tier->catalog.next_segment = item.segment + 1;
        return clew_tier_catalog_set(&r->tier->catalog, &item);
}

/* Damage is told; other errors are given back. */
static int take_item(struct rebuilding *r, struct clew_tier_place p, uint64_t end,
                     struct clew_error *err)
{
        char name[CLEW_TIER_NAME_MAX];
        int e;

        clew_tier_place_name(&p, name);
        p.end = end;
        e = read_item(r, name, p, err);
        if (e != -EBADMSG && e != -ENOENT && e != -EPROTONOSUPPORT)
                return e;
        clew_tier_tell_object(r->tier, name, "is damaged: it, or a segment of it, is left aside");
        return 0;
}

static int take(void *context, const char *leaf, uint64_t bytes, struct clew_error *err)
{
        struct rebuilding *r = context;
        struct clew_tier_place p;
        struct clew_slice last;
        uint32_t n = 0;
        int e;

        if (!clew_tier_place_read_name(leaf, &p))
                return 0;
        p.whole = bytes;
        e = read_end(r, &p, END_BYTES, err);
        if (e == 0)
                e = clew_tier_directory_tail(clew_buffer_slice(&r->directory), bytes, &n);
        if (e == 0 && clew_tier_directory_bytes(n) > END_BYTES)
                e = read_end(r, &p, clew_tier_directory_bytes(n), err);
        last = clew_buffer_slice(&r->directory);
        if (e == 0)
                e = clew_tier_directory_check(last, n);
        for (uint32_t i = 0; e == 0 && i < n; i++)
                e = take_item(r, p, clew_tier_directory_member(last, n, i).end, err);
        /* A segment alone, or what is no object of ours, which it then tells. */
        return e == -ENOENT || e == -EBADMSG || e == -EPROTONOSUPPORT ? take_item(r, p, bytes, err)
                                                                      : e;
}

/* The number after which versions go on. */
static int keep_version(void *context, const char *name, uint64_t bytes, struct clew_error *err)
{
        struct clew_tier_catalog *c = context;
        uint64_t v = 0;

        (void)bytes;
        (void)err;
        for (; *name >= '0' && *name <= '9' && v < UINT64_MAX / 16; name++)
                v = v * 10 + (uint64_t)(*name - '0');
        if (*name == '\0')
                c->version = v;
        return 0;
}

int clew_tier_rebuild(struct clew_tier *t, struct clew_error *err)
{
        struct rebuilding r = {.tier = t};
        int result = clew_tier_bucket(t, &r.bucket, err);

        clew_tier_catalog_deinit(&t->catalog);
        clew_buffer_init(&r.bytes, ENTRY_BYTES_MAX + CLEW_TIER_FOOTER_BYTES);
        clew_buffer_init(&r.directory, (size_t)clew_tier_directory_bytes(CLEW_TIER_MEMBERS_MAX));
        if (result == 0)
                result = clew_bucket_list(r.bucket, "seg", "", take, &r, err);
        if (result == 0)
                result = clew_bucket_list(r.bucket, "cat", "", keep_version, &t->catalog, err);
        clew_buffer_deinit(&r.bytes);
        clew_buffer_deinit(&r.directory);
        if (result == 0)
                result = clew_tier_beside_rebuild(t, r.bucket, err);
        t->catalog.full = 0; /* the next version says all */
        t->catalog.writer = t->writer;
        t->catalog.created_ns = t->created_ns;
        return result;
}
