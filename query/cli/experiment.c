/*
 * clew experiment: cases of a dataset through any program, and two such runs compared.
 */
#include "query/cli/experiment-int.h"

#include "query/answer/safe.h"
#include "query/cli/author.h"
#include "query/cli/commands.h"
#include "query/cli/open.h"
#include "query/cli/remote.h"
#include "query/cli/served.h"
#include "query/cli/suggest.h"
#include "query/find/statistics.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define JOBS_DEFAULT 1u
#define TIMEOUT_SECONDS 600u

int clew_experiment_open(struct clew_experiment_command *c, const char *name,
                         struct clew_experiment *ret)
{
        struct clew_error err = {0};
        struct clew_view *view;
        char meant[CLEW_MEANT_BYTES];
        char shown[160];
        int r = clew_cli_view(c->cli, &view);

        if (r != 0)
                return r;
        r = clew_experiment_load(view, clew_slice_of_cstr(name), &c->arena, ret, &err);
        if (r == -ENOENT) {
                clew_suggest_meant(c->cli, view, CLEW_NAMES_EXPERIMENTS, clew_slice_of_cstr(name),
                                   meant);
                clew_cli_error(c->cli, "there is no experiment %s%s",
                               clew_safe_cstr(clew_slice_of_cstr(name), shown, sizeof(shown)),
                               meant[0] ? meant : "; clew experiment list names them");
                return CLEW_EXIT_USAGE;
        }
        if (r == -ESRCH) {
                clew_cli_error(c->cli, "%s", err.message);
                return CLEW_EXIT_USAGE;
        }
        return r < 0 ? clew_cli_fail(c->cli, r, &err) : 0;
}

void clew_experiment_tell_passed(struct clew_experiment_command *c, uint64_t passed, uint64_t n)
{
        struct clew_interval i;

        clew_wilson(passed, n, &i.low, &i.high);
        clew_cli_note(
                c->cli, "%" PRIu64 " of %" PRIu64 " passed, %.1f %% (95 %% interval %.1f to %.1f)",
                passed, n, n ? 100.0 * (double)passed / (double)n : 0, 100 * i.low, 100 * i.high);
}

static int dispatch(struct clew_experiment_command *c)
{
        const char *verb = c->args.n ? c->args.values[0] : "";
        bool runs = strcmp(verb, "run") == 0;
        int r;

        if (c->cli->url && !runs)
                return clew_remote_run(c->cli, clew_command_find(c->words[0]), c->n_words,
                                       c->words);
        if (runs && c->cli->url)
                return clew_experiment_run(c);
        if (runs && clew_served() && !c->part) {
                clew_cli_error(c->cli, "a server starts no programs: clew --url does it at home");
                return CLEW_EXIT_USAGE;
        }
        if (strcmp(verb, "list") == 0)
                return clew_experiment_list(c);
        if (strcmp(verb, "show") == 0)
                return clew_experiment_show(c);
        if (strcmp(verb, "compare") == 0)
                return clew_experiment_compare_command(c);
        if (runs) {
                r = clew_cli_author(c->cli, c->author, sizeof(c->author));
                if (r == 0)
                        r = c->part ? clew_experiment_part(c) : clew_experiment_run(c);
                return r;
        }
        clew_cli_error(c->cli, "clew experiment run NAME | compare A B | list | show NAME");
        return CLEW_EXIT_USAGE;
}

int clew_cmd_experiment(struct clew_cli *cli, int argc, char **argv)
{
        struct clew_experiment_command c = {.cli = cli,
                                            .jobs = JOBS_DEFAULT,
                                            .repeat = 1,
                                            .seed = 1,
                                            .timeout_seconds = TIMEOUT_SECONDS};
        struct clew_display_flags display = {0};
        struct clew_flag_set shared = {0};
        const struct clew_flag own[] = {
                {"dataset", 0, "NAME@V", "run: the cases", .ret_text = &c.dataset},
                {"cmd", 0, "COMMAND", "run: reads a case as JSON, prints the answer",
                 .ret_text = &c.command},
                {"check", 0, "CHECK",
                 "run: exit, equals, contains[:TEXT], regex:P, json, calls, number[:TOLERANCE], "
                 "judge:COMMAND (repeat for more; exit, contains, calls where there is something "
                 "expected)",
                 .ret_values = &c.checks},
                {"rubric", 0, "NAME@V", "run: criteria that the judge is told",
                 .ret_text = &c.rubric},
                {"jobs", 'j', "N", "run: so many at once (1)", .ret_number = &c.jobs},
                {"repeat", 0, "K", "run: each case K times (1)", .ret_number = &c.repeat},
                {"timeout", 0, "SECONDS", "run: for one answer (600)",
                 .ret_number = &c.timeout_seconds},
                {"endpoint", 0, "URL", "run: where the program sends its OTLP",
                 .ret_text = &c.endpoint},
                {"fail-if", 0, "'broken > 0'", "compare: exit 1 when it holds",
                 .ret_values = &c.fail_if},
                {"junit", 0, "FILE", "compare: write it as JUnit XML too", .ret_text = &c.junit},
                {"markdown", 0, NULL, "compare: as a comment for a change",
                 .ret_flag = &c.markdown},
                {"seed", 0, "N", "compare: of the bootstrap (1)", .ret_number = &c.seed},
                {"json", 0, NULL, "list, show: JSON lines; compare: one JSON object",
                 .ret_flag = &c.json},
                {clew_served() ? "part" : NULL, 0, "PART", "", .ret_text = &c.part},
                {0},
        };
        int r;

        clew_display_flags_add(&shared, &display);
        clew_arena_init(&c.arena, CLEW_EXPERIMENT_ARENA_MAX);
        c.n_words = argc;
        c.words = clew_remote_keep_words(cli, argc, argv, &c.arena);
        if (!c.words)
                return CLEW_EXIT_STORE;
        r = clew_options_parse(cli, argc, argv, own, shared.flags, &c.args);
        if (r == 0)
                r = clew_look_init(&c.look, cli, &display);
        if (r == 0)
                r = dispatch(&c);
        clew_arena_deinit(&c.arena);
        return r;
}
