/*
 * Files that are not text: OTLP protobuf, and the zip archives that Inspect writes (.eval).
 */
#ifndef CLEW_QUERY_CLI_IMPORT_BINARY_H
#define CLEW_QUERY_CLI_IMPORT_BINARY_H

#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "query/cli/input.h"

#include <stdint.h>

/* A zip archive is read whole; more is a case for clew import of each log's JSON. */
#define CLEW_IMPORT_ZIP_MAX ((size_t)1 << 30)

enum clew_import_kind {
        CLEW_IMPORT_TEXT,
        CLEW_IMPORT_PROTOBUF, /* one TracesData, or several, one after the other */
        CLEW_IMPORT_FRAMED,   /* each request behind its length in 4 bytes, as collectors write */
        CLEW_IMPORT_ZIP,
};

/* What @in begins with; nothing is taken. 0 or a negative errno. */
CLEW_MUST_USE int clew_import_kind(struct clew_input *in, enum clew_import_kind *ret,
                                   struct clew_error *err);

/* What is done with each part; an error that it returns ends the file. */
struct clew_import_sink {
        void *context;
        /* A request of traces or logs, as protobuf; @number from 1. */
        int (*request)(void *context, struct clew_slice request, uint64_t number,
                       struct clew_error *err);
        /* A document of JSON, @name says which. */
        int (*document)(void *context, struct clew_slice json, struct clew_slice name,
                        struct clew_error *err);
        /* A part that cannot be read: told, the rest goes on. */
        void (*bad)(void *context, struct clew_slice name, uint64_t number,
                    const struct clew_error *err);
};

/* Hands on one ResourceSpans, or one framed request, after the other. 0, what the sink returned, or
 * a negative errno. */
CLEW_MUST_USE int clew_import_protobuf(struct clew_input *in, enum clew_import_kind kind,
                                       const struct clew_import_sink *sink, struct clew_error *err);

/* Hands on each sample of the Inspect log in the archive at @path, in a document of its own. */
CLEW_MUST_USE int clew_import_eval(const char *path, const struct clew_import_sink *sink,
                                   struct clew_error *err);

#endif
