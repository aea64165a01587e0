#include "collector/front/guard-limits-int.h"

/*
 * The bursts cover what real clients were seen to do in their first second (gRPC core, Go, Java,
 * Node, Rust), several times over. "earned" covers what they do for each call: a client with a
 * window estimator pings once for each answer, and updates two windows.
 */
const struct clew_guard_rate clew_guard_rates[CLEW_LIMITS] = {
        /* A process that gives up may cancel all its calls, once. All together: a stream that is
         * opened and reset costs the core as much as a small export. */
        [CLEW_LIMIT_RESETS] = {"stream resets", 160, 5, 1, 320, 40},
        [CLEW_LIMIT_PINGS] = {"pings", 60, 4, 2, 0, 0},
        [CLEW_LIMIT_SETTINGS] = {"settings", 8, 1, 0, 0, 0},
        [CLEW_LIMIT_WINDOWS] = {"window updates", 300, 20, 4, 0, 0},
        [CLEW_LIMIT_IGNORED] = {"frames of no use", 100, 2, 1, 0, 0},
        [CLEW_LIMIT_CRUMBS] = {"empty or tiny data frames", 300, 20, 3, 0, 0},
        [CLEW_LIMIT_LATE] = {"frames for ended streams", 400, 20, 3, 0, 0},
};

void clew_bucket_init(struct clew_bucket *b, uint32_t burst, uint64_t now_ms)
{
        b->at_ms = now_ms;
        b->milli = (uint64_t)burst * 1000;
}

void clew_bucket_refill(struct clew_bucket *b, uint32_t burst, uint32_t per_second, uint64_t now_ms)
{
        uint64_t full = (uint64_t)burst * 1000;
        uint64_t passed = now_ms > b->at_ms ? now_ms - b->at_ms : 0;

        b->at_ms = now_ms > b->at_ms ? now_ms : b->at_ms;
        if (b->milli >= full)
                return;
        if (passed > full)
                passed = full;
        b->milli += passed * per_second;
        if (b->milli > full)
                b->milli = full;
}

bool clew_bucket_take(struct clew_bucket *b)
{
        if (b->milli < 1000)
                return false;
        b->milli -= 1000;
        return true;
}

void clew_bucket_earn(struct clew_bucket *b, uint32_t n, uint32_t burst)
{
        uint64_t full = (uint64_t)burst * 1000;

        b->milli += (uint64_t)n * 1000;
        if (b->milli > full)
                b->milli = full;
}
