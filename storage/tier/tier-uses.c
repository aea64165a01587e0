#include "storage/tier/tier-uses-int.h"

#include "proto/base/mem.h"

#include <errno.h>
#include <stdlib.h>

static int compare(const void *x, const void *y)
{
        const struct clew_tier_use *a = x;
        const struct clew_tier_use *b = y;

        if (a->first != b->first)
                return a->first < b->first ? -1 : 1;
        return a->digest < b->digest ? -1 : a->digest > b->digest;
}

int clew_tier_uses_count(const struct clew_tier_catalog *c, struct clew_tier_uses *ret)
{
        struct clew_tier_use *of = clew_calloc(c->n + 1, sizeof(*of));
        size_t n = 0;

        if (!of)
                return -ENOMEM;
        for (size_t i = 0; i < c->n; i++) {
                const struct clew_tier_place *p = &c->items[i].place;

                of[i] = (struct clew_tier_use){.first = p->first,
                                               .digest = p->digest,
                                               .whole = p->whole,
                                               .live = clew_tier_place_bytes(p),
                                               .n = 1};
        }
        qsort(of, c->n, sizeof(*of), compare);
        for (size_t i = 0; i < c->n; i++) {
                if (n == 0 || compare(&of[n - 1], &of[i]) != 0) {
                        of[n++] = of[i];
                } else {
                        of[n - 1].live += of[i].live;
                        of[n - 1].n++;
                }
        }
        *ret = (struct clew_tier_uses){of, n};
        return 0;
}

void clew_tier_uses_deinit(struct clew_tier_uses *u)
{
        clew_free(u->of);
        *u = (struct clew_tier_uses){0};
}

struct clew_tier_use *clew_tier_uses_find(const struct clew_tier_uses *u,
                                          const struct clew_tier_place *p)
{
        const struct clew_tier_use key = {.first = p->first, .digest = p->digest};

        return u->n ? bsearch(&key, u->of, u->n, sizeof(*u->of), compare) : NULL;
}
