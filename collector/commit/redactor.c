#include "collector/commit/redactor.h"

#include "proto/base/clock.h"
#include "proto/base/mem.h"
#include "proto/otlp/redact.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

/* A request of this size may double. */
#define GROWTH_FREE_BYTES ((size_t)1 << 20)

/* The rules of one reading of the file, until nobody uses them any more. */
struct rule_set {
        struct clew_rules rules;
        unsigned n_users; /* under the redactor's lock */
        uint64_t seed;
        uint16_t counter[CLEW_MASK_RULES + CLEW_OWN_RULES_MAX]; /* index of its name */
};

struct clew_redactor {
        const char *path;
        pthread_mutex_t lock;
        struct rule_set *now;                 /* guarded */
        struct clew_redactor_figures figures; /* guarded */
};

static void free_set(struct rule_set *s)
{
        if (!s)
                return;
        clew_rules_deinit(&s->rules);
        clew_free(s);
}

static int load(const char *path, struct rule_set **ret, struct clew_error *err)
{
        struct rule_set *s = clew_calloc(1, sizeof(*s));
        int r;

        if (!s)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        r = clew_rules_load(&s->rules, path, err);
        if (r < 0) {
                clew_free(s);
                return r;
        }
        if (getrandom(&s->seed, sizeof(s->seed), 0) != (ssize_t)sizeof(s->seed))
                s->seed = 0; /* then nothing is remembered */
        *ret = s;
        return 0;
}

/* The counter called @name, made when there is none; the last one takes what has no place. */
static uint16_t counter_of(struct clew_redactor_figures *f, const char *name)
{
        for (unsigned i = 0; i < f->n; i++) {
                if (strcmp(f->rules[i].name, name) == 0)
                        return (uint16_t)i;
        }
        if (f->n == CLEW_REDACTOR_NAMES_MAX)
                return CLEW_REDACTOR_NAMES_MAX - 1;
        if (f->n == CLEW_REDACTOR_NAMES_MAX - 1)
                name = "_other";
        (void)snprintf(f->rules[f->n].name, sizeof(f->rules[f->n].name), "%s", name);
        return (uint16_t)f->n++;
}

/* Under the lock. */
static struct rule_set *install(struct clew_redactor *r, struct rule_set *s)
{
        struct rule_set *before = r->now;
        const struct clew_mask names = {.own = &s->rules.own};

        for (unsigned i = 0; i < CLEW_MASK_RULES; i++) {
                if (s->rules.used >> i & 1)
                        s->counter[i] = counter_of(&r->figures, clew_mask_name(&names, i));
        }
        for (unsigned i = 0; i < s->rules.own.n_rules; i++)
                s->counter[CLEW_MASK_RULES + i] =
                        counter_of(&r->figures, clew_mask_name(&names, CLEW_MASK_RULES + i));
        s->n_users = 1;
        r->now = s;
        r->figures.loaded_ns = clew_clock_unix_ns(clew_clock_system());
        return before && --before->n_users == 0 ? before : NULL;
}

int clew_redactor_new(const char *path, struct clew_redactor **ret, struct clew_error *err)
{
        struct clew_redactor *r = clew_calloc(1, sizeof(*r));
        struct rule_set *s = NULL;
        int e;

        if (!r)
                return clew_error_set(err, -ENOMEM, 0, "out of memory");
        r->path = path;
        e = load(path, &s, err);
        if (e < 0) {
                clew_free(r);
                return e;
        }
        pthread_mutex_init(&r->lock, NULL);
        free_set(install(r, s));
        *ret = r;
        return 0;
}

void clew_redactor_free(struct clew_redactor *r)
{
        if (!r)
                return;
        free_set(r->now);
        pthread_mutex_destroy(&r->lock);
        clew_free(r);
}

int clew_redactor_reload(struct clew_redactor *r, struct clew_error *err)
{
        struct rule_set *s = NULL;
        int e = load(r->path, &s, err);

        pthread_mutex_lock(&r->lock);
        if (e < 0)
                r->figures.n_refused++;
        else
                s = install(r, s);
        pthread_mutex_unlock(&r->lock);
        free_set(s);
        return e;
}

static struct rule_set *take(struct clew_redactor *r)
{
        struct rule_set *s;

        pthread_mutex_lock(&r->lock);
        s = r->now;
        s->n_users++;
        pthread_mutex_unlock(&r->lock);
        return s;
}

static void give(struct clew_redactor *r, struct rule_set *s)
{
        bool last;

        pthread_mutex_lock(&r->lock);
        last = --s->n_users == 0;
        pthread_mutex_unlock(&r->lock);
        if (last)
                free_set(s);
}

static int look(struct clew_mask *m, enum clew_otlp_signal signal, struct clew_slice body,
                struct clew_mask_work *work, uint64_t *ret_deep, struct clew_error *err)
{
        int r;

        *ret_deep = 0;
        clew_mask_work_begin(work, body.len);
        r = clew_otlp_redact(body, signal, m, work, ret_deep, err);
        if (r == -EMSGSIZE)
                return clew_error_set(err, r, 0,
                                      "the request holds more secrets than can be taken out of "
                                      "one; send smaller batches");
        return r;
}

static size_t size_after(const struct clew_mask_work *work, size_t len)
{
        const struct clew_mask_edit *e =
                (const struct clew_mask_edit *)(const void *)work->edits.data;

        for (size_t i = 0; i < clew_mask_work_edits(work); i++)
                len += e[i].n - (e[i].to - e[i].from); /* wraps, and comes back */
        return len;
}

static void clear_counts(struct clew_mask *m)
{
        memset(m->n, 0, sizeof(m->n));
        memset(m->n_own, 0, sizeof(m->n_own));
        m->n_unsure = 0;
}

int clew_redactor_run(struct clew_redactor *r, const uint8_t *key, enum clew_otlp_signal signal,
                      struct clew_slice *body, struct clew_mask_work *work, struct clew_buffer *out,
                      struct clew_redacted *ret, struct clew_error *err)
{
        struct rule_set *s = take(r);
        struct clew_mask m = {.rules = s->rules.used,
                              .own = s->rules.own.n_rules > 0 ? &s->rules.own : NULL,
                              .has_key = true};
        uint64_t n_deep;
        int e;

        memcpy(m.key, key, sizeof(m.key));
        work->seed = s->seed;
        e = look(&m, signal, *body, work, &n_deep, err);
        if (e == 0 && size_after(work, body->len) > 2 * body->len + GROWTH_FREE_BYTES) {
                clear_counts(&m);
                m.same_length = true;
                e = look(&m, signal, *body, work, &n_deep, err);
        }
        if (e == 0 && clew_mask_work_edits(work) > 0) {
                clew_buffer_clear(out);
                clew_mask_apply(work, *body, out);
                e = clew_buffer_error(out);
                *body = clew_buffer_slice(out);
        }
        if (e == 0) {
                memcpy(ret->n, m.n, sizeof(ret->n));
                memcpy(ret->n_own, m.n_own, sizeof(ret->n_own));
                ret->n_unsure = m.n_unsure;
                ret->n_deep = n_deep;
                memcpy(ret->counter, s->counter, sizeof(ret->counter));
        }
        give(r, s);
        return e;
}

void clew_redactor_count(struct clew_redactor *r, const struct clew_redacted *redacted)
{
        uint64_t n = redacted->n_unsure;

        for (size_t i = 0; i < CLEW_MASK_RULES; i++)
                n += redacted->n[i];
        for (size_t i = 0; i < CLEW_OWN_RULES_MAX; i++)
                n += redacted->n_own[i];
        if (n == 0)
                return;
        pthread_mutex_lock(&r->lock);
        for (size_t i = 0; i < CLEW_MASK_RULES; i++)
                r->figures.rules[redacted->counter[i]].n += redacted->n[i];
        for (size_t i = 0; i < CLEW_OWN_RULES_MAX; i++)
                r->figures.rules[redacted->counter[CLEW_MASK_RULES + i]].n += redacted->n_own[i];
        r->figures.n_unsure += redacted->n_unsure;
        pthread_mutex_unlock(&r->lock);
}

void clew_redactor_figures(struct clew_redactor *r, struct clew_redactor_figures *ret)
{
        pthread_mutex_lock(&r->lock);
        *ret = r->figures;
        pthread_mutex_unlock(&r->lock);
}
