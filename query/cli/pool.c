/*
 * See pool.h.
 */
#include "query/cli/pool.h"

#include "query/cli/child.h"

#include <signal.h>

void clew_pool_init(struct clew_pool *pool, const struct clew_clock *clock, struct clew_job **jobs,
                    uint32_t n)
{
        struct sigaction ignore = {.sa_handler = SIG_IGN};

        sigaction(SIGPIPE, &ignore, NULL);
        *pool = (struct clew_pool){.clock = clock, .jobs = jobs, .n = n};
        pthread_mutex_init(&pool->lock, NULL);
        pthread_cond_init(&pool->done, NULL);
        for (uint32_t i = 0; i < n; i++)
                jobs[i]->pool = pool;
}

void clew_pool_deinit(struct clew_pool *pool)
{
        CLEW_ASSERT(pool->busy == 0);
        pthread_cond_destroy(&pool->done);
        pthread_mutex_destroy(&pool->lock);
}

static struct clew_job *with_state(const struct clew_pool *pool, enum clew_job_state state)
{
        for (uint32_t i = 0; i < pool->n; i++) {
                if (pool->jobs[i]->state == state)
                        return pool->jobs[i];
        }
        return NULL;
}

struct clew_job *clew_pool_free(struct clew_pool *pool)
{
        struct clew_job *job;

        pthread_mutex_lock(&pool->lock);
        job = with_state(pool, CLEW_JOB_FREE);
        pthread_mutex_unlock(&pool->lock);
        CLEW_ASSERT(job); /* fewer are busy than there are */
        return job;
}

static void *work(void *argument)
{
        struct clew_job *job = argument;
        struct clew_pool *pool = job->pool;
        uint64_t from = clew_clock_monotonic_ns(pool->clock);

        job->code = clew_child_run(job->command, job->envp, job->question, job->timeout_ms,
                                   &job->answer, &job->status, &job->err);
        job->duration_ns = clew_clock_monotonic_ns(pool->clock) - from;
        pthread_mutex_lock(&pool->lock);
        job->state = CLEW_JOB_DONE;
        pthread_cond_signal(&pool->done);
        pthread_mutex_unlock(&pool->lock);
        return NULL;
}

int clew_pool_start(struct clew_pool *pool, struct clew_job *job)
{
        int r;

        job->err = (struct clew_error){0};
        job->state = CLEW_JOB_BUSY; /* no thread of its own yet */
        r = pthread_create(&job->thread, NULL, work, job);
        if (r != 0) {
                job->state = CLEW_JOB_FREE;
                return -r;
        }
        pool->busy++;
        return 0;
}

struct clew_job *clew_pool_wait(struct clew_pool *pool)
{
        struct clew_job *job;

        CLEW_ASSERT(pool->busy > 0);
        pthread_mutex_lock(&pool->lock);
        while (!(job = with_state(pool, CLEW_JOB_DONE)))
                pthread_cond_wait(&pool->done, &pool->lock);
        pthread_mutex_unlock(&pool->lock);
        pthread_join(job->thread, NULL);
        job->state = CLEW_JOB_FREE;
        pool->busy--;
        return job;
}
