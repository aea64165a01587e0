/*
 * Numbers of runs, as features: "time of search: 4s or more".
 *
 * Each run has one number under a name, its largest. Where to cut is taken from all runs together,
 * whichever side they are of, so the test that follows is an honest one; few cuts a name, because
 * each is one more test.
 */
#ifndef CLEW_QUERY_FIND_MEASURES_INT_H
#define CLEW_QUERY_FIND_MEASURES_INT_H

#include "proto/base/arena.h"
#include "proto/base/slice.h"

#include <stdint.h>

/* Names; further ones are left out. */
#define CLEW_MEASURES_MAX 256u
/* Features that one gives, at most. */
#define CLEW_MEASURE_CUTS_MAX 7u

enum clew_measure_unit {
        CLEW_MEASURE_NUMBER,
        CLEW_MEASURE_TIME, /* nanoseconds */
};

struct clew_measure_value {
        double value;
        uint64_t run;
        unsigned side;
};

/* A feature: the runs from some number on. */
struct clew_measure_cut {
        struct clew_slice name;
        struct clew_slice value; /* "4s or more" */
        uint64_t n[2];           /* of each side */
        uint64_t runs;           /* sum of clew_measures_run_hash() */
};

struct clew_measure {
        struct clew_slice name;
        enum clew_measure_unit unit;
        struct clew_measure_value *values; /* one a run */
        uint32_t n;
        uint32_t room;
};

struct clew_measures {
        struct clew_arena *arena; /* borrowed; overflow shows in it */
        struct clew_measure all[CLEW_MEASURES_MAX];
        uint32_t n;
};

/* @run rises from one run to the next. @name is copied. */
void clew_measures_note(struct clew_measures *m, struct clew_slice name,
                        enum clew_measure_unit unit, double value, uint64_t run, unsigned side);
/* What a run is known by in a feature. */
uint64_t clew_measures_run_hash(uint64_t run);
/* Writes up to CLEW_MEASURE_CUTS_MAX features of the @i-th name to @ret; their number. */
uint32_t clew_measures_cut(struct clew_measures *m, uint32_t i, struct clew_measure_cut *ret);

#endif
