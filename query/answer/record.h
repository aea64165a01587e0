/*
 * Records for machines: each kind described once, as a table of fields, and written to a sink.
 *
 * From the table come one JSON object a line, TSV with a heading, ids, the choice of `--fields` and
 * of an API call, the help and the published description of the API. A field "cause.rule" becomes
 * {"cause":{"rule":...}}; neighbours share the object. Field names are a contract: they are added,
 * never changed.
 *
 * A sink takes one whole record at a time; a stream, a socket or a buffer stands behind it. Nothing
 * here knows which.
 */
#ifndef CLEW_QUERY_ANSWER_RECORD_H
#define CLEW_QUERY_ANSWER_RECORD_H

#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLEW_FIELDS_MAX 64u /* bits of one word */
/* One line of output. A step in full can be as large as a span: 64 MiB, escaped. */
#define CLEW_LINE_BYTES_MAX ((size_t)512 << 20)

struct clew_record_field {
        const char *name; /* NULL ends the array */
        bool tsv;
        void (*write)(struct clew_json_writer *w, const void *record);
};

/* Takes one record with its end ('\n', or NUL in lists of ids). 0 or a negative errno, which ends
 * the writing. @record is borrowed for the call. */
struct clew_sink {
        int (*put)(void *context, struct clew_slice record);
        void *context;
};

enum clew_record_form { CLEW_RECORD_JSON, CLEW_RECORD_TSV, CLEW_RECORD_IDS };

struct clew_record_writer {
        const struct clew_record_field *fields; /* NULL: only begin and end are used */
        const char *type;                       /* "type" of the JSON lines */
        uint64_t chosen;                        /* bit per field */
        enum clew_record_form form;
        char end; /* '\n' or NUL */
        bool heading_done;
        struct clew_buffer line;
        struct clew_sink sink;
};

/* Chooses the fields that the form shows by itself. @fields and @type are borrowed. */
void clew_record_writer_init(struct clew_record_writer *w, enum clew_record_form form,
                             const char *type, const struct clew_record_field *fields,
                             struct clew_sink sink);
void clew_record_writer_deinit(struct clew_record_writer *w);

/* Chooses the fields that a comma-separated list names; a group name ("cause") means all of it.
 * -EINVAL when one is not there. */
CLEW_MUST_USE int clew_record_choose(struct clew_record_writer *w, const char *list);

/* Writes one record. The first field is the id that a list of ids shows. 0 or a negative errno. */
CLEW_MUST_USE int clew_record_put(struct clew_record_writer *w, const void *record);

/* Opens {"v":1,"type":TYPE and leaves the object open; clew_record_end() closes and writes it. For
 * records that are not a flat row. */
struct clew_json_writer clew_record_begin(struct clew_record_writer *w, const char *type);
/* The chosen fields of @record, inside an object that is open. */
void clew_record_fields(struct clew_record_writer *w, struct clew_json_writer *json,
                        const void *record);
CLEW_MUST_USE int clew_record_end(struct clew_record_writer *w, struct clew_json_writer *json);

/* All fields of @record, whatever a writer would choose, inside an object that is open. */
void clew_record_write_all(struct clew_json_writer *json, const struct clew_record_field *fields,
                           const void *record);

/* A sink that appends to a buffer. */
struct clew_sink clew_sink_to_buffer(struct clew_buffer *out);

#endif
