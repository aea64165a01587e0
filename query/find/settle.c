/*
 * See settle.h.
 */
#include "query/find/settle.h"

bool clew_settle(struct clew_trace *trace, uint64_t last_arrival_ns, uint64_t now_ns)
{
        uint64_t end = trace->end_ns > trace->start_ns ? trace->end_ns : trace->start_ns;
        uint64_t silent = last_arrival_ns ? last_arrival_ns : end;

        if (trace->outcome == CLEW_OUTCOME_OPEN && trace->settled != CLEW_OUTCOME_OPEN &&
            end < now_ns && now_ns - end > CLEW_LOST_AFTER_NS)
                trace->outcome = trace->settled;
        return trace->outcome == CLEW_OUTCOME_OPEN && silent < now_ns &&
               now_ns - silent > CLEW_LOST_AFTER_NS;
}

void clew_settle_summary(struct clew_summary *summary, uint64_t start_ns, uint64_t now,
                         uint64_t patience)
{
        uint64_t end = start_ns + summary->duration_ns;

        if (summary->outcome == CLEW_OUTCOME_OPEN && summary->settled != CLEW_OUTCOME_OPEN &&
            end < now && now - end > patience)
                summary->outcome = summary->settled;
}
