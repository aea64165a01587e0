#include "proto/base/account.h"

#include "proto/base/clock.h"

#include <errno.h>

static _Thread_local struct clew_mem_account *current;

/* ---- the place ------------------------------------------------------------------------------ */

void clew_mem_pool_init(struct clew_mem_pool *pool, size_t small_bytes, size_t large_bytes,
                        uint64_t patience_ns)
{
        pthread_condattr_t attr;

        CLEW_ASSERT(small_bytes <= large_bytes);
        *pool = (struct clew_mem_pool){
                .small_bytes = small_bytes,
                .large_bytes = large_bytes,
                .patience_ns = patience_ns,
        };
        pthread_mutex_init(&pool->lock, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&pool->changed, &attr);
        pthread_condattr_destroy(&attr);
}

void clew_mem_pool_deinit(struct clew_mem_pool *pool)
{
        pthread_cond_destroy(&pool->changed);
        pthread_mutex_destroy(&pool->lock);
}

void clew_mem_pool_end(struct clew_mem_pool *pool)
{
        pthread_mutex_lock(&pool->lock);
        pool->ends = true;
        pthread_cond_broadcast(&pool->changed);
        pthread_mutex_unlock(&pool->lock);
}

/* The functions that end in _locked are called under the pool's lock. */

static void queue_locked(struct clew_mem_pool *pool, struct clew_mem_ticket *ticket)
{
        struct clew_mem_ticket **at = &pool->first;

        while (*at)
                at = &(*at)->next;
        *ticket = (struct clew_mem_ticket){.waits = true};
        *at = ticket;
}

static void remove_locked(struct clew_mem_pool *pool, struct clew_mem_ticket *ticket)
{
        struct clew_mem_ticket **at = &pool->first;

        while (*at && *at != ticket)
                at = &(*at)->next;
        if (*at)
                *at = ticket->next;
        *ticket = (struct clew_mem_ticket){.waits = false};
        pthread_cond_broadcast(&pool->changed); /* another one may be the first */
}

static bool claim_locked(struct clew_mem_pool *pool, struct clew_mem_ticket *ticket)
{
        if (pool->taken || pool->first != ticket)
                return false;
        remove_locked(pool, ticket);
        pool->taken = true;
        pool->n_large++;
        return true;
}

void clew_mem_ticket_queue(struct clew_mem_pool *pool, struct clew_mem_ticket *ticket)
{
        pthread_mutex_lock(&pool->lock);
        queue_locked(pool, ticket);
        pthread_mutex_unlock(&pool->lock);
}

bool clew_mem_ticket_claim(struct clew_mem_pool *pool, struct clew_mem_ticket *ticket)
{
        bool has;

        pthread_mutex_lock(&pool->lock);
        has = ticket->waits && claim_locked(pool, ticket);
        pthread_mutex_unlock(&pool->lock);
        return has;
}

void clew_mem_ticket_return(struct clew_mem_pool *pool, struct clew_mem_ticket *ticket)
{
        pthread_mutex_lock(&pool->lock);
        if (ticket->waits)
                remove_locked(pool, ticket);
        pthread_mutex_unlock(&pool->lock);
}

/* The place at once, or not at all. */
static bool try_place(struct clew_mem_pool *pool)
{
        bool has;

        pthread_mutex_lock(&pool->lock);
        has = !pool->taken && !pool->first;
        pool->taken |= has;
        pool->n_large += has;
        pool->n_busy += !has;
        pthread_mutex_unlock(&pool->lock);
        return has;
}

static bool await_place(struct clew_mem_pool *pool)
{
        struct timespec until = clew_clock_deadline(pool->patience_ns);
        struct clew_mem_ticket ticket;
        int r = 0;
        bool has;

        pthread_mutex_lock(&pool->lock);
        queue_locked(pool, &ticket);
        has = claim_locked(pool, &ticket);
        while (!has && !pool->ends && r != ETIMEDOUT) {
                r = pthread_cond_timedwait(&pool->changed, &pool->lock, &until);
                has = claim_locked(pool, &ticket);
        }
        if (!has)
                remove_locked(pool, &ticket);
        pthread_mutex_unlock(&pool->lock);
        return has;
}

static void give_place(struct clew_mem_account *a)
{
        struct clew_mem_pool *pool = a->pool;

        if (!a->has_place)
                return;
        a->has_place = false;
        pthread_mutex_lock(&pool->lock);
        pool->taken = false;
        pthread_cond_broadcast(&pool->changed);
        pthread_mutex_unlock(&pool->lock);
}

/* ---- accounts ------------------------------------------------------------------------------- */

static size_t most(const struct clew_mem_account *a)
{
        return a->work == CLEW_MEM_QUESTION ? a->pool->large_bytes : SIZE_MAX;
}

void clew_mem_account_open(struct clew_mem_account *ret, struct clew_mem_pool *pool,
                           enum clew_mem_work work, bool has_place)
{
        CLEW_ASSERT(!current);
        *ret = (struct clew_mem_account){.pool = pool, .work = work, .has_place = has_place};
        ret->allowed_bytes = has_place ? most(ret) : pool->small_bytes;
        current = ret;
}

void clew_mem_account_close(struct clew_mem_account *a)
{
        CLEW_ASSERT(current == a);
        current = NULL;
        give_place(a);
}

struct clew_mem_account *clew_mem_account_current(void)
{
        return current;
}

bool clew_mem_account_hurry(void)
{
        if (current && !current->busy)
                current->hurries = true;
        return !current || !current->busy;
}

bool clew_mem_account_may(struct clew_mem_account *a, size_t bytes)
{
        bool waits = a->work == CLEW_MEM_BACKGROUND;

        if (CLEW_LIKELY(bytes <= a->allowed_bytes && a->used_bytes <= a->allowed_bytes - bytes))
                return true;
        if (bytes > most(a) || a->used_bytes > most(a) - bytes) {
                a->over = true;
                return false;
        }
        if (a->busy)
                return false;
        a->has_place = waits && !a->hurries ? await_place(a->pool) : try_place(a->pool);
        a->busy = !a->has_place && !waits && !a->hurries;
        if (!a->busy)
                a->allowed_bytes = most(a);
        return !a->busy;
}

void clew_mem_account_took(struct clew_mem_account *a, size_t bytes)
{
        a->used_bytes += bytes;
        if (a->used_bytes > a->peak_bytes)
                a->peak_bytes = a->used_bytes;
}

void clew_mem_account_gave(struct clew_mem_account *a, size_t bytes)
{
        a->used_bytes -= bytes < a->used_bytes ? bytes : a->used_bytes;
        /* Half of it: else work at the limit would come and go with each allocation. A question
         * keeps the place to its end: it could not have it again. */
        if (CLEW_LIKELY(a->work == CLEW_MEM_QUESTION || a->allowed_bytes == a->pool->small_bytes ||
                        a->used_bytes > a->pool->small_bytes / 2))
                return;
        a->allowed_bytes = a->pool->small_bytes;
        give_place(a);
}
