/*
 * What agents did, as counters for a scrape: runs, failures by cause, durations, tokens, cost,
 * loops, waste; by agent, model and tool.
 *
 * A run is counted when it is sealed, from its summary, once: a trace that is sealed again, because
 * more of it came, adds what its new summary has beyond the old one. So nothing is walked for a
 * scrape, and a trace that was sealed before a restart is not counted again after it. The counters
 * themselves live in memory and begin at 0 with the process, as `_created` says.
 *
 * A counter never falls. When something that was counted turns out to be something else (a run that
 * seemed to have ended goes on, and fails), what was too much is owed: the counter stands still
 * until it is right again (struct tally).
 *
 * Names are a stranger's. Of each label so many values are kept for a project, the first ones that
 * come; what belongs to others is counted under "_other", and how much is told
 * (clew_figures_folded).
 *
 * Threads: any; one lock for each struct.
 */
#ifndef CLEW_COLLECTOR_FIGURES_H
#define CLEW_COLLECTOR_FIGURES_H

#include "collector/base/exposition.h"
#include "proto/base/compiler.h"
#include "proto/base/ids.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* A scrape has some 40 lines for an agent, 12 for a model, 6 for a tool. */
#define CLEW_FIGURES_AGENTS_MAX 200u
#define CLEW_FIGURES_MODELS_MAX 100u
#define CLEW_FIGURES_TOOLS_MAX 300u
/* Rules that find a cause; there are some seventy. */
#define CLEW_FIGURES_CAUSES_MAX 96u

struct clew_figures;

/* Of one project. NULL: no memory. */
CLEW_MUST_USE struct clew_figures *clew_figures_new(void);
void clew_figures_free(struct clew_figures *f); /* NULL is fine */

/* @now is the summary of what was sealed (query/model/summary.h), @before the one that it had been
 * counted with, empty for none. @now_ns: unix time. One that cannot be read is not counted, and
 * told (clew_figures_unreadable). */
void clew_figures_add(struct clew_figures *f, struct clew_slice before, struct clew_slice now,
                      uint64_t now_ns);

/* A trace of a run in several was counted by itself (joined-int.h). */
void clew_figures_count_apart(struct clew_figures *f);

struct clew_figures_of {
        const char *project;
        struct clew_figures *figures; /* may be NULL */
};

/* All families, each with the samples of all @n projects. */
void clew_figures_write(const struct clew_figures_of *all, unsigned n, struct clew_exposition *x);

#endif
