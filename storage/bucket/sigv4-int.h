/*
 * AWS Signature Version 4, as S3 takes it: who sends a request, and that nobody has changed it.
 * After the published description ("Signature Calculations for the Authorization Header").
 */
#ifndef CLEW_STORAGE_SIGV4_INT_H
#define CLEW_STORAGE_SIGV4_INT_H

#include "proto/base/buffer.h"
#include "proto/base/sha256.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLEW_SIGV4_PAIRS_MAX 16u
/* 20130524T000000Z with its final NUL. */
#define CLEW_SIGV4_TIME_BYTES 17u

struct clew_sigv4_pair {
        const char *name;  /* of a header: in small letters */
        const char *value; /* plain; of a header without spaces at its ends */
};

struct clew_sigv4_request {
        const char *method;
        const char *path; /* as it is sent, percent-encoded once */
        const struct clew_sigv4_pair *query;
        size_t n_query;
        const struct clew_sigv4_pair *headers; /* all that are signed, `host` among them */
        size_t n_headers;
        const char *payload; /* hex of the SHA-256 of the body */
        const char *time;    /* as in header x-amz-date */
};

struct clew_sigv4_key {
        const char *id;
        const char *secret;
        const char *region;
        const char *service;
};

/* The time of a header x-amz-date. */
void clew_sigv4_time(uint64_t unix_s, char ret[CLEW_SIGV4_TIME_BYTES]);
/* Appends the value of header `authorization`. False: too many pairs, or no memory. */
CLEW_MUST_USE bool clew_sigv4_sign(const struct clew_sigv4_request *request,
                                   const struct clew_sigv4_key *key, struct clew_buffer *out);
/* Appends @text with all but A-Z a-z 0-9 - . _ ~ (and '/', with @slashes) percent-encoded. */
void clew_sigv4_encode(const char *text, bool slashes, struct clew_buffer *out);
/* Appends the query string, in the order that is signed. */
void clew_sigv4_query(const struct clew_sigv4_request *request, struct clew_buffer *out);
void clew_sigv4_hex(const uint8_t digest[CLEW_SHA256_BYTES], char ret[CLEW_SHA256_HEX]);

#endif
