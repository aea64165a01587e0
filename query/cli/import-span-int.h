/*
 * What the readers of other tools' exports share: objects read member by member, and one writer of
 * spans, which speaks OpenInference: the model has tables for it.
 */
#ifndef CLEW_QUERY_CLI_IMPORT_SPAN_INT_H
#define CLEW_QUERY_CLI_IMPORT_SPAN_INT_H

#include "proto/base/arena.h"
#include "proto/base/json.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct clew_made_member {
        struct clew_slice key;
        struct clew_slice raw;
        bool used;
};

struct clew_made_object {
        struct clew_made_member *items;
        uint32_t n;
};

/* A request in the making. */
struct clew_made {
        struct clew_arena *arena;
        struct clew_json_writer w;
        uint32_t n; /* spans so far */
};

/* Tokens and dollars of a call: JSON numbers, or strings of them; empty = not said. */
struct clew_made_usage {
        struct clew_slice in;
        struct clew_slice out;
        struct clew_slice total; /* tells whether the parts lie inside or beside */
        struct clew_slice cached;
        struct clew_slice written;
        struct clew_slice reasoning;
        struct clew_slice cost;
};

/* An attribute under the name that the tool's own spans have, where the model has tables for it. */
struct clew_made_own {
        const char *key;
        struct clew_slice text;
};

#define CLEW_MADE_OWN_MAX 2u /* usage and cost */

struct clew_made_step {
        struct clew_slice trace;
        struct clew_slice id;
        struct clew_slice parent; /* empty = a root */
        struct clew_slice name;
        const char *kind; /* of OpenInference */
        uint64_t start_ns;
        uint64_t end_ns;
        struct clew_slice input;
        struct clew_slice output;
        struct clew_slice model;
        struct clew_slice session;
        struct clew_slice user;
        struct clew_slice error;
        struct clew_made_usage usage;
        struct clew_made_own own[CLEW_MADE_OWN_MAX]; /* those without a key are left out */
        struct clew_slice scores;            /* {"name":{"value":..,"explanation":..}}, raw */
        struct clew_made_object *attributes; /* a span's own, not used yet; may be NULL */
        struct clew_made_object *rest;       /* what was not used becomes attributes; may be NULL */
};

/* False when @raw is no object. */
CLEW_MUST_USE bool clew_made_open(struct clew_made *m, struct clew_slice raw,
                                  struct clew_made_object *ret);
/* The member's JSON, which is used then; empty when it is not there or null. */
struct clew_slice clew_made_raw(struct clew_made_object *o, const char *key);
bool clew_made_has(struct clew_made_object *o, const char *key);
/* A string's text, another value's JSON. */
struct clew_slice clew_made_text_of(struct clew_made *m, struct clew_slice raw);
struct clew_slice clew_made_text(struct clew_made *m, struct clew_made_object *o, const char *key);
/* ISO 8601 (UTC where no zone is given), or a number of seconds, milliseconds or nanoseconds. */
uint64_t clew_made_time(struct clew_made *m, struct clew_made_object *o, const char *key);

/* One request: begin, spans, end. */
void clew_made_begin(struct clew_made *m, const char *service);
void clew_made_span(struct clew_made *m, const struct clew_made_step *s);
void clew_made_end(struct clew_made *m);
/* A run of messages, a JSON array: all but the last one are its input, that is its output; each of
 * the assistant's is a model call, with the tools that it called. @system is the JSON of system
 * instructions that came apart from them, or empty. */
void clew_made_conversation(struct clew_made *m, struct clew_made_step *run,
                            struct clew_slice system, struct clew_slice messages);

/* "llm" -> "LLM" ...; "CHAIN" for what is not known. */
const char *clew_made_kind(struct clew_slice word);

/* An Inspect log (import-inspect.c). */
CLEW_MUST_USE bool clew_import_inspect(struct clew_made *m, struct clew_made_object *o);

#endif
