/*
 * See streams-int.h. A stream is written to only when all that it has is on its way: a slow reader
 * gets less often what a quick one gets at once, and costs no memory.
 */
#include "collector/api/streams-int.h"

#include "proto/base/clock.h"
#include "proto/base/mem.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define STREAMS_MAX 64u
/* What one poll may add; a record is a few kilobytes. */
#define PENDING_BYTES_MAX ((size_t)1 << 20)
/* Given to the library at a time. */
#define BLOCK_BYTES ((size_t)16 * 1024)
#define THREAD_NICE 5
/* The thread rests so many times as long as its poll took. */
#define REST_FACTOR 4u

struct stream {
        struct clew_streams *streams;
        struct stream *next;
        struct MHD_Connection *connection;
        struct clew_store *store;
        struct clew_live *live;
        /* under the lock: */
        struct clew_buffer pending;
        size_t at;      /* sent of it */
        bool suspended; /* nothing to send */
        bool polled;    /* by the thread, right now */
        bool gone;      /* freed by the library while it was polled */
        bool left;      /* its reader has closed: it is to end */
};

struct clew_streams {
        struct clew_mem_pool *memory;
        pthread_t thread;
        pthread_mutex_t lock;
        pthread_cond_t changed; /* on the monotonic clock */
        /* under the lock: */
        struct stream *first;
        unsigned n;
        bool ends;
};

static void free_stream(struct stream *s)
{
        clew_live_free(s->live);
        clew_buffer_deinit(&s->pending);
        clew_free(s);
}

/* ---- the library's side --------------------------------------------------------------------- */

static ssize_t read_some(void *context, uint64_t position, char *data, size_t max)
{
        struct stream *s = context;
        struct clew_streams *l = s->streams;
        bool ends;
        size_t n;

        (void)position;
        pthread_mutex_lock(&l->lock);
        n = s->pending.len - s->at;
        if (n > max)
                n = max;
        if (n > 0)
                memcpy(data, s->pending.data + s->at, n);
        s->at += n;
        ends = l->ends || s->left;
        if (n == 0 && !l->ends && !s->left) {
                s->suspended = true;
                MHD_suspend_connection(s->connection);
        }
        pthread_mutex_unlock(&l->lock);
        return n > 0 || !ends ? (ssize_t)n : MHD_CONTENT_READER_END_OF_STREAM;
}

static void end_stream(void *context)
{
        struct stream *s = context;
        struct clew_streams *l = s->streams;
        struct stream **at = &l->first;
        bool polled;

        pthread_mutex_lock(&l->lock);
        while (*at && *at != s)
                at = &(*at)->next;
        if (*at)
                *at = s->next;
        l->n--;
        polled = s->polled;
        s->gone = true; /* the thread frees it when it has done */
        pthread_cond_broadcast(&l->changed);
        pthread_mutex_unlock(&l->lock);
        if (!polled)
                free_stream(s);
}

struct MHD_Response *clew_streams_add(struct clew_streams *l, struct MHD_Connection *connection,
                                      struct clew_store *store, struct clew_live *live)
{
        struct stream *s = clew_calloc(1, sizeof(*s));
        struct MHD_Response *response = NULL;
        bool room;

        if (!s) {
                clew_live_free(live);
                return NULL;
        }
        s->streams = l;
        s->connection = connection;
        s->store = store;
        s->live = live;
        clew_buffer_init(&s->pending, PENDING_BYTES_MAX);
        pthread_mutex_lock(&l->lock);
        room = l->n < STREAMS_MAX && !l->ends;
        if (room)
                response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES,
                                                             read_some, s, end_stream);
        if (response) {
                s->next = l->first;
                l->first = s;
                l->n++;
                pthread_cond_broadcast(&l->changed);
        }
        pthread_mutex_unlock(&l->lock);
        if (!response)
                free_stream(s);
        return response;
}

/* ---- the thread ----------------------------------------------------------------------------- */

/* Only this thread uses s->live; the buffer is the reader's too, so events are made beside it. */
static void poll_one(struct clew_streams *l, struct stream *s, struct clew_buffer *events)
{
        struct clew_mem_account account;
        struct clew_view *view = NULL;
        struct clew_error err;
        int r;

        clew_mem_account_open(&account, l->memory, CLEW_MEM_BACKGROUND, false);
        r = clew_view_open(s->store, &view, &err);
        clew_buffer_clear(events);
        if (r == 0)
                clew_view_limit_loads(view, CLEW_SERVE_TRACE_MAX);
        if (r == 0) /* otherwise: what is wrong is told to those who ask */
                r = clew_live_poll(s->live, view, events, &err);
        clew_view_close(view);
        clew_mem_account_close(&account);
        pthread_mutex_lock(&l->lock);
        s->polled = false;
        if (r == 0 && events->len > 0) {
                clew_buffer_clear(&s->pending);
                s->at = 0;
                clew_buffer_append_slice(&s->pending, clew_buffer_slice(events));
        }
        if (s->suspended && !s->gone && events->len > 0) {
                s->suspended = false;
                MHD_resume_connection(s->connection);
        }
        if (s->gone) {
                pthread_mutex_unlock(&l->lock);
                free_stream(s);
                return;
        }
        pthread_mutex_unlock(&l->lock);
}

/* The next stream that has sent all it had, behind @after in the order of a round. */
static struct stream *next_of(struct clew_streams *l, unsigned *index)
{
        struct stream *found = NULL;
        unsigned i = 0;

        pthread_mutex_lock(&l->lock);
        for (struct stream *s = l->first; s && !found && !l->ends; s = s->next, i++) {
                if (i >= *index && s->at == s->pending.len)
                        found = s;
        }
        if (found)
                found->polled = true;
        *index = i;
        pthread_mutex_unlock(&l->lock);
        return found;
}

/* Whether the reader of a stream that rests has closed, which the library does not look at then.
 * Under the lock. */
static bool has_left(const struct stream *s)
{
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(s->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        struct pollfd fd = {.fd = info ? info->connect_fd : -1, .events = POLLRDHUP};

        return info && poll(&fd, 1, 0) == 1 && (fd.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

/* Readers that have closed give their places back, though nothing happens that could be told. */
static void drop_those_that_left(struct clew_streams *l)
{
        pthread_mutex_lock(&l->lock);
        for (struct stream *s = l->first; s; s = s->next) {
                if (!s->suspended || s->gone || !has_left(s))
                        continue;
                s->left = true;
                s->suspended = false;
                MHD_resume_connection(s->connection);
        }
        pthread_mutex_unlock(&l->lock);
}

/* One round: each stream once. */
static void poll_all(struct clew_streams *l, struct clew_buffer *events)
{
        struct stream *s;
        unsigned index = 0;

        while ((s = next_of(l, &index)) != NULL)
                poll_one(l, s, events);
}

static void *run(void *context)
{
        struct clew_streams *l = context;
        struct clew_buffer events;
        bool ends = false;

        (void)setpriority(PRIO_PROCESS, (id_t)gettid(), THREAD_NICE);
        clew_buffer_init(&events, PENDING_BYTES_MAX);
        while (!ends) {
                uint64_t begin = clew_clock_monotonic_ns(clew_clock_system());
                uint64_t rest = CLEW_LIVE_POLL_NS;
                struct timespec until;

                poll_all(l, &events);
                drop_those_that_left(l);
                begin = clew_clock_monotonic_ns(clew_clock_system()) - begin;
                if (begin * REST_FACTOR > rest)
                        rest = begin * REST_FACTOR;
                until = clew_clock_deadline(rest);
                pthread_mutex_lock(&l->lock);
                while (l->n == 0 && !l->ends)
                        pthread_cond_wait(&l->changed, &l->lock);
                while (!l->ends && pthread_cond_timedwait(&l->changed, &l->lock, &until) == 0)
                        ;
                ends = l->ends;
                pthread_mutex_unlock(&l->lock);
        }
        clew_buffer_deinit(&events);
        return NULL;
}

/* ---- lifecycle ------------------------------------------------------------------------------ */

int clew_streams_new(struct clew_mem_pool *memory, struct clew_streams **ret)
{
        struct clew_streams *l = clew_calloc(1, sizeof(*l));
        pthread_condattr_t attr;
        int r;

        if (!l)
                return -ENOMEM;
        l->memory = memory;
        pthread_mutex_init(&l->lock, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&l->changed, &attr);
        pthread_condattr_destroy(&attr);
        r = pthread_create(&l->thread, NULL, run, l);
        if (r != 0) {
                clew_streams_free(l);
                return -r;
        }
        *ret = l;
        return 0;
}

void clew_streams_end(struct clew_streams *l)
{
        bool ended;

        pthread_mutex_lock(&l->lock);
        ended = l->ends;
        l->ends = true;
        pthread_cond_broadcast(&l->changed);
        for (struct stream *s = l->first; s; s = s->next) {
                if (s->suspended)
                        MHD_resume_connection(s->connection);
                s->suspended = false;
        }
        pthread_mutex_unlock(&l->lock);
        if (!ended)
                pthread_join(l->thread, NULL);
}

void clew_streams_free(struct clew_streams *l)
{
        if (!l)
                return;
        pthread_cond_destroy(&l->changed);
        pthread_mutex_destroy(&l->lock);
        clew_free(l);
}
