#include "proto/base/clock.h"

#include <time.h>

static uint64_t read_clock(clockid_t id)
{
        struct timespec t;

        clock_gettime(id, &t);
        return (uint64_t)t.tv_sec * CLEW_NS_PER_S + (uint64_t)t.tv_nsec;
}

static uint64_t system_unix_ns(void *context)
{
        (void)context;
        return read_clock(CLOCK_REALTIME);
}

static uint64_t system_monotonic_ns(void *context)
{
        (void)context;
        return read_clock(CLOCK_MONOTONIC);
}

const struct clew_clock *clew_clock_system(void)
{
        static const struct clew_clock clock = {system_unix_ns, system_monotonic_ns, 0};

        return &clock;
}

struct timespec clew_clock_deadline(uint64_t ns)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        ns += (uint64_t)t.tv_nsec;
        t.tv_sec += (time_t)(ns / CLEW_NS_PER_S);
        t.tv_nsec = (long)(ns % CLEW_NS_PER_S);
        return t;
}
