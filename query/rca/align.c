/*
 * Myers' O(ND) algorithm (E. Myers, "An O(ND) Difference Algorithm and Its Variations", 1986),
 * forward only: the furthest points of every round are kept and walked back.
 */
#include "query/rca/align.h"

#include <errno.h>
#include <string.h>

struct work {
        const uint64_t *a;
        const uint64_t *b;
        int32_t n_a;
        int32_t n_b;
        int32_t **rounds; /* furthest x of each diagonal -d .. d, per round d */
        struct clew_arena *arena;
};

static int32_t start_x(const int32_t *last, int32_t d, int32_t k)
{
        /* last[] has diagonals -(d-1) .. d-1 at offset d-1. */
        if (d == 0)
                return 0;
        if (k == -d || (k != d && k - 1 >= -(d - 1) && k + 1 <= d - 1 &&
                        last[k - 1 + d - 1] < last[k + 1 + d - 1]))
                return k + 1 <= d - 1 ? last[k + 1 + d - 1] : last[k - 1 + d - 1] + 1;
        if (k - 1 < -(d - 1))
                return last[k + 1 + d - 1];
        return last[k - 1 + d - 1] + 1;
}

/* Number of differences, or -1 when there are too many, or -ENOMEM. */
static int search(struct work *w)
{
        int32_t max = w->n_a + w->n_b;

        if (max > (int32_t)CLEW_ALIGN_DIFFERENCES)
                max = (int32_t)CLEW_ALIGN_DIFFERENCES;
        for (int32_t d = 0; d <= max; d++) {
                int32_t *now = clew_arena_calloc(w->arena, 2 * (size_t)d + 1, sizeof(*now));

                if (!now)
                        return -ENOMEM;
                w->rounds[d] = now;
                for (int32_t k = -d; k <= d; k += 2) {
                        int32_t x = start_x(d ? w->rounds[d - 1] : NULL, d, k);
                        int32_t y = x - k;

                        while (x < w->n_a && y >= 0 && y < w->n_b && w->a[x] == w->b[y]) {
                                x++;
                                y++;
                        }
                        now[k + d] = x;
                        if (x >= w->n_a && y >= w->n_b)
                                return d;
                }
        }
        return -1;
}

/* Walks the rounds back; fills @pairs from its end. Returns where it begins. */
static uint32_t walk_back(const struct work *w, int32_t d, struct clew_pair *pairs, uint32_t at)
{
        int32_t x = w->n_a;
        int32_t y = w->n_b;

        for (; d >= 0; d--) {
                int32_t k = x - y;
                int32_t from = start_x(d ? w->rounds[d - 1] : NULL, d, k);

                while (x > from && y > 0 && x > 0) {
                        x--;
                        y--;
                        pairs[--at] = (struct clew_pair){(uint32_t)x, (uint32_t)y};
                }
                if (d == 0)
                        break;
                /* One step right came from diagonal k-1, one step down from k+1. */
                if (k - 1 >= -(d - 1) && w->rounds[d - 1][k - 1 + d - 1] + 1 == from && x > 0 &&
                    !(k + 1 <= d - 1 && w->rounds[d - 1][k + 1 + d - 1] == from)) {
                        x--;
                        pairs[--at] = (struct clew_pair){(uint32_t)x, CLEW_ALIGN_NONE};
                } else {
                        y--;
                        pairs[--at] = (struct clew_pair){CLEW_ALIGN_NONE, (uint32_t)y};
                }
        }
        return at;
}

/* All of @a as gone, all of @b as new. */
static uint32_t replace_all(const struct work *w, struct clew_pair *pairs, uint32_t at)
{
        for (int32_t y = w->n_b; y-- > 0;)
                pairs[--at] = (struct clew_pair){CLEW_ALIGN_NONE, (uint32_t)y};
        for (int32_t x = w->n_a; x-- > 0;)
                pairs[--at] = (struct clew_pair){(uint32_t)x, CLEW_ALIGN_NONE};
        return at;
}

int clew_align(const uint64_t *a, uint32_t n_a, const uint64_t *b, uint32_t n_b,
               struct clew_arena *arena, struct clew_alignment *ret)
{
        struct clew_pair *pairs = clew_arena_calloc(arena, (size_t)n_a + n_b + 1, sizeof(*pairs));
        struct work w = {.arena = arena};
        uint32_t head = 0;
        uint32_t tail = 0;
        uint32_t n = 0;
        uint32_t from;
        uint32_t space = n_a + n_b;
        int d;

        w.rounds = clew_arena_calloc(arena, CLEW_ALIGN_DIFFERENCES + 1, sizeof(*w.rounds));
        if (!pairs || !w.rounds)
                return -ENOMEM;
        while (head < n_a && head < n_b && a[head] == b[head])
                head++;
        while (tail + head < n_a && tail + head < n_b && a[n_a - 1 - tail] == b[n_b - 1 - tail])
                tail++;
        w.a = a + head;
        w.b = b + head;
        w.n_a = (int32_t)(n_a - head - tail);
        w.n_b = (int32_t)(n_b - head - tail);
        d = search(&w);
        if (d == -ENOMEM)
                return d;
        from = d >= 0 ? walk_back(&w, d, pairs, space) : replace_all(&w, pairs, space);
        {
                /* The middle stands at the end of the array; the common beginning goes first. */
                uint32_t middle = space - from;

                memmove(pairs + head, pairs + from, middle * sizeof(*pairs));
                for (uint32_t i = 0; i < middle; i++) {
                        if (pairs[head + i].a != CLEW_ALIGN_NONE)
                                pairs[head + i].a += head;
                        if (pairs[head + i].b != CLEW_ALIGN_NONE)
                                pairs[head + i].b += head;
                }
                n = head + middle;
        }
        for (uint32_t i = 0; i < head; i++)
                pairs[i] = (struct clew_pair){i, i};
        for (uint32_t i = tail; i > 0; i--)
                pairs[n++] = (struct clew_pair){n_a - i, n_b - i};
        *ret = (struct clew_alignment){pairs, n, d < 0};
        return 0;
}
