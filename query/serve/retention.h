/*
 * Retention: which traces are kept, and which go, by rules in a file. README.md, "Retention".
 *
 * One rule a line; `#` begins a comment. The first rule that a trace meets counts; a trace that
 * meets none is kept. What was annotated or is in a dataset is always kept. `skeleton` keeps a
 * trace without its texts (query/model/strip.h).
 *
 *     keep failed label=golden
 *     keep failed younger=90d
 *     drop older=30d service=load-test
 *     drop older=90d { span.clew.run.cost < 0.01 }
 *     skeleton older=30d
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
/* Of a quota at least: an empty store uses a good part of it, so a smaller one would drop all. */
#define CLEW_RETENTION_QUOTA_MIN ((uint64_t)1 << 20)
/* Traces that one pass drops, the rest is for the next. */
#define CLEW_RETENTION_PASS_MAX 100000u
/* Traces that one pass looks at. */
#define CLEW_RETENTION_SEEN_MAX 8000000u

enum clew_retention_action { CLEW_RETENTION_KEEP, CLEW_RETENTION_SKELETON, CLEW_RETENTION_DROP };

struct clew_retention_rule {
        enum clew_retention_action action;
        unsigned line;
        uint64_t older_ns;   /* drop, skeleton: at least so old */
        uint64_t younger_ns; /* keep: at most so old; 0 = of any age */
        uint64_t over_bytes; /* only while the store uses more; 0 = always */
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

struct clew_retention_strip {
        struct clew_trace_id id;
        unsigned rule; /* its number */
        bool has_run;
        struct clew_trace_id run; /* that it is of */
};

/* What a pass finds. */
struct clew_retention_plan {
        /* Given by who asks, after init. */
        bool until_full; /* a full pass looks no further: what else there is, and what waits because
                            spans still come, is not counted */
        uint64_t skip;   /* so many that would go are passed over: they wait in their segments */
        uint64_t pass_max; /* PASS_MAX */
        /* Found. */
        struct clew_buffer ids;    /* struct clew_trace_id: to be dropped */
        struct clew_buffer strips; /* struct clew_retention_strip: to lose their texts */
        uint64_t by_rule[CLEW_RETENTION_RULES_MAX]; /* traces that met it first */
        uint64_t bare;       /* met a rule for skeletons, and are such already */
        uint64_t held;       /* of those to go or to change: kept, annotated or in a dataset */
        uint64_t waits;      /* of those: kept for now, spans still come */
        uint64_t seen;       /* traces that some rule met */
        uint64_t for_quota;  /* traces that go because of it, the oldest */
        uint64_t used_bytes; /* of the store */
        bool more;           /* pass_max ended it */
};

/* What the next pass is to pass over, after one of @plan that has dropped @n_gone traces: when all
 * that a full one found waits, what comes behind is not to wait with it. */
uint64_t clew_retention_next_skip(const struct clew_retention_plan *plan, uint64_t n_gone);

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

/*
 * Carries out what was found (and sorts it). Texts that were left out are in free pages still:
 * clew_store_finish_erasure() is the caller's. No view of this thread is open. As
 * clew_store_retain().
 */
struct clew_rewrite_options;
struct clew_rewrite_stats;
CLEW_MUST_USE int clew_retention_carry_out(const struct clew_retention *r,
                                           struct clew_retention_plan *plan,
                                           struct clew_store *store, const struct clew_clock *clock,
                                           const struct clew_rewrite_options *options,
                                           struct clew_rewrite_stats *ret, struct clew_error *err);

#endif
