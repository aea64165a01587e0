/*
 * Scores that other traces carry about one trace: feedback and evaluation runs, whose span links to
 * what it speaks about.
 *
 * Indexes tell which traces carry such scores, not about whom; their summaries do. Feedback comes
 * after what it is about, so the summaries of younger carriers are looked through (of all younger
 * traces where there are no indexes). In a list, which goes from new to old, they have been passed
 * before their target is met (query/select.h).
 */
#ifndef CLEW_QUERY_AIMED_H
#define CLEW_QUERY_AIMED_H

#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "query/model/summary.h"
#include "query/model/trace.h"
#include "storage/store.h"

#include <stdbool.h>
#include <stdint.h>

/* Scores of one trace that are kept. */
#define CLEW_AIMED_MAX 256u

struct clew_aimed {
        struct clew_summary_aimed said; /* trace_id is the target's */
        struct clew_trace_id carrier;
        uint64_t start_ns; /* of the carrier */
};

struct clew_aimed_list {
        struct clew_aimed *items; /* newest carrier first */
        uint32_t n;
        bool more; /* over a limit: not all younger traces were looked at, or scores are left out */
};

/* Appends the ids of traces that younger ones carry scores about, of the carriers behind @from
 * (NULL = all) that started no earlier than @since_ns and have nothing hot. Uses the view's walk.
 * 0, -EMSGSIZE (@ret has no room), or a negative errno. */
CLEW_MUST_USE int clew_aimed_targets(struct clew_view *view, const struct clew_list_entry *from,
                                     uint64_t since_ns, struct clew_buffer *ret,
                                     struct clew_error *err);

/* Looks through the traces that started at @id's start or later. Uses the view's walk, and loads
 * traces that are not sealed yet. Texts live in @arena. 0 or a negative errno; what cannot be read
 * is passed over, as it is told where it is listed. */
CLEW_MUST_USE int clew_aimed_find(struct clew_view *view, const struct clew_trace_id *id,
                                  struct clew_arena *arena, struct clew_aimed_list *ret,
                                  struct clew_error *err);

/* Adds them to the scores of @trace, each at its step. @arena is the trace's. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_aimed_add(struct clew_trace *trace, const struct clew_aimed_list *list,
                                 struct clew_arena *arena);

#endif
