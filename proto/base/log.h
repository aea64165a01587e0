/*
 * Structured log for the mains' side: one line `time level event key=value ...` on standard error.
 *
 * Libraries do not log; they return. Never pass a token, a header value or span text. Lines about
 * faults of a peer go through a rate limit, and what it drops is counted and reported.
 */
#ifndef CLEW_PROTO_BASE_LOG_H
#define CLEW_PROTO_BASE_LOG_H

#include "proto/base/compiler.h"

#include <stdatomic.h>
#include <stdint.h>

enum clew_log_level {
        CLEW_LOG_DEBUG,
        CLEW_LOG_INFO,
        CLEW_LOG_WARN,
        CLEW_LOG_ERROR,
};

struct clew_log_limit {
        atomic_uint_fast64_t window; /* the second that `used` belongs to */
        atomic_uint used;
        atomic_uint dropped;
        unsigned per_second;
};

void clew_log_set_level(enum clew_log_level level);

/* @event is a short fixed name; @fmt makes the `key=value` part and quotes what may hold spaces
 * with %s between double quotes; control characters in the result are replaced. */
void clew_log(enum clew_log_level level, const char *event, const char *fmt, ...) CLEW_PRINTF(3, 4);
/* As above, at most limit->per_second lines a second; dropped lines are counted in the next. */
void clew_log_limited(struct clew_log_limit *limit, enum clew_log_level level, const char *event,
                      const char *fmt, ...) CLEW_PRINTF(4, 5);

#endif
