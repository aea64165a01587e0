#include "collector/commit/sealer.h"

#include "collector/base/watch.h"
#include "collector/commit/joined-int.h"
#include "proto/base/clock.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "query/serve/erase.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* One step: about 100 ms of work on agent runs, so that a burst of requests does not wait long. */
#define STEP_BYTES ((size_t)32 * 1024 * 1024)
/* How often to look when there was nothing to do. */
#define LOOK_NS (CLEW_NS_PER_S)
/* After a failure: a full disk does not empty itself in a second. */
#define FAILURE_REST_NS (5 * CLEW_NS_PER_S)
/* A run is summarised for lists when nothing has come for so long: sooner, most would be summarised
 * again and again. */
#define TELL_NS (2 * CLEW_NS_PER_S)
/* As low as questions. With less a busy machine lets what is hot, and the file beyond its quota,
 * grow for hours; the share that was set bounds the rest. */
#define NICE_LEVEL 5

/* Who steps: one while there is time, the other when sealing is behind. */
enum pace { CALM, PRESSED };
#define PACES ((size_t)PRESSED + 1)

struct worker {
        struct clew_sealer *sealer;
        enum pace pace;
        bool runs;
        pthread_t thread;
};

struct clew_sealer {
        struct clew_sealer_options options;
        struct worker workers[PACES];
        pthread_mutex_t lock;
        pthread_cond_t changed;
        bool stopping;  /* under the lock, as all to the next blank */
        enum pace pace; /* whose turn it is */

        atomic_uint_fast64_t due_bytes;
        /* of the worker whose turn it is: */
        uint64_t pause_ns;             /* before the next step */
        struct clew_joined *joined;    /* NULL: nothing is counted */
        uint64_t written_cpu_ns;       /* spent for this step on the writer thread */
        struct clew_error merge_error; /* of indexes, that was told last */
};

static uint64_t cpu_ns(void)
{
        struct timespec t;

        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return (uint64_t)t.tv_sec * CLEW_NS_PER_S + (uint64_t)t.tv_nsec;
}

/* Waits for its turn and through the pause. False when it is time to end. */
static bool await_step(struct worker *w)
{
        struct clew_sealer *s = w->sealer;
        bool stopping;

        pthread_mutex_lock(&s->lock);
        while (!s->stopping && s->pace != w->pace)
                pthread_cond_wait(&s->changed, &s->lock);
        if (!s->stopping) {
                struct timespec until = clew_clock_deadline(s->pause_ns);

                while (!s->stopping &&
                       pthread_cond_timedwait(&s->changed, &s->lock, &until) != ETIMEDOUT)
                        ;
        }
        stopping = s->stopping;
        pthread_mutex_unlock(&s->lock);
        return !stopping;
}

/* Says whose turn the next step is. */
static void choose_pace(struct clew_sealer *s)
{
        uint64_t due = atomic_load(&s->due_bytes);
        uint64_t limit = s->options.behind_bytes;
        enum pace pace = due > (s->pace == PRESSED ? limit / 2 : limit) ? PRESSED : CALM;

        if (pace == s->pace)
                return;
        clew_log(CLEW_LOG_INFO, pace == PRESSED ? "seal.behind" : "seal.caught_up",
                 "due_bytes=%llu limit_bytes=%llu priority=%s", (unsigned long long)due,
                 (unsigned long long)limit, pace == PRESSED ? "normal" : "low");
        pthread_mutex_lock(&s->lock);
        s->pace = pace;
        pthread_cond_broadcast(&s->changed);
        pthread_mutex_unlock(&s->lock);
}

struct written {
        void (*fn)(void *argument);
        void *argument;
        uint64_t cpu_ns; /* of the writer thread: it belongs to sealing */
};

static void write_now(void *argument)
{
        struct written *w = argument;
        uint64_t before = cpu_ns();

        w->fn(w->argument);
        w->cpu_ns = cpu_ns() - before;
}

static void run_on_writer(void *context, void (*fn)(void *argument), void *argument)
{
        struct clew_sealer *s = context;
        struct written w = {.fn = fn, .argument = argument};

        clew_pipeline_run(s->options.pipeline, write_now, &w);
        s->written_cpu_ns += w.cpu_ns;
}

static bool is_stopping(void *context)
{
        struct clew_sealer *s = context;
        bool stopping;

        pthread_mutex_lock(&s->lock);
        stopping = s->stopping;
        pthread_mutex_unlock(&s->lock);
        return stopping;
}

/* Told when it happens: the store does not come back to it before the trace has doubled. */
static void tell_refused(void *context, const struct clew_trace_id *id, uint32_t n_fragments,
                         uint64_t raw_bytes, const char *why)
{
        static struct clew_log_limit limit = {.per_second = 5};
        char hex[CLEW_TRACE_ID_HEX];

        (void)context;
        clew_trace_id_to_hex(id, hex);
        clew_log_limited(&limit, CLEW_LOG_WARN, "seal.refused",
                         "trace=%s fragments=%u raw_bytes=%llu reason=\"%s\" data=kept_hot "
                         "effect=\"others are sealed; this one is shown in part\"",
                         hex, n_fragments, (unsigned long long)raw_bytes, why);
}

/* What was deleted, here or by another process, is finished: segments, indexes, free pages. */
static int finish_erasure(struct clew_sealer *s, bool *ret_waits, struct clew_error *err)
{
        struct clew_rewrite_options options = clew_erasing_rewrite();
        struct clew_rewrite_stats stats;
        struct clew_erasure_status status;
        int r;

        options.run = run_on_writer;
        options.is_over = is_stopping;
        options.context = s;
        r = clew_store_resume_erasure(s->options.store, &options, &stats, err);
        if (r == 0)
                r = clew_store_finish_erasure(s->options.store, &options, &status, err);
        *ret_waits = r == 0 && !status.is_wiped;
        if (r == 0 && status.n_wiped > 0)
                clew_log(CLEW_LOG_INFO, "erase.wiped", "pages=%llu held=%llu held_by=%d done=%s",
                         (unsigned long long)status.n_wiped, (unsigned long long)status.n_held,
                         (int)status.held_by, status.is_wiped ? "yes" : "no");
        return r;
}

static void count_sealed(void *context, const struct clew_trace_id *id, struct clew_slice before,
                         struct clew_slice now)
{
        struct clew_sealer *s = context;

        clew_joined_sealed(s->joined, id, before, now);
}

/* Once, until it is another one: the next try comes with the next run. */
static void tell_merge(struct clew_sealer *s, const struct clew_error *err)
{
        if (err->code == 0)
                return;
        clew_count(s->options.counters, CLEW_COUNT_INDEX_FAILURES, 1);
        if (err->code == s->merge_error.code && strcmp(err->message, s->merge_error.message) == 0)
                return;
        s->merge_error = *err;
        clew_log(
                CLEW_LOG_WARN, "index.merge_failed",
                "error=\"%s\" reason=\"%s\" effect=\"indexes stay as they are, and answers right\"",
                strerror(-err->code), err->message);
}

static void tell_indexes(struct clew_sealer *s, const struct clew_seal_stats *stats)
{
        static struct clew_log_limit limit = {.per_second = 1};

        tell_merge(s, &stats->merge_error);

        if (stats->index_dropped) {
                clew_count(s->options.counters, CLEW_COUNT_INDEX_DROPPED, stats->index_dropped);
                clew_log(CLEW_LOG_WARN, "index.damaged",
                         "runs=%llu action=\"dropped, and made anew in the background\"",
                         (unsigned long long)stats->index_dropped);
        }
        if (stats->unindexable)
                clew_log(CLEW_LOG_WARN, "index.failed",
                         "segments=%llu effect=\"their traces are read whole by each query\" "
                         "see=\"clew doctor --verify\"",
                         (unsigned long long)stats->unindexable);
        if (stats->indexed)
                clew_log_limited(&limit, CLEW_LOG_DEBUG, "index.step", "segments=%llu",
                                 (unsigned long long)stats->indexed);
}

/* One step; returns how long to rest after it. */
static uint64_t step(struct clew_sealer *s)
{
        const struct clew_seal_options options = {
                .idle_ns = s->options.idle_ns,
                .min_segment_bytes = s->options.segment_bytes,
                .max_wait_ns = s->options.max_wait_ns,
                .budget_bytes = STEP_BYTES,
                .index = true,
                .tell_ns = TELL_NS,
                .run = run_on_writer,
                .is_over = is_stopping,
                .refused = tell_refused,
                .sealed = s->joined ? count_sealed : NULL,
                .context = s,
        };
        struct clew_seal_stats stats = {.more = false};
        struct clew_error err = {.code = 0};
        uint64_t before = cpu_ns();
        bool waits = false; /* for a reader: looked at again after a rest */
        uint64_t used;
        int r;

        s->written_cpu_ns = 0;
        r = clew_store_seal(s->options.store, &options, &stats, &err);
        if (s->joined)
                stats.more |= clew_joined_count(s->joined);
        if (r == 0 && !is_stopping(s))
                r = finish_erasure(s, &waits, &err);
        used = cpu_ns() - before + s->written_cpu_ns;
        clew_watch_release_file_memory(s->options.store);
        atomic_store(&s->due_bytes, stats.left_bytes);
        clew_count(s->options.counters, CLEW_COUNT_SEALED_TRACES, stats.traces);
        clew_count(s->options.counters, CLEW_COUNT_SEALED_BYTES, stats.raw_bytes);
        clew_count(s->options.counters, CLEW_COUNT_SEAL_REFUSED, stats.refused);
        if (r < 0) {
                static struct clew_log_limit limit = {.per_second = 1};

                clew_count(s->options.counters, CLEW_COUNT_SEAL_FAILURES, 1);
                clew_log_limited(&limit, CLEW_LOG_WARN, "seal.failed",
                                 "error=\"%s\" reason=\"%s\" data=kept_hot", strerror(-r),
                                 err.message);
                return FAILURE_REST_NS;
        }
        tell_indexes(s, &stats);
        if (stats.traces)
                clew_log(CLEW_LOG_DEBUG, "seal.step",
                         "traces=%llu segments=%llu raw_bytes=%llu stored_bytes=%llu cpu_ms=%llu",
                         (unsigned long long)stats.traces, (unsigned long long)stats.segments,
                         (unsigned long long)stats.raw_bytes,
                         (unsigned long long)stats.stored_bytes,
                         (unsigned long long)(used / CLEW_NS_PER_MS));
        used = used * (100 - s->options.cpu_percent) / s->options.cpu_percent;
        return (stats.more && !waits) || used > LOOK_NS ? used : LOOK_NS;
}

static void *worker_main(void *argument)
{
        struct worker *w = argument;
        struct clew_sealer *s = w->sealer;

        pthread_setname_np(pthread_self(), "clewd-sealer");
        /* On Linux a thread has a priority of its own, named by its thread id. */
        if (w->pace == CALM)
                setpriority(PRIO_PROCESS, (id_t)gettid(), NICE_LEVEL);
        while (await_step(w)) {
                struct clew_mem_account account;

                clew_mem_account_open(&account, s->options.memory, CLEW_MEM_BACKGROUND, false);
                s->pause_ns = step(s);
                clew_mem_account_close(&account);
                clew_count(s->options.counters, CLEW_COUNT_SEAL_PRESSED, w->pace == PRESSED);
                choose_pace(s);
        }
        return NULL;
}

int clew_sealer_new(const struct clew_sealer_options *options, struct clew_sealer **ret)
{
        struct clew_sealer *s = clew_calloc(1, sizeof(*s));
        pthread_condattr_t attr;
        int r = 0;

        if (!s)
                return -ENOMEM;
        s->options = *options;
        s->pause_ns = LOOK_NS;
        pthread_mutex_init(&s->lock, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&s->changed, &attr);
        pthread_condattr_destroy(&attr);
        if (options->figures) {
                s->joined = clew_joined_new(options->store, options->figures, options->max_wait_ns);
                r = s->joined ? 0 : ENOMEM;
        }
        for (size_t i = 0; r == 0 && i < PACES; i++) {
                struct worker *w = &s->workers[i];

                *w = (struct worker){.sealer = s, .pace = (enum pace)i};
                r = pthread_create(&w->thread, NULL, worker_main, w);
                w->runs = r == 0;
        }
        if (r != 0) {
                clew_sealer_free(s);
                return -r;
        }
        *ret = s;
        return 0;
}

uint64_t clew_sealer_due_bytes(const struct clew_sealer *s)
{
        return atomic_load(&s->due_bytes);
}

void clew_sealer_free(struct clew_sealer *s)
{
        if (!s)
                return;
        pthread_mutex_lock(&s->lock);
        s->stopping = true;
        pthread_cond_broadcast(&s->changed);
        pthread_mutex_unlock(&s->lock);
        for (size_t i = 0; i < PACES; i++) {
                if (s->workers[i].runs)
                        pthread_join(s->workers[i].thread, NULL);
        }
        pthread_cond_destroy(&s->changed);
        pthread_mutex_destroy(&s->lock);
        clew_joined_free(s->joined);
        clew_free(s);
}
