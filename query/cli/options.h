/*
 * Flags of one command: what it declares is what it accepts, and what `clew help COMMAND` prints.
 *
 * A command declares an array of struct clew_flag that point at its own variables and calls
 * clew_options_parse(). Long flags are `--name`, `--name VALUE` or `--name=VALUE`, letters may be
 * joined (`-fq`, `-n5`), `--` ends them; flags and arguments may be mixed. Nothing is abbreviated:
 * a script that works today works tomorrow.
 */
#ifndef CLEW_QUERY_CLI_OPTIONS_H
#define CLEW_QUERY_CLI_OPTIONS_H

#include "proto/base/compiler.h"
#include "query/cli/cli.h"
#include "query/serve/flags.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Arguments of one command. More is a mistake of a script. */
#define CLEW_ARGUMENTS_MAX 4096

struct clew_arguments {
        char **values; /* borrowed from argv; the array is argv's own memory, reordered */
        size_t n;
};

/*
 * Reads argv[1..] by the flags of both arrays (each may be NULL). On a mistake it prints what is
 * wrong and returns CLEW_EXIT_USAGE; when --help or -h is among them it prints the command's help
 * and returns CLEW_OPTIONS_HELP; else 0.
 */
#define CLEW_OPTIONS_HELP (-1)
CLEW_MUST_USE int clew_options_parse(struct clew_cli *cli, int argc, char **argv,
                                     const struct clew_flag *own, const struct clew_flag *shared,
                                     struct clew_arguments *ret);

/* Prints the flags of one array, one a line. */
void clew_options_print(FILE *out, const struct clew_flag *flags);

#endif
