#include "collector/commit/pipeline.h"

#include "proto/base/clock.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

/* Lives in the frame of who waits for it. */
struct job {
        struct job *next;
        void (*fn)(void *argument);
        void *argument;
        bool done; /* under the pipeline's lock */
};

struct clew_pipeline {
        struct clew_pipeline_options options;
        pthread_t thread;
        pthread_mutex_t lock;
        pthread_cond_t pushed; /* on the monotonic clock */
        pthread_cond_t job_done;
        atomic_bool healthy;
        /* under the lock: */
        struct clew_submission *first;
        struct clew_submission *last;
        size_t n_queued;
        size_t queued_bytes;
        struct job *jobs;
        bool stopping;

        /* writer thread only: fragments of one group, reused */
        struct clew_fragment *group;
        size_t group_capacity;
        uint64_t keep_began_ns; /* of the last group, monotonic; 0 = there was none */
        uint64_t keep_took_ns;  /* by and large, of those that went well */
};

void clew_submission_deinit(struct clew_submission *s)
{
        if (!s)
                return;
        clew_buffer_deinit(&s->bytes);
        clew_free(s->fragments);
        s->fragments = NULL;
        s->n_fragments = 0;
}

static bool group_is_full(const struct clew_pipeline *p)
{
        return p->queued_bytes >= CLEW_PIPELINE_GROUP_BYTES_MAX ||
               p->n_queued >= CLEW_PIPELINE_GROUP_REQUESTS_MAX;
}

static bool others_are_coming(struct clew_pipeline *p)
{
        return p->options.n_expected && p->options.n_expected(p->options.context) > p->n_queued;
}

/* Called with the lock held and something queued. */
static void gather(struct clew_pipeline *p)
{
        struct timespec until = clew_clock_deadline(p->options.gather_ns);

        while (!p->stopping && !group_is_full(p) && others_are_coming(p)) {
                if (pthread_cond_timedwait(&p->pushed, &p->lock, &until) == ETIMEDOUT)
                        return;
        }
}

/* So long groups that are kept elsewhere lie apart: what keeping them takes is paid for each time,
 * however little they have. */
static uint64_t spacing_ns(const struct clew_pipeline *p)
{
        uint64_t twice = 2 * p->keep_took_ns;

        if (!p->options.keep || p->options.keep_every_ns > 0)
                return p->options.keep ? p->options.keep_every_ns : 0;
        return twice < CLEW_PIPELINE_KEEP_EVERY_MAX_NS ? twice : CLEW_PIPELINE_KEEP_EVERY_MAX_NS;
}

/* Called with the lock held and something queued: until a group may go. False: there are jobs
 * before that. */
static bool space(struct clew_pipeline *p)
{
        uint64_t now = clew_clock_monotonic_ns(clew_clock_system());
        uint64_t since = now - p->keep_began_ns;
        uint64_t spacing = p->keep_began_ns ? spacing_ns(p) : 0;
        struct timespec until = clew_clock_deadline(spacing > since ? spacing - since : 0);

        while (spacing > since && !p->stopping && !group_is_full(p) && !p->jobs) {
                if (pthread_cond_timedwait(&p->pushed, &p->lock, &until) == ETIMEDOUT)
                        return true;
        }
        return spacing <= since || p->stopping || group_is_full(p);
}

/* Waits for work, and takes one group off the queue: *@ret_group, NULL = none; and all jobs. False
 * when stopping and nothing is left. */
static bool take_work(struct clew_pipeline *p, struct clew_submission **ret_group,
                      struct job **ret_jobs)
{
        struct clew_submission *head;
        struct clew_submission *last;
        size_t bytes;
        size_t n = 1;
        bool is_due;

        pthread_mutex_lock(&p->lock);
        while (!p->first && !p->jobs && !p->stopping)
                pthread_cond_wait(&p->pushed, &p->lock);
        is_due = p->first && space(p);
        if (is_due)
                gather(p);
        *ret_jobs = p->jobs;
        p->jobs = NULL;
        head = last = is_due ? p->first : NULL;
        if (head) {
                bytes = head->bytes.len;
                while (last->next && n < CLEW_PIPELINE_GROUP_REQUESTS_MAX &&
                       bytes + last->next->bytes.len <= CLEW_PIPELINE_GROUP_BYTES_MAX) {
                        last = last->next;
                        bytes += last->bytes.len;
                        n++;
                }
                p->first = last->next;
                if (!p->first)
                        p->last = NULL;
                last->next = NULL;
                p->n_queued -= n;
                p->queued_bytes -= bytes;
        }
        pthread_mutex_unlock(&p->lock);
        *ret_group = head;
        return head || *ret_jobs;
}

static void run_jobs(struct clew_pipeline *p, struct job *jobs)
{
        while (jobs) {
                struct job *job = jobs;

                jobs = job->next;
                job->fn(job->argument);
                pthread_mutex_lock(&p->lock);
                job->done = true; /* its frame may be gone from here on */
                pthread_cond_broadcast(&p->job_done);
                pthread_mutex_unlock(&p->lock);
        }
}

void clew_pipeline_run(struct clew_pipeline *p, void (*fn)(void *argument), void *argument)
{
        struct job job = {.fn = fn, .argument = argument};

        pthread_mutex_lock(&p->lock);
        CLEW_ASSERT(!p->stopping);
        job.next = p->jobs;
        p->jobs = &job;
        pthread_cond_signal(&p->pushed);
        while (!job.done)
                pthread_cond_wait(&p->job_done, &p->lock);
        pthread_mutex_unlock(&p->lock);
}

static bool is_disk_trouble(int result)
{
        return result == -ENOSPC || result == -EDQUOT || result == -EIO || result == -EROFS ||
               result == -EFBIG;
}

static int append(struct clew_pipeline *p, const struct clew_fragment *fragments, size_t n,
                  size_t bytes)
{
        struct clew_counters *c = p->options.counters;
        const struct clew_clock *clock = clew_clock_system();
        uint64_t before = clew_clock_monotonic_ns(clock);
        struct clew_error err = {.code = 0};
        int r = clew_store_append(p->options.store, fragments, n, &err);
        uint64_t took;
        bool was_healthy;

        took = clew_clock_monotonic_ns(clock) - before;
        clew_count(c, CLEW_COUNT_COMMIT_NS, took);
        clew_histogram_observe(&c->commits, took);
        if (r == 0) {
                clew_count(c, CLEW_COUNT_COMMITS, 1);
                clew_count(c, CLEW_COUNT_STORED_BYTES, bytes);
        } else {
                clew_count(c, CLEW_COUNT_COMMIT_FAILURES, 1);
        }
        was_healthy = atomic_load(&p->healthy);
        if (r == 0 || is_disk_trouble(r))
                atomic_store(&p->healthy, r == 0);
        if (r == 0 && !was_healthy)
                clew_log(CLEW_LOG_INFO, "store.recovered", "new data is accepted again");
        if (r < 0) {
                static struct clew_log_limit limit = {.per_second = 1};

                clew_log_limited(&limit, CLEW_LOG_ERROR, "store.refused",
                                 "error=\"%s\" reason=\"%s\" stored=nothing", strerror(-r),
                                 err.message);
        }
        return r;
}

/* What is on disk, where it outlives the machine. */
static int keep(struct clew_pipeline *p, const struct clew_fragment *fragments, size_t n)
{
        static struct clew_log_limit limit = {.per_second = 1};
        struct clew_error err = {.code = 0};
        const struct clew_clock *clock = clew_clock_system();
        uint64_t took;
        int r;

        if (!p->options.keep)
                return 0;
        p->keep_began_ns = clew_clock_monotonic_ns(clock);
        r = p->options.keep(p->options.keep_context, fragments, n, &err);
        took = clew_clock_monotonic_ns(clock) - p->keep_began_ns;
        if (r == 0)
                p->keep_took_ns = p->keep_took_ns ? (7 * p->keep_took_ns + took) / 8 : took;
        if (r < 0)
                clew_log_limited(&limit, CLEW_LOG_ERROR, "objects.not_acknowledged",
                                 "error=\"%s\" reason=\"%s\"", strerror(-r), err.message);
        return r < 0 ? -EREMOTE : 0;
}

static int append_group(struct clew_pipeline *p, const struct clew_submission *head)
{
        size_t n = 0;
        size_t at = 0;
        size_t bytes = 0;
        int r;

        for (const struct clew_submission *s = head; s; s = s->next)
                n += s->n_fragments;
        if (n > p->group_capacity) {
                struct clew_fragment *grown = clew_realloc_array(p->group, n, sizeof(*grown));

                if (!grown)
                        return -ENOMEM;
                p->group = grown;
                p->group_capacity = n;
        }
        for (const struct clew_submission *s = head; s; s = s->next) {
                if (s->n_fragments)
                        memcpy(&p->group[at], s->fragments, s->n_fragments * sizeof(*p->group));
                at += s->n_fragments;
                bytes += s->bytes.len;
        }
        r = append(p, p->group, n, bytes);
        return r < 0 ? r : keep(p, p->group, n);
}

static void finish(struct clew_submission *s, int result)
{
        s->next = NULL;
        s->done(s, result);
}

static void commit_group(struct clew_pipeline *p, struct clew_submission *head)
{
        int r = append_group(p, head);
        bool one_by_one = r < 0 && r != -EREMOTE && head->next && !is_disk_trouble(r);

        while (head) {
                struct clew_submission *s = head;

                head = s->next;
                if (one_by_one)
                        r = append(p, s->fragments, s->n_fragments, s->bytes.len);
                if (one_by_one && r == 0)
                        r = keep(p, s->fragments, s->n_fragments);
                finish(s, r);
        }
}

static void *writer_main(void *argument)
{
        struct clew_pipeline *p = argument;
        struct clew_submission *group;
        struct job *jobs;

        pthread_setname_np(pthread_self(), "clewd-writer");
        while (take_work(p, &group, &jobs)) {
                if (group)
                        commit_group(p, group);
                run_jobs(p, jobs);
        }
        return NULL;
}

int clew_pipeline_new(const struct clew_pipeline_options *options, struct clew_pipeline **ret)
{
        struct clew_pipeline *p = clew_calloc(1, sizeof(*p));
        pthread_condattr_t attr;
        int r;

        if (!p)
                return -ENOMEM;
        p->options = *options;
        atomic_store(&p->healthy, true);
        pthread_mutex_init(&p->lock, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&p->pushed, &attr);
        pthread_condattr_destroy(&attr);
        pthread_cond_init(&p->job_done, NULL);
        r = pthread_create(&p->thread, NULL, writer_main, p);
        if (r != 0) {
                pthread_cond_destroy(&p->pushed);
                pthread_cond_destroy(&p->job_done);
                pthread_mutex_destroy(&p->lock);
                clew_free(p);
                return -r;
        }
        *ret = p;
        return 0;
}

void clew_pipeline_free(struct clew_pipeline *p)
{
        if (!p)
                return;
        pthread_mutex_lock(&p->lock);
        p->stopping = true;
        pthread_cond_signal(&p->pushed);
        pthread_mutex_unlock(&p->lock);
        pthread_join(p->thread, NULL);
        pthread_cond_destroy(&p->pushed);
        pthread_cond_destroy(&p->job_done);
        pthread_mutex_destroy(&p->lock);
        clew_free(p->group);
        clew_free(p);
}

void clew_pipeline_push(struct clew_pipeline *p, struct clew_submission *s)
{
        s->next = NULL;
        pthread_mutex_lock(&p->lock);
        CLEW_ASSERT(!p->stopping);
        if (p->last)
                p->last->next = s;
        else
                p->first = s;
        p->last = s;
        p->n_queued++;
        p->queued_bytes += s->bytes.len;
        pthread_cond_signal(&p->pushed);
        pthread_mutex_unlock(&p->lock);
}

bool clew_pipeline_is_healthy(const struct clew_pipeline *p)
{
        return atomic_load(&p->healthy);
}

void clew_pipeline_queue(struct clew_pipeline *p, size_t *ret_requests, size_t *ret_bytes)
{
        pthread_mutex_lock(&p->lock);
        *ret_requests = p->n_queued;
        *ret_bytes = p->queued_bytes;
        pthread_mutex_unlock(&p->lock);
}
