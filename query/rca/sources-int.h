/*
 * Where earlier observations (users, results; no instructions) show a value, byte by byte.
 *
 * All searching of one run is charged to one budget; when it is spent nothing more is found, and
 * what says that nothing shows a value must look at `spent` first.
 */
#ifndef CLEW_QUERY_RCA_SOURCES_INT_H
#define CLEW_QUERY_RCA_SOURCES_INT_H

#include "query/rca/view.h"

#define CLEW_SOURCES_SEARCHED_MAX ((size_t)8 << 20)

struct clew_sources {
        const struct clew_rca_view *v;
        size_t searched;
        bool spent;
};

/* The first observation from unit @from on and before unit @end that holds @word with no letter or
 * digit on either side; CLEW_RCA_NONE without one. */
uint32_t clew_sources_find(struct clew_sources *s, struct clew_slice word, uint32_t from,
                           uint32_t end);
/* The same of observations that nobody got by asking for @word. */
uint32_t clew_sources_find_unasked(struct clew_sources *s, struct clew_slice word, uint32_t from,
                                   uint32_t end);
/* A model's text before unit @end has @word, and the user's next words agree: they took it over. */
bool clew_sources_agreed(const struct clew_rca_view *v, struct clew_slice word, uint32_t end);
/* @word stands in @text, with no letter or digit on either side. */
bool clew_sources_holds(struct clew_slice text, struct clew_slice word);
/* The unit behind all that LLM step @who had seen when it wrote. */
static inline uint32_t clew_sources_end(const struct clew_rca_view *v, uint32_t who)
{
        return v->steps[who].first_unit + v->steps[who].n_units;
}

#endif
