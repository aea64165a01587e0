#include "collector/commit/keeper.h"

#include "proto/base/clock.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "query/serve/erase.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define NICE_LEVEL 10
/* CPU time after which a rest is due. */
#define STEP_CPU_NS (100 * CLEW_NS_PER_MS)

struct clew_keeper {
        struct clew_keeper_options options;
        pthread_t thread;
        pthread_mutex_t lock;
        pthread_cond_t stop;
        volatile sig_atomic_t stopping; /* written under the lock; walks look at it without */
        uint64_t rested_cpu_ns;         /* thread's CPU time at its last rest */
};

static uint64_t cpu_ns(void)
{
        struct timespec t;

        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return (uint64_t)t.tv_sec * CLEW_NS_PER_S + (uint64_t)t.tv_nsec;
}

/* True when it is time to end. */
static bool rest(struct clew_keeper *k, uint64_t ns)
{
        struct timespec until = clew_clock_deadline(ns);
        bool stopping;

        pthread_mutex_lock(&k->lock);
        while (!k->stopping && pthread_cond_timedwait(&k->stop, &k->lock, &until) != ETIMEDOUT)
                ;
        stopping = k->stopping != 0;
        pthread_mutex_unlock(&k->lock);
        k->rested_cpu_ns = cpu_ns();
        return stopping;
}

static void run_on_writer(void *context, void (*fn)(void *argument), void *argument)
{
        struct clew_keeper *k = context;

        clew_pipeline_run(k->options.pipeline, fn, argument);
}

/* Asked between segments: the place for a rest. */
static bool is_over(void *context)
{
        struct clew_keeper *k = context;
        uint64_t used = cpu_ns() - k->rested_cpu_ns;

        if (used < STEP_CPU_NS)
                return k->stopping != 0;
        return rest(k, used * (100 - k->options.cpu_percent) / k->options.cpu_percent);
}

static int look(struct clew_keeper *k, struct clew_retention_plan *plan, struct clew_error *err)
{
        struct clew_view *view = NULL;
        int r = clew_view_open(k->options.store, &view, err);

        if (r == 0)
                r = clew_retention_look(k->options.rules, view, clew_clock_system(), &k->stopping,
                                        plan, err);
        clew_view_close(view);
        return r;
}

/* 1 = the next pass is due at once. */
static int pass(struct clew_keeper *k, struct clew_error *err)
{
        struct clew_rewrite_options options = clew_erasing_rewrite();
        struct clew_rewrite_stats stats = {0};
        struct clew_retention_plan plan;
        size_t n;
        int r;

        options.run = run_on_writer;
        options.is_over = is_over;
        options.context = k;
        clew_retention_plan_init(&plan);
        r = look(k, &plan, err);
        n = plan.ids.len / sizeof(struct clew_trace_id);
        if (r == 0 && plan.for_quota > 0)
                clew_log(CLEW_LOG_WARN, "retention.quota",
                         "used_bytes=%llu quota_bytes=%llu dropping=%llu",
                         (unsigned long long)plan.used_bytes,
                         (unsigned long long)k->options.rules->quota_bytes,
                         (unsigned long long)plan.for_quota);
        if (r == 0 && n > 0)
                r = clew_store_drop(k->options.store, (const void *)plan.ids.data, n,
                                    plan.for_quota > 0, &options, &stats, err);
        if (r == 0 && stats.traces > 0)
                clew_log(CLEW_LOG_INFO, "retention.dropped",
                         "traces=%llu raw_bytes=%llu segments=%llu written_bytes=%llu held=%llu",
                         (unsigned long long)stats.traces, (unsigned long long)stats.raw_bytes,
                         (unsigned long long)stats.segments, (unsigned long long)stats.written,
                         (unsigned long long)plan.held);
        clew_retention_plan_deinit(&plan);
        return r < 0 ? r : (plan.more || plan.for_quota > 0) && stats.traces > 0;
}

static void *keeper_main(void *argument)
{
        struct clew_keeper *k = argument;
        uint64_t pause = CLEW_NS_PER_S;

        pthread_setname_np(pthread_self(), "clewd-keeper");
        /* On Linux a thread has a priority of its own, named by its thread id. */
        setpriority(PRIO_PROCESS, (id_t)gettid(), NICE_LEVEL);
        while (!rest(k, pause)) {
                struct clew_mem_account account;
                struct clew_error err = {.code = 0};
                int r;

                clew_mem_account_open(&account, k->options.memory, CLEW_MEM_BACKGROUND, false);
                r = pass(k, &err);
                clew_mem_account_close(&account);

                if (r < 0 && r != -ECANCELED)
                        clew_log(CLEW_LOG_WARN, "retention.failed", "error=\"%s\" reason=\"%s\"",
                                 strerror(-r), err.message);
                pause = r == 1 ? CLEW_NS_PER_S : k->options.every_ns;
        }
        return NULL;
}

int clew_keeper_new(const struct clew_keeper_options *options, struct clew_keeper **ret)
{
        struct clew_keeper *k = clew_calloc(1, sizeof(*k));
        pthread_condattr_t attr;
        int r;

        if (!k)
                return -ENOMEM;
        k->options = *options;
        pthread_mutex_init(&k->lock, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&k->stop, &attr);
        pthread_condattr_destroy(&attr);
        r = pthread_create(&k->thread, NULL, keeper_main, k);
        if (r != 0) {
                pthread_cond_destroy(&k->stop);
                pthread_mutex_destroy(&k->lock);
                clew_free(k);
                return -r;
        }
        *ret = k;
        return 0;
}

void clew_keeper_free(struct clew_keeper *k)
{
        if (!k)
                return;
        pthread_mutex_lock(&k->lock);
        k->stopping = 1;
        pthread_cond_signal(&k->stop);
        pthread_mutex_unlock(&k->lock);
        pthread_join(k->thread, NULL);
        pthread_cond_destroy(&k->stop);
        pthread_mutex_destroy(&k->lock);
        clew_free(k);
}
