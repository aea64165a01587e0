#include "collector/commit/orders.h"

#include "proto/base/clock.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/base/stop.h"
#include "query/serve/redact-order.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* As low as questions. */
#define NICE_LEVEL 5
/* Between looks at what waits, which is in memory. */
#define LOOK_NS CLEW_NS_PER_S

struct clew_orders {
        struct clew_orders_options options;
        pthread_t thread;
        pthread_mutex_t lock;
        pthread_cond_t stop;
        volatile sig_atomic_t stopping; /* written under the lock; walks look at it without */
};

/* True when it is time to end. */
static bool rest(struct clew_orders *o)
{
        struct timespec until = clew_clock_deadline(LOOK_NS);
        bool stopping;

        pthread_mutex_lock(&o->lock);
        while (!o->stopping && pthread_cond_timedwait(&o->stop, &o->lock, &until) != ETIMEDOUT)
                ;
        stopping = o->stopping != 0;
        pthread_mutex_unlock(&o->lock);
        return stopping;
}

static void run_on_writer(void *context, void (*fn)(void *argument), void *argument)
{
        struct clew_orders *o = context;

        clew_pipeline_run(o->options.pipeline, fn, argument);
}

static bool is_over(void *context)
{
        const struct clew_orders *o = context;

        return clew_stop_is_set(&o->stopping);
}

/* ---- one of them ----------------------------------------------------------------------------- */

static void do_one(struct clew_orders *o, const struct clew_order *order)
{
        const struct clew_rewrite_options how = {
                .run = run_on_writer, .is_over = is_over, .context = o};
        struct clew_error err = {.code = 0};
        struct clew_mem_account account;
        uint64_t places = 0;
        int r;

        clew_mem_account_open(&account, o->options.memory, CLEW_MEM_BACKGROUND, false);
        r = clew_redact_order(o->options.store, order, &how, &places, &err);
        clew_mem_account_close(&account);
        if (r == 0)
                clew_log(CLEW_LOG_INFO, "objects.redacted",
                         "project=%s order=%" PRIu64 " by=\"%s\" places=%" PRIu64,
                         o->options.project, order->id, order->by, places);
        else if (r != -ECANCELED)
                clew_log(CLEW_LOG_ERROR, "objects.not-redacted",
                         "project=%s order=%" PRIu64 " by=\"%s\" error=\"%s\" reason=\"%s\"",
                         o->options.project, order->id, order->by, strerror(-r), err.message);
        r = clew_order_settle(o->options.tier, order->id, r == 0, &err);
        if (r < 0)
                clew_log(CLEW_LOG_ERROR, "objects.not-redacted",
                         "project=%s order=%" PRIu64 " error=\"%s\" reason=\"%s\"",
                         o->options.project, order->id, strerror(-r), err.message);
}

/* ---- the thread ------------------------------------------------------------------------------ */

static void *orders_main(void *argument)
{
        struct clew_orders *o = argument;
        CLEW_BUFFER bytes = {0};

        pthread_setname_np(pthread_self(), "clewd-orders");
        setpriority(PRIO_PROCESS, (id_t)gettid(), NICE_LEVEL);
        clew_buffer_init(&bytes, 2 * CLEW_ORDER_WHAT_MAX);
        while (!rest(o)) {
                struct clew_order order;

                while (!is_over(o) && clew_order_next(o->options.tier, &bytes, &order) == 1)
                        do_one(o, &order);
                if (bytes.len > 0)
                        explicit_bzero(bytes.data, bytes.len);
        }
        return NULL;
}

int clew_orders_new(const struct clew_orders_options *options, struct clew_orders **ret)
{
        struct clew_orders *o = clew_calloc(1, sizeof(*o));
        pthread_condattr_t attr;
        int r;

        if (!o)
                return -ENOMEM;
        o->options = *options;
        pthread_mutex_init(&o->lock, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&o->stop, &attr);
        pthread_condattr_destroy(&attr);
        r = pthread_create(&o->thread, NULL, orders_main, o);
        if (r != 0) {
                pthread_cond_destroy(&o->stop);
                pthread_mutex_destroy(&o->lock);
                clew_free(o);
                return -r;
        }
        *ret = o;
        return 0;
}

void clew_orders_free(struct clew_orders *o)
{
        if (!o)
                return;
        pthread_mutex_lock(&o->lock);
        clew_stop_set(&o->stopping);
        pthread_cond_signal(&o->stop);
        pthread_mutex_unlock(&o->lock);
        pthread_join(o->thread, NULL);
        pthread_cond_destroy(&o->stop);
        pthread_mutex_destroy(&o->lock);
        clew_free(o);
}
