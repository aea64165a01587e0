/*
 * clew: the query tool. Everything is in the clew-cli library; see cli.h.
 */
#include "query/cli/author.h"
#include "query/cli/cli.h"
#include "query/cli/served.h"

#include "proto/base/mem.h"
#include "query/find/index/index.h"
#include "query/model/prices.h"
#include "query/rca/facts.h"

#include <string.h>

/* A trace of 25,000 spans and all that is made of it; what is not touched costs nothing. */
#define HEAP_EXPECTED ((size_t)256 << 20)

#define USER_BYTES 256u

int main(int argc, char **argv)
{
        struct clew_error err = {0};
        struct clew_cli cli;
        char user[USER_BYTES];
        int status;

        clew_mem_expect(HEAP_EXPECTED);
        clew_facts_install();
        clew_index_install();
        clew_cli_init(&cli);
        /* A list that cannot be read costs the costs, not the answer. */
        if (clew_prices_install_default(&err) < 0)
                clew_cli_error(&cli, "%s", err.message);
        if (argc > 1 && strcmp(argv[1], "--served") == 0)
                status = clew_served_main(
                        &cli, clew_cli_author_name(user, sizeof(user)) ? user : NULL, argc, argv);
        else
                status = clew_cli_run(&cli, argc, argv);
        clew_cli_deinit(&cli);
        return status;
}
