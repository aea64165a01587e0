/*
 * See known.h.
 */
#include "query/review/known.h"

#include "proto/base/hash.h"

#include <errno.h>
#include <string.h>

#define SLOTS (1u << 17) /* a dataset has at most 100,000 items */

static uint64_t hash_id(const struct clew_content_id *id)
{
        return clew_hash(clew_slice_make(id->bytes, sizeof(id->bytes)));
}

static uint64_t hash_trace(const struct clew_trace_id *id)
{
        return clew_hash(clew_slice_make(id->bytes, sizeof(id->bytes)));
}

static uint64_t hash_band(uint64_t h)
{
        return clew_hash(clew_slice_make(&h, sizeof(h)));
}

int clew_known_init(struct clew_known *k, struct clew_arena *arena)
{
        k->arena = arena;
        k->ids = clew_arena_calloc(arena, SLOTS, sizeof(*k->ids));
        k->bands = clew_arena_calloc(arena, SLOTS, sizeof(*k->bands));
        k->traces = clew_arena_calloc(arena, SLOTS, sizeof(*k->traces));
        return k->ids && k->bands && k->traces ? 0 : -ENOMEM;
}

static bool file_under(struct clew_known *k, struct clew_known_link **slots, uint64_t hash,
                       const struct clew_dataset_entry *entry)
{
        struct clew_known_link *link = clew_arena_calloc(k->arena, 1, sizeof(*link));

        if (!link)
                return false;
        *link = (struct clew_known_link){.entry = entry, .next = slots[hash % SLOTS], .hash = hash};
        slots[hash % SLOTS] = link;
        return true;
}

int clew_known_add(struct clew_known *k, const struct clew_dataset_entry *entry)
{
        struct clew_dataset_entry *copy = clew_arena_calloc(k->arena, 1, sizeof(*copy));

        if (!copy)
                return -ENOMEM;
        *copy = *entry;
        if (!file_under(k, k->ids, hash_id(&copy->id), copy) ||
            !file_under(k, k->traces, hash_trace(&copy->trace_id), copy))
                return -ENOMEM;
        for (uint32_t i = 0; i < CLEW_KNOWN_BANDS && i < copy->sketch.n; i++) {
                if (!file_under(k, k->bands, hash_band(copy->sketch.hashes[i]), copy))
                        return -ENOMEM;
        }
        return 0;
}

bool clew_known_has(const struct clew_known *k, const struct clew_content_id *id)
{
        uint64_t hash = hash_id(id);

        for (const struct clew_known_link *l = k->ids[hash % SLOTS]; l; l = l->next) {
                if (l->hash == hash && memcmp(&l->entry->id, id, sizeof(*id)) == 0)
                        return true;
        }
        return false;
}

const struct clew_dataset_entry *clew_known_of_trace(const struct clew_known *k,
                                                     const struct clew_trace_id *id,
                                                     const struct clew_known_link **at)
{
        uint64_t hash = hash_trace(id);

        for (*at = *at ? (*at)->next : k->traces[hash % SLOTS]; *at; *at = (*at)->next) {
                if ((*at)->hash == hash && memcmp(&(*at)->entry->trace_id, id, sizeof(*id)) == 0)
                        return (*at)->entry;
        }
        return NULL;
}

const struct clew_dataset_entry *clew_known_near(const struct clew_known *k,
                                                 const struct clew_dataset_entry *entry,
                                                 double *ret_likeness)
{
        const struct clew_dataset_entry *best = NULL;

        *ret_likeness = 0;
        for (uint32_t i = 0; i < CLEW_KNOWN_BANDS && i < entry->sketch.n; i++) {
                uint64_t hash = hash_band(entry->sketch.hashes[i]);
                uint32_t crowd = 0;

                for (const struct clew_known_link *l = k->bands[hash % SLOTS];
                     l && crowd < CLEW_KNOWN_CROWD_MAX; l = l->next) {
                        double likeness;

                        if (l->hash != hash)
                                continue;
                        crowd++;
                        if (clew_sketch_is_near(&entry->sketch, &l->entry->sketch, &likeness) &&
                            likeness > *ret_likeness) {
                                *ret_likeness = likeness;
                                best = l->entry;
                        }
                }
        }
        return best;
}
