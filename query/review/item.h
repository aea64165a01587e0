/*
 * Items: the inner record of datasets. One case for an agent: what it was given, what it did, what
 * came out, what should have come out, and what is known about it. Every export is a small writer
 * over it, every import a small reader into it.
 *
 * An item is complete in itself: texts are copies, so it stays when its trace is gone. Its JSON is
 * canonical: the same item gives the same bytes, and the content id of the bytes is its id.
 */
#ifndef CLEW_QUERY_REVIEW_ITEM_H
#define CLEW_QUERY_REVIEW_ITEM_H

#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/base/error.h"
#include "proto/base/ids.h"
#include "proto/base/json.h"
#include "proto/base/slice.h"
#include "query/model/message.h"
#include "query/review/record.h"

#include <stdbool.h>
#include <stdint.h>

/* One item; the longest real runs, told once, have some MB. */
#define CLEW_ITEM_BYTES_MAX ((size_t)128 << 20)
#define CLEW_ITEM_MESSAGES_MAX 65536u
#define CLEW_ITEM_CALLS_MAX 65536u

enum clew_item_form {
        CLEW_ITEM_RUN,  /* the whole run */
        CLEW_ITEM_TURN, /* from the last user message on */
        CLEW_ITEM_STEP, /* the model call that went wrong: what it was given, what it asked for */
};
/* "run", "turn", "step". */
const char *clew_item_form_name(enum clew_item_form form);
CLEW_MUST_USE bool clew_item_form_parse(struct clew_slice name, enum clew_item_form *ret);

struct clew_item_call {
        struct clew_slice id;
        struct clew_slice name;
        struct clew_slice arguments; /* as sent: JSON, or text */
        struct clew_slice result;    /* what the tool returned: JSON, or text */
        bool has_result;
        bool is_error;
};

struct clew_item_message {
        enum clew_role role;
        struct clew_slice content;
        struct clew_slice reasoning;
        struct clew_slice name;             /* tool messages: of the tool */
        struct clew_slice call_id;          /* tool messages: the call that they answer */
        const struct clew_item_call *calls; /* assistant messages; without results */
        uint32_t n_calls;
};

struct clew_item_messages {
        const struct clew_item_message *items;
        uint32_t n;
};

struct clew_item_calls {
        const struct clew_item_call *items;
        uint32_t n;
};

struct clew_item_score {
        struct clew_slice name;
        struct clew_slice label;
        struct clew_slice source; /* the author, the judge, or the evaluator in the trace */
        double value;
        bool has_value;
};

struct clew_item {
        enum clew_item_form form;
        struct clew_content_id task; /* of what was asked: siblings have the same */
        struct clew_slice name;      /* of the case; may be empty */
        /* where it comes from; zero when it was imported */
        struct clew_trace_id trace_id;
        struct clew_span_id span_id; /* root, or the step */
        uint64_t step;
        struct clew_slice agent;
        struct clew_slice model;
        struct clew_slice service;
        struct clew_slice session;
        struct clew_slice outcome;
        uint64_t start_ns;
        uint64_t duration_ns;
        uint64_t tokens_in;
        uint64_t tokens_out;
        double cost_usd;
        bool has_cost;
        /* what is known about its failure */
        struct clew_slice cause_rule;
        struct clew_slice cause_text;
        uint64_t failing_step;
        struct clew_span_id failing_span;
        uint64_t failing_message; /* of the trajectory's messages by the model, from 1; 0 = none */
        /* the case */
        struct clew_item_messages input;
        struct clew_slice input_json;         /* an imported input that is not messages: any JSON */
        struct clew_item_messages trajectory; /* what followed the input, as recorded */
        const struct clew_tool_definition *tools;
        uint32_t n_tools;
        struct clew_slice output; /* the answer, or the failing call as JSON */
        bool has_output;
        struct clew_slice expected; /* text or JSON */
        bool has_expected;
        struct clew_slice expected_from; /* correction, recorded, imported, run ID */
        struct clew_item_calls calls;    /* as made, with what they returned: the fixtures */
        struct clew_item_calls expected_calls;
        const struct clew_slice *labels;
        uint32_t n_labels;
        const struct clew_item_score *scores;
        uint32_t n_scores;
        const struct clew_slice *notes; /* "author: text" */
        uint32_t n_notes;
        struct clew_slice metadata; /* an imported object; may be empty */
};

/* The canonical JSON. */
void clew_item_write(struct clew_json_writer *w, const struct clew_item *item);
/* Reads it back; slices point into @json or @arena. 0, -EBADMSG, -ENOMEM. */
CLEW_MUST_USE int clew_item_read(struct clew_slice json, struct clew_arena *arena,
                                 struct clew_item *ret);

/* The text of what was asked: the last user message of the input, else the imported input. */
struct clew_slice clew_item_question(const struct clew_item *item);
/* Sets item->task from the first user message, white space folded (or the imported input). */
CLEW_MUST_USE int clew_item_set_task(struct clew_item *item, struct clew_arena *arena);

/* ---- near-duplicates ------------------------------------------------------------------------- */

/* The least hashes of the word triples of input and expected output. */
#define CLEW_SKETCH_HASHES 32u
struct clew_sketch {
        uint64_t hashes[CLEW_SKETCH_HASHES]; /* ascending */
        uint32_t n;
};

void clew_item_sketch(const struct clew_item *item, struct clew_sketch *ret);
/* An estimate of the share of word triples that both have, 0 to 1. */
double clew_sketch_likeness(const struct clew_sketch *a, const struct clew_sketch *b);
/* An estimate of how many word triples it is of. */
double clew_sketch_triples(const struct clew_sketch *s);
/* Two items are told to be near-duplicates when they are so much alike, and differ in so few word
 * triples: of long prompts most is the same in all tasks, and a page that differs is another task.
 */
#define CLEW_SKETCH_NEAR 0.8
#define CLEW_SKETCH_NEAR_TRIPLES 30.0
CLEW_MUST_USE bool clew_sketch_is_near(const struct clew_sketch *a, const struct clew_sketch *b,
                                       double *ret_likeness);

/* ---- splits ---------------------------------------------------------------------------------- */

/* Shares of train, validation and test in per cent; all 0 = not split. */
struct clew_split {
        unsigned train;
        unsigned validation;
        unsigned test;
};

/* "80/20" (train, test) or "80/10/10". False when they do not add up to 100. */
CLEW_MUST_USE bool clew_split_parse(struct clew_slice text, struct clew_split *ret);
/* "train", "validation", "test", by the task's content id alone; NULL when not split. */
const char *clew_split_of(const struct clew_split *split, const struct clew_content_id *task);

#endif
