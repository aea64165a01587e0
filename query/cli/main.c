/*
 * clew: the query tool. Everything is in the clew-cli library; see cli.h.
 */
#include "query/cli/cli.h"

#include "query/rca/facts.h"

int main(int argc, char **argv)
{
        struct clew_cli cli;
        int status;

        clew_facts_install();
        clew_cli_init(&cli);
        status = clew_cli_run(&cli, argc, argv);
        clew_cli_deinit(&cli);
        return status;
}
