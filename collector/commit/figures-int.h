/*
 * The inside of struct clew_figures, for what counts (figures.c) and what writes
 * (figures-write.c).
 */
#ifndef CLEW_COLLECTOR_FIGURES_INT_H
#define CLEW_COLLECTOR_FIGURES_INT_H

#include "collector/commit/figures.h"
#include "query/model/trace.h"

#include <pthread.h>

/* What is true, and what was shown: the greatest it has been. */
struct clew_figure {
        double now;
        double shown;
};

enum clew_usage_tokens {
        CLEW_USAGE_IN,
        CLEW_USAGE_OUT,
        CLEW_USAGE_CACHE_READ,
        CLEW_USAGE_CACHE_WRITE,
        CLEW_USAGE_REASONING,
        CLEW_USAGE_KINDS
};

struct clew_usage {
        struct clew_figure tokens[CLEW_USAGE_KINDS];
        struct clew_figure cost_usd;
        struct clew_figure ok; /* calls */
        struct clew_figure failed;
        struct clew_figure busy_s;
};

#define CLEW_RUN_BOUNDS 14u

extern const double clew_run_bounds[CLEW_RUN_BOUNDS];

/* Of the runs of an agent: those that began with it. */
struct clew_run_figures {
        struct clew_figure seen;
        struct clew_figure outcomes[CLEW_OUTCOME_COUNT];
        struct clew_figure causes[CLEW_FIGURES_CAUSES_MAX + 1]; /* the last: others */
        struct clew_figure took[CLEW_RUN_BOUNDS + 1];           /* each bucket alone */
        struct clew_figure took_s;
        struct clew_figure loops;
        struct clew_figure stalls;
        struct clew_figure retries;
        struct clew_figure waste_tokens;
        struct clew_figure waste_usd;
        struct clew_figure waste_s;
};

struct clew_figures_row {
        uint64_t hash;
        uint64_t created_ns;
        char service[CLEW_LABEL_VALUE_MAX + 1]; /* of agents */
        char name[CLEW_LABEL_VALUE_MAX + 1];
        struct clew_usage usage;
        struct clew_run_figures *run; /* of agents; owned */
};

struct clew_figures_table {
        struct clew_figures_row *rows[CLEW_FIGURES_TOOLS_MAX + 1]; /* owned */
        unsigned n;                                                /* with the one of all others */
        unsigned max;                                              /* without it */
        struct clew_figures_row *other;                            /* one of rows, or NULL */
        struct clew_figure folded;                                 /* times that it was asked for */
        bool has_runs;
};

struct clew_figures {
        pthread_mutex_t lock;
        /* under the lock: */
        uint64_t created_ns;
        struct clew_figures_table agents;
        struct clew_figures_table models;
        struct clew_figures_table tools;
        char causes[CLEW_FIGURES_CAUSES_MAX][CLEW_LABEL_VALUE_MAX + 1];
        unsigned n_causes;
        struct clew_figure unreadable;
        struct clew_figure apart;
};

#define CLEW_FIGURES_OTHER "_other"

#endif
