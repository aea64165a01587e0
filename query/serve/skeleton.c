/*
 * The skeleton of a trace: its tree in columns, without payloads. About 40 bytes a step, and one
 * pass: what draws the tree and the waterfall of 50,000 steps needs no more.
 */
#include "proto/base/hash.h"
#include "query/answer/brief.h"
#include "query/answer/step-record.h"
#include "query/answer/trace-record.h"
#include "query/answer/values.h"
#include "query/serve/call-int.h"

#include <errno.h>

/* Distinct names; those beyond have the name "". Real runs have dozens. */
#define NAMES_MAX 65535u

enum status { STATUS_OK, STATUS_ERROR, STATUS_SOFT, STATUS_OPEN, STATUS_STANDIN };
static const char *const status_names[] = {"ok", "error", "soft-failure", "open", "stand-in"};

/* Names once each, in order of appearance. */
struct names {
        struct clew_slice *items;
        uint32_t n;
        uint32_t *slots; /* index + 1 into items, by hash; 0 = free */
        uint32_t mask;
};

struct skeleton {
        const struct clew_trace *trace;
        struct clew_json_writer *w;
        struct names names;
        uint32_t *name_of;               /* by step */
        uint32_t kinds[CLEW_KIND_COUNT]; /* index + 1 */
        uint32_t n_kinds;
};

static int names_init(struct names *names, uint32_t n_steps, struct clew_arena *arena)
{
        uint32_t slots = 64;

        while (slots < 2 * (n_steps < NAMES_MAX ? n_steps : NAMES_MAX) + 2)
                slots *= 2;
        names->mask = slots - 1;
        names->slots = clew_arena_calloc(arena, slots, sizeof(*names->slots));
        names->items = clew_arena_calloc(arena, slots / 2 + 1, sizeof(*names->items));
        return names->slots && names->items ? 0 : -ENOMEM;
}

static uint32_t name_index(struct names *names, struct clew_slice name)
{
        uint32_t at = (uint32_t)clew_hash(name) & names->mask;

        while (names->slots[at]) {
                if (clew_slice_eq(names->items[names->slots[at] - 1], name))
                        return names->slots[at] - 1;
                at = (at + 1) & names->mask;
        }
        if (names->n == NAMES_MAX)
                return 0; /* "", see collect() */
        names->items[names->n] = name;
        names->slots[at] = ++names->n;
        return names->n - 1;
}

/* The names of all steps, before the columns that point at them. */
static int collect(struct skeleton *k, struct clew_arena *arena)
{
        uint32_t n = k->trace->n_steps;
        int r = names_init(&k->names, n, arena);

        k->name_of = clew_arena_calloc(arena, n + 1, sizeof(*k->name_of));
        if (r < 0 || !k->name_of)
                return -ENOMEM;
        (void)name_index(&k->names, CLEW_SLICE_LITERAL(""));
        for (uint32_t i = 0; i < n; i++) {
                const struct clew_step *s = &k->trace->steps[i];

                k->name_of[i] = name_index(&k->names, clew_step_label(s));
                if (!k->kinds[s->kind])
                        k->kinds[s->kind] = ++k->n_kinds;
        }
        return 0;
}

static void write_tables(struct skeleton *k)
{
        const char *kinds[CLEW_KIND_COUNT] = {NULL};

        for (unsigned i = 0; i < CLEW_KIND_COUNT; i++) {
                if (k->kinds[i])
                        kinds[k->kinds[i] - 1] = clew_kind_name((enum clew_kind)i);
        }
        clew_json_write_key(k->w, "kinds");
        clew_json_write_array_begin(k->w);
        for (uint32_t i = 0; i < k->n_kinds; i++)
                clew_json_write_cstr(k->w, kinds[i]);
        clew_json_write_array_end(k->w);
        clew_json_write_key(k->w, "names");
        clew_json_write_array_begin(k->w);
        for (uint32_t i = 0; i < k->names.n; i++)
                clew_json_write_string(k->w, k->names.items[i]);
        clew_json_write_array_end(k->w);
        clew_json_write_key(k->w, "statuses");
        clew_json_write_array_begin(k->w);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(status_names); i++)
                clew_json_write_cstr(k->w, status_names[i]);
        clew_json_write_array_end(k->w);
        clew_json_write_key(k->w, "flags");
        clew_write_step_flags(k->w, UINT32_MAX);
}

/* ---- columns -------------------------------------------------------------------------------- */

static uint64_t number_of(uint32_t index)
{
        return index == CLEW_STEP_NONE ? 0 : (uint64_t)index + 1;
}

static void put_parent(struct skeleton *k, uint32_t i)
{
        clew_json_write_uint64(k->w, number_of(k->trace->steps[i].parent));
}

static void put_start(struct skeleton *k, uint32_t i)
{
        clew_json_write_int64(k->w, (int64_t)(k->trace->steps[i].start_ns - k->trace->start_ns));
}

static void put_duration(struct skeleton *k, uint32_t i)
{
        if (k->trace->steps[i].end_ns == 0)
                clew_json_write_null(k->w);
        else
                clew_json_write_uint64(k->w, clew_step_duration_ns(&k->trace->steps[i]));
}

static void put_kind(struct skeleton *k, uint32_t i)
{
        clew_json_write_uint64(k->w, k->kinds[k->trace->steps[i].kind] - 1);
}

static void put_name(struct skeleton *k, uint32_t i)
{
        clew_json_write_uint64(k->w, k->name_of[i]);
}

static void put_agent(struct skeleton *k, uint32_t i)
{
        clew_json_write_uint64(k->w, number_of(k->trace->steps[i].agent));
}

static void put_status(struct skeleton *k, uint32_t i)
{
        const struct clew_step *s = &k->trace->steps[i];
        enum status status = STATUS_OK;

        if (clew_step_is(s, CLEW_STEP_STANDIN))
                status = STATUS_STANDIN;
        else if (s->error.is_error)
                status = STATUS_ERROR;
        else if (clew_step_is(s, CLEW_STEP_SOFT_FAILURE))
                status = STATUS_SOFT;
        else if (clew_step_is(s, CLEW_STEP_OPEN))
                status = STATUS_OPEN;
        clew_json_write_uint64(k->w, status);
}

static void put_tokens(struct skeleton *k, uint32_t i)
{
        const struct clew_step *s = &k->trace->steps[i];
        bool counts = !clew_step_is(s, CLEW_STEP_ROLLUP | CLEW_STEP_WRAPPER | CLEW_STEP_POLL);

        clew_json_write_uint64(k->w, counts ? s->tokens.total : 0);
}

static void put_descendants(struct skeleton *k, uint32_t i)
{
        clew_json_write_uint64(k->w, k->trace->steps[i].n_descendants);
}

static void put_flags(struct skeleton *k, uint32_t i)
{
        clew_json_write_uint64(k->w, clew_step_flag_bits(k->trace->steps[i].flags));
}

static const struct {
        const char *name;
        void (*put)(struct skeleton *k, uint32_t step);
} columns[] = {
        {"parent", put_parent}, {"start", put_start},   {"duration", put_duration},
        {"kind", put_kind},     {"name", put_name},     {"agent", put_agent},
        {"status", put_status}, {"tokens", put_tokens}, {"descendants", put_descendants},
        {"flags", put_flags},
};

static void write_columns(struct skeleton *k)
{
        clew_json_write_key(k->w, "columns");
        clew_json_write_object_begin(k->w);
        for (size_t c = 0; c < CLEW_ARRAY_LEN(columns); c++) {
                clew_json_write_key(k->w, columns[c].name);
                clew_json_write_array_begin(k->w);
                for (uint32_t i = 0; i < k->trace->n_steps; i++)
                        columns[c].put(k, i);
                clew_json_write_array_end(k->w);
        }
        clew_json_write_object_end(k->w);
}

static void write_edges(struct skeleton *k)
{
        clew_json_write_key(k->w, "edges");
        clew_json_write_array_begin(k->w);
        for (uint32_t i = 0; i < k->trace->n_edges; i++) {
                const struct clew_edge *e = &k->trace->edges[i];

                if (e->to == CLEW_STEP_NONE)
                        continue;
                clew_json_write_array_begin(k->w);
                clew_json_write_uint64(k->w, number_of(e->from));
                clew_json_write_uint64(k->w, number_of(e->to));
                clew_json_write_cstr(k->w, clew_edge_type_name(e->type));
                clew_json_write_bool(k->w, e->inferred);
                clew_json_write_array_end(k->w);
        }
        clew_json_write_array_end(k->w);
}

/* ---- the answer ----------------------------------------------------------------------------- */

static void write_number(struct clew_json_writer *w, const char *key, uint64_t n)
{
        clew_json_write_key(w, key);
        clew_json_write_uint64(w, n);
}

/* What is not there, and why: behind the loader's bounds; by a rule of retention. */
static void write_missing(struct clew_json_writer *w, const struct clew_opened *o)
{
        if (o->data.left_out > 0)
                write_number(w, "left_out", o->data.left_out);
        clew_write_left_out(w, o->trace);
}

static int write_skeleton(struct clew_call *call, const struct clew_opened *o,
                          const struct clew_selected *t)
{
        struct clew_record_writer out;
        struct clew_json_writer w;
        struct skeleton k = {.trace = o->trace, .w = &w};
        int r = collect(&k, &call->trace);

        if (r < 0)
                return r;
        clew_call_record_writer(call, &out, "skeleton", NULL);
        w = clew_record_begin(&out, "skeleton");
        clew_json_write_key(&w, "trace");
        clew_json_write_object_begin(&w);
        clew_record_write_all(&w, clew_trace_fields, t);
        clew_json_write_object_end(&w);
        write_number(&w, "n", o->trace->n_steps);
        write_number(&w, "cause", clew_blamed_step(&t->summary));
        write_number(&w, "latest", number_of(clew_trace_latest(o->trace)));
        write_missing(&w, o);
        write_tables(&k);
        write_columns(&k);
        write_edges(&k);
        r = clew_record_end(&out, &w);
        clew_record_writer_deinit(&out);
        return r;
}

int clew_route_skeleton(struct clew_call *call)
{
        struct clew_opened o = {0};
        struct clew_select s = {0};
        struct clew_selected t;
        int r = clew_call_open(call, call->path_values[0], &CLEW_TRACE_FULL, true, &o);

        if (r != 0)
                return r > 0 ? 0 : r;
        clew_select_init_single(&s, call->view, call->service->clock);
        r = clew_select_one(&s, &o.id, o.trace, &t, &call->err);
        if (r == 0)
                r = write_skeleton(call, &o, &t);
        clew_select_deinit(&s);
        return r;
}
