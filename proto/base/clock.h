/*
 * Time as an injected dependency: components take a struct clew_clock, tests give them their own.
 */
#ifndef CLEW_PROTO_BASE_CLOCK_H
#define CLEW_PROTO_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLEW_NS_PER_S 1000000000ull
#define CLEW_NS_PER_MS 1000000ull

struct clew_clock {
        uint64_t (*unix_ns)(void *context);      /* wall clock, ns since 1970, may jump */
        uint64_t (*monotonic_ns)(void *context); /* never goes back */
        void *context;
};

/* The system's clocks; static storage. */
const struct clew_clock *clew_clock_system(void);

static inline uint64_t clew_clock_unix_ns(const struct clew_clock *c)
{
        return c->unix_ns(c->context);
}

static inline uint64_t clew_clock_monotonic_ns(const struct clew_clock *c)
{
        return c->monotonic_ns(c->context);
}

/* The time @ns from now on the system's monotonic clock, for waits on conditions that use it. */
struct timespec clew_clock_deadline(uint64_t ns);

#endif
