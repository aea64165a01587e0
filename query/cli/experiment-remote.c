/*
 * clew experiment run on a server's dataset: the program runs here, as its user's; cases come from
 * there, one at a time, and each result is kept there before the next is asked for. Nothing there
 * waits while the program works.
 *
 * A part has the words of the command line that began it, with --part behind the command:
 *
 *      begin           what is to be run, or what is left of it, printed (experiment-run.c)
 *      item:ID         the canonical item, as JSON
 *      keep:TIME_NS    the result in the file "-" (clew_result_write()) is added to the experiment
 *                      that began then; the first one makes it
 */
#include "query/cli/experiment-int.h"

#include "proto/base/number.h"
#include "query/cli/commands.h"
#include "query/cli/lines.h"
#include "query/cli/open.h"
#include "query/cli/remote.h"
#include "query/cli/served.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* A result as JSON: an output in which every byte is escaped, and little beside. */
#define RESULT_BYTES_MAX (8 * CLEW_EXPERIMENT_OUTPUT_MAX)

/* ---- this side ------------------------------------------------------------------------------- */

int clew_experiment_ask(struct clew_experiment_command *c, const char *part,
                        const struct clew_buffer *text, struct clew_buffer *out)
{
        CLEW_ARENA arena = {0};
        struct clew_command_file file = {.name = "-"};
        struct clew_remote_call call = {.files = &file, .n_files = text != NULL, .out = out};
        int r;

        clew_arena_init(&arena, (size_t)64 << 20);
        r = clew_remote_part(c->cli, c->words, c->n_words, part, &arena, &call);
        if (r != 0)
                return r;
        if (text)
                file.text = clew_buffer_slice(text);
        return clew_remote_call(c->cli, &call);
}

int clew_experiment_odd(struct clew_experiment_command *c)
{
        clew_cli_error(c->cli, "the server's answer is none of an experiment's part; is it a clewd "
                               "of this version?");
        return CLEW_EXIT_STORE;
}

int clew_experiment_ask_item(struct clew_experiment_command *c, const struct clew_content_id *id,
                             struct clew_arena *arena, struct clew_item *ret)
{
        CLEW_BUFFER body = {0};
        char part[CLEW_CONTENT_ID_HEX + 8] = "item:";
        int r;

        clew_content_id_to_hex(id, part + strlen(part));
        clew_buffer_init(&body, CLEW_ITEM_BYTES_MAX);
        r = clew_experiment_ask(c, part, NULL, &body);
        if (r != 0)
                return r;
        return clew_item_read(clew_arena_copy(arena, clew_buffer_slice(&body)), arena, ret) < 0
                       ? clew_experiment_odd(c)
                       : 0;
}

int clew_experiment_ask_keep(struct clew_experiment_command *c, const struct clew_result *result,
                             uint64_t time_ns)
{
        CLEW_BUFFER text = {0};
        char part[40];

        snprintf(part, sizeof(part), "keep:%" PRIu64, time_ns);
        clew_buffer_init(&text, RESULT_BYTES_MAX);
        clew_result_write(result, &text);
        if (clew_buffer_error(&text) < 0)
                return clew_cli_fail(c->cli, clew_buffer_error(&text), NULL);
        return clew_experiment_ask(c, part, &text, NULL);
}

/* ---- the other side ---------------------------------------------------------------------------
 */

static int put_item(struct clew_experiment_command *c, const char *text)
{
        CLEW_BUFFER body = {0};
        struct clew_content_id id;
        struct clew_error err = {0};
        struct clew_view *view;
        int r = clew_cli_view(c->cli, &view);

        if (r != 0)
                return r;
        if (!clew_hex_decode(clew_slice_of_cstr(text), id.bytes, sizeof(id.bytes))) {
                clew_cli_error(c->cli, "an item has an id of %zu digits", 2 * sizeof(id.bytes));
                return CLEW_EXIT_USAGE;
        }
        clew_buffer_init(&body, CLEW_ITEM_BYTES_MAX);
        r = clew_dataset_body(view, &id, &body, &err);
        if (r < 0)
                return clew_cli_fail(c->cli, r, &err);
        fwrite(body.data, 1, body.len, c->cli->out);
        return 0;
}

static int refuse(struct clew_experiment_command *c, const char *why)
{
        clew_cli_error(c->cli, "the result is not kept: %s", why);
        return CLEW_EXIT_USAGE;
}

static int keep(struct clew_experiment_command *c, const char *time)
{
        CLEW_BUFFER text = {0};
        struct clew_slice name = clew_slice_of_cstr(c->args.n == 2 ? c->args.values[1] : "");
        struct clew_result result;
        struct clew_experiment head;
        struct clew_error err = {0};
        struct clew_store *store;
        struct clew_view *view;
        uint64_t time_ns;
        int r;

        if (!clew_parse_uint64(clew_slice_of_cstr(time), &time_ns))
                return refuse(c, "when it began is no number");
        clew_buffer_init(&text, 2 * RESULT_BYTES_MAX);
        r = clew_cli_read_file(c->cli, "-", RESULT_BYTES_MAX, &text);
        if (r == 0)
                r = clew_cli_view(c->cli, &view);
        if (r != 0)
                return r;
        if (!clew_result_read(clew_buffer_slice(&text), &c->arena, &result))
                return refuse(c, "it is none");
        r = clew_experiment_head(view, name, &c->arena, &head, &err);
        if (r < 0 && r != -ENOENT)
                return clew_cli_fail(c->cli, r, &err);
        if (r == -ENOENT)
                r = clew_experiment_make(c, time_ns, &head);
        if (r != 0)
                return r;
        if (result.repeat >= head.repeat || result.output.len > CLEW_EXPERIMENT_OUTPUT_MAX)
                return refuse(c, "the experiment has no such try");
        r = clew_cli_store_existing(c->cli, &store);
        if (r != 0)
                return r;
        r = clew_experiment_add(store, name, &result, &err);
        return r < 0 ? clew_cli_fail(c->cli, r, &err) : 0;
}

int clew_experiment_part(struct clew_experiment_command *c)
{
        if (!clew_served_may_write(c->cli))
                return CLEW_EXIT_PERMISSION; /* before a program was asked, and paid */
        if (strcmp(c->part, "begin") == 0)
                return clew_experiment_begin(c);
        if (strncmp(c->part, "item:", 5) == 0)
                return put_item(c, c->part + 5);
        if (strncmp(c->part, "keep:", 5) == 0)
                return keep(c, c->part + 5);
        clew_cli_error(c->cli, "experiment has no such part");
        return CLEW_EXIT_USAGE;
}
