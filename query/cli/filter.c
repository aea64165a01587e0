/*
 * See filter.h.
 */
#include "query/cli/filter.h"

#include "query/cli/when.h"

#include <string.h>

void clew_filter_flags_add(struct clew_flag_set *set, struct clew_filter_flags *f)
{
        const struct clew_flag flags[] = {
                {"since", 's', "TIME", "started at or after: 90m, 24h, 7d, a date, all",
                 .ret_text = &f->since},
                {"until", 'u', "TIME", "started before", .ret_text = &f->until},
                {"failed", 'f', NULL, "failed, or ended in an error", .ret_flag = &f->failed},
                {"ok", 0, NULL, "ended well", .ret_flag = &f->ok},
                {"open", 0, NULL, "not ended yet", .ret_flag = &f->open},
                {"agent", 'a', "NAME", "has this agent (NAME* = prefix; repeat for or)",
                 .ret_values = &f->agents},
                {"tool", 't', "NAME", "called this tool", .ret_values = &f->tools},
                {"model", 'm', "NAME", "used this model", .ret_values = &f->models},
                {"service", 0, "NAME", "of this service", .ret_values = &f->services},
                {"session", 0, "ID", "of this session", .ret_values = &f->sessions},
                {"user", 0, "ID", "of this user", .ret_values = &f->users},
                {"longer", 0, "LENGTH", "took longer than 5s, 2m ...", .ret_text = &f->longer},
                {"tokens-over", 0, "N", "used more tokens", .ret_number = &f->tokens_over},
        };

        for (size_t i = 0; i < CLEW_ARRAY_LEN(flags); i++)
                clew_flag_set_add(set, flags[i]);
}

static int parse_time(struct clew_cli *cli, const char *flag, const char *text, bool utc,
                      uint64_t *ret_ns)
{
        if (!text || strcmp(text, "all") == 0)
                return 0;
        if (clew_when_parse(text, clew_clock_unix_ns(cli->clock), utc, ret_ns))
                return 0;
        clew_cli_error(cli,
                       "%s: --%s takes an age (90m, 24h, 7d), a date (2026-11-20), "
                       "a date and time, or all; see clew help dates",
                       cli->command, flag);
        return CLEW_EXIT_USAGE;
}

static struct clew_name_filter names_of(const struct clew_flag_values *v)
{
        return (struct clew_name_filter){v->values, v->n};
}

int clew_filter_make(struct clew_cli *cli, const struct clew_filter_flags *flags,
                     const char *since_default, bool utc, struct clew_filter *ret)
{
        struct clew_filter f = {.tokens_over = flags->tokens_over};

        if (parse_time(cli, "since", flags->since ? flags->since : since_default, utc,
                       &f.since_ns) != 0 ||
            parse_time(cli, "until", flags->until, utc, &f.until_ns) != 0)
                return CLEW_EXIT_USAGE;
        if (flags->longer && !clew_when_parse_length(flags->longer, &f.longer_ns)) {
                clew_cli_error(cli, "%s: --longer takes a length of time such as 5s or 2m",
                               cli->command);
                return CLEW_EXIT_USAGE;
        }
        if (flags->failed)
                f.outcomes |= CLEW_OUTCOMES_FAILED;
        if (flags->ok)
                f.outcomes |= CLEW_OUTCOMES_OK;
        if (flags->open)
                f.outcomes |= CLEW_OUTCOME_BIT(CLEW_OUTCOME_OPEN);
        f.agents = names_of(&flags->agents);
        f.tools = names_of(&flags->tools);
        f.models = names_of(&flags->models);
        f.services = names_of(&flags->services);
        f.sessions = names_of(&flags->sessions);
        f.users = names_of(&flags->users);
        *ret = f;
        return 0;
}

int clew_filter_report_damage(struct clew_cli *cli, const struct clew_select *s)
{
        if (s->damaged == 0)
                return CLEW_EXIT_OK;
        clew_cli_error(cli,
                       "%llu trace%s could not be read; first: %s; clew doctor --verify "
                       "names all damage",
                       (unsigned long long)s->damaged, s->damaged == 1 ? "" : "s",
                       s->damage.message);
        return CLEW_EXIT_PARTIAL;
}
