/*
 * Objects that did not verify: what of them is damaged is not asked for again before its time, is
 * named wherever somebody looks, and everything else is served.
 */
#include "storage/tier/tier-int.h"

#include "proto/base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Read so often one after the other, it is taken for damaged there, and not on its way. */
#define TIMES_MAX 2u
/* Whoever keeps the bucket may have put back what it lost. */
#define AGAIN_NS (3600 * CLEW_NS_PER_S)

bool clew_tier_is_bad(struct clew_tier *t, uint64_t segment, const struct clew_tier_place *place,
                      bool is_found_by)
{
        struct clew_error ignored;
        struct clew_tier_bad bad;
        uint64_t now = clew_clock_unix_ns(t->store->clock);

        return clew_tier_map_get_bad(t->map, segment, &bad, &ignored) == 0 &&
               clew_tier_place_eq(&bad.place, place) && bad.is_found_by == is_found_by &&
               bad.times >= TIMES_MAX && now >= bad.found_ns && now - bad.found_ns < AGAIN_NS;
}

void clew_tier_keep_bad(struct clew_tier *t, uint64_t segment, const struct clew_tier_place *place,
                        bool is_found_by, unsigned times)
{
        struct clew_error ignored;
        struct clew_tier_bad bad = {0};

        if (clew_tier_map_get_bad(t->map, segment, &bad, &ignored) < 0 ||
            !clew_tier_place_eq(&bad.place, place) || bad.is_found_by != is_found_by)
                bad = (struct clew_tier_bad){.place = *place, .is_found_by = is_found_by};
        bad.found_ns = clew_clock_unix_ns(t->store->clock);
        bad.times += times;
        (void)!clew_tier_map_set_bad(t->map, segment, &bad, &ignored);
}

void clew_tier_is_good_again(struct clew_tier *t, uint64_t segment)
{
        struct clew_error ignored;
        struct clew_tier_bad bad;

        if (clew_tier_map_get_bad(t->map, segment, &bad, &ignored) == 0)
                (void)!clew_tier_map_set_bad(t->map, segment, NULL, &ignored);
}

uint64_t clew_tier_each_damaged(struct clew_tier *t, clew_verify_report_fn fn, void *context)
{
        CLEW_BUFFER list = {0};
        struct clew_error ignored;
        uint64_t n = 0;

        clew_buffer_init(&list, (size_t)1 << 30);
        if (!t || !t->map || clew_tier_map_bad_segments(t->map, &list, &ignored) < 0)
                return 0;
        for (size_t at = 0; at < list.len; at += sizeof(uint64_t)) {
                struct clew_tier_bad bad;
                uint64_t segment;
                const struct clew_tier *of;
                char name[CLEW_TIER_NAME_MAX];
                char full[CLEW_TIER_FULL_NAME_MAX];

                memcpy(&segment, list.data + at, sizeof(segment));
                if (clew_tier_map_get_bad(t->map, segment, &bad, &ignored) < 0)
                        continue;
                n++;
                of = clew_tier_of_segment(t, segment);
                clew_tier_place_name(&bad.place, name);
                clew_tier_full_name(of ? of : t, name, full);
                if (fn)
                        fn(context, full,
                           bad.is_found_by
                                   ? "is damaged: it is left aside, and its traces with it"
                                   : "its bytes are not those of its checksum: its traces cannot "
                                     "be shown");
        }
        return n;
}
