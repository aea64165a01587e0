/*
 * Spectrum of the runs of one task: which actions failed runs took and passing ones did not.
 *
 * For an action a (tool and canonical arguments): failed runs with it, failed runs in all, passing
 * runs with it. Its score is Ochiai's: with / sqrt(all failed * (failed with + passed with)), 1
 * when exactly the failed runs took it. It needs two failed runs and a passing one; the run that is
 * asked about counts as failed.
 */
#ifndef CLEW_QUERY_RCA_SPECTRUM_H
#define CLEW_QUERY_RCA_SPECTRUM_H

#include "query/rca/rca.h"

#define CLEW_SPECTRUM_ROWS_MAX 5u /* as many as there are findings */

struct clew_spectrum_row {
        uint32_t step; /* the first tool step of the view that took the action */
        uint32_t failed_with;
        uint32_t passed_with;
        double score;
};

struct clew_spectrum {
        uint32_t n_failed; /* this run included */
        uint32_t n_passed;
        uint32_t n;
        struct clew_spectrum_row rows[CLEW_SPECTRUM_ROWS_MAX]; /* best first, then by time */
};

/* @failed are the other failed runs of the task. Only actions that another failed run took too, and
 * a larger share of failed than of passing runs, are kept. */
void clew_spectrum_of(const struct clew_rca_view *v, const struct clew_reference *passed,
                      uint32_t n_passed, const struct clew_reference *failed, uint32_t n_failed,
                      struct clew_spectrum *ret);

#endif
