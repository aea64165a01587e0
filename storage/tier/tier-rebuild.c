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

struct rebuilding {
        struct clew_tier *tier;
        struct clew_object_bucket *bucket;
        struct clew_buffer bytes;
};

static int read_footer(struct rebuilding *r, const char *name, uint64_t size,
                       struct clew_tier_footer *ret, struct clew_error *err)
{
        int e;

        clew_buffer_clear(&r->bytes);
        if (size < CLEW_TIER_FOOTER_BYTES)
                return -EBADMSG;
        e = clew_bucket_get(r->bucket, name, size - CLEW_TIER_FOOTER_BYTES, CLEW_TIER_FOOTER_BYTES,
                            &r->bytes, NULL, err);
        return e < 0 ? e : clew_tier_footer_read(clew_buffer_slice(&r->bytes), size, ret);
}

static int read_item(struct rebuilding *r, const char *name, uint64_t size, uint64_t digest,
                     struct clew_error *err)
{
        struct clew_tier_footer f;
        struct clew_segment_entry e;
        struct clew_slice entry;
        struct clew_tier_item item;
        uint8_t live[CLEW_SEGMENT_LIVE_MAX];
        const struct clew_tier_range *range = &f.sections[CLEW_TIER_ENTRY];
        int result = read_footer(r, name, size, &f, err);

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
        if (result < 0 || !clew_segment_entry_decode(entry, &e) || e.live.len > sizeof(live))
                return -EBADMSG;
        if (e.live.len)
                memcpy(live, e.live.data, e.live.len);
        item = (struct clew_tier_item){.segment = r->tier->catalog.base + f.segment,
                                       .digest = digest,
                                       .size = size,
                                       .meta = f.sections[CLEW_TIER_ROWS].offset,
                                       .n_traces = e.n_traces,
                                       .live_len = e.live.len,
                                       .live = live};
        if (r->tier->catalog.next_segment <= item.segment)
                r->tier->catalog.next_segment = item.segment + 1;
        return clew_tier_catalog_set(&r->tier->catalog, &item);
}

static int take(void *context, const char *leaf, uint64_t bytes, struct clew_error *err)
{
        struct rebuilding *r = context;
        char name[CLEW_TIER_NAME_MAX];
        uint64_t segment;
        uint64_t digest;
        int e;

        if (!clew_tier_segment_read_name(leaf, &segment, &digest))
                return 0;
        clew_tier_segment_name(segment, digest, name);
        e = read_item(r, name, bytes, digest, err);
        if (e == -EBADMSG || e == -ENOENT || e == -EPROTONOSUPPORT) {
                clew_tier_tell(r->tier, name, "is damaged: it is left aside");
                return 0;
        }
        return e;
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
        if (result == 0)
                result = clew_bucket_list(r.bucket, "seg", "", take, &r, err);
        if (result == 0)
                result = clew_bucket_list(r.bucket, "cat", "", keep_version, &t->catalog, err);
        clew_buffer_deinit(&r.bytes);
        if (result == 0)
                result = clew_tier_beside_rebuild(t, r.bucket, err);
        t->catalog.full = 0; /* the next version says all */
        t->catalog.writer = t->writer;
        t->catalog.created_ns = t->created_ns;
        return result;
}
