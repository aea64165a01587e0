/*
 * Which attributes there are: keys of spans, resources, events, links and scopes, in how many
 * places, of which types, and how many values they have.
 */
#ifndef CLEW_QUERY_FIND_ATTRIBUTES_H
#define CLEW_QUERY_FIND_ATTRIBUTES_H

#include "proto/base/arena.h"
#include "proto/base/compiler.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define CLEW_ATTRIBUTES_MAX 50000u
/* Values counted apart, each key; then it has "many". */
#define CLEW_ATTRIBUTE_VALUES_MAX 100u

struct clew_attribute_key {
        struct clew_attribute_key *next;
        const char *scope; /* "span.", "resource.", "event.", "link.", "instrumentation." */
        struct clew_slice name;
        uint64_t n;      /* places that carry it */
        uint64_t traces; /* traces in which some place does */
        unsigned types;  /* bit per enum clew_value_type */
        uint32_t n_values;
        uint64_t values[CLEW_ATTRIBUTE_VALUES_MAX]; /* hashes */
        bool many;
        struct clew_slice example; /* the first value that is a short text */
        uint64_t last_trace;
};

struct clew_attributes {
        struct clew_arena arena;
        /* May be set after the init: names that differ in numbers between dots alone are one, with
         * N in their place (llm.input_messages.N.message.role). */
        bool joined;
        /* As that: a key, with its scope or without, each value of which is told
         * once (in each scope; texts, numbers and booleans). */
        struct clew_slice wanted;
        void (*value)(void *context, struct clew_slice text);
        void *context;
        struct clew_attribute_key **table;
        struct clew_attribute_key **all; /* after finish: by scope and name */
        uint32_t n;
        uint64_t trace;
        bool cut;
};

CLEW_MUST_USE int clew_attributes_init(struct clew_attributes *a);
void clew_attributes_deinit(struct clew_attributes *a);
/* Adds the keys of one trace. @traces is encoded TracesData. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_attributes_add(struct clew_attributes *a, struct clew_slice traces);
CLEW_MUST_USE int clew_attributes_finish(struct clew_attributes *a);

#endif
