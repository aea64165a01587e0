/*
 * Retention: traces that are dropped, and traces that lose their texts; storage/erase.h.
 *
 * A segment is written anew for both at once. Who loses its texts is in the hands of the caller's
 * function, which gives the bytes that stay. Then the texts go from where they are still: older
 * versions of those traces in other segments, batches of which their rows are gone; indexes and
 * free pages are clew_store_finish_erasure()'s, which the transactions ask for.
 */
#include "storage/erase/delete-int.h"
#include "storage/erase/whole-int.h"

#include <errno.h>
#include <string.h>

/* A segment is written anew when this part of its traces goes, or changes; when the disk is full.
 */
#define WORTH_PART 4u
#define WORTH_PART_URGENT 16u

/* Those of one segment, from @from on: how many. */
static uint32_t of_segment(const struct clew_deletion *d, size_t from)
{
        size_t to = from;

        while (to < d->n_sealed && d->sealed[to].segment == d->sealed[from].segment &&
               to - from < CLEW_SEGMENT_TRACES_MAX)
                to++;
        return (uint32_t)(to - from);
}

static int judge(void *context, const struct clew_rewrite_message *m, bool is_live,
                 struct clew_buffer *out, size_t *ret_traces_len, struct clew_error *err)
{
        struct clew_deletion *d = context;
        const struct clew_deletion_target *t = clew_deletion_find(d, &m->id);
        int r;

        if (!t || (is_live && d->is_after))
                return CLEW_REWRITE_KEEP;
        if (!t->strips || !is_live)
                return CLEW_REWRITE_DROP;
        r = d->retain->strip(d->retain->context, m, out, ret_traces_len, err);
        d->repack.stats->unstripped += r == -EBADMSG;
        if (r == -EALREADY || r == -EBADMSG)
                return CLEW_REWRITE_KEEP;
        return r < 0 ? clew_error_set(err, r, 0, "out of memory") : CLEW_REWRITE_CHANGE;
}

/* 1: it goes with others, whole. */
static int drop_whole(struct clew_deletion *d, struct clew_wholes *w, size_t from, uint32_t n,
                      struct clew_error *err)
{
        struct clew_repack_row *rows;
        int r = clew_wholes_has_room(w, n) ? 0 : clew_wholes_drop(w, err);

        if (r < 0)
                return r;
        rows = clew_wholes_rows(w);
        for (uint32_t i = 0; i < n; i++) {
                const struct clew_deletion_target *t = &d->sealed[from + i];

                rows[i] = (struct clew_repack_row){
                        .id = t->id, .index = t->place.index, .place = t->place};
        }
        return clew_wholes_add(w, d->sealed[from].segment, n, err);
}

static bool has_strips(const struct clew_deletion *d, size_t from, uint32_t n)
{
        bool strips = false;

        for (uint32_t i = 0; i < n; i++)
                strips |= d->sealed[from + i].strips;
        return strips;
}

static bool is_over(struct clew_deletion *d)
{
        const struct clew_rewrite_options *o = d->repack.options;

        d->repack.stats->more = o->is_over && o->is_over(o->context);
        return d->repack.stats->more;
}

/* Segments in which nothing else is. The others are left in d->sealed. */
static int drop_wholes(struct clew_deletion *d, struct clew_error *err)
{
        struct clew_wholes wholes;
        size_t n_left = 0;
        size_t at = 0;
        uint32_t n;
        int r = clew_wholes_init(&wholes, &d->repack, err);

        for (; r >= 0 && at < d->n_sealed && !is_over(d); at += n) {
                n = of_segment(d, at);
                r = has_strips(d, at, n) ? 0 : drop_whole(d, &wholes, at, n, err);
                if (r == 0) {
                        memmove(d->sealed + n_left, d->sealed + at, n * sizeof(*d->sealed));
                        n_left += n;
                }
        }
        if (r >= 0)
                r = clew_wholes_drop(&wholes, err);
        clew_wholes_deinit(&wholes);
        d->n_sealed = n_left;
        return r;
}

/* Those of others, written anew where that is worth it. */
static int change_parts(struct clew_deletion *d, struct clew_error *err)
{
        struct clew_repack *p = &d->repack;
        uint32_t n;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < d->n_sealed && !is_over(d); i += n) {
                n = of_segment(d, i);
                p->wants_wipe = has_strips(d, i, n);
                p->n_known = n;
                r = clew_repack_segment(p, d->sealed[i].segment, err);
                p->n_known = 0;
                p->wants_wipe = false;
                if (r == -EAGAIN) /* not now */
                        r = 0;
        }
        return r;
}

/*
 * The end of a part cuts through segments of which the next part has the rest. When most of it went
 * without them they wait for that: to write them anew costs a hundred times what it costs to drop
 * them. Else the same would wait for ever.
 */
static int change_worthy(struct clew_deletion *d, struct clew_error *err)
{
        size_t n = d->n_sealed;
        int r = drop_wholes(d, err);

        if (r < 0 || d->repack.stats->more || (d->retain->is_part && d->n_sealed <= n / 2))
                return r;
        return change_parts(d, err);
}

/* What is left of the texts of those that have none any more. */
static int follow(struct clew_deletion *d, struct clew_error *err)
{
        size_t n = 0;
        int r;

        for (size_t i = 0; i < d->n; i++) {
                if (d->targets[i].strips)
                        d->targets[n++] = d->targets[i];
        }
        d->n = n;
        d->is_after = true;
        d->repack.wants_wipe = true;
        r = clew_repack_each(&d->repack, clew_deletion_has_dead, err);
        d->repack.wants_wipe = false;
        return r == 0 && !d->repack.stats->more ? clew_deletion_thin(d, err) : r;
}

static void add_targets(struct clew_deletion *d, const struct clew_trace_id *ids, size_t n,
                        bool strips, size_t *at)
{
        for (size_t i = 0; i < n; i++)
                d->targets[(*at)++] = (struct clew_deletion_target){.id = ids[i], .strips = strips};
}

static int retain(struct clew_deletion *d, const struct clew_retain *what, struct clew_error *err)
{
        struct clew_rewrite_stats *stats = d->repack.stats;
        size_t n = 0;
        bool more;
        int r;

        add_targets(d, what->drop, what->n_drop, false, &n);
        add_targets(d, what->strip_ids, what->n_strip, true, &n);
        clew_deletion_sort(d, n);
        d->repack.judge = judge;
        d->repack.hot = &d->hot;
        d->repack.spares_held = true;
        d->repack.worth_part = what->urgent ? WORTH_PART_URGENT : WORTH_PART;
        r = clew_deletion_look(d, &more, err);
        if (r == 0)
                r = change_worthy(d, err);
        if (r == 0 && !stats->more)
                r = clew_deletion_drop_hot(d, err);
        return r == 0 && stats->stripped > 0 && !stats->more ? follow(d, err) : r;
}

int clew_store_retain(struct clew_store *store, const struct clew_retain *what,
                      const struct clew_rewrite_options *options, struct clew_rewrite_stats *ret,
                      struct clew_error *err)
{
        struct clew_deletion d = {.spares = true, .retain = what};
        size_t n = what->n_drop + what->n_strip;
        int r = clew_deletion_refuse(store, n, err);

        *ret = (struct clew_rewrite_stats){0};
        if (r < 0 || n == 0)
                return r;
        r = clew_deletion_begin(&d, store, options, n, ret, err);
        if (r == 0)
                r = retain(&d, what, err);
        clew_deletion_end(&d);
        return r;
}
