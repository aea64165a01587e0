/*
 * clew chat: the conversation of a trace, or of all traces of a session, on a page (or as records).
 * What is told, and what is left out as a repetition: query/answer/chat.h.
 */
#include "query/answer/chat.h"

#include "proto/base/mem.h"
#include "query/answer/trace-record.h"
#include "query/answer/when.h"
#include "query/cli/commands.h"
#include "query/cli/filter.h"
#include "query/cli/open.h"
#include "query/cli/output.h"
#include "query/cli/page.h"
#include "query/cli/show-int.h"

#include <errno.h>
#include <string.h>

/* Messages of one call. */
#define SCRATCH_MAX ((size_t)2 << 30)
/* Screens too narrow for fractions of a second and the time zone in a heading. */
#define NARROW_COLUMNS 60u
/* Traces of one session that are put in order. */
#define SESSION_TRACES_MAX 100000u
/* Lines of a system prompt; it rarely is what one looks for. */
#define SYSTEM_LINES 6u

struct chat {
        struct clew_show show; /* page, look, current trace */
        struct clew_output output;
        struct clew_chat *talk;
        bool json;
        const char *session;
        uint64_t n_printed;
};

static enum clew_tone tone_of_role(enum clew_role role)
{
        switch (role) {
        case CLEW_ROLE_USER:
                return CLEW_TONE_GOOD;
        case CLEW_ROLE_ASSISTANT:
                return CLEW_TONE_LLM;
        case CLEW_ROLE_TOOL:
                return CLEW_TONE_TOOL;
        case CLEW_ROLE_SYSTEM:
        case CLEW_ROLE_OTHER:
                break;
        }
        return CLEW_TONE_DIM;
}

static int put_message(void *context, const struct clew_chat_message *m)
{
        struct chat *c = context;
        struct clew_show *v = &c->show;
        enum clew_role role = m->message->role;
        enum clew_tone tone = tone_of_role(role);
        const char *name = clew_role_name(role);

        c->n_printed++;
        if (c->json)
                return clew_chat_put(&c->output.writer, m);
        fputc('\n', v->cli->out);
        if (m->from_step != CLEW_STEP_NONE)
                clew_page_title(&v->page, tone, CLEW_SLICE_NULL, "%-9s (from step #%u%s)", name,
                                m->from_step + 1, m->inferred ? ", by order" : "");
        else if (m->is_answer)
                clew_page_title(&v->page, tone,
                                m->trace->n_models > 1 ? m->trace->steps[m->step].model
                                                       : CLEW_SLICE_NULL,
                                "%-9s #%u  ", name, m->step + 1);
        else
                clew_page_title(&v->page, tone, m->message->name, "%-9s ", name);
        if (role == CLEW_ROLE_SYSTEM)
                v->page.lines_max = SYSTEM_LINES;
        clew_show_message(v, m->message);
        v->page.lines_max = CLEW_PAGE_LINES_MAX;
        return 0;
}

static void put_thread(void *context, uint32_t thread, bool is_new)
{
        struct chat *c = context;

        if (!c->json)
                fprintf(c->show.cli->out, "\n--- %s conversation %u ---\n",
                        is_new ? "new" : "back to", thread);
}

static void put_rewritten(void *context)
{
        struct chat *c = context;

        if (!c->json)
                fputs("\n--- the history was rewritten here ---\n", c->show.cli->out);
}

/* ---- traces --------------------------------------------------------------------------------- */

static int put_trace(struct chat *c, const char *text)
{
        struct clew_show *v = &c->show;
        CLEW_ARENA arena = {0};
        char id[CLEW_SHORT_ID];
        char start[CLEW_WHEN_TEXT];
        int r;

        clew_arena_init(&arena, CLEW_TRACE_ARENA_MAX);
        r = clew_cli_open_trace(v->cli, text, &CLEW_TRACE_FULL, &arena, &v->opened);
        if (r != 0)
                return r;
        clew_cli_short_id(v->cli, &v->opened.id, id);
        clew_when_full(v->opened.trace->start_ns, v->look.utc, start);
        if (v->look.columns < NARROW_COLUMNS)
                start[strlen("2026-01-01 00:00:00")] = '\0';
        if (!c->json)
                clew_page_title(&v->page, CLEW_TONE_STRONG, v->opened.trace->name, "%s  %s  ", id,
                                start);
        r = clew_chat_trace(c->talk, v->opened.trace, &arena);
        if (r == 0)
                r = clew_page_error(&v->page);
        return r < 0 ? clew_cli_fail(v->cli, r, NULL) : r;
}

/* All traces of the session, oldest first. */
static int put_session(struct chat *c)
{
        struct clew_show *v = &c->show;
        const char *const names[] = {c->session};
        struct clew_filter filter = {.sessions = {names, 1}};
        struct clew_select s = {0};
        struct clew_selected t;
        struct clew_view *view = NULL;
        struct clew_error err = {0};
        struct clew_trace_id *ids = NULL;
        uint32_t n = 0;
        int r = clew_cli_view(v->cli, &view);

        if (r != 0)
                return r;
        ids = clew_calloc(SESSION_TRACES_MAX, sizeof(*ids));
        r = ids ? clew_select_init(&s, view, &filter, v->cli->clock, NULL, &err) : -ENOMEM;
        while (r >= 0 && n < SESSION_TRACES_MAX && (r = clew_select_next(&s, &t, &err)) == 1)
                ids[n++] = t.id;
        r = r < 0 ? clew_cli_fail(v->cli, r, &err) : clew_filter_report(v->cli, &s);
        clew_select_deinit(&s);
        if (n == 0 && r == 0) {
                clew_cli_error(v->cli, "no trace belongs to that session (clew sessions --since "
                                       "all lists them)");
                r = CLEW_EXIT_USAGE;
        }
        while (n-- > 0 && r == 0) {
                char hex[CLEW_TRACE_ID_HEX];

                clew_trace_id_to_hex(&ids[n], hex);
                r = put_trace(c, hex);
                if (n > 0 && !c->json)
                        fputc('\n', v->cli->out);
        }
        clew_free(ids);
        return r;
}

static void release(struct chat *c)
{
        clew_chat_free(c->talk);
        clew_buffer_deinit(&c->show.raw);
        clew_page_deinit(&c->show.page);
        clew_output_deinit(&c->output);
}

int clew_cmd_chat(struct clew_cli *cli, int argc, char **argv)
{
        const struct clew_output_flags json = {.json = true};
        struct clew_display_flags display = {0};
        struct clew_flag_set shared = {0};
        struct clew_arguments args;
        CLEW_ARENA ids = {0};
        struct chat *c = clew_calloc(1, sizeof(*c));
        const struct clew_flag own[] = {
                {"session", 0, "ID", "all traces of this session, oldest first",
                 .ret_text = c ? &c->session : NULL},
                {"all", 0, NULL, "whole texts, however long", .ret_flag = c ? &c->show.all : NULL},
                {"json", 0, NULL, "one JSON object a message", .ret_flag = c ? &c->json : NULL},
                {0},
        };
        int r;

        if (!c)
                return clew_cli_fail(cli, -ENOMEM, NULL);
        c->show.cli = cli;
        clew_arena_init(&ids, (size_t)64 << 20);
        clew_buffer_init(&c->show.raw, CLEW_LINE_BYTES_MAX);
        clew_display_flags_add(&shared, &display);
        r = clew_options_parse(cli, argc, argv, own, shared.flags, &args);
        if (r == 0)
                r = clew_cli_expand(cli, &args, &ids);
        if (r == 0)
                r = clew_look_init(&c->show.look, cli, &display);
        if (r == 0)
                r = clew_output_init(&c->output, cli, &json, "message", NULL);
        if (r == 0 && (args.n == 0) == !c->session) {
                clew_cli_error(cli, "chat needs an id or --session: clew chat ID, clew chat "
                                    "--session S");
                r = CLEW_EXIT_USAGE;
        }
        if (r == 0) {
                const struct clew_chat_listener listener = {put_message, put_thread, put_rewritten,
                                                            c};

                c->talk = clew_chat_new(&listener, c->session, SCRATCH_MAX);
                if (!c->talk)
                        r = clew_cli_fail(cli, -ENOMEM, NULL);
        }
        if (r == 0) {
                clew_page_init(&c->show.page, cli->out, &c->show.look, c->show.all);
                clew_pager_start(cli, &display);
                if (c->session)
                        r = put_session(c);
                for (size_t i = 0; i < args.n && r == 0; i++)
                        r = put_trace(c, args.values[i]);
                if (r == 0 && c->n_printed == 0)
                        clew_cli_note(cli, "no messages in there; clew tree shows its steps");
        }
        release(c);
        clew_free(c);
        return r;
}
