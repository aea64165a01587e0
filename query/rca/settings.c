/*
 * See settings.h.
 */
#include "query/rca/settings.h"

#include "proto/base/hash.h"
#include "proto/otlp/span.h"
#include "query/model/message.h"
#include "query/model/parameters.h"

#include <errno.h>
#include <inttypes.h>

/* Steps whose tools and parameters are read; later calls of a long run ask for the same. */
#define CALLS_MAX 4096u
/* Of one value that is told; a schema is told by its hash. */
#define VALUE_BYTES_MAX 200u

struct entry {
        const char *group;
        struct clew_slice name;
        struct clew_slice values[2][CLEW_SETTING_VALUES_MAX];
        uint32_t n[2];
};

struct table {
        struct clew_arena *arena;
        struct entry *entries;
        uint32_t n;
};

/* What differs between any two runs of one program. */
static const char *const volatile_keys[] = {
        "process.",      "host.", "os.", "container.", "k8s.pod.", "thread.", "service.instance.id",
        "faas.instance",
};

static bool is_volatile(struct clew_slice key)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(volatile_keys); i++) {
                if (clew_slice_starts_with(key, clew_slice_of_cstr(volatile_keys[i])))
                        return true;
        }
        return false;
}

static void add(struct table *t, unsigned side, const char *group, struct clew_slice name,
                struct clew_slice value)
{
        struct entry *e = NULL;

        if (value.len == 0)
                return;
        value = value.len > VALUE_BYTES_MAX ? clew_slice_make(value.data, VALUE_BYTES_MAX) : value;
        for (uint32_t i = 0; i < t->n && !e; i++) {
                if (t->entries[i].group == group && clew_slice_eq(t->entries[i].name, name))
                        e = &t->entries[i];
        }
        if (!e) {
                if (t->n == CLEW_SETTINGS_MAX)
                        return;
                e = &t->entries[t->n++];
                e->group = group;
                e->name = name;
        }
        for (uint32_t i = 0; i < e->n[side]; i++) {
                if (clew_slice_eq(e->values[side][i], value))
                        return;
        }
        if (e->n[side] < CLEW_SETTING_VALUES_MAX)
                e->values[side][e->n[side]++] = value;
}

static const char group_model[] = "model";
static const char group_parameter[] = "parameter";
static const char group_tool[] = "tool";
static const char group_resource[] = "resource";

/* A tool is as it was described: its schema stands for it by hash. */
static struct clew_slice tool_value(struct table *t, const struct clew_tool_definition *d)
{
        struct clew_slice parts[] = {d->description, d->schema};
        struct clew_slice all = clew_arena_concat(t->arena, parts, CLEW_ARRAY_LEN(parts));

        if (all.len == 0)
                return CLEW_SLICE_LITERAL("offered");
        return clew_arena_printf(t->arena, "offered, definition %04" PRIx64,
                                 clew_hash(all) & 0xffff);
}

static int add_call(struct table *t, unsigned side, const struct clew_trace *trace,
                    const struct clew_step *step)
{
        const struct clew_parameter *parameters;
        const struct clew_tool_definition *tools;
        uint32_t n;
        int r = clew_step_parameters(step, t->arena, &parameters, &n);

        for (uint32_t i = 0; r == 0 && i < n; i++)
                add(t, side, group_parameter, parameters[i].name, parameters[i].value);
        if (r == 0)
                r = clew_step_tool_definitions(trace, step, t->arena, &tools, &n);
        for (uint32_t i = 0; r == 0 && i < n; i++)
                add(t, side, group_tool, tools[i].name, tool_value(t, &tools[i]));
        return r;
}

static struct clew_slice attribute_text(struct table *t, const struct clew_value *v)
{
        switch (v->type) {
        case CLEW_VALUE_STRING:
                return v->bytes;
        case CLEW_VALUE_BOOL:
                return clew_slice_of_cstr(v->boolean ? "true" : "false");
        case CLEW_VALUE_INT:
                return clew_arena_printf(t->arena, "%" PRId64, v->integer);
        case CLEW_VALUE_DOUBLE:
                return clew_arena_printf(t->arena, "%g", v->number);
        case CLEW_VALUE_BYTES:
        case CLEW_VALUE_EMPTY:
        case CLEW_VALUE_ARRAY:
        case CLEW_VALUE_KVLIST:
                break;
        }
        return CLEW_SLICE_NULL;
}

static void add_resource(struct table *t, unsigned side, struct clew_slice resource)
{
        struct clew_message_iter it = clew_resource_attributes(resource);
        struct clew_attribute a;

        while (clew_attribute_next(&it, &a)) {
                if (!is_volatile(a.key))
                        add(t, side, group_resource, a.key, attribute_text(t, &a.value));
        }
}

static int add_run(struct table *t, unsigned side, const struct clew_trace *trace)
{
        struct clew_slice resource = CLEW_SLICE_NULL;
        uint32_t calls = 0;

        for (uint32_t i = 0; i < trace->n_steps; i++) {
                const struct clew_step *step = &trace->steps[i];

                if (step->resource.data != resource.data)
                        add_resource(t, side, step->resource);
                resource = step->resource;
                if (step->kind != CLEW_KIND_LLM || clew_step_is(step, CLEW_STEP_FRAGMENT))
                        continue;
                add(t, side, group_model, CLEW_SLICE_LITERAL("model"), step->model);
                add(t, side, group_model, CLEW_SLICE_LITERAL("provider"), step->provider);
                if (calls++ < CALLS_MAX) {
                        int r = add_call(t, side, trace, step);

                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

static struct clew_slice joined(struct clew_arena *arena, const struct entry *e, unsigned side)
{
        struct clew_slice parts[2 * CLEW_SETTING_VALUES_MAX];
        size_t n = 0;

        for (uint32_t i = 0; i < e->n[side]; i++) {
                if (i > 0)
                        parts[n++] = CLEW_SLICE_LITERAL(", ");
                parts[n++] = e->values[side][i];
        }
        return n ? clew_arena_concat(arena, parts, n) : CLEW_SLICE_NULL;
}

static bool is_among(const struct entry *e, unsigned side, struct clew_slice value)
{
        for (uint32_t i = 0; i < e->n[side]; i++) {
                if (clew_slice_eq(e->values[side][i], value))
                        return true;
        }
        return false;
}

/* As sets: the order in which a run used its models is no setting. */
static bool differs(const struct entry *e)
{
        if (e->n[0] != e->n[1])
                return true;
        for (uint32_t i = 0; i < e->n[0]; i++) {
                if (!is_among(e, 1, e->values[0][i]))
                        return true;
        }
        return false;
}

int clew_settings_compare(const struct clew_trace *a, const struct clew_trace *b,
                          struct clew_arena *arena, const struct clew_setting **ret,
                          uint32_t *ret_n)
{
        static const char *const groups[] = {group_model, group_parameter, group_tool,
                                             group_resource};
        struct table t = {
                .arena = arena,
                .entries = clew_arena_calloc(arena, CLEW_SETTINGS_MAX, sizeof(*t.entries)),
        };
        struct clew_setting *list = clew_arena_calloc(arena, CLEW_SETTINGS_MAX, sizeof(*list));
        uint32_t n = 0;
        int r;

        if (!t.entries || !list)
                return -ENOMEM;
        r = add_run(&t, 0, a);
        if (r == 0)
                r = add_run(&t, 1, b);
        for (size_t g = 0; r == 0 && g < CLEW_ARRAY_LEN(groups); g++) {
                for (uint32_t i = 0; i < t.n; i++) {
                        const struct entry *e = &t.entries[i];

                        if (e->group != groups[g] || !differs(e))
                                continue;
                        list[n++] = (struct clew_setting){
                                .group = e->group,
                                .name = e->name,
                                .a = joined(arena, e, 0),
                                .b = joined(arena, e, 1),
                        };
                }
        }
        *ret = list;
        *ret_n = n;
        return r < 0 ? r : clew_arena_failed(arena) ? -ENOMEM : 0;
}
