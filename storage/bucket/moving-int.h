/*
 * Whether a request that sends a body still moves, judged by what the other side has taken.
 *
 * What was given to the system is not yet on its way: it takes some MiB at once and sends them as
 * the line allows. So bytes count when the other side has acknowledged them, and as long as some
 * come to that the line is slow, and not dead. What it has taken and its program has not read yet
 * cannot be seen: after the last byte an answer has more time, as much as that may need at a
 * quarter of the speed so far.
 */
#ifndef CLEW_STORAGE_BUCKET_MOVING_INT_H
#define CLEW_STORAGE_BUCKET_MOVING_INT_H

#include <stdbool.h>
#include <stdint.h>

struct clew_moving {
        uint64_t begun_ns; /* monotonic, as the others */
        uint64_t moved_ns; /* when the last of it arrived */
        uint64_t arrived;  /* bytes of the body */
};

/* How a request is at this moment. */
struct clew_moving_now {
        uint64_t now_ns;
        uint64_t heard_ns; /* the last byte of an answer, or the beginning */
        uint64_t body;     /* bytes in all */
        uint64_t given;    /* to the system */
        uint64_t waiting;  /* with it, and not acknowledged by the other side */
};

void clew_moving_begin(struct clew_moving *m, uint64_t now_ns);
/* Takes down how it is. Whether nothing has moved for too long, when @silence_ns is what a store
 * may be silent for. */
bool clew_moving_is_over(struct clew_moving *m, const struct clew_moving_now *now,
                         uint64_t silence_ns);

#endif
