/*
 * Who sends traces and logs, and to which project: what both listeners ask before they read a body.
 */
#ifndef CLEW_COLLECTOR_ENTRY_INT_H
#define CLEW_COLLECTOR_ENTRY_INT_H

#include "collector/commit/projects.h"
#include "collector/gate/access.h"
#include "collector/gate/answer.h"
#include "collector/gate/refusals.h"
#include "proto/base/compiler.h"

#include <stdbool.h>

struct clew_entry {
        struct clew_access *access;
        const struct clew_projects *projects;
        struct clew_refusals *refusals; /* NULL: they are not noted */
        const char *what;               /* the request, as the audit log has it */
};

/* True: what is sent goes to *ret_project. False: @answer says what is missing; the audit log has
 * it, with the status that HTTP has for it (gate/refusals.h). */
CLEW_MUST_USE bool clew_entry_admits(const struct clew_entry *e, const struct clew_credentials *c,
                                     const struct clew_project **ret_project,
                                     struct clew_answer *answer);

#endif
