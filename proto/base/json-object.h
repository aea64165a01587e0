/*
 * One JSON object taken apart into its members, to be asked for by name. Borrowed from the text.
 */
#ifndef CLEW_PROTO_BASE_JSON_OBJECT_H
#define CLEW_PROTO_BASE_JSON_OBJECT_H

#include "proto/base/json.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Members that are kept; those behind them are passed over. */
#define CLEW_JSON_MEMBERS_MAX 48u

struct clew_json_member {
        struct clew_slice key; /* raw */
        struct clew_slice raw; /* the value's JSON */
        enum clew_json_token token;
};

struct clew_json_object {
        struct clew_json_member members[CLEW_JSON_MEMBERS_MAX];
        uint32_t n;
        uint64_t keys; /* a bit for the length and first byte of each: most that are asked for by
                        * name are not there */
};

/* False when @raw does not begin an object; of a text that is cut, the members before the cut. */
bool clew_json_object_open(struct clew_slice raw, unsigned max_depth, struct clew_json_object *ret);

/*
 * The same for the object that @r stands at the beginning of (its token is CLEW_JSON_OBJECT_BEGIN):
 * one pass takes it apart and leads behind it. @ret_raw is its JSON. False when its JSON is not
 * whole and right; @r is then as if clew_json_take() had been called, and @ret_raw is what that
 * gives, to be opened or not.
 */
bool clew_json_object_take(struct clew_json_reader *r, struct clew_json_object *ret,
                           struct clew_slice *ret_raw);

/* What is set in clew_json_object.keys for a name. */
static inline uint64_t clew_json_key_bit(const void *key, size_t len)
{
        return UINT64_C(1) << ((len * 5 + (len ? *(const uint8_t *)key : 0u)) % 64);
}

/* See clew_json_object_get(); the object may have such a key. */
const struct clew_json_member *clew_json_object_find(const struct clew_json_object *o,
                                                     const char *key, size_t len);

/* The first member of that name which is not null, or NULL. Keys are compared as they are written.
 * Of most names that are asked for the bits tell that they are not there, with one look when @key
 * is a literal. */
static inline const struct clew_json_member *clew_json_object_get(const struct clew_json_object *o,
                                                                  const char *key)
{
        size_t len = strlen(key);

        return (o->keys & clew_json_key_bit(key, len)) ? clew_json_object_find(o, key, len) : NULL;
}

#endif
