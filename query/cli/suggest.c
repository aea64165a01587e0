/*
 * See suggest.h.
 */
#include "query/cli/suggest.h"

#include "query/answer/safe.h"

#include <string.h>

#define NAMES_ARENA_MAX ((size_t)64 << 20)
#define SHOWN_BYTES 256u

static void tell_one(struct clew_cli *cli, const char *what, const struct clew_names *names,
                     struct clew_slice asked)
{
        struct clew_slice best = clew_names_nearest(names, asked);
        char shown[SHOWN_BYTES];
        char meant[SHOWN_BYTES];

        /* A prefix is meant as one. */
        if (best.len > 0 && asked.data[asked.len - 1] != '*')
                clew_cli_note(cli, "no %s is named \"%s\"; did you mean \"%s\"?", what,
                              clew_safe_cstr(asked, shown, sizeof(shown)),
                              clew_safe_cstr(best, meant, sizeof(meant)));
}

static void tell(struct clew_cli *cli, struct clew_view *view, const char *what,
                 enum clew_names_of of, const struct clew_flag_values *values)
{
        CLEW_ARENA arena = {0};
        struct clew_names names;

        if (values->n == 0)
                return;
        clew_arena_init(&arena, NAMES_ARENA_MAX);
        if (clew_names_gather(view, of, CLEW_SUGGEST_TRACES_MAX, 0, cli->clock, &arena, &names) < 0)
                return;
        for (size_t i = 0; i < values->n; i++)
                tell_one(cli, what, &names, clew_slice_of_cstr(values->values[i]));
}

void clew_suggest_names(struct clew_cli *cli, struct clew_view *view,
                        const struct clew_filter_flags *flags)
{
        tell(cli, view, "agent", CLEW_NAMES_AGENTS, &flags->agents);
        tell(cli, view, "tool", CLEW_NAMES_TOOLS, &flags->tools);
        tell(cli, view, "model", CLEW_NAMES_MODELS, &flags->models);
        tell(cli, view, "service", CLEW_NAMES_SERVICES, &flags->services);
        tell(cli, view, "session", CLEW_NAMES_SESSIONS, &flags->sessions);
        tell(cli, view, "user", CLEW_NAMES_USERS, &flags->users);
        tell(cli, view, "label", CLEW_NAMES_LABELS, &flags->labels);
        tell(cli, view, "rule", CLEW_NAMES_RULES, &flags->causes);
}

const char *clew_suggest_meant(struct clew_cli *cli, struct clew_view *view, enum clew_names_of of,
                               struct clew_slice asked, char ret[CLEW_MEANT_BYTES])
{
        CLEW_ARENA arena = {0};
        struct clew_names names;
        struct clew_slice best;
        char shown[SHOWN_BYTES];

        ret[0] = '\0';
        clew_arena_init(&arena, NAMES_ARENA_MAX);
        if (clew_names_gather(view, of, 0, 0, cli->clock, &arena, &names) < 0)
                return ret;
        best = clew_names_nearest(&names, asked);
        if (best.len > 0)
                snprintf(ret, CLEW_MEANT_BYTES, "; did you mean %s?",
                         clew_safe_cstr(best, shown, sizeof(shown)));
        return ret;
}
