/*
 * See clusters.h.
 */
#include "query/serve/clusters.h"

#include "proto/base/hash.h"
#include "query/answer/values.h"
#include "query/rca/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* When each run started, for the trend: the window is known only at the end. */
struct clew_cluster_moment {
        struct clew_cluster_moment *next;
        uint64_t ns;
        uint32_t cluster;
};

void clew_cluster_name(uint64_t hash, char ret[CLEW_CLUSTER_NAME])
{
        snprintf(ret, CLEW_CLUSTER_NAME, "c%08x", (unsigned)(hash >> 32));
}

uint64_t clew_cluster_hash(const struct clew_summary *s)
{
        if (s->cause.signature.len)
                return clew_hash(s->cause.signature);
        return clew_text_error_shape(s->error) ^ 0x9e3779b97f4a7c15u;
}

/* Without a signature the text of its error tells, which a light walk has not read. */
static int hash_of(struct clew_select *s, struct clew_selected *t, uint64_t *ret,
                   struct clew_error *err)
{
        int r = t->summary.cause.signature.len == 0 ? clew_select_whole(s, t, err) : 0;

        *ret = clew_cluster_hash(&t->summary);
        return r;
}

int clew_cluster_has(struct clew_select *s, struct clew_selected *t, const char *name,
                     struct clew_error *err)
{
        char own[CLEW_CLUSTER_NAME];
        uint64_t hash;
        int r = hash_of(s, t, &hash, err);

        if (r < 0)
                return r;
        clew_cluster_name(hash, own);
        if (strcmp(name, own) != 0)
                return 0;
        r = clew_select_whole(s, t, err);
        return r < 0 ? r : 1;
}

/* The sentence of the cause; without one the error of the example, and without that what the runs
 * of the group have in common: where they end. */
static struct clew_slice detail_of(struct clew_clusters *c, const struct clew_selected *t)
{
        const struct clew_summary_cause *cause = &t->summary.cause;
        const uint8_t *rest;

        if (cause->rule.len || t->summary.error.len)
                return clew_arena_copy(c->arena,
                                       cause->rule.len ? cause->detail : t->summary.error);
        rest = cause->signature.len ? memchr(cause->signature.data, '/', cause->signature.len)
                                    : NULL;
        if (!rest)
                return CLEW_SLICE_NULL;
        return clew_arena_printf(
                c->arena, "in common: they end in %.*s",
                (int)(cause->signature.len - (size_t)(rest + 1 - cause->signature.data)),
                (const char *)rest + 1);
}

static int cluster_of(struct clew_clusters *c, struct clew_select *s, struct clew_selected *t,
                      struct clew_cluster **ret, struct clew_error *err)
{
        struct clew_cluster *x;
        uint64_t hash;
        int r = hash_of(s, t, &hash, err);

        *ret = NULL;
        for (uint32_t i = 0; r == 0 && i < c->n && !*ret; i++) {
                if (c->items[i].hash == hash)
                        *ret = &c->items[i];
        }
        if (r < 0 || *ret || c->n == CLEW_CLUSTERS_MAX)
                return r;
        /* The walk is newest first: the first run seen is the example. */
        r = clew_select_whole(s, t, err);
        if (r < 0)
                return r;
        x = &c->items[c->n++];
        *x = (struct clew_cluster){.hash = hash, .last_ns = t->start_ns, .example = t->id};
        x->rule = clew_arena_copy(c->arena, t->summary.cause.rule);
        x->signature = clew_arena_copy(c->arena, t->summary.cause.signature);
        x->detail = detail_of(c, t);
        *ret = x;
        return 0;
}

static int take(struct clew_clusters *c, struct clew_select *s, struct clew_selected *t,
                struct clew_error *err)
{
        struct clew_cluster_moment *m = clew_arena_alloc(c->arena, sizeof(*m));
        struct clew_cluster *x;
        int r = cluster_of(c, s, t, &x, err);

        if (r < 0)
                return r;
        if (!x || !m) {
                c->left_out++;
                return 0;
        }
        x->count++;
        x->first_ns = t->start_ns;
        c->oldest_ns = t->start_ns;
        c->newest_ns = c->newest_ns ? c->newest_ns : t->start_ns;
        *m = (struct clew_cluster_moment){c->moments, t->start_ns, (uint32_t)(x - c->items)};
        c->moments = m;
        return 0;
}

static int by_count(const void *a, const void *b)
{
        const struct clew_cluster *x = a;
        const struct clew_cluster *y = b;

        if (x->count != y->count)
                return x->count > y->count ? -1 : 1;
        return x->hash < y->hash ? -1 : x->hash > y->hash;
}

/* More than half again as many in the newer half, or the other way round. */
const char *clew_cluster_trend(const struct clew_cluster *x)
{
        uint32_t older = x->count - x->recent;

        if (x->count < 4)
                return "";
        return x->recent * 2 > older * 3   ? "rising"
               : older * 2 > x->recent * 3 ? "falling"
                                           : "steady";
}

static void write_name(struct clew_json_writer *w, const void *p)
{
        char name[CLEW_CLUSTER_NAME];

        clew_cluster_name(((const struct clew_cluster *)p)->hash, name);
        clew_json_write_cstr(w, name);
}

static void write_count(struct clew_json_writer *w, const void *p)
{
        clew_json_write_uint64(w, ((const struct clew_cluster *)p)->count);
}

static void write_rule(struct clew_json_writer *w, const void *p)
{
        clew_write_text(w, ((const struct clew_cluster *)p)->rule);
}

static void write_signature(struct clew_json_writer *w, const void *p)
{
        clew_write_text(w, ((const struct clew_cluster *)p)->signature);
}

static void write_first(struct clew_json_writer *w, const void *p)
{
        clew_write_time(w, ((const struct clew_cluster *)p)->first_ns);
}

static void write_last(struct clew_json_writer *w, const void *p)
{
        clew_write_time(w, ((const struct clew_cluster *)p)->last_ns);
}

static void write_trend(struct clew_json_writer *w, const void *p)
{
        clew_write_text(w, clew_slice_of_cstr(clew_cluster_trend(p)));
}

static void write_example(struct clew_json_writer *w, const void *p)
{
        clew_write_trace_id(w, &((const struct clew_cluster *)p)->example);
}

static void write_detail(struct clew_json_writer *w, const void *p)
{
        clew_write_text(w, ((const struct clew_cluster *)p)->detail);
}

const struct clew_record_field clew_cluster_fields[] = {
        {"name", true, write_name},        {"count", true, write_count},
        {"rule", true, write_rule},        {"signature", true, write_signature},
        {"first_seen", true, write_first}, {"last_seen", true, write_last},
        {"trend", true, write_trend},      {"example", true, write_example},
        {"detail", false, write_detail},   {0},
};

int clew_clusters_gather(struct clew_clusters *c, struct clew_select *s, struct clew_arena *arena,
                         struct clew_error *err)
{
        struct clew_selected t;
        int r;

        *c = (struct clew_clusters){.arena = arena};
        c->items = clew_arena_calloc(arena, CLEW_CLUSTERS_MAX, sizeof(*c->items));
        if (!c->items)
                return -ENOMEM;
        while ((r = clew_select_next(s, &t, err)) == 1) {
                r = take(c, s, &t, err);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        for (const struct clew_cluster_moment *m = c->moments; m; m = m->next)
                c->items[m->cluster].recent +=
                        m->ns >= c->oldest_ns + (c->newest_ns - c->oldest_ns) / 2;
        if (c->n)
                qsort(c->items, c->n, sizeof(*c->items), by_count);
        return 0;
}
