/*
 * Gathering messages: a sink that bounds them, and the readers of the encodings.
 */
#ifndef CLEW_QUERY_MODEL_MESSAGE_INT_H
#define CLEW_QUERY_MODEL_MESSAGE_INT_H

#include "proto/base/arena.h"
#include "proto/base/slice.h"
#include "proto/otlp/span.h"
#include "query/model/message.h"

#include <stdbool.h>
#include <stdint.h>

struct clew_message_sink {
        struct clew_arena *arena;
        struct clew_message *messages;
        struct clew_part *parts; /* of all messages, in order; may move until finished */
        uint32_t n_messages;
        uint32_t max_messages;
        uint32_t n_parts;
        uint32_t max_parts;
        bool full;      /* over a limit or out of memory: the rest is dropped */
        bool truncated; /* some text ended early */
};

/* Begins a message; what is added next belongs to it. NULL when the sink is full. */
struct clew_message *clew_sink_message(struct clew_message_sink *s, enum clew_role role,
                                       struct clew_slice role_name);
/* Adds a part to the latest message (begins one of @role first when there is none). */
struct clew_part *clew_sink_part(struct clew_message_sink *s, enum clew_part_type type,
                                 enum clew_role role);
/* Text that is not empty. */
void clew_sink_text(struct clew_message_sink *s, enum clew_part_type type, enum clew_role role,
                    struct clew_slice text);

/*
 * Reads any of the JSON shapes: lists of messages, requests and responses of the common APIs,
 * lists of parts, one message, or a plain string. What is no message at all becomes one text part
 * of @role. @events: elements that carry an "event.name" belong to the output when they are
 * choices, and to the input otherwise.
 */
void clew_messages_from_json(struct clew_message_sink *s, struct clew_slice text,
                             enum clew_role role, enum clew_direction direction);
/* One message of @role, unless it says otherwise: its object, or its content. */
void clew_message_from_json(struct clew_message_sink *s, struct clew_slice text,
                            enum clew_role role);
/* The content of the latest message: as below, or a message's object, whose parts and calls it
 * takes. */
void clew_content_from_json(struct clew_message_sink *s, struct clew_slice text,
                            enum clew_role role);
/* The parts of one message: a string, a list of parts, or plain text. */
void clew_parts_from_json(struct clew_message_sink *s, struct clew_slice text, enum clew_role role);

/* One tool call object, with or without a type, as a part of the latest message. */
void clew_call_from_json(struct clew_message_sink *s, struct clew_slice raw);

/* The part at @index is a tool's result: media in its contents become parts behind it. */
void clew_result_media(struct clew_message_sink *s, uint32_t index);

/* Addresses with content inside texts and results become media parts. After all else. */
void clew_sink_split_media(struct clew_message_sink *s);

/* Inline content and where it came from, into a media part. @content is base64 or a data: URI. */
void clew_media_inline(struct clew_part *part, struct clew_slice content);
void clew_media_uri(struct clew_part *part, struct clew_slice uri);

/* Flattened keys. @prefix ends with a dot and is followed by an index. False when no key has it. */
bool clew_messages_from_keys(struct clew_message_sink *s, struct clew_message_iter attributes,
                             struct clew_slice prefix, enum clew_role role);

#endif
