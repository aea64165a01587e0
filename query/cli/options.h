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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Values of one repeated flag, and arguments of one command. More is a mistake of a script. */
#define CLEW_FLAG_VALUES_MAX 64
#define CLEW_ARGUMENTS_MAX 4096

/* The values of a flag that may be given several times. The strings are argv's. */
struct clew_flag_values {
        const char *values[CLEW_FLAG_VALUES_MAX];
        size_t n;
};

/* Exactly one of the ret_* pointers is set. */
struct clew_flag {
        const char *name;  /* without "--"; NULL ends the array */
        char letter;       /* 0 = none */
        const char *value; /* name of the value in the help text; NULL for ret_flag */
        const char *help;
        bool *ret_flag;
        const char **ret_text; /* last one wins; borrowed from argv */
        struct clew_flag_values *ret_values;
        uint64_t *ret_number; /* decimal, no sign */
};

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

/*
 * An array of flags put together from parts: struct clew_flag_set shared = {0}; then the add
 * functions of the parts (clew_display_flags_add() and its like); then pass shared.flags.
 */
#define CLEW_FLAGS_MAX 48 /* a command with more needs another design */
struct clew_flag_set {
        struct clew_flag flags[CLEW_FLAGS_MAX + 1]; /* ends with an empty row */
        size_t n;
};
void clew_flag_set_add(struct clew_flag_set *set, struct clew_flag flag);

/* Prints the flags of one array, one a line. */
void clew_options_print(FILE *out, const struct clew_flag *flags);

#endif
