/*
 * The parts of clew experiment: running (experiment-run.c), comparing (experiment-compare.c).
 */
#ifndef CLEW_QUERY_CLI_EXPERIMENT_INT_H
#define CLEW_QUERY_CLI_EXPERIMENT_INT_H

#include "query/cli/items.h"
#include "query/cli/terminal.h"
#include "query/review/experiment.h"

#define CLEW_EXPERIMENT_ARENA_MAX ((size_t)4 << 30)

struct clew_experiment_command {
        struct clew_cli *cli;
        struct clew_arguments args;
        struct clew_look look;
        struct clew_arena arena;
        char author[CLEW_NAME_BYTES_MAX + 1];
        const char *dataset;
        const char *command;
        const char *endpoint;
        struct clew_flag_values checks;
        struct clew_flag_values fail_if;
        const char *junit;
        uint64_t jobs;
        uint64_t repeat;
        uint64_t timeout_seconds;
        uint64_t seed;
        bool json;
        bool markdown;
};

CLEW_MUST_USE int clew_experiment_run(struct clew_experiment_command *c);
CLEW_MUST_USE int clew_experiment_compare_command(struct clew_experiment_command *c);
/* Loads the experiment of that name, or tells that there is none. */
CLEW_MUST_USE int clew_experiment_open(struct clew_experiment_command *c, const char *name,
                                       struct clew_experiment *ret);

#endif
