#include "storage/bucket/moving-int.h"

#include "proto/base/clock.h"
#include "storage/bucket/bucket-int.h"

/* A program that is slow from the beginning is given no larger room by its system than this. */
#define UNSEEN_LEAST ((uint64_t)512 << 10)
/* The speed so far may have been four times what it is now. */
#define SLOWER 4u

void clew_moving_begin(struct clew_moving *m, uint64_t now_ns)
{
        *m = (struct clew_moving){.begun_ns = now_ns, .moved_ns = now_ns};
}

static uint64_t least(uint64_t a, uint64_t b)
{
        return a < b ? a : b;
}

/* What the other side's program may need for what it has not read yet. */
static uint64_t unseen_ns(const struct clew_moving *m)
{
        uint64_t slowest = CLEW_BUCKET_SLOWEST_BYTES;
        uint64_t most = least(m->arrived, CLEW_BUCKET_ON_ITS_WAY);
        uint64_t at_first = least(m->arrived, UNSEEN_LEAST) * CLEW_NS_PER_S / slowest;
        uint64_t ms = (m->moved_ns - m->begun_ns) / CLEW_NS_PER_MS;
        uint64_t as_so_far = m->arrived ? most * ms / m->arrived * SLOWER * CLEW_NS_PER_MS : 0;

        return least(at_first + as_so_far, most * CLEW_NS_PER_S / slowest);
}

bool clew_moving_is_over(struct clew_moving *m, const struct clew_moving_now *now,
                         uint64_t silence_ns)
{
        uint64_t arrived = now->given > now->waiting ? now->given - now->waiting : 0;
        uint64_t last;

        if (arrived > m->arrived) {
                m->arrived = arrived;
                m->moved_ns = now->now_ns;
        }
        last = m->moved_ns > now->heard_ns ? m->moved_ns : now->heard_ns;
        if (now->given == now->body && now->waiting == 0)
                silence_ns += unseen_ns(m);
        return now->now_ns - last >= silence_ns;
}
