/*
 * Two runs, aligned step by step: loaded side by side, compared, and the record of it.
 */
#ifndef CLEW_QUERY_SERVE_COMPARE_H
#define CLEW_QUERY_SERVE_COMPARE_H

#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "proto/base/json.h"
#include "query/rca/diff.h"
#include "query/rca/settings.h"
#include "query/rca/view.h"
#include "query/serve/lookup.h"

#include <stdbool.h>
#include <stdint.h>

/* Texts of one part of a step that are compared: calls of one answer, new messages. */
#define CLEW_COMPARE_TEXTS_MAX 64u

struct clew_compare_side {
        struct clew_arena arena;
        struct clew_buffer traces; /* own copies: the view's bytes die at its next load */
        struct clew_buffer logs;
        struct clew_trace *trace;
        struct clew_rca_view view;
};

struct clew_compare {
        struct clew_compare_side a;
        struct clew_compare_side b;
        struct clew_diff diff;
        const struct clew_setting *settings; /* those that differ */
        uint32_t n_settings;
        /* What is shown, and how it was compared: to be set before. */
        const char *only_kind; /* of them at most one is set */
        unsigned only_part;
        bool strict;
};

/* Parts in the order in which a reader wants them, by their words; the last has no word. */
struct clew_compare_part {
        const char *word;
        unsigned bit;
};
extern const struct clew_compare_part clew_compare_parts[];

/* Takes "llm", "tool" ... or "input", "arguments" ...; false when it is none of them. */
CLEW_MUST_USE bool clew_compare_only(struct clew_compare *c, const char *word);

/* Loads and builds one side, in at most @bytes each of arena and copies. 0 or a negative errno. */
CLEW_MUST_USE int clew_compare_load(struct clew_compare_side *side, struct clew_view *view,
                                    const struct clew_trace_id *id, size_t bytes,
                                    struct clew_error *err);
/* Aligns both. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_compare_run(struct clew_compare *c);
void clew_compare_deinit(struct clew_compare *c); /* zeroed is fine */

/* The @nth text of a part of a step; null when there are no more. */
struct clew_slice clew_compare_text(struct clew_compare_side *side, const struct clew_rca_step *s,
                                    unsigned part, uint32_t nth);
bool clew_compare_wants_part(const struct clew_compare *c, unsigned part);
bool clew_compare_wants(const struct clew_compare *c, const struct clew_diff_row *row);
/* "llm", "tool", "agent", "step". */
const char *clew_compare_kind(const struct clew_rca_step *s);

/* The members of the record, into an open object: what differs; with @rows each pair, with @texts
 * also what changed in it. */
void clew_compare_write(struct clew_compare *c, bool rows, bool texts, struct clew_json_writer *w);

#endif
