/*
 * A step with everything that it carries, as members of a JSON object: texts, messages, attributes,
 * events, links, scope and resource.
 */
#ifndef CLEW_QUERY_ANSWER_STEP_FULL_H
#define CLEW_QUERY_ANSWER_STEP_FULL_H

#include "proto/base/arena.h"
#include "proto/base/compiler.h"
#include "proto/base/json.h"
#include "query/answer/record.h"
#include "query/answer/step-record.h"
#include "query/model/message.h"
#include "query/model/parameters.h"
#include "query/model/trace.h"

/* Fields that are shown, though steps do not keep them. */
#define CLEW_UNKEPT_FIELDS 7u
extern const enum clew_field clew_unkept_fields[CLEW_UNKEPT_FIELDS];

/* Model calls, and the layers around them, which may be all that has the content. */
static inline bool clew_shows_messages(const struct clew_step *s)
{
        return s->kind == CLEW_KIND_LLM ||
               (s->kind == CLEW_KIND_CHAIN && clew_step_is(s, CLEW_STEP_WRAPPER));
}

/*
 * The messages that are shown instead of the text that went into (came out of) @step: all of a
 * model call; of another step without a tool those of a text that is nothing but a list of
 * messages, as agents of the GenAI conventions have it. None: the text is shown as it is. As
 * clew_step_messages() otherwise.
 */
CLEW_MUST_USE int clew_shown_messages(const struct clew_trace *trace, const struct clew_step *step,
                                      enum clew_direction direction, struct clew_arena *arena,
                                      struct clew_messages *ret);

/* Writes them into an object that is open. @scratch is for messages and is reset. 0 or -ENOMEM. */
CLEW_MUST_USE int clew_step_write_full(struct clew_json_writer *w, const struct clew_trace *trace,
                                       const struct clew_step *step, struct clew_arena *scratch);

/* The same as one JSON record of type "step", behind the fields of clew_step_fields. @step is an
 * index. 0 or a negative errno. */
CLEW_MUST_USE int clew_step_put_full(struct clew_record_writer *out, const struct clew_trace *trace,
                                     uint32_t step, const struct clew_step_texts *texts);

#endif
