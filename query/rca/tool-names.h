/*
 * What the name of a tool says of it. Guesses, in the English that most tools are named in; what an
 * action does to the world is query/rca/deeds.h.
 */
#ifndef CLEW_QUERY_RCA_TOOL_NAMES_H
#define CLEW_QUERY_RCA_TOOL_NAMES_H

#include "proto/base/slice.h"

#include <stdbool.h>

/* True when a tool's name says that it gives the task to a person or to another agent. */
bool clew_rca_hands_over(struct clew_slice name);
/* True when a tool's name says that it runs what somebody wrote; also for one without a name of its
 * own. */
bool clew_rca_runs_programs(struct clew_slice name);
/* True when a tool's name says that it finds out who somebody is. */
bool clew_rca_proves_identity(struct clew_slice name);
/* True when a tool's name says that it writes down what was said or done, "log_contact",
 * "add_note": nothing changes by it that anybody would ask about. */
bool clew_rca_takes_notes(struct clew_slice name);
/* True when a tool's name says that it gives out the answer of the run, or ends it: no more than
 * that comes of it. */
bool clew_rca_gives_answer(struct clew_slice name);
/* True when all words of a tool's name, "get" and its like aside, stand in the sentence. */
bool clew_rca_names_tool(struct clew_slice sentence, struct clew_slice name);

#endif
