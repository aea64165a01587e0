/*
 * The parts of clew experiment: running (experiment-run.c, of a server's store with
 * experiment-remote.c), looking (experiment-list.c), comparing (experiment-compare.c).
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
        const char *rubric; /* that a judge is told */
        struct clew_flag_values checks;
        struct clew_flag_values fail_if;
        const char *junit;
        uint64_t jobs;
        uint64_t repeat;
        uint64_t timeout_seconds;
        uint64_t seed;
        bool json;
        bool markdown;

        /* The command's words as given, for the parts that a server is asked for (--url). */
        char **words;
        int n_words;
        const char *part; /* served: which one this is (experiment-remote.c); NULL = the whole */
};

/* What a judge says of one answer. */
struct clew_experiment_verdict {
        bool passed;
        double value; /* 0 or 1 when it gives a label alone */
        struct clew_slice explanation;
};

/* The text of --rubric, in the command's arena; empty when none is given. 0 or an exit status. */
CLEW_MUST_USE int clew_experiment_rubric(struct clew_experiment_command *c, struct clew_slice *ret);
/* Appends the line that a judge reads. */
void clew_experiment_ask_judge(const struct clew_item *item, const struct clew_content_id *id,
                               const struct clew_experiment_answer *answer,
                               struct clew_slice rubric, struct clew_buffer *out);
/* What it printed; false when that is no verdict. Texts live in @printed or @arena. */
CLEW_MUST_USE bool clew_experiment_verdict(struct clew_slice printed, struct clew_arena *arena,
                                           struct clew_experiment_verdict *ret);

CLEW_MUST_USE int clew_experiment_run(struct clew_experiment_command *c);
CLEW_MUST_USE int clew_experiment_compare_command(struct clew_experiment_command *c);
CLEW_MUST_USE int clew_experiment_list(struct clew_experiment_command *c);
CLEW_MUST_USE int clew_experiment_show(struct clew_experiment_command *c);
/* The first words of what the case asks, in @arena; empty when it is not there any more. */
CLEW_MUST_USE struct clew_slice clew_experiment_question(struct clew_experiment_command *c,
                                                         const struct clew_content_id *id,
                                                         struct clew_arena *arena);
/* "4 of 7 passed, 57.1 % (95 % interval 25.0 to 84.2)" */
void clew_experiment_tell_passed(struct clew_experiment_command *c, uint64_t passed, uint64_t n);
/* Loads the experiment of that name, or tells that there is none. */
CLEW_MUST_USE int clew_experiment_open(struct clew_experiment_command *c, const char *name,
                                       struct clew_experiment *ret);

/* ---- of a server's store (--url) --------------------------------------------------------------
 */

/* Asks for a part; @text, when given, goes with it as the file "-". */
CLEW_MUST_USE int clew_experiment_ask(struct clew_experiment_command *c, const char *part,
                                      const struct clew_buffer *text, struct clew_buffer *out);
/* A case of the dataset, in @arena. */
CLEW_MUST_USE int clew_experiment_ask_item(struct clew_experiment_command *c,
                                           const struct clew_content_id *id,
                                           struct clew_arena *arena, struct clew_item *ret);
/* Keeps a result there, of the experiment that began at @time_ns; durable on return. */
CLEW_MUST_USE int clew_experiment_ask_keep(struct clew_experiment_command *c,
                                           const struct clew_result *result, uint64_t time_ns);
/* Tells that the answer is none of a clewd of this version. */
CLEW_MUST_USE int clew_experiment_odd(struct clew_experiment_command *c);
/* The other side: parts "begin", "item:ID" and "keep:TIME_NS". */
CLEW_MUST_USE int clew_experiment_part(struct clew_experiment_command *c);
/* Of which the first is the beginning of a run (experiment-run.c), and the last makes its record,
 * when it is the first result. *ret is without results. */
CLEW_MUST_USE int clew_experiment_begin(struct clew_experiment_command *c);
CLEW_MUST_USE int clew_experiment_make(struct clew_experiment_command *c, uint64_t time_ns,
                                       struct clew_experiment *ret);

#endif
