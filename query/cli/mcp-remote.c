/*
 * See mcp-remote.h. A message that cannot be delivered is answered as JSON-RPC 2.0 says, so that
 * who waits for it does not wait for ever.
 */
#include "query/cli/mcp-remote.h"

#include "proto/base/json.h"
#include "query/answer/safe.h"
#include "query/cli/http-client.h"
#include "query/cli/remote.h"
#include "query/mcp/mcp.h"

#include <errno.h>
#include <string.h>

/* The tool that writes is offered when it was asked for, whatever the key allows. */
#define PATH "/mcp?annotate=off"
#define PATH_ANNOTATE "/mcp?annotate=on"
/* What a server says when it refuses. */
#define REFUSAL_BYTES_MAX ((size_t)64 << 10)
/* Of errors that are the carrier's, not a tool's (JSON-RPC 2.0, section 5.1). */
#define CODE_UNDELIVERED (-32000)
#define SAID_BYTES 600u

struct relay {
        struct clew_buffer *out;
        struct clew_buffer refusal;
};

static bool take(void *context, unsigned status, struct clew_slice bytes)
{
        struct relay *r = context;
        struct clew_buffer *to = status == 200 ? r->out : &r->refusal;

        clew_buffer_append_slice(to, bytes);
        return clew_buffer_error(to) == 0;
}

/* The message's "id", as it stands there; false: it has none that is answered. */
static bool write_id(struct clew_json_writer *w, struct clew_slice message)
{
        struct clew_json_reader j = clew_json_reader_make(message, CLEW_JSON_DEPTH_DEFAULT);

        if (clew_json_next(&j) != CLEW_JSON_OBJECT_BEGIN)
                return false;
        while (clew_json_next_member(&j)) {
                bool is_id = clew_json_text_is(&j, "id");
                enum clew_json_token t = clew_json_next(&j);

                if (is_id && (t == CLEW_JSON_STRING || t == CLEW_JSON_NUMBER)) {
                        clew_json_write_key(w, "id");
                        clew_json_write_token(w, &j);
                        return true;
                }
                clew_json_skip(&j);
        }
        return false;
}

static int answer_undelivered(struct clew_slice message, const char *why, struct clew_buffer *out)
{
        struct clew_json_writer w = clew_json_writer_make(out, 0);

        clew_buffer_clear(out);
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "jsonrpc");
        clew_json_write_cstr(&w, "2.0");
        if (!write_id(&w, message)) {
                clew_buffer_clear(out);
                return 0;
        }
        clew_json_write_key(&w, "error");
        clew_json_write_object_begin(&w);
        clew_json_write_key(&w, "code");
        clew_json_write_int64(&w, CODE_UNDELIVERED);
        clew_json_write_key(&w, "message");
        clew_json_write_cstr(&w, why);
        clew_json_write_object_end(&w);
        clew_json_write_object_end(&w);
        return clew_buffer_error(out);
}

/* The "detail" of a problem (RFC 9457), or what the status says alone. */
static void explain(struct relay *r, unsigned status, char ret[SAID_BYTES])
{
        CLEW_ARENA arena = {0};
        struct clew_slice detail;
        char shown[SAID_BYTES - 64];

        clew_arena_init(&arena, 2 * REFUSAL_BYTES_MAX);
        detail = clew_remote_detail(clew_buffer_slice(&r->refusal), &arena);
        (void)snprintf(ret, SAID_BYTES, "%s (HTTP %u of the server)",
                       detail.len ? clew_safe_cstr(detail, shown, sizeof(shown))
                                  : "no clewd of this version answers there",
                       status);
}

/* 0 = @out has the answer; 1 = it was not delivered, and @why says why; an exit status, negative,
 * after a message. */
static int deliver(struct clew_cli *cli, bool may_annotate, struct clew_slice message,
                   struct clew_buffer *out, char why[SAID_BYTES])
{
        char url[CLEW_URL_BYTES_MAX];
        char token[CLEW_TOKEN_BYTES_MAX];
        struct clew_error err = {0};
        struct relay r = {.out = out};
        struct clew_http_question q = {
                .url = url, .ca_file = cli->ca_file, .body = message, .take = take, .context = &r};
        unsigned status = 0;
        int e = clew_remote_target(cli, may_annotate ? PATH_ANNOTATE : PATH, url, token);

        if (e != 0)
                return -e;
        q.token = token[0] ? token : NULL;
        clew_buffer_init(&r.refusal, REFUSAL_BYTES_MAX);
        e = clew_http_ask(&q, &status, &err);
        explicit_bzero(token, sizeof(token));
        if (e < 0)
                (void)snprintf(why, SAID_BYTES, "%s",
                               e == -ECANCELED ? "the server's answer is too long" : err.message);
        else if (status != 200 && status != 202)
                explain(&r, status, why);
        clew_buffer_deinit(&r.refusal);
        return e < 0 || (status != 200 && status != 202);
}

int clew_mcp_relay(struct clew_cli *cli, bool may_annotate, struct clew_slice message,
                   struct clew_buffer *out)
{
        char why[SAID_BYTES];
        int r = deliver(cli, may_annotate, message, out, why);

        if (r == 1 && answer_undelivered(message, why, out) < 0)
                return clew_cli_fail(cli, -ENOMEM, NULL);
        return r < 0 ? -r : 0;
}

int clew_mcp_relay_check(struct clew_cli *cli)
{
        CLEW_BUFFER out = {0};
        char why[SAID_BYTES];
        int r;

        clew_buffer_init(&out, CLEW_MCP_ANSWER_MAX);
        r = deliver(cli, false,
                    CLEW_SLICE_LITERAL("{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"ping\"}"), &out,
                    why);
        if (r == 1) {
                clew_cli_error(cli, "%s", why);
                return CLEW_EXIT_STORE;
        }
        return -r;
}
