/*
 * The projects of this process: stores opened, threads started, and the other way round.
 */
#ifndef CLEW_COLLECTOR_PROJECTS_OPEN_H
#define CLEW_COLLECTOR_PROJECTS_OPEN_H

#include "collector/base/counters.h"
#include "collector/commit/projects.h"
#include "collector/gate/admission.h"
#include "collector/process/config.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"

/* Opens the default store, and one for each directory below `projects`. What was opened before a
 * failure is for clew_projects_close(). */
CLEW_MUST_USE int clew_projects_open(const struct clew_config *config,
                                     struct clew_projects *projects, struct clew_error *err);
/* Starts writers and sealers; nothing when only reading. */
CLEW_MUST_USE int clew_projects_start(const struct clew_config *config,
                                      struct clew_projects *projects,
                                      struct clew_admission *admission,
                                      struct clew_counters *counters, struct clew_error *err);
/* Reads rules of retention again, for who has some. 0, or an error: then those of before count. */
CLEW_MUST_USE int clew_projects_reload(const struct clew_config *config,
                                       struct clew_projects *projects, struct clew_error *err);
/* Ends the threads: nothing is pushed any more. */
void clew_projects_stop(struct clew_projects *projects);
void clew_projects_close(struct clew_projects *projects);

#endif
