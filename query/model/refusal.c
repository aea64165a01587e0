/*
 * What the user stopped: a call that was refused, a run that was cancelled.
 *
 * Neither is a failure of the agent. Programs tell it by a type of error (control.c), by an
 * attribute of the decision (rows of CLEW_FIELD_REFUSED), or in a sentence that names the user:
 * "The user doesn't want to proceed with this tool use", "Cancelled by user". Such sentences are
 * looked for at the head of what a step says went wrong, nowhere else.
 */
#include "query/model/build-int.h"

#include "proto/base/compiler.h"

#include <string.h>
#include <strings.h>

/* A sentence about the user stands at the head of a message, if anywhere. */
#define HEAD_BYTES 200u

/* The user did something: "user rejected the call", "The user doesn't want to ...". */
static const char *const deeds[] = {
        "rejected",       "declined",        "refused",       "denied",         "cancelled",
        "canceled",       "aborted",         "interrupted",   "stopped",        "chose not to",
        "dismissed",      "disapproved",     "did not want",  "doesn't want",   "does not want",
        "didn't approve", "did not approve", "did not allow", "did not permit", "chose to skip",
        "has denied",     "has rejected",    "has declined",
};

/* Something was done by the user: "rejected by user", "cancelled by the user". */
static const char *const done[] = {"rejected", "declined", "refused", "denied",      "cancelled",
                                   "canceled", "aborted",  "stopped", "interrupted", "disapproved"};

/* What browsers, Node and the SDKs of OpenAI and Anthropic say when a signal stops them, and .NET.
 */
static const char *const stops[] = {
        "request was aborted",
        "this operation was aborted",
        "the operation was aborted",
        "the user aborted a request",
        "signal is aborted without reason",
        "the operation was canceled",
        "a task was canceled",
};

static bool is_letter(uint8_t c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool begins(struct clew_slice text, const char *word)
{
        size_t n = strlen(word);

        return text.len >= n && strncasecmp((const char *)text.data, word, n) == 0 &&
               (text.len == n || !is_letter(text.data[n]) || !is_letter((uint8_t)word[n - 1]));
}

static bool begins_any(struct clew_slice text, const char *const *words, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                if (begins(text, words[i]))
                        return true;
        }
        return false;
}

/* A sentence may begin at @at, or behind an article: "Access for user denied" is somebody else's
 * refusal. "[Operation Cancelled] Reason: User did not allow tool call". */
static bool may_begin(struct clew_slice head, size_t at)
{
        return at == 0 ||
               (at >= 2 && head.data[at - 1] == ' ' && strchr(".:]-", head.data[at - 2]) &&
                head.data[at - 2]) ||
               (at >= 4 && strncasecmp((const char *)head.data + at - 4, "the ", 4) == 0);
}

/* At @at stands "user ...". */
static bool is_deed(struct clew_slice head, size_t at)
{
        return begins(clew_slice_from(head, at), "user") && may_begin(head, at) &&
               begins_any(clew_slice_from(head, at + 5 < head.len ? at + 5 : head.len), deeds,
                          CLEW_ARRAY_LEN(deeds));
}

/* At @at stands "rejected by (the) user", and the sentence ends there or goes on after a sign. */
static bool is_done(struct clew_slice head, size_t at)
{
        struct clew_slice rest;
        size_t n = 0;

        for (size_t i = 0; i < CLEW_ARRAY_LEN(done) && n == 0; i++)
                n = begins(clew_slice_from(head, at), done[i]) ? strlen(done[i]) : 0;
        if (n == 0 || !begins(rest = clew_slice_from(head, at + n), " by "))
                return false;
        rest = clew_slice_from(rest, 4);
        if (begins(rest, "the "))
                rest = clew_slice_from(rest, 4);
        return begins(rest, "user");
}

bool clew_refusal_is_told(struct clew_slice message)
{
        struct clew_slice head =
                clew_slice_make(message.data, message.len < HEAD_BYTES ? message.len : HEAD_BYTES);

        for (size_t i = 0; i < head.len; i++) {
                if ((i == 0 || !is_letter(head.data[i - 1])) &&
                    (is_deed(head, i) || is_done(head, i)))
                        return true;
        }
        return false;
}

bool clew_refusal_is_stop(struct clew_slice message)
{
        return begins_any(message, stops, CLEW_ARRAY_LEN(stops));
}

bool clew_refusal_derive(struct clew_builder *b, struct clew_step *step)
{
        struct clew_step *parent =
                step->parent == CLEW_STEP_NONE ? NULL : &b->trace->steps[step->parent];
        struct clew_slice source = CLEW_SLICE_NULL;

        if (!clew_fields_flag(&b->fields, CLEW_FIELD_REFUSED))
                return false;
        /* A rule of the settings, or a hook, is not the user. */
        if (clew_fields_text(&b->fields, CLEW_FIELD_REFUSED_BY, &source) &&
            !clew_slice_starts_with(source, CLEW_SLICE_LITERAL("user")))
                return false;
        if (step->kind == CLEW_KIND_TOOL || step->kind == CLEW_KIND_LLM)
                return true;
        /* Claude Code tells it of the wait for the permission, inside the call. */
        if (parent && parent->kind == CLEW_KIND_TOOL) {
                parent->error = (struct clew_step_error){0};
                parent->flags |= CLEW_STEP_CONTROL | CLEW_STEP_REFUSED;
        }
        return false;
}
