/*
 * Texts for people. Kept in one file so that they can be read and corrected in one go.
 */
#include "query/cli/help.h"

#include "query/cli/commands.h"
#include "query/cli/options.h"

#include <string.h>

void clew_help_overview(FILE *out)
{
        const char *group = "";

        fputs("clew [--store DIR] COMMAND [ARGUMENTS]\n\n", out);
        for (const struct clew_command *c = clew_commands(); c->name; c++) {
                fprintf(out, "%-9s %-11s %s\n", strcmp(group, c->group) == 0 ? "" : c->group,
                        c->name, c->help);
                group = c->group;
        }
        fputs("\nThe store is --store, else $CLEW_STORE, else " CLEW_STORE_DIR_DEFAULT
              ". clew COMMAND --help lists its flags.\n"
              "Topics: clew help ids, exit, formats, dates\n",
              out);
}

/* The help of a command is its own --help, so that flags are listed where they are declared. */
static int help_command(struct clew_cli *cli, const struct clew_command *command)
{
        char name[32];
        char flag[] = "--help";
        char *argv[] = {name, flag, NULL};

        snprintf(name, sizeof(name), "%s", command->name);
        cli->command = command->name;
        return command->run(cli, 2, argv);
}

int clew_cmd_help(struct clew_cli *cli, int argc, char **argv)
{
        const struct clew_command *command;
        struct clew_arguments args;
        int r;

        r = clew_options_parse(cli, argc, argv, NULL, NULL, &args);
        if (r != 0)
                return r;
        if (args.n == 0) {
                clew_help_overview(cli->out);
                return CLEW_EXIT_OK;
        }
        command = clew_command_find(args.values[0]);
        if (command)
                return help_command(cli, command);
        clew_cli_error(cli, "no help on that; clew help lists commands and topics");
        return CLEW_EXIT_USAGE;
}

int clew_cmd_version(struct clew_cli *cli, int argc, char **argv)
{
        struct clew_arguments args;
        int r;

        r = clew_options_parse(cli, argc, argv, NULL, NULL, &args);
        if (r != 0)
                return r;
        fputs("clew " CLEW_VERSION "\n", cli->out);
        return CLEW_EXIT_OK;
}
