/*
 * The program's life: global options, finding the command, running it, and what is left to close.
 */
#include "query/cli/cli.h"

#include "query/answer/safe.h"
#include "query/cli/commands.h"
#include "query/cli/help.h"
#include "query/cli/options.h"
#include "query/cli/remote.h"
#include "query/cli/spool.h"
#include "query/cli/terminal.h"
#include "query/serve/filter.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Messages that wait for the pager; more are left out. */
#define HELD_BYTES_MAX ((size_t)1 << 20)

static const char *env_text(const char *name)
{
        const char *v = getenv(name);

        return v && *v ? v : NULL;
}

void clew_cli_init(struct clew_cli *cli)
{
        const char *dir = getenv("CLEW_STORE");

        *cli = (struct clew_cli){
                .out = stdout,
                .err = stderr,
                .clock = clew_clock_system(),
                .store_dir = dir && *dir ? dir : CLEW_STORE_DIR_DEFAULT,
                .url = env_text("CLEW_URL"),
                .token_file = env_text("CLEW_TOKEN_FILE"),
                .ca_file = env_text("CLEW_CA_FILE"),
        };
        snprintf(cli->self, sizeof(cli->self), "clew");
        clew_buffer_init(&cli->held, HELD_BYTES_MAX);
}

void clew_cli_deinit(struct clew_cli *cli)
{
        clew_cli_close_store(cli);
        while (cli->n_query_sets > 0)
                clew_query_set_free(cli->query_sets[--cli->n_query_sets]);
        clew_spool_finish(cli);
        clew_pager_wait(cli);
        clew_buffer_deinit(&cli->held);
}

/* A directory that a shell would read otherwise is quoted; one with a quote in it is left out. */
static void name_store(struct clew_cli *cli, const char *dir)
{
        size_t plain = strspn(dir, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                   "/._-+,:@%=");
        const char *quote = dir[plain] ? "'" : "";

        cli->store_dir = dir;
        if (strlen(dir) + sizeof("clew --store ''") <= sizeof(cli->self) && !strchr(dir, '\''))
                snprintf(cli->self, sizeof(cli->self), "clew --store %s%s%s", quote, dir, quote);
}

/* A store or a server: what is named beats the environment. */
static bool choose(struct clew_cli *cli, bool store, bool url)
{
        if (store && url) {
                clew_cli_error(cli, "--store and --url name two places: choose one");
                return false;
        }
        if (store)
                cli->url = NULL;
        return true;
}

/* Reads what stands before the command. Returns the index of the command, or -1 after a message. */
static int global_options(struct clew_cli *cli, int argc, char **argv)
{
        bool url = false;
        bool store = false;
        bool wrong = false;

        for (int i = 1; i < argc; i++) {
                const char *a = argv[i];

                if (a[0] != '-' || strcmp(a, "--help") == 0 || strcmp(a, "-h") == 0 ||
                    strcmp(a, "--version") == 0)
                        return choose(cli, store, url) ? i : -1;
                if (strcmp(a, "--store") == 0 && i + 1 < argc) {
                        name_store(cli, argv[++i]);
                        store = true;
                } else if (strncmp(a, "--store=", 8) == 0) {
                        name_store(cli, a + 8);
                        store = true;
                } else if (clew_remote_option(cli, argc, argv, &i, &wrong)) {
                        url = url || strncmp(a, "--url", 5) == 0;
                        if (wrong)
                                return -1;
                } else if (strcmp(a, "--sealed-only") == 0) {
                        cli->sealed_only = true;
                } else {
                        clew_cli_error(cli, strcmp(a, "--store") == 0
                                                    ? "--store needs a directory"
                                                    : "unknown option before the command; there "
                                                      "are --store DIR, --sealed-only, --url URL, "
                                                      "--token-file F, --ca-file F (see clew "
                                                      "help)");
                        return -1;
                }
        }
        return argc;
}

static int dispatch(struct clew_cli *cli, int argc, char **argv)
{
        const struct clew_command *command;
        char shown[64];
        const char *near;
        int at = global_options(cli, argc, argv);

        if (at < 0)
                return CLEW_EXIT_USAGE;
        if (at == argc) {
                clew_help_overview(cli->err);
                return CLEW_EXIT_USAGE;
        }
        if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0) {
                clew_help_overview(cli->out);
                return CLEW_EXIT_OK;
        }
        command = clew_command_find(strcmp(argv[at], "--version") == 0 ? "version" : argv[at]);
        if (!command) {
                near = clew_command_nearest(argv[at]);
                clew_cli_error(cli, "%s: no such command%s%s%s",
                               clew_safe_cstr(clew_slice_of_cstr(argv[at]), shown, sizeof(shown)),
                               near ? "; did you mean clew " : "", near ? near : "",
                               near ? "?" : " (see clew help)");
                return CLEW_EXIT_USAGE;
        }
        cli->command = command->name;
        if (cli->url && cli->sealed_only) {
                clew_cli_error(cli, "--sealed-only is for a store of this machine, not for --url");
                return CLEW_EXIT_USAGE;
        }
        if (cli->url)
                clew_remote_name_self(cli);
        if (cli->url && command->served != CLEW_SERVED_HOME && !command->parts)
                return clew_remote_run(cli, command, argc - at, argv + at);
        return command->run(cli, argc - at, argv + at);
}

int clew_cli_run(struct clew_cli *cli, int argc, char **argv)
{
        int status = dispatch(cli, argc, argv);

        if (status == CLEW_OPTIONS_HELP)
                status = CLEW_EXIT_OK;
        if (fflush(cli->out) != 0 || ferror(cli->out)) {
                clew_cli_error(cli, "cannot write the output: %s", strerror(errno));
                return CLEW_EXIT_STORE;
        }
        return status;
}
