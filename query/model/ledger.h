/*
 * The token ledger: usage is booked once, only where a model was called.
 *
 * Frameworks repeat the sum of their children on parents and agents; added up, a run would cost two
 * or three times what it did. The ledger books the innermost model call, keeps the rest as roll-ups
 * and compares them with what lies below, and can explain each line of a total.
 */
#ifndef CLEW_QUERY_MODEL_LEDGER_H
#define CLEW_QUERY_MODEL_LEDGER_H

#include "proto/base/arena.h"
#include "proto/base/error.h"
#include "query/model/prices.h"
#include "query/model/trace.h"

#include <stdbool.h>
#include <stdint.h>

enum clew_booking {
        CLEW_BOOKED,              /* a model call with usage: counted */
        CLEW_BOOKED_ROLLUP,       /* a roll-up counted because nothing below reports usage */
        CLEW_NOT_BOOKED_ROLLUP,   /* a roll-up: its descendants are counted */
        CLEW_NOT_BOOKED_LAYER,    /* outer layer of a call that is counted inside */
        CLEW_NOT_BOOKED_POLL,     /* fetches a stored response that another call paid for */
        CLEW_NOT_BOOKED_NO_USAGE, /* a model call that reports no usage: the total misses it */
};

const char *clew_booking_name(enum clew_booking booking);

struct clew_ledger_line {
        uint32_t step;
        enum clew_booking booking;
        struct clew_tokens tokens; /* as normalised */
        double cost_usd;
        bool has_cost;
        bool priced;              /* cost computed from the price file, not sent */
        bool mismatch;            /* roll-up: differs from the sum of what is booked below it */
        struct clew_tokens below; /* roll-up: that sum */
};

struct clew_ledger {
        const struct clew_ledger_line *lines; /* in tree order; steps without usage only when LLM */
        uint32_t n;
        struct clew_tokens total; /* equals clew_trace.tokens */
        double cost_usd;
        bool has_cost;
        uint32_t n_mismatches;
        uint32_t n_without_usage;
};

/* @prices may be NULL: cost only as sent. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_ledger_build(const struct clew_trace *trace,
                                    const struct clew_prices *prices, struct clew_arena *arena,
                                    struct clew_ledger *ret);

#endif
