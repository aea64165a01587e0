/*
 * Annotations: what people (and programs that review for them) said about a run, one of its steps,
 * or a session.
 *
 * One annotation is one act of one author: labels, scores, a note, a correction, "this step is
 * where it went wrong", a verdict on a finding of `clew why`, or the undoing of an earlier one.
 * They are added, never changed. What counts now is computed (reviews.h): of one author the newest.
 */
#ifndef CLEW_QUERY_REVIEW_ANNOTATION_H
#define CLEW_QUERY_REVIEW_ANNOTATION_H

#include "proto/base/arena.h"
#include "proto/base/error.h"
#include "proto/base/ids.h"
#include "proto/base/json.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define CLEW_ANNOTATION_LABELS_MAX 32u
#define CLEW_ANNOTATION_SCORES_MAX 32u
/* An essay; more is a document. */
#define CLEW_ANNOTATION_NOTE_MAX ((size_t)64 << 10)
/* What an answer or a call should have been: at most as long as a long answer. */
#define CLEW_ANNOTATION_CORRECTION_MAX ((size_t)4 << 20)
#define CLEW_SESSION_BYTES_MAX 1024u

enum clew_annotated { CLEW_ANNOTATED_TRACE, CLEW_ANNOTATED_SPAN, CLEW_ANNOTATED_SESSION };
/* "trace", "span", "session". */
const char *clew_annotated_name(enum clew_annotated target);

enum clew_finding_verdict { CLEW_FINDING_NONE, CLEW_FINDING_CONFIRMED, CLEW_FINDING_REJECTED };

struct clew_annotation_score {
        struct clew_slice name;
        struct clew_slice label; /* may be empty */
        double value;
        bool has_value;
};

struct clew_annotation {
        uint64_t number; /* given by the store; what --undo takes */
        uint64_t time_ns;
        struct clew_slice author;
        enum clew_annotated target;
        struct clew_trace_id trace_id; /* zero for a session */
        struct clew_span_id span_id;   /* of a span */
        uint64_t step;                 /* its number when it was annotated; 0 = unknown */
        struct clew_slice session;
        struct clew_slice labels[CLEW_ANNOTATION_LABELS_MAX];
        uint32_t n_labels;
        bool has_labels; /* said something about labels: also "none" */
        struct clew_annotation_score scores[CLEW_ANNOTATION_SCORES_MAX];
        uint32_t n_scores;
        struct clew_slice note;
        struct clew_slice correction; /* JSON or plain text */
        bool has_correction;
        bool failing;              /* the step where it went wrong */
        struct clew_slice finding; /* rule of clew why */
        enum clew_finding_verdict verdict;
        struct clew_slice rubric;
        uint64_t rubric_version;
        uint64_t undo;        /* number of the annotation that is taken back; 0 = none */
        struct clew_slice id; /* in a file of many: trace or step as people write it */
};

/* "7f3a#8, label x" is not enough: true when something is said at all. */
CLEW_MUST_USE bool clew_annotation_says(const struct clew_annotation *a);
/* Bounds and names. 0, or -EINVAL with a message. */
CLEW_MUST_USE int clew_annotation_check(const struct clew_annotation *a, struct clew_error *err);

/*
 * Reads one JSON object as clew_annotation_write() writes it and files of many give it ("label" for
 * one label, "scores" as an object of numbers and texts). A member that is not known is a mistake.
 * Texts are copied into @arena. 0, -EINVAL with a message, -ENOMEM.
 */
CLEW_MUST_USE int clew_annotation_read(struct clew_slice json, struct clew_arena *arena,
                                       struct clew_annotation *ret, struct clew_error *err);
/* The members, into an open object. */
void clew_annotation_write(struct clew_json_writer *w, const struct clew_annotation *a);

#endif
