/*
 * Carrying rules out; see retention.h. Reading them: retention-read.c.
 */
#include "query/serve/retention.h"

#include "proto/base/hash.h"
#include "proto/base/mem.h"
#include "proto/base/stop.h"
#include "storage/erase.h"
#include "storage/shelf.h"

#include <errno.h>
#include <string.h>

/* When the quota is passed, so much of it is to be free again. */
#define QUOTA_FREE_PART 16u
#define SLOTS_FIRST 4096u

/* Ids in an open table. */
struct id_set {
        struct clew_trace_id *slots;
        size_t n_slots; /* a power of two */
        size_t n;
};

struct look {
        const struct clew_retention *rules;
        struct clew_view *view;
        const struct clew_clock *clock;
        const volatile sig_atomic_t *stop;
        struct clew_retention_plan *plan;
        struct id_set decided;
        uint64_t to_skip;
        uint64_t now_ns;
        struct clew_error *err;
};

void clew_retention_plan_init(struct clew_retention_plan *p)
{
        *p = (struct clew_retention_plan){.pass_max = CLEW_RETENTION_PASS_MAX};
        clew_buffer_init(&p->ids, CLEW_RETENTION_PASS_MAX * sizeof(struct clew_trace_id));
        clew_buffer_init(&p->strips, CLEW_RETENTION_PASS_MAX * sizeof(struct clew_retention_strip));
}

void clew_retention_plan_deinit(struct clew_retention_plan *p)
{
        clew_buffer_deinit(&p->ids);
        clew_buffer_deinit(&p->strips);
}

/* ---- what was decided ------------------------------------------------------------------------ */

static struct clew_trace_id *slot_of(const struct id_set *s, const struct clew_trace_id *id)
{
        uint64_t seed = (uintptr_t)s->slots;
        uint64_t at = clew_hash_seeded(clew_slice_make(id->bytes, sizeof(id->bytes)), seed);

        for (;; at++) {
                struct clew_trace_id *slot = &s->slots[at & (s->n_slots - 1)];

                if (clew_trace_id_is_zero(slot) || clew_trace_id_eq(slot, id))
                        return slot;
        }
}

static int grow(struct id_set *s)
{
        struct id_set more = {.n_slots = s->n_slots ? 2 * s->n_slots : SLOTS_FIRST, .n = s->n};

        more.slots = clew_calloc(more.n_slots, sizeof(*more.slots));
        if (!more.slots)
                return -ENOMEM;
        for (size_t i = 0; i < s->n_slots; i++) {
                if (!clew_trace_id_is_zero(&s->slots[i]))
                        *slot_of(&more, &s->slots[i]) = s->slots[i];
        }
        clew_free(s->slots);
        *s = more;
        return 0;
}

/* 1 = it is new, 0 = an earlier rule has it, or an error. */
static int decide(struct look *l, const struct clew_trace_id *id)
{
        struct id_set *s = &l->decided;
        struct clew_trace_id *slot;

        if (clew_trace_id_is_zero(id)) /* log records of no trace: nobody's run */
                return 0;
        if (2 * (s->n + 1) > s->n_slots && grow(s) < 0)
                return clew_error_set(l->err, -ENOMEM, 0, "out of memory");
        slot = slot_of(s, id);
        if (!clew_trace_id_is_zero(slot))
                return 0;
        if (s->n == CLEW_RETENTION_SEEN_MAX)
                return clew_error_set(l->err, -E2BIG, 0, "rules meet more than %u traces",
                                      CLEW_RETENTION_SEEN_MAX);
        *slot = *id;
        s->n++;
        return 1;
}

static bool is_decided(const struct look *l, const struct clew_trace_id *id)
{
        return l->decided.n_slots && !clew_trace_id_is_zero(slot_of(&l->decided, id));
}

/* ---- rules ----------------------------------------------------------------------------------- */

/* Whether the trace may go now. 1, 0, or an error. */
static int may_go(struct look *l, const struct clew_trace_id *id, bool hot)
{
        int held = clew_view_is_held(l->view, id, l->err);

        if (held < 0)
                return held;
        l->plan->held += held == 1;
        l->plan->waits += held == 0 && hot;
        return held == 0 && !hot;
}

static int put(struct clew_retention_plan *p, const struct clew_selected *t, unsigned rule,
               bool strips)
{
        struct clew_retention_strip strip = {.id = t->id, .rule = rule};

        strip.has_run = t->summary.has_run;
        strip.run = t->summary.run;
        if (strips)
                clew_buffer_append(&p->strips, &strip, sizeof(strip));
        else
                clew_buffer_append(&p->ids, &t->id, sizeof(t->id));
        return strips ? clew_buffer_error(&p->strips) : clew_buffer_error(&p->ids);
}

static bool is_full(const struct clew_retention_plan *p)
{
        return p->ids.len / sizeof(struct clew_trace_id) >= p->pass_max ||
               p->strips.len / sizeof(struct clew_retention_strip) >= p->pass_max;
}

/* 0, 1 = the pass is full and looks no further, or an error. */
static int take(struct look *l, unsigned rule, const struct clew_selected *t)
{
        struct clew_retention_plan *p = l->plan;
        bool strips;
        int r = decide(l, &t->id);

        if (r <= 0)
                return r;
        p->by_rule[rule]++;
        p->seen++;
        if (l->rules->rules[rule].action == CLEW_RETENTION_KEEP)
                return 0;
        strips = l->rules->rules[rule].action == CLEW_RETENTION_SKELETON;
        if (strips && t->summary.left_out == CLEW_LEFT_OUT_ALL) {
                p->bare++;
                return 0;
        }
        r = may_go(l, &t->id, t->hot);
        if (r <= 0)
                return r;
        if (l->to_skip > 0) {
                l->to_skip--;
                return 0;
        }
        if (is_full(p)) {
                p->more = true;
                return p->until_full;
        }
        return put(p, t, rule, strips);
}

uint64_t clew_retention_next_skip(const struct clew_retention_plan *plan, uint64_t n_gone)
{
        if (!plan->more)
                return 0;
        return n_gone > 0 ? plan->skip : plan->skip + plan->pass_max;
}

/* The youngest that any rule, or the quota, may take: nobody has to look at what is younger. */
static uint64_t youngest(const struct clew_retention *r)
{
        uint64_t least = r->quota_bytes ? CLEW_RETENTION_YOUNGEST_NS : UINT64_MAX;

        for (unsigned i = 0; i < r->n; i++) {
                if (r->rules[i].action != CLEW_RETENTION_KEEP && r->rules[i].older_ns < least)
                        least = r->rules[i].older_ns;
        }
        return least;
}

static uint64_t before(uint64_t now_ns, uint64_t age_ns)
{
        return age_ns < now_ns ? now_ns - age_ns : 1;
}

/* A walk that is not whole could miss what is to be kept. */
static int check_whole(struct look *l, const struct clew_select *s, unsigned rule)
{
        if (s->end == CLEW_SELECT_STOPPED)
                return clew_error_set(l->err, -ECANCELED, 0, "ended");
        if (s->damaged > 0 || s->end != CLEW_SELECT_WHOLE)
                return clew_error_set(l->err, -EBADMSG, 0,
                                      "rule of line %u: %llu traces could not be read, nothing is "
                                      "dropped; see clew doctor --verify",
                                      l->rules->rules[rule].line, (unsigned long long)s->damaged);
        return 0;
}

/* Ids from @until_ns back to @since_ns, until @fn returns not 0; that is returned. */
static int each_id(struct look *l, uint64_t until_ns, uint64_t since_ns,
                   int (*fn)(struct look *l, const struct clew_list_entry *e, void *context),
                   void *context)
{
        struct clew_list_entry e;
        struct clew_list_entry after = {.start_ns = until_ns};
        int r;

        memset(&after.id, 0xff, sizeof(after.id));
        r = clew_view_list_ids(l->view, &after, l->err);
        while (r == 0 && (r = clew_view_next(l->view, &e, l->err)) == 1) {
                after = (struct clew_list_entry){.id = e.id, .start_ns = e.start_ns};
                if (clew_stop_is_set(l->stop))
                        return clew_error_set(l->err, -ECANCELED, 0, "ended");
                if (e.start_ns < since_ns)
                        return 0;
                r = fn(l, &e, context);
                if (r == 0 && clew_view_is_old(l->view)) {
                        r = clew_view_renew(l->view, l->err);
                        r = r < 0 ? r : clew_view_list_ids(l->view, &after, l->err);
                }
        }
        return r;
}

static int take_id(struct look *l, const struct clew_list_entry *e, void *context)
{
        const struct clew_selected t = {.id = e->id, .start_ns = e->start_ns, .hot = e->hot};
        const unsigned *rule = context;

        return take(l, *rule, &t);
}

static int look_by_filter(struct look *l, unsigned rule, const struct clew_filter *filter)
{
        struct clew_select s = {0};
        struct clew_selected t;
        int r = clew_select_init(&s, l->view, filter, l->clock, NULL, l->err);

        while (r >= 0 && (r = clew_select_next(&s, &t, l->err)) == 1) {
                r = take(l, rule, &t);
                if (r != 0)
                        break;
        }
        /* What a full pass has not come to is not dropped by it. */
        if (r >= 0 && (r == 0 || s.damaged > 0))
                r = check_whole(l, &s, rule);
        clew_select_deinit(&s);
        return r;
}

/* Age alone says what goes: no summary is read, and texts that stay need none. */
static bool asks_age_alone(const struct clew_retention_rule *x, const struct clew_filter *f)
{
        return x->action != CLEW_RETENTION_SKELETON && f->n_queries == 0 && f->outcomes == 0 &&
               f->sessions.n == 0;
}

static int look_with(struct look *l, unsigned rule)
{
        const struct clew_retention_rule *x = &l->rules->rules[rule];
        struct clew_filter filter = {0};
        int r = clew_view_renew(l->view, l->err); /* a snapshot for each rule: none is held long */

        if (r == 0)
                r = clew_filter_read(&x->flags, NULL, l->clock, true, &filter, l->err);
        if (r < 0)
                return r;
        filter.apart = true;
        filter.allow_unknown = true;
        filter.stop = l->stop;
        filter.until_ns = before(l->now_ns, x->older_ns > 0 ? x->older_ns : youngest(l->rules));
        filter.since_ns = x->younger_ns ? before(l->now_ns, x->younger_ns) : 0;
        r = asks_age_alone(x, &filter)
                    ? each_id(l, filter.until_ns, filter.since_ns, take_id, &rule)
                    : look_by_filter(l, rule, &filter);
        clew_filter_deinit(&filter);
        return r;
}

/* ---- quota ----------------------------------------------------------------------------------- */

/* The last @max ids of a walk that goes back in time. */
struct oldest {
        struct clew_trace_id *ids;
        size_t max;
        size_t n; /* ever */
};

static int take_oldest(struct look *l, const struct clew_list_entry *e, void *context)
{
        struct oldest *o = context;
        int held;

        if (e->hot || clew_trace_id_is_zero(&e->id) || is_decided(l, &e->id))
                return 0;
        held = clew_view_is_held(l->view, &e->id, l->err);
        if (held == 0)
                o->ids[o->n++ % o->max] = e->id;
        return held < 0 ? held : 0;
}

/* By what a trace takes on average: the next pass looks again. */
static int look_for_quota(struct look *l)
{
        struct clew_retention_plan *p = l->plan;
        uint64_t quota = l->rules->quota_bytes;
        struct clew_store_stats stats;
        struct oldest o = {.max = 1};
        uint64_t planned = p->ids.len / sizeof(struct clew_trace_id);
        uint64_t wanted;
        int r = clew_view_stats(l->view, &stats, l->err);

        if (r < 0)
                return r;
        p->used_bytes = stats.used_bytes;
        if (quota == 0 || stats.used_bytes <= quota || stats.traces == 0)
                return 0;
        wanted = (stats.used_bytes - quota + quota / QUOTA_FREE_PART) /
                         (stats.used_bytes / stats.traces + 1) +
                 1;
        wanted = wanted > planned ? wanted - planned : 0;
        if (wanted > p->pass_max - planned)
                wanted = p->pass_max - planned;
        if (wanted == 0)
                return 0;
        o.max = (size_t)wanted;
        o.ids = clew_calloc(o.max, sizeof(*o.ids));
        if (!o.ids)
                return clew_error_set(l->err, -ENOMEM, 0, "out of memory");
        r = each_id(l, before(l->now_ns, CLEW_RETENTION_YOUNGEST_NS), 0, take_oldest, &o);
        p->for_quota = o.n < o.max ? o.n : o.max;
        if (r == 0)
                clew_buffer_append(&p->ids, o.ids, (size_t)p->for_quota * sizeof(*o.ids));
        clew_free(o.ids);
        return r < 0 ? r : clew_buffer_error(&p->ids);
}

static bool asks_for_size(const struct clew_retention *rules)
{
        bool asks = false;

        for (unsigned i = 0; i < rules->n; i++)
                asks |= rules->rules[i].over_bytes > 0;
        return asks;
}

int clew_retention_look(const struct clew_retention *rules, struct clew_view *view,
                        const struct clew_clock *clock, const volatile sig_atomic_t *stop,
                        struct clew_retention_plan *ret, struct clew_error *err)
{
        struct look l = {.rules = rules,
                         .view = view,
                         .clock = clock,
                         .stop = stop,
                         .plan = ret,
                         .to_skip = ret->skip,
                         .now_ns = clew_clock_unix_ns(clock),
                         .err = err};
        struct clew_store_stats stats = {0};
        int r = 0;

        if (r == 0 && asks_for_size(rules))
                r = clew_view_stats(view, &stats, err);
        for (unsigned i = 0; r == 0 && i < rules->n; i++) {
                if (stats.used_bytes >= rules->rules[i].over_bytes)
                        r = look_with(&l, i);
        }
        if (r == 0) /* not of a pass that is full: rules that keep were not asked */
                r = look_for_quota(&l);
        clew_free(l.decided.slots);
        return r < 0 ? r : 0;
}
