/*
 * One JSON object taken apart into its members, to be asked for by name. Borrowed from the text.
 */
#ifndef CLEW_PROTO_BASE_JSON_OBJECT_H
#define CLEW_PROTO_BASE_JSON_OBJECT_H

#include "proto/base/json.h"

#include <stdbool.h>
#include <stdint.h>

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
};

/* False when @raw does not begin an object; of a text that is cut, the members before the cut. */
bool clew_json_object_open(struct clew_slice raw, unsigned max_depth, struct clew_json_object *ret);

/* The first member of that name which is not null, or NULL. Keys are compared as they are written.
 */
const struct clew_json_member *clew_json_object_get(const struct clew_json_object *o,
                                                    const char *key);

#endif
