/*
 * Control flow that is sent as an error.
 *
 * Frameworks hand over, wait and stop by raising exceptions; instrumentations record what is
 * raised. A run that asked for an approval did not fail. What ends so is known by the name of its
 * type, as type of an exception, as `error.type`, or in front of a message that prints the
 * exception: "GraphInterrupt((Interrupt(...),))", "langgraph.errors.ParentCommand: ...".
 */
#include "query/model/build-int.h"

#include "proto/base/compiler.h"

#include <string.h>

/* A message's head in which the name of a type may stand. */
#define HEAD_BYTES 160u

static const struct {
        const char *name;
        enum clew_control control;
} types[] = {
        /* LangGraph: all that is a GraphBubbleUp, in Python and JavaScript. */
        {"GraphBubbleUp", CLEW_CONTROL_FLOW},
        {"GraphInterrupt", CLEW_CONTROL_PAUSE},
        {"NodeInterrupt", CLEW_CONTROL_PAUSE},
        {"ParentCommand", CLEW_CONTROL_FLOW},
        {"GraphDelegate", CLEW_CONTROL_FLOW},
        {"GraphDrained", CLEW_CONTROL_FLOW},
        /* Python's own. */
        {"GeneratorExit", CLEW_CONTROL_FLOW},
        {"StopIteration", CLEW_CONTROL_FLOW},
        {"StopAsyncIteration", CLEW_CONTROL_FLOW},
        {"CancelledError", CLEW_CONTROL_CANCEL},
        {"Cancelled", CLEW_CONTROL_CANCEL},
        /* Cancelling elsewhere: JavaScript, .NET, Java, Go. */
        {"AbortError", CLEW_CONTROL_CANCEL},
        {"OperationCanceledException", CLEW_CONTROL_CANCEL},
        {"TaskCanceledException", CLEW_CONTROL_CANCEL},
        {"CancellationException", CLEW_CONTROL_CANCEL},
        {"context.Canceled", CLEW_CONTROL_CANCEL},
        {"context canceled", CLEW_CONTROL_CANCEL},
        {"APIUserAbortError", CLEW_CONTROL_CANCEL},
        {"KeyboardInterrupt", CLEW_CONTROL_CANCEL},
        {"InterruptedException", CLEW_CONTROL_CANCEL},
        {"CanceledError", CLEW_CONTROL_CANCEL}, /* axios, Temporal */
        {"CancelError", CLEW_CONTROL_CANCEL},
        {"CancelledFailure", CLEW_CONTROL_CANCEL},
        {"ClientDisconnect", CLEW_CONTROL_CANCEL},
        {"499", CLEW_CONTROL_CANCEL}, /* the client closed the request */
        /* As a word alone: `error.type`, a status of gRPC or of a response. */
        {"cancelled", CLEW_CONTROL_CANCEL},
        {"canceled", CLEW_CONTROL_CANCEL},
        {"CANCELLED", CLEW_CONTROL_CANCEL},
        {"CANCELED", CLEW_CONTROL_CANCEL},
        {"aborted", CLEW_CONTROL_CANCEL},
        {"abort", CLEW_CONTROL_CANCEL},
        /* pydantic-ai's deferred tools, and what skips a step. */
        {"CallDeferred", CLEW_CONTROL_PAUSE},
        {"ApprovalRequired", CLEW_CONTROL_PAUSE},
        {"SkipModelRequest", CLEW_CONTROL_FLOW},
        {"SkipToolValidation", CLEW_CONTROL_FLOW},
        {"SkipToolExecution", CLEW_CONTROL_FLOW},
        /* Others that wait for somebody. */
        {"WaitingForEvent", CLEW_CONTROL_PAUSE},
        {"BreakpointException", CLEW_CONTROL_PAUSE},
        {"HumanFeedbackPending", CLEW_CONTROL_PAUSE},
        {"InterruptException", CLEW_CONTROL_PAUSE},
        {"WorkflowSuspended", CLEW_CONTROL_PAUSE},
        {"StepSuspended", CLEW_CONTROL_PAUSE},
};

static bool is_word(uint8_t c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
}

/* The last part of a qualified name: behind a dot, a colon, a dollar, a slash. */
static struct clew_slice last_part(struct clew_slice name)
{
        for (size_t i = name.len; i-- > 0;) {
                if (!is_word(name.data[i]))
                        return clew_slice_from(name, i + 1);
        }
        return name;
}

static enum clew_control find(struct clew_slice name)
{
        struct clew_slice last = last_part(name);

        for (size_t i = 0; name.len > 0 && i < CLEW_ARRAY_LEN(types); i++) {
                if (clew_slice_eq_cstr(last, types[i].name) ||
                    clew_slice_eq_cstr(name, types[i].name))
                        return types[i].control;
        }
        return CLEW_CONTROL_NONE;
}

/* "name.of.Type(...", "Type: ...", or the name alone. */
static struct clew_slice type_in_front(struct clew_slice text)
{
        size_t max = text.len < HEAD_BYTES ? text.len : HEAD_BYTES;
        size_t n = 0;

        while (n < max && (is_word(text.data[n]) || text.data[n] == '.'))
                n++;
        if (n == 0 || (n < text.len && n < max && text.data[n] != '(' && text.data[n] != ':' &&
                       text.data[n] > ' '))
                return CLEW_SLICE_NULL;
        /* "Cancelled by the user" is a sentence. */
        if (n < text.len && text.data[n] == ' ')
                return CLEW_SLICE_NULL;
        return clew_slice_make(text.data, n);
}

/* "aborted: a lock was held" tells what happened, not a type: a plain word counts alone. */
static struct clew_slice named_in(struct clew_slice message)
{
        struct clew_slice name = type_in_front(message);
        bool plain = name.len > 0 && name.data[0] >= 'a' && name.data[0] <= 'z' &&
                     !memchr(name.data, '.', name.len);

        return plain && name.len < message.len ? CLEW_SLICE_NULL : name;
}

/* Of a traceback the last line names the exception. */
static struct clew_slice last_line(struct clew_slice text)
{
        while (text.len > 0 && text.data[text.len - 1] <= ' ')
                text.len--;
        for (size_t i = text.len; i-- > 0;) {
                if (text.data[i] == '\n')
                        return clew_slice_from(text, i + 1);
        }
        return text;
}

enum clew_control clew_control_of(struct clew_slice type, struct clew_slice message)
{
        enum clew_control control = find(type);

        if (control == CLEW_CONTROL_NONE)
                control = find(named_in(message));
        if (control == CLEW_CONTROL_NONE &&
            (clew_slice_eq_cstr(message, "context canceled") || clew_refusal_is_stop(message)))
                control = CLEW_CONTROL_CANCEL;
        if (control == CLEW_CONTROL_NONE &&
            clew_slice_starts_with(message, CLEW_SLICE_LITERAL("Traceback (most recent call")))
                control = find(type_in_front(last_line(message)));
        return control;
}

bool clew_control_names_error(struct clew_slice message)
{
        static const char *const ends[] = {"Error", "Exception"};
        struct clew_slice type = last_part(type_in_front(message));

        for (size_t i = 0; i < CLEW_ARRAY_LEN(ends); i++) {
                size_t n = strlen(ends[i]);

                if (type.len >= n && memcmp(type.data + type.len - n, ends[i], n) == 0)
                        return find(type) == CLEW_CONTROL_NONE;
        }
        return false;
}
