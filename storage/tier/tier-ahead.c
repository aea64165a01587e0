/*
 * Reading ahead. Segments that came together lie together in one object, and what asks for many
 * traces asks for many segments: each is a request, and a store answers a request when it has
 * travelled there and back. So the second read from one object takes its neighbours along, as far
 * as they are not kept yet, and each further one twice as many.
 */
#include "storage/tier/tier-int.h"

#include "proto/base/mem.h"

#include <string.h>

/* Of what the second read takes along, and at the most: half a second of a slow network. */
#define FIRST_BYTES ((uint64_t)1 << 20)
#define WINDOW_BYTES_MAX ((uint64_t)4 << 20)
/* Of what is kept at all. */
#define WINDOW_PART 4u
/* Numbers beside a segment that are looked for: those between may be gone. */
#define NUMBERS_MAX 256u

/* The @i-th number behind @segment, or before it; 0 = there is none. */
static uint64_t beside(uint64_t segment, bool is_behind, uint64_t i)
{
        uint64_t own = clew_tier_own_segment(segment);

        if (!is_behind)
                return own > i ? segment - i : 0;
        return own + i <= clew_tier_own_segment(UINT64_MAX) ? segment + i : 0;
}

static bool is_of(const struct clew_tier_place *a, const struct clew_tier_place *b)
{
        return a->digest == b->digest && a->first == b->first && a->whole == b->whole;
}

/* Extends @reach over neighbours on one side, while it has at most @most bytes and until one is
 * kept here already. How many numbers that is. */
static uint64_t extend(struct clew_tier *t, uint64_t segment, const struct clew_tier_place *place,
                       uint64_t most, bool is_behind, struct clew_tier_reach *reach)
{
        uint64_t n = 0;

        for (uint64_t i = 1; i <= NUMBERS_MAX; i++) {
                uint64_t other = beside(segment, is_behind, i);
                struct clew_tier_known known;
                struct clew_error ignored;
                uint64_t from = reach->from;
                uint64_t to = reach->to;

                if (other == 0)
                        break;
                if (clew_tier_map_find(t->map, other, &known, &ignored) < 0)
                        continue;
                if (!is_of(&known.place, place) || clew_tier_map_has_cached(t->map, other))
                        break;
                if (known.place.at < from)
                        from = known.place.at;
                if (known.place.at + known.place.len > to)
                        to = known.place.at + known.place.len;
                if (to - from > most)
                        break;
                reach->from = from;
                reach->to = to;
                n = i;
        }
        return n;
}

/* What is taken along of the object that has @digest; it is the last one from here on. */
static uint64_t next_window(struct clew_tier *t, uint64_t digest)
{
        uint64_t most = (t->cache_bytes ? t->cache_bytes : CLEW_TIER_CACHE_BYTES) / WINDOW_PART;
        struct clew_tier_ahead *all = t->ahead;
        struct clew_tier_ahead next = {.digest = digest};
        size_t i = 0;

        pthread_mutex_lock(&t->lock);
        while (i < CLEW_TIER_AHEAD - 1 && all[i].digest != digest)
                i++;
        if (all[i].digest == digest)
                next.window = all[i].window ? 2 * all[i].window : FIRST_BYTES;
        if (next.window > WINDOW_BYTES_MAX)
                next.window = WINDOW_BYTES_MAX;
        if (next.window > most)
                next.window = most;
        memmove(&all[1], &all[0], i * sizeof(*all));
        all[0] = next;
        pthread_mutex_unlock(&t->lock);
        return next.window;
}

struct clew_tier_reach clew_tier_ahead(struct clew_tier *t, uint64_t segment,
                                       const struct clew_tier_place *place)
{
        struct clew_tier_reach reach = {.from = place->at, .to = place->at + place->len};
        uint64_t window = next_window(t, place->digest);

        if (window > 0) {
                reach.n_behind = extend(t, segment, place, place->len + window / 2, true, &reach);
                reach.n_before = extend(t, segment, place, place->len + window, false, &reach);
        }
        return reach;
}

static void keep(struct clew_tier *t, uint64_t segment, const struct clew_tier_place *place,
                 const struct clew_tier_reach *reach, struct clew_slice bytes)
{
        struct clew_tier_known known;
        struct clew_error ignored;
        struct clew_slice one;

        if (segment == 0 || clew_tier_map_find(t->map, segment, &known, &ignored) < 0 ||
            !is_of(&known.place, place) || known.place.at < reach->from ||
            known.place.len > bytes.len ||
            known.place.at - reach->from > bytes.len - known.place.len)
                return; /* it has moved meanwhile */
        one = clew_slice_make(bytes.data + (known.place.at - reach->from), (size_t)known.place.len);
        /* What is damaged is read by itself, and told, when it is asked for. */
        if (clew_tier_check_segment(segment, &known, one) == 0)
                (void)!clew_tier_map_cache(t->map, segment, one, &ignored);
}

void clew_tier_ahead_keep(struct clew_tier *t, uint64_t segment,
                          const struct clew_tier_place *place, const struct clew_tier_reach *reach,
                          struct clew_slice bytes)
{
        for (uint64_t i = 1; i <= reach->n_behind; i++)
                keep(t, beside(segment, true, i), place, reach, bytes);
        for (uint64_t i = 1; i <= reach->n_before; i++)
                keep(t, beside(segment, false, i), place, reach, bytes);
}
