/*
 * Reading the fields of one span: attributes as sent, intrinsics, and what Clew derives.
 */
#ifndef CLEW_QUERY_LANGUAGE_FIELDS_INT_H
#define CLEW_QUERY_LANGUAGE_FIELDS_INT_H

#include "proto/base/arena.h"
#include "query/find/language/program-int.h"

#include <stdbool.h>
#include <stdint.h>

/* Values of one field on one span; what is more is left out. */
#define CLEW_VALUES_MAX 4096u

struct clew_values {
        struct clew_operand *items;
        uint32_t n;
        uint32_t capacity;
        struct clew_arena *arena; /* borrowed */
};

/* The trace at hand. */
struct clew_run_at {
        const struct clew_trace *trace;
        const struct clew_query_facts *facts;
        struct clew_arena *arena; /* of the trace */
        uint32_t speaker;         /* the step that carries the facts of the run */
        bool is_judged;           /* then: */
        const bool *failed;       /* by step: what the rules say of its result; NULL = nothing */
};

/* The step that speaks for the run: its root, else the first span that came, else the first
 * stand-in. CLEW_STEP_NONE when there is no step at all. */
uint32_t clew_speaker_of(const struct clew_trace *trace);

/* By step of the trace, judged once: the tool calls that failed, by a sign or by their answer. NULL
 * when nobody judges (clew_judge_is_installed()) or memory is short. */
const bool *clew_run_at_judged(struct clew_run_at *at);

void clew_values_add(struct clew_values *out, const struct clew_operand *v);
void clew_values_add_text(struct clew_values *out, struct clew_slice text); /* not when empty */
void clew_values_add_int(struct clew_values *out, enum clew_type type, int64_t v);
void clew_values_add_number(struct clew_values *out, double v);
void clew_values_add_bool(struct clew_values *out, bool v);
/* An attribute's value; a list gives each of its elements. */
void clew_values_add_value(struct clew_values *out, const struct clew_value *v);

/* Values of @ref on @step. */
void clew_field_read(struct clew_run_at *at, const struct clew_field_ref *ref, uint32_t step,
                     struct clew_values *out);

/* Calls @fn for each text of the span: name, status message, keys and values of its attributes, of
 * events and links, of its scope and resource, and of its log records; for the step that speaks for
 * the run also of log records of no step. Ends when @fn does not return 0, and returns that. */
typedef int (*clew_text_fn)(void *context, struct clew_slice text);
int clew_texts_of_step(struct clew_run_at *at, uint32_t step, clew_text_fn fn, void *context);
/* The same as encoded bytes, a few long pieces: for looking for a literal. */
int clew_bytes_of_step(struct clew_run_at *at, uint32_t step, clew_text_fn fn, void *context);
/* Where a text stands in the span: "name", "event exception", an attribute's key ... @want tells
 * which text. */
typedef int (*clew_place_fn)(void *context, struct clew_slice place, struct clew_slice text);
int clew_places_of_step(struct clew_run_at *at, uint32_t step, clew_place_fn fn, void *context);
/* The texts of all steps and log records, once where they stand; what a scope or resource says is
 * told again when another one came between. */
int clew_texts_of_trace(const struct clew_trace *trace, clew_place_fn fn, void *context);

#endif
