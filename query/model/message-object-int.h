/*
 * JSON objects of messages and parts, taken apart into their members.
 */
#ifndef CLEW_QUERY_MODEL_MESSAGE_OBJECT_INT_H
#define CLEW_QUERY_MODEL_MESSAGE_OBJECT_INT_H

#include "proto/base/json-object.h"
#include "query/model/message-int.h"

static inline bool open_object(struct clew_slice raw, struct clew_json_object *o)
{
        return clew_json_object_open(raw, CLEW_JSON_DEPTH_DEFAULT, o);
}

static inline const struct clew_json_member *get(const struct clew_json_object *o, const char *key)
{
        return clew_json_object_get(o, key);
}

/* The first of the names, which stand in a list that ends with NULL. */
static inline const struct clew_json_member *get_any(const struct clew_json_object *o,
                                                     const char *const *keys)
{
        for (; *keys; keys++) {
                const struct clew_json_member *m = get(o, *keys);

                if (m)
                        return m;
        }
        return NULL;
}

static inline struct clew_slice string_of(struct clew_message_sink *s, struct clew_slice raw)
{
        struct clew_json_reader r;

        if (raw.len > 1 && raw.data[0] == '"') { /* without escapes it stands there as it is */
                const uint8_t *from = raw.data + 1;
                const uint8_t *end = memchr(from, '"', raw.len - 1);

                if (end && !memchr(from, '\\', (size_t)(end - from)))
                        return clew_slice_make(from, (size_t)(end - from));
        }
        r = clew_json_reader_make(raw, 1);
        if (clew_json_next(&r) != CLEW_JSON_STRING)
                return CLEW_SLICE_NULL;
        if (r.cut)
                s->truncated = true;
        return clew_json_string(&r, s->arena);
}

/* Strings decoded, everything else as its JSON; null slice when the member is missing. */
static inline struct clew_slice text_of(struct clew_message_sink *s,
                                        const struct clew_json_member *m)
{
        if (!m)
                return CLEW_SLICE_NULL;
        return m->token == CLEW_JSON_STRING ? string_of(s, m->raw) : m->raw;
}

static inline struct clew_slice
text_of_any(struct clew_message_sink *s, const struct clew_json_object *o, const char *const *keys)
{
        return text_of(s, get_any(o, keys));
}

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

static inline bool is_structure(const struct clew_json_member *m)
{
        return m && (m->token == CLEW_JSON_OBJECT_BEGIN || m->token == CLEW_JSON_ARRAY_BEGIN);
}

/* One part in whatever form; @raw is an object, a string, or anything else, which is kept as it is.
 */
void clew_part_from_json(struct clew_message_sink *s, struct clew_slice raw, enum clew_role role);
/* The one that @r stands at, which is then behind it. */
void clew_part_from_reader(struct clew_message_sink *s, struct clew_json_reader *r,
                           enum clew_role role);
/* [{"type":"text","text":"..."}] as a result is that text; anything else is itself. */
struct clew_slice clew_single_text(struct clew_message_sink *s, struct clew_slice text);
/* Whether a message is a tool's definition in disguise. */
bool clew_is_definition(const struct clew_json_object *o);
/* Whether "type" says that the object is a part. */
bool clew_object_is_part(struct clew_message_sink *s, const struct clew_json_object *o);

#endif
