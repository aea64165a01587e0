#include "collector/commit/uploader.h"

#include "proto/base/clock.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define NICE_LEVEL 10
/* Between looks at what is sealed; each is one record when nothing is new. */
#define LOOK_NS CLEW_NS_PER_S
/* After failures: longer each time, up to this. */
#define FAILED_NS_MAX (60 * CLEW_NS_PER_S)

struct clew_uploader {
        struct clew_uploader_options options;
        pthread_t thread;
        pthread_mutex_t lock;
        pthread_cond_t stop;
        bool stopping; /* guarded by lock */
};

/* True when it is time to end. */
static bool rest(struct clew_uploader *u, uint64_t ns)
{
        struct timespec until = clew_clock_deadline(ns);
        bool stopping;

        pthread_mutex_lock(&u->lock);
        while (!u->stopping && pthread_cond_timedwait(&u->stop, &u->lock, &until) != ETIMEDOUT)
                ;
        stopping = u->stopping;
        pthread_mutex_unlock(&u->lock);
        return stopping;
}

static void run_on_writer(void *context, void (*fn)(void *argument), void *argument)
{
        struct clew_uploader *u = context;

        clew_pipeline_run(u->options.pipeline, fn, argument);
}

static void tell(const struct clew_uploader *u, const struct clew_tier_stats *s)
{
        if (s->attached)
                clew_log(CLEW_LOG_INFO, "objects.attached",
                         "project=%s version=%llu segments=%llu adopted=%llu damaged=%llu",
                         u->options.project, (unsigned long long)s->version,
                         (unsigned long long)s->segments, (unsigned long long)s->adopted,
                         (unsigned long long)s->damaged);
        if (s->uploaded + s->removed > 0)
                clew_log(
                        CLEW_LOG_INFO, "objects.uploaded",
                        "project=%s segments=%llu bytes=%llu removed=%llu version=%llu in_all=%llu",
                        u->options.project, (unsigned long long)s->uploaded,
                        (unsigned long long)s->uploaded_bytes, (unsigned long long)s->removed,
                        (unsigned long long)s->version, (unsigned long long)s->segments);
        if (s->evicted > 0)
                clew_log(CLEW_LOG_INFO, "objects.evicted", "project=%s segments=%llu bytes=%llu",
                         u->options.project, (unsigned long long)s->evicted,
                         (unsigned long long)s->evicted_bytes);
}

static void *uploader_main(void *argument)
{
        struct clew_uploader *u = argument;
        uint64_t pause = 0;

        pthread_setname_np(pthread_self(), "clewd-uploader");
        setpriority(PRIO_PROCESS, (id_t)gettid(), NICE_LEVEL);
        while (!rest(u, pause)) {
                struct clew_error err = {.code = 0};
                struct clew_mem_account account;
                struct clew_tier_stats stats;
                int r;

                clew_mem_account_open(&account, u->options.memory, CLEW_MEM_BACKGROUND, false);
                r = clew_tier_sync(u->options.tier, run_on_writer, u, &stats, &err);
                clew_mem_account_close(&account);
                tell(u, &stats);
                if (r == -ESTALE) {
                        clew_log(CLEW_LOG_ERROR, "objects.taken-over", "project=%s reason=\"%s\"",
                                 u->options.project, err.message);
                        return NULL; /* for good: what is collected stays in the store */
                }
                if (r < 0 && r != -ECANCELED)
                        clew_log(CLEW_LOG_WARN, "objects.failed",
                                 "project=%s error=\"%s\" reason=\"%s\"", u->options.project,
                                 strerror(-r), err.message);
                if (r == 0)
                        pause = stats.more ? 0 : LOOK_NS;
                else
                        pause = pause < LOOK_NS             ? LOOK_NS
                                : pause > FAILED_NS_MAX / 2 ? FAILED_NS_MAX
                                                            : pause * 2;
        }
        return NULL;
}

int clew_uploader_new(const struct clew_uploader_options *options, struct clew_uploader **ret)
{
        struct clew_uploader *u = clew_calloc(1, sizeof(*u));
        pthread_condattr_t attr;
        int r;

        if (!u)
                return -ENOMEM;
        u->options = *options;
        pthread_mutex_init(&u->lock, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&u->stop, &attr);
        pthread_condattr_destroy(&attr);
        r = pthread_create(&u->thread, NULL, uploader_main, u);
        if (r != 0) {
                pthread_cond_destroy(&u->stop);
                pthread_mutex_destroy(&u->lock);
                clew_free(u);
                return -r;
        }
        *ret = u;
        return 0;
}

void clew_uploader_free(struct clew_uploader *u)
{
        if (!u)
                return;
        pthread_mutex_lock(&u->lock);
        u->stopping = true;
        pthread_cond_signal(&u->stop);
        pthread_mutex_unlock(&u->lock);
        clew_tier_stop(u->options.tier);
        pthread_join(u->thread, NULL);
        pthread_cond_destroy(&u->stop);
        pthread_mutex_destroy(&u->lock);
        clew_free(u);
}
