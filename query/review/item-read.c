/*
 * The canonical JSON of an item, read back. It comes from the store, so it is checked, but a
 * mistake is damage and needs no sentence.
 */
#include "query/review/item.h"

#include <errno.h>
#include <math.h>
#include <string.h>

struct reading {
        struct clew_json_reader *r;
        struct clew_arena *arena;
};

/* A list that grows in the arena. */
struct list {
        void *items;
        uint32_t n;
        uint32_t room;
};

static void *grow(struct list *l, size_t size, uint32_t max, struct clew_arena *arena)
{
        if (l->n == max)
                return NULL;
        if (l->n == l->room) {
                uint32_t room = l->room ? 2 * l->room : 8;
                uint8_t *more = clew_arena_calloc(arena, room, size);

                if (!more)
                        return NULL;
                if (l->n)
                        memcpy(more, l->items, l->n * size);
                l->items = more;
                l->room = room;
        }
        return (uint8_t *)l->items + size * l->n++;
}

static bool text(const struct reading *in, struct clew_slice *ret)
{
        return clew_take_text(in->r, in->arena, ret);
}

static bool hex(const struct reading *in, uint8_t *ret, size_t n)
{
        struct clew_slice s;

        return text(in, &s) && clew_hex_decode(s, ret, n);
}

static bool number(const struct reading *in, double *ret)
{
        return clew_json_next(in->r) == CLEW_JSON_NUMBER && clew_json_double(in->r, ret) &&
               isfinite(*ret);
}

static bool read_call(const struct reading *in, struct clew_item_call *c)
{
        if (in->r->token != CLEW_JSON_OBJECT_BEGIN)
                return false;
        while (clew_json_next_member(in->r)) {
                bool ok = true;

                if (clew_json_text_is(in->r, "id"))
                        ok = text(in, &c->id);
                else if (clew_json_text_is(in->r, "name"))
                        ok = text(in, &c->name);
                else if (clew_json_text_is(in->r, "arguments"))
                        ok = text(in, &c->arguments);
                else if (clew_json_text_is(in->r, "result"))
                        ok = c->has_result = text(in, &c->result);
                else if (clew_json_text_is(in->r, "is_error"))
                        ok = clew_take_bool(in->r, &c->is_error);
                else
                        clew_json_skip(in->r);
                if (!ok)
                        return false;
        }
        return true;
}

static bool read_calls(const struct reading *in, const struct clew_item_call **ret, uint32_t *ret_n)
{
        struct list l = {0};

        if (clew_json_next(in->r) != CLEW_JSON_ARRAY_BEGIN)
                return false;
        while (clew_json_next_element(in->r)) {
                struct clew_item_call *c = grow(&l, sizeof(*c), CLEW_ITEM_CALLS_MAX, in->arena);

                if (!c || !read_call(in, c))
                        return false;
        }
        *ret = l.items;
        *ret_n = l.n;
        return true;
}

static enum clew_role role_of(struct clew_slice name)
{
        for (int i = CLEW_ROLE_SYSTEM; i <= CLEW_ROLE_TOOL; i++) {
                if (clew_slice_eq_cstr(name, clew_role_name((enum clew_role)i)))
                        return (enum clew_role)i;
        }
        return CLEW_ROLE_OTHER;
}

static bool read_message(const struct reading *in, struct clew_item_message *m)
{
        struct clew_slice role = CLEW_SLICE_NULL;

        if (in->r->token != CLEW_JSON_OBJECT_BEGIN)
                return false;
        while (clew_json_next_member(in->r)) {
                bool ok = true;

                if (clew_json_text_is(in->r, "role"))
                        ok = text(in, &role);
                else if (clew_json_text_is(in->r, "content"))
                        ok = text(in, &m->content);
                else if (clew_json_text_is(in->r, "reasoning"))
                        ok = text(in, &m->reasoning);
                else if (clew_json_text_is(in->r, "name"))
                        ok = text(in, &m->name);
                else if (clew_json_text_is(in->r, "call_id"))
                        ok = text(in, &m->call_id);
                else if (clew_json_text_is(in->r, "calls"))
                        ok = read_calls(in, &m->calls, &m->n_calls);
                else
                        clew_json_skip(in->r);
                if (!ok)
                        return false;
        }
        m->role = role_of(role);
        return true;
}

static bool read_messages(const struct reading *in, struct clew_item_messages *ret)
{
        struct list l = {0};

        if (clew_json_next(in->r) != CLEW_JSON_ARRAY_BEGIN)
                return false;
        while (clew_json_next_element(in->r)) {
                struct clew_item_message *m =
                        grow(&l, sizeof(*m), CLEW_ITEM_MESSAGES_MAX, in->arena);

                if (!m || !read_message(in, m))
                        return false;
        }
        ret->items = l.items;
        ret->n = l.n;
        return true;
}

static bool read_texts(const struct reading *in, const struct clew_slice **ret, uint32_t *ret_n)
{
        struct list l = {0};

        if (clew_json_next(in->r) != CLEW_JSON_ARRAY_BEGIN)
                return false;
        while (clew_json_next_element(in->r)) {
                struct clew_slice *s = grow(&l, sizeof(*s), CLEW_ITEM_CALLS_MAX, in->arena);

                if (!s || in->r->token != CLEW_JSON_STRING)
                        return false;
                *s = clew_json_string(in->r, in->arena);
        }
        *ret = l.items;
        *ret_n = l.n;
        return true;
}

static bool read_score(const struct reading *in, struct clew_item_score *s)
{
        if (in->r->token != CLEW_JSON_OBJECT_BEGIN)
                return false;
        while (clew_json_next_member(in->r)) {
                bool ok = true;

                if (clew_json_text_is(in->r, "name"))
                        ok = text(in, &s->name);
                else if (clew_json_text_is(in->r, "label"))
                        ok = text(in, &s->label);
                else if (clew_json_text_is(in->r, "source"))
                        ok = text(in, &s->source);
                else if (clew_json_text_is(in->r, "value"))
                        ok = s->has_value = number(in, &s->value);
                else
                        clew_json_skip(in->r);
                if (!ok)
                        return false;
        }
        return true;
}

static bool read_scores(const struct reading *in, struct clew_item *item)
{
        struct list l = {0};

        if (clew_json_next(in->r) != CLEW_JSON_ARRAY_BEGIN)
                return false;
        while (clew_json_next_element(in->r)) {
                struct clew_item_score *s = grow(&l, sizeof(*s), CLEW_ITEM_CALLS_MAX, in->arena);

                if (!s || !read_score(in, s))
                        return false;
        }
        item->scores = l.items;
        item->n_scores = l.n;
        return true;
}

static bool read_tool(const struct reading *in, struct clew_tool_definition *t)
{
        if (in->r->token != CLEW_JSON_OBJECT_BEGIN)
                return false;
        while (clew_json_next_member(in->r)) {
                bool ok = true;

                if (clew_json_text_is(in->r, "name"))
                        ok = text(in, &t->name);
                else if (clew_json_text_is(in->r, "description"))
                        ok = text(in, &t->description);
                else if (clew_json_text_is(in->r, "schema"))
                        ok = text(in, &t->schema);
                else
                        clew_json_skip(in->r);
                if (!ok)
                        return false;
        }
        return true;
}

static bool read_tools(const struct reading *in, struct clew_item *item)
{
        struct list l = {0};

        if (clew_json_next(in->r) != CLEW_JSON_ARRAY_BEGIN)
                return false;
        while (clew_json_next_element(in->r)) {
                struct clew_tool_definition *t =
                        grow(&l, sizeof(*t), CLEW_ITEM_CALLS_MAX, in->arena);

                if (!t || !read_tool(in, t))
                        return false;
        }
        item->tools = l.items;
        item->n_tools = l.n;
        return true;
}

/* Members that are one text. */
static const struct {
        const char *name;
        size_t offset;
} texts[] = {
        {"name", offsetof(struct clew_item, name)},
        {"agent", offsetof(struct clew_item, agent)},
        {"model", offsetof(struct clew_item, model)},
        {"service", offsetof(struct clew_item, service)},
        {"session", offsetof(struct clew_item, session)},
        {"outcome", offsetof(struct clew_item, outcome)},
        {"cause_rule", offsetof(struct clew_item, cause_rule)},
        {"cause_text", offsetof(struct clew_item, cause_text)},
        {"input_json", offsetof(struct clew_item, input_json)},
        {"expected_from", offsetof(struct clew_item, expected_from)},
        {"metadata", offsetof(struct clew_item, metadata)},
        {"output", offsetof(struct clew_item, output)},
        {"expected", offsetof(struct clew_item, expected)},
};

static const struct {
        const char *name;
        size_t offset;
} numbers[] = {
        {"step", offsetof(struct clew_item, step)},
        {"start_ns", offsetof(struct clew_item, start_ns)},
        {"duration_ns", offsetof(struct clew_item, duration_ns)},
        {"tokens_in", offsetof(struct clew_item, tokens_in)},
        {"tokens_out", offsetof(struct clew_item, tokens_out)},
        {"failing_step", offsetof(struct clew_item, failing_step)},
        {"failing_message", offsetof(struct clew_item, failing_message)},
};

/* 1 = read, 0 = not one of them, -1 = wrong. */
static int read_plain(const struct reading *in, struct clew_item *item)
{
        for (size_t i = 0; i < CLEW_ARRAY_LEN(texts); i++) {
                if (!clew_json_text_is(in->r, texts[i].name))
                        continue;
                item->has_output = item->has_output || strcmp(texts[i].name, "output") == 0;
                item->has_expected = item->has_expected || strcmp(texts[i].name, "expected") == 0;
                return text(in, (struct clew_slice *)(void *)((uint8_t *)item + texts[i].offset))
                               ? 1
                               : -1;
        }
        for (size_t i = 0; i < CLEW_ARRAY_LEN(numbers); i++) {
                if (clew_json_text_is(in->r, numbers[i].name))
                        return clew_take_uint(in->r, (uint64_t *)(void *)((uint8_t *)item +
                                                                          numbers[i].offset))
                                       ? 1
                                       : -1;
        }
        return 0;
}

static bool read_form(const struct reading *in, struct clew_item *item)
{
        struct clew_slice s;

        return text(in, &s) && clew_item_form_parse(s, &item->form);
}

static bool read_other(const struct reading *in, struct clew_item *item)
{
        if (clew_json_text_is(in->r, "form"))
                return read_form(in, item);
        if (clew_json_text_is(in->r, "task"))
                return hex(in, item->task.bytes, sizeof(item->task.bytes));
        if (clew_json_text_is(in->r, "trace_id"))
                return hex(in, item->trace_id.bytes, sizeof(item->trace_id.bytes));
        if (clew_json_text_is(in->r, "span_id"))
                return hex(in, item->span_id.bytes, sizeof(item->span_id.bytes));
        if (clew_json_text_is(in->r, "failing_span"))
                return hex(in, item->failing_span.bytes, sizeof(item->failing_span.bytes));
        if (clew_json_text_is(in->r, "cost_usd"))
                return item->has_cost = number(in, &item->cost_usd);
        if (clew_json_text_is(in->r, "input"))
                return read_messages(in, &item->input);
        if (clew_json_text_is(in->r, "trajectory"))
                return read_messages(in, &item->trajectory);
        if (clew_json_text_is(in->r, "tools"))
                return read_tools(in, item);
        if (clew_json_text_is(in->r, "calls"))
                return read_calls(in, &item->calls.items, &item->calls.n);
        if (clew_json_text_is(in->r, "expected_calls"))
                return read_calls(in, &item->expected_calls.items, &item->expected_calls.n);
        if (clew_json_text_is(in->r, "labels"))
                return read_texts(in, &item->labels, &item->n_labels);
        if (clew_json_text_is(in->r, "notes"))
                return read_texts(in, &item->notes, &item->n_notes);
        if (clew_json_text_is(in->r, "scores"))
                return read_scores(in, item);
        clew_json_skip(in->r);
        return true;
}

int clew_item_read(struct clew_slice json, struct clew_arena *arena, struct clew_item *ret)
{
        struct clew_json_reader r = clew_json_reader_make(json, CLEW_JSON_DEPTH_DEFAULT);
        const struct reading in = {.r = &r, .arena = arena};
        bool ok = clew_json_next(&r) == CLEW_JSON_OBJECT_BEGIN;

        *ret = (struct clew_item){0};
        while (ok && clew_json_next_member(&r)) {
                int plain = read_plain(&in, ret);

                ok = plain > 0 || (plain == 0 && read_other(&in, ret));
        }
        if (clew_arena_failed(arena))
                return -ENOMEM;
        return ok && clew_json_next(&r) == CLEW_JSON_END && r.status == CLEW_JSON_COMPLETE
                       ? 0
                       : -EBADMSG;
}
