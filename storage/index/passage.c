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

/* The slot of @hash, or the empty one where it belongs. */
static uint32_t find(const struct clew_passage *slots, uint32_t n_slots, uint64_t hash)
{
        uint32_t at = (uint32_t)hash & (n_slots - 1);

        while (slots[at].hash != 0 && slots[at].hash != hash)
                at = (at + 1) & (n_slots - 1);
        return at;
}

static bool grow(struct clew_passages *p)
{
        uint32_t want = p->n_slots ? 2 * p->n_slots : SLOTS_FIRST;
        struct clew_passage *slots = clew_calloc(want, sizeof(*slots));

        if (!slots)
                return false;
        for (uint32_t i = 0; i < p->n_slots; i++) {
                if (p->slots[i].hash != 0)
                        slots[find(slots, want, p->slots[i].hash)] = p->slots[i];
        }
        clew_free(p->slots);
        p->slots = slots;
        p->n_slots = want;
        return true;
}

struct clew_passage *clew_passages_begin(struct clew_passages *p, uint64_t hash, uint32_t trace)
{
        struct clew_passage *passage;
        uint32_t at;

        hash |= hash == 0;
        p->is_open = false;
        if (2 * p->n >= p->n_slots && !grow(p))
                return NULL;
        at = find(p->slots, p->n_slots, hash);
        passage = &p->slots[at];
        if (passage->hash != 0 && passage->is_kept)
                return passage;
        p->n += passage->hash == 0;
        *passage = (struct clew_passage){
                .hash = hash,
                .first = p->n_numbers,
                .trace = trace,
        };
        p->open = at;
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
        struct clew_passage *open = &p->slots[p->open];

        if (p->is_open) {
                open->n = p->n_numbers - open->first;
                open->is_kept = keep && !p->is_cut;
        }
        p->is_open = false;
}
