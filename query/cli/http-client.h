/*
 * Questions to a server over HTTP: libcurl, loaded when the first one is asked, so that a command
 * on a store of this machine does not pay for it.
 *
 * Redirects are not followed, and certificates are checked. A token is sent over TLS, or within
 * this machine.
 */
#ifndef CLEW_QUERY_CLI_HTTP_CLIENT_H
#define CLEW_QUERY_CLI_HTTP_CLIENT_H

#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "proto/base/slice.h"

#include <stdbool.h>

/* Everything borrowed until clew_http_ask() returns. */
struct clew_http_question {
        const char *url;        /* with scheme and path */
        const char *token;      /* NULL: none is shown */
        const char *ca_file;    /* NULL: the system's authorities */
        struct clew_slice body; /* JSON, posted; a null slice: GET */
        /* Bytes of the answer's body as they come; false ends the question. */
        bool (*take)(void *context, unsigned status, struct clew_slice bytes);
        void *context;
        /* Asked about once a second: true ends the question with -ECANCELED. NULL: never. */
        bool (*stop)(void);
};

/* 0 when an answer came to its end, with its status; -ECANCELED after take() said no; other
 * negative errnos with a message. */
CLEW_MUST_USE int clew_http_ask(const struct clew_http_question *q, unsigned *ret_status,
                                struct clew_error *err);

/* Whether the URL names this machine by a loopback name. */
CLEW_MUST_USE bool clew_url_is_local(const char *url);

#endif
