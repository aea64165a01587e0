/*
 * What a passing run of the same task answered: the expected output of a failed run that nobody has
 * corrected.
 *
 * Two runs have the same task when they were asked the same (the item's task), or when they are
 * tries of one case: the same session, service and name, and a verdict on both, as evaluation
 * harnesses have it. Of several the first that started after the failed run counts, since it is the
 * agent that was mended; else the last before it.
 */
#ifndef CLEW_QUERY_CLI_PASSING_H
#define CLEW_QUERY_CLI_PASSING_H

#include "query/cli/items.h"

#include <stdbool.h>
#include <stdint.h>

/* Passing runs that are remembered; the newest. */
#define CLEW_PASSING_MAX 4096u

struct clew_passing_run;

struct clew_passing {
        struct clew_cli *cli;
        struct clew_compile_options options;
        struct clew_arena kept;
        struct clew_arena trace;
        struct clew_passing_run *runs; /* newest first */
        uint32_t n;
        uint64_t used; /* items that got an answer */
};

/* Compiles the passing runs of the store. 0 or an exit status after a message; to be deinitialised
 * in any case. */
CLEW_MUST_USE int clew_passing_init(struct clew_passing *p, struct clew_cli *cli,
                                    const struct clew_compile_options *options);
void clew_passing_deinit(struct clew_passing *p);

/* When @item has nothing expected and a run of its task passed: gives it what that run answered and
 * which tools it called, and names it ("run ID") as where that comes from. Then @item is a copy of
 * itself that lives in @arena. 0 or an exit status. */
CLEW_MUST_USE int clew_passing_complete(struct clew_passing *p, struct clew_item *item,
                                        struct clew_arena *arena);

#endif
