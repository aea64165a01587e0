/*
 * Media that stands inside a text: "look at this: data:image/png;base64,iVBOR... what is it?",
 * or an image of Markdown. The address becomes a media part of its own, between what stands before
 * and behind it; in a tool's result, whose text is one, a mark stays in its place.
 */
#include "query/model/message-int.h"

#include "proto/base/buffer.h"
#include "proto/base/find.h"

#include <errno.h>
#include <string.h>

#define KEY(s) CLEW_SLICE_LITERAL(s)
static const char MARK[] = ";base64,";
#define MARK_LEN (sizeof(MARK) - 1)
/* "data:" and a type in front of the mark; a text that only speaks of such addresses has less. */
#define TYPE_MAX 120u
#define CONTENT_MIN 8u

static bool is_base64(uint8_t c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '+' || c == '/' || c == '=' || c == '-' || c == '_';
}

static bool is_type(uint8_t c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               strchr("/+-.;=_", c) != NULL;
}

/* The next address in @text at or behind *at, which is moved behind it. */
static struct clew_slice next_address(struct clew_slice text, size_t *at)
{
        while (*at < text.len) {
                const uint8_t *mark = clew_find(clew_slice_from(text, *at), MARK, MARK_LEN);
                size_t from = mark ? (size_t)(mark - text.data) : text.len;
                size_t end = from + MARK_LEN;
                size_t low = from > TYPE_MAX ? from - TYPE_MAX : 0;
                size_t begin = from;

                if (!mark)
                        break;
                while (begin > low && begin > *at && is_type(text.data[begin - 1]))
                        begin--;
                while (end < text.len && is_base64(text.data[end]))
                        end++;
                if (begin >= 5 && begin - 5 >= *at &&
                    memcmp(text.data + begin - 5, "data:", 5) == 0 &&
                    end - from - MARK_LEN >= CONTENT_MIN) {
                        *at = end;
                        return clew_slice_make(text.data + begin - 5, end - begin + 5);
                }
                *at = end;
        }
        return CLEW_SLICE_NULL;
}

static bool may_hold(const struct clew_part *p)
{
        return (p->type == CLEW_PART_TEXT || p->type == CLEW_PART_TOOL_RESULT) &&
               p->text.len > MARK_LEN && clew_find(p->text, MARK, MARK_LEN) != NULL;
}

static void add_media(struct clew_message_sink *s, enum clew_role role, struct clew_slice address)
{
        struct clew_part *p = clew_sink_part(s, CLEW_PART_MEDIA, role);

        if (p)
                clew_media_inline(p, address);
}

static void split_text(struct clew_message_sink *s, const struct clew_message *m,
                       const struct clew_part *part)
{
        struct clew_slice text = part->text;
        struct clew_slice address;
        size_t from = 0;
        size_t at = 0;

        while ((address = next_address(text, &at)).len > 0) {
                size_t begin = (size_t)(address.data - text.data);

                clew_sink_text(s, part->type, m->role,
                               clew_slice_make(text.data + from, begin - from));
                add_media(s, m->role, address);
                from = at;
        }
        clew_sink_text(s, part->type, m->role, clew_slice_from(text, from));
}

static void split_result(struct clew_message_sink *s, const struct clew_message *m,
                         const struct clew_part *part)
{
        struct clew_part *copy = clew_sink_part(s, part->type, m->role);
        struct clew_slice text = part->text;
        uint32_t index = s->n_parts - 1;
        struct clew_slice address;
        CLEW_BUFFER out = {0};
        size_t from = 0;
        size_t at = 0;

        if (!copy)
                return;
        *copy = *part;
        clew_buffer_init(&out, text.len);
        while ((address = next_address(text, &at)).len > 0) {
                size_t begin = (size_t)(address.data - text.data);

                clew_buffer_append_slice(&out, clew_slice_make(text.data + from, begin - from));
                clew_buffer_append_cstr(&out, "[media]");
                add_media(s, m->role, address);
                from = at;
        }
        clew_buffer_append_slice(&out, clew_slice_from(text, from));
        if (from > 0 && clew_buffer_error(&out) == 0)
                s->parts[index].text = clew_arena_copy(s->arena, clew_buffer_slice(&out));
}

void clew_sink_split_media(struct clew_message_sink *s)
{
        struct clew_message_sink to = {.arena = s->arena, .truncated = s->truncated};
        uint32_t at = 0;
        bool any = false;

        for (uint32_t i = 0; i < s->n_parts && !any; i++)
                any = may_hold(&s->parts[i]);
        if (!any)
                return;
        for (uint32_t i = 0; i < s->n_messages; i++) {
                const struct clew_message *m = &s->messages[i];
                struct clew_message *copy = clew_sink_message(&to, m->role, m->role_name);

                for (uint32_t k = 0; copy && k < m->n_parts; k++) {
                        const struct clew_part *p = &s->parts[at + k];
                        struct clew_part *same;

                        if (may_hold(p) && p->type == CLEW_PART_TEXT)
                                split_text(&to, m, p);
                        else if (may_hold(p))
                                split_result(&to, m, p);
                        else if ((same = clew_sink_part(&to, p->type, m->role)))
                                *same = *p;
                }
                at += m->n_parts;
                if (!copy)
                        break;
                copy->name = m->name;
                copy->finish_reason = m->finish_reason;
        }
        to.full = to.full || s->full;
        *s = to;
}
