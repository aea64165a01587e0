/*
 * clew judge on a server's store: the program runs here, as its user's, and is told of runs that
 * are there. For each run there is one question for what the program is to be asked, and one for
 * what it said; nothing there waits while it thinks.
 *
 * A part has the words of the command line that began it, with --part behind the command:
 *
 *      ids             ids of the runs that the flags select, a line each
 *      ask:ID          "ID Q" and the line for the program; "ID A" and the answer that is kept
 *                      from before; "ID N" when it cannot be asked about, which is told
 *      keep:ID:HASH    the answer in the file "-" becomes a score; HASH names the line that was
 *                      asked: if it is that still, and the rubric is a kept one, the answer is kept
 *                      for later. Without it the answer is one that was kept
 */
#include "query/cli/judge-int.h"

#include "query/cli/commands.h"
#include "query/cli/lines.h"
#include "query/cli/open.h"
#include "query/cli/remote.h"
#include "query/cli/served.h"
#include "query/review/record.h"

#include <errno.h>
#include <string.h>

#define FILES_MAX 2u
#define HEX (CLEW_TRACE_ID_HEX - 1)

/* ---- this side ------------------------------------------------------------------------------- */

/* The words as given and which part; @answer goes with them as the file "-", the rubric's file as
 * itself. */
static int ask_part(struct clew_judge *c, const char *part, const struct clew_slice *answer,
                    struct clew_buffer *out)
{
        CLEW_ARENA arena = {0};
        struct clew_command_file files[FILES_MAX];
        struct clew_remote_call call = {.files = files, .out = out};
        int r;

        clew_arena_init(&arena, (size_t)64 << 20);
        r = clew_remote_part(c->cli, c->words, c->n_words, part, &arena, &call);
        if (r != 0)
                return r;
        if (c->rubric_file && !c->rubric_name)
                files[call.n_files++] =
                        (struct clew_command_file){c->rubric_file, clew_buffer_slice(&c->rubric)};
        if (answer)
                files[call.n_files++] = (struct clew_command_file){"-", *answer};
        r = clew_remote_call(c->cli, &call);
        c->lost = c->lost || !call.ended;
        return r;
}

static int odd(struct clew_judge *c)
{
        clew_cli_error(c->cli, "the server's answer is none of a judge's part; is it a clewd of "
                               "this version?");
        c->lost = true;
        return CLEW_EXIT_STORE;
}

int clew_judge_ask_ids(struct clew_judge *c, struct clew_arena *arena, struct clew_judge_id **ret)
{
        CLEW_BUFFER out = {0};
        struct clew_lines lines;
        struct clew_slice line;
        int r;

        clew_buffer_init(&out, CLEW_JUDGE_IDS_MAX);
        r = ask_part(c, "ids", NULL, &out);
        lines = (struct clew_lines){.rest = clew_buffer_slice(&out)};
        while (r == 0 && clew_lines_next(&lines, &line)) {
                struct clew_judge_id *item = clew_arena_calloc(arena, 1, sizeof(*item));

                if (!item)
                        return clew_cli_fail(c->cli, -ENOMEM, NULL);
                if (!clew_hex_decode(line, item->id.bytes, sizeof(item->id.bytes)))
                        return odd(c);
                *ret = item;
                ret = &item->next;
        }
        return r;
}

int clew_judge_ask_question(struct clew_judge *c, const char *text, struct clew_judge_asked *a,
                            bool *ret_has)
{
        CLEW_ARENA arena = {0};
        struct clew_slice part;
        struct clew_slice line;
        struct clew_slice head;
        struct clew_lines lines;
        int r;

        clew_arena_init(&arena, (size_t)4 << 20);
        clew_buffer_clear(&a->line);
        clew_buffer_clear(&a->job.answer);
        c->opened = false;
        part = clew_arena_printf(&arena, "ask:%s", text);
        if (!part.data)
                return -clew_cli_fail(c->cli, -ENOMEM, NULL);
        r = ask_part(c, (const char *)part.data, NULL, &a->line);
        if (r != 0)
                return -r;
        c->opened = true;
        lines = (struct clew_lines){.rest = clew_buffer_slice(&a->line)};
        if (!clew_lines_next(&lines, &head) || head.len != HEX + 2 ||
            !clew_hex_decode(clew_slice_make(head.data, HEX), a->id.bytes, sizeof(a->id.bytes)))
                return -odd(c);
        line = lines.rest;
        *ret_has = head.data[HEX + 1] == 'A';
        if (head.data[HEX + 1] == 'N')
                c->failed++;
        if (*ret_has) {
                c->cached++;
                clew_buffer_append_slice(&a->job.answer, line);
        } else if (line.len > 0) {
                memmove(a->line.data, line.data, line.len);
                a->line.len = line.len;
        }
        return head.data[HEX + 1] != 'N';
}

int clew_judge_ask_keep(struct clew_judge *c, struct clew_judge_asked *a, bool is_new)
{
        struct clew_slice answer = clew_buffer_slice(&a->job.answer);
        struct clew_content_id id = clew_content_id_of(clew_buffer_slice(&a->line));
        char trace[CLEW_TRACE_ID_HEX];
        char line[CLEW_CONTENT_ID_HEX] = "";
        char part[CLEW_TRACE_ID_HEX + CLEW_CONTENT_ID_HEX + 16];
        int r;

        clew_trace_id_to_hex(&a->id, trace);
        if (is_new)
                clew_content_id_to_hex(&id, line);
        (void)snprintf(part, sizeof(part), "keep:%s:%s", trace, line);
        r = ask_part(c, part, &answer, NULL);
        if (r == CLEW_EXIT_PARTIAL && !c->lost) { /* it is none: told */
                c->failed++;
                return 0;
        }
        if (r == 0)
                c->judged++;
        if (r == 0 && is_new)
                clew_judge_count_spent(c, answer);
        return r;
}

/* ---- the other side ---------------------------------------------------------------------------
 */

static int put_ids(struct clew_judge *c)
{
        CLEW_ARENA arena = {0};
        struct clew_judge_id *list = NULL;
        char hex[CLEW_TRACE_ID_HEX];
        int r;

        clew_arena_init(&arena, CLEW_JUDGE_IDS_MAX);
        r = clew_judge_collect(c, &arena, &list);
        for (; r == 0 && list; list = list->next) {
                clew_trace_id_to_hex(&list->id, hex);
                fprintf(c->cli->out, "%s\n", hex);
        }
        return r;
}

static int put_question(struct clew_judge *c, const char *text, struct clew_judge_asked *a)
{
        struct clew_slice what;
        char hex[CLEW_TRACE_ID_HEX];
        char kind = 'N';
        int r = clew_judge_prepare(c, text, a);

        if (r < 0)
                return -r;
        c->failed = 0; /* it is counted where it was asked */
        if (r == 1)
                kind = clew_judge_has_answer(c, a) ? 'A' : 'Q';
        what = kind == 'A'   ? clew_buffer_slice(&a->job.answer)
               : kind == 'Q' ? clew_buffer_slice(&a->line)
                             : CLEW_SLICE_NULL;
        clew_trace_id_to_hex(&a->id, hex);
        fprintf(c->cli->out, "%s %c\n", hex, kind);
        fwrite(what.data, 1, what.len, c->cli->out);
        return 0;
}

static int keep(struct clew_judge *c, const char *text, struct clew_judge_asked *a)
{
        struct clew_content_id id;
        char trace[CLEW_TRACE_ID_HEX];
        char hex[CLEW_CONTENT_ID_HEX];
        bool is_new = false;
        int r;

        if (strlen(text) < HEX + 1 || text[HEX] != ':' ||
            !clew_hex_decode(clew_slice_make(text, HEX), a->id.bytes, sizeof(a->id.bytes))) {
                clew_cli_error(c->cli, "judge has no such part");
                return CLEW_EXIT_USAGE;
        }
        (void)snprintf(trace, sizeof(trace), "%.*s", (int)HEX, text);
        if (text[HEX + 1]) {
                if (clew_judge_prepare(c, trace, a) < 0)
                        return CLEW_EXIT_USAGE; /* gone meanwhile: told */
                id = clew_content_id_of(clew_buffer_slice(&a->line));
                clew_content_id_to_hex(&id, hex);
                is_new = strcmp(hex, text + HEX + 1) == 0;
        }
        r = clew_cli_read_file(c->cli, "-", CLEW_JUDGE_ANSWER_MAX, &a->job.answer);
        return r != 0 ? r : clew_judge_take(c, a, is_new);
}

int clew_judge_part(struct clew_judge *c)
{
        struct clew_judge_asked a = {0};
        int r = CLEW_EXIT_USAGE;

        if (!c->dry_run && !clew_served_may_write(c->cli))
                return CLEW_EXIT_PERMISSION; /* before a program was asked, and paid */
        clew_buffer_init(&a.line, CLEW_JUDGE_QUESTION_MAX);
        clew_buffer_init(&a.job.answer, 2 * CLEW_JUDGE_ANSWER_MAX);
        if (strcmp(c->part, "ids") == 0)
                r = put_ids(c);
        else if (strncmp(c->part, "ask:", 4) == 0)
                r = put_question(c, c->part + 4, &a);
        else if (strncmp(c->part, "keep:", 5) == 0)
                r = keep(c, c->part + 5, &a);
        else
                clew_cli_error(c->cli, "judge has no such part");
        clew_buffer_deinit(&a.line);
        clew_buffer_deinit(&a.job.answer);
        return r;
}
