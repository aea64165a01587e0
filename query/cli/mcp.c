/*
 * clew mcp: the Model Context Protocol on standard input and output, one message a line, so that a
 * coding agent can ask about its own runs. Nothing else is written to standard output. With --url
 * it hands on what the server's /mcp answers.
 */
#include "query/mcp/mcp.h"

#include "query/cli/author.h"
#include "query/cli/commands.h"
#include "query/cli/mcp-remote.h"
#include "query/cli/open.h"
#include "query/cli/options.h"
#include "query/review/record.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES 65536u

struct mcp_command {
        struct clew_cli *cli;
        struct clew_mcp mcp;
        struct clew_buffer in;
        struct clew_buffer out;
        bool too_long; /* the rest of a line that is not taken is passed over */
};

static int answer(struct mcp_command *c, struct clew_slice line)
{
        int r;

        while (line.len > 0 && (line.data[line.len - 1] == '\r' || line.data[line.len - 1] == ' '))
                line.len--;
        if (line.len == 0)
                return 0;
        clew_buffer_clear(&c->out);
        if (c->cli->url) {
                r = clew_mcp_relay(c->cli, c->mcp.may_annotate, line, &c->out);
                if (r != 0)
                        return r;
        } else {
                r = clew_mcp_answer(&c->mcp, line, &c->out);
                if (r < 0)
                        return clew_cli_fail(c->cli, r, NULL);
        }
        if (c->out.len == 0)
                return 0;
        clew_buffer_append_byte(&c->out, '\n');
        if (fwrite(c->out.data, 1, c->out.len, c->cli->out) != c->out.len ||
            fflush(c->cli->out) != 0)
                return CLEW_EXIT_STORE; /* whoever asked is gone */
        return 0;
}

/* A line that is longer than a message may be is answered as what is no JSON. */
static int answer_too_long(struct mcp_command *c)
{
        c->too_long = false;
        return answer(c, CLEW_SLICE_LITERAL("{"));
}

/* Answers the whole lines that were read. */
static int answer_lines(struct mcp_command *c)
{
        struct clew_slice left = clew_buffer_slice(&c->in);
        int r = 0;

        while (r == 0) {
                const uint8_t *end = left.len ? memchr(left.data, '\n', left.len) : NULL;
                size_t len = end ? (size_t)(end - left.data) : 0;

                if (!end)
                        break;
                r = c->too_long ? answer_too_long(c) : answer(c, clew_slice_make(left.data, len));
                left = clew_slice_from(left, len + 1);
        }
        if (left.len)
                memmove(c->in.data, left.data, left.len);
        c->in.len = left.len;
        if (c->in.len >= CLEW_MCP_MESSAGE_MAX) {
                c->too_long = true;
                clew_buffer_clear(&c->in);
        }
        return r;
}

static int serve(struct mcp_command *c)
{
        int r = 0;

        while (r == 0) {
                uint8_t *p = clew_buffer_reserve(&c->in, READ_BYTES);
                ssize_t n;

                if (!p)
                        return clew_cli_fail(c->cli, -ENOMEM, NULL);
                n = read(STDIN_FILENO, p, READ_BYTES);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return clew_cli_fail(c->cli, -errno, NULL);
                if (n == 0) /* the end, perhaps in the middle of a line */
                        return c->too_long ? 0 : answer(c, clew_buffer_slice(&c->in));
                clew_buffer_commit(&c->in, (size_t)n);
                r = answer_lines(c);
        }
        return r;
}

int clew_cmd_mcp(struct clew_cli *cli, int argc, char **argv)
{
        struct mcp_command c = {.cli = cli};
        struct clew_service service = {.clock = cli->clock};
        bool may_annotate = false;
        const struct clew_flag own[] = {
                {"allow-annotate", 0, NULL, "offer the tool that labels, scores and notes",
                 .ret_flag = &may_annotate},
                {0},
        };
        char author[CLEW_NAME_BYTES_MAX + 1] = "";
        struct clew_arguments args;
        int r = clew_options_parse(cli, argc, argv, own, NULL, &args);

        if (r == 0 && args.n > 0) {
                clew_cli_error(cli, "mcp takes no argument");
                r = CLEW_EXIT_USAGE;
        }
        if (r == 0 && cli->url)
                r = clew_mcp_relay_check(cli);
        if (r == 0 && may_annotate && !cli->url)
                r = clew_cli_author(cli, author, sizeof(author));
        if (r == 0 && !cli->url)
                r = may_annotate ? clew_cli_store_existing(cli, &service.store)
                                 : clew_cli_store(cli, CLEW_STORE_READ, &service.store);
        if (r != 0)
                return r;
        service.author = author;
        service.read_only = !may_annotate;
        c.mcp = (struct clew_mcp){
                .service = &service,
                .identity = {.scopes = CLEW_SCOPE_READ | (may_annotate ? CLEW_SCOPE_ANNOTATE : 0)},
                .may_annotate = may_annotate};
        clew_buffer_init(&c.in, CLEW_MCP_MESSAGE_MAX + 2 * READ_BYTES);
        clew_buffer_init(&c.out, CLEW_MCP_ANSWER_MAX);
        r = serve(&c);
        clew_buffer_deinit(&c.in);
        clew_buffer_deinit(&c.out);
        return r;
}
