#include "storage/tier/tier-place-int.h"

#include "proto/base/number.h"
#include "storage/bucket/bucket-int.h"

#include <stdio.h>
#include <string.h>

void clew_tier_place_name(const struct clew_tier_place *p, char ret[CLEW_TIER_NAME_MAX])
{
        snprintf(ret, CLEW_TIER_NAME_MAX, "seg/%016llx-%016llx", (unsigned long long)p->first,
                 (unsigned long long)p->digest);
}

bool clew_tier_place_read_name(const char *name, struct clew_tier_place *ret)
{
        memset(ret, 0, sizeof(*ret));
        return strlen(name) == 33 && name[16] == '-' && clew_parse_hex16(name, &ret->first) &&
               clew_parse_hex16(name + 17, &ret->digest);
}

bool clew_tier_place_is_good(const struct clew_tier_place *p)
{
        return p->whole <= CLEW_BUCKET_OBJECT_MAX && p->at >= CLEW_TIER_SEGMENT_AT &&
               p->at <= p->whole && p->len <= p->whole - p->at && p->meta >= p->at + p->len &&
               p->meta <= p->end && p->end <= p->whole &&
               p->end - p->meta >= CLEW_TIER_FOOTER_BYTES;
}

bool clew_tier_place_eq(const struct clew_tier_place *a, const struct clew_tier_place *b)
{
        return a->first == b->first && a->digest == b->digest && a->whole == b->whole &&
               a->at == b->at && a->len == b->len && a->meta == b->meta && a->end == b->end;
}

uint64_t clew_tier_place_bytes(const struct clew_tier_place *p)
{
        return p->len + (p->end - p->meta);
}
