/*
 * What the collector tells about itself when it is scraped: every counter, queue, store and reader,
 * and the process. What agents did stands in commit/figures.h.
 */
#ifndef CLEW_COLLECTOR_SCRAPE_H
#define CLEW_COLLECTOR_SCRAPE_H

#include "collector/base/counters.h"
#include "collector/base/exposition.h"
#include "collector/commit/projects.h"
#include "collector/commit/redactor.h"
#include "collector/gate/admission.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct clew_scrape_options {
        const struct clew_counters *counters; /* borrowed, as the others */
        const struct clew_projects *projects;
        struct clew_admission *admission;
        struct clew_redactor *redactor; /* NULL: no rules */
        uint64_t budget_bytes;
        bool read_only;
};

struct clew_scrape {
        struct clew_scrape_options options;
        double start_s;      /* of the process */
        uint64_t created_ns; /* of all counters: unix time of the start */
        pthread_mutex_t lock;
        /* under the lock: */
        struct clew_store_figures stores[CLEW_PROJECTS_MAX];
        bool is_known[CLEW_PROJECTS_MAX];
        uint64_t next_ns; /* of the thread that ticks */
};

void clew_scrape_init(struct clew_scrape *s, const struct clew_scrape_options *options);
void clew_scrape_deinit(struct clew_scrape *s);

/* Looks at the stores, every few seconds. Called about once a second by one thread. */
void clew_scrape_tick(struct clew_scrape *s);
/* A store's figures as of the last look. False: there are none. */
bool clew_scrape_store(struct clew_scrape *s, unsigned project, struct clew_store_figures *ret);

/* All of it, of project number @only alone when it is not negative; @context is a struct
 * clew_scrape. Costs milliseconds at most, whatever is stored. */
void clew_scrape_write(void *context, int only, struct clew_exposition *x);

#endif
