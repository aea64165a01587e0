/*
 * What a step that ended waiting waits for: the question that a person is to answer.
 *
 * LangGraph puts it into the state, {"__interrupt__": [{"value": ...}]}, or prints the exception,
 * "GraphInterrupt((Interrupt(value='...', id='...'),))"; pydantic-ai gives the calls that are to be
 * approved or made elsewhere as its result. The value is a text, or an object with the question
 * among its members; what is neither is not told.
 */
#include "query/model/trace.h"

#include "proto/base/find.h"
#include "query/model/value-int.h"

#include <string.h>

static const char *const questions[] = {"question", "message",     "prompt", "description",
                                        "text",     "instruction", "query",  "content"};
/* Objects around the question: a request for an approval names its action. */
static const char *const around[] = {"", "action_request.", "0.", "0.action_request.",
                                     "action_requests.0."};

static bool is_json(struct clew_slice text)
{
        return text.len > 0 && (text.data[0] == '{' || text.data[0] == '[');
}

static struct clew_slice question_in(struct clew_slice value, struct clew_arena *arena)
{
        char path[64];

        if (value.len == 0 || !is_json(value))
                return value;
        for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
                for (size_t k = 0; k < sizeof(questions) / sizeof(questions[0]); k++) {
                        struct clew_slice text;

                        memcpy(path, around[i], strlen(around[i]));
                        memcpy(path + strlen(around[i]), questions[k], strlen(questions[k]) + 1);
                        text = clew_text_member(value, path, arena);
                        if (text.len > 0 && !is_json(text))
                                return text;
                }
        }
        return CLEW_SLICE_NULL;
}

/* Interrupt(value='...' or "...": the text up to the closing quote. */
static struct clew_slice printed_value(struct clew_slice message)
{
        static const char mark[] = "Interrupt(value=";
        const uint8_t *end = message.data + message.len;
        const uint8_t *at = message.len ? clew_find(message, mark, sizeof(mark) - 1) : NULL;
        const uint8_t *close;

        if (!at || at + sizeof(mark) > end || !strchr("'\"", at[sizeof(mark) - 1]))
                return CLEW_SLICE_NULL;
        at += sizeof(mark) - 1;
        close = memchr(at + 1, *at, (size_t)(end - at - 1));
        return close ? clew_slice_make(at + 1, (size_t)(close - at - 1)) : CLEW_SLICE_NULL;
}

/* The message of the exception that ended it. */
static struct clew_slice raised(const struct clew_step *step)
{
        struct clew_message_iter it = clew_span_events(&step->span);
        struct clew_span_event event;

        while (clew_span_event_next(&it, &event)) {
                struct clew_value v;

                if (clew_slice_eq(event.name, CLEW_SLICE_LITERAL("exception")) &&
                    clew_attribute_find(clew_event_attributes(&event),
                                        CLEW_SLICE_LITERAL("exception.message"), &v) &&
                    v.type == CLEW_VALUE_STRING)
                        return v.bytes;
        }
        return CLEW_SLICE_NULL;
}

struct clew_slice clew_step_waits_for(const struct clew_step *step, struct clew_arena *arena)
{
        struct clew_slice value = CLEW_SLICE_NULL;

        if (!clew_step_is(step, CLEW_STEP_PAUSED))
                return value;
        if (is_json(step->output))
                value = clew_text_member(step->output, "__interrupt__.0.value", arena);
        if (is_json(step->output) && value.len == 0)
                value = clew_text_member(step->output, "approvals.0.tool_name", arena);
        if (is_json(step->output) && value.len == 0)
                value = clew_text_member(step->output, "calls.0.tool_name", arena);
        if (value.len == 0)
                value = printed_value(step->span.status_message);
        if (value.len == 0)
                value = printed_value(raised(step));
        return question_in(value, arena);
}
