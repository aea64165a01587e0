/*
 * What an action does to the world: it only reads, it changes something, or that cannot be told.
 *
 * Decided by evidence of all kinds, the nearest first: what is asked for (the method of an HTTP
 * request, the verbs of a shell command line or of SQL, the "command" of an editor), the verbs in
 * the tool's name, those that its description begins with, the shape of what came back. Word lists
 * hold ordinary English, Unix commands and SQL. Without evidence the answer is "unknown", and no
 * sentence speaks of a change.
 */
#ifndef CLEW_QUERY_RCA_DEEDS_H
#define CLEW_QUERY_RCA_DEEDS_H

#include "proto/base/slice.h"

#include <stdbool.h>
#include <stddef.h>

enum clew_deed { CLEW_DEED_UNKNOWN, CLEW_DEED_READS, CLEW_DEED_CHANGES };

/* By the name of a tool alone: "order_cancel", "mcp__shop__getOrder", "price_list". */
enum clew_deed clew_deed_of_name(struct clew_slice name);

/* By all of it; each part may be empty. @description is the tool's, as its request offered it. */
enum clew_deed clew_deed_of(struct clew_slice name, struct clew_slice args,
                            struct clew_slice description, struct clew_slice result);

/* What status 1 says of a command line that only looks: nothing matched (grep), or two things
 * differ (diff). Of any other line it is a failure. */
enum clew_no { CLEW_NO_FAILURE, CLEW_NO_MATCH, CLEW_NO_DIFFERENCE };
enum clew_no clew_shell_no(struct clew_slice line);

/* All that a command line changed is which packages are there ("pip install x"): no part of the
 * work, and nothing that tests are of. Of a whole call: by its first argument, or by a program. */
bool clew_shell_only_sets_up(struct clew_slice line);
bool clew_deed_only_sets_up(struct clew_slice args);

/* A command line, or that of a whole call, that only takes files away: "rm repro.py && rm -r tmp".
 */
bool clew_shell_only_removes(struct clew_slice line);
bool clew_deed_only_removes(struct clew_slice args);

/* The command hands in the work as scaffolds prescribe it: "echo SUBMIT_FINAL_OUTPUT && git add -A
 * && git diff --cached". Nothing is committed or pushed by it. */
bool clew_deed_hands_in(struct clew_slice args);

/* What a command line does that a tool is called with, {"command": ".."} or the arguments of a
 * program that the tool is called after ("get pods" of kubectl); unknown for anything else. */
enum clew_deed clew_deed_of_line(struct clew_slice name, struct clew_slice args);

/* Of a shell command line; of one SQL text. */
enum clew_deed clew_deed_of_shell(struct clew_slice line);
enum clew_deed clew_deed_of_sql(struct clew_slice text);

#endif
