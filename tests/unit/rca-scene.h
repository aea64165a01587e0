/*
 * Small traces for tests of root cause, written as they happen: what the user says, what a model
 * writes, which tool returns what. OpenInference spans; times are the order of spans. Texts go into
 * JSON inside JSON as they are: quotes need their backslashes.
 */
#ifndef CLEW_TESTS_UNIT_RCA_SCENE_H
#define CLEW_TESTS_UNIT_RCA_SCENE_H

#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "query/rca/candidates.h"

/* One trace under construction: spans as OTLP JSON in the OpenInference dialect. */
struct scene {
        struct clew_buffer json;
        struct clew_buffer otlp;
        struct clew_arena arena;
        struct clew_trace *trace;
        struct clew_why why;
        struct clew_candidates signs; /* what all rules saw, before ranking */
        struct clew_rca_view *view;   /* of them */
        unsigned n;                   /* spans so far; also the last span id */
        unsigned turns;               /* messages in the history */
        struct clew_buffer history;
        unsigned lasts; /* seconds of the next span, whatever it is; 0 = as usual */
};

void scene_begin(struct scene *s);
void scene_attribute(struct scene *s, const char *key, const char *value);
/* Opens a span; attributes may follow; scene_span_end() closes it. Times are the order of spans. */
unsigned scene_span(struct scene *s, unsigned parent, const char *kind, const char *name,
                    unsigned lasts);
void scene_span_end(struct scene *s, const char *error, const char *verdict);
unsigned scene_root(struct scene *s, const char *verdict);
void scene_say(struct scene *s, const char *role, const char *text);
/* An LLM call that sees the history and writes @text. */
unsigned scene_llm(struct scene *s, unsigned parent, const char *text);
unsigned scene_tool(struct scene *s, unsigned parent, const char *name, const char *args,
                    const char *result, const char *error);
unsigned scene_step(struct scene *s, unsigned parent, const char *name, const char *error);
void scene_end(struct scene *s);
void scene_free(struct scene *s);
/* Span number (as scene_span() gave it) that finding @rank blames; 0 = no such finding. */
unsigned scene_blamed(const struct scene *s, uint32_t rank);
const char *scene_rule(const struct scene *s, uint32_t rank);
/* The first span that rule @name blames, whatever its rank; 0 when it says nothing. */
unsigned scene_blamed_by(const struct scene *s, const char *name);
bool scene_blames(const struct scene *s, unsigned span);
/* What happens, one after the other: {"user", text}, {"system", text}, {"say", text of a model},
 * {"offer", a tool, a tool} for a model call that is offered them and looks something up, or {tool,
 * arguments, result}, asked for by a model call of its own. */
struct scene_turn {
        const char *what;
        const char *a;
        const char *b;
};
#define SCENE_TURNS_MAX 14

/* A whole failed run of @turns, as scene_begin() to scene_end(); spans[i] is the model call of turn
 * i, 0 where there is none. */
void scene_play(struct scene *s, const struct scene_turn turns[SCENE_TURNS_MAX],
                unsigned spans[SCENE_TURNS_MAX]);
/* The sentence of the first finding of @rule, before ranking; empty without one. */
struct clew_slice scene_said_by(const struct scene *s, const char *rule);
/* An LLM call that asks for @name with @args; its tool leaves no span, only a message. */
unsigned scene_call(struct scene *s, unsigned parent, const char *name, const char *args,
                    const char *result);

#endif
