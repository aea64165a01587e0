/*
 * JSON objects of messages and parts, taken apart into their members.
 */
#ifndef CLEW_QUERY_MODEL_MESSAGE_OBJECT_INT_H
#define CLEW_QUERY_MODEL_MESSAGE_OBJECT_INT_H

#include "proto/base/json.h"
#include "query/model/message-int.h"

/* Members of one object that are looked at; messages and parts have fewer than 20. */
#define MEMBERS_MAX 48u
struct member {
        struct clew_slice key;
        struct clew_slice raw; /* the value's JSON */
        enum clew_json_token token;
};

struct object {
        struct member members[MEMBERS_MAX];
        uint32_t n;
};

static inline bool open_object(struct clew_slice raw, struct object *o)
{
        struct clew_json_reader r = clew_json_reader_make(raw, CLEW_JSON_DEPTH_DEFAULT);

        o->n = 0;
        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return false;
        while (clew_json_next_member(&r)) {
                struct member *m;

                if (o->n == MEMBERS_MAX) {
                        clew_json_skip(&r);
                        continue;
                }
                m = &o->members[o->n++];
                m->key = r.text;
                m->token = clew_json_next(&r);
                m->raw = clew_json_take(&r);
        }
        return true;
}

static inline const struct member *get(const struct object *o, const char *key)
{
        for (uint32_t i = 0; i < o->n; i++) {
                if (clew_slice_eq_cstr(o->members[i].key, key) &&
                    o->members[i].token != CLEW_JSON_NULL)
                        return &o->members[i];
        }
        return NULL;
}

/* The first of the names, which stand in a list that ends with NULL. */
static inline const struct member *get_any(const struct object *o, const char *const *keys)
{
        for (; *keys; keys++) {
                const struct member *m = get(o, *keys);

                if (m)
                        return m;
        }
        return NULL;
}

static inline struct clew_slice string_of(struct clew_message_sink *s, struct clew_slice raw)
{
        struct clew_json_reader r = clew_json_reader_make(raw, 1);

        if (clew_json_next(&r) != CLEW_JSON_STRING)
                return CLEW_SLICE_NULL;
        if (r.cut)
                s->truncated = true;
        return clew_json_string(&r, s->arena);
}

/* Strings decoded, everything else as its JSON; null slice when the member is missing. */
static inline struct clew_slice text_of(struct clew_message_sink *s, const struct member *m)
{
        if (!m)
                return CLEW_SLICE_NULL;
        return m->token == CLEW_JSON_STRING ? string_of(s, m->raw) : m->raw;
}

static inline struct clew_slice text_of_any(struct clew_message_sink *s, const struct object *o,
                                            const char *const *keys)
{
        return text_of(s, get_any(o, keys));
}

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

static inline bool is_structure(const struct member *m)
{
        return m && (m->token == CLEW_JSON_OBJECT_BEGIN || m->token == CLEW_JSON_ARRAY_BEGIN);
}

/* One part in whatever form; @raw is an object, a string, or anything else, which is kept as it is.
 */
void clew_part_from_json(struct clew_message_sink *s, struct clew_slice raw, enum clew_role role);
/* [{"type":"text","text":"..."}] as a result is that text; anything else is itself. */
struct clew_slice clew_single_text(struct clew_message_sink *s, struct clew_slice text);
/* Whether a message is a tool's definition in disguise. */
bool clew_is_definition(const struct object *o);
/* Whether "type" says that the object is a part. */
bool clew_object_is_part(struct clew_message_sink *s, const struct object *o);

#endif
