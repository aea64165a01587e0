/*
 * What the API is made of, for its parts.
 */
#ifndef CLEW_COLLECTOR_API_OPTIONS_H
#define CLEW_COLLECTOR_API_OPTIONS_H

#include "collector/base/exposition.h"
#include "collector/commit/projects.h"
#include "collector/gate/access.h"
#include "collector/gate/refusals.h"
#include "proto/base/account.h"
#include "query/serve/audit.h"
#include "query/serve/serve.h"

#include <stdbool.h>

struct clew_api_options {
        const struct clew_projects *projects; /* borrowed until clew_api_free(), as the others */
        struct clew_mem_pool *memory;         /* of questions and streams */
        uint64_t command_memory_bytes;        /* of all commands that run, together */
        struct clew_access *access;
        struct clew_refusals *refusals; /* NULL: they are not noted */
        struct clew_audit *audit;       /* NULL: nothing is noted */
        bool audit_reads;               /* also who reads what of traces */
        const char *identity_header;    /* of a trusted proxy; NULL = none */
        bool has_tls;                   /* cookies are for https alone */
        bool read_only;
        bool is_passing; /* this process ends with who started it */
        /* Adds members to `/status`; may be NULL. */
        void (*write_status)(void *context, const char *project, struct clew_json_writer *w);
        void *context;
        /* Writes what `/metrics` is answered with, of one project or (-1) of all. */
        void (*write_metrics)(void *context, int only, struct clew_exposition *x);
        void *context_of_metrics;
        /* As in struct clew_service; may be NULL. */
        bool (*gap)(const void *context, const char *project, char *ret, size_t size);
        const void *gap_context;
        /* As in struct clew_service; may be NULL. */
        int (*order)(const void *context, const char *project, enum clew_order_kind kind,
                     struct clew_slice what, struct clew_order_told *ret, struct clew_error *err);
        const void *order_context;
};

#endif
