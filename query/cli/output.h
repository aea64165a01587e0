/*
 * Output for machines on the command line: the flags that choose its form, and standard output as
 * the sink of records (query/answer/record.h).
 */
#ifndef CLEW_QUERY_CLI_OUTPUT_H
#define CLEW_QUERY_CLI_OUTPUT_H

#include "proto/base/json.h"
#include "query/answer/record.h"
#include "query/answer/values.h"
#include "query/cli/cli.h"
#include "query/cli/options.h"

#include <stdbool.h>
#include <stdint.h>

/* Rows of a list on a terminal when -n is not given. */
#define CLEW_ROWS_DEFAULT 50u

/* Values of the output flags, as given. */
struct clew_output_flags {
        bool json;
        bool tsv;
        bool ids; /* -q */
        bool nul; /* -0 */
        const char *fields;
        uint64_t limit; /* 0 = not given */
        bool exit_status;
};

/* Adds --json --tsv -q -0 --fields -n -e. */
void clew_output_flags_add(struct clew_flag_set *set, struct clew_output_flags *o);

/* Adds those of a command whose records have no columns: --json -n -e. */
void clew_output_flags_add_whole(struct clew_flag_set *set, struct clew_output_flags *o);

struct clew_output {
        struct clew_cli *cli;
        struct clew_record_writer writer; /* its sink is cli->out */
        bool json;
        bool tsv;
        bool ids;
};

/* Returns 0, or CLEW_EXIT_USAGE after a message (an unknown field is named). */
CLEW_MUST_USE int clew_output_init(struct clew_output *out, struct clew_cli *cli,
                                   const struct clew_output_flags *flags, const char *type,
                                   const struct clew_record_field *fields);
/* Ends JSON of a search that was cut (clew_cli.cut) with a record that says so. */
void clew_output_deinit(struct clew_output *out);

/* False when the command is to write for people. */
static inline bool clew_output_is_machine(const struct clew_output *out)
{
        return out->json || out->tsv || out->ids;
}

/* As the functions of record.h, but what fails is told; they return 0 or an exit status. */
CLEW_MUST_USE int clew_output_put(struct clew_output *out, const void *record);
struct clew_json_writer clew_output_begin(struct clew_output *out, const char *type);
CLEW_MUST_USE int clew_output_end(struct clew_output *out, struct clew_json_writer *w);

#endif
