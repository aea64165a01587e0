/*
 * See terminal.h. Only the sixteen basic colours are used: people have chosen theirs.
 */
#include "query/cli/terminal.h"

#include "proto/base/number.h"
#include "query/cli/served.h"
#include "query/cli/spool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

void clew_display_flags_add(struct clew_flag_set *set, struct clew_display_flags *d)
{
        const struct clew_flag flags[] = {
                {"wide", 0, NULL, "do not cut lines to the screen", .ret_flag = &d->wide},
                {"ascii", 0, NULL, "ASCII only", .ret_flag = &d->ascii},
                {"utc", 0, NULL, "times in UTC, not local", .ret_flag = &d->utc},
                {"color", 0, "WHEN", "auto, always or never", .ret_text = &d->color},
                {"no-pager", 0, NULL, "do not page long output", .ret_flag = &d->no_pager},
        };

        for (size_t i = 0; i < CLEW_ARRAY_LEN(flags); i++)
                clew_flag_set_add(set, flags[i]);
}

static const char *env_text(const char *name)
{
        const char *v = getenv(name);

        return v && *v ? v : NULL;
}

/* Flag, then NO_COLOR, then CLICOLOR_FORCE, then CLICOLOR, then what standard output is. */
static bool wants_colour(const char *flag, bool is_terminal)
{
        const char *term = getenv("TERM");
        const char *force = env_text("CLICOLOR_FORCE");
        const char *clicolor = env_text("CLICOLOR");

        if (flag && strcmp(flag, "always") == 0)
                return true;
        if (flag && strcmp(flag, "never") == 0)
                return false;
        if (env_text("NO_COLOR"))
                return false;
        if (force && strcmp(force, "0") != 0)
                return true;
        if (clicolor && strcmp(clicolor, "0") == 0)
                return false;
        return is_terminal && term && strcmp(term, "dumb") != 0;
}

static size_t columns_of(int fd)
{
        const char *env = env_text("COLUMNS");
        struct winsize size;
        uint64_t n = 0;

        if (env && clew_parse_uint64(clew_slice_of_cstr(env), &n) && n > 0)
                ;
        else if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
                n = size.ws_col;
        else
                n = CLEW_COLUMNS_DEFAULT;
        if (n < CLEW_COLUMNS_MIN)
                return CLEW_COLUMNS_MIN;
        return n > CLEW_COLUMNS_MAX ? CLEW_COLUMNS_MAX : (size_t)n;
}

int clew_look_init(struct clew_look *ret, struct clew_cli *cli,
                   const struct clew_display_flags *flags)
{
        const struct clew_command_line *words = clew_served();
        int fd = fileno(cli->out);

        if (flags->color && strcmp(flags->color, "auto") != 0 &&
            strcmp(flags->color, "always") != 0 && strcmp(flags->color, "never") != 0) {
                clew_cli_error(cli, "--color takes auto, always or never");
                return CLEW_EXIT_USAGE;
        }
        *ret = (struct clew_look){
                /* A program or a file reads what is no terminal: nothing is cut for it. */
                .columns = flags->wide || (!isatty(fd) && !env_text("COLUMNS")) ? SIZE_MAX
                                                                                : columns_of(fd),
                .colour = wants_colour(flags->color, isatty(fd)),
                .ascii = flags->ascii,
                .utc = flags->utc,
        };
        if (words) { /* the terminal is that of who asks */
                ret->columns = flags->wide || words->columns == 0 ? SIZE_MAX : words->columns;
                ret->colour = flags->color && strcmp(flags->color, "auto") != 0 ? ret->colour
                                                                                : words->colour;
        }
        return 0;
}

const char *clew_look_begin(const struct clew_look *look, enum clew_tone tone)
{
        static const char *const codes[CLEW_TONE_COUNT] = {
                [CLEW_TONE_PLAIN] = "",         [CLEW_TONE_DIM] = "\033[2m",
                [CLEW_TONE_STRONG] = "\033[1m", [CLEW_TONE_BAD] = "\033[31m",
                [CLEW_TONE_WARN] = "\033[33m",  [CLEW_TONE_GOOD] = "\033[32m",
                [CLEW_TONE_AGENT] = "\033[35m", [CLEW_TONE_LLM] = "\033[36m",
                [CLEW_TONE_TOOL] = "\033[34m",
        };

        return look->colour ? codes[tone] : "";
}

const char *clew_look_end(const struct clew_look *look, enum clew_tone tone)
{
        return look->colour && tone != CLEW_TONE_PLAIN ? "\033[0m" : "";
}

static void run_pager(int from)
{
        const char *pager = env_text("CLEW_PAGER");

        if (!pager)
                pager = env_text("PAGER");
        if (!pager)
                pager = "less -FIRX";
        if (dup2(from, STDIN_FILENO) < 0)
                _exit(127);
        close(from);
        execlp("sh", "sh", "-c", pager, (char *)NULL);
        _exit(127);
}

void clew_pager_start(struct clew_cli *cli, const struct clew_display_flags *flags)
{
        const char *pager = getenv("CLEW_PAGER");
        int ends[2];
        pid_t pid;

        if (clew_served() && !flags->no_pager)
                (void)clew_served_frame(CLEW_FRAME_PAGE, -1, CLEW_SLICE_NULL);
        if (flags->no_pager || cli->out != stdout || !isatty(STDOUT_FILENO) ||
            (pager && (*pager == '\0' || strcmp(pager, "cat") == 0)) || cli->pager_pid > 0)
                return;
        fflush(cli->out);
        if (pipe(ends) < 0)
                return;
        pid = fork();
        if (pid == 0) {
                close(ends[1]);
                run_pager(ends[0]);
        }
        close(ends[0]);
        if (pid > 0 && dup2(ends[1], STDOUT_FILENO) >= 0)
                cli->pager_pid = pid;
        close(ends[1]);
        if (cli->view)
                clew_spool_start(cli);
}

void clew_pager_wait(struct clew_cli *cli)
{
        int status;

        if (cli->pager_pid <= 0)
                return;
        fflush(cli->out);
        close(STDOUT_FILENO); /* the pager sees the end */
        while (waitpid((pid_t)cli->pager_pid, &status, 0) < 0 && errno == EINTR)
                ;
        cli->pager_pid = 0;
        fwrite(cli->held.data, 1, cli->held.len, cli->err);
        clew_buffer_clear(&cli->held);
}
