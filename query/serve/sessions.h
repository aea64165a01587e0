/*
 * The selected traces grouped by session, the one with the newest trace first.
 */
#ifndef CLEW_QUERY_SERVE_SESSIONS_H
#define CLEW_QUERY_SERVE_SESSIONS_H

#include "proto/base/arena.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "query/answer/record.h"
#include "query/find/select.h"

#include <stdbool.h>
#include <stdint.h>

struct clew_session {
        struct clew_session *next_in_bucket;
        struct clew_session *next;
        struct clew_slice id;
        struct clew_slice user;
        struct clew_slice agent;
        struct clew_trace_id last_trace;
        uint64_t n_runs;
        uint64_t n_failed;
        uint64_t n_open;
        uint64_t first_ns;
        uint64_t last_ns;
        uint64_t tokens;
        double cost_usd;
        bool has_cost;
        struct clew_slice scores; /* of the session, from its newest run that has some: text */
        struct clew_summary_score *score_list;
        uint32_t n_scores;
};

struct clew_sessions {
        struct clew_arena *arena;     /* holds them */
        struct clew_name_filter only; /* sessions that were asked for; n = 0: all */
        struct clew_session **buckets;
        struct clew_session *first;
        struct clew_session *last;
        uint64_t n;
        uint64_t without;            /* traces without a session */
        uint64_t limit;              /* 0 = none */
        bool more;                   /* there are sessions behind the limit; nobody counted them */
        bool closed;                 /* no other session is taken up */
        struct clew_filter narrowed; /* of the walk behind the limit */
};

/* Fields of a struct clew_session. */
extern const struct clew_record_field clew_session_fields[];

/*
 * Groups what @s walks; the @limit newest (0 = all). Where @limit is small the walk, once it has
 * met so many, goes on over the traces of those sessions alone, which indexes find. @only and @g
 * are borrowed until @s ends. 0 or a negative errno.
 */
CLEW_MUST_USE int clew_sessions_gather(struct clew_sessions *g, struct clew_select *s,
                                       struct clew_name_filter only, uint64_t limit,
                                       struct clew_arena *arena, struct clew_error *err);

#endif
