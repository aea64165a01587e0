/*
 * Who may come in: what a request shows (a key, a browser's cookie, the word of a proxy) to what it
 * is allowed.
 *
 * Without keys everybody on this machine may do everything: one person on loopback. With the first
 * key in the file each request needs one, from then on and wherever it comes from. The file is read
 * again when it has changed (clew_access_tick()).
 *
 * A key is shown as `Authorization: Bearer SECRET`, as Basic (public half, secret half), or as
 * `x-api-key: SECRET`; gRPC metadata has the same names. A browser shows its key once and gets a
 * cookie. Sessions live in memory: they end with the process, with the key, and after a week.
 *
 * Who fails often from one address is told to wait (a good key from there passes all the same);
 * with secrets of 256 bits that keeps logs small, it does not keep guesses away.
 *
 * Threads: any; one lock, held for microseconds.
 */
#ifndef CLEW_COLLECTOR_ACCESS_H
#define CLEW_COLLECTOR_ACCESS_H

#include "collector/base/address.h"
#include "collector/gate/keys.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "proto/base/slice.h"
#include "query/serve/access.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define CLEW_ACCESS_COOKIE "clew_session"
#define CLEW_ACCESS_WEEK_S (7u * 86400u)
#define CLEW_ACCESS_HOST_BYTES 256u
#define CLEW_ACCESS_TEXT_MAX 256u

enum clew_access_verdict {
        CLEW_ACCESS_OK,
        CLEW_ACCESS_NO_KEY,      /* nothing was shown */
        CLEW_ACCESS_UNKNOWN_KEY, /* or a cookie that is none (any more) */
        CLEW_ACCESS_EXPIRED,
        CLEW_ACCESS_REVOKED,
        CLEW_ACCESS_NO_SCOPE,
        CLEW_ACCESS_NO_PROJECT, /* its project is none of this process */
        CLEW_ACCESS_LIMITED,    /* too many failures */
        CLEW_ACCESS_VERDICTS
};

/* What a request shows; borrowed. What was not sent is a null slice. */
struct clew_credentials {
        struct clew_slice authorization;
        struct clew_slice api_key;
        struct clew_slice cookie; /* the Cookie header */
        struct clew_slice host;
        struct clew_slice user; /* the header that a trusted proxy sets */
        const struct sockaddr *peer;
};

struct clew_grant {
        char name[CLEW_KEY_NAME_BYTES]; /* "": nobody signed in, and nobody has to */
        char key[CLEW_KEY_PUBLIC_BYTES];
        char project[CLEW_KEY_PROJECT_BYTES];
        uint32_t scopes;
        bool ambient;                /* a browser sends it by itself: a cookie, or by a proxy */
        char token[CLEW_SHA256_HEX]; /* then: what a write must carry */
};

struct clew_access_options {
        const char *keys_path; /* borrowed until free, as the others */
        const char *proxy;     /* "127.0.0.1": whose word counts; NULL or "": nobody's */
        uint32_t proxy_scopes; /* what those whom it names may do */
};

struct clew_access;

/* Reads the file. 0 or a negative errno with a message. */
CLEW_MUST_USE int clew_access_new(const struct clew_access_options *options,
                                  struct clew_access **ret, struct clew_error *err);
void clew_access_free(struct clew_access *a);
/* Reads the file again when it has changed; what cannot be read leaves what there is. */
void clew_access_tick(struct clew_access *a);

/* Whether keys are needed. */
bool clew_access_is_on(struct clew_access *a);
/* Whether each project that a living key names is in @projects (ends with NULL). */
bool clew_access_knows(struct clew_access *a, const char *const *projects);

/* What @c is allowed, when it is at least one of @scopes. @ret is filled as far as known, also with
 * a refusal. */
CLEW_MUST_USE enum clew_access_verdict clew_access_check(struct clew_access *a,
                                                         const struct clew_credentials *c,
                                                         uint32_t scopes, struct clew_grant *ret);
/* A sentence for people: what is missing and what to do. */
void clew_access_explain(enum clew_access_verdict verdict, uint32_t scopes,
                         char ret[CLEW_ACCESS_TEXT_MAX]);

/* A browser's key, or the code of a link, to a cookie's value. */
CLEW_MUST_USE enum clew_access_verdict
clew_access_sign_in(struct clew_access *a, const struct clew_credentials *c, struct clew_slice key,
                    struct clew_slice code, struct clew_grant *ret,
                    char ret_cookie[CLEW_SHA256_HEX]);
void clew_access_sign_out(struct clew_access *a, const struct clew_credentials *c);

#endif
