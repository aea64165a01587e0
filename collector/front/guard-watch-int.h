/*
 * What the two protocol watchers of the guard share: bytes come in, pieces to pass on come out,
 * with a verdict. Watchers do no I/O and read no clock.
 */
#ifndef CLEW_COLLECTOR_GUARD_WATCH_H
#define CLEW_COLLECTOR_GUARD_WATCH_H

#include "collector/front/guard-limits-int.h"
#include "collector/gate/admission.h"
#include "proto/base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

enum clew_guard_verdict {
        CLEW_GUARD_GO,   /* everything was taken */
        CLEW_GUARD_HOLD, /* the rest shall come again later: the client waits, nobody else does */
        CLEW_GUARD_END,  /* the connection is to be ended */
};

/* Bytes to pass on, in order. They lie in the caller's input or in the watcher, and are to be sent
 * or copied before the next call. */
#define CLEW_GUARD_PIECES_MAX 64u
struct clew_guard_pieces {
        struct iovec at[CLEW_GUARD_PIECES_MAX];
        unsigned n;
        size_t bytes;
};

/* What all connections of a protocol have in common; one thread. */
struct clew_guard_totals {
        struct clew_admission *admission; /* borrowed */
        enum clew_admission_share share;
        size_t max_waiting;
        struct clew_bucket buckets[CLEW_LIMITS];
        size_t n_streams;
        size_t small_bytes; /* of unanswered requests, not in the budget */
        size_t n_waiting;   /* messages that wait for budget */
        size_t n_held;      /* connections held back because of totals */
        bool places_wanted; /* connections wait for a place at the server, or for descriptors */
        const void
                *favoured; /* the connection that goes on beyond the budget, one at a time, ... */
        uint32_t favoured_stream; /* ... and its stream */
        uint64_t n_given_back;    /* grows whenever something that others wait for becomes free */
};

/* Others wait: those who hold things without using them lose them sooner. */
static inline bool clew_guard_is_pressed(const struct clew_guard_totals *t)
{
        return t->n_waiting > 0 || t->n_held > 0 || t->places_wanted;
}

/* False when there are no places left; pieces that touch need none. */
static inline bool clew_guard_put(struct clew_guard_pieces *p, const void *data, size_t n)
{
        struct iovec *last = p->n ? &p->at[p->n - 1] : NULL;

        if (n == 0)
                return true;
        p->bytes += n;
        if (last && (const char *)last->iov_base + last->iov_len == (const char *)data) {
                last->iov_len += n;
                return true;
        }
        CLEW_ASSERT(p->n < CLEW_GUARD_PIECES_MAX);
        p->at[p->n].iov_base = (void *)(uintptr_t)data;
        p->at[p->n].iov_len = n;
        p->n++;
        return p->n < CLEW_GUARD_PIECES_MAX - 1;
}

#endif
