#include "proto/base/json-object.h"

#include <string.h>

/* From behind the opening bracket to the end of the object. */
static void read_members(struct clew_json_reader *r, struct clew_json_object *ret)
{
        ret->n = 0;
        ret->keys = 0;
        while (clew_json_next_member(r)) {
                struct clew_json_member *m;

                if (ret->n == CLEW_JSON_MEMBERS_MAX) {
                        clew_json_skip(r);
                        continue;
                }
                m = &ret->members[ret->n++];
                m->key = r->text;
                ret->keys |= clew_json_key_bit(m->key.data, m->key.len);
                m->token = clew_json_next(r);
                m->raw = clew_json_take(r);
        }
}

bool clew_json_object_open(struct clew_slice raw, unsigned max_depth, struct clew_json_object *ret)
{
        struct clew_json_reader r = clew_json_reader_make(raw, max_depth);

        ret->n = 0;
        ret->keys = 0;
        if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN)
                return false;
        read_members(&r, ret);
        return true;
}

bool clew_json_object_take(struct clew_json_reader *r, struct clew_json_object *ret,
                           struct clew_slice *ret_raw)
{
        const struct clew_json_reader before = *r;

        read_members(r, ret);
        if (r->status == CLEW_JSON_READING && r->token == CLEW_JSON_OBJECT_END) {
                *ret_raw = clew_slice_make(before.start + before.offset,
                                           (size_t)(r->at - r->start) - before.offset);
                return true;
        }
        *r = before;
        *ret_raw = clew_json_take(r);
        return false;
}

const struct clew_json_member *clew_json_object_find(const struct clew_json_object *o,
                                                     const char *key, size_t len)
{
        for (uint32_t i = 0; i < o->n; i++) {
                const struct clew_json_member *m = &o->members[i];

                if (m->key.len == len && memcmp(m->key.data, key, len) == 0 &&
                    m->token != CLEW_JSON_NULL)
                        return m;
        }
        return NULL;
}
