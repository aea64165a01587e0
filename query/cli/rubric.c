/*
 * clew rubric: criteria as texts with versions. Experts find their criteria while they look, so a
 * criterion changes; what was said under an older version stays said under that version.
 */
#include "query/cli/author.h"
#include "query/cli/commands.h"
#include "query/cli/lines.h"
#include "query/cli/open.h"
#include "query/cli/rubric-named.h"
#include "query/cli/suggest.h"
#include "query/cli/terminal.h"

#include "proto/base/utf8.h"
#include "query/answer/review-record.h"
#include "query/answer/safe.h"
#include "query/answer/when.h"
#include "query/review/record.h"
#include "query/review/rubric.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct rubric_command {
        struct clew_cli *cli;
        struct clew_arguments args;
        struct clew_look look;
        struct clew_arena arena;
        bool json;
};

static int need(struct rubric_command *c, size_t n, const char *usage)
{
        if (c->args.n == n + 1)
                return 0;
        clew_cli_error(c->cli, "clew rubric %s", usage);
        return CLEW_EXIT_USAGE;
}

static int get(struct rubric_command *c, const char *text, struct clew_rubric *ret)
{
        return clew_cli_rubric(c->cli, text, &c->arena, ret);
}

static int add(struct rubric_command *c)
{
        CLEW_BUFFER text = {0};
        char author[CLEW_NAME_BYTES_MAX + 1];
        struct clew_rubric rubric = {.time_ns = clew_clock_unix_ns(c->cli->clock)};
        struct clew_error err = {0};
        struct clew_store *store;
        int r = need(c, 2, "add NAME FILE");

        if (r == 0)
                r = clew_cli_author(c->cli, author, sizeof(author));
        clew_buffer_init(&text, 2 * CLEW_RUBRIC_BYTES_MAX + 65536);
        if (r == 0)
                r = clew_cli_read_file(c->cli, c->args.values[2], 2 * CLEW_RUBRIC_BYTES_MAX, &text);
        if (r != 0)
                return r;
        rubric.name = clew_slice_of_cstr(c->args.values[1]);
        rubric.text = clew_buffer_slice(&text);
        rubric.author = clew_slice_of_cstr(author);
        if (!clew_name_is_good(rubric.name) || text.len == 0 || text.len > CLEW_RUBRIC_BYTES_MAX ||
            !clew_utf8_valid(rubric.text)) {
                clew_cli_error(c->cli,
                               "a rubric has a name without blanks, '@', ',' and '=', and a "
                               "text of 1 to %zu bytes of UTF-8",
                               CLEW_RUBRIC_BYTES_MAX);
                return CLEW_EXIT_USAGE;
        }
        r = clew_cli_store_existing(c->cli, &store);
        if (r != 0)
                return r;
        r = clew_rubric_add(store, &rubric, &err);
        if (r < 0)
                return clew_cli_fail(c->cli, r, &err);
        fprintf(c->cli->out, "%s@%" PRIu64 "\n", c->args.values[1], rubric.version);
        return 0;
}

static int show(struct rubric_command *c)
{
        CLEW_BUFFER safe = {0};
        struct clew_rubric rubric;
        int r = need(c, 1, "show NAME[@V]");

        if (r == 0)
                r = get(c, c->args.values[1], &rubric);
        if (r != 0)
                return r;
        clew_buffer_init(&safe, 16 * CLEW_RUBRIC_BYTES_MAX);
        clew_safe_block(&safe, rubric.text, "", c->look.ascii);
        fprintf(c->cli->out, "%.*s", (int)safe.len, (const char *)safe.data);
        return 0;
}

static int list_one(const struct clew_rubric *rubric, void *context)
{
        struct rubric_command *c = context;
        CLEW_BUFFER line = {0};
        struct clew_json_writer w = clew_json_writer_make(&line, 0);
        char when[CLEW_WHEN_TEXT];

        clew_buffer_init(&line, 16 * CLEW_RUBRIC_BYTES_MAX);
        if (c->json) {
                clew_json_write_object_begin(&w);
                clew_json_write_key(&w, "v");
                clew_json_write_uint64(&w, 1);
                clew_json_write_key(&w, "type");
                clew_json_write_cstr(&w, "rubric");
                clew_record_write_all(&w, clew_rubric_fields, rubric);
                clew_json_write_object_end(&w);
        } else {
                clew_when_short(rubric->time_ns, clew_clock_unix_ns(c->cli->clock), c->look.utc,
                                when);
                clew_safe_line(&line, rubric->name, 40, c->look.ascii);
                clew_buffer_printf(&line, "@%" PRIu64 "  %s  ", rubric->version, when);
                clew_safe_line(&line, rubric->author, 20, c->look.ascii);
                clew_buffer_append_cstr(&line, "  ");
                clew_safe_line(&line, rubric->text, 60, c->look.ascii);
        }
        fprintf(c->cli->out, "%.*s\n", (int)line.len, (const char *)line.data);
        return clew_buffer_error(&line);
}

/* All versions of all rubrics, or of one. */
static int list(struct rubric_command *c)
{
        struct clew_error err = {0};
        struct clew_rubric any;
        struct clew_view *view;
        struct clew_slice name = CLEW_SLICE_NULL;
        int r = clew_cli_view(c->cli, &view);

        if (r == 0 && c->args.n > 1) {
                r = get(c, c->args.values[1], &any);
                name = any.name;
        }
        if (r != 0)
                return r;
        r = clew_rubric_each(view, name, list_one, c, &err);
        return r < 0 ? clew_cli_fail(c->cli, r, &err) : 0;
}

/* ---- diff ------------------------------------------------------------------------------------ */

static void print_line(void *context, char mark, struct clew_slice text)
{
        struct rubric_command *c = context;
        CLEW_BUFFER safe = {0};

        clew_buffer_init(&safe, 16 * CLEW_RUBRIC_BYTES_MAX);
        clew_safe_line(&safe, text, CLEW_NO_WIDTH_LIMIT, c->look.ascii);
        fprintf(c->cli->out, "%c %.*s\n", mark, (int)safe.len, (const char *)safe.data);
}

static int diff(struct rubric_command *c)
{
        struct clew_rubric x;
        struct clew_rubric y;
        int r = need(c, 2, "diff NAME@A NAME@B");

        if (r == 0)
                r = get(c, c->args.values[1], &x);
        if (r == 0)
                r = get(c, c->args.values[2], &y);
        if (r != 0)
                return r;
        r = clew_rubric_diff(x.text, y.text, &c->arena, print_line, c);
        return r < 0 ? clew_cli_fail(c->cli, r, NULL) : 0;
}

static int dispatch(struct rubric_command *c)
{
        static const struct {
                const char *name;
                int (*run)(struct rubric_command *c);
        } verbs[] = {
                {"add", add}, {"show", show}, {"list", list}, {"history", list}, {"diff", diff}};

        for (size_t i = 0; c->args.n > 0 && i < CLEW_ARRAY_LEN(verbs); i++) {
                if (strcmp(c->args.values[0], verbs[i].name) == 0)
                        return verbs[i].run(c);
        }
        clew_cli_error(c->cli,
                       "clew rubric add NAME FILE | show NAME[@V] | list | history NAME | diff "
                       "NAME@A NAME@B");
        return CLEW_EXIT_USAGE;
}

int clew_cmd_rubric(struct clew_cli *cli, int argc, char **argv)
{
        struct rubric_command c = {.cli = cli};
        struct clew_display_flags display = {0};
        struct clew_flag_set shared = {0};
        const struct clew_flag own[] = {
                {"json", 0, NULL, "list, history: JSON lines", .ret_flag = &c.json},
                {0},
        };
        int r;

        clew_display_flags_add(&shared, &display);
        r = clew_options_parse(cli, argc, argv, own, shared.flags, &c.args);
        if (r == 0)
                r = clew_look_init(&c.look, cli, &display);
        clew_arena_init(&c.arena, (size_t)64 << 20);
        if (r == 0)
                r = dispatch(&c);
        clew_arena_deinit(&c.arena);
        return r;
}
