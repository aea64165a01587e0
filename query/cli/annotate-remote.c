/*
 * The review queue of a server's store: the terminal is here, the runs are there. Each part of it
 * is one question, so nothing there waits for a person who thinks: which runs, one run for the
 * screen, the step that a number names, one annotation to be kept. Trees and datasets are the
 * commands of that name.
 *
 * A part has the words of the command line that began it, with --part behind the command:
 *
 *      ids             ids of the runs, a line each
 *      show:ID         the run as it is shown, then a line: step, span and rule that is blamed
 *      said:ID         the same, with what was said of it
 *      step:ID#N       the step's number and span
 *      add             the annotation in the file "-", a line of --from; prints its number
 */
#include "query/cli/annotate-int.h"

#include "proto/base/number.h"
#include "query/cli/commands.h"
#include "query/cli/remote.h"
#include "query/review/record.h"
#include "query/review/rubric.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#define IDS_BYTES_MAX ((size_t)256 << 20)
#define SCREEN_BYTES_MAX ((size_t)4 << 20)
#define LINE_BYTES_MAX (4 * CLEW_ANNOTATION_CORRECTION_MAX)
#define PART_BYTES 4352u /* a step as it was typed, behind an id */
#define SPAN_DIGITS (2 * sizeof(((struct clew_span_id *)0)->bytes))

/* ---- this side ------------------------------------------------------------------------------- */

/* An interrupt waits (the queue blocks it while it does not read): a question need not end. */
static bool is_interrupted(void)
{
        sigset_t waiting;

        return sigpending(&waiting) == 0 && sigismember(&waiting, SIGINT) == 1;
}

static int call(struct clew_annotate *c, struct clew_remote_call *what)
{
        int r;

        what->stop = is_interrupted;
        r = clew_remote_call(c->cli, what);
        c->lost = c->lost || !what->ended;
        return r;
}

/* The words as given and which part; @text goes with them as the file "-" when it is given. */
static int ask_part(struct clew_annotate *c, const char *part, const struct clew_slice *text,
                    struct clew_buffer *out)
{
        CLEW_ARENA arena = {0};
        const struct clew_command_file file = {"-", text ? *text : CLEW_SLICE_NULL};
        char word[PART_BYTES + 8];
        char from[] = "--from=-";
        char **words;
        int n = 0;

        clew_arena_init(&arena, (size_t)1 << 20);
        words = clew_arena_calloc(&arena, (size_t)c->n_words + 2, sizeof(*words));
        if (!words)
                return clew_cli_fail(c->cli, -ENOMEM, NULL);
        (void)snprintf(word, sizeof(word), "--part=%s", part);
        words[n++] = c->words[0];
        words[n++] = word;
        if (text)
                words[n++] = from;
        for (int i = 1; i < c->n_words; i++)
                words[n++] = c->words[i];
        return call(c, &(struct clew_remote_call){.words = words,
                                                  .n_words = n,
                                                  .files = &file,
                                                  .n_files = text != NULL,
                                                  .out = out});
}

static int odd(struct clew_annotate *c)
{
        clew_cli_error(c->cli, "the server's answer is none of a queue; is it a clewd of this "
                               "version?");
        c->lost = true;
        return CLEW_EXIT_STORE;
}

int clew_annotate_ask_ids(struct clew_annotate *c, struct clew_arena *arena,
                          struct clew_trace_id **ret, size_t *ret_n)
{
        CLEW_BUFFER out = {0};
        size_t n;
        int r;

        clew_buffer_init(&out, IDS_BYTES_MAX);
        r = ask_part(c, "ids", NULL, &out);
        if (r != 0)
                return r;
        n = out.len / CLEW_TRACE_ID_HEX; /* 32 digits and the end of the line */
        *ret = clew_arena_calloc(arena, n + 1, sizeof(**ret));
        if (!*ret)
                return clew_cli_fail(c->cli, -ENOMEM, NULL);
        for (size_t i = 0; i < n; i++) {
                struct clew_slice hex =
                        clew_slice_make(out.data + i * CLEW_TRACE_ID_HEX, CLEW_TRACE_ID_HEX - 1);

                if (!clew_hex_decode(hex, (*ret)[i].bytes, sizeof((*ret)[i].bytes)))
                        return odd(c);
        }
        *ret_n = n;
        return out.len % CLEW_TRACE_ID_HEX == 0 ? 0 : odd(c);
}

/* "9 0123456789abcdef tool-error"; "0" alone: nothing is blamed. */
static bool read_blamed(struct clew_slice line, struct clew_annotate_shown *ret)
{
        const uint8_t *blank = line.len ? memchr(line.data, ' ', line.len) : NULL;
        size_t n = blank ? (size_t)(blank - line.data) : line.len;
        uint64_t step;

        if (!clew_parse_uint64(clew_slice_make(line.data, n), &step) || step > UINT32_MAX)
                return false;
        ret->cause_step = (uint32_t)step;
        if (step == 0)
                return true;
        line = clew_slice_from(line, n + 1);
        if (line.len <= SPAN_DIGITS || line.len - SPAN_DIGITS - 1 >= sizeof(ret->rule) ||
            !clew_hex_decode(clew_slice_make(line.data, SPAN_DIGITS), ret->cause_span.bytes,
                             sizeof(ret->cause_span.bytes)))
                return false;
        line = clew_slice_from(line, SPAN_DIGITS + 1);
        memcpy(ret->rule, line.data, line.len);
        ret->rule[line.len] = '\0';
        return clew_name_is_good(line);
}

int clew_annotate_ask_show(struct clew_annotate *c, const char *id, bool with_said,
                           struct clew_annotate_shown *ret)
{
        CLEW_BUFFER out = {0};
        char part[PART_BYTES];
        size_t at;
        int r;

        *ret = (struct clew_annotate_shown){0};
        clew_buffer_init(&out, SCREEN_BYTES_MAX);
        (void)snprintf(part, sizeof(part), "%s:%s", with_said ? "said" : "show", id);
        r = ask_part(c, part, NULL, &out);
        if (r != 0 || out.len == 0)
                return r ? r : odd(c);
        at = out.len - 1;
        while (at > 0 && out.data[at - 1] != '\n')
                at--;
        if (!read_blamed(clew_slice_make(out.data + at, out.len - 1 - at), ret))
                return odd(c);
        fwrite(out.data, 1, at, c->cli->out);
        return 0;
}

int clew_annotate_ask_target(struct clew_annotate *c, const char *text, struct clew_annotation *ret)
{
        CLEW_BUFFER out = {0};
        struct clew_annotate_shown blamed;
        char part[PART_BYTES];
        int r;

        clew_buffer_init(&out, 4096);
        if ((size_t)snprintf(part, sizeof(part), "step:%s", text) >= sizeof(part))
                return CLEW_EXIT_USAGE;
        r = ask_part(c, part, NULL, &out);
        if (r != 0)
                return r;
        if (out.len == 0 || !read_blamed(clew_slice_make(out.data, out.len - 1), &blamed) ||
            blamed.cause_step == 0)
                return odd(c);
        ret->target = CLEW_ANNOTATED_SPAN;
        ret->step = blamed.cause_step;
        ret->span_id = blamed.cause_span;
        return 0;
}

/* Who says it is known there; the version of the rubric is found there. */
static int write_line(struct clew_annotate *c, const struct clew_annotation *a,
                      struct clew_buffer *out)
{
        struct clew_json_writer w = clew_json_writer_make(out, 0);
        struct clew_annotation line = *a;

        line.author = CLEW_SLICE_NULL;
        if (c->rubric && !clew_version_parse(clew_slice_of_cstr(c->rubric), &line.rubric,
                                             &line.rubric_version)) {
                clew_cli_error(c->cli, "--rubric takes NAME or NAME@VERSION");
                return CLEW_EXIT_USAGE;
        }
        clew_json_write_object_begin(&w);
        clew_annotation_write(&w, &line);
        clew_json_write_object_end(&w);
        return clew_buffer_error(out) < 0 ? clew_cli_fail(c->cli, -ENOMEM, NULL) : 0;
}

static int ask_undo(struct clew_annotate *c, uint64_t number)
{
        CLEW_BUFFER out = {0};
        char undo[] = "--undo";
        char text[24];
        char *words[] = {c->words[0], undo, text};

        clew_buffer_init(&out, SCREEN_BYTES_MAX);
        (void)snprintf(text, sizeof(text), "%" PRIu64, number);
        return call(c, &(struct clew_remote_call){.words = words, .n_words = 3, .out = &out});
}

int clew_annotate_ask_add(struct clew_annotate *c, struct clew_annotation *a)
{
        CLEW_BUFFER line = {0};
        CLEW_BUFFER out = {0};
        struct clew_slice text;
        int r;

        if (a->undo)
                return ask_undo(c, a->undo);
        clew_buffer_init(&line, LINE_BYTES_MAX);
        clew_buffer_init(&out, 4096);
        r = write_line(c, a, &line);
        if (r != 0)
                return r;
        text = clew_buffer_slice(&line);
        r = ask_part(c, "add", &text, &out);
        if (r != 0)
                return r;
        return out.len > 1 && clew_parse_uint64(clew_slice_make(out.data, out.len - 1), &a->number)
                       ? 0
                       : odd(c);
}

int clew_annotate_ask(struct clew_annotate *c, char *const *words, int n)
{
        char *copy[8];

        CLEW_ASSERT((size_t)n <= CLEW_ARRAY_LEN(copy));
        memcpy(copy, words, (size_t)n * sizeof(*copy));
        return call(c, &(struct clew_remote_call){.words = copy, .n_words = n});
}

/* ---- the other side ---------------------------------------------------------------------------
 */

static void print_step(struct clew_annotate *c, uint64_t step, const struct clew_span_id *span,
                       const char *rule)
{
        char hex[CLEW_SPAN_ID_HEX];

        clew_span_id_to_hex(span, hex);
        if (step == 0)
                fprintf(c->cli->out, "0\n");
        else
                fprintf(c->cli->out, "%" PRIu64 " %s %s\n", step, hex, rule);
}

static int put_ids(struct clew_annotate *c, struct clew_arguments *args)
{
        CLEW_ARENA arena = {0};
        struct clew_trace_id *ids = NULL;
        char hex[CLEW_TRACE_ID_HEX];
        size_t n = 0;
        int r;

        clew_arena_init(&arena, IDS_BYTES_MAX);
        r = clew_annotate_collect(c, args, &arena, &ids, &n);
        for (size_t i = 0; r == 0 && i < n; i++) {
                clew_trace_id_to_hex(&ids[i], hex);
                fprintf(c->cli->out, "%s\n", hex);
        }
        return r;
}

static int put_run(struct clew_annotate *c, const char *id, bool with_said)
{
        struct clew_annotate_shown shown;
        int r = clew_annotate_show(c, id, with_said, &shown);

        if (r == 0)
                print_step(c, shown.cause_step, &shown.cause_span, shown.rule);
        return r;
}

static int put_target(struct clew_annotate *c, const char *text)
{
        struct clew_annotation a = {0};
        int r = clew_annotate_target(c, text, &a);

        if (r == 0 && a.target != CLEW_ANNOTATED_SPAN)
                return CLEW_EXIT_USAGE;
        if (r == 0)
                print_step(c, a.step, &a.span_id, "step");
        return r;
}

int clew_annotate_part(struct clew_annotate *c, struct clew_arguments *args)
{
        if (strcmp(c->part, "ids") == 0)
                return put_ids(c, args);
        if (strncmp(c->part, "show:", 5) == 0 || strncmp(c->part, "said:", 5) == 0)
                return put_run(c, c->part + 5, c->part[1] == 'a');
        if (strncmp(c->part, "step:", 5) == 0)
                return put_target(c, c->part + 5);
        if (strcmp(c->part, "add") == 0 && c->from)
                return clew_annotate_file(c);
        clew_cli_error(c->cli, "annotate has no such part");
        return CLEW_EXIT_USAGE;
}
