/*
 * When a read that is not answered is asked again over a second connection ("The Tail at Scale",
 * Dean and Barroso, 2013: hedged requests).
 *
 * One answer in a hundred takes many times as long as the others, at a store that is well: a disk
 * that is busy, a gateway that has gone. So a read that has been silent for twice as long as 19 of
 * 20 were lately is asked once more, and the first answer is taken. When the store is slow as a
 * whole, asking more makes it slower: second questions are one for each CLEW_HEDGE_SHARE reads, and
 * some at the beginning.
 *
 * Embedded by value. Any thread.
 */
#ifndef CLEW_STORAGE_BUCKET_HEDGE_INT_H
#define CLEW_STORAGE_BUCKET_HEDGE_INT_H

#include "proto/base/compiler.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Answers that are remembered, and how many must be before they say anything. */
#define CLEW_HEDGE_SAMPLES 64u
#define CLEW_HEDGE_SAMPLES_LEAST 16u
/* Of those, one in twenty may have been slower than what is called slow. */
#define CLEW_HEDGE_SLOWEST (CLEW_HEDGE_SAMPLES / 20 + 1)
/* Reads for each that is asked again: 5 %. */
#define CLEW_HEDGE_SHARE 20u
/* That may be asked again at once: so many at the beginning, and saved up at the most. */
#define CLEW_HEDGE_FIRST 1u
#define CLEW_HEDGE_SAVED 4u
/* Until enough is known; a store across an ocean answers sooner, its first TLS connection too. */
#define CLEW_HEDGE_UNKNOWN_NS ((uint64_t)1000000000)
/* Below, a second connection costs more than it gains; above, the time-out is near. */
#define CLEW_HEDGE_LEAST_NS ((uint64_t)10000000)
#define CLEW_HEDGE_MOST_NS ((uint64_t)5000000000)

struct clew_hedge_figures {
        uint64_t reads;
        uint64_t hedged; /* asked again */
        uint64_t won;    /* of those, answered by the second connection */
};

struct clew_hedge {
        pthread_mutex_t lock;
        uint64_t took_ns[CLEW_HEDGE_SAMPLES]; /* guarded by lock, as all */
        unsigned n;
        unsigned at;
        unsigned credit; /* in reads; CLEW_HEDGE_SHARE are a second question */
        struct clew_hedge_figures figures;
};

void clew_hedge_init(struct clew_hedge *h);
void clew_hedge_deinit(struct clew_hedge *h);

/* A read begins: after so much silence it may be asked again. */
CLEW_MUST_USE uint64_t clew_hedge_begin(struct clew_hedge *h);
/* Whether it may, now that it was silent for so long; then it is counted. */
CLEW_MUST_USE bool clew_hedge_spend(struct clew_hedge *h);
/* It was answered: its first byte came @ns after it was first asked. @by_second: the second
 * question was answered first. */
void clew_hedge_answered(struct clew_hedge *h, uint64_t ns, bool by_second);
void clew_hedge_read(struct clew_hedge *h, struct clew_hedge_figures *ret);

#endif
