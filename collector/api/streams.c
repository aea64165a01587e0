/*
 * See streams-int.h. Who asks the same gets the same: streams of one question hang on one
 * *channel*, which is polled once for all of them, and a stream is a place in what the channel
 * told. So hundreds of them cost a small buffer each, and one walk a second.
 *
 *   channel   live (what is told, and up to where) · told [begin ........ end) · streams
 *                                                        ^at     ^at    ^at
 *
 * What all its streams have is dropped, and what is more than CHANNEL_BYTES_MAX behind the end,
 * too: a stream that has not come so far ends, and its reader comes back with Last-Event-ID. A
 * channel is polled only when one of its streams has all that was told: readers that are all slow
 * get less often what quick ones get at once.
 *
 * Who comes with a Last-Event-ID is behind the others: it gets a channel of its own, together with
 * those that come before its first poll, and goes over to the others' when that has found nothing
 * more to tell. What both tell meanwhile is told twice.
 *
 * Channels are made and freed by the thread and by who adds streams, under the lock; `live` is the
 * thread's from the first poll on.
 */
#include "collector/api/streams-int.h"

#include "collector/api/connection-int.h"
#include "collector/api/told-int.h"
#include "proto/base/clock.h"
#include "proto/base/mem.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define STREAMS_MAX 1024u
/* Different questions: each is a walk of its own, and 100 KiB. */
#define CHANNELS_MAX 64u
/* What one poll may add; a record is a few kilobytes. */
#define POLL_BYTES_MAX ((size_t)1 << 20)
/* What is kept for readers that are not as quick as others. */
#define CHANNEL_BYTES_MAX ((size_t)128 * 1024)
/* Given to the library at a time; each connection has so much. */
#define BLOCK_BYTES ((size_t)4 * 1024)
/* A channel's beginning (24 h ago) is that of its first stream: later ones do not join it. */
#define JOIN_NS (3600 * CLEW_NS_PER_S)
#define THREAD_NICE 5
/* The thread rests so many times as long as its poll took. */
#define REST_FACTOR 4u

struct channel {
        struct channel *next;
        struct clew_store *store;
        struct clew_live *live;
        uint64_t opened_ns; /* monotonic */
        /* under the lock: */
        struct clew_told told;
        uint64_t end_of_round; /* the end, when the last round began */
        unsigned n_streams;
        unsigned n_polls;
        bool is_behind;
        uint32_t question_bytes;
        char question[]; /* not terminated */
};

struct stream {
        struct clew_streams *streams;
        struct stream *next;
        struct MHD_Connection *connection;
        /* under the lock: */
        struct channel *channel;
        uint64_t at; /* sent of what the channel told */
        size_t greeted;
        char greeting[CLEW_LIVE_HELLO_BYTES];
        bool suspended; /* nothing to send */
        bool left;      /* its reader has closed, or is too far behind: it is to end */
};

struct clew_streams {
        struct clew_mem_pool *memory;
        pthread_t thread;
        pthread_mutex_t lock;
        pthread_cond_t changed; /* on the monotonic clock */
        /* under the lock: */
        struct stream *first;
        struct channel *channels;
        unsigned n;
        unsigned n_channels;
        bool ends;
};

static uint64_t now_ns(void)
{
        return clew_clock_monotonic_ns(clew_clock_system());
}

static uint64_t end_of(const struct channel *c)
{
        return clew_told_end(&c->told);
}

static void free_channel(struct channel *c)
{
        clew_live_free(c->live);
        clew_told_deinit(&c->told);
        clew_free(c);
}

/* ---- the library's side --------------------------------------------------------------------- */

static size_t take(struct stream *s, char *data, size_t max)
{
        struct channel *c = s->channel;
        size_t n = strlen(s->greeting) - s->greeted;
        int64_t n_told;

        if (n > 0) {
                n = n < max ? n : max;
                memcpy(data, s->greeting + s->greeted, n);
                s->greeted += n;
                return n;
        }
        n_told = s->left ? 0 : clew_told_read(&c->told, s->at, data, max);
        if (n_told < 0) {
                s->left = true;
                n_told = 0;
        }
        s->at += (uint64_t)n_told;
        return (size_t)n_told;
}

static ssize_t read_some(void *context, uint64_t position, char *data, size_t max)
{
        struct stream *s = context;
        struct clew_streams *l = s->streams;
        bool ends;
        size_t n;

        (void)position;
        pthread_mutex_lock(&l->lock);
        n = take(s, data, max);
        ends = l->ends || s->left;
        if (n == 0 && !ends) {
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

        pthread_mutex_lock(&l->lock);
        while (*at && *at != s)
                at = &(*at)->next;
        if (*at)
                *at = s->next;
        s->channel->n_streams--;
        l->n--;
        pthread_mutex_unlock(&l->lock);
        clew_free(s);
}

/* ---- channels ------------------------------------------------------------------------------- */

/* Under the lock. */
static bool is_same(const struct channel *c, const struct clew_store *store,
                    struct clew_slice question)
{
        return c->store == store &&
               clew_slice_eq(question, clew_slice_make(c->question, c->question_bytes));
}

/* One that tells what is asked and takes newcomers; NULL when there is none. Under the lock. */
static struct channel *find_channel(struct clew_streams *l, const struct clew_store *store,
                                    struct clew_slice question, bool is_behind)
{
        struct channel *c = l->channels;

        while (c &&
               !(is_same(c, store, question) && c->is_behind == is_behind &&
                 (is_behind ? c->n_polls == 0
                            : now_ns() - c->opened_ns < JOIN_NS || l->n_channels == CHANNELS_MAX)))
                c = c->next;
        return c;
}

/* Owns @live when it succeeds. Under the lock. */
static struct channel *add_channel(struct clew_streams *l, struct clew_store *store,
                                   struct clew_slice question, struct clew_live *live)
{
        struct channel *c;

        if (l->n_channels == CHANNELS_MAX)
                return NULL;
        c = clew_calloc(1, sizeof(*c) + question.len);
        if (!c)
                return NULL;
        c->store = store;
        c->live = live;
        c->opened_ns = now_ns();
        c->is_behind = clew_live_is_behind(live);
        c->question_bytes = (uint32_t)question.len;
        if (question.len > 0)
                memcpy(c->question, question.data, question.len);
        clew_told_init(&c->told, CHANNEL_BYTES_MAX, POLL_BYTES_MAX);
        c->next = l->channels;
        l->channels = c;
        l->n_channels++;
        return c;
}

/* Puts the stream on a channel. False when there is no place. Under the lock. */
static bool join(struct clew_streams *l, struct stream *s, struct clew_store *store,
                 struct clew_slice question, struct clew_live **live)
{
        struct channel *c = find_channel(l, store, question, clew_live_is_behind(*live));

        if (c && c->is_behind)
                clew_live_begin_at_both(c->live, *live);
        if (!c && (c = add_channel(l, store, question, *live)) != NULL)
                *live = NULL;
        if (!c)
                return false;
        s->channel = c;
        s->at = end_of(c);
        c->n_streams++;
        return true;
}

struct MHD_Response *clew_streams_add(struct clew_streams *l, struct MHD_Connection *connection,
                                      struct clew_store *store, struct clew_slice question,
                                      struct clew_live *live)
{
        struct stream *s = clew_calloc(1, sizeof(*s));
        struct MHD_Response *response = NULL;

        if (!s) {
                clew_live_free(live);
                return NULL;
        }
        s->streams = l;
        s->connection = connection;
        clew_live_greet(live, s->greeting);
        pthread_mutex_lock(&l->lock);
        if (l->n < STREAMS_MAX && !l->ends && join(l, s, store, question, &live)) {
                response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES,
                                                             read_some, s, end_stream);
                if (!response)
                        s->channel->n_streams--;
        }
        if (response) {
                s->next = l->first;
                l->first = s;
                l->n++;
                pthread_cond_broadcast(&l->changed);
        }
        pthread_mutex_unlock(&l->lock);
        clew_live_free(live);
        if (!response)
                clew_free(s);
        return response;
}

/* ---- the thread ----------------------------------------------------------------------------- */

static void wake(struct stream *s)
{
        if (s->suspended)
                MHD_resume_connection(s->connection);
        s->suspended = false;
}

/* Under the lock. */
static void tell(struct clew_streams *l, struct channel *c, struct clew_slice events)
{
        uint64_t all_have = UINT64_MAX;

        for (const struct stream *s = l->first; s; s = s->next) {
                if (s->channel == c && s->at < all_have)
                        all_have = s->at;
        }
        clew_told_drop(&c->told, all_have);
        if (events.len == 0)
                return;
        clew_told_add(&c->told, events);
        for (struct stream *s = l->first; s; s = s->next) {
                if (s->channel == c)
                        wake(s);
        }
}

/* Only this thread uses c->live; what was told is the readers' too, so events are made beside it.
 */
static void poll_one(struct clew_streams *l, struct channel *c, struct clew_buffer *events)
{
        struct clew_mem_account account;
        struct clew_view *view = NULL;
        struct clew_error err;
        int r;

        clew_mem_account_open(&account, l->memory, CLEW_MEM_BACKGROUND, false);
        r = clew_view_open(c->store, &view, &err);
        clew_buffer_clear(events);
        if (r == 0)
                clew_view_limit_loads(view, CLEW_SERVE_TRACE_MAX);
        if (r == 0) /* otherwise: what is wrong is told to those who ask */
                r = clew_live_poll(c->live, view, events, &err);
        clew_view_close(view);
        clew_mem_account_close(&account);
        pthread_mutex_lock(&l->lock);
        tell(l, c, r == 0 ? clew_buffer_slice(events) : CLEW_SLICE_NULL);
        pthread_mutex_unlock(&l->lock);
}

/* Whether some reader of the channel has all of it. Under the lock. */
static bool is_awaited(const struct clew_streams *l, const struct channel *c)
{
        const struct stream *s = l->first;

        while (s && (s->channel != c || s->at < end_of(c)))
                s = s->next;
        return s != NULL;
}

/* The next channel of a round behind @last that is to be polled. Only this thread frees channels,
 * and new ones come first: the place stays right. */
static struct channel *next_of(struct clew_streams *l, const struct channel *last)
{
        struct channel *c;

        pthread_mutex_lock(&l->lock);
        c = last ? last->next : l->channels;
        while (c && !is_awaited(l, c))
                c = c->next;
        if (c) {
                c->n_polls++;
                c->end_of_round = end_of(c);
        }
        if (l->ends)
                c = NULL;
        pthread_mutex_unlock(&l->lock);
        return c;
}

/* Streams that have caught up go over to the channel of those that are not behind, to where it
 * stood before this round. Under the lock. */
static void unite(struct clew_streams *l, struct channel *from)
{
        struct channel *to = l->channels;

        while (to &&
               (to == from || to->is_behind || to->n_polls == 0 ||
                !is_same(to, from->store, clew_slice_make(from->question, from->question_bytes))))
                to = to->next;
        if (!to) {
                from->is_behind = false;
                return;
        }
        for (struct stream *s = l->first; s; s = s->next) {
                if (s->channel != from || s->at < end_of(from))
                        continue;
                s->channel = to;
                s->at = to->end_of_round;
                from->n_streams--;
                to->n_streams++;
                wake(s);
        }
}

/* Frees the channels that nobody listens to. */
static void tidy(struct clew_streams *l)
{
        struct channel **at = &l->channels;

        pthread_mutex_lock(&l->lock);
        for (struct channel *c = l->channels; c; c = c->next) {
                if (c->is_behind && c->n_polls > 0 && !clew_live_is_behind(c->live))
                        unite(l, c);
        }
        while (*at) {
                struct channel *c = *at;

                if (c->n_streams > 0) {
                        at = &c->next;
                        continue;
                }
                *at = c->next;
                l->n_channels--;
                free_channel(c);
        }
        pthread_mutex_unlock(&l->lock);
}

/* Readers that have closed give their places back, though nothing happens that could be told. */
static void drop_those_that_left(struct clew_streams *l)
{
        pthread_mutex_lock(&l->lock);
        for (struct stream *s = l->first; s; s = s->next) {
                if (!s->suspended || !clew_connection_has_left(s->connection))
                        continue;
                s->left = true;
                wake(s);
        }
        pthread_mutex_unlock(&l->lock);
}

/* One round: each channel once. */
static void poll_all(struct clew_streams *l, struct clew_buffer *events)
{
        struct channel *c = NULL;

        while ((c = next_of(l, c)) != NULL)
                poll_one(l, c, events);
        drop_those_that_left(l);
        tidy(l);
}

static void *run(void *context)
{
        struct clew_streams *l = context;
        struct clew_buffer events;
        bool ends = false;

        (void)setpriority(PRIO_PROCESS, (id_t)gettid(), THREAD_NICE);
        clew_buffer_init(&events, POLL_BYTES_MAX);
        while (!ends) {
                uint64_t begin = now_ns();
                uint64_t rest = CLEW_LIVE_POLL_NS;
                struct timespec until;

                poll_all(l, &events);
                begin = now_ns() - begin;
                if (begin * REST_FACTOR > rest)
                        rest = begin * REST_FACTOR;
                until = clew_clock_deadline(rest);
                pthread_mutex_lock(&l->lock);
                while (l->n_channels == 0 && !l->ends)
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
        for (struct stream *s = l->first; s; s = s->next)
                wake(s);
        pthread_mutex_unlock(&l->lock);
        if (!ended)
                pthread_join(l->thread, NULL);
}

void clew_streams_free(struct clew_streams *l)
{
        if (!l)
                return;
        while (l->channels) {
                struct channel *c = l->channels;

                l->channels = c->next;
                free_channel(c);
        }
        pthread_cond_destroy(&l->changed);
        pthread_mutex_destroy(&l->lock);
        clew_free(l);
}
