/*
 * See refusals.h.
 */
#include "collector/gate/refusals.h"

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "query/serve/access.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#define WHO_BYTES 136u
#define FROM_BYTES 64u
#define WHAT_BYTES 160u

/* Texts longer than their place are cut: they group, and are told, by their beginnings. */
struct group {
        bool used;
        uint64_t until_ns; /* monotonic */
        uint64_t since_unix_ns;
        uint64_t n; /* behind the first, which was told */
        unsigned status;
        char who[WHO_BYTES];
        char key[WHO_BYTES];
        char from[FROM_BYTES];
        char what[WHAT_BYTES];
};

struct clew_refusals {
        struct clew_audit *audit;
        const struct clew_clock *clock;
        pthread_mutex_t lock;
        /* under the lock: */
        struct group groups[CLEW_REFUSALS_GROUPS];
        struct group others; /* of all who find no place */
};

static void keep(char *to, size_t size, struct clew_slice text)
{
        size_t n = text.len < size ? text.len : size - 1;

        if (n > 0)
                memcpy(to, text.data, n);
        to[n] = '\0';
}

static void name_group(struct group *g, const struct clew_audit_entry *e)
{
        struct clew_slice what = e->what;
        const uint8_t *question = what.len > 0 ? memchr(what.data, '?', what.len) : NULL;

        if (question)
                what = clew_slice_make(what.data, (size_t)(question - what.data));
        memset(g, 0, sizeof(*g));
        g->status = e->status;
        keep(g->who, sizeof(g->who), e->who);
        keep(g->key, sizeof(g->key), e->key);
        keep(g->from, sizeof(g->from), e->from);
        keep(g->what, sizeof(g->what), what);
}

static bool is_same_client(const struct group *a, const struct group *b)
{
        return a->status == b->status && strcmp(a->from, b->from) == 0 &&
               strcmp(a->key, b->key) == 0 && strcmp(a->who, b->who) == 0;
}

static void write_line(struct clew_refusals *r, const struct group *g, uint64_t time_ns, uint64_t n)
{
        static struct clew_log_limit limit = {.per_second = 1};
        struct clew_error err = {0};

        if (clew_audit_add(r->audit,
                           &(struct clew_audit_entry){
                                   .time_ns = time_ns,
                                   .who = clew_slice_of_cstr(g->who),
                                   .key = clew_slice_of_cstr(g->key),
                                   .from = clew_slice_of_cstr(g->from),
                                   .what = clew_slice_of_cstr(g->what),
                                   .status = g->status,
                                   .more = n,
                                   .since_ns = n > 0 ? g->since_unix_ns : 0,
                           },
                           &err) < 0)
                clew_log_limited(&limit, CLEW_LOG_ERROR, "audit.not_written", "reason=\"%s\"",
                                 err.message);
}

/* Ends the group when its time is over, or @all ends: a line for those that were counted. */
static void close_group(struct clew_refusals *r, struct group *g, bool all)
{
        if (!g->used || (!all && clew_clock_monotonic_ns(r->clock) < g->until_ns))
                return;
        if (g->n > 0)
                write_line(r, g, clew_clock_unix_ns(r->clock), g->n);
        g->used = false;
}

static void close_groups(struct clew_refusals *r, bool all)
{
        for (unsigned i = 0; i < CLEW_REFUSALS_GROUPS; i++)
                close_group(r, &r->groups[i], all);
        close_group(r, &r->others, all);
}

static struct group *find(struct clew_refusals *r, const struct group *wanted)
{
        for (unsigned i = 0; i < CLEW_REFUSALS_GROUPS; i++) {
                struct group *g = &r->groups[i];

                if (g->used && is_same_client(g, wanted) && strcmp(g->what, wanted->what) == 0)
                        return g;
        }
        return NULL;
}

static struct group *find_free(struct clew_refusals *r)
{
        for (unsigned i = 0; i < CLEW_REFUSALS_GROUPS; i++) {
                if (!r->groups[i].used)
                        return &r->groups[i];
        }
        return NULL;
}

static unsigned n_paths(const struct clew_refusals *r, const struct group *client)
{
        unsigned n = 0;

        for (unsigned i = 0; i < CLEW_REFUSALS_GROUPS; i++)
                n += r->groups[i].used && is_same_client(&r->groups[i], client);
        return n;
}

static void open_group(struct clew_refusals *r, struct group *g, const struct group *named)
{
        *g = *named;
        g->used = true;
        g->since_unix_ns = clew_clock_unix_ns(r->clock);
        g->until_ns = clew_clock_monotonic_ns(r->clock) + CLEW_REFUSALS_WINDOW_NS;
        write_line(r, g, g->since_unix_ns, 0);
}

static void count(struct clew_refusals *r, struct group *named)
{
        struct group *g = find(r, named);
        struct group *place;

        if (!g && n_paths(r, named) >= CLEW_REFUSALS_PATHS) {
                keep(named->what, sizeof(named->what),
                     CLEW_SLICE_LITERAL(CLEW_REFUSALS_OTHER_PATHS));
                g = find(r, named);
        }
        if (g) {
                g->n++;
                return;
        }
        place = find_free(r);
        if (place) {
                open_group(r, place, named);
        } else if (r->others.used) {
                r->others.n++;
        } else {
                memset(named, 0, sizeof(*named));
                keep(named->what, sizeof(named->what), CLEW_SLICE_LITERAL(CLEW_REFUSALS_OTHERS));
                open_group(r, &r->others, named);
        }
}

void clew_refusals_note(struct clew_refusals *r, const struct clew_audit_entry *entry)
{
        struct group named;

        if (!r)
                return;
        name_group(&named, entry);
        pthread_mutex_lock(&r->lock);
        close_groups(r, false);
        count(r, &named);
        pthread_mutex_unlock(&r->lock);
}

void clew_refusals_tick(struct clew_refusals *r)
{
        if (!r)
                return;
        pthread_mutex_lock(&r->lock);
        close_groups(r, false);
        pthread_mutex_unlock(&r->lock);
}

int clew_refusals_new(struct clew_audit *audit, const struct clew_clock *clock,
                      struct clew_refusals **ret)
{
        struct clew_refusals *r = clew_calloc(1, sizeof(*r));

        if (!r)
                return -ENOMEM;
        r->audit = audit;
        r->clock = clock;
        pthread_mutex_init(&r->lock, NULL);
        *ret = r;
        return 0;
}

void clew_refusals_free(struct clew_refusals *r)
{
        if (!r)
                return;
        close_groups(r, true);
        pthread_mutex_destroy(&r->lock);
        clew_free(r);
}
