/*
 * clew annotate --from FILE: JSON lines, each an annotation; all are added or none.
 *
 * Every line is read, resolved and checked before the first is written, in one transaction. The
 * first mistake ends it and names its line.
 */
#include "query/cli/annotate-int.h"

#include "query/answer/safe.h"
#include "query/cli/lines.h"
#include "query/cli/served.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define ITEMS_BYTES_MAX ((size_t)1 << 30)

struct file {
        struct clew_annotate *c;
        struct clew_lines lines;
        struct clew_arena arena;
        struct clew_annotation *items;
        uint32_t n;
        uint32_t room;
        /* The trace of the line before: files are mostly sorted by trace. */
        struct clew_arena trace_arena;
        struct clew_opened opened;
        bool is_open;
};

static int wrong(struct file *f, const char *message)
{
        char name[200];

        clew_cli_error(f->c->cli, "%s:%" PRIu64 ": %s; nothing was added",
                       clew_safe_cstr(clew_slice_of_cstr(f->c->from), name, sizeof(name)),
                       f->lines.number, message);
        return CLEW_EXIT_USAGE;
}

static struct clew_annotation *next_item(struct file *f)
{
        if (f->n == f->room) {
                uint32_t room = f->room ? 2 * f->room : 64;
                struct clew_annotation *more = clew_arena_calloc(&f->arena, room, sizeof(*more));

                if (!more)
                        return NULL;
                if (f->n)
                        memcpy(more, f->items, f->n * sizeof(*more));
                f->items = more;
                f->room = room;
        }
        return &f->items[f->n];
}

static int open_trace(struct file *f, const struct clew_trace_id *id)
{
        static const struct clew_trace_options bare = {0};
        char hex[CLEW_TRACE_ID_HEX];

        if (f->is_open && clew_trace_id_eq(&f->opened.id, id))
                return 0;
        clew_arena_deinit(&f->trace_arena);
        f->is_open = false;
        clew_trace_id_to_hex(id, hex);
        if (clew_cli_open_trace(f->c->cli, hex, &bare, &f->trace_arena, &f->opened) != 0)
                return wrong(f, "its trace cannot be read");
        f->is_open = true;
        return 0;
}

/* The trace and span that the line names must be there: a slip in an id would be lost for good. */
static int resolve(struct file *f, struct clew_annotation *a)
{
        uint32_t step;
        int r;

        if (a->target == CLEW_ANNOTATED_SESSION)
                return 0;
        if (a->id.len) {
                CLEW_BUFFER text = {0};

                clew_buffer_init(&text, CLEW_TARGET_TEXT_MAX);
                clew_buffer_append_slice(&text, a->id);
                clew_buffer_append_byte(&text, '\0');
                if (clew_buffer_error(&text) < 0 ||
                    clew_annotate_target(f->c, (const char *)text.data, a) != 0)
                        return wrong(f, "\"id\" names no trace or step");
                f->is_open = false;
                return 0;
        }
        if (clew_trace_id_is_zero(&a->trace_id))
                return wrong(f, "names no trace: trace_id, id or session is needed");
        r = open_trace(f, &a->trace_id);
        if (r != 0 || (a->target == CLEW_ANNOTATED_TRACE && a->step == 0))
                return r;
        step = a->target == CLEW_ANNOTATED_SPAN      ? clew_trace_find(f->opened.trace, &a->span_id)
               : a->step <= f->opened.trace->n_steps ? (uint32_t)a->step - 1
                                                     : CLEW_STEP_NONE;
        if (step == CLEW_STEP_NONE)
                return wrong(f, "the trace has no such step");
        a->target = CLEW_ANNOTATED_SPAN;
        a->span_id = f->opened.trace->steps[step].span.span_id;
        a->step = step + 1;
        return 0;
}

static int read_rubric(struct file *f, struct clew_annotation *a)
{
        struct clew_slice text;

        if (a->rubric.len == 0)
                return 0;
        text = a->rubric_version
                       ? clew_arena_printf(&f->arena, "%.*s@%" PRIu64, (int)a->rubric.len,
                                           (const char *)a->rubric.data, a->rubric_version)
                       : clew_arena_printf(&f->arena, "%.*s", (int)a->rubric.len,
                                           (const char *)a->rubric.data);
        if (text.data && clew_annotate_rubric(f->c, (const char *)text.data, &f->arena, a) == 0)
                return 0;
        return wrong(f, "its rubric is not known");
}

static int read_line(struct file *f, struct clew_slice line)
{
        struct clew_annotation *a = next_item(f);
        struct clew_error err = {0};
        int r;

        if (!a || f->n == CLEW_REVIEWS_BATCH_MAX)
                return wrong(f, a ? "more than 100000 annotations: divide the file"
                                  : "the file is larger than the memory for it");
        if (clew_annotation_read(line, &f->arena, a, &err) < 0)
                return wrong(f, err.message);
        if (a->undo)
                return wrong(f, "\"undo\" is for clew annotate --undo");
        if (a->author.len == 0)
                a->author = clew_slice_of_cstr(f->c->author);
        if (!clew_served_may_speak_as(a->author))
                return wrong(f, "\"author\" is another than the key's name, which needs the "
                                "scope \"admin\"");
        if (a->time_ns == 0)
                a->time_ns = clew_clock_unix_ns(f->c->cli->clock);
        r = resolve(f, a);
        if (r == 0)
                r = read_rubric(f, a);
        if (r != 0)
                return r;
        if (clew_annotation_check(a, &err) < 0)
                return wrong(f, err.message);
        f->n++;
        return 0;
}

int clew_annotate_file(struct clew_annotate *c)
{
        CLEW_BUFFER text = {0};
        struct file f = {.c = c};
        struct clew_slice line;
        int r;

        clew_buffer_init(&text, 2 * CLEW_LINES_BYTES_MAX);
        clew_arena_init(&f.arena, ITEMS_BYTES_MAX);
        clew_arena_init(&f.trace_arena, CLEW_TRACE_ARENA_MAX);
        r = clew_cli_read_file(c->cli, c->from, CLEW_LINES_BYTES_MAX, &text);
        f.lines.rest = clew_buffer_slice(&text);
        while (r == 0 && clew_lines_next(&f.lines, &line))
                r = read_line(&f, line);
        if (r == 0 && f.n > 0 && !c->dry_run)
                r = clew_annotate_add(c, f.items, f.n);
        if (r == 0 && c->part && f.n == 1)
                fprintf(c->cli->out, "%" PRIu64 "\n", f.items[0].number);
        else if (r == 0)
                clew_cli_note(c->cli, "%u annotations %s", f.n,
                              c->dry_run ? "read; nothing was added (--dry-run)" : "added");
        clew_arena_deinit(&f.trace_arena);
        clew_arena_deinit(&f.arena);
        return r;
}
