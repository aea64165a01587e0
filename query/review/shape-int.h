/*
 * JSON as a tree: what shape.c reads its two texts into.
 */
#ifndef CLEW_QUERY_REVIEW_SHAPE_INT_H
#define CLEW_QUERY_REVIEW_SHAPE_INT_H

#include "proto/base/json.h"
#include "query/review/shape.h"

#include <stdint.h>

struct clew_json_node {
        enum clew_json_token
                kind;           /* OBJECT_BEGIN, ARRAY_BEGIN, STRING, NUMBER, TRUE, FALSE, NULL */
        struct clew_slice key;  /* of a member, decoded */
        struct clew_slice text; /* of a string, decoded; of a number, as written */
        const struct clew_json_node *first; /* member or element */
        const struct clew_json_node *next;  /* beside it */
        uint32_t n;                         /* of members or elements */
};

/* 0, -EINVAL (no JSON, with a message), -ENOMEM. Lives in @json and @arena. */
CLEW_MUST_USE int clew_json_tree(struct clew_slice json, struct clew_arena *arena,
                                 const struct clew_json_node **ret, struct clew_error *err);

/* The member called @key; NULL when there is none, or @object is no object. */
const struct clew_json_node *clew_json_tree_member(const struct clew_json_node *object,
                                                   struct clew_slice key);

/* Numbers by their value, objects without order. */
CLEW_MUST_USE bool clew_json_tree_equal(const struct clew_json_node *a,
                                        const struct clew_json_node *b);

#endif
