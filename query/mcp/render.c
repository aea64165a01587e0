/*
 * What a model reads of an answer: as much as it asked for, cut between records or characters,
 * and then what was left out and how to get it. Texts of runs stay JSON strings in records, and
 * one line each in outlines: data, whatever they say.
 */
#include "query/mcp/call-int.h"

#include "proto/base/json.h"
#include "proto/base/number.h"
#include "proto/base/utf8.h"
#include "query/serve/filter.h"

#include <errno.h>
#include <string.h>

/* Of one line of an outline. */
#define BRIEF_CHARS 160u

/* ---- a window ------------------------------------------------------------------------------- */

/* The next boundary of a code point at or before @at. */
static size_t boundary(struct clew_slice text, size_t at)
{
        while (at > 0 && at < text.len && (text.data[at] & 0xc0) == 0x80)
                at--;
        return at;
}

void clew_mcp_window(struct clew_mcp_call *call, struct clew_slice whole)
{
        size_t from = boundary(whole, call->offset < whole.len ? (size_t)call->offset : whole.len);
        size_t to = whole.len - from > call->max_chars
                            ? boundary(whole, from + (size_t)call->max_chars)
                            : whole.len;

        clew_buffer_append(&call->text, whole.data + from, to - from);
        if (to < whole.len)
                clew_buffer_printf(&call->text, "\n[%zu of %zu characters; offset=%zu goes on]",
                                   to - from, whole.len, to);
        else if (from > 0)
                clew_buffer_printf(&call->text, "\n[the end: characters %zu to %zu]", from,
                                   whole.len);
}

/* ---- lists ---------------------------------------------------------------------------------- */

struct list {
        struct clew_mcp_call *call;
        uint64_t n;     /* records of the answer */
        uint64_t shown; /* as far as there was room */
        uint64_t step;  /* of an outline: the last that is shown */
        struct clew_slice next;
        struct clew_slice partial;
        struct clew_buffer line;
};

struct step_line {
        uint64_t number;
        uint64_t depth;
        struct clew_slice kind;
        struct clew_slice name; /* the model of a call, the tool of a tool call ... */
        struct clew_slice error;
        struct clew_slice brief;
        bool is_error;
        bool is_cause;
};

static void read_error(struct clew_json_reader *r, struct clew_arena *arena, struct step_line *s)
{
        if (clew_json_next(r) != CLEW_JSON_OBJECT_BEGIN) {
                clew_json_skip(r);
                return;
        }
        while (clew_json_next_member(r)) {
                bool is_flag = clew_json_text_is(r, "is_error");
                bool is_text = clew_json_text_is(r, "message") ||
                               (clew_json_text_is(r, "type") && s->error.len == 0);
                enum clew_json_token token = clew_json_next(r);

                if (is_flag)
                        s->is_error = token == CLEW_JSON_TRUE;
                else if (is_text && token == CLEW_JSON_STRING)
                        s->error = clew_json_string(r, arena);
                else
                        clew_json_skip(r);
        }
}

static uint64_t number_of(const struct clew_json_reader *r)
{
        uint64_t n;

        return clew_parse_uint64(r->text, &n) ? n : 0;
}

static void read_member(struct clew_json_reader *r, struct clew_arena *arena, struct step_line *s)
{
        struct clew_slice name = clew_json_string(r, arena);
        enum clew_json_token token;

        if (clew_slice_eq_cstr(name, "error")) {
                read_error(r, arena, s);
                return;
        }
        token = clew_json_next(r);
        if (token == CLEW_JSON_NUMBER && clew_slice_eq_cstr(name, "step"))
                s->number = number_of(r);
        else if (token == CLEW_JSON_NUMBER && clew_slice_eq_cstr(name, "depth"))
                s->depth = number_of(r);
        else if (token == CLEW_JSON_TRUE && clew_slice_eq_cstr(name, "cause"))
                s->is_cause = true;
        else if (token == CLEW_JSON_STRING && clew_slice_eq_cstr(name, "kind"))
                s->kind = clew_json_string(r, arena);
        else if (token == CLEW_JSON_STRING && clew_slice_eq_cstr(name, "brief"))
                s->brief = clew_json_string(r, arena);
        else if (token == CLEW_JSON_STRING &&
                 (clew_slice_eq_cstr(name, "name") ||
                  (clew_slice_eq_cstr(name, "model") && clew_slice_eq_cstr(s->kind, "llm")) ||
                  (clew_slice_eq_cstr(name, "tool") && !clew_slice_eq_cstr(s->kind, "llm")) ||
                  (clew_slice_eq_cstr(name, "agent") && clew_slice_eq_cstr(s->kind, "agent"))))
                s->name = clew_json_string(r, arena);
        else
                clew_json_skip(r);
}

/* One line whatever the text says: breaks and controls are blanks. */
static void append_line_text(struct clew_buffer *out, struct clew_slice text, size_t max)
{
        size_t len = text.len > max ? boundary(text, max) : text.len;

        for (size_t i = 0; i < len; i++)
                clew_buffer_append_byte(
                        out, text.data[i] < ' ' || text.data[i] == 0x7f ? ' ' : text.data[i]);
        if (len < text.len)
                clew_buffer_append_cstr(out, "...");
}

static void outline_line(struct list *l, struct clew_slice record)
{
        CLEW_ARENA arena = {0};
        struct clew_json_reader r = clew_json_reader_make(record, CLEW_JSON_DEPTH_DEFAULT);
        struct step_line s = {0};

        clew_arena_init(&arena, CLEW_SERVE_BODY_MAX);
        if (clew_json_next(&r) == CLEW_JSON_OBJECT_BEGIN) {
                while (clew_json_next_member(&r))
                        read_member(&r, &arena, &s);
        }
        clew_buffer_printf(&l->line, "%c%4llu ",
                           s.is_cause   ? '>'
                           : s.is_error ? '!'
                                        : ' ',
                           (unsigned long long)s.number);
        for (uint64_t i = 0; i < s.depth && i < 20; i++)
                clew_buffer_append_cstr(&l->line, " ");
        append_line_text(&l->line, s.kind, BRIEF_CHARS);
        clew_buffer_append_byte(&l->line, ' ');
        append_line_text(&l->line, s.name, BRIEF_CHARS);
        if (s.is_error) {
                clew_buffer_append_cstr(&l->line, "  error: ");
                append_line_text(&l->line, s.error, BRIEF_CHARS);
        }
        if (s.brief.len) {
                clew_buffer_append_cstr(&l->line, "  ");
                append_line_text(&l->line, s.brief, BRIEF_CHARS);
        }
        l->step = s.number;
}

static void take_record(struct list *l, struct clew_slice record)
{
        struct clew_mcp_call *call = l->call;
        uint64_t step = l->step;

        l->n++;
        if (l->shown + 1 < l->n) /* one did not fit: none behind it is shown */
                return;
        clew_buffer_clear(&l->line);
        if (call->tool->form == CLEW_MCP_OUTLINE)
                outline_line(l, record);
        else
                clew_buffer_append_slice(&l->line, record);
        clew_buffer_append_byte(&l->line, '\n');
        if (call->text.len + l->line.len > call->max_chars && l->shown > 0) {
                l->step = step;
                return;
        }
        clew_buffer_append_slice(&call->text, clew_buffer_slice(&l->line));
        l->shown++;
}

static int read_list(struct list *l, struct clew_slice body)
{
        struct clew_json_reader r = clew_json_reader_make(body, CLEW_JSON_DEPTH_MAX);

        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return -EBADMSG;
        while (clew_json_next_member(&r)) {
                if (clew_json_text_is(&r, "items")) {
                        clew_json_next(&r);
                        while (clew_json_next_element(&r))
                                take_record(l, clew_json_take(&r));
                } else if (clew_json_text_is(&r, "next")) {
                        if (clew_json_next(&r) == CLEW_JSON_STRING)
                                l->next = clew_json_string(&r, &l->call->arena);
                } else if (clew_json_text_is(&r, "partial")) {
                        if (clew_json_next(&r) == CLEW_JSON_STRING)
                                l->partial = clew_json_string(&r, &l->call->arena);
                } else {
                        clew_json_skip(&r);
                }
        }
        return r.status == CLEW_JSON_MALFORMED ? -EBADMSG : 0;
}

static bool is_given(const struct clew_mcp_call *call, const char *parameter)
{
        const char *at = (const char *)call->parameters.data;
        size_t n = strlen(parameter);

        for (size_t i = 0; i + n < call->parameters.len; i++) {
                if (memcmp(at + i, parameter, n) == 0 && at[i + n] == '=' &&
                    (i == 0 || at[i - 1] == '&'))
                        return true;
        }
        return false;
}

/* A model that asks for what is older than the window is not to believe that there is nothing. */
static void tell_nothing(struct list *l)
{
        struct clew_buffer *out = &l->call->text;

        if (clew_mcp_argument_find(l->call->tool, CLEW_SLICE_LITERAL("since")) &&
            !is_given(l->call, "since"))
                clew_buffer_append_cstr(
                        out, "[nothing was found that started in the last " CLEW_SINCE_DEFAULT
                             ", the default; since=all looks at "
                             "all runs]");
        else if (l->call->tool->form == CLEW_MCP_OUTLINE)
                clew_buffer_append_cstr(out, "[the run has no step from there on]");
        else
                clew_buffer_append_cstr(out, "[nothing was found]");
}

/* What is not shown, and how to get it. */
static void tell_rest(struct list *l)
{
        struct clew_buffer *out = &l->call->text;
        bool has_after = clew_mcp_argument_find(l->call->tool, CLEW_SLICE_LITERAL("after"));

        if (l->n == 0)
                tell_nothing(l);
        if (l->call->tool->form == CLEW_MCP_OUTLINE && (l->shown < l->n || l->next.len))
                clew_buffer_printf(out, "[more steps; from=%llu goes on]",
                                   (unsigned long long)(l->step + 1));
        else if (l->shown < l->n)
                clew_buffer_printf(
                        out,
                        "[%llu of %llu shown: a larger max_chars shows more, or limit=%llu "
                        "%s]",
                        (unsigned long long)l->shown, (unsigned long long)l->n,
                        (unsigned long long)l->shown,
                        has_after ? "gives the value of after for the rest" : "is what fits");
        else if (l->next.len && has_after) {
                clew_buffer_append_cstr(out, "[more; after=");
                clew_buffer_append_slice(out, l->next);
                clew_buffer_append_cstr(out, " goes on]");
        } else if (l->next.len) {
                clew_buffer_append_cstr(out, "[more: a larger limit shows them]");
        }
        if (l->partial.len) {
                clew_buffer_append_cstr(out, "\n[not the whole: ");
                clew_buffer_append_slice(out, l->partial);
                clew_buffer_append_byte(out, ']');
        }
}

static int render_list(struct clew_mcp_call *call, struct clew_slice body)
{
        struct list l = {.call = call};
        int r;

        clew_buffer_init(&l.line, CLEW_SERVE_BODY_MAX);
        r = read_list(&l, body);
        if (r == 0)
                tell_rest(&l);
        clew_buffer_deinit(&l.line);
        return r < 0 ? r : clew_buffer_error(&call->text);
}

int clew_mcp_render(struct clew_mcp_call *call, const struct clew_serve_answer *a)
{
        struct clew_slice body = clew_buffer_slice(&a->body);

        if (call->tool->form == CLEW_MCP_RECORDS || call->tool->form == CLEW_MCP_OUTLINE)
                return render_list(call, body);
        clew_mcp_window(call, body);
        return clew_buffer_error(&call->text);
}
