/*
 * See item-messages-int.h.
 */
#include "query/review/item-messages-int.h"

#include <inttypes.h>
#include <string.h>

static struct clew_item_message *next_message(struct clew_conversation *c)
{
        if (c->n == CLEW_ITEM_MESSAGES_MAX)
                return NULL;
        if (c->n == c->room) {
                uint32_t room = c->room ? 2 * c->room : 32;
                struct clew_item_message *more = clew_arena_calloc(c->arena, room, sizeof(*more));

                if (!more)
                        return NULL;
                if (c->n)
                        memcpy(more, c->items, c->n * sizeof(*more));
                c->items = more;
                c->room = room;
        }
        c->items[c->n] = (struct clew_item_message){0};
        return &c->items[c->n++];
}

static struct clew_slice joined(struct clew_conversation *c, struct clew_slice a,
                                struct clew_slice b)
{
        const struct clew_slice parts[] = {a, CLEW_SLICE_LITERAL("\n"), b};

        return a.len ? clew_arena_concat(c->arena, parts, 3) : b;
}

static struct clew_slice media_text(struct clew_conversation *c, const struct clew_part *p)
{
        if (p->uri.len)
                return clew_arena_printf(c->arena, "[%.*s %.*s]", (int)p->media_type.len,
                                         (const char *)p->media_type.data, (int)p->uri.len,
                                         (const char *)p->uri.data);
        return clew_arena_printf(c->arena, "[%.*s of %" PRIu64 " bytes, xxh3 %016" PRIx64 "]",
                                 (int)p->media_type.len, (const char *)p->media_type.data,
                                 p->media_bytes, p->media_hash);
}

static bool add_result(struct clew_conversation *c, const struct clew_part *p)
{
        struct clew_item_message *m = next_message(c);

        if (!m)
                return false;
        m->role = CLEW_ROLE_TOOL;
        m->content = p->text;
        m->name = p->name;
        m->call_id = p->id;
        return true;
}

static void add_part(struct clew_conversation *c, struct clew_item_message *m,
                     const struct clew_part *p, struct clew_item_call *calls)
{
        switch (p->type) {
        case CLEW_PART_TEXT:
        case CLEW_PART_REFUSAL:
        case CLEW_PART_OTHER:
                m->content = joined(c, m->content, p->text);
                break;
        case CLEW_PART_REASONING:
                m->reasoning = joined(c, m->reasoning, p->text);
                break;
        case CLEW_PART_MEDIA:
                m->content = joined(c, m->content, media_text(c, p));
                break;
        case CLEW_PART_TOOL_CALL:
                calls[m->n_calls++] =
                        (struct clew_item_call){.id = p->id, .name = p->name, .arguments = p->text};
                m->calls = calls;
                break;
        case CLEW_PART_TOOL_RESULT:
                break;
        }
}

/* One message of the model as one or more of ours: each tool result is a message of its own. */
static bool add_message(struct clew_conversation *c, const struct clew_message *from)
{
        struct clew_item_message m = {.role = from->role, .name = from->name};
        struct clew_item_call *calls = NULL;
        uint32_t n_calls = 0;
        bool any = from->n_parts == 0;
        struct clew_item_message *to;

        for (uint32_t i = 0; i < from->n_parts; i++) {
                n_calls += from->parts[i].type == CLEW_PART_TOOL_CALL;
                if (from->parts[i].type != CLEW_PART_TOOL_RESULT)
                        any = true;
                else if (!add_result(c, &from->parts[i]))
                        return false;
        }
        if (n_calls) {
                calls = clew_arena_calloc(c->arena, n_calls, sizeof(*calls));
                if (!calls)
                        return false;
        }
        for (uint32_t i = 0; i < from->n_parts; i++)
                add_part(c, &m, &from->parts[i], calls);
        if (!any)
                return true;
        to = next_message(c);
        if (to)
                *to = m;
        return to != NULL;
}

bool clew_conversation_add(struct clew_conversation *c, const struct clew_messages *m,
                           uint32_t from)
{
        for (uint32_t i = from; i < m->n; i++) {
                if (!add_message(c, &m->items[i]))
                        return false;
        }
        return true;
}
