/*
 * Who sends traces and logs, and to which project: what both listeners ask before they read a body.
 */
#ifndef CLEW_COLLECTOR_ENTRY_INT_H
#define CLEW_COLLECTOR_ENTRY_INT_H

#include "collector/commit/projects.h"
#include "collector/gate/access.h"
#include "collector/gate/answer.h"
#include "proto/base/compiler.h"

#include <stdbool.h>

/* True: what is sent goes to *ret_pipeline. False: @answer says what is missing. */
CLEW_MUST_USE bool clew_entry_admits(struct clew_access *access,
                                     const struct clew_projects *projects,
                                     const struct clew_credentials *c,
                                     struct clew_pipeline **ret_pipeline,
                                     struct clew_answer *answer);

#endif
