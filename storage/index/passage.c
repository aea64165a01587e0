/*
 * See passage-int.h.
 */
#include "storage/index/passage-int.h"

#include "proto/base/mem.h"

#include <string.h>

#define SLOTS_FIRST 1024u

void clew_passages_init(struct clew_passages *p)
{
        *p = (struct clew_passages){0};
}

void clew_passages_deinit(struct clew_passages *p)
{
        clew_free(p->items);
        clew_free(p->slots);
        clew_free(p->numbers);
}

void clew_passages_clear(struct clew_passages *p)
{
        clew_free(p->slots);
        p->slots = NULL;
        p->n_slots = p->n = 0;
        p->is_open = false;
        p->n_numbers = 0;
}

bool clew_passages_is_full(const struct clew_passages *p)
{
        return p->n >= CLEW_PASSAGES_MAX || p->n_numbers >= CLEW_PASSAGE_NUMBERS_MAX / 2;
}

/* What a slot says of a hash beside the number of the item. */
static uint32_t tag_of(uint64_t hash)
{
        return (uint32_t)(hash >> 32) & ~(uint32_t)0 << CLEW_PASSAGE_BITS;
}

static uint32_t number_of(uint32_t slot)
{
        return (slot & ((1u << CLEW_PASSAGE_BITS) - 1)) - 1;
}

/* The slot of @hash, or the empty one where it belongs. */
static uint32_t *find(const struct clew_passages *p, uint64_t hash)
{
        uint32_t tag = tag_of(hash);
        uint32_t at = (uint32_t)hash & (p->n_slots - 1);

        while (p->slots[at] != 0 && ((p->slots[at] ^ tag) >> CLEW_PASSAGE_BITS != 0 ||
                                     p->items[number_of(p->slots[at])].hash != hash))
                at = (at + 1) & (p->n_slots - 1);
        return &p->slots[at];
}

/* Room for one more; false: there is none. */
static bool grow(struct clew_passages *p)
{
        uint32_t want = p->n_slots ? 2 * p->n_slots : SLOTS_FIRST;
        uint32_t *slots;

        if (p->n == p->room) {
                uint32_t room = p->room ? 2 * p->room : SLOTS_FIRST / 2;
                struct clew_passage *items = clew_realloc_array(p->items, room, sizeof(*items));

                if (!items)
                        return false;
                p->items = items;
                p->room = room;
        }
        if (2 * p->n < p->n_slots)
                return true;
        slots = clew_calloc(want, sizeof(*slots));
        if (!slots)
                return false;
        clew_free(p->slots);
        p->slots = slots;
        p->n_slots = want;
        for (uint32_t i = 0; i < p->n; i++)
                *find(p, p->items[i].hash) = tag_of(p->items[i].hash) | (i + 1);
        return true;
}

struct clew_passage *clew_passages_begin(struct clew_passages *p, uint64_t hash, uint32_t trace)
{
        uint32_t *slot;

        p->is_open = false;
        if ((p->n == p->room || 2 * p->n >= p->n_slots) && !grow(p))
                return NULL;
        slot = find(p, hash);
        if (*slot != 0 && p->items[number_of(*slot)].is_kept)
                return &p->items[number_of(*slot)];
        if (*slot == 0)
                *slot = tag_of(hash) | ++p->n;
        p->open = number_of(*slot);
        p->items[p->open] = (struct clew_passage){
                .hash = hash,
                .first = p->n_numbers,
                .trace = trace,
        };
        p->is_open = true;
        p->is_cut = false;
        return NULL;
}

bool clew_passages_grow(struct clew_passages *p)
{
        uint32_t want = p->capacity ? 2 * p->capacity : 4096;
        uint32_t *numbers = want <= CLEW_PASSAGE_NUMBERS_MAX
                                    ? clew_realloc_array(p->numbers, want, sizeof(*numbers))
                                    : NULL;

        p->is_cut |= !numbers;
        if (!numbers)
                return false;
        p->numbers = numbers;
        p->capacity = want;
        return true;
}

void clew_passages_end(struct clew_passages *p, bool keep)
{
        if (p->is_open) {
                struct clew_passage *open = &p->items[p->open];

                open->n = p->n_numbers - open->first;
                open->is_kept = keep && !p->is_cut;
        }
        p->is_open = false;
}
