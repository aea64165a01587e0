/*
 * Retention: which traces are kept, and which go, by rules in a file. README.md, "Retention".
 *
 * One rule a line; `#` begins a comment. The first rule that a trace meets counts; a trace that
 * meets none is kept. What was annotated or is in a dataset is always kept.
 *
 *     keep failed label=golden
 *     keep failed younger=90d
 *     drop older=30d service=load-test
 *     drop older=90d { cost < 0.01 }
 *     quota 50GiB
 */
#ifndef CLEW_QUERY_SERVE_RETENTION_H
#define CLEW_QUERY_SERVE_RETENTION_H

#include "proto/base/buffer.h"
#include "proto/base/clock.h"
#include "proto/base/error.h"
#include "query/serve/filter.h"
#include "storage/store.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#define CLEW_RETENTION_RULES_MAX 64u
/* A file of rules. */
#define CLEW_RETENTION_FILE_MAX ((size_t)64 << 10)
/* Younger runs may still go on, or be looked at by who started them. */
#define CLEW_RETENTION_YOUNGEST_NS (3600 * CLEW_NS_PER_S)
/* Traces that one pass drops, the rest is for the next. */
#define CLEW_RETENTION_PASS_MAX 100000u
/* Traces that one pass looks at. */
#define CLEW_RETENTION_SEEN_MAX 8000000u

enum clew_retention_action { CLEW_RETENTION_KEEP, CLEW_RETENTION_DROP };

struct clew_retention_rule {
        enum clew_retention_action action;
        unsigned line;
        uint64_t older_ns;   /* drop: at least so old */
        uint64_t younger_ns; /* keep: at most so old; 0 = of any age */
        const char *text;    /* as it was written, for messages */
        struct clew_filter_flags flags;
};

struct clew_retention {
        struct clew_arena arena;
        struct clew_retention_rule *rules; /* owned */
        unsigned n;
        uint64_t quota_bytes; /* 0 = none */
        unsigned quota_line;
};

/* Reads rules. 0, -ENOMEM, or -EINVAL with a message that names the line: a word that is not known,
 * rules that contradict, that nothing can meet, or that would drop everything. */
CLEW_MUST_USE int clew_retention_parse(struct clew_retention *r, struct clew_slice text,
                                       struct clew_error *err);
CLEW_MUST_USE int clew_retention_load(struct clew_retention *r, const char *path,
                                      struct clew_error *err);
void clew_retention_deinit(struct clew_retention *r); /* zeroed is fine */

/* What a pass finds. */
struct clew_retention_plan {
        struct clew_buffer ids;                     /* struct clew_trace_id: to be dropped */
        uint64_t by_rule[CLEW_RETENTION_RULES_MAX]; /* traces that met it first */
        uint64_t held;       /* of those to be dropped: kept, annotated or in a dataset */
        uint64_t waits;      /* of those: kept for now, spans still come */
        uint64_t seen;       /* traces that some rule met */
        uint64_t for_quota;  /* traces that go because of it, the oldest */
        uint64_t used_bytes; /* of the store */
        bool more;           /* PASS_MAX ended it */
};

void clew_retention_plan_init(struct clew_retention_plan *p);
void clew_retention_plan_deinit(struct clew_retention_plan *p);
/*
 * Looks what the rules say now. @stop (may be NULL) ends it. 0; -EBADMSG when something that a rule
 * asks for cannot be read: then nothing may be dropped; -ECANCELED; others.
 */
CLEW_MUST_USE int clew_retention_look(const struct clew_retention *r, struct clew_view *view,
                                      const struct clew_clock *clock,
                                      const volatile sig_atomic_t *stop,
                                      struct clew_retention_plan *ret, struct clew_error *err);

#endif
