/*
 * `clew share`: one run as a file that opens in a browser without a server. The file is made where
 * the API makes it (query/serve/route-share.c).
 */
#include "query/cli/commands.h"

#include "query/answer/safe.h"
#include "query/cli/open.h"
#include "query/cli/options.h"
#include "query/cli/outfile.h"
#include "query/cli/served.h"
#include "query/review/item-mask.h"
#include "query/serve/serve.h"

#include <string.h>
#include <unistd.h>

#define TARGET_BYTES_MAX 8192u

struct share {
        struct clew_cli *cli;
        const char *output;
        const char *redact;
        uint64_t max_text;
        bool force;
};

/* Everything but letters, digits and a few signs by number. */
static void append_escaped(struct clew_buffer *out, const char *text)
{
        static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                    "-_.~@";

        for (; *text; text++) {
                if (strchr(plain, *text))
                        clew_buffer_append_byte(out, (uint8_t)*text);
                else
                        clew_buffer_printf(out, "%%%02X", (unsigned)(uint8_t)*text);
        }
}

/* The sentence of a refusal (RFC 9457). */
static int refused(struct share *s, const struct clew_serve_answer *a)
{
        CLEW_ARENA arena = {0};
        struct clew_json_reader r =
                clew_json_reader_make(clew_buffer_slice(&a->body), CLEW_JSON_DEPTH_DEFAULT);
        struct clew_slice detail = CLEW_SLICE_LITERAL("the file cannot be made");

        clew_arena_init(&arena, (size_t)1 << 20);
        if (clew_json_next(&r) == CLEW_JSON_OBJECT_BEGIN) {
                while (clew_json_next_member(&r)) {
                        bool is_detail = clew_json_text_is(&r, "detail");

                        if (clew_json_next(&r) == CLEW_JSON_STRING && is_detail)
                                detail = clew_json_string(&r, &arena);
                        else
                                clew_json_skip(&r);
                }
        }
        clew_cli_error(s->cli, "%.*s", (int)detail.len, (const char *)detail.data);
        return a->status >= 500 ? CLEW_EXIT_STORE : CLEW_EXIT_USAGE;
}

static int make(struct share *s, const char *id, struct clew_serve_answer *ret)
{
        struct clew_service service = {.clock = s->cli->clock, .read_only = true};
        struct clew_serve_request request = {.method = CLEW_SLICE_LITERAL("GET"),
                                             .identity = {.scopes = CLEW_SCOPE_READ}};
        CLEW_BUFFER target = {0};
        int r = clew_cli_store(s->cli, CLEW_STORE_READ, &service.store);

        if (r != 0)
                return r;
        clew_buffer_init(&target, TARGET_BYTES_MAX);
        clew_buffer_append_cstr(&target, "/api/v1/traces/");
        append_escaped(&target, id);
        clew_buffer_append_cstr(&target, "/share?redact=");
        append_escaped(&target, s->redact ? s->redact : "all");
        if (s->max_text != UINT64_MAX)
                clew_buffer_printf(&target, "&max-text=%llu", (unsigned long long)s->max_text);
        if (clew_buffer_error(&target) < 0) {
                clew_cli_error(s->cli, "that is no trace id: it is too long");
                return CLEW_EXIT_USAGE;
        }
        request.target = clew_buffer_slice(&target);
        clew_serve(&service, &request, ret);
        return ret->status == 200 ? 0 : refused(s, ret);
}

static bool is_terminal(const struct clew_cli *cli)
{
        const struct clew_command_line *line = clew_served();

        return line ? line->columns > 0 : isatty(fileno(cli->out)) == 1;
}

static int share(struct share *s, const char *id)
{
        struct clew_serve_answer answer;
        struct clew_outfile f = {0};
        bool to_file = s->output && strcmp(s->output, "-") != 0;
        char name[200];
        int closed;
        int r;

        clew_serve_answer_init(&answer);
        r = make(s, id, &answer);
        if (r == 0)
                r = clew_outfile_open(&f, s->cli, s->output, s->force);
        if (r == 0) {
                f.summed = false;
                r = clew_outfile_write(&f, s->cli, clew_buffer_slice(&answer.body));
                closed = clew_outfile_close(&f, s->cli, r == 0);
                r = r ? r : closed;
        }
        if (r == 0 && to_file)
                clew_cli_note(s->cli, "%s: %zu kB, opens in a browser without a server",
                              clew_safe_cstr(clew_slice_of_cstr(s->output), name, sizeof(name)),
                              (answer.body.len + 999) / 1000);
        clew_serve_answer_deinit(&answer);
        return r;
}

int clew_cmd_share(struct clew_cli *cli, int argc, char **argv)
{
        struct share s = {.cli = cli, .max_text = UINT64_MAX};
        const struct clew_flag own[] = {
                {"output", 'o', "FILE", "appears whole or not at all; - is the output",
                 .ret_text = &s.output},
                {"force", 0, NULL, "replace the file when it is there", .ret_flag = &s.force},
                {"redact", 0, "RULES", CLEW_REDACT_HELP, .ret_text = &s.redact},
                {"max-text", 0, "BYTES", "longer texts are cut (65536; 0 = none is)",
                 .ret_number = &s.max_text},
                {0},
        };
        struct clew_arguments args;
        int r = clew_options_parse(cli, argc, argv, own, NULL, &args);

        if (r != 0)
                return r;
        if (args.n != 1) {
                clew_cli_error(cli, "share takes one trace: clew share ID -o run.html");
                return CLEW_EXIT_USAGE;
        }
        if (!s.output && is_terminal(cli)) {
                clew_cli_error(cli, "a page is no text for a terminal: -o run.html names a file");
                return CLEW_EXIT_USAGE;
        }
        return share(&s, args.values[0]);
}
