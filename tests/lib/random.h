/* A small seeded generator (splitmix64) for tests; the seed is printed by whoever sets it. */
#ifndef CLEW_TESTS_LIB_RANDOM_H
#define CLEW_TESTS_LIB_RANDOM_H

#include "proto/base/number.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct test_random {
        uint64_t state;
};

static inline uint64_t test_random_next(struct test_random *r)
{
        uint64_t z = (r->state += 0x9E3779B97F4A7C15ull);

        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
        return z ^ (z >> 31);
}

/* 0 .. n - 1 */
static inline uint64_t test_random_below(struct test_random *r, uint64_t n)
{
        return test_random_next(r) % n;
}

/* Seeds from the environment variable CLEW_TEST_SEED, "random" being the clock, else always the
 * same, and prints it. */
static inline struct test_random test_random_seeded(const char *what)
{
        const char *s = getenv("CLEW_TEST_SEED");
        struct test_random r = {20261125};

        if (s && strcmp(s, "random") == 0)
                r.state = (uint64_t)time(NULL);
        else if (s && !clew_parse_uint64(clew_slice_of_cstr(s), &r.state))
                abort();

        printf("# %s: CLEW_TEST_SEED=%llu\n", what, (unsigned long long)r.state);
        return r;
}

#endif
