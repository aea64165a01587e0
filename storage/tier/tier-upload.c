/*
 * Objects on their way to the bucket: segments are added until one is large enough.
 */
#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "storage/tier/tier-pack-int.h"

#include <errno.h>
#include <string.h>

int clew_tier_upload_init(struct clew_tier_upload *u, struct clew_tier *t,
                          struct clew_object_bucket *b, struct clew_error *err)
{
        int r;

        memset(u, 0, sizeof(*u));
        u->tier = t;
        u->bucket = b;
        u->made = clew_calloc(CLEW_TIER_UPLOADS_MAX, sizeof(*u->made));
        r = clew_tier_packing_init(&u->packing, t);
        return r < 0 || !u->made ? clew_error_set(err, -ENOMEM, 0, "out of memory") : 0;
}

void clew_tier_upload_deinit(struct clew_tier_upload *u)
{
        clew_tier_packing_deinit(&u->packing);
        clew_free(u->made);
}

bool clew_tier_upload_is_full(const struct clew_tier_upload *u)
{
        return u->n_made + u->n_open == CLEW_TIER_UPLOADS_MAX;
}

int clew_tier_upload_added(struct clew_tier_upload *u, uint64_t segment, uint64_t n_traces,
                           struct clew_error *err)
{
        struct clew_tier_made *m = &u->made[u->n_made + u->n_open];

        memset(m, 0, sizeof(*m));
        m->item.segment = segment;
        m->item.n_traces = n_traces;
        u->n_open++;
        return clew_tier_making_bytes(&u->packing.making) < CLEW_TIER_OBJECT_BYTES
                       ? 0
                       : clew_tier_upload_end(u, err);
}

static int create(struct clew_tier_upload *u, const struct clew_tier_place *p,
                  struct clew_error *err)
{
        char name[CLEW_TIER_NAME_MAX];
        int r;

        clew_tier_place_name(p, name);
        r = clew_bucket_create_own(u->bucket, name, clew_buffer_slice(&u->packing.making.bytes),
                                   err);
        if (r == CLEW_BUCKET_EXISTS)
                return clew_error_set(
                        err, -EBADMSG, 0,
                        "%s: %s is there with other bytes: it is damaged, or somebody "
                        "writes there who should not; delete it",
                        u->tier->url, name);
        return r == CLEW_BUCKET_UNSURE
                       ? clew_error_set(err, -ETIMEDOUT, 0, "%s: does not answer for sure",
                                        u->tier->url)
                       : r;
}

int clew_tier_upload_end(struct clew_tier_upload *u, struct clew_error *err)
{
        struct clew_tier_making *m = &u->packing.making;
        struct clew_tier_place place;
        uint64_t digest;
        int r;

        if (u->n_open == 0)
                return 0;
        if (clew_tier_making_end(m) < 0)
                return clew_error_set(err, -ENOMEM, 0, "out of memory for an object");
        digest = clew_hash(clew_buffer_slice(&m->bytes));
        for (uint32_t i = 0; i < u->n_open; i++) {
                struct clew_tier_made *made = &u->made[u->n_made + i];
                struct clew_tier_footer f = clew_tier_making_footer(m, i, digest, &place);

                made->item.place = place;
                made->known = (struct clew_tier_known){place, f.sections[CLEW_TIER_SEGMENT].check};
        }
        r = create(u, &place, err);
        if (r < 0)
                return r;
        u->n_made += u->n_open;
        u->n_objects++;
        u->bytes += m->bytes.len;
        u->n_open = 0;
        clew_tier_making_clear(m);
        return 0;
}
