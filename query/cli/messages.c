/*
 * Messages: to the error stream, safe for a terminal, after what was printed so far.
 */
#include "query/cli/cli.h"

#include "query/answer/safe.h"
#include "query/cli/spool.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

/* The longest sentence quotes a path and a name; what is longer is cut. */
#define MESSAGE_BYTES_MAX ((size_t)16 << 10)

/* Whatever stands in a message (a file's name, a key, what a judge wrote), a terminal may show it.
 */
static void put_message(struct clew_cli *cli, const char *prefix, const char *fmt, va_list args)
{
        CLEW_BUFFER raw = {0};
        CLEW_BUFFER safe = {0};
        uint8_t *room;
        int n;

        clew_buffer_init(&raw, MESSAGE_BYTES_MAX);
        clew_buffer_init(&safe, CLEW_SAFE_GROWTH_MAX * MESSAGE_BYTES_MAX);
        room = clew_buffer_reserve(&raw, MESSAGE_BYTES_MAX);
        n = room ? vsnprintf((char *)room, MESSAGE_BYTES_MAX, fmt, args) : 0;
        if (n > 0)
                clew_buffer_commit(&raw, (size_t)n < MESSAGE_BYTES_MAX ? (size_t)n
                                                                       : MESSAGE_BYTES_MAX - 1);
        clew_safe_block(&safe, clew_buffer_slice(&raw), "", false);
        if (safe.len == 0)
                clew_buffer_append_byte(&safe, '\n');
        fflush(cli->out);
        clew_spool_settle(cli);
        if (cli->pager_pid > 0 && isatty(fileno(cli->err))) {
                clew_buffer_append_cstr(&cli->held, prefix);
                clew_buffer_append_slice(&cli->held, clew_buffer_slice(&safe));
                return;
        }
        fputs(prefix, cli->err);
        fwrite(safe.data, 1, safe.len, cli->err);
}

void clew_cli_error(struct clew_cli *cli, const char *fmt, ...)
{
        va_list args;

        va_start(args, fmt);
        put_message(cli, "clew: ", fmt, args);
        va_end(args);
}

void clew_cli_note(struct clew_cli *cli, const char *fmt, ...)
{
        va_list args;

        va_start(args, fmt);
        put_message(cli, "", fmt, args);
        va_end(args);
}

int clew_cli_fail(struct clew_cli *cli, int code, const struct clew_error *err)
{
        if (err && err->message[0])
                clew_cli_error(cli, "%s", err->message);
        else
                clew_cli_error(cli, "%s", strerror(-code));
        switch (code) {
        case -EACCES:
        case -EPERM:
                return CLEW_EXIT_PERMISSION;
        case -EINVAL:
                return CLEW_EXIT_USAGE;
        default:
                return CLEW_EXIT_STORE;
        }
}
