/*
 * Tools that a model was offered: one list, or keys with an index, or among the messages.
 */
#include "query/model/message.h"

#include "proto/base/json.h"
#include "query/model/fields-int.h"
#include "query/model/left-out.h"
#include "query/model/message-object-int.h"
#include "query/model/value-int.h"

#include <errno.h>
#include <string.h>

#define KEY(s) CLEW_SLICE_LITERAL(s)

struct definitions {
        struct clew_arena *arena;
        struct clew_tool_definition *items;
        uint32_t n;
        uint32_t max;
};

/* Tools offered in one request. */
#define DEFINITIONS_MAX 1024u

static void add_definition(struct definitions *d, struct clew_slice raw)
{
        struct clew_tool_definition *item;
        struct clew_slice text = clew_text_unquote(raw, d->arena);
        struct clew_slice inner;

        if (d->n == DEFINITIONS_MAX)
                return;
        if (d->n == d->max) {
                uint32_t max = d->max ? 2 * d->max : 16;
                struct clew_tool_definition *p = clew_arena_calloc(d->arena, max, sizeof(*p));

                if (!p)
                        return;
                if (d->n > 0)
                        memcpy(p, d->items, d->n * sizeof(*p));
                d->items = p;
                d->max = max;
        }
        item = &d->items[d->n];
        *item = (struct clew_tool_definition){0};
        if (!clew_text_is_json(text)) {
                item->name = text; /* a bare name */
        } else {
                inner = clew_text_member(text, "function", d->arena);
                if (clew_text_is_json(inner))
                        text = inner;
                item->name = clew_text_member(text, "name", d->arena);
                item->description = clew_text_member(text, "description", d->arena);
                item->schema = clew_text_member(text, "parameters", d->arena);
                if (item->schema.len == 0)
                        item->schema = clew_text_member(text, "inputSchema", d->arena);
                if (item->schema.len == 0)
                        item->schema = clew_text_member(text, "input_schema", d->arena);
                if (item->schema.len == 0)
                        item->schema = clew_text_member(text, "parameters_json_schema", d->arena);
        }
        if (item->name.len > 0)
                d->n++;
}

static void definitions_from_json(struct definitions *d, struct clew_slice text)
{
        struct clew_json_reader r;

        text = clew_text_unquote(text, d->arena);
        r = clew_json_reader_make(text, CLEW_JSON_DEPTH_DEFAULT);
        if (clew_json_next(&r) == CLEW_JSON_ARRAY_BEGIN)
                while (clew_json_next_element(&r))
                        add_definition(d, clew_json_take(&r));
}

/* Among the messages that went in, each in place of a tool's. */
static void definitions_from_messages(struct definitions *d, struct clew_fields *f)
{
        struct clew_json_reader r;
        struct clew_slice text;
        struct clew_json_object o;

        if (!clew_fields_text(f, CLEW_FIELD_INPUT, &text) || text.len == 0 ||
            !memmem(text.data, text.len, "\"tool\"", 6))
                return;
        r = clew_json_reader_make(text, CLEW_JSON_DEPTH_DEFAULT);
        if (clew_json_next(&r) != CLEW_JSON_ARRAY_BEGIN)
                return;
        while (clew_json_next_element(&r)) {
                const struct clew_json_member *content;

                if (!open_object(clew_json_take(&r), &o) || !clew_is_definition(&o))
                        continue;
                content = get(&o, "content");
                if (content)
                        add_definition(d, content->raw);
        }
}

/* llm.tools.<i>.tool.json_schema, llm.request.functions.<i>.{name,description,parameters} */
static void definitions_from_keys(struct definitions *d, const struct clew_step *step)
{
        const struct clew_slice functions = KEY("llm.request.functions.");
        struct clew_message_iter it = clew_span_attributes_brief(&step->span);
        struct clew_attribute attr;

        while (clew_attribute_next(&it, &attr)) {
                struct clew_slice tail;
                struct clew_slice text;

                if (attr.value.type != CLEW_VALUE_STRING)
                        continue;
                text = attr.value.bytes;
                if (clew_slice_starts_with(attr.key, KEY("llm.tools."))) {
                        add_definition(d, text);
                        continue;
                }
                if (!clew_slice_starts_with(attr.key, functions))
                        continue;
                /* The members of one function stand together, its name first. */
                tail = clew_slice_from(attr.key, functions.len);
                while (tail.len > 0 && tail.data[0] != '.')
                        tail = clew_slice_from(tail, 1);
                if (clew_slice_eq(tail, KEY(".name")))
                        add_definition(d, text);
                else if (d->n > 0 && clew_slice_eq(tail, KEY(".description")))
                        d->items[d->n - 1].description = text;
                else if (d->n > 0 && clew_slice_eq(tail, KEY(".parameters")))
                        d->items[d->n - 1].schema = text;
        }
}

/* Of a skeleton: nobody knows which tools they were. */
static void drop_left_out(struct definitions *d)
{
        uint32_t n = 0;

        for (uint32_t i = 0; i < d->n; i++) {
                if (!clew_stand_in_is(d->items[i].name))
                        d->items[n++] = d->items[i];
        }
        d->n = n;
}

int clew_step_tool_definitions(const struct clew_trace *trace, const struct clew_step *step,
                               struct clew_arena *arena, const struct clew_tool_definition **ret,
                               uint32_t *ret_n)
{
        struct definitions d = {.arena = arena};
        struct clew_fields fields;
        struct clew_fields *f = &fields;
        const struct clew_field_hit *hit;

        clew_fields_collect(f, trace, step, arena);
        hit = clew_fields_first(f, CLEW_FIELD_TOOL_DEFINITIONS);
        if (hit && hit->value.type == CLEW_VALUE_ARRAY) {
                struct clew_message_iter it = clew_value_elements(&hit->value);
                struct clew_value value;

                while (clew_value_next(&it, &value))
                        add_definition(&d, clew_value_text(&value, arena));
        } else {
                struct clew_slice text;

                if (clew_fields_text(f, CLEW_FIELD_TOOL_DEFINITIONS, &text))
                        definitions_from_json(&d, text);
        }
        if (d.n == 0)
                definitions_from_keys(&d, step);
        if (d.n == 0)
                definitions_from_messages(&d, f);
        if (trace->left_out)
                drop_left_out(&d);
        *ret = d.items;
        *ret_n = d.n;
        return clew_arena_failed(arena) ? -ENOMEM : 0;
}
