/*
 * See count.h.
 */
#include "query/serve/count.h"

#include "query/find/index/index.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int take(void *context, const struct clew_bulk_row *row)
{
        clew_tally_add_row(context, row);
        return 0;
}

static int walk(struct clew_tally *tally, struct clew_view *view, struct clew_filter *filter,
                const struct clew_clock *clock, const struct clew_selected *after,
                struct clew_select *select, struct clew_error *err)
{
        struct clew_selected t;
        int r = clew_select_init(select, view, filter, clock, after, err);

        *tally = (struct clew_tally){0};
        select->take = take;
        select->take_context = tally;
        while (r >= 0 && (r = clew_select_next(select, &t, err)) == 1)
                clew_tally_add(tally, &t.summary);
        return r;
}

int clew_count_gather(struct clew_tally *ret, struct clew_view *view, struct clew_filter *filter,
                      const struct clew_clock *clock, const struct clew_selected *after,
                      struct clew_select *select, struct clew_error *err)
{
        int r;

        filter->light = CLEW_LIGHT | CLEW_LIGHT_CAUSE | CLEW_LIGHT_FACTS;
        r = walk(ret, view, filter, clock, after, select, err);
        if (r == -EAGAIN) { /* an index is damaged: without, from the beginning */
                char damage[sizeof(select->index_damage)];

                (void)snprintf(damage, sizeof(damage), "%.199s", err->message);
                clew_select_deinit(select);
                filter->no_index = true;
                r = walk(ret, view, filter, clock, after, select, err);
                memcpy(select->index_damage, damage, sizeof(damage));
        }
        return r;
}
