/*
 * One step in one line: what the model said or called, what the tool returned, what went wrong.
 */
#ifndef CLEW_QUERY_ANSWER_BRIEF_H
#define CLEW_QUERY_ANSWER_BRIEF_H

#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/base/slice.h"
#include "query/model/message.h"
#include "query/model/score.h"
#include "query/model/trace.h"

#include <stdbool.h>
#include <stddef.h>

/* Trace text taken into a brief. A screen line is far shorter; JSON output cuts here too. */
#define CLEW_BRIEF_BYTES_MAX 400u

/* A step that log records made of what the user said, and that tells nothing else. */
bool clew_step_is_prompt(const struct clew_step *step);

/*
 * Appends the brief of @step: raw trace text mixed with our arrows, not yet safe for a terminal.
 * @scratch is for parsing messages and is reset. Without what it needs the brief is empty.
 */
void clew_step_brief(const struct clew_trace *trace, const struct clew_step *step,
                     struct clew_arena *scratch, struct clew_buffer *out);

/* The kind as a word of at most 5 letters for a column: "agent", "llm", "tool", "retr" ... */
const char *clew_kind_word(enum clew_kind kind);

/* What the name column shows: the model of an LLM step, else the display name. */
struct clew_slice clew_step_label(const struct clew_step *step);

/* Arguments of a call as one line, appended raw: of an object with one member only its value. */
void clew_arguments_brief(struct clew_slice arguments, struct clew_buffer *out);

/* A score as one line: what it is of, name, value, label, source, explanation; appended raw. */
void clew_score_brief(const struct clew_score *score, struct clew_buffer *out);
/* Whether @score is shown with @step: its own, and at the root those of trace and session. */
bool clew_score_is_of(const struct clew_trace *trace, const struct clew_score *score,
                      uint32_t step);

/* What a person says in a user's message, appended raw: without the blocks that a program puts
 * before it in the user's name (<system-reminder>...</system-reminder>), unless there is nothing
 * else. */
void clew_said_brief(const struct clew_message *message, struct clew_buffer *out);

/* One part of a message as one line ("→ lookup_invoice {...}" for a tool call), appended raw. */
void clew_part_brief(const struct clew_part *part, struct clew_buffer *out);

#endif
