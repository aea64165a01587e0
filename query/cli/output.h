/*
 * Records for machines: one JSON object a line, TSV, or ids only; and the flags that choose.
 *
 * A command describes its record once, as an array of fields. `--json` writes all of them,
 * `--fields a,b` those that were named (in the array's order), `--tsv` those marked for it, under a
 * heading line. A field "cause.rule" becomes {"cause":{"rule":...}}; neighbours share the object.
 * Field names are a contract: they are added, never changed.
 */
#ifndef CLEW_QUERY_CLI_OUTPUT_H
#define CLEW_QUERY_CLI_OUTPUT_H

#include "proto/base/buffer.h"
#include "proto/base/ids.h"
#include "proto/base/json.h"
#include "query/cli/cli.h"
#include "query/cli/options.h"
#include "query/model/trace.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLEW_FIELDS_MAX 64u /* bits of one word */
/* One line of output. A step in full can be as large as a span: 64 MiB, escaped. */
#define CLEW_LINE_BYTES_MAX ((size_t)512 << 20)
/* Rows of a list on a terminal when -n is not given. */
#define CLEW_ROWS_DEFAULT 50u

/* Values of the output flags, as given. */
struct clew_output_flags {
        bool json;
        bool tsv;
        bool ids; /* -q */
        bool nul; /* -0 */
        const char *fields;
        uint64_t limit; /* 0 = not given */
        bool exit_status;
};

/* Adds --json --tsv -q -0 --fields -n -e. */
void clew_output_flags_add(struct clew_flag_set *set, struct clew_output_flags *o);

struct clew_record_field {
        const char *name; /* NULL ends the array */
        bool tsv;
        void (*write)(struct clew_json_writer *w, const void *record);
};

struct clew_output {
        struct clew_cli *cli;
        const struct clew_record_field *fields;
        const char *type; /* "type" of the JSON lines */
        uint64_t chosen;  /* bit per field */
        struct clew_buffer line;
        bool json;
        bool tsv;
        bool ids;
        char end; /* '\n' or NUL */
        bool heading_done;
};

/* Returns 0, or CLEW_EXIT_USAGE after a message (an unknown field is named). */
CLEW_MUST_USE int clew_output_init(struct clew_output *out, struct clew_cli *cli,
                                   const struct clew_output_flags *flags, const char *type,
                                   const struct clew_record_field *fields);
void clew_output_deinit(struct clew_output *out);

/* False when the command is to write for people. */
static inline bool clew_output_is_machine(const struct clew_output *out)
{
        return out->json || out->tsv || out->ids;
}

/* Writes one record. The first field is the id that -q prints. Returns 0 or an exit status. */
CLEW_MUST_USE int clew_output_put(struct clew_output *out, const void *record);

/* Opens {"v":1,"type":TYPE and leaves the object open; clew_output_end() closes and writes it. For
 * records that are not a flat row. */
struct clew_json_writer clew_output_begin(struct clew_output *out, const char *type);
/* The chosen fields of @record, inside an object that is open. */
void clew_output_fields(struct clew_output *out, struct clew_json_writer *w, const void *record);
CLEW_MUST_USE int clew_output_end(struct clew_output *out, struct clew_json_writer *w);

/* ---- parts of records that several commands share ---------------------------------------------
 */

void clew_write_trace_id(struct clew_json_writer *w, const struct clew_trace_id *id);
void clew_write_span_id(struct clew_json_writer *w, const struct clew_span_id *id);
/* RFC 3339; null for 0. */
void clew_write_time(struct clew_json_writer *w, uint64_t unix_ns);
/* A string, or null when it is empty. */
void clew_write_text(struct clew_json_writer *w, struct clew_slice text);
/* {"in":..,"out":.., and what else was reported}. */
void clew_write_tokens(struct clew_json_writer *w, const struct clew_tokens *tokens);
/* Any OTLP value; nested ones as JSON arrays and objects, bytes as {"bytes":"base64"}. */
void clew_write_value(struct clew_json_writer *w, const struct clew_value *value);

#endif
