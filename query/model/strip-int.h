/*
 * What is a text and what is not, by key; and JSON, whose parts are judged each.
 */
#ifndef CLEW_QUERY_MODEL_STRIP_INT_H
#define CLEW_QUERY_MODEL_STRIP_INT_H

#include "proto/base/compiler.h"
#include "proto/base/slice.h"
#include "query/model/left-out.h"

#include <stdbool.h>
#include <stdint.h>

/* How values of a key are taken. */
enum clew_strip_class {
        CLEW_STRIP_LABEL,    /* nobody knows the key: short values stay */
        CLEW_STRIP_ERROR,    /* what an error says: a text, unless it decides what it is */
        CLEW_STRIP_NAME,     /* it feeds a name, an id, a number: values of up to a line stay */
        CLEW_STRIP_MESSAGES, /* texts with a form: roles, ids of calls and names of tools stay */
        CLEW_STRIP_TEXT,     /* nothing of it stays */
};

/* A label: so short, on one line, of so few words. */
#define CLEW_STRIP_LABEL_BYTES_MAX 64u
#define CLEW_STRIP_LABEL_BLANKS_MAX 3u
/* What feeds a name is one, if it is no longer. */
#define CLEW_STRIP_NAME_BYTES_MAX 1024u
/* Of what an error says, if it has to: what a summary keeps of it. */
#define CLEW_STRIP_ERROR_BYTES_MAX 160u
/* Paths within JSON that rows of the tables name are shorter. */
#define CLEW_STRIP_PATH_MAX 128u

/* Of an attribute; @event (may be empty) is the name of the event or log record that it stands in.
 */
enum clew_strip_class clew_strip_class_of(struct clew_slice event, struct clew_slice key);
/* Of a member of JSON under @key, which is of @outer: @path ("usage.0.total"), its last name. */
enum clew_strip_class clew_strip_class_of_member(enum clew_strip_class outer, struct clew_slice key,
                                                 struct clew_slice path, struct clew_slice name);
bool clew_strip_is_label(struct clew_slice text);
bool clew_strip_is_line(struct clew_slice text);
/* Whether a text stays, by its class. */
bool clew_strip_stays(enum clew_strip_class class, struct clew_slice text);
/* Whether the value of a member of texts says how something went. */
bool clew_strip_is_told(struct clew_slice name, struct clew_slice text);
/* Whether a member of that name, with that value (empty: true, or a number), is worth taking its
 * container apart: it has a form, says how something went, or a row of the tables for @key may want
 * it. */
bool clew_strip_is_formed(enum clew_strip_class class, struct clew_slice key,
                          struct clew_slice name, struct clew_slice text);
static inline bool clew_strip_is_closed(enum clew_strip_class class)
{
        return class == CLEW_STRIP_TEXT || class == CLEW_STRIP_MESSAGES ||
               class == CLEW_STRIP_ERROR;
}
/* Whether the name of a member stays. */
bool clew_strip_name_stays(enum clew_strip_class class, struct clew_slice name);

struct clew_strip_work {
        const uint8_t *key; /* of hashes */
        bool is_second;     /* of what was left out before: stand-ins stay as they are */
        bool keeps_errors;  /* the first line of what an error says decides what it is */
        uint64_t n_texts;
        uint64_t n_bytes;
};

/* Puts a stand-in in the place of @text, of which the memory may be written to. */
void clew_strip_replace(struct clew_strip_work *w, struct clew_slice text);
/* The same of what an error says: its first line may stay. */
void clew_strip_error(struct clew_strip_work *w, struct clew_slice text);
/* The texts in one that may be JSON, or all of it. */
void clew_strip_text(struct clew_strip_work *w, enum clew_strip_class class, struct clew_slice key,
                     struct clew_slice text);
/* All texts of TracesData or LogsData, of which the memory may be written to. 0 or -EBADMSG. */
CLEW_MUST_USE int clew_strip_data(struct clew_strip_work *w, bool logs, struct clew_slice data);

#endif
