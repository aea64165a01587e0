/*
 * Several programs at once: a thread a question waits for its program (child.h), and the caller's
 * thread alone does everything else: makes questions, talks to the store, prints.
 */
#ifndef CLEW_QUERY_CLI_POOL_H
#define CLEW_QUERY_CLI_POOL_H

#include "proto/base/buffer.h"
#include "proto/base/clock.h"
#include "proto/base/error.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define CLEW_POOL_JOBS_MAX 64u

struct clew_pool;

enum clew_job_state { CLEW_JOB_FREE, CLEW_JOB_BUSY, CLEW_JOB_DONE };

/* One question and its answer. Set by the caller before clew_pool_start(): command, envp (NULL =
 * ours), question, timeout_ms, and the bound of answer. The rest is set when it ends: code (as
 * clew_child_run() returns), status, duration_ns, err. While it is busy nothing of it is touched.
 */
struct clew_job {
        const char *command;
        char **envp;
        struct clew_slice question;
        uint32_t timeout_ms;
        struct clew_buffer answer;
        int code;
        int status;
        uint64_t duration_ns;
        struct clew_error err;
        /* the pool's own */
        struct clew_pool *pool;
        pthread_t thread;
        enum clew_job_state state;
};

struct clew_pool {
        const struct clew_clock *clock;
        pthread_mutex_t lock;
        pthread_cond_t done;
        struct clew_job **jobs;
        uint32_t n;
        uint32_t busy;
};

/* @jobs: @n of them, zeroed, the caller's until clew_pool_deinit(), which needs all to have ended.
 * Ignores SIGPIPE for the process: several programs may close their input unread. */
void clew_pool_init(struct clew_pool *pool, const struct clew_clock *clock, struct clew_job **jobs,
                    uint32_t n);
void clew_pool_deinit(struct clew_pool *pool);

static inline bool clew_pool_is_full(const struct clew_pool *pool)
{
        return pool->busy == pool->n;
}

/* A job that is free; there must be one. */
struct clew_job *clew_pool_free(struct clew_pool *pool);
/* 0, or what the system reports: it has not begun then. */
CLEW_MUST_USE int clew_pool_start(struct clew_pool *pool, struct clew_job *job);
/* Waits for the next that ends; it is free then, with its answer. At least one must be busy. */
struct clew_job *clew_pool_wait(struct clew_pool *pool);

#endif
