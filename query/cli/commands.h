/*
 * The table of commands: one row each, in the order in which `clew help` lists them.
 */
#ifndef CLEW_QUERY_CLI_COMMANDS_H
#define CLEW_QUERY_CLI_COMMANDS_H

#include "query/cli/cli.h"

#include <stdbool.h>

#include <stddef.h>

/* What becomes of a command when there is `--url`. */
enum clew_served_kind {
        CLEW_SERVED_NOT,   /* it works on a store of this machine alone; why_not says why */
        CLEW_SERVED_READS, /* it runs beside the server's store, and changes nothing there */
        CLEW_SERVED_SAYS,  /* the same, and it may add what people say (scope annotate) */
        CLEW_SERVED_ADMIN, /* it reads what only who has the scope admin may know */
        CLEW_SERVED_HOME,  /* it runs here: it needs no store, or asks the server by itself */
};

struct clew_command {
        const char *group; /* heading in `clew help` */
        const char *name;
        const char *alias; /* NULL = none */
        const char *usage; /* arguments, after "clew NAME " */
        const char *help;  /* one line */
        /* argv[0] is the command's name. Returns an enum clew_exit. */
        int (*run)(struct clew_cli *cli, int argc, char **argv);
        enum clew_served_kind served;
        /* With --url it begins here too, and asks for parts of it (clew_remote_call()): it has a
         * terminal to read, or programs to start. */
        bool parts;
        const char *why_not;
        const char *more; /* lines of --help above the flags, ended by line breaks; NULL = none */
};

/* NULL when there is no such command. Names are never abbreviated. */
const struct clew_command *clew_command_find(const char *name);
/* All commands; the array ends with a row whose name is NULL. */
const struct clew_command *clew_commands(void);
/* The known name nearest to @name, for "did you mean"; NULL when none is near. */
const char *clew_command_nearest(const char *name);

/* ---- handlers, each in the file named after it ---------------------------------------------- */

int clew_cmd_audit(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_attrs(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_compare(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_stats(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_share(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_ui(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_status(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_mcp(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_list(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_tree(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_help(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_import(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_export(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_doctor(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_backup(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_compact(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_restore(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_reindex(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_sessions(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_clusters(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_annotate(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_dataset(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_experiment(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_redact(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_retention(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_rubric(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_eval(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_judge(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_delete(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_diff(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_writers(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_why(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_show(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_chat(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_tail(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_completion(struct clew_cli *cli, int argc, char **argv);
int clew_cmd_version(struct clew_cli *cli, int argc, char **argv);

/* clew doctor --repair: verifies, and repairs what is damaged. The exit status. */
int clew_cli_repair(struct clew_cli *cli, bool json);

#endif
