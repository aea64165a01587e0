/*
 * The new messages of an LLM call, without reading again the history that the call before it had.
 *
 * A history grows at its end, so the attributes of two neighbouring calls are equal but for what
 * was added. Comparing bytes is twenty times cheaper than parsing them: equal indexed attributes
 * are left out, and a JSON array that continues the earlier one is cut to its new elements. The
 * result is exact for what it contains; when the two calls do not line up the whole input is
 * parsed.
 */
#ifndef CLEW_QUERY_RCA_INPUT_H
#define CLEW_QUERY_RCA_INPUT_H

#include "query/model/message.h"

#include <stdbool.h>
#include <stdint.h>

/* Bytes of what is new in one call. */
#define CLEW_RCA_INPUT_MAX ((size_t)256 << 20)

struct clew_rca_input {
        struct clew_messages messages;
        bool cut;            /* the beginning of the history was left out */
        uint32_t left_out;   /* or so many old messages, none of the system, in its middle: */
        const uint8_t *from; /* the names of roles of the messages behind them lie here or later */
};

/*
 * The input messages of @step that @before (the call before it, or NULL) did not have. Old ones may
 * be among them, also as empty shells; the last message of the input always is. Lives in
 * @scratch, in @room (which is cleared first) and in the trace. 0 or -ENOMEM.
 */
CLEW_MUST_USE int clew_rca_new_input(const struct clew_trace *trace, const struct clew_step *step,
                                     const struct clew_step *before, struct clew_buffer *room,
                                     struct clew_arena *scratch, struct clew_rca_input *ret);

/* True when @m, one of input->messages, stands behind the messages that were left out. */
static inline bool clew_rca_is_behind(const struct clew_rca_input *input,
                                      const struct clew_message *m)
{
        return m->role_name.data && (uintptr_t)m->role_name.data >= (uintptr_t)input->from;
}

/* True when the sender may have lost what stood first in the input of a call: it says so, sent as
 * many attributes as its limit allows, or its flattened messages do not begin with the first. */
bool clew_rca_may_lack_first(const struct clew_step *step);

#endif
