/*
 * A workload that can be judged without a memory: request number i of a seed has always the same
 * bytes, so a reader can compute anew what must be in the store.
 *
 * A request holds a few spans of one or two traces, each of a service of its own; traces go on over
 * several requests, and some get spans after they were sealed. A span's id names its request and
 * its place in it.
 */
#ifndef CLEW_TESTS_CRASH_WORKLOAD_H
#define CLEW_TESTS_CRASH_WORKLOAD_H

#include "proto/base/buffer.h"
#include "proto/otlp/walk.h"
#include "storage/store.h"

#define CLEW_WORK_SPANS_MAX 4u

struct clew_work {
        uint64_t seed;
        struct clew_arena arena; /* of the request at hand */
        struct clew_buffer request;
        struct clew_otlp_batch batch;
        bool made; /* request and batch hold request number made_number */
        uint64_t made_number;
        /* Borrowed, may be NULL: works that hold request 0, 1, ... so that judging needs no memory.
         */
        const struct clew_work *made_before;
        struct clew_buffer fragment_bytes;
        struct clew_fragment_encoder *encoder;
};

int clew_work_init(struct clew_work *work, uint64_t seed);
void clew_work_deinit(struct clew_work *work);

/* Fills work->request and work->batch with request @i. 0 or a negative errno. */
int clew_work_make(struct clew_work *work, uint64_t i);
/* Appends request @i in one transaction. */
int clew_work_append(struct clew_work *work, struct clew_store *store, uint64_t i,
                     struct clew_error *err);
/* Seals all traces (also the ones that are not idle). */
int clew_work_seal(struct clew_store *store, struct clew_error *err);
/* Seals one segment, of one service: the other traces of the same requests stay hot. */
int clew_work_seal_some(struct clew_store *store, struct clew_error *err);

/* How one request is found in a view. */
enum clew_work_found { CLEW_WORK_NONE, CLEW_WORK_SOME, CLEW_WORK_ALL, CLEW_WORK_WRONG };
/* 0 and *ret, or the error of a load. A span that is there with other bytes is WRONG. */
int clew_work_find(struct clew_work *work, struct clew_view *view, uint64_t i,
                   enum clew_work_found *ret, struct clew_error *err);

/*
 * Walks the list and loads each trace: every span must be one that requests below @n_sent have.
 * Checks too that ids are found by prefix and that the counters agree. Returns 0, a negative errno
 * of a read, or 1 with the contradiction in @err.
 */
int clew_work_check_all(struct clew_work *work, struct clew_view *view, uint64_t n_sent,
                        struct clew_error *err);

/* A deriver for sealing: count of spans and the least start time. */
extern const struct clew_deriver clew_work_deriver;

#endif
