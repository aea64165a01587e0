/*
 * Objects of which little is wanted any more: the segments that are go into other objects, so that
 * these can be deleted. A segment whose bytes are here is made anew, others come from the bucket,
 * each verified.
 */
#include "storage/tier/tier-pack-int.h"

#include <errno.h>
#include <stdlib.h>

/* Of one call. */
#define REPACK_BYTES_MAX ((uint64_t)128 << 20)

struct repacking {
        struct clew_tier_upload *upload;
        struct clew_tier_uses uses;
        const uint64_t *gone;
        size_t n_gone;
        struct clew_buffer segment; /* of one that comes from the bucket */
        struct clew_buffer behind;
        struct clew_buffer *left;
};

static int compare(const void *x, const void *y)
{
        const uint64_t *a = x;
        const uint64_t *b = y;

        return *a < *b ? -1 : *a > *b;
}

static bool is_gone(const struct repacking *r, uint64_t segment)
{
        return r->n_gone && bsearch(&segment, r->gone, r->n_gone, sizeof(segment), compare) != NULL;
}

/* What an object has besides the segments that are wanted: nothing when it holds only such. */
static uint64_t waste(const struct clew_tier_use *u, uint64_t n)
{
        uint64_t whole = u->live + CLEW_TIER_SEGMENT_AT;

        if (n == 1 && u->whole == whole)
                return 0; /* alone, without a directory */
        whole += clew_tier_directory_bytes((uint32_t)n);
        return u->whole > whole ? u->whole - whole : 0;
}

/* Which objects are to go; false: none. */
static bool pick(struct repacking *r, bool all)
{
        const struct clew_tier_catalog *c = &r->upload->tier->catalog;
        bool any = false;

        for (size_t i = 0; i < c->n; i++) {
                struct clew_tier_use *u = clew_tier_uses_find(&r->uses, &c->items[i].place);

                if (is_gone(r, c->items[i].segment)) {
                        u->live -= clew_tier_place_bytes(&c->items[i].place);
                        u->n--;
                }
        }
        for (size_t i = 0; i < r->uses.n; i++) {
                struct clew_tier_use *u = &r->uses.of[i];

                u->is_picked = u->n > 0 && (all ? waste(u, u->n) > 0 : u->live < u->whole / 2);
                any = any || u->is_picked;
        }
        return any;
}

static int get(struct repacking *r, const struct clew_tier_place *p, uint64_t from, uint64_t to,
               struct clew_buffer *out, struct clew_error *err)
{
        char name[CLEW_TIER_NAME_MAX];
        int e;

        clew_tier_place_name(p, name);
        clew_buffer_clear(out);
        if (to - from == 0)
                return 0;
        e = clew_bucket_get(r->upload->bucket, name, from, (size_t)(to - from), out, NULL, err);
        return e == 0 && out->len != to - from ? -EBADMSG : e;
}

/* From the bucket, verified. -EBADMSG: it is damaged there. */
static int take(struct repacking *r, const struct clew_tier_item *item, struct clew_error *err)
{
        const struct clew_tier_place *p = &item->place;
        struct clew_slice sections[CLEW_TIER_SECTIONS];
        struct clew_tier_footer f;
        int e = get(r, p, p->meta, p->end, &r->behind, err);

        if (e == 0)
                e = get(r, p, p->at, p->at + p->len, &r->segment, err);
        if (e == 0)
                e = clew_tier_footer_read(clew_buffer_slice(&r->behind), p->end, &f);
        if (e == 0 && (f.segment != item->segment || f.created_ns != r->upload->tier->created_ns))
                e = -EBADMSG;
        for (unsigned s = 0; e == 0 && s < CLEW_TIER_SECTIONS; s++)
                e = clew_tier_section_of(
                        &f, s, clew_buffer_slice(s == CLEW_TIER_SEGMENT ? &r->segment : &r->behind),
                        s == CLEW_TIER_SEGMENT ? p->at : p->meta, &sections[s]);
        if (e == 0)
                clew_tier_making_add(&r->upload->packing.making, f.created_ns, f.segment, sections);
        return e;
}

static int move(struct repacking *r, const struct clew_tier_item *item, struct clew_error *err)
{
        int e = clew_tier_pack(&r->upload->packing, item->segment, err);
        char name[CLEW_TIER_NAME_MAX];

        if (e == -ENOENT || e == -EBADMSG)
                e = take(r, item, err);
        if (e == -ENOENT || e == -EBADMSG) {
                clew_tier_place_name(&item->place, name);
                clew_tier_tell_object(r->upload->tier, name,
                                      "a segment of it is damaged: it stays where it is");
                return 0;
        }
        if (e < 0)
                return e;
        clew_buffer_append(r->left, &item->place, sizeof(item->place));
        return clew_tier_upload_added(r->upload, item->segment, item->n_traces, err);
}

int clew_tier_repack(struct clew_tier_upload *u, const uint64_t *gone, size_t n, bool all,
                     struct clew_buffer *ret_left, bool *ret_more, struct clew_error *err)
{
        struct repacking r = {.upload = u, .gone = gone, .n_gone = n, .left = ret_left};
        const struct clew_tier_catalog *c = &u->tier->catalog;
        uint64_t before = u->bytes;
        bool any;
        int e = clew_tier_uses_count(c, &r.uses);

        *ret_more = false;
        if (e < 0)
                return clew_error_set(err, e, 0, "out of memory");
        clew_buffer_init(&r.segment, CLEW_BUCKET_OBJECT_MAX);
        clew_buffer_init(&r.behind, CLEW_TIER_META_MAX);
        any = pick(&r, all);
        for (size_t i = 0; e == 0 && any && i < c->n; i++) {
                if (is_gone(&r, c->items[i].segment) ||
                    !clew_tier_uses_find(&r.uses, &c->items[i].place)->is_picked)
                        continue;
                if (clew_tier_upload_is_full(u) || u->bytes - before > REPACK_BYTES_MAX) {
                        *ret_more = true;
                        break;
                }
                e = move(&r, &c->items[i], err);
        }
        if (e == 0)
                e = clew_tier_upload_end(u, err);
        if (e == 0 && clew_buffer_error(ret_left) < 0)
                e = clew_error_set(err, -ENOMEM, 0, "out of memory");
        clew_tier_uses_deinit(&r.uses);
        clew_buffer_deinit(&r.segment);
        clew_buffer_deinit(&r.behind);
        return e;
}
