/*
 * Annotations in the store: added together or not at all, read by trace or session, and reduced to
 * what counts now.
 *
 * The newest word of one author counts, for each target and each thing said (all labels together,
 * each score by its name, the note, the correction, the failing step of the trace, the verdict on a
 * rule). Nobody's word replaces that of another: where authors differ, both stand, and the
 * difference is told.
 */
#ifndef CLEW_QUERY_REVIEW_REVIEWS_H
#define CLEW_QUERY_REVIEW_REVIEWS_H

#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/base/error.h"
#include "query/review/annotation.h"
#include "storage/store.h"

#include <stdbool.h>
#include <stdint.h>

/* Of one trace or session; a queue that goes round would otherwise grow without end. */
#define CLEW_REVIEWS_MAX 10000u
/* Added at once; a larger file is to be divided. */
#define CLEW_REVIEWS_BATCH_MAX 100000u

enum clew_facet_kind {
        CLEW_FACET_LABEL,
        CLEW_FACET_SCORE,
        CLEW_FACET_NOTE,
        CLEW_FACET_CORRECTION,
        CLEW_FACET_FAILING,
        CLEW_FACET_FINDING,
};

/* One thing that one author says now. */
struct clew_facet {
        enum clew_facet_kind kind;
        uint32_t index; /* of the label or score in `by` */
        const struct clew_annotation *by;
};

struct clew_reviews {
        const struct clew_annotation *all; /* in the order they were added */
        uint32_t n_all;
        const struct clew_facet *now; /* oldest first */
        uint32_t n_now;
        bool cut; /* more than CLEW_REVIEWS_MAX: the newest are missing */
};

/* The label or the name of a score or rule; empty for the others. */
struct clew_slice clew_facet_name(const struct clew_facet *f);

/* All that is said of a trace and its steps. Everything lives in @arena. 0, -ENOMEM, -EBADMSG ...
 */
CLEW_MUST_USE int clew_reviews_of_trace(struct clew_view *view, const struct clew_trace_id *id,
                                        struct clew_arena *arena, struct clew_reviews *ret,
                                        struct clew_error *err);
CLEW_MUST_USE int clew_reviews_of_session(struct clew_view *view, struct clew_slice session,
                                          struct clew_arena *arena, struct clew_reviews *ret,
                                          struct clew_error *err);
/* The annotation with that number. 0, -ENOENT (err not filled), ... */
CLEW_MUST_USE int clew_reviews_find(struct clew_view *view, uint64_t number,
                                    struct clew_arena *arena, struct clew_annotation *ret,
                                    struct clew_error *err);
/* Calls @fn for each annotation of the store, trace by trace, then those of sessions; a result
 * other than 0 ends it and is returned. The annotation lives until @fn returns. */
CLEW_MUST_USE int clew_reviews_each(struct clew_view *view,
                                    int (*fn)(const struct clew_annotation *a, void *context),
                                    void *context, struct clew_error *err);

/* Calls @fn for each trace that has annotations, once each, in order of ids; a result other than 0
 * ends it and is returned. Nothing of them is read. */
CLEW_MUST_USE int clew_reviews_traces(struct clew_view *view,
                                      int (*fn)(void *argument, const struct clew_trace_id *id),
                                      void *argument, struct clew_error *err);

/* Adds @n annotations, in order, in one transaction; each gets its number. Their traces are kept
 * from retention. Checked before (clew_annotation_check()). 0 or a negative errno. */
CLEW_MUST_USE int clew_reviews_add(struct clew_store *store, struct clew_annotation *annotations,
                                   uint32_t n, struct clew_error *err);

/* Whether @author has something on the trace that counts now. */
bool clew_reviews_by(const struct clew_reviews *r, struct clew_slice author);
/* Whether some author's labels have it; a label that ends in '*' is a prefix. */
bool clew_reviews_have_label(const struct clew_reviews *r, struct clew_slice label);
bool clew_reviews_have_any_label(const struct clew_reviews *r);

/* Where authors differ: appends one line of text a difference, raw. Returns how many. */
uint32_t clew_reviews_differences(const struct clew_reviews *r, struct clew_buffer *out);

/* "ana: correctness=0", one line, appended raw. */
void clew_facet_brief(const struct clew_facet *f, struct clew_buffer *out);

#endif
