/*
 * Admission: how much memory requests may hold before the collector has looked at them.
 *
 * One budget in bytes covers a request from the moment its bytes may flow in until its answer is
 * out. A request enters with an estimate (over gRPC its size is not known beforehand), is corrected
 * when its size is known, shrinks when its raw bytes have become compressed fragments, and leaves
 * with its answer. When the budget is spent, further requests wait in order of arrival; their bytes
 * stay with the sender, held back by flow control. When too many wait, the next is refused with an
 * answer that says when to retry.
 *
 * The estimate follows the largest request seen lately, so that a burst of large requests after
 * small ones overshoots once and not again. One request is always let in when nothing else is,
 * whatever its size: the size limit bounds it.
 *
 * Threads: any. No callback runs under the lock.
 */
#ifndef CLEW_COLLECTOR_ADMISSION_H
#define CLEW_COLLECTOR_ADMISSION_H

#include "proto/base/compiler.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* The estimate never falls below this part of the budget. So few requests of unknown size may flow
 * in at a time, and a burst of large ones after a quiet hour overshoots the budget little. */
#define CLEW_ADMISSION_ESTIMATE_PARTS 16u
/* Each request smaller than the estimate takes this part of the difference off it. */
#define CLEW_ADMISSION_ESTIMATE_DECAY 16u

/* One request's place in the budget; embedded in the request. */
struct clew_ticket {
        struct clew_ticket *next; /* while waiting */
        /* Called once, from the thread that made room, when a waiting ticket has been let in. */
        void (*let_in)(struct clew_ticket *ticket);
        size_t bytes;  /* held in the budget; 0 = not inside */
        size_t wanted; /* while waiting: the known size, 0 = unknown */
};

struct clew_admission {
        pthread_mutex_t lock;
        size_t budget_bytes; /* constant */
        size_t max_waiting;  /* constant */
        /* under the lock: */
        size_t used_bytes;
        size_t estimate_bytes;
        size_t n_inside;
        size_t n_waiting;
        struct clew_ticket *first;
        struct clew_ticket *last;
};

enum clew_admission_result { CLEW_ADMITTED, CLEW_ADMISSION_WAITS, CLEW_ADMISSION_REFUSED };

void clew_admission_init(struct clew_admission *a, size_t budget_bytes, size_t max_waiting);
void clew_admission_deinit(struct clew_admission *a); /* nobody inside or waiting */

/* @bytes is what the request will hold, 0 = unknown (the estimate is used). With @let_in NULL it
 * never waits but is refused instead. */
CLEW_MUST_USE enum clew_admission_result clew_admission_enter(struct clew_admission *a,
                                                              struct clew_ticket *ticket,
                                                              size_t bytes,
                                                              void (*let_in)(struct clew_ticket *));
/* The true size is known: corrects the ticket and teaches the estimate. */
void clew_admission_measured(struct clew_admission *a, struct clew_ticket *ticket, size_t bytes);
/* The request now holds @bytes. May let others in. */
void clew_admission_resize(struct clew_admission *a, struct clew_ticket *ticket, size_t bytes);
/* True when @more bytes fit beside what is used now; then they are taken. For requests that grow
 * while they are read. */
CLEW_MUST_USE bool clew_admission_try_grow(struct clew_admission *a, struct clew_ticket *ticket,
                                           size_t more);
/* The request is over. Does nothing for a ticket that is not inside. */
void clew_admission_leave(struct clew_admission *a, struct clew_ticket *ticket);

/* How many requests are inside now: the writer waits a moment for them. */
size_t clew_admission_inside(struct clew_admission *a);
/* How many wait to be let in. */
size_t clew_admission_waiting(struct clew_admission *a);

#endif
