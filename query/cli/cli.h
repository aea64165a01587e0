/*
 * What every command of `clew` works with: where results and messages go, the store that the user
 * named, and the exit status.
 *
 * Results go to `out`, everything else (headers of lists, hints, errors, progress) to `err`. A
 * command returns one of enum clew_exit; it never calls exit(). The store and its view are opened
 * at the first use and closed by clew_cli_deinit(). Text that comes from traces is untrusted: it
 * reaches a stream only through query/cli/text.h or the JSON writer.
 */
#ifndef CLEW_QUERY_CLI_CLI_H
#define CLEW_QUERY_CLI_CLI_H

#include "proto/base/buffer.h"
#include "proto/base/clock.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "proto/base/ids.h"

#include <stdbool.h>
#include <stdio.h>

/* Exit status of every command; the numbers are a contract with scripts. */
enum clew_exit {
        CLEW_EXIT_OK = 0,
        CLEW_EXIT_NOTHING = 1,    /* only with -e: nothing matched, or traces differ */
        CLEW_EXIT_USAGE = 2,      /* wrong usage, unknown or ambiguous id */
        CLEW_EXIT_STORE = 3,      /* the store cannot be opened or read */
        CLEW_EXIT_PARTIAL = 4,    /* shown in part: a limit was hit, or the store has damage */
        CLEW_EXIT_PERMISSION = 5, /* the system refuses access */
        CLEW_EXIT_ELSEWHERE = 6,  /* done here; others have to do it too */
        CLEW_EXIT_INTERRUPTED = 130,
};

#define CLEW_STORE_DIR_DEFAULT "./data"
/* A directory that is longer is left out of suggestions. */
#define CLEW_SELF_BYTES_MAX 512u

#define CLEW_MIRROR_DIR_MAX 1024u

struct clew_query_set;
struct clew_store;
struct clew_tier;
struct clew_view;

/* Selections of one command (compare has two, and a common part). */
#define CLEW_CLI_FILTERS_MAX 8u

struct clew_cli {
        FILE *out; /* results */
        FILE *err; /* everything else */
        const struct clew_clock *clock;
        /* How a suggested command begins: "clew", with --store DIR when that was given. */
        char self[CLEW_SELF_BYTES_MAX];
        const char *store_dir; /* --store, else CLEW_STORE, else the default; borrowed */
        char mirror_dir[CLEW_MIRROR_DIR_MAX]; /* of a bucket's address that stood there (mirror.h)
                                               */
        const char *command; /* name of the running command, for messages; NULL before */
        bool sealed_only;    /* --sealed-only: hot data is left out */

        /* --url and what goes with it, else CLEW_URL, CLEW_TOKEN_FILE, CLEW_CA_FILE; NULL = a store
         * of this machine. Borrowed. */
        const char *url;
        const char *token_file;
        const char *ca_file;

        struct clew_spool *spool; /* query/cli/spool.h; NULL = none */
        long pager_pid;           /* 0 = output goes straight to `out` */
        /* Messages while a pager has the screen: they are shown behind it. */
        struct clew_buffer held;

        struct clew_store *store; /* NULL until needed */
        struct clew_tier *tier;   /* reads back what the store has in a bucket; NULL = nothing */
        bool told_sharing;        /* that others write to the same bucket */
        struct clew_view *view;
        int store_mode;                     /* enum clew_store_mode of `store` */
        struct clew_trace_id told_left_out; /* of which it was said that its texts are not there */

        /* A search that a limit or an interrupt has ended: JSON says so behind its last record. */
        struct {
                bool is_cut;
                const char *reason; /* "time", "bytes", "interrupt" */
                uint64_t seen;      /* traces looked at */
        } cut;

        struct clew_query_set *query_sets[CLEW_CLI_FILTERS_MAX]; /* of the filters that were made */
        size_t n_query_sets;
};

/* @cli gets the process's streams, the system clock and the store directory of the environment. */
void clew_cli_init(struct clew_cli *cli);
/* Closes view and store. @cli may be half-built. */
void clew_cli_deinit(struct clew_cli *cli);

/* Closes view and store; the next use opens them again. Defined in open.c. */
void clew_cli_close_store(struct clew_cli *cli);

/*
 * Runs the program for @argv (argv[0] is the program's name): global options, then the command.
 * Returns the exit status. argv is borrowed until return.
 */
int clew_cli_run(struct clew_cli *cli, int argc, char **argv);

/* "clew: message" to the error stream, made safe for a terminal on its way. */
void clew_cli_error(struct clew_cli *cli, const char *fmt, ...) CLEW_PRINTF(2, 3);
/* The same, for hints: no prefix. */
void clew_cli_note(struct clew_cli *cli, const char *fmt, ...) CLEW_PRINTF(2, 3);

/* Prints @err and returns the exit status that fits its code (a negative errno). */
int clew_cli_fail(struct clew_cli *cli, int code, const struct clew_error *err);

#endif
