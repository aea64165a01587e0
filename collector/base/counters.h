/*
 * What the collector counts about itself: one table of monotonic counters, written from any thread,
 * logged as one structured line.
 */
#ifndef CLEW_COLLECTOR_COUNTERS_H
#define CLEW_COLLECTOR_COUNTERS_H

#include "collector/base/histogram.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum clew_counter {
        CLEW_COUNT_REQUESTS,          /* export requests of both transports */
        CLEW_COUNT_ACCEPTED,          /* answered OK after a commit, or nothing to store */
        CLEW_COUNT_MALFORMED,         /* refused for ever: not OTLP, bad gzip ... */
        CLEW_COUNT_TOO_LARGE,         /* refused for ever: over the size limit */
        CLEW_COUNT_OVERLOADED,        /* refused for now: no memory budget, queue full */
        CLEW_COUNT_NOT_STORED,        /* refused for now: the store failed */
        CLEW_COUNT_UNIMPLEMENTED,     /* unknown method, path or encoding */
        CLEW_COUNT_ABANDONED,         /* the client went away before its answer */
        CLEW_COUNT_WIRE_BYTES,        /* as received */
        CLEW_COUNT_OTLP_BYTES,        /* after decompression */
        CLEW_COUNT_SPANS,             /* stored */
        CLEW_COUNT_SPANS_REFUSED,     /* refused alone */
        CLEW_COUNT_LOGS,              /* stored */
        CLEW_COUNT_METRICS_REFUSED,   /* metric requests answered with a partial success */
        CLEW_COUNT_POINTS_REFUSED,    /* data points of those */
        CLEW_COUNT_COMMITS,           /* transactions */
        CLEW_COUNT_STORED_BYTES,      /* fragments as stored */
        CLEW_COUNT_COMMIT_NS,         /* time inside the store */
        CLEW_COUNT_COMMIT_FAILURES,   /* transactions that failed */
        CLEW_COUNT_SEALED_TRACES,     /* moved into segments */
        CLEW_COUNT_SEALED_BYTES,      /* OTLP bytes of those */
        CLEW_COUNT_SEAL_REFUSED,      /* traces that cannot be sealed, as met */
        CLEW_COUNT_SEAL_FAILURES,     /* rounds of sealing that failed */
        CLEW_COUNT_SEAL_PRESSED,      /* rounds at the priority of the process */
        CLEW_COUNT_INDEX_FAILURES,    /* times that indexes could not be merged */
        CLEW_COUNT_INDEX_DROPPED,     /* index runs that were damaged, and are made anew */
        CLEW_COUNT_ACCEPTS_FAILED,    /* connections that had to wait for descriptors or memory */
        CLEW_COUNT_CONNECTIONS_ENDED, /* that broke a limit or the protocol */
        CLEW_COUNT_CONNECTIONS_DISPLACED, /* that had to make room for others */
        CLEW_COUNT_KEYS_REFUSED,          /* export requests without a key that allows them */
        CLEW_COUNT_TLS_FAILED             /* hellos that came to nothing */
};

#define CLEW_COUNTERS ((size_t)CLEW_COUNT_TLS_FAILED + 1)

struct clew_counters {
        atomic_uint_fast64_t value[CLEW_COUNTERS];
        struct clew_histogram commits; /* time inside the store */
        struct clew_histogram acks;    /* from a whole request to its answer */
};

static inline void clew_count(struct clew_counters *c, enum clew_counter which, uint64_t n)
{
        atomic_fetch_add_explicit(&c->value[which], n, memory_order_relaxed);
}

static inline uint64_t clew_counter_read(const struct clew_counters *c, enum clew_counter which)
{
        return atomic_load_explicit(&c->value[which], memory_order_relaxed);
}

/* The name used in the log. */
const char *clew_counter_name(enum clew_counter which);

/* Logs one line with all counters that are not zero. */
void clew_counters_log(const struct clew_counters *c);

#endif
