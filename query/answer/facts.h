/*
 * The facts of a run (query/rca/facts.h) for people and machines: one line, record fields, and what
 * a selection adds up to.
 */
#ifndef CLEW_QUERY_ANSWER_FACTS_H
#define CLEW_QUERY_ANSWER_FACTS_H

#include "proto/base/buffer.h"
#include "proto/base/json.h"
#include "query/find/select.h"

/* "loop of 4 rounds from #5, 2 retries, wasted 3 steps, 12k tokens, $0.03, 4.1s"; nothing when
 * there is nothing to say. */
void clew_facts_brief(const struct clew_summary_facts *facts, struct clew_buffer *out);

/* A selection in numbers. */
struct clew_tally {
        uint64_t traces;
        uint64_t failed;
        uint64_t open;
        uint64_t caused;  /* with a cause */
        uint64_t looping; /* with a loop */
        uint64_t stalled;
        uint64_t retried; /* with a retry */
        uint64_t wasting; /* with a wasted step */
        uint64_t retries;
        uint64_t tokens;
        double cost_usd;
        uint64_t waste_steps;
        uint64_t waste_tokens;
        uint64_t waste_ns;
        double waste_usd;
};

void clew_tally_add(struct clew_tally *tally, const struct clew_summary *summary);
/* The same from columns (find/index/index.h), with cause and facts. */
void clew_tally_add_row(struct clew_tally *tally, const struct clew_bulk_row *row);
/* A few lines of numbers, for people. */
void clew_tally_brief(const struct clew_tally *tally, struct clew_buffer *out);
/* The members of a JSON record that is open. */
void clew_tally_write(const struct clew_tally *tally, struct clew_json_writer *w);

#endif
