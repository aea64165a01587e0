/*
 * See export-views.h.
 *
 * Perfetto reads Chrome's JSON: one process a trace, one track an agent, and asynchronous events,
 * because steps of one track may overlap. speedscope wants events that nest, so a step that
 * overlaps its sibling begins where that one ends and none outlives its parent; each trace has two
 * profiles, one weighs time and one tokens. One trace at a time is in memory.
 */
#include "query/cli/export-views.h"

#include "query/answer/brief.h"
#include "query/cli/items.h"
#include "query/cli/open.h"
#include "query/cli/outfile.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define IDS_ARENA_MAX ((size_t)2 << 30)
#define TRACE_BYTES_MAX ((size_t)4 << 30)
#define ITEMS_OF_A_VIEW 64u

struct view {
        struct clew_cli *cli;
        struct clew_outfile out;
        struct clew_buffer text;
        uint64_t n;
        uint64_t n_left_out;
        bool any; /* something stands before: a comma is due */
};

static int put(struct view *v, const char *text)
{
        return clew_outfile_write(&v->out, v->cli, clew_slice_of_cstr(text));
}

/* ---- Perfetto ------------------------------------------------------------------------------- */

static void comma(struct view *v)
{
        clew_buffer_append_cstr(&v->text, v->any ? ",\n" : "\n");
        v->any = true;
}

/* Microseconds with three decimals. */
static void put_time(struct clew_json_writer *w, const char *key, uint64_t ns)
{
        char text[40];

        snprintf(text, sizeof(text), "%" PRIu64 ".%03u", ns / 1000, (unsigned)(ns % 1000));
        clew_json_write_key(w, key);
        clew_json_write_raw(w, clew_slice_of_cstr(text));
}

static void put_number(struct clew_json_writer *w, const char *key, uint64_t n)
{
        clew_json_write_key(w, key);
        clew_json_write_uint64(w, n);
}

static void put_name(struct view *v, const char *what, uint64_t pid, uint64_t tid,
                     struct clew_slice name)
{
        struct clew_json_writer w = clew_json_writer_make(&v->text, 0);

        comma(v);
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "ph");
        clew_json_write_cstr(&w, "M");
        clew_json_write_key(&w, "name");
        clew_json_write_cstr(&w, what);
        put_number(&w, "pid", pid);
        put_number(&w, "tid", tid);
        clew_json_write_key(&w, "args");
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "name");
        clew_json_write_string(&w, name);
        clew_json_write_object_end(&w);
        clew_json_write_object_end(&w);
}

static void put_arguments(struct clew_json_writer *w, const struct clew_step *s, uint32_t number)
{
        clew_json_write_key(w, "args");
        clew_json_write_object_begin(w);
        put_number(w, "step", number);
        if (s->model.len) {
                clew_json_write_key(w, "model");
                clew_json_write_string(w, s->model);
        }
        if (s->tokens.has) {
                put_number(w, "tokens_in", s->tokens.in);
                put_number(w, "tokens_out", s->tokens.out);
        }
        if (s->error.is_error) {
                clew_json_write_key(w, "error");
                clew_json_write_string(w, s->error.message);
        }
        clew_json_write_object_end(w);
}

static void put_event(struct view *v, const struct clew_step *s, uint32_t number, uint64_t pid,
                      bool begin)
{
        struct clew_json_writer w = clew_json_writer_make(&v->text, 0);
        char hex[CLEW_SPAN_ID_HEX];

        comma(v);
        clew_span_id_to_hex(&s->span.span_id, hex);
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "ph");
        clew_json_write_cstr(&w, begin ? "b" : "e");
        clew_json_write_key(&w, "cat");
        clew_json_write_cstr(&w, clew_kind_name(s->kind));
        clew_json_write_key(&w, "name");
        clew_json_write_string(&w, clew_step_label(s));
        clew_json_write_key(&w, "id");
        clew_json_write_cstr(&w, hex);
        put_number(&w, "pid", pid);
        put_number(&w, "tid", s->agent == CLEW_STEP_NONE ? 0 : s->agent + 1u);
        put_time(&w, "ts", begin || s->end_ns < s->start_ns ? s->start_ns : s->end_ns);
        if (begin)
                put_arguments(&w, s, number);
        clew_json_write_object_end(&w);
}

static void put_perfetto(struct view *v, const struct clew_trace *t, struct clew_arena *arena)
{
        uint64_t pid = v->n + 1;
        char hex[CLEW_TRACE_ID_HEX];

        clew_trace_id_to_hex(&t->id, hex);
        put_name(v, "process_name", pid, 0,
                 clew_arena_printf(arena, "%.*s %.8s", (int)t->name.len, (const char *)t->name.data,
                                   hex));
        for (uint32_t i = 0; i < t->n_steps; i++) {
                const struct clew_step *s = &t->steps[i];

                if (clew_step_is(s, CLEW_STEP_STANDIN))
                        continue;
                if (s->kind == CLEW_KIND_AGENT)
                        put_name(v, "thread_name", pid, i + 1u, clew_step_label(s));
                put_event(v, s, i + 1u, pid, true);
                put_event(v, s, i + 1u, pid, false);
        }
}

/* ---- speedscope ------------------------------------------------------------------------------ */

struct frame {
        uint32_t step;
        uint64_t end;
};

struct flame {
        struct clew_buffer *out;
        struct frame *stack;
        uint32_t depth;
        uint64_t at; /* of the last event: they must not go back */
        bool any;
};

static void put_edge(struct flame *f, char type, uint32_t frame, uint64_t at)
{
        clew_buffer_printf(f->out, "%s{\"type\":\"%c\",\"frame\":%u,\"at\":%" PRIu64 "}",
                           f->any ? "," : "", type, frame, at);
        f->any = true;
        f->at = at;
}

static void close_frame(struct flame *f)
{
        const struct frame *top = &f->stack[--f->depth];

        put_edge(f, 'C', top->step, top->end > f->at ? top->end : f->at);
}

static void open_frame(struct flame *f, uint32_t step, uint64_t start, uint64_t end)
{
        uint64_t most = f->depth ? f->stack[f->depth - 1].end : UINT64_MAX;

        start = start > f->at ? start : f->at;
        start = start < most ? start : most;
        end = end < most ? end : most;
        put_edge(f, 'O', step, start);
        f->stack[f->depth++] = (struct frame){step, end > start ? end : start};
}

/* Tokens of a step and all below it, so that frames nest by weight. */
static uint64_t *sum_tokens(const struct clew_trace *t, struct clew_arena *arena)
{
        uint64_t *sums = clew_arena_calloc(arena, t->n_steps + 1u, sizeof(*sums));

        for (uint32_t i = t->n_steps; sums && i > 0; i--) {
                const struct clew_step *s = &t->steps[i - 1];

                if (clew_step_is(s, CLEW_STEP_BOOKED))
                        sums[i - 1] +=
                                s->tokens.total ? s->tokens.total : s->tokens.in + s->tokens.out;
                if (s->parent != CLEW_STEP_NONE)
                        sums[s->parent] += sums[i - 1];
        }
        return sums;
}

static void put_profile(struct view *v, const struct clew_trace *t, const uint64_t *tokens,
                        struct frame *stack, const char *unit)
{
        struct flame f = {.out = &v->text, .stack = stack};
        struct clew_json_writer w = clew_json_writer_make(&v->text, 0);
        char hex[CLEW_TRACE_ID_HEX];
        uint64_t end = tokens ? 0 : t->end_ns - t->start_ns;

        clew_trace_id_to_hex(&t->id, hex);
        for (uint32_t i = 0; tokens && i < t->n_steps; i++)
                end += t->steps[i].parent == CLEW_STEP_NONE ? tokens[i] : 0;
        comma(v);
        clew_buffer_append_cstr(&v->text, "{\"type\":\"evented\",\"name\":");
        clew_json_write_string(&w, t->name);
        v->text.len--; /* the name goes on */
        clew_buffer_printf(&v->text, " %.8s %s\",\"unit\":\"%s\",\"startValue\":0,\"events\":[",
                           hex, tokens ? "tokens" : "time", unit);
        for (uint32_t i = 0; i < t->n_steps; i++) {
                const struct clew_step *s = &t->steps[i];
                uint64_t from = s->start_ns > t->start_ns ? s->start_ns - t->start_ns : 0;

                while (f.depth && f.stack[f.depth - 1].step != s->parent)
                        close_frame(&f);
                if (tokens)
                        open_frame(&f, i, f.at, f.at + tokens[i]);
                else
                        open_frame(&f, i, from, from + clew_step_duration_ns(s));
        }
        while (f.depth)
                close_frame(&f);
        clew_buffer_printf(&v->text, "],\"endValue\":%" PRIu64 "}", f.at > end ? f.at : end);
}

/* Frames are shared by all profiles of a file, so a file has the frames of one trace: its steps. */
static int put_speedscope(struct view *v, const struct clew_trace *t, struct clew_arena *arena)
{
        uint64_t *tokens = sum_tokens(t, arena);
        struct frame *stack = clew_arena_calloc(arena, (size_t)t->max_depth + 2, sizeof(*stack));
        struct clew_json_writer w = clew_json_writer_make(&v->text, 0);

        if (!tokens || !stack)
                return -ENOMEM;
        clew_buffer_append_cstr(&v->text, "\"shared\":{\"frames\":");
        clew_json_write_array_begin(&w);
        for (uint32_t i = 0; i < t->n_steps; i++) {
                clew_json_write_object_begin(&w);
                clew_json_write_key(&w, "name");
                clew_json_write_string(
                        &w, clew_arena_printf(arena, "%s %.*s", clew_kind_word(t->steps[i].kind),
                                              (int)clew_step_label(&t->steps[i]).len,
                                              (const char *)clew_step_label(&t->steps[i]).data));
                clew_json_write_object_end(&w);
        }
        clew_json_write_array_end(&w);
        clew_buffer_append_cstr(&v->text, "},\n\"profiles\":[");
        put_profile(v, t, NULL, stack, "nanoseconds");
        put_profile(v, t, tokens, stack, "none");
        return 0;
}

/* ---- the whole ------------------------------------------------------------------------------ */

bool clew_export_is_view(const char *format)
{
        return strcmp(format, "perfetto") == 0 || strcmp(format, "speedscope") == 0;
}

static int add_trace(struct view *v, const struct clew_trace_id *id, bool perfetto)
{
        CLEW_ARENA arena = {0};
        struct clew_opened o;
        char hex[CLEW_TRACE_ID_HEX];
        int r;

        clew_arena_init(&arena, CLEW_TRACE_ARENA_MAX);
        clew_trace_id_to_hex(id, hex);
        r = clew_cli_open_trace(v->cli, hex, &CLEW_TRACE_FULL, &arena, &o);
        if (r != 0) { /* damaged, or gone: told */
                v->n_left_out++;
                return 0;
        }
        clew_buffer_clear(&v->text);
        if (perfetto)
                put_perfetto(v, o.trace, &arena);
        else
                r = put_speedscope(v, o.trace, &arena);
        if (r < 0 || clew_buffer_error(&v->text) < 0)
                return clew_cli_fail(v->cli, -ENOMEM, NULL);
        v->n++;
        if (v->n % ITEMS_OF_A_VIEW == 0)
                clew_cli_close_store(v->cli);
        return clew_outfile_write(&v->out, v->cli, clew_buffer_slice(&v->text));
}

int clew_export_view(struct clew_cli *cli, const char *format, const char *output, bool force,
                     uint64_t limit, const struct clew_filter_flags *filter_flags,
                     struct clew_arguments *args)
{
        bool perfetto = strcmp(format, "perfetto") == 0;
        CLEW_ARENA arena = {0};
        struct view v = {.cli = cli};
        struct clew_trace_id *ids = NULL;
        size_t n = 0;
        int closed;
        int r;

        clew_arena_init(&arena, IDS_ARENA_MAX);
        clew_buffer_init(&v.text, TRACE_BYTES_MAX);
        r = clew_cli_select_ids(cli, args, filter_flags, limit, &arena, &ids, &n);
        if (r == 0 && !perfetto && n != 1) {
                clew_cli_error(cli,
                               "a speedscope file holds one run: name it, or -n 1 (%zu were "
                               "selected)",
                               n);
                r = CLEW_EXIT_USAGE;
        }
        if (r == 0)
                r = clew_outfile_open(&v.out, cli, output, force);
        if (r == 0)
                r = put(&v, perfetto ? "{\"displayTimeUnit\":\"ms\",\"traceEvents\":["
                                     : "{\"$schema\":\"https://www.speedscope.app/"
                                       "file-format-schema.json\",\"exporter\":\"clew\",\n");
        for (size_t i = 0; r == 0 && i < n; i++)
                r = add_trace(&v, &ids[i], perfetto);
        if (r == 0)
                r = put(&v, perfetto || v.n ? "\n]}\n"
                                            : "\"shared\":{\"frames\":[]},\"profiles\":[]}\n");
        closed = v.out.stream ? clew_outfile_close(&v.out, cli, r == 0) : 0;
        clew_buffer_deinit(&v.text);
        r = r ? r : closed;
        if (r == 0)
                clew_cli_note(cli, "exported %" PRIu64 " traces", v.n);
        return r == 0 && v.n_left_out ? CLEW_EXIT_PARTIAL : r;
}
