/*
 * The rules about the request, one after the other, over one list of what the run did.
 */
#include "query/rca/request-rules-int.h"

void clew_rule_request(const struct clew_rca_view *v, struct clew_findings *ret)
{
        struct clew_acts *acts = clew_arena_alloc(v->arena, sizeof(*acts));

        if (!acts || !clew_acts_of(v, acts))
                return;
        clew_rule_asked_value(v, acts, ret);
        clew_rule_option(v, acts, ret);
        clew_rule_limit(v, acts, ret);
        clew_rule_left_out(v, acts, ret);
        clew_rule_cut_result(v, acts, ret);
        clew_rule_form(v, acts, ret);
        clew_rule_twisted(v, acts, ret);
        clew_rule_missed_round(v, acts, ret);
        clew_rule_condition(v, acts, ret);
        clew_rule_withdrawn(v, acts, ret);
        clew_rule_variant(v, acts, ret);
        clew_rule_checks(v, acts, ret);
        clew_rule_bound(v, acts, ret);
        clew_rule_discarded(v, acts, ret);
        clew_rule_pointer(v, acts, ret);
        clew_rule_lost_part(v, acts, ret);
        clew_rule_unmet_wish(v, acts, ret);
}
