/*
 * The journal of a writer: what it has acknowledged and not sealed and uploaded yet, as objects
 * `journal/<writer>-<number>` (README.md, "Acknowledged when it is in the bucket").
 *
 * `<writer>` is the number that each start draws. Its objects are numbered from 1 without a gap,
 * one at a time, and each is made by create-if-absent. Whoever takes over makes the next number of
 * every writer before it, empty: who comes to that number then learns that it is over before it has
 * acknowledged. Number 0 is made before anything is acknowledged, so no writer is overlooked.
 */
#ifndef CLEW_STORAGE_TIER_JOURNAL_INT_H
#define CLEW_STORAGE_TIER_JOURNAL_INT_H

#include "proto/base/buffer.h"
#include "proto/base/error.h"
#include "storage/bucket/bucket-int.h"
#include "storage/store.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Bytes that a journal may have before nothing more is acknowledged. */
#define CLEW_JOURNAL_BYTES_MAX ((uint64_t)4 << 30)
/* Of one object: a group of requests, or one large request. */
#define CLEW_JOURNAL_OBJECT_BYTES_MAX ((size_t)1 << 30)
#define CLEW_JOURNAL_OBJECTS_BYTES_MAX ((size_t)64 << 20)
/* Of an object without fragments; the smallest with one has more. */
#define CLEW_JOURNAL_EMPTY_BYTES_MAX 29u

struct clew_journal {
        bool is_on;     /* what is acknowledged is to be in the bucket */
        bool was_there; /* of the start: somebody has left a journal */
        uint64_t created_ns;
        pthread_mutex_t lock;
        /* under the lock: */
        struct clew_object_bucket *bucket; /* of its own: it waits shorter */
        uint64_t writer;
        uint64_t next;         /* number of the next object; 0 = not begun */
        bool is_over;          /* somebody else has the next number */
        struct clew_buffer at; /* bytes of object @next whose making is not sure; empty = none */
        struct clew_buffer objects; /* struct clew_journal_object: that are not covered */
        uint64_t bytes;             /* of those */
        uint64_t erased;            /* of what went by then they have nothing; of a catalog */
        uint64_t renewed_bytes;     /* as many as there were when all were written anew */
};

struct clew_journal_object {
        uint64_t writer;
        uint64_t number;
        uint64_t bytes;
        uint64_t last; /* all fragments of it are in this store up to this sequence */
};

/* Makes the object whose making is not sure. With the lock, as the next. -ESTALE: it is over. */
CLEW_MUST_USE int clew_journal_finish(struct clew_journal *j, uint64_t last,
                                      struct clew_error *err);
/* Makes one more, of @fragments, which lie in the store up to sequence @last. */
CLEW_MUST_USE int clew_journal_put(struct clew_journal *j, const struct clew_fragment *fragments,
                                   size_t n, uint64_t last, struct clew_error *err);

/* The bytes of an object. */
void clew_journal_encode(uint64_t created_ns, const struct clew_fragment *fragments, size_t n,
                         struct clew_buffer *out);
/* Fragments of @bytes, which they point into, into @out (struct clew_fragment). 0, -EBADMSG,
 * -EPROTONOSUPPORT, -ENOMEM. */
CLEW_MUST_USE int clew_journal_decode(struct clew_slice bytes, uint64_t created_ns,
                                      struct clew_buffer *out);

/* The end of a writer's journal: longer by a byte than an object that has no fragments. 0 or
 * -ENOMEM. */
CLEW_MUST_USE int clew_journal_encode_end(uint64_t created_ns, struct clew_buffer *out,
                                          struct clew_error *err);

void clew_journal_init(struct clew_journal *j);
void clew_journal_deinit(struct clew_journal *j);
/* Ends what is under way. */
void clew_journal_stop(struct clew_journal *j);

#endif
