/*
 * Rules that hold what was asked for against what was done. All read the same list of actions.
 */
#ifndef CLEW_QUERY_RCA_REQUEST_RULES_INT_H
#define CLEW_QUERY_RCA_REQUEST_RULES_INT_H

#include "query/rca/acts-int.h"
#include "query/rca/rules.h"

/* asked.c */
void clew_rule_asked_value(const struct clew_rca_view *v, const struct clew_acts *acts,
                           struct clew_findings *ret);
/* options.c */
void clew_rule_option(const struct clew_rca_view *v, const struct clew_acts *acts,
                      struct clew_findings *ret);
/* limits.c */
void clew_rule_limit(const struct clew_rca_view *v, const struct clew_acts *acts,
                     struct clew_findings *ret);
/* left-out.c */
void clew_rule_left_out(const struct clew_rca_view *v, const struct clew_acts *acts,
                        struct clew_findings *ret);
/* cut-result.c */
void clew_rule_cut_result(const struct clew_rca_view *v, const struct clew_acts *acts,
                          struct clew_findings *ret);
/* form.c */
void clew_rule_form(const struct clew_rca_view *v, const struct clew_acts *acts,
                    struct clew_findings *ret);
/* twisted.c */
void clew_rule_twisted(const struct clew_rca_view *v, const struct clew_acts *acts,
                       struct clew_findings *ret);
/* rounds.c */
void clew_rule_missed_round(const struct clew_rca_view *v, const struct clew_acts *acts,
                            struct clew_findings *ret);
/* conditions.c */
void clew_rule_condition(const struct clew_rca_view *v, const struct clew_acts *acts,
                         struct clew_findings *ret);
/* withdrawn.c */
void clew_rule_withdrawn(const struct clew_rca_view *v, const struct clew_acts *acts,
                         struct clew_findings *ret);
/* variants.c */
void clew_rule_variant(const struct clew_rca_view *v, const struct clew_acts *acts,
                       struct clew_findings *ret);
/* checks.c */
void clew_rule_checks(const struct clew_rca_view *v, const struct clew_acts *acts,
                      struct clew_findings *ret);
/* bounds.c */
void clew_rule_bound(const struct clew_rca_view *v, const struct clew_acts *acts,
                     struct clew_findings *ret);
/* discarded.c */
void clew_rule_discarded(const struct clew_rca_view *v, const struct clew_acts *acts,
                         struct clew_findings *ret);
/* lost.c */
void clew_rule_lost_part(const struct clew_rca_view *v, const struct clew_acts *acts,
                         struct clew_findings *ret);
/* unmet.c */
void clew_rule_unmet_wish(const struct clew_rca_view *v, const struct clew_acts *acts,
                          struct clew_findings *ret);
/* pointers.c */
void clew_rule_pointer(const struct clew_rca_view *v, const struct clew_acts *acts,
                       struct clew_findings *ret);

#endif
