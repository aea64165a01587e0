#include "collector/commit/keeper.h"

#include "proto/base/clock.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/base/stop.h"
#include "query/serve/erase.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* As low as questions. With less a busy machine lets what is hot, and the file beyond its quota,
 * grow for hours; the share that was set bounds the rest. */
#define NICE_LEVEL 5
/* CPU time after which a rest is due. */
#define STEP_CPU_NS (100 * CLEW_NS_PER_MS)

struct clew_keeper {
        struct clew_keeper_options options;
        pthread_t thread;
        pthread_mutex_t lock;
        pthread_cond_t stop;
        volatile sig_atomic_t stopping; /* written under the lock; walks look at it without */
        uint64_t skip;                  /* for the next pass */
        uint64_t rested_cpu_ns;         /* thread's CPU time at its last rest */
        struct clew_retention rules;    /* the thread's */
        struct clew_retention fresh;    /* to take their place; under the lock */
        bool has_fresh;
};

static uint64_t cpu_ns(void)
{
        struct timespec t;

        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return (uint64_t)t.tv_sec * CLEW_NS_PER_S + (uint64_t)t.tv_nsec;
}

/* True when it is time to end. Between two passes other rules end a rest. */
static bool rest(struct clew_keeper *k, uint64_t ns, bool between)
{
        struct timespec until = clew_clock_deadline(ns);
        bool stopping;

        pthread_mutex_lock(&k->lock);
        while (!k->stopping && !(between && k->has_fresh) &&
               pthread_cond_timedwait(&k->stop, &k->lock, &until) != ETIMEDOUT)
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
                return clew_stop_is_set(&k->stopping);
        return rest(k, used * (100 - k->options.cpu_percent) / k->options.cpu_percent, false);
}

static int look(struct clew_keeper *k, struct clew_retention_plan *plan, struct clew_error *err)
{
        struct clew_view *view = NULL;
        int r = clew_view_open(k->options.store, &view, err);

        if (r == 0)
                r = clew_retention_look(&k->rules, view, clew_clock_system(), &k->stopping, plan,
                                        err);
        clew_view_close(view);
        return r;
}

/* Also of what was done before an error. */
static void tell(const struct clew_retention_plan *plan, const struct clew_rewrite_stats *stats)
{
        if (stats->traces > 0)
                clew_log(CLEW_LOG_INFO, "retention.dropped",
                         "traces=%llu skeletons=%llu raw_bytes=%llu segments=%llu "
                         "written_bytes=%llu held=%llu",
                         (unsigned long long)(stats->traces - stats->stripped),
                         (unsigned long long)stats->stripped, (unsigned long long)stats->raw_bytes,
                         (unsigned long long)stats->segments, (unsigned long long)stats->written,
                         (unsigned long long)plan->held);
        if (stats->unstripped > 0)
                clew_log(CLEW_LOG_WARN, "retention.unread", "traces=%llu keep their texts",
                         (unsigned long long)stats->unstripped);
}

/* 1 = the next pass is due at once. */
static int pass(struct clew_keeper *k, struct clew_error *err)
{
        struct clew_rewrite_options options = clew_erasing_rewrite();
        struct clew_rewrite_stats stats = {0};
        struct clew_retention_plan plan;
        bool any;
        int r;

        options.run = run_on_writer;
        options.is_over = is_over;
        options.context = k;
        clew_retention_plan_init(&plan);
        plan.until_full = true;
        plan.skip = k->skip;
        r = look(k, &plan, err);
        any = plan.ids.len + plan.strips.len > 0;
        if (r == 0 && plan.for_quota > 0)
                clew_log(CLEW_LOG_WARN, "retention.quota",
                         "used_bytes=%llu quota_bytes=%llu dropping=%llu",
                         (unsigned long long)plan.used_bytes,
                         (unsigned long long)k->rules.quota_bytes,
                         (unsigned long long)plan.for_quota);
        if (r == 0 && any)
                r = clew_retention_carry_out(&k->rules, &plan, k->options.store,
                                             clew_clock_system(), &options, &stats, err);
        tell(&plan, &stats);
        k->skip = r < 0 ? 0 : clew_retention_next_skip(&plan, stats.traces);
        clew_retention_plan_deinit(&plan);
        return r < 0 ? r : plan.more || (plan.for_quota > 0 && stats.traces > 0);
}

static void take_fresh(struct clew_keeper *k)
{
        pthread_mutex_lock(&k->lock);
        if (k->has_fresh) {
                clew_retention_deinit(&k->rules);
                k->rules = k->fresh;
                k->fresh = (struct clew_retention){.n = 0};
                k->has_fresh = false;
        }
        pthread_mutex_unlock(&k->lock);
}

static void *keeper_main(void *argument)
{
        struct clew_keeper *k = argument;
        uint64_t pause = CLEW_NS_PER_S;

        pthread_setname_np(pthread_self(), "clewd-keeper");
        /* On Linux a thread has a priority of its own, named by its thread id. */
        setpriority(PRIO_PROCESS, (id_t)gettid(), NICE_LEVEL);
        while (!rest(k, pause, true)) {
                struct clew_mem_account account;
                struct clew_error err = {.code = 0};
                int r;

                take_fresh(k);
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

int clew_keeper_reload(struct clew_keeper *k, const char *path, struct clew_error *err)
{
        struct clew_retention rules;
        int r = clew_retention_load(&rules, path, err);

        if (r < 0)
                return r;
        pthread_mutex_lock(&k->lock);
        clew_retention_deinit(&k->fresh);
        k->fresh = rules;
        k->has_fresh = true;
        pthread_cond_signal(&k->stop);
        pthread_mutex_unlock(&k->lock);
        return 0;
}

int clew_keeper_new(const struct clew_keeper_options *options, struct clew_keeper **ret,
                    struct clew_error *err)
{
        struct clew_keeper *k = clew_calloc(1, sizeof(*k));
        pthread_condattr_t attr;
        int r;

        if (!k)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        r = clew_retention_load(&k->rules, options->rules, err);
        if (r < 0) {
                clew_free(k);
                return r;
        }
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
                clew_retention_deinit(&k->rules);
                clew_free(k);
                return clew_error_set(err, -r, 0, "cannot start a thread: %s", strerror(r));
        }
        *ret = k;
        return 0;
}

void clew_keeper_free(struct clew_keeper *k)
{
        if (!k)
                return;
        pthread_mutex_lock(&k->lock);
        clew_stop_set(&k->stopping);
        pthread_cond_signal(&k->stop);
        pthread_mutex_unlock(&k->lock);
        pthread_join(k->thread, NULL);
        pthread_cond_destroy(&k->stop);
        pthread_mutex_destroy(&k->lock);
        clew_retention_deinit(&k->rules);
        clew_retention_deinit(&k->fresh);
        clew_free(k);
}
