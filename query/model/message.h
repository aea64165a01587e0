/*
 * Messages in one inner form, whatever encoding the span used (conventions: semconv JSON, flattened
 * keys, per-message events, AI SDK, LangChain, Gemini, Anthropic, OpenAI shapes ...).
 *
 * Parsed on demand, step by step: building a trace never touches message bodies. Truncated JSON is
 * read as far as it goes and marked. Binary content is never kept: a media part says what it is,
 * how large, and its hash.
 */
#ifndef CLEW_QUERY_MODEL_MESSAGE_H
#define CLEW_QUERY_MODEL_MESSAGE_H

#include "proto/base/arena.h"
#include "proto/base/slice.h"
#include "query/model/trace.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Flattened keys carry their own index; a hostile one must not make a large array. */
#define CLEW_MESSAGE_INDEX_MAX 4096u
/* Parts of all messages of one step; the longest real histories have some thousands. */
#define CLEW_MESSAGE_PARTS_MAX 65536u

enum clew_role {
        CLEW_ROLE_OTHER,
        CLEW_ROLE_SYSTEM, /* also developer, system instructions */
        CLEW_ROLE_USER,
        CLEW_ROLE_ASSISTANT,
        CLEW_ROLE_TOOL,
};

const char *clew_role_name(enum clew_role role);
/* Of the words that senders use, in any case of letters. */
enum clew_role clew_role_of(struct clew_slice word);

enum clew_part_type {
        CLEW_PART_TEXT,
        CLEW_PART_REASONING,
        CLEW_PART_TOOL_CALL,
        CLEW_PART_TOOL_RESULT,
        CLEW_PART_MEDIA,
        CLEW_PART_REFUSAL,
        CLEW_PART_OTHER, /* kept as its JSON */
};

const char *clew_part_type_name(enum clew_part_type type);

struct clew_part {
        enum clew_part_type type;
        bool is_error;          /* tool result */
        struct clew_slice text; /* text, reasoning, refusal; tool call: arguments (JSON or text);
                                   tool result: result (JSON or text); other: its JSON */
        struct clew_slice name; /* tool call and tool result: tool name; other: type as sent */
        struct clew_slice id;   /* tool call id */
        struct clew_slice media_type; /* media: "image/png", or the modality when that is all */
        struct clew_slice uri; /* media: where it is, when not inline (data: URIs are inline) */
        uint64_t media_bytes;  /* media: size of the inline content after decoding, 0 unknown */
        uint64_t media_hash;   /* media: XXH3 of the content as sent, 0 when not inline */
};

struct clew_message {
        enum clew_role role;
        struct clew_slice role_name; /* as sent */
        struct clew_slice name;
        struct clew_slice finish_reason;
        const struct clew_part *parts;
        uint32_t n_parts;
        uint64_t hash; /* clew_message_hash(), or 0 when it was not wanted */
};

struct clew_messages {
        const struct clew_message *items;
        uint32_t n;
        bool truncated;        /* cut by the sender, or over our limits; the rest is missing */
        struct clew_slice key; /* attribute (prefix) they were read from; empty = none found */
};

enum clew_direction { CLEW_MESSAGES_IN, CLEW_MESSAGES_OUT };

/*
 * The messages that went into (came out of) @step. For LLM steps the input begins with the system
 * instructions when they came apart. A step without messages but with an input (output) text gives
 * one user (assistant) message. A model call without any has those of the layer that wraps it and
 * nothing else. Slices point into the span or into @arena. Returns 0 (also with
 * n = 0) or -ENOMEM.
 */
CLEW_MUST_USE int clew_step_messages(const struct clew_trace *trace, const struct clew_step *step,
                                     enum clew_direction direction, struct clew_arena *arena,
                                     struct clew_messages *ret);

/* The same without hashes, for who compares no messages: they take a look at every byte. */
CLEW_MUST_USE int clew_step_messages_unhashed(const struct clew_trace *trace,
                                              const struct clew_step *step,
                                              enum clew_direction direction,
                                              struct clew_arena *arena, struct clew_messages *ret);

/* Of role and parts: equal messages in two calls have equal hashes. */
uint64_t clew_message_hash(const struct clew_message *m);

/*
 * The messages of a JSON text (or plain text) in any shape that spans have, outside of a span: for
 * files. Slices point into @json or @arena. 0 or -ENOMEM.
 */
CLEW_MUST_USE int clew_messages_read(struct clew_slice json, enum clew_direction direction,
                                     struct clew_arena *arena, struct clew_messages *ret);

/* One tool that the model was offered. */
struct clew_tool_definition {
        struct clew_slice name;
        struct clew_slice description;
        struct clew_slice schema; /* JSON schema of the arguments, JSON text; may be empty */
};

/* The tools offered in the request of an LLM step (or listed on an agent step). */
CLEW_MUST_USE int clew_step_tool_definitions(const struct clew_trace *trace,
                                             const struct clew_step *step, struct clew_arena *arena,
                                             const struct clew_tool_definition **ret,
                                             uint32_t *ret_n);

#endif
