/*
 * The parts of clew tree in files of their own.
 */
#ifndef CLEW_QUERY_CLI_TREE_INT_H
#define CLEW_QUERY_CLI_TREE_INT_H

#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "query/answer/fold.h"
#include "query/cli/cli.h"
#include "query/cli/open.h"
#include "query/cli/output.h"
#include "query/cli/terminal.h"
#include "query/find/select.h"
#include "query/model/message.h"
#include "query/model/trace.h"
#include "storage/store.h"

#include <stdbool.h>

struct clew_tree_page {
        struct clew_cli *cli;
        struct clew_look look;
        struct clew_output_flags output_flags;
        struct clew_display_flags display_flags;
        bool all;
        bool linked;
        const char *within;
        struct clew_opened opened;
        struct clew_selected summary; /* outcome and cause, when they could be had */
        bool has_summary;
        struct clew_fold fold;
        struct clew_arena scratch;
        struct clew_buffer line;
        struct clew_buffer raw;
        uint64_t open_levels[4]; /* bit per depth: a sibling follows further down */
        unsigned number_width;
        int error;          /* the first; memory ran out while a line was made */
        bool call_is_shown; /* the last model step named the calls it made */
        uint64_t user_hash; /* of the user message shown last */
};

/* The numbers on the left, right-aligned; of a narrow screen not all. */
void clew_tree_columns(struct clew_tree_page *t, const char *number, const char *at,
                       const char *took, const char *tokens);
/* Writes the line that was made, remembers a failure, and clears it. */
void clew_tree_end_line(struct clew_tree_page *t);
/* The messages that went into @s, in t->scratch. Returns their number; a failure is remembered. */
uint32_t clew_tree_messages_in(struct clew_tree_page *t, const struct clew_step *s,
                               struct clew_messages *ret);
/* Head lines and the headings of the columns. */
void clew_tree_header(struct clew_tree_page *t);

struct clew_linked {
        struct clew_cli *cli;
        const struct clew_look *look;
        struct clew_view *view;
        const char *within; /* as given; NULL = the default */
        bool json;
};

/* Tells the edges between the trace in @data and other traces. @data dies: the view loads others.
 * Returns an exit status. */
CLEW_MUST_USE int clew_tree_linked(struct clew_linked *l, const struct clew_trace_data *data);

#endif
