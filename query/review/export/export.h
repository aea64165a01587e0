/*
 * Exports: an item as a record of another tool. One file a target; formats.c has the table.
 *
 * A writer is pure: the same item gives the same bytes. An item that its target cannot hold (no
 * expected output, nothing to prefer) is refused with a reason and listed as skipped.
 */
#ifndef CLEW_QUERY_REVIEW_EXPORT_EXPORT_H
#define CLEW_QUERY_REVIEW_EXPORT_EXPORT_H

#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "query/review/item.h"

#include <stdbool.h>

/* One record; JSON may escape much of an item. */
#define CLEW_EXPORT_RECORD_MAX ((size_t)1 << 30)

struct clew_export_item {
        const struct clew_item *item;
        struct clew_content_id id;
        const char *split;         /* NULL = not split */
        struct clew_slice dataset; /* empty when it comes from traces */
        bool allow_missing;        /* no expected output is no reason to refuse */
};

struct clew_json_writer;

struct clew_export_format {
        const char *name;
        const char *help;
        const char *ending; /* of its files: "jsonl" */
        /* What the target cannot do without; NULL = nothing. See clew_export_record(). */
        int (*need)(const struct clew_export_item *e, struct clew_error *err);
        int (*write)(struct clew_json_writer *w, const struct clew_export_item *e);
        /* Appends what a file begins with; NULL = nothing. */
        void (*head)(struct clew_buffer *out);
};

/* Ends with a row whose name is NULL. */
const struct clew_export_format *clew_export_formats(void);
/* NULL when there is none of that name. */
const struct clew_export_format *clew_export_format_find(const char *name);

/* Appends @e as a record with its end. 0; -ENODATA with a reason, and nothing is appended; -ENOMEM;
 * -EMSGSIZE. */
CLEW_MUST_USE int clew_export_record(const struct clew_export_format *format,
                                     const struct clew_export_item *e, struct clew_buffer *out,
                                     struct clew_error *err);

/* What a program under test is given of an item: input and tools; nothing that could
 * tell what should come out. Members of an open object. */
void clew_export_case(struct clew_json_writer *w, const struct clew_item *item);

/* What should have come out, as "expected", when that is known: the expected calls of a step as a
 * list of {"name","arguments"}. A member of an open object. */
void clew_export_expected(struct clew_json_writer *w, const struct clew_item *item);

/* The README.md of a directory of such files, for tools that read it (Hugging Face). */
void clew_export_card(const struct clew_export_format *format, struct clew_slice dataset,
                      const char *const *files, const char *const *splits, size_t n,
                      struct clew_buffer *out);

#endif
