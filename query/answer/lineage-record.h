/*
 * Where values came from and went, as records.
 */
#ifndef CLEW_QUERY_ANSWER_LINEAGE_RECORD_H
#define CLEW_QUERY_ANSWER_LINEAGE_RECORD_H

#include "proto/base/json.h"
#include "query/rca/lineage.h"

#include <stdbool.h>
#include <stdint.h>

/* Values of one step; what it printed whole tables of is better searched for by value. */
#define CLEW_LINEAGE_VALUES_MAX 12u

/* What a hop is for the run ("answer", "hand-off"), when that says more than where it stood; else
 * NULL. */
const char *clew_lineage_role(const struct clew_rca_view *v, const struct clew_hop *h);
/* The members of the record, into an open object. */
void clew_lineage_write(struct clew_json_writer *w, const struct clew_rca_view *v,
                        struct clew_slice value, const struct clew_lineage *l);
/* The ids, numbers and dates that the step of the trace model @step newly brought, each once;
 * *ret_more: there are others. Slices are the view's. */
uint32_t clew_lineage_values(const struct clew_rca_view *v, uint32_t step,
                             struct clew_slice ret[CLEW_LINEAGE_VALUES_MAX], bool *ret_more);

#endif
