/*
 * See questions-int.h. Two rows: questions that nobody has looked at, and large ones that wait for
 * their turn. A large one holds a place in its row and nothing else.
 */
#include "collector/api/questions-int.h"

#include "collector/api/connection-int.h"
#include "proto/base/clock.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/base/stop.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

#define THREADS 2u
#define WAITING_MAX 64u
/* A large question that has not had its turn by then is told to come back. */
#define TURN_NS (30 * CLEW_NS_PER_S)
/* So often is looked whether it is somebody's turn, while somebody waits for it. */
#define LOOK_NS (20 * CLEW_NS_PER_MS)
/* So often is looked who has left, while anything is asked. */
#define LEFT_NS (100 * CLEW_NS_PER_MS)
/* Below the threads that take spans: those have an answer to give within milliseconds. Nor does a
 * question push another thread off its processor when it wakes up. */
#define THREAD_NICE 5
/* Freed and not given back to the system: more is what a large trace has left. */
#define HEAP_LEFT_MAX ((size_t)64 << 20)
#define HEAP_KEEP_BYTES ((size_t)1 << 20)

struct row {
        struct clew_api_request *first;
        struct clew_api_request *last;
};

struct clew_questions {
        struct clew_mem_pool *memory;
        pthread_t threads[THREADS];
        unsigned n_threads;
        pthread_t watcher;
        bool is_watched;
        pthread_mutex_t lock;
        pthread_cond_t work; /* all on the monotonic clock */
        pthread_cond_t idle;
        pthread_cond_t asked; /* for the watcher */
        /* under the lock: */
        struct row fresh;
        struct row large;
        unsigned n_waiting;                        /* in both rows */
        struct clew_api_request *running[THREADS]; /* in no order; NULL = none */
        unsigned n_running;
        bool ends;
};

static void append(struct row *row, struct clew_api_request *q)
{
        q->next = NULL;
        if (row->last)
                row->last->next = q;
        else
                row->first = q;
        row->last = q;
}

static struct clew_api_request *shift(struct row *row)
{
        struct clew_api_request *q = row->first;

        if (!q)
                return NULL;
        row->first = q->next;
        if (!row->first)
                row->last = NULL;
        return q;
}

/* Puts @to in the place of @from. Under the lock. */
static void change_running(struct clew_questions *s, const struct clew_api_request *from,
                           struct clew_api_request *to)
{
        unsigned i = 0;

        while (i < THREADS - 1 && s->running[i] != from)
                i++;
        CLEW_ASSERT(s->running[i] == from);
        s->running[i] = to;
        if (to)
                s->n_running++;
        else
                s->n_running--;
}

static uint64_t now_ns(void)
{
        return clew_clock_monotonic_ns(clew_clock_system());
}

/* What may be answered now. Under the lock. */
static struct clew_api_request *next_of(struct clew_questions *s)
{
        struct clew_api_request *q = s->large.first;

        if (q)
                q->has_place = clew_mem_ticket_claim(s->memory, &q->ticket);
        if (q && !q->has_place && (s->ends || now_ns() > q->turn_until_ns)) {
                clew_mem_ticket_return(s->memory, &q->ticket);
                q->is_late = true;
        }
        return q && (q->has_place || q->is_late) ? shift(&s->large) : shift(&s->fresh);
}

static struct clew_api_request *take(struct clew_questions *s)
{
        struct clew_api_request *q;

        pthread_mutex_lock(&s->lock);
        while (!(q = next_of(s)) && !s->ends) {
                struct timespec until = clew_clock_deadline(LOOK_NS);

                if (s->large.first)
                        (void)pthread_cond_timedwait(&s->work, &s->lock, &until);
                else
                        pthread_cond_wait(&s->work, &s->lock);
        }
        if (q) {
                s->n_waiting--;
                change_running(s, NULL, q);
                if (s->ends)
                        clew_stop_set(&q->stop);
        }
        pthread_mutex_unlock(&s->lock);
        return q;
}

/* Answers within the memory that it has. False when it is to be begun again. */
static bool run(struct clew_questions *s, struct clew_api_request *q)
{
        struct clew_mem_account account;

        if (q->is_late) {
                clew_serve_crowded(&q->answer);
                return true;
        }
        if (atomic_load(&q->has_left)) { /* before it was begun; nobody reads this */
                clew_serve_busy(&q->answer);
                return true;
        }
        clew_mem_account_open(&account, s->memory, CLEW_MEM_QUESTION, q->has_place);
        q->has_place = false;
        clew_api_answer(q);
        if (account.busy) {
                clew_serve_answer_deinit(&q->answer);
                clew_serve_answer_init(&q->answer);
        }
        clew_mem_account_close(&account);
        if (account.peak_bytes > s->memory->small_bytes)
                clew_log(CLEW_LOG_DEBUG, "question.large", "peak_bytes=%zu again=%s",
                         account.peak_bytes, account.busy ? "yes" : "no");
        return !account.busy;
}

/* What a large question has left in the heap goes back at once: the next one may be as large, and
 * grow other parts of it. */
static void give_back(void)
{
        if (mallinfo2().fordblks > HEAP_LEFT_MAX)
                malloc_trim(HEAP_KEEP_BYTES);
}

static void await_turn(struct clew_questions *s, struct clew_api_request *q)
{
        q->turn_until_ns = now_ns() + TURN_NS;
        pthread_mutex_lock(&s->lock);
        clew_mem_ticket_queue(s->memory, &q->ticket); /* in the order of the row */
        append(&s->large, q);
        s->n_waiting++;
        change_running(s, q, NULL);
        pthread_cond_broadcast(&s->work);
        pthread_mutex_unlock(&s->lock);
}

/* The request may be gone when this returns. */
static void hand_back(struct clew_questions *s, struct clew_api_request *q)
{
        struct MHD_Connection *connection = q->connection;

        clew_api_settle(q);
        pthread_mutex_lock(&s->lock); /* the watcher looks at connections that are suspended */
        change_running(s, q, NULL);
        atomic_store(&q->state, CLEW_API_ANSWERED);
        MHD_resume_connection(connection);
        pthread_cond_broadcast(&s->idle);
        pthread_mutex_unlock(&s->lock);
}

static void *serve(void *context)
{
        struct clew_questions *s = context;
        struct clew_api_request *q;

        (void)setpriority(PRIO_PROCESS, (id_t)gettid(), THREAD_NICE);
        (void)sched_setscheduler(gettid(), SCHED_BATCH, &(struct sched_param){0});
        while ((q = take(s)) != NULL) {
                if (run(s, q))
                        hand_back(s, q);
                else
                        await_turn(s, q);
                give_back();
        }
        return NULL;
}

/* ---- those that leave ----------------------------------------------------------------------- */

/* A question that nobody waits for any more ends: its walk at the next trace, one that waits when
 * its turn comes. Writes that have begun are done. Under the lock. */
static void look_at(struct clew_api_request *q)
{
        if (!q || atomic_load(&q->has_left) || !clew_connection_has_left(q->connection))
                return;
        atomic_store(&q->has_left, true);
        clew_stop_set(&q->stop);
}

static void *watch(void *context)
{
        struct clew_questions *s = context;

        pthread_mutex_lock(&s->lock);
        while (!s->ends) {
                struct timespec until = clew_clock_deadline(LEFT_NS);

                if (s->n_running == 0 && s->n_waiting == 0) {
                        pthread_cond_wait(&s->asked, &s->lock);
                        continue;
                }
                while (!s->ends && pthread_cond_timedwait(&s->asked, &s->lock, &until) == 0)
                        ;
                for (unsigned i = 0; i < THREADS; i++)
                        look_at(s->running[i]);
                for (struct clew_api_request *q = s->fresh.first; q; q = q->next)
                        look_at(q);
                for (struct clew_api_request *q = s->large.first; q; q = q->next)
                        look_at(q);
        }
        pthread_mutex_unlock(&s->lock);
        return NULL;
}

/* ---- lifecycle ------------------------------------------------------------------------------ */

/* Suspended before a thread can resume it. */
bool clew_questions_add(struct clew_questions *s, struct clew_api_request *q)
{
        bool room;

        pthread_mutex_lock(&s->lock);
        room = s->n_waiting < WAITING_MAX && !s->ends;
        if (room) {
                atomic_store(&q->state, CLEW_API_WAITING);
                MHD_suspend_connection(q->connection);
                append(&s->fresh, q);
                s->n_waiting++;
                pthread_cond_signal(&s->work);
                pthread_cond_signal(&s->asked);
        }
        pthread_mutex_unlock(&s->lock);
        return room;
}

int clew_questions_new(struct clew_mem_pool *memory, struct clew_questions **ret)
{
        struct clew_questions *s = clew_calloc(1, sizeof(*s));
        pthread_condattr_t attr;
        int r = 0;

        if (!s)
                return -ENOMEM;
        s->memory = memory;
        pthread_mutex_init(&s->lock, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&s->work, &attr);
        pthread_cond_init(&s->idle, &attr);
        pthread_cond_init(&s->asked, &attr);
        pthread_condattr_destroy(&attr);
        for (; r == 0 && s->n_threads < THREADS; s->n_threads += r == 0)
                r = pthread_create(&s->threads[s->n_threads], NULL, serve, s);
        if (r == 0)
                r = pthread_create(&s->watcher, NULL, watch, s);
        s->is_watched = r == 0;
        if (r != 0) {
                clew_questions_free(s);
                return -r;
        }
        *ret = s;
        return 0;
}

/* Under the lock. */
static void end_all(struct clew_questions *s)
{
        s->ends = true;
        for (unsigned i = 0; i < THREADS; i++) {
                if (s->running[i])
                        clew_stop_set(&s->running[i]->stop);
        }
        pthread_cond_broadcast(&s->work);
        pthread_cond_broadcast(&s->asked);
}

int clew_questions_drain(struct clew_questions *s, uint64_t deadline_ns)
{
        struct timespec until = clew_clock_deadline(deadline_ns);
        int r = 0;

        pthread_mutex_lock(&s->lock);
        end_all(s);
        while ((s->n_running > 0 || s->n_waiting > 0) && r == 0)
                r = pthread_cond_timedwait(&s->idle, &s->lock, &until);
        r = s->n_running > 0 || s->n_waiting > 0 ? -ETIMEDOUT : 0;
        pthread_mutex_unlock(&s->lock);
        return r;
}

void clew_questions_free(struct clew_questions *s)
{
        if (!s)
                return;
        pthread_mutex_lock(&s->lock);
        end_all(s);
        pthread_mutex_unlock(&s->lock);
        if (s->is_watched)
                pthread_join(s->watcher, NULL);
        for (unsigned i = 0; i < s->n_threads; i++)
                pthread_join(s->threads[i], NULL);
        pthread_cond_destroy(&s->work);
        pthread_cond_destroy(&s->idle);
        pthread_cond_destroy(&s->asked);
        pthread_mutex_destroy(&s->lock);
        clew_free(s);
}
