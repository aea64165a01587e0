/*
 * clew chat: the conversation of a trace, or of all traces of a session, with only what is new in
 * each turn.
 *
 * Every model call repeats the history before it. The messages of a call are compared, by hash,
 * with the *threads* seen so far (an agent and each of its sub-agents talk in threads of their
 * own): the thread with the longest common beginning continues, and what goes beyond it is printed.
 * Where a history was rewritten (compacted, edited) that is said, and only messages that the thread
 * never held are printed.
 *
 * Some senders leave out what the tools say or what a call was given. What is missing comes from
 * the steps that the edges lead to: the calls of an answer that names none, and the results that a
 * call without an input followed. It is marked with the step that it came from.
 */
#include "proto/base/mem.h"
#include "query/answer/brief.h"
#include "query/answer/message-record.h"
#include "query/answer/trace-record.h"
#include "query/answer/when.h"
#include "query/cli/commands.h"
#include "query/cli/filter.h"
#include "query/cli/open.h"
#include "query/cli/output.h"
#include "query/cli/page.h"
#include "query/cli/show-int.h"
#include "query/model/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Conversations going on beside each other; the longest idle one is forgotten. */
#define THREADS_MAX 64u
/* Messages remembered of one thread; beyond it only the beginning is compared. */
#define THREAD_MESSAGES_MAX 100000u
/* Messages of one call. */
#define SCRATCH_MAX ((size_t)2 << 30)
/* Screens too narrow for fractions of a second and the time zone in a heading. */
#define NARROW_COLUMNS 60u
/* Traces of one session that are put in order. */
#define SESSION_TRACES_MAX 100000u
/* Lines of a system prompt; it rarely is what one looks for. */
#define SYSTEM_LINES 6u

struct thread {
        uint64_t *hashes;
        uint32_t n;
        uint32_t max;
        uint64_t used;  /* turn in which it was used last */
        uint32_t agent; /* of its latest call, and that call's trace: for calls without an input */
        uint32_t trace;
};

struct chat {
        struct clew_show show; /* page, look, current trace and step */
        struct clew_output output;
        bool json;
        const char *session;
        struct thread threads[THREADS_MAX];
        uint32_t n_threads;
        uint64_t turns;
        uint64_t n_printed;
        uint32_t last_thread;
        uint32_t n_traces;
        uint32_t *first_result; /* by step: its first RESULT edge, then chained by edge */
        uint32_t *next_result;
        bool inferred;     /* with borrowed: by an edge that is */
        uint32_t borrowed; /* the step that the message at hand comes from; NONE = the call */
};

static int remember(struct thread *t, uint64_t hash)
{
        if (t->n == THREAD_MESSAGES_MAX)
                return 0;
        if (t->n == t->max) {
                uint32_t max = t->max ? t->max * 2 : 64;
                uint64_t *grown = clew_realloc_array(t->hashes, max, sizeof(*grown));

                if (!grown)
                        return -ENOMEM;
                t->hashes = grown;
                t->max = max;
        }
        t->hashes[t->n++] = hash;
        return 0;
}

static uint32_t common_beginning(const struct thread *t, const struct clew_messages *m)
{
        uint32_t n = 0;

        while (n < t->n && n < m->n && t->hashes[n] == m->items[n].hash)
                n++;
        return n;
}

static bool holds(const struct thread *t, uint64_t hash)
{
        for (uint32_t i = t->n; i-- > 0;) {
                if (t->hashes[i] == hash)
                        return true;
        }
        return false;
}

/* A thread that shares only the system prompt with a call is another conversation. */
static uint32_t shared_for(const struct clew_messages *m, uint32_t common)
{
        return common == 1 && m->items[0].role == CLEW_ROLE_SYSTEM ? 0 : common;
}

static struct thread *find_thread(struct chat *c, const struct clew_messages *m, uint32_t *ret)
{
        struct thread *best = NULL;
        uint32_t best_common = 0;

        /* Without an input it goes on with what its agent said last in this run. */
        for (uint32_t i = 0; m->n == 0 && i < c->n_threads; i++) {
                if (c->threads[i].agent == c->show.step->agent &&
                    c->threads[i].trace == c->n_traces &&
                    (!best || c->threads[i].used > best->used))
                        best = &c->threads[i];
        }
        if (best) {
                *ret = best->n;
                return best;
        }

        for (uint32_t i = 0; i < c->n_threads; i++) {
                uint32_t common = shared_for(m, common_beginning(&c->threads[i], m));

                if (common > best_common) {
                        best = &c->threads[i];
                        best_common = common;
                }
        }
        if (!best) {
                best = &c->threads[0];
                for (uint32_t i = 0; i < c->n_threads; i++) {
                        if (c->threads[i].used < best->used)
                                best = &c->threads[i];
                }
                if (c->n_threads < THREADS_MAX)
                        best = &c->threads[c->n_threads++];
                best->n = 0;
        }
        *ret = best_common;
        return best;
}

/* ---- printing -----------------------------------------------------------------------------------
 */

static int put_json(struct chat *c, const struct clew_message *m, bool is_answer)
{
        struct clew_json_writer w = clew_output_begin(&c->output, "message");

        clew_json_write_key(&w, "trace_id");
        clew_write_trace_id(&w, &c->show.opened.id);
        clew_json_write_key(&w, "step");
        clew_json_write_uint64(&w, c->show.opened.step + 1);
        clew_json_write_key(&w, "thread");
        clew_json_write_uint64(&w, c->last_thread + 1);
        clew_json_write_key(&w, "direction");
        clew_json_write_cstr(&w, is_answer ? "out" : "in");
        if (c->borrowed != CLEW_STEP_NONE) {
                clew_json_write_key(&w, "from_step");
                clew_json_write_uint64(&w, c->borrowed + 1);
                clew_json_write_key(&w, "inferred");
                clew_json_write_bool(&w, c->inferred);
        }
        clew_json_write_key(&w, "message");
        clew_write_message(&w, m);
        return clew_output_end(&c->output, &w);
}

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

static int put_message(struct chat *c, const struct clew_message *m, bool is_answer)
{
        struct clew_show *v = &c->show;

        c->n_printed++;
        if (c->json)
                return put_json(c, m, is_answer);
        fputc('\n', v->cli->out);
        if (c->borrowed != CLEW_STEP_NONE)
                clew_page_title(&v->page, tone_of_role(m->role), CLEW_SLICE_NULL,
                                "%-9s (from step #%u%s)", clew_role_name(m->role), c->borrowed + 1,
                                c->inferred ? ", by order" : "");
        else if (is_answer)
                clew_page_title(&v->page, tone_of_role(m->role),
                                v->opened.trace->n_models > 1 ? v->step->model : CLEW_SLICE_NULL,
                                "%-9s #%u  ", clew_role_name(m->role), v->opened.step + 1);
        else
                clew_page_title(&v->page, tone_of_role(m->role), m->name, "%-9s ",
                                clew_role_name(m->role));
        if (m->role == CLEW_ROLE_SYSTEM)
                v->page.lines_max = SYSTEM_LINES;
        clew_show_message(v, m);
        v->page.lines_max = CLEW_PAGE_LINES_MAX;
        return 0;
}

static void note_thread(struct chat *c, uint32_t thread, bool is_new, bool rewritten)
{
        if (!c->json && c->turns > 1 && thread != c->last_thread)
                fprintf(c->show.cli->out, "\n--- %s conversation %u ---\n",
                        is_new ? "new" : "back to", thread + 1);
        if (!c->json && rewritten)
                fputs("\n--- the history was rewritten here ---\n", c->show.cli->out);
        c->last_thread = thread;
}

static bool has_calls(const struct clew_messages *m)
{
        for (uint32_t i = 0; i < m->n; i++) {
                for (uint32_t k = 0; k < m->items[i].n_parts; k++) {
                        if (m->items[i].parts[k].type == CLEW_PART_TOOL_CALL)
                                return true;
                }
        }
        return false;
}

static bool is_blank(const struct clew_message *m)
{
        for (uint32_t k = 0; k < m->n_parts; k++) {
                if (m->parts[k].type != CLEW_PART_TEXT || m->parts[k].text.len > 0)
                        return false;
        }
        return true;
}

/* One message of another step, as part of the call at hand. */
static int put_borrowed(struct chat *c, const struct clew_edge *e)
{
        bool call = e->type == CLEW_EDGE_CALL;
        uint32_t from = call ? e->to : e->from;
        const struct clew_trace *trace = c->show.opened.trace;
        struct clew_messages m = {0};
        int r = clew_step_messages(trace, &trace->steps[from],
                                   call ? CLEW_MESSAGES_IN : CLEW_MESSAGES_OUT, &c->show.scratch,
                                   &m);

        c->borrowed = from;
        c->inferred = e->inferred;
        for (uint32_t k = 0; k < m.n && r == 0; k++)
                r = put_message(c, &m.items[k], call);
        c->borrowed = CLEW_STEP_NONE;
        return r;
}

/* The calls of the step at hand, as the tools' own steps have them. @ret_n counts them; they are
 * printed when @print says so. */
static int put_calls(struct chat *c, bool print, uint32_t *ret_n)
{
        uint32_t n = 0;
        const struct clew_edge *edges =
                clew_trace_edges_from(c->show.opened.trace, c->show.opened.step, &n);
        int r = 0;

        *ret_n = 0;
        for (uint32_t i = 0; i < n && r == 0; i++) {
                if (edges[i].type != CLEW_EDGE_CALL)
                        continue;
                ++*ret_n;
                r = print ? put_borrowed(c, &edges[i]) : 0;
        }
        return r;
}

/* The results that the step at hand followed. */
static int put_results(struct chat *c)
{
        int r = 0;

        for (uint32_t i = c->first_result[c->show.opened.step]; i != CLEW_STEP_NONE && r == 0;
             i = c->next_result[i])
                r = put_borrowed(c, &c->show.opened.trace->edges[i]);
        return r;
}

/* Its answer; calls that it does not name come from the tools' own steps. */
static int put_answer(struct chat *c, struct thread *t, const struct clew_messages *out)
{
        uint32_t n = 0;
        int r = has_calls(out) ? 0 : put_calls(c, false, &n);

        for (uint32_t i = 0; i < out->n && r == 0; i++) {
                if (n == 0 || !is_blank(&out->items[i]))
                        r = put_message(c, &out->items[i], true);
                if (r == 0)
                        r = remember(t, out->items[i].hash);
        }
        return r == 0 && n > 0 ? put_calls(c, true, &n) : r;
}

/* One model call: prints what is new in its input, then its answer. */
static int put_turn(struct chat *c)
{
        struct clew_show *v = &c->show;
        struct clew_messages in = {0};
        struct clew_messages out = {0};
        struct thread *t;
        uint32_t common;
        bool rewritten;
        int r;

        clew_arena_reset(&v->scratch);
        r = clew_step_messages(v->opened.trace, v->step, CLEW_MESSAGES_IN, &v->scratch, &in);
        if (r == 0)
                r = clew_step_messages(v->opened.trace, v->step, CLEW_MESSAGES_OUT, &v->scratch,
                                       &out);
        if (r < 0)
                return r;
        t = find_thread(c, &in, &common);
        t->used = ++c->turns;
        rewritten = common > 0 && common < t->n && in.n > common;
        note_thread(c, (uint32_t)(t - c->threads), t->n == 0, rewritten);
        if (in.n == 0 && t->n > 0)
                r = put_results(c);
        t->agent = v->step->agent;
        t->trace = c->n_traces;
        for (uint32_t i = common; i < in.n && r == 0; i++) {
                if (!rewritten || !holds(t, in.items[i].hash))
                        r = put_message(c, &in.items[i], false);
        }
        if (rewritten)
                t->n = common;
        for (uint32_t i = t->n; i < in.n && r == 0; i++)
                r = remember(t, in.items[i].hash);
        return r == 0 ? put_answer(c, t, &out) : r;
}

/* ---- traces
 * --------------------------------------------------------------------------------------- */

struct call {
        uint64_t start_ns;
        uint32_t step;
};

static int by_start(const void *a, const void *b)
{
        const struct call *x = a;
        const struct call *y = b;

        if (x->start_ns != y->start_ns)
                return x->start_ns < y->start_ns ? -1 : 1;
        return x->step < y->step ? -1 : x->step > y->step;
}

/* The model calls of the trace in time order. */
static int list_calls(struct chat *c, struct clew_arena *arena, struct call **ret, uint32_t *ret_n)
{
        const struct clew_trace *trace = c->show.opened.trace;
        const struct clew_name_filter wanted = {&c->session, 1};
        struct call *calls = clew_arena_calloc(arena, trace->n_steps, sizeof(*calls));
        uint32_t n = 0;

        if (!calls)
                return -ENOMEM;
        for (uint32_t i = 0; i < trace->n_steps; i++) {
                const struct clew_step *s = &trace->steps[i];

                /* A run that belongs to another session may hold a part of this one. */
                if (c->session && s->session.len > 0 &&
                    !clew_name_filter_matches(&wanted, s->session) &&
                    !clew_name_filter_matches(&wanted, s->other_session))
                        continue;
                if (s->kind == CLEW_KIND_LLM &&
                    !clew_step_is(s, CLEW_STEP_WRAPPER | CLEW_STEP_FRAGMENT))
                        calls[n++] = (struct call){s->start_ns, i};
        }
        qsort(calls, n, sizeof(*calls), by_start);
        *ret = calls;
        *ret_n = n;
        return 0;
}

/* Result edges by the step that they lead to, in the order of the tools. */
static int index_results(struct chat *c, struct clew_arena *arena)
{
        const struct clew_trace *trace = c->show.opened.trace;

        c->first_result = clew_arena_alloc(arena, ((size_t)trace->n_steps + 1) * sizeof(uint32_t));
        c->next_result = clew_arena_alloc(arena, ((size_t)trace->n_edges + 1) * sizeof(uint32_t));
        if (!c->first_result || !c->next_result)
                return -ENOMEM;
        for (uint32_t i = 0; i < trace->n_steps; i++)
                c->first_result[i] = CLEW_STEP_NONE;
        for (uint32_t i = trace->n_edges; i-- > 0;) {
                const struct clew_edge *e = &trace->edges[i];

                if (e->type != CLEW_EDGE_RESULT || e->to >= trace->n_steps)
                        continue;
                c->next_result[i] = c->first_result[e->to];
                c->first_result[e->to] = i;
        }
        return 0;
}

/* A trace without model calls still has an input and an output. */
static int put_plain(struct chat *c)
{
        struct clew_show *v = &c->show;

        if (v->opened.trace->n_steps == 0)
                return 0;
        v->opened.step = v->opened.trace->root == CLEW_STEP_NONE ? 0 : v->opened.trace->root;
        v->step = &v->opened.trace->steps[v->opened.step];
        return put_turn(c);
}

static int put_trace(struct chat *c, const char *text)
{
        struct clew_show *v = &c->show;
        CLEW_ARENA arena = {0};
        struct call *calls = NULL;
        char id[CLEW_SHORT_ID];
        char start[CLEW_WHEN_TEXT];
        uint32_t n = 0;
        int r;

        clew_arena_init(&arena, CLEW_TRACE_ARENA_MAX);
        r = clew_cli_open_trace(v->cli, text, &CLEW_TRACE_FULL, &arena, &v->opened);
        if (r != 0)
                return r;
        c->n_traces++;
        clew_trace_id_short(&v->opened.id, id);
        clew_when_full(v->opened.trace->start_ns, v->look.utc, start);
        if (v->look.columns < NARROW_COLUMNS)
                start[strlen("2026-01-01 00:00:00")] = '\0';
        if (!c->json)
                clew_page_title(&v->page, CLEW_TONE_STRONG, v->opened.trace->name, "%s  %s  ", id,
                                start);
        r = list_calls(c, &arena, &calls, &n);
        if (r == 0)
                r = index_results(c, &arena);
        for (uint32_t i = 0; i < n && r == 0; i++) {
                v->opened.step = calls[i].step;
                v->step = &v->opened.trace->steps[calls[i].step];
                r = put_turn(c);
        }
        if (r == 0 && n == 0)
                r = put_plain(c);
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
        for (uint32_t i = 0; i < THREADS_MAX; i++)
                clew_free(c->threads[i].hashes);
        clew_arena_deinit(&c->show.scratch);
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
        c->borrowed = CLEW_STEP_NONE;
        clew_arena_init(&ids, (size_t)64 << 20);
        clew_arena_init(&c->show.scratch, SCRATCH_MAX);
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
