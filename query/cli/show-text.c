/*
 * The texts of a step: messages when it has them, else arguments, result, input and output.
 */
#include "proto/base/compiler.h"
#include "query/answer/brief.h"
#include "query/cli/show-int.h"
#include "query/model/message.h"

#include <stdio.h>

/* Messages of the history that are shown unless everything was asked for. */
#define HISTORY_SHOWN 3u
/* Lines of an earlier message. */
#define HISTORY_LINES 8u

/* What is known about content that is no message. */
static void put_other_heading(struct clew_buffer *out, struct clew_slice name)
{
        static const struct {
                const char *name;
                const char *heading;
        } known[] = {
                {"offloaded", "kept elsewhere by the sender, at"},
                {"compaction", "in the place of what was said before"},
                {"redacted", "removed by the sender"},
                {"unreadable", "unreadable, as sent"},
        };

        for (size_t i = 0; i < CLEW_ARRAY_LEN(known); i++) {
                if (clew_slice_eq_cstr(name, known[i].name)) {
                        clew_buffer_printf(out, "(%s)", known[i].heading);
                        return;
                }
        }
        clew_buffer_append_cstr(out, name.len > 0 ? "(as sent) " : "(as sent)");
        clew_buffer_append_slice(out, name);
}

static void put_part(struct clew_show *v, const struct clew_part *p)
{
        if (p->type == CLEW_PART_TEXT) {
                clew_page_block(&v->page, p->text);
                return;
        }
        clew_buffer_clear(&v->raw);
        if (p->type == CLEW_PART_OTHER) {
                put_other_heading(&v->raw, p->name);
                clew_buffer_append_cstr(&v->raw, "\n");
                clew_buffer_append_slice(&v->raw, p->text);
        } else if (p->type == CLEW_PART_TOOL_CALL) {
                clew_buffer_append_cstr(&v->raw, v->look.ascii ? "-> " : "→ ");
                clew_buffer_append_slice(&v->raw, p->name);
                clew_buffer_append_cstr(&v->raw, p->id.len > 0 ? "  " : "");
                clew_buffer_append_slice(&v->raw, p->id);
                clew_buffer_append_cstr(&v->raw, "\n");
                clew_buffer_append_slice(&v->raw, p->text);
        } else if (p->type == CLEW_PART_TOOL_RESULT) {
                clew_buffer_append_cstr(&v->raw, p->is_error ? "error result of " : "result of ");
                clew_buffer_append_slice(&v->raw, p->name.len > 0 ? p->name : p->id);
                clew_buffer_append_cstr(&v->raw, "\n");
                clew_buffer_append_slice(&v->raw, p->text);
        } else if (p->type == CLEW_PART_REASONING || p->type == CLEW_PART_REFUSAL) {
                clew_buffer_append_cstr(&v->raw, clew_part_type_name(p->type));
                clew_buffer_append_cstr(&v->raw, "\n");
                clew_buffer_append_slice(&v->raw, p->text);
        } else {
                clew_part_brief(p, &v->raw);
                clew_buffer_append_cstr(&v->raw, p->uri.len > 0 ? "  " : "");
                clew_buffer_append_slice(&v->raw, p->uri);
        }
        if (clew_buffer_error(&v->raw) < 0 && v->page.error == 0)
                v->page.error = clew_buffer_error(&v->raw);
        clew_page_block(&v->page, clew_buffer_slice(&v->raw));
}

void clew_show_message(struct clew_show *v, const struct clew_message *m)
{
        for (uint32_t i = 0; i < m->n_parts; i++)
                put_part(v, &m->parts[i]);
}

static void put_messages(struct clew_show *v, enum clew_direction direction,
                         const struct clew_messages *messages)
{
        const char *name = direction == CLEW_MESSAGES_IN ? "IN" : "OUT";
        const struct clew_messages m = *messages;
        bool documents =
                v->step->kind == CLEW_KIND_RETRIEVER || v->step->kind == CLEW_KIND_RERANKER;
        uint32_t from = 0;
        char heading[96];

        if (!v->all && m.n > HISTORY_SHOWN + 1)
                from = m.n - HISTORY_SHOWN;
        for (uint32_t i = 0; i < m.n; i++) {
                if (from > 0 && i == 1)
                        i = from;
                snprintf(heading, sizeof(heading), "%s %u of %u  %s", name, i + 1, m.n,
                         documents && m.items[i].role == CLEW_ROLE_OTHER
                                 ? "document"
                                 : clew_role_name(m.items[i].role));
                clew_page_heading_text(&v->page, heading, m.items[i].name);
                /* The history is context: only its last message and the answer are shown long. */
                if (m.items[i].role == CLEW_ROLE_SYSTEM ||
                    (direction == CLEW_MESSAGES_IN && i + 1 < m.n))
                        v->page.lines_max = HISTORY_LINES;
                clew_show_message(v, &m.items[i]);
                v->page.lines_max = CLEW_PAGE_LINES_MAX;
                if (from > 0 && i == 0)
                        clew_page_fieldf(&v->page, "", CLEW_SLICE_NULL,
                                         "%u earlier messages left out (--all)", from - 1);
        }
        if (m.truncated)
                clew_page_fieldf(&v->page, "", CLEW_SLICE_NULL, "(cut: the rest was not sent)");
}

static void put_text(struct clew_show *v, const char *heading, struct clew_slice text)
{
        if (text.len == 0)
                return;
        clew_page_heading(&v->page, heading);
        clew_page_block(&v->page, text);
}

/* What went in (came out): as messages where it is some, else as it is, unless @said tells it. */
static int put_side(struct clew_show *v, enum clew_direction direction, struct clew_slice said)
{
        bool in = direction == CLEW_MESSAGES_IN;
        struct clew_slice text = in ? v->step->input : v->step->output;
        struct clew_messages m;
        int r;

        clew_arena_reset(&v->scratch);
        r = clew_shown_messages(v->opened.trace, v->step, direction, &v->scratch, &m);
        if (r < 0)
                return r;
        if (m.n > 0)
                put_messages(v, direction, &m);
        else if (!clew_shows_messages(v->step) && !clew_slice_eq(text, said))
                put_text(v, in ? "INPUT" : "OUTPUT", text);
        return 0;
}

/* Of steps whose texts came in keys of their own: what was embedded, documents that were found. */
static int put_apart(struct clew_show *v, enum clew_direction direction)
{
        struct clew_messages m;
        int r;

        clew_arena_reset(&v->scratch);
        r = clew_step_messages(v->opened.trace, v->step, direction, &v->scratch, &m);
        if (r == 0 && m.n > 0)
                put_messages(v, direction, &m);
        return r;
}

int clew_show_texts(struct clew_show *v)
{
        const struct clew_step *s = v->step;
        bool model = clew_shows_messages(s);
        int r;

        if (!model)
                put_text(v, "ARGUMENTS", s->tool_arguments);
        r = put_side(v, CLEW_MESSAGES_IN, s->tool_arguments);
        if (r == 0 && !s->input.data && s->kind == CLEW_KIND_EMBEDDING)
                r = put_apart(v, CLEW_MESSAGES_IN);
        if (r == 0 && !s->output.data &&
            (s->kind == CLEW_KIND_RETRIEVER || s->kind == CLEW_KIND_RERANKER))
                r = put_apart(v, CLEW_MESSAGES_OUT);
        if (!model)
                put_text(v, "RESULT", s->tool_result);
        if (r == 0)
                r = put_side(v, CLEW_MESSAGES_OUT, s->tool_result);
        if (!model)
                put_text(v, "STACK", s->error.stack);
        return r;
}
