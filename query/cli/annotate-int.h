/*
 * The parts of clew annotate: one annotation from flags (annotate.c), many from a file
 * (annotate-file.c), one after the other in the terminal (annotate-queue.c, its screen in
 * annotate-screen.c; of a server's store, annotate-remote.c).
 */
#ifndef CLEW_QUERY_CLI_ANNOTATE_INT_H
#define CLEW_QUERY_CLI_ANNOTATE_INT_H

#include "query/cli/filter.h"
#include "query/cli/open.h"
#include "query/cli/options.h"
#include "query/cli/terminal.h"
#include "query/review/reviews.h"

/* What people said of one trace, and the text of one annotation. */
#define CLEW_REVIEW_ARENA_MAX ((size_t)64 << 20)

struct clew_annotate {
        struct clew_cli *cli;
        struct clew_display_flags display_flags;
        struct clew_look look;
        struct clew_filter_flags filter_flags;
        char author[CLEW_SESSION_BYTES_MAX];
        struct clew_flag_values labels;
        struct clew_flag_values scores;
        const char *note;
        const char *correction;
        const char *confirm;
        const char *reject;
        const char *rubric;
        const char *from;
        const char *label_list; /* --labels a,b,c of a queue */
        const char *dataset;    /* of a queue: where key d puts the run */
        uint64_t undo;
        uint64_t limit;
        bool no_labels;
        bool failing;
        bool queue;
        bool list;
        bool json;
        bool dry_run;

        /* The command's words as given, for parts of it that a server is asked for (--url). */
        char **words;
        int n_words;
        const char *part; /* served: which one this is (annotate-remote.c); NULL = the whole */
        bool lost;        /* the server does not answer: nothing more can be asked */
};

/* Fills author, time, target and step of @ret for the trace or step that @text names. */
CLEW_MUST_USE int clew_annotate_target(struct clew_annotate *c, const char *text,
                                       struct clew_annotation *ret);
/* Adds them and closes what was open for reading. 0 or an exit status after a message. */
CLEW_MUST_USE int clew_annotate_add(struct clew_annotate *c, struct clew_annotation *items,
                                    uint32_t n);
/* Fills rubric and version of @ret from NAME or NAME@V; 0, or an exit status. */
CLEW_MUST_USE int clew_annotate_rubric(struct clew_annotate *c, const char *text,
                                       struct clew_arena *arena, struct clew_annotation *ret);

CLEW_MUST_USE int clew_annotate_file(struct clew_annotate *c);
/* @args: the runs to be reviewed, also those of which I have said something; none = what the flags
 * select, without those. */
CLEW_MUST_USE int clew_annotate_queue(struct clew_annotate *c, struct clew_arguments *args);

/* The runs of the queue, newest first, in @arena. 0 or an exit status. */
CLEW_MUST_USE int clew_annotate_collect(struct clew_annotate *c, struct clew_arguments *args,
                                        struct clew_arena *arena, struct clew_trace_id **ret,
                                        size_t *ret_n);

/* What clew_annotate_show() found to be blamed. */
struct clew_annotate_shown {
        struct clew_span_id cause_span;
        uint32_t cause_step; /* 0 = nothing */
        char rule[64];
};

/* Prints the run @id (32 digits); @with_said: and what judges and people said of it. */
CLEW_MUST_USE int clew_annotate_show(struct clew_annotate *c, const char *id, bool with_said,
                                     struct clew_annotate_shown *ret);

/* ---- the queue of a server's store (--url) --------------------------------------------------- */

/* The same as above, asked there. Exit statuses; c->lost when there is no answer. */
CLEW_MUST_USE int clew_annotate_ask_ids(struct clew_annotate *c, struct clew_arena *arena,
                                        struct clew_trace_id **ret, size_t *ret_n);
CLEW_MUST_USE int clew_annotate_ask_show(struct clew_annotate *c, const char *id, bool with_said,
                                         struct clew_annotate_shown *ret);
CLEW_MUST_USE int clew_annotate_ask_target(struct clew_annotate *c, const char *text,
                                           struct clew_annotation *ret);
/* Adds @a, or takes back what it undoes; fills its number. */
CLEW_MUST_USE int clew_annotate_ask_add(struct clew_annotate *c, struct clew_annotation *a);
/* Another command on the way; what it prints is shown. */
CLEW_MUST_USE int clew_annotate_ask(struct clew_annotate *c, char *const *words, int n);
/* The other side of these: c->part says which. */
CLEW_MUST_USE int clew_annotate_part(struct clew_annotate *c, struct clew_arguments *args);

#endif
