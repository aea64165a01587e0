/*
 * See contrast.h.
 */
#include "query/serve/contrast.h"

#include "query/answer/values.h"

#include <errno.h>
#include <math.h>

#define IDS_ARENA_MAX ((size_t)16 << 20)

/* ---- records ----------------------------------------------------------------------------------
 */

static const struct clew_contrast_row *of(const void *record)
{
        return record;
}

static void put_attribute(struct clew_json_writer *w, const void *r)
{
        clew_write_text(w, of(r)->feature->attribute);
}

static void put_value(struct clew_json_writer *w, const void *r)
{
        clew_write_text(w, of(r)->feature->value);
}

static void put_a(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->feature->n[0]);
}

static void put_b(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->feature->n[1]);
}

static void put_a_runs(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->result->runs[0]);
}

static void put_b_runs(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->result->runs[1]);
}

static void put_same(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of(r)->feature->same);
}

static void put_lift(struct clew_json_writer *w, const void *r)
{
        if (isinf(of(r)->feature->lift))
                clew_json_write_null(w);
        else
                clew_json_write_double(w, of(r)->feature->lift);
}

static void put_p(struct clew_json_writer *w, const void *r)
{
        clew_json_write_double(w, of(r)->feature->p);
}

static void put_rate(struct clew_json_writer *w, const void *r)
{
        clew_json_write_double(w, of(r)->feature->rate);
}

static void put_found(struct clew_json_writer *w, const void *r)
{
        clew_json_write_bool(w, of(r)->feature->rate < CLEW_COMPARISON_RATE);
}

const struct clew_record_field clew_contrast_fields[] = {
        {"attribute", true, put_attribute},
        {"value", true, put_value},
        {"a", true, put_a},
        {"a_runs", true, put_a_runs},
        {"b", true, put_b},
        {"b_runs", true, put_b_runs},
        {"same", true, put_same},
        {"lift", true, put_lift},
        {"p", true, put_p},
        {"rate", true, put_rate},
        {"found", true, put_found},
        {0},
};

/* ---- sides ------------------------------------------------------------------------------------
 */

int clew_contrast_init(struct clew_contrast *c)
{
        *c = (struct clew_contrast){0};
        clew_arena_init(&c->ids, IDS_ARENA_MAX);
        c->seen = clew_arena_calloc(&c->ids, CLEW_CONTRAST_RUNS_MAX, sizeof(*c->seen));
        c->comparison = clew_comparison_new();
        return c->seen && c->comparison ? 0 : -ENOMEM;
}

void clew_contrast_deinit(struct clew_contrast *c)
{
        clew_comparison_free(c->comparison);
        clew_arena_deinit(&c->ids);
}

static bool was_seen(void *context, const struct clew_list_entry *entry)
{
        const struct clew_contrast *c = context;

        /* Both walks go from new to old: the ids of the first come in the same order. */
        for (uint32_t i = 0; i < c->n_seen; i++) {
                if (clew_trace_id_eq(&c->seen[i], &entry->id))
                        return true;
        }
        return false;
}

static int add_run(struct clew_contrast *c, struct clew_select *s, const struct clew_selected *t,
                   unsigned side, size_t bytes, struct clew_error *err)
{
        const struct clew_trace_options options = {.texts = true, .joined = s->joined};
        CLEW_ARENA arena = {0};
        struct clew_trace_data data;
        struct clew_trace *trace;
        int r = clew_select_open(s, t, &data, err);

        clew_arena_init(&arena, bytes);
        if (r == 0)
                r = clew_trace_build(data.traces, data.logs, &options, &arena, &trace);
        if (r == 0)
                r = clew_comparison_add(c->comparison, side, trace);
        return r;
}

int clew_contrast_add_side(struct clew_contrast *c, struct clew_select *s, unsigned side,
                           bool others, size_t bytes, struct clew_error *err)
{
        struct clew_selected t;
        uint32_t n = 0;
        int r;

        if (others) {
                s->skip = was_seen;
                s->skip_context = c;
        }
        while ((r = clew_select_next(s, &t, err)) == 1) {
                if (n == CLEW_CONTRAST_RUNS_MAX) {
                        c->cut[side] = true;
                        return 0;
                }
                n++;
                if (side == 0)
                        c->seen[c->n_seen++] = t.id;
                r = add_run(c, s, &t, side, bytes, err);
                if (r == -ENOENT) /* deleted meanwhile */
                        r = 0;
                if (r < 0)
                        return r;
        }
        return r;
}

void clew_contrast_share(struct clew_contrast *c, unsigned side, struct clew_filter *f)
{
        if (side == 0) {
                c->left_ns = f->limit_ns / 2;
                c->left_bytes = f->limit_bytes / 2;
        }
        f->plain = true; /* runs are compared by their steps and attributes */
        f->limit_ns = side == 0 ? f->limit_ns - c->left_ns : c->left_ns;
        f->limit_bytes = side == 0 ? f->limit_bytes - c->left_bytes : c->left_bytes;
        if (side == 1 && c->since_ns > f->since_ns)
                f->since_ns = c->since_ns;
}

void clew_contrast_spent(struct clew_contrast *c, const struct clew_filter *f,
                         const struct clew_select *s)
{
        struct clew_filter left = *f;

        clew_filter_spend(&left, s);
        c->left_ns += left.limit_ns;
        c->left_bytes += left.limit_bytes;
        if (s->end != CLEW_SELECT_WHOLE && s->has_last)
                c->since_ns = s->last.start_ns;
}

void clew_contrast_sides(const struct clew_filter_flags *flags, const char *a, const char *b,
                         struct clew_filter_flags *ret_a, struct clew_filter_flags *ret_b)
{
        *ret_a = *flags;
        *ret_b = *flags;
        if (a) {
                ret_a->query = a;
                ret_b->query = b;
                return;
        }
        ret_a->ok = false;
        ret_b->failed = false;
        ret_b->ok = true;
}
