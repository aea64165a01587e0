#include "collector/commit/lane.h"

#include "proto/base/mem.h"

#include <errno.h>
#include <pthread.h>

#define THREADS_MIN 2u

struct worker {
        struct clew_lane *lane;
        struct clew_scratch scratch;
        pthread_t thread;
};

struct clew_lane {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        /* under the lock: */
        struct clew_lane_job *first;
        struct clew_lane_job **end;
        bool large_runs;
        bool stopping;
        /* constant after start: */
        unsigned n_workers;
        struct worker workers[CLEW_LANE_THREADS_MAX];
};

/* The oldest job that may run now; NULL = none. With the lock held. */
static struct clew_lane_job *take(struct clew_lane *l)
{
        for (struct clew_lane_job **at = &l->first; *at; at = &(*at)->next) {
                struct clew_lane_job *job = *at;

                if (job->is_large && l->large_runs)
                        continue;
                *at = job->next;
                if (!job->next)
                        l->end = at;
                l->large_runs = l->large_runs || job->is_large;
                return job;
        }
        return NULL;
}

static void *lane_main(void *argument)
{
        struct worker *w = argument;
        struct clew_lane *l = w->lane;

        pthread_setname_np(pthread_self(), "clewd-decode");
        pthread_mutex_lock(&l->lock);
        for (;;) {
                struct clew_lane_job *job = take(l);
                bool is_large;
                bool keeps;

                if (!job && l->stopping && !l->first)
                        break;
                if (!job) {
                        pthread_cond_wait(&l->changed, &l->lock);
                        continue;
                }
                is_large = job->is_large;
                pthread_mutex_unlock(&l->lock);
                keeps = job->run(job, &w->scratch); /* the job may be gone from here on */
                pthread_mutex_lock(&l->lock);
                if (is_large && !keeps) {
                        l->large_runs = false;
                        pthread_cond_broadcast(&l->changed);
                }
        }
        pthread_cond_broadcast(&l->changed);
        pthread_mutex_unlock(&l->lock);
        return NULL;
}

void clew_lane_push(struct clew_lane *lane, struct clew_lane_job *job)
{
        job->next = NULL;
        pthread_mutex_lock(&lane->lock);
        *lane->end = job;
        lane->end = &job->next;
        pthread_cond_signal(&lane->changed);
        pthread_mutex_unlock(&lane->lock);
}

void clew_lane_release(struct clew_lane *lane)
{
        pthread_mutex_lock(&lane->lock);
        lane->large_runs = false;
        pthread_cond_broadcast(&lane->changed);
        pthread_mutex_unlock(&lane->lock);
}

int clew_lane_new(const struct clew_ingest *ingest, unsigned n_threads, struct clew_lane **ret)
{
        struct clew_lane *l = clew_calloc(1, sizeof(*l));
        int r = 0;

        if (!l)
                return -ENOMEM;
        n_threads = n_threads < THREADS_MIN ? THREADS_MIN : n_threads;
        n_threads = n_threads > CLEW_LANE_THREADS_MAX ? CLEW_LANE_THREADS_MAX : n_threads;
        l->end = &l->first;
        pthread_mutex_init(&l->lock, NULL);
        pthread_cond_init(&l->changed, NULL);
        while (r == 0 && l->n_workers < n_threads) {
                struct worker *w = &l->workers[l->n_workers];

                w->lane = l;
                r = clew_scratch_init(&w->scratch, ingest);
                if (r == 0)
                        r = -pthread_create(&w->thread, NULL, lane_main, w);
                if (r == 0)
                        l->n_workers++;
                else
                        clew_scratch_deinit(&w->scratch);
        }
        if (r < 0) {
                clew_lane_free(l);
                return r;
        }
        *ret = l;
        return 0;
}

void clew_lane_free(struct clew_lane *lane)
{
        if (!lane)
                return;
        pthread_mutex_lock(&lane->lock);
        lane->stopping = true;
        pthread_cond_broadcast(&lane->changed);
        pthread_mutex_unlock(&lane->lock);
        for (unsigned i = 0; i < lane->n_workers; i++) {
                pthread_join(lane->workers[i].thread, NULL);
                clew_scratch_deinit(&lane->workers[i].scratch);
        }
        pthread_cond_destroy(&lane->changed);
        pthread_mutex_destroy(&lane->lock);
        clew_free(lane);
}
