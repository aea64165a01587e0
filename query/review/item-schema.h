/*
 * The schema of a dataset: what its items have to look like. One JSON Schema (shape.h) of the
 * object
 * {"input", "expected", "metadata", "labels", "name"}: input as a program under test gets it,
 * expected as JSON when it is an object or a list, else as a text; what an item does not have is
 * not there, so "required" says what it must have.
 */
#ifndef CLEW_QUERY_REVIEW_ITEM_SCHEMA_H
#define CLEW_QUERY_REVIEW_ITEM_SCHEMA_H

#include "query/review/item.h"
#include "query/review/shape.h"

/* 0 when @item meets @schema; -EINVAL with "/expected/answer: should be ..."; -E2BIG, -ENOMEM.
 * @arena is scratch. */
CLEW_MUST_USE int clew_item_schema_check(const struct clew_shape *schema,
                                         const struct clew_item *item, struct clew_arena *arena,
                                         struct clew_error *err);

#endif
