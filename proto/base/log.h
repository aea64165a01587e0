/*
 * Structured log for the mains' side: one line `time level event key=value ...` on standard error.
 * Where that is systemd's journal, which keeps both itself, `<level>event key=value ...`.
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

#define CLEW_LOG_LEVELS 4u

void clew_log_set_level(enum clew_log_level level);
/* "debug", "info", "warn", "error". */
const char *clew_log_level_name(enum clew_log_level level);
/* Writes for the journal when standard error is its stream ($JOURNAL_STREAM names it). Called
 * before any thread starts. */
void clew_log_find_journal(void);

/* @event is a short fixed name; @fmt makes the `key=value` part and quotes what may hold spaces
 * with %s between double quotes; control characters in the result are replaced. */
void clew_log(enum clew_log_level level, const char *event, const char *fmt, ...) CLEW_PRINTF(3, 4);
/* As above, at most limit->per_second lines a second; dropped lines are counted in the next. */
void clew_log_limited(struct clew_log_limit *limit, enum clew_log_level level, const char *event,
                      const char *fmt, ...) CLEW_PRINTF(4, 5);

/* ---- what was logged ------------------------------------------------------------------------- */

/* Lines written since the start, by level. */
uint64_t clew_log_lines(enum clew_log_level level);

#define CLEW_LOG_RECENT_MAX 16u
#define CLEW_LOG_EVENT_MAX 48u
#define CLEW_LOG_TEXT_MAX 256u

/* A warning or an error: the last line of an event, and how many there were. */
struct clew_log_recent {
        uint64_t time_ns; /* unix time; 0 = none */
        enum clew_log_level level;
        char event[CLEW_LOG_EVENT_MAX];
        char text[CLEW_LOG_TEXT_MAX];
        uint64_t n;
};

/* The events that were logged last, newest first; returns how many. */
unsigned clew_log_recent(struct clew_log_recent ret[CLEW_LOG_RECENT_MAX]);

#endif
