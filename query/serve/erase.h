/*
 * Deleting traces for a person or a rule: which ids go together, what else has copies, and the line
 * in the audit log. Commands and routes use it alike.
 */
#ifndef CLEW_QUERY_SERVE_ERASE_H
#define CLEW_QUERY_SERVE_ERASE_H

#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "query/review/forget.h"
#include "storage/erase.h"

#include <stdbool.h>
#include <stdint.h>

enum clew_copies_mode {
        CLEW_COPIES_REFUSE, /* somebody has to say which */
        CLEW_COPIES_KEEP,
        CLEW_COPIES_REMOVE,
};
/* "keep", "remove". */
CLEW_MUST_USE bool clew_copies_mode_parse(const char *text, enum clew_copies_mode *ret);

struct clew_erasing {
        struct clew_buffer ids; /* struct clew_trace_id; after settling ascending, each once */
        size_t n;
        struct clew_copies copies;
        uint64_t n_held; /* annotated, or in a dataset */
};

void clew_erasing_init(struct clew_erasing *e);
void clew_erasing_deinit(struct clew_erasing *e);
/* @id, and with it the other traces of the run that has this id. 0 or an error. */
CLEW_MUST_USE int clew_erasing_add(struct clew_erasing *e, struct clew_view *view,
                                   const struct clew_trace_id *id, struct clew_error *err);
/* Adds the traces of evaluations that name a response of theirs alone, and looks what there is of
 * them all. Copies live in @arena. */
CLEW_MUST_USE int clew_erasing_settle(struct clew_erasing *e, struct clew_view *view,
                                      struct clew_arena *arena, struct clew_error *err);

struct clew_erasing_options {
        struct clew_slice who;
        enum clew_copies_mode copies;
        const char *const *sessions; /* whose notes go too */
        size_t n_sessions;
        const struct clew_clock *clock;
};
/*
 * Finishes what an earlier process has begun, notes the deletion in the audit log, and deletes. No
 * view of this thread is open. When it returns 0 nothing of the traces can be asked for any more;
 * free pages: clew_store_finish_erasure().
 */
CLEW_MUST_USE int clew_erasing_run(struct clew_erasing *e, struct clew_store *store,
                                   const struct clew_erasing_options *options,
                                   struct clew_rewrite_stats *ret, struct clew_error *err);
/* What rooms above storage have to do with a trace that goes. */
struct clew_rewrite_options clew_erasing_rewrite(void);
/* One line in the audit log beside the store. */
CLEW_MUST_USE int clew_erasing_note(struct clew_store *store, struct clew_slice who,
                                    struct clew_slice what, uint64_t time_ns,
                                    struct clew_error *err);

/* The line that a deletion has there: "delete 3 traces: ...", as far as a line goes. */
CLEW_MUST_USE int clew_erasing_note_ids(struct clew_store *store, struct clew_slice who,
                                        const struct clew_trace_id *ids, size_t n, uint64_t time_ns,
                                        struct clew_error *err);

#endif
