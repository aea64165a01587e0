#include "collector/commit/orders.h"

#include "proto/base/clock.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/base/stop.h"
#include "query/review/redact-key.h"
#include "query/review/redact.h"
#include "query/serve/erase.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* As low as questions. */
#define NICE_LEVEL 5
/* Between looks at what waits, which is in memory. */
#define LOOK_NS CLEW_NS_PER_S
#define NOTE_BYTES 256u

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

/* Messages of what makes rules quote them, so they are told nobody: -EINVAL. */
static int make(const struct clew_order *order, const uint8_t key[CLEW_REDACT_KEY_BYTES],
                struct clew_rules *rules, struct clew_redact *ret)
{
        struct clew_error ignored = {0};
        int r = 0;

        switch (order->kind) {
        case CLEW_ORDER_TEXT:
                return clew_redact_init(ret, order->what, key, &ignored);
        case CLEW_ORDER_NAMES:
                clew_own_init(&rules->own);
                if (!clew_mask_rules_parse(order->what, &rules->used) || rules->used == 0)
                        return -EINVAL;
                break;
        case CLEW_ORDER_RULES:
                r = clew_rules_parse(rules, order->what, &ignored);
                break;
        }
        if (r == 0)
                clew_redact_init_rules(ret, rules, key);
        return r;
}

/* The log names what was put in its place, never the text. */
static int note(struct clew_orders *o, const struct clew_order *order, const struct clew_redact *r,
                uint64_t places, struct clew_error *err)
{
        char who[CLEW_TIER_WRITER_BYTES + 32];
        CLEW_BUFFER what = {0};

        (void)snprintf(who, sizeof(who), "%s%s",
                       order->by[0] ? "writer " : "the writer without a name", order->by);
        clew_buffer_init(&what, 2 * CLEW_REDACT_BYTES_MAX);
        clew_buffer_printf(&what,
                           order->kind == CLEW_ORDER_TEXT
                                   ? "redact a text of %zu bytes, %" PRIu64 " places; now "
                                   : "redact by rules of %zu bytes, %" PRIu64 " places",
                           order->what.len, places);
        clew_buffer_append_slice(&what, clew_redact_shown(r));
        if (what.len > NOTE_BYTES)
                what.len = NOTE_BYTES;
        return clew_erasing_note(o->options.store, clew_slice_of_cstr(who),
                                 clew_buffer_slice(&what), clew_clock_unix_ns(clew_clock_system()),
                                 err);
}

/* 0 = nothing of it is in the store any more. */
static int take_out(struct clew_orders *o, const struct clew_order *order, struct clew_redact *r,
                    uint64_t *ret_places, struct clew_error *err)
{
        struct clew_rewrite_options options = clew_erasing_rewrite();
        const struct clew_redaction what = clew_redact_store(r);
        struct clew_store *store = o->options.store;
        struct clew_redaction_stats found;
        struct clew_redaction_stats done;
        int e;

        options.run = run_on_writer;
        options.is_over = is_over;
        options.context = o;
        e = clew_store_redact(store, &what, true, &options, &found, err);
        *ret_places = e == 0 ? found.places : 0;
        /* It stands there already when it was done here by the command, or before a kill. */
        if (e == 0 && !is_over(o) && found.places > 0)
                e = note(o, order, r, found.places, err);
        /* Also when nothing was found: objects of the bucket may hold it in parts that are dead. */
        if (e == 0 && !is_over(o))
                e = clew_store_redact(store, &what, false, &options, &done, err);
        return e == 0 && is_over(o) ? -ECANCELED : e;
}

static int carry_out(struct clew_orders *o, const struct clew_order *order, uint64_t *ret_places,
                     struct clew_error *err)
{
        uint8_t key[CLEW_REDACT_KEY_BYTES];
        struct clew_rules rules = {0};
        struct clew_redact redact = {0};
        int r = clew_redact_key(clew_store_directory(o->options.store), key, err);

        if (r < 0)
                return r;
        r = make(order, key, &rules, &redact);
        if (r < 0)
                clew_error_set(err, r, 0,
                               r == -ENOMEM ? "out of memory"
                                            : "it is not understood here: is this clewd older than "
                                              "the one that gave it?");
        else
                r = take_out(o, order, &redact, ret_places, err);
        clew_redact_deinit(&redact);
        clew_rules_deinit(&rules);
        return r;
}

static void do_one(struct clew_orders *o, const struct clew_order *order)
{
        struct clew_error err = {.code = 0};
        struct clew_mem_account account;
        uint64_t places = 0;
        int r;

        clew_mem_account_open(&account, o->options.memory, CLEW_MEM_BACKGROUND, false);
        r = carry_out(o, order, &places, &err);
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
