/*
 * The terms of a trace, for its index.
 *
 * Agents send the whole history with every call, so most of what a trace holds stood in it before.
 * Three things keep that from being cut again: a text that begins as the one before it under the
 * same key did is taken up at its first difference; texts fall into stretches that end at a space,
 * chosen by what stands before it, so that the same passage falls into the same stretches wherever
 * it stands; and a stretch that was met is passed over. No term and no escape holds a space, so
 * nothing is lost at the ends.
 */
#include "query/find/index/term-int.h"

#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "query/find/language/fields-int.h"

#include <errno.h>
#include <string.h>

/* Stretches of one trace that are remembered; when they are more, some are cut again. */
#define MET_MAX (1u << 17)
/* Keys whose last text is remembered: a power of two. */
#define LASTS 256u
/* Shorter texts are one stretch. */
#define STRETCH_BYTES_MIN 64u
/* One space in so many ends a stretch. */
#define STRETCH_SPACES 8u

struct last {
        struct clew_slice key;
        struct clew_slice text;
};

struct giver {
        const struct clew_term_taker *taker;
        uint64_t *met; /* hashes; open addressing, 0 = empty */
        uint32_t n_slots;
        uint32_t n_met;
        struct last lasts[LASTS];
        bool failed;
};

/* True when @hash was met; remembers it. */
static bool meet(struct giver *g, uint64_t hash)
{
        uint32_t at;

        hash |= hash == 0;
        if (2 * g->n_met >= g->n_slots && g->n_slots < 2 * MET_MAX) {
                uint32_t n = g->n_slots ? 2 * g->n_slots : 512;
                uint64_t *grown = clew_calloc(n, sizeof(*grown));

                for (uint32_t i = 0; grown && i < g->n_slots; i++) {
                        uint32_t to = (uint32_t)g->met[i] & (n - 1);

                        while (g->met[i] && grown[to])
                                to = (to + 1) & (n - 1);
                        if (g->met[i])
                                grown[to] = g->met[i];
                }
                if (grown) {
                        clew_free(g->met);
                        g->met = grown;
                        g->n_slots = n;
                }
        }
        if (g->n_slots == 0)
                return false;
        at = (uint32_t)hash & (g->n_slots - 1);
        while (g->met[at] && g->met[at] != hash)
                at = (at + 1) & (g->n_slots - 1);
        if (g->met[at])
                return true;
        if (g->n_met < MET_MAX) {
                g->met[at] = hash;
                g->n_met++;
        }
        return false;
}

static void take_stretch(struct giver *g, struct clew_slice stretch)
{
        /* Where memory lies is nobody's choice: no text can be made that passes for another one. */
        uint64_t hash = clew_hash_seeded(stretch, (uint64_t)(uintptr_t)g);

        if (!meet(g, hash) && clew_term_take(stretch, g->taker) < 0)
                g->failed = true;
}

/* Whether the space at @at ends a stretch: what stands before it says so. */
static bool ends_stretch(const uint8_t *begin, const uint8_t *at)
{
        uint32_t before;

        if (at - begin < (ptrdiff_t)sizeof(before))
                return false;
        memcpy(&before, at - sizeof(before), sizeof(before));
        return ((before * 2654435761u) >> 16) % STRETCH_SPACES == 0;
}

static void take_text(struct giver *g, struct clew_slice text)
{
        const uint8_t *begin = text.data;
        const uint8_t *end = text.data + text.len;
        const uint8_t *at = begin;

        if (text.len < STRETCH_BYTES_MIN) {
                if (text.len > 0)
                        take_stretch(g, text);
                return;
        }
        while (at < end) {
                const uint8_t *space = memchr(at, ' ', (size_t)(end - at));

                if (!space)
                        break;
                at = space + 1;
                if (ends_stretch(begin, space)) {
                        take_stretch(g, clew_slice_make(begin, (size_t)(at - begin)));
                        begin = at;
                }
        }
        if (begin < end)
                take_stretch(g, clew_slice_make(begin, (size_t)(end - begin)));
}

/* How much of @b is as in @a, up to behind a space. */
static size_t same_bytes(struct clew_slice a, struct clew_slice b)
{
        size_t most = a.len < b.len ? a.len : b.len;
        size_t n = 0;

        while (n + 64 <= most && memcmp(a.data + n, b.data + n, 64) == 0)
                n += 64;
        while (n < most && a.data[n] == b.data[n])
                n++;
        while (n > 0 && b.data[n - 1] != ' ')
                n--;
        return n;
}

static int on_text(void *context, struct clew_slice place, struct clew_slice text)
{
        struct giver *g = context;
        struct last *last = &g->lasts[clew_hash(place) & (LASTS - 1)];

        if (clew_slice_eq(last->key, place) && text.len >= STRETCH_BYTES_MIN)
                take_text(g, clew_slice_from(text, same_bytes(last->text, text)));
        else
                take_text(g, text);
        if (text.len >= STRETCH_BYTES_MIN)
                *last = (struct last){place, text};
        return 0;
}

void clew_terms_give(const struct clew_trace *trace, const struct clew_term_taker *taker)
{
        struct giver *g = clew_calloc(1, sizeof(*g));

        if (!g) {
                taker->add(taker->context, CLEW_INDEX_GRAM, CLEW_TERM_ANY);
                return;
        }
        g->taker = taker;
        (void)clew_texts_of_trace(trace, on_text, g);
        if (g->failed)
                taker->add(taker->context, CLEW_INDEX_GRAM, CLEW_TERM_ANY);
        clew_free(g->met);
        clew_free(g);
}
