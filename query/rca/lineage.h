/*
 * Lineage of a value: where it appeared first, on which path it travelled, where it changed.
 */
#ifndef CLEW_QUERY_RCA_LINEAGE_H
#define CLEW_QUERY_RCA_LINEAGE_H

#include "query/rca/view.h"

#define CLEW_LINEAGE_MAX 64u          /* hops shown; a value in more places is a common word */
#define CLEW_LINEAGE_EXCERPT_MAX 160u /* bytes around the value */

struct clew_hop {
        uint32_t step;
        enum clew_rca_origin origin;
        struct clew_slice value;   /* as it stands there */
        struct clew_slice excerpt; /* the text around it */
        bool changed;   /* a digit or two off, or without a part of the id it came from */
        bool hands_off; /* an argument of a call that hands the work over */
};

struct clew_lineage {
        struct clew_hop hops[CLEW_LINEAGE_MAX]; /* in time order */
        uint32_t n;
        bool more;
        bool observed; /* some hop is not an LLM's own writing */
};

/* "user", "system prompt", "written", "argument", "result" */
const char *clew_lineage_origin_name(enum clew_rca_origin origin);

/* Every text of @v that holds @value (ASCII case does not matter), and, when it is an id or number,
 * slips of it. Histories that repeat a text are left out; calls and results that do are not. */
void clew_lineage_of(const struct clew_rca_view *v, struct clew_slice value,
                     struct clew_lineage *ret);

#endif
