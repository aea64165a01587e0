/*
 * Passages: what traces of one segment say alike, and the keys that it has.
 *
 * Agents repeat themselves from run to run as they do within one: prompts, names, what a tool
 * answers. Whoever gives keys to a sink hashes each piece before it cuts it; a piece that was cut
 * for an earlier trace is not cut again, its keys are known by their numbers. A table from hashes
 * to lists of numbers, bounded: a full one is forgotten, and begun anew. Its slots are small, since
 * most pieces are new: that there is none is to be learned from the processor's cache.
 */
#ifndef CLEW_STORAGE_PASSAGE_INT_H
#define CLEW_STORAGE_PASSAGE_INT_H

#include "proto/base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

/* Passages that are remembered, and numbers of all of them: 10 and 16 MiB. */
#define CLEW_PASSAGES_MAX (1u << 18)
#define CLEW_PASSAGE_NUMBERS_MAX (1u << 22)
#define CLEW_PASSAGE_BITS 19u /* holds CLEW_PASSAGES_MAX */
/* A number that is not known yet. */
#define CLEW_PASSAGE_UNKNOWN UINT32_MAX

struct clew_passage {
        uint64_t hash;
        uint32_t first; /* among the numbers */
        uint32_t n;
        uint32_t trace; /* that had it last */
        bool is_kept;   /* its numbers are whole */
};

struct clew_passages {
        struct clew_passage *items;
        uint32_t n;
        uint32_t room;
        /* Open addressing: number of the item plus one in CLEW_PASSAGE_BITS bits, above it some of
         * its hash; 0 = empty. */
        uint32_t *slots;
        uint32_t n_slots;
        uint32_t open; /* item that is being given, with is_open */
        bool is_open;
        bool is_cut; /* numbers of it are missing */
        uint32_t *numbers;
        uint32_t n_numbers;
        uint32_t capacity;
};

void clew_passages_init(struct clew_passages *p);
void clew_passages_deinit(struct clew_passages *p);
/* Forgets all; keeps some memory. */
void clew_passages_clear(struct clew_passages *p);
/* No room for another one: clear it. */
bool clew_passages_is_full(const struct clew_passages *p);

/* The one of @hash, when it is kept; else NULL, and it is open: what follows is of it. */
struct clew_passage *clew_passages_begin(struct clew_passages *p, uint64_t hash, uint32_t trace);
/* Room for more numbers; false: there is none, and the open one will not be kept. */
CLEW_MUST_USE bool clew_passages_grow(struct clew_passages *p);

/* Appends a number to the open one, or room for it; its place, or UNKNOWN. */
static inline uint32_t clew_passages_put(struct clew_passages *p, uint32_t number)
{
        if (p->n_numbers == p->capacity && !clew_passages_grow(p))
                return CLEW_PASSAGE_UNKNOWN;
        p->numbers[p->n_numbers] = number;
        return p->n_numbers++;
}

/* Closes it; @keep false: its numbers are not to be used. */
void clew_passages_end(struct clew_passages *p, bool keep);

#endif
