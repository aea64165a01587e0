/*
 * What threads of a kind may take from the heap, each and all together.
 *
 * A thread opens an account for a piece of work (a question, a step of sealing); until it closes
 * it, what it takes through mem.h is counted. Each has a small amount whatever the others do. More
 * has only who holds the pool's one place for large work, in the order of asking: so the worst is
 * one large piece and a small one for each other thread.
 *
 *     small --more is needed--> asks for the place --has it--> large --ends, or little is left-->
 *                                  \--a question, and it is taken--> busy: allocations fail
 *
 * A question does not wait for the place: whoever asks has a thread that others need, and a
 * snapshot. It fails, gives up all, and is begun again when its ticket is the first. Work in the
 * background waits, and goes on without the place when that takes too long: others may wait for a
 * lock of its.
 *
 * Threads: an account belongs to the thread that opened it. What is freed by another thread than it
 * was taken by stays counted until the account is closed.
 */
#ifndef CLEW_PROTO_BASE_ACCOUNT_H
#define CLEW_PROTO_BASE_ACCOUNT_H

#include "proto/base/compiler.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Somebody who waits for the place. Zeroed = he does not. */
struct clew_mem_ticket {
        struct clew_mem_ticket *next;
        bool waits;
};

struct clew_mem_pool {
        size_t small_bytes;
        size_t large_bytes;
        uint64_t patience_ns; /* of work in the background */
        pthread_mutex_t lock;
        pthread_cond_t changed; /* on the monotonic clock */
        /* under the lock: */
        struct clew_mem_ticket *first;
        bool taken;
        bool ends;        /* nobody waits any more */
        uint64_t n_large; /* how often the place was given */
        uint64_t n_busy;  /* questions that did not have it */
};

enum clew_mem_work {
        CLEW_MEM_QUESTION,   /* at most large_bytes, and fails rather than waits */
        CLEW_MEM_BACKGROUND, /* no limit of its own; waits */
};

struct clew_mem_account {
        struct clew_mem_pool *pool;
        enum clew_mem_work work;
        size_t allowed_bytes;
        size_t used_bytes;
        size_t peak_bytes;
        bool has_place;
        bool hurries; /* holds what others wait for */
        bool busy;    /* something failed because the place was taken: it may go well later */
        bool over;    /* something failed because of large_bytes: it would again */
};

void clew_mem_pool_init(struct clew_mem_pool *pool, size_t small_bytes, size_t large_bytes,
                        uint64_t patience_ns);
/* When no account is open. */
void clew_mem_pool_deinit(struct clew_mem_pool *pool);
/* Whoever waits goes on without the place; so does who asks from now on. */
void clew_mem_pool_end(struct clew_mem_pool *pool);

/* A place in the row. The ticket is borrowed until it is claimed or given back. */
void clew_mem_ticket_queue(struct clew_mem_pool *pool, struct clew_mem_ticket *ticket);
/* True when it is its turn: the place is the caller's, who hands it to clew_mem_account_open(). */
CLEW_MUST_USE bool clew_mem_ticket_claim(struct clew_mem_pool *pool,
                                         struct clew_mem_ticket *ticket);
/* For one that waits no longer, or never did. */
void clew_mem_ticket_return(struct clew_mem_pool *pool, struct clew_mem_ticket *ticket);

/* Binds this thread, which must have no other, to @ret. @has_place: it was claimed. */
void clew_mem_account_open(struct clew_mem_account *ret, struct clew_mem_pool *pool,
                           enum clew_mem_work work, bool has_place);
/* Gives all back; busy, over and peak_bytes stay to be read. */
void clew_mem_account_close(struct clew_mem_account *account);
/* This thread's; NULL = what it takes is not counted. */
struct clew_mem_account *clew_mem_account_current(void);
/* From now on this thread's account does not fail for want of the place: others wait for what it
 * holds (a write transaction), or what it has done cannot be begun again. False when something has
 * failed so already: the work is to be given up now. */
CLEW_MUST_USE bool clew_mem_account_hurry(void);

/* For mem.c: whether @account may take @bytes more; what it has taken; what it has given back. */
CLEW_MUST_USE bool clew_mem_account_may(struct clew_mem_account *account, size_t bytes);
void clew_mem_account_took(struct clew_mem_account *account, size_t bytes);
void clew_mem_account_gave(struct clew_mem_account *account, size_t bytes);

#endif
