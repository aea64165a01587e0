/*
 * Admission: how much memory requests may hold before the collector has looked at them.
 *
 * One budget in bytes covers what has arrived of requests that are larger than small, from there
 * until their answer is on its way. It is taken by steps in proportion to what a sender has sent
 * (collector/front/guard-limits-int.h): an announcement takes nothing. Bytes for which there is no
 * room stay with the sender, held back by flow control.
 *
 * Each protocol has a share of its own, half the budget, and may borrow what the other leaves
 * unused. One message at a time of each goes on beyond the budget, so that many half messages never
 * wait for each other; the size limit of requests bounds it.
 *
 * Threads: any.
 */
#ifndef CLEW_COLLECTOR_ADMISSION_H
#define CLEW_COLLECTOR_ADMISSION_H

#include "proto/base/compiler.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum clew_admission_share { CLEW_SHARE_GRPC, CLEW_SHARE_HTTP, CLEW_SHARES };

struct clew_admission {
        pthread_mutex_t lock;
        size_t budget_bytes; /* constant */
        /* under the lock: */
        size_t used_bytes[CLEW_SHARES];
        size_t n_inside;
};

void clew_admission_init(struct clew_admission *a, size_t budget_bytes);
void clew_admission_deinit(struct clew_admission *a); /* nobody inside, nothing taken */

/* Takes @bytes of the budget; false when there is no room. */
CLEW_MUST_USE bool clew_admission_take(struct clew_admission *a, enum clew_admission_share share,
                                       size_t bytes);
/* The same for the one that is favoured: there is always room. */
void clew_admission_take_beyond(struct clew_admission *a, enum clew_admission_share share,
                                size_t bytes);
void clew_admission_give_back(struct clew_admission *a, enum clew_admission_share share,
                              size_t bytes);
size_t clew_admission_used(struct clew_admission *a, enum clew_admission_share share);

/* A request has begun, and is over. */
void clew_admission_enter(struct clew_admission *a);
void clew_admission_leave(struct clew_admission *a);
/* How many requests are inside now: the writer waits a moment for them. */
size_t clew_admission_inside(struct clew_admission *a);

#endif
