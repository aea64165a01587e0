/*
 * Who asks: the key that requests to S3 are signed with. From the environment, a file, or the
 * machine's metadata service (README.md, "Addresses"); the last kind ends and is fetched anew.
 */
#ifndef CLEW_STORAGE_CREDENTIALS_INT_H
#define CLEW_STORAGE_CREDENTIALS_INT_H

#include "storage/bucket/http-int.h"

#include <pthread.h>
#include <stdint.h>

#define CLEW_CREDENTIAL_MAX 4096u

struct clew_s3_key {
        char id[256];
        char secret[512];
        char token[CLEW_CREDENTIAL_MAX]; /* "" = none */
        const char *source;              /* where they come from, for people; static */
};

struct clew_credential_source {
        pthread_mutex_t lock;
        bool is_read;
        uint64_t renew_s; /* unix time; 0 = they do not end */
        struct clew_s3_key now;
};

void clew_credential_source_init(struct clew_credential_source *s);
void clew_credential_source_deinit(struct clew_credential_source *s);
/* Fills @ret, which the caller wipes. -EACCES: there are none; the message names the places. */
CLEW_MUST_USE int clew_credentials_get(struct clew_credential_source *s, struct clew_http *http,
                                       struct clew_s3_key *ret, struct clew_error *err);
/* They were refused: what can be fetched anew is, at the next call. */
void clew_credentials_doubt(struct clew_credential_source *s);

/* ---- for tests and fuzzing: texts of strangers ------------------------------------------------
 */

/* A profile of a file in the form of ~/.aws/credentials. False: not there, or not whole. */
CLEW_MUST_USE bool clew_credentials_of_file(struct clew_slice text, const char *profile,
                                            struct clew_s3_key *ret);
/* An answer of the metadata service. False when it is not one. @ret_end_s: 0 = does not end. */
CLEW_MUST_USE bool clew_credentials_of_json(struct clew_slice text, struct clew_s3_key *ret,
                                            uint64_t *ret_end_s);

#endif
