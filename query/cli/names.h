/*
 * The names that a store knows: what a mistyped one may have meant, and what a shell may complete.
 *
 * Names of what traces hold come from the newest summaries, those of reviews from all of them. Each
 * name stands once, in the order of first sight. Nothing is printed, and what cannot be read is
 * left out: a hint that fails is no hint.
 */
#ifndef CLEW_QUERY_CLI_NAMES_H
#define CLEW_QUERY_CLI_NAMES_H

#include "proto/base/arena.h"
#include "proto/base/clock.h"
#include "proto/base/compiler.h"
#include "proto/base/slice.h"
#include "storage/store.h"

#include <stdbool.h>
#include <stdint.h>

enum clew_names_of {
        CLEW_NAMES_AGENTS,
        CLEW_NAMES_TOOLS,
        CLEW_NAMES_MODELS,
        CLEW_NAMES_SERVICES,
        CLEW_NAMES_SESSIONS,
        CLEW_NAMES_USERS,
        CLEW_NAMES_SIGNATURES,
        CLEW_NAMES_TRACES, /* ids, as short as is unique; the text tells of the run */
        CLEW_NAMES_LABELS,
        CLEW_NAMES_SCORES,
        CLEW_NAMES_RUBRICS,
        CLEW_NAMES_DATASETS,
        CLEW_NAMES_EXPERIMENTS,
        CLEW_NAMES_RULES,      /* of root cause: known without a store */
        CLEW_NAMES_ATTRIBUTES, /* "span.http.method": of spans, which takes longest */
        CLEW_NAMES_VALUES,     /* "KEY=VALUE" of one attribute: clew_names_values() */
};

/* Names kept of one kind. */
#define CLEW_NAMES_MAX 2000u

struct clew_name {
        struct clew_slice name;
        struct clew_slice text; /* what it is, for a shell that shows it; may be empty */
};

struct clew_names {
        struct clew_arena *arena;
        struct clew_name *items;
        uint32_t *slots;          /* index + 1, by hash */
        struct clew_slice wanted; /* the key whose values they are */
        uint32_t n;
};

/* @traces newest traces are looked at, for @limit_ns at most (0: no bound). @view may be NULL where
 * no store is needed. Names live in @arena. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_names_gather(struct clew_view *view, enum clew_names_of of, uint32_t traces,
                                    uint64_t limit_ns, const struct clew_clock *clock,
                                    struct clew_arena *arena, struct clew_names *ret);

/* The same of the values of attribute @key, which has its scope ("span.") or not. */
CLEW_MUST_USE int clew_names_values(struct clew_view *view, struct clew_slice key, uint32_t traces,
                                    uint64_t limit_ns, const struct clew_clock *clock,
                                    struct clew_arena *arena, struct clew_names *ret);

/* The name that is most like @asked; empty when @asked is one of them, or none is like it. */
struct clew_slice clew_names_nearest(const struct clew_names *names, struct clew_slice asked);

#endif
