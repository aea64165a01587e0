/*
 * Items from what people have: JSON objects of other tools, rows of CSV.
 */
#ifndef CLEW_QUERY_REVIEW_ITEM_IMPORT_H
#define CLEW_QUERY_REVIEW_ITEM_IMPORT_H

#include "proto/base/arena.h"
#include "proto/base/error.h"
#include "query/review/item.h"

/* Which member or column is what; empty = by the names that tools use. */
struct clew_item_mapping {
        struct clew_slice input;
        struct clew_slice expected;
        struct clew_slice name;
};

/* "input=question,expected=answer,name=id". False when it is not that. */
CLEW_MUST_USE bool clew_item_mapping_parse(struct clew_slice text, struct clew_item_mapping *ret);

/*
 * Reads one object: our own canonical form, or an object with an input, and perhaps an expected
 * output, a name, labels and metadata under the names that tools use; what is left becomes
 * metadata. Everything lives in @json and @arena. 0, -EINVAL with a message, -ENOMEM.
 */
CLEW_MUST_USE int clew_item_import(struct clew_slice json, const struct clew_item_mapping *mapping,
                                   struct clew_arena *arena, struct clew_item *ret,
                                   struct clew_error *err);

/* ---- CSV (RFC 4180) -------------------------------------------------------------------------- */

#define CLEW_CSV_COLUMNS_MAX 256u

struct clew_csv {
        struct clew_slice rest;
        uint64_t line; /* number of the line at which the next row begins */
        struct clew_arena *arena;
        struct clew_slice heading[CLEW_CSV_COLUMNS_MAX];
        uint32_t n_columns;
};

/* Reads the heading. 0, -EINVAL with a message. */
CLEW_MUST_USE int clew_csv_open(struct clew_csv *csv, struct clew_slice text,
                                struct clew_arena *arena, struct clew_error *err);
/* The next row as a JSON object of texts, appended to @out. 1, 0 = end, -EINVAL with a message. */
CLEW_MUST_USE int clew_csv_next(struct clew_csv *csv, struct clew_buffer *out,
                                struct clew_error *err);

#endif
