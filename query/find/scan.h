/*
 * Searching the raw spans of a trace: by attribute, and for plain text.
 *
 * What the tables of the model do not know is still data. A condition looks at every attribute of
 * spans, their events and links, scopes, resources and log records, as they were sent. A trace
 * passes when each key that is asked for has one of the values asked for with it, somewhere in the
 * trace, and each text occurs somewhere (query/find/text.h). One pass over the bytes for keys, one
 * for each text; they end as soon as all is found.
 */
#ifndef CLEW_QUERY_SCAN_H
#define CLEW_QUERY_SCAN_H

#include "proto/base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Conditions of one search; found ones are bits of a word. */
#define CLEW_SCAN_CONDITIONS_MAX 64u

struct clew_scan_attribute {
        struct clew_slice key;   /* borrowed */
        struct clew_slice value; /* null: any value */
        bool prefix;             /* the value is only the beginning */
};

struct clew_scan {
        struct clew_scan_attribute attributes[CLEW_SCAN_CONDITIONS_MAX];
        size_t n_attributes;
        struct clew_slice texts[CLEW_SCAN_CONDITIONS_MAX]; /* borrowed; found as people see them */
        size_t n_texts;
        bool ignore_case; /* of texts */
};

/* Adds `KEY` or `KEY=VALUE` (a value that ends in '*' is a prefix); @text is borrowed. False when
 * the key is empty or there are too many. */
bool clew_scan_add_attribute(struct clew_scan *scan, const char *text);
bool clew_scan_add_text(struct clew_scan *scan, const char *text);

static inline bool clew_scan_is_empty(const struct clew_scan *scan)
{
        return scan->n_attributes == 0 && scan->n_texts == 0;
}

/* Keys of this many bytes and less are compared with those that were asked for. */
#define CLEW_SCAN_NEAR_BYTES_MAX 64u

/* What a search has met so far, over many traces: for telling a mistyped key. Begins zeroed. */
struct clew_scan_met {
        uint64_t keys; /* bit i: the key of attribute condition i was met, with any value */
        char near[CLEW_SCAN_CONDITIONS_MAX]
                 [CLEW_SCAN_NEAR_BYTES_MAX + 1]; /* a key like it, or "" */
        uint64_t compared[256]; /* hashes of keys that were compared, the latest of each place */
};

/* Whether the trace passes. @traces and @logs are encoded TracesData and LogsData. @met (may be
 * NULL) is added to. */
bool clew_scan_matches(const struct clew_scan *scan, struct clew_slice traces,
                       struct clew_slice logs, struct clew_scan_met *met);

#endif
