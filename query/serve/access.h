/*
 * Who asks, and what that allows. Filled by who carries a request (the collector's keys and
 * cookies); a route of the table names the scope that it needs.
 */
#ifndef CLEW_QUERY_SERVE_ACCESS_H
#define CLEW_QUERY_SERVE_ACCESS_H

#include "proto/base/compiler.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum clew_scope {
        CLEW_SCOPE_INGEST = 1u << 0,   /* send traces and logs */
        CLEW_SCOPE_READ = 1u << 1,     /* ask */
        CLEW_SCOPE_ANNOTATE = 1u << 2, /* say something: annotations, rubrics, datasets */
        CLEW_SCOPE_ADMIN = 1u << 3,    /* keys, and words in the name of others */
        CLEW_SCOPE_METRICS = 1u << 4,  /* the counters of /metrics, and nothing else */
};
#define CLEW_SCOPES_ALL                                                                            \
        (CLEW_SCOPE_INGEST | CLEW_SCOPE_READ | CLEW_SCOPE_ANNOTATE | CLEW_SCOPE_ADMIN |            \
         CLEW_SCOPE_METRICS)

/* "ingest", "read", "annotate", "admin", "metrics"; of one bit. */
const char *clew_access_word(uint32_t scope);
/* "read,annotate". False when a word is none of them, or none is given. */
CLEW_MUST_USE bool clew_access_parse(struct clew_slice text, uint32_t *ret);

/* Everything borrowed for the request. */
struct clew_identity {
        struct clew_slice name; /* of the key; empty: nobody signed in */
        uint32_t scopes;        /* bits of enum clew_scope */
        /* A browser's cookie signed in: what a write must send back (X-Clew-Token). */
        struct clew_slice token;
};

#endif
