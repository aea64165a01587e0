/*
 * Scores: what evaluators, people and benchmarks said about a step, a trace or a session.
 *
 * They arrive as gen_ai.evaluation.result (span event or log record), as OpenInference annotations
 * and evaluations, or as the output of evaluator spans. A verdict on the root or on the trace
 * decides the trace's outcome; it says that a run failed, not where.
 */
#ifndef CLEW_QUERY_MODEL_SCORE_H
#define CLEW_QUERY_MODEL_SCORE_H

#include "proto/base/ids.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum clew_score_target { CLEW_SCORE_STEP, CLEW_SCORE_TRACE, CLEW_SCORE_SESSION };

enum clew_score_carrier {
        CLEW_SCORE_FROM_EVENT,     /* span event */
        CLEW_SCORE_FROM_LOG,       /* log record */
        CLEW_SCORE_FROM_ATTRIBUTE, /* annotations.*, evaluations.* */
        CLEW_SCORE_FROM_EVALUATOR, /* output of an evaluator span */
};

/* Feedback is often a trace of its own, with a link to what it speaks about. */
enum clew_score_place {
        CLEW_SCORE_HERE,
        CLEW_SCORE_AIMED, /* carried here, about a span of another trace */
        CLEW_SCORE_CAME,  /* about a step here, carried by another trace (query/aimed.h) */
};

enum clew_verdict { CLEW_VERDICT_NONE, CLEW_VERDICT_PASS, CLEW_VERDICT_FAIL };

struct clew_score {
        enum clew_score_target target;
        enum clew_score_carrier carrier;
        enum clew_score_place place;
        struct clew_trace_id other_trace; /* AIMED: of the target; CAME: of the carrier */
        struct clew_span_id target_span;  /* AIMED: that the link names */
        enum clew_verdict verdict; /* from the label (pass, failed, correct ...), not the value */
        bool has_value;            /* value is finite */
        double value;
        uint32_t step;    /* target step; CLEW_STEP_NONE when it is not in this trace */
        uint32_t emitter; /* step that carried the score, or CLEW_STEP_NONE */
        uint64_t time_ns;
        struct clew_slice name;
        struct clew_slice label;
        struct clew_slice explanation;
        struct clew_slice source;      /* evaluator, annotator kind, or scope name */
        struct clew_slice identifier;  /* of one judgement among several of a source */
        struct clew_slice error_type;  /* the evaluator's own failure */
        struct clew_slice response_id; /* names the target when no span id does */
};

/* "step", "trace", "session". */
const char *clew_score_target_name(enum clew_score_target target);

/* pass, passed, success, correct ... and their opposites, in any case; else NONE. */
enum clew_verdict clew_verdict_of_label(struct clew_slice label);

#endif
