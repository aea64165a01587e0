/*
 * One request to an S3 store and what came of it: signed, sent, and its answer explained.
 */
#ifndef CLEW_STORAGE_S3_EXCHANGE_INT_H
#define CLEW_STORAGE_S3_EXCHANGE_INT_H

#include "storage/bucket/bucket-int.h"
#include "storage/bucket/credentials-int.h"
#include "storage/bucket/http-int.h"
#include "storage/bucket/s3-place-int.h"
#include "storage/bucket/sigv4-int.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What buckets have together that were opened beside each other. */
struct clew_s3_access {
        atomic_uint users;
        struct clew_http *http;
        struct clew_credential_source who;
        struct clew_hedge hedge;
        atomic_bool lacks_parts; /* it has refused to begin an upload in parts */
};

struct clew_s3_bucket {
        struct clew_object_bucket base;
        struct clew_s3_place place;
        struct clew_s3_access *access; /* counted */
};

/* One request and what came of it. */
struct clew_s3_exchange {
        struct clew_s3_bucket *s3;
        const char *method;
        const char *name; /* "" = the bucket itself */
        const struct clew_sigv4_pair *query;
        size_t n_query;
        const char *condition; /* If-None-Match; NULL = none */
        char range[64];        /* "" = none */
        struct clew_slice body;
        size_t answer_max;
        bool may_hedge;  /* a read, that may be asked again while it is silent */
        uint64_t bytes;  /* that go over the line, for its time */
        const char *who; /* where the key is from */
        struct clew_buffer answer_body;
        struct clew_http_answer answer;
};

static inline struct clew_s3_bucket *clew_s3_own(struct clew_object_bucket *b)
{
        return (struct clew_s3_bucket *)(void *)b;
}

void clew_s3_exchange_deinit(struct clew_s3_exchange *x);
/* One attempt. 0 = there is an answer; else as clew_http_send(). */
CLEW_MUST_USE int clew_s3_attempt(struct clew_s3_exchange *x, struct clew_error *err);
/* An answer that is none of the good ones. -EAGAIN: it may be another one later. */
CLEW_MUST_USE int clew_s3_explain(struct clew_s3_exchange *x, struct clew_error *err);
/* What may be tried again: the line, the store's bad moments. */
CLEW_MUST_USE bool clew_s3_may_pass(int r);

#endif
