/*
 * A request in, an answer out: no socket, no terminal. What carries them (the collector's HTTP
 * listener, MCP, a test) fills a request, calls clew_serve(), and sends what comes back.
 *
 * Routes, parameters, fields and errors: README.md beside this file.
 * Threads: any number of calls may run at a time on one service, each in a thread of its own. A
 * call holds a read transaction of the store and memory of its own, both bounded.
 */
#ifndef CLEW_QUERY_SERVE_SERVE_H
#define CLEW_QUERY_SERVE_SERVE_H

#include "proto/base/buffer.h"
#include "proto/base/clock.h"
#include "proto/base/json.h"
#include "proto/base/slice.h"
#include "query/serve/access.h"
#include "storage/order.h"
#include "storage/store.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Path and parameters as sent. Longer ones are no question that the command line would take. */
#define CLEW_SERVE_TARGET_MAX 8192u
/* One answer. What is larger is asked for in parts. */
#define CLEW_SERVE_BODY_MAX ((size_t)64 << 20)
/* OTLP bytes of one trace; of a larger one the list tells, and the command line opens it. */
#define CLEW_SERVE_TRACE_MAX ((size_t)128 << 20)
/* Its model, and what is derived from both. */
#define CLEW_SERVE_MEMORY_MAX ((size_t)256 << 20)
/* What a write may send: a batch of annotations, a criterion, a list of ids. */
#define CLEW_SERVE_UPLOAD_MAX ((size_t)8 << 20)
/* A walk over many traces ends after so long and says where to go on. */
#define CLEW_SERVE_WALK_NS (10 * CLEW_NS_PER_S)

struct clew_service {
        struct clew_store *store;
        const struct clew_clock *clock;
        bool read_only;                    /* nothing is collected or written here */
        bool is_passing;                   /* ends with who started it (clew ui) */
        const char *author;                /* whom writes are booked for when nobody signed in */
        const char *project;               /* whose store this is; NULL = the only one */
        const volatile sig_atomic_t *stop; /* not 0: walks end; may be NULL */
        /* Members that who carries the service adds to `/status` of @project (NULL: there is one);
         * may be NULL. */
        void (*write_status)(void *context, const char *project, struct clew_json_writer *w);
        void *context;
        /* What answers about @project may lack now, in words; false: nothing. May be NULL. */
        bool (*gap)(const void *context, const char *project, char *ret, size_t size);
        const void *gap_context;
        /* Tells those that write to the bucket of @project too what is to be redacted, as
         * clew_order_tell(). May be NULL: nobody else does. */
        int (*order)(const void *context, const char *project, enum clew_order_kind kind,
                     struct clew_slice what, struct clew_order_told *ret, struct clew_error *err);
        const void *order_context;
};

/* Of such words. */
#define CLEW_SERVE_GAP_BYTES 512u

/* Everything borrowed. Headers that were not sent are null slices. */
struct clew_serve_request {
        struct clew_slice method;
        struct clew_slice target; /* path, and "?" with the parameters */
        struct clew_slice accept;
        struct clew_slice accept_encoding;
        struct clew_slice if_none_match;
        struct clew_slice content_type;
        struct clew_slice token; /* X-Clew-Token */
        struct clew_slice body;
        struct clew_identity identity;
};

struct clew_serve_answer {
        unsigned status;
        const char *content_type; /* static; NULL: no body */
        const char *allow;        /* with 405; static */
        const char *policy;       /* Content-Security-Policy of pages; static */
        char etag[32];            /* quoted; "" = none */
        char next[80];            /* where the rest begins, of what is no list; "" = that was all */
        char partial[160];        /* why it ends before its end, of what is no list; "" = whole */
        uint64_t n_left_out;      /* of what is no list: what gave no record */
        unsigned retry_after_s;   /* 0 = none */
        /* The rest is part of this answer: who carries it asks again with `after` = @next, and
         * sends one body behind the other. */
        bool goes_on;
        bool is_gzip;
        bool is_head;           /* headers only */
        bool is_file;           /* to be kept, not to be shown */
        struct clew_slice page; /* static bytes, in place of the body */
        struct clew_buffer body;
};

void clew_serve_answer_init(struct clew_serve_answer *answer);
void clew_serve_answer_deinit(struct clew_serve_answer *answer);

/* Always fills @ret with an answer, if need be one that says what went wrong. */
void clew_serve(const struct clew_service *service, const struct clew_serve_request *request,
                struct clew_serve_answer *ret);

/* Whether the header Accept is that of a browser that opens an address: it names HTML. */
bool clew_serve_reads_pages(struct clew_slice accept);

/* An answer of who carries the service, in the same form: no thread is free. */
void clew_serve_busy(struct clew_serve_answer *ret);
/* Nor the memory for a large one. */
void clew_serve_crowded(struct clew_serve_answer *ret);

/* And: the body is over CLEW_SERVE_UPLOAD_MAX. */
void clew_serve_too_large(struct clew_serve_answer *ret);

/* Who asks is not known (401), not allowed (403), or is to wait (429). */
void clew_serve_refuse_access(unsigned status, const char *detail, struct clew_serve_answer *ret);
/* Whether a page that asks is one of this address: Origin, if it was sent, is that of Host, and the
 * browser says nothing else. @ret has the refusal otherwise. */
CLEW_MUST_USE bool clew_serve_is_same_origin(struct clew_slice host, struct clew_slice origin,
                                             struct clew_slice fetch_site,
                                             struct clew_serve_answer *ret);

/* Whether the Host header, and the Origin and Sec-Fetch-Site headers if they were sent (else null
 * slices), name this machine: pages of other sites must not reach it through a name of their own.
 * @ret has the refusal otherwise. */
CLEW_MUST_USE bool clew_serve_is_local(struct clew_slice host, struct clew_slice origin,
                                       struct clew_slice fetch_site, struct clew_serve_answer *ret);

/* The OpenAPI 3.1 description of all routes, as JSON. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_serve_openapi(struct clew_buffer *out);

#endif
