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

#define PLACES (2 * CLEW_CLUSTERS_MAX) /* a power of two */

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

/* "rule/kind:tool/error", as a summary has it (rca/cause.c). */
struct signature {
        struct clew_slice rule;
        struct clew_slice kind;
        struct clew_slice tool;
        struct clew_slice error;
};

static struct clew_slice up_to(struct clew_slice *rest, char end)
{
        const uint8_t *at = rest->len ? memchr(rest->data, end, rest->len) : NULL;
        size_t n = at ? (size_t)(at - rest->data) : rest->len;
        struct clew_slice piece = clew_slice_make(rest->data, n);

        *rest = clew_slice_make(rest->data + n + (at != NULL), rest->len - n - (at != NULL));
        return piece;
}

static struct signature taken_apart(struct clew_slice text)
{
        struct signature s;

        s.rule = up_to(&text, '/');
        s.kind = up_to(&text, ':');
        s.tool = up_to(&text, '/'); /* of a name with a slash its beginning */
        s.error = text;
        return s;
}

/* The tool is part of what went wrong: it failed, or it was called over and over; and of what
 * nothing explains the last change is all that is known. Elsewhere the agent failed, whatever tool
 * came next. */
static bool is_of_tool(const struct signature *s)
{
        static const char *const rules[] = {"tool-loop", "duplicate-call", "repeated-query",
                                            "repeated-action"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(rules); i++) {
                if (clew_slice_eq_cstr(s->rule, rules[i]))
                        return true;
        }
        if (clew_slice_eq_cstr(s->rule, "unexplained") && !clew_slice_eq_cstr(s->kind, "tool"))
                return s->tool.len > 0 || s->error.len > 0;
        return s->error.len > 0;
}

/* What the shape of an error says beyond that it is one, in brackets: "error ValueError" is
 * " (ValueError)", "error" nothing. */
static struct clew_slice in_brackets(struct clew_arena *arena, struct clew_slice error)
{
        const struct clew_slice word = CLEW_SLICE_LITERAL("error ");

        if (clew_slice_eq_cstr(error, "error"))
                return CLEW_SLICE_NULL;
        if (clew_slice_starts_with(error, word))
                error = clew_slice_make(error.data + word.len, error.len - word.len);
        return clew_arena_printf(arena, " (%.*s)", (int)error.len, (const char *)error.data);
}

/* What the runs of a group have in common that nothing explains: how they end, and after what. */
static struct clew_slice in_common(struct clew_arena *arena, const struct signature *of)
{
        static const char *const ends[][2] = {{"llm", "a model call"},
                                              {"tool", "a tool's result"},
                                              {"agent", "an agent's answer"},
                                              {"step", "a step of another kind"}};
        const char *end = "a step of another kind";

        for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
                if (clew_slice_eq_cstr(of->kind, ends[i][0]))
                        end = ends[i][1];
        }
        if (of->error.len) {
                struct clew_slice what = in_brackets(arena, of->error);

                return clew_arena_printf(arena, "in common: %s%.*s failed%.*s",
                                         of->tool.len ? "" : end, (int)of->tool.len,
                                         (const char *)(of->tool.len ? of->tool.data : NULL),
                                         (int)what.len, (const char *)what.data);
        }
        if (clew_slice_eq_cstr(of->kind, "tool"))
                return clew_arena_printf(arena, "in common: they end with %s", end);
        if (!of->tool.len)
                return clew_arena_printf(arena,
                                         "in common: they end with %s, and no call is known "
                                         "to have changed anything",
                                         end);
        return clew_arena_printf(arena, "in common: they end with %s; the last change is %.*s", end,
                                 (int)of->tool.len, (const char *)of->tool.data);
}

uint64_t clew_cluster_hash(const struct clew_summary *s)
{
        struct signature of;

        if (!s->cause.signature.len)
                return clew_text_error_shape(s->error) ^ 0x9e3779b97f4a7c15u;
        of = taken_apart(s->cause.signature);
        if (is_of_tool(&of))
                return clew_hash(s->cause.signature);
        return clew_hash(of.rule) * 31 + clew_hash(of.kind);
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

/* The sentence of the cause; without one what the runs of the group have in common, and where even
 * that is unknown the error of the example. */
static struct clew_slice detail_of(struct clew_clusters *c, const struct clew_selected *t)
{
        const struct clew_summary_cause *cause = &t->summary.cause;
        struct signature of = taken_apart(cause->signature);

        if (cause->rule.len)
                return clew_arena_copy(c->arena, cause->detail);
        if (of.kind.len)
                return in_common(c->arena, &of);
        return clew_arena_copy(c->arena, t->summary.error);
}

/* Counts the tools that the trouble of a group shows at. */
static void take_tool(struct clew_clusters *c, struct clew_cluster *x,
                      const struct clew_selected *t)
{
        struct clew_slice tool = taken_apart(t->summary.cause.signature).tool;
        uint32_t i = 0;

        while (i < x->n_tools && !clew_slice_eq(x->tools[i].name, tool))
                i++;
        if (!tool.len || i == CLEW_CLUSTER_TOOLS_MAX)
                return;
        if (i == x->n_tools) {
                x->tools[i].name = clew_arena_copy(c->arena, tool);
                x->n_tools++;
        }
        x->tools[i].count++;
        for (; i > 0 && x->tools[i].count > x->tools[i - 1].count; i--) {
                struct clew_cluster_tool less = x->tools[i - 1];

                x->tools[i - 1] = x->tools[i];
                x->tools[i] = less;
        }
}

static int cluster_of(struct clew_clusters *c, struct clew_select *s, struct clew_selected *t,
                      struct clew_cluster **ret, struct clew_error *err)
{
        struct clew_cluster *x;
        uint32_t at;
        uint64_t hash;
        int r = hash_of(s, t, &hash, err);

        *ret = NULL;
        if (r < 0)
                return r;
        at = (uint32_t)(hash % PLACES);
        for (; c->places[at]; at = (at + 1) % PLACES) {
                *ret = &c->items[c->places[at] - 1];
                if ((*ret)->hash == hash)
                        return 0;
        }
        *ret = NULL;
        if (c->n == CLEW_CLUSTERS_MAX)
                return 0;
        /* The walk is newest first: the first run seen is the example. */
        r = clew_select_whole(s, t, err);
        if (r < 0)
                return r;
        c->places[at] = (uint16_t)(c->n + 1);
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
        take_tool(c, x, t);
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

static void write_tools(struct clew_json_writer *w, const void *p)
{
        const struct clew_cluster *x = p;

        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < x->n_tools; i++)
                clew_write_text(w, x->tools[i].name);
        clew_json_write_array_end(w);
}

const struct clew_record_field clew_cluster_fields[] = {
        {"name", true, write_name},
        {"count", true, write_count},
        {"rule", true, write_rule},
        {"signature", true, write_signature},
        {"first_seen", true, write_first},
        {"last_seen", true, write_last},
        {"trend", true, write_trend},
        {"example", true, write_example},
        {"tools", true, write_tools},
        {"detail", false, write_detail},
        {0},
};

int clew_clusters_gather(struct clew_clusters *c, struct clew_select *s, struct clew_arena *arena,
                         struct clew_error *err)
{
        struct clew_selected t;
        int r;

        *c = (struct clew_clusters){.arena = arena};
        c->items = clew_arena_calloc(arena, CLEW_CLUSTERS_MAX, sizeof(*c->items));
        c->places = clew_arena_calloc(arena, PLACES, sizeof(*c->places));
        if (!c->items || !c->places)
                return -ENOMEM;
        while ((r = clew_select_next(s, &t, err)) == 1) {
                r = take(c, s, &t, err);
                if (r == -ENOENT) /* deleted meanwhile */
                        r = 0;
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
