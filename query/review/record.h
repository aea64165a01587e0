/*
 * Keys and forms of what this room keeps on the store's shelf; README.md has the table.
 */
#ifndef CLEW_QUERY_REVIEW_RECORD_H
#define CLEW_QUERY_REVIEW_RECORD_H

#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/base/ids.h"
#include "proto/base/json.h"
#include "proto/base/slice.h"
#include "storage/shelf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* First bytes of keys. 'H' is the store's own. */
#define CLEW_KIND_ANNOTATION CLEW_SHELF_ANNOTATION /* trace id, number */
#define CLEW_KIND_NUMBER CLEW_SHELF_NUMBER         /* number -> key of that annotation */
#define CLEW_KIND_SESSION                                                                          \
        CLEW_SHELF_OF_SESSION              /* content id of the session, number: its annotations */
#define CLEW_KIND_RUBRIC CLEW_SHELF_RUBRIC /* content id of the name, version */
#define CLEW_KIND_DATASET CLEW_SHELF_DATASET /* content id of the name, number: what was done */
#define CLEW_KIND_EXPERIMENT                                                                       \
        CLEW_SHELF_EXPERIMENT          /* content id of the name, number: what was done */
#define CLEW_KIND_BLOB CLEW_SHELF_BLOB /* content id -> the content */
#define CLEW_KIND_WRITER                                                                           \
        CLEW_SHELF_WRITER     /* at a reader: above numbers -> name (history-int.h)                \
                               */
#define CLEW_KIND_VERDICT 'V' /* content id of input, judge and rubric -> its answer */

/* Names of labels, scores, authors, rubrics, datasets, experiments. */
#define CLEW_NAME_BYTES_MAX 128u

/* The first 16 bytes of a SHA-256: the name of a content that others may have chosen. */
struct clew_content_id {
        uint8_t bytes[16];
};
#define CLEW_CONTENT_ID_HEX 33u

struct clew_content_id clew_content_id_of(struct clew_slice s);
void clew_content_id_to_hex(const struct clew_content_id *id, char ret[CLEW_CONTENT_ID_HEX]);

struct clew_review_key {
        uint8_t bytes[CLEW_SHELF_KEY_MAX];
        size_t len;
};

static inline struct clew_slice clew_review_key_slice(const struct clew_review_key *k)
{
        return clew_slice_make(k->bytes, k->len);
}

struct clew_review_key clew_review_key_make(char kind, const uint8_t id[16]);
/* @number behind the key, big-endian. */
void clew_review_key_add(struct clew_review_key *k, uint64_t number);
struct clew_review_key clew_review_key_number(uint64_t number);
/* The number at the end of a key. */
uint64_t clew_review_key_last(struct clew_slice key);

/* Puts magic, version and @kind before @body and encodes it for the shelf. 0, -ENOMEM, -EMSGSIZE.
 */
CLEW_MUST_USE int clew_review_seal(char kind, struct clew_slice body, struct clew_buffer *out);
/* The same for a content that was changed under its id, by deletion or redaction: it does not give
 * that id any more. */
CLEW_MUST_USE int clew_review_seal_changed(char kind, struct clew_slice body,
                                           struct clew_buffer *out);
/* Makes a value such a one, in place. */
void clew_review_mark_changed(uint8_t *value, size_t n);
/* Bytes before the body of a stored value; 0 when it is none of ours. */
size_t clew_review_head(struct clew_slice value);
/* Whether a stored value is such a one. */
bool clew_review_is_changed(struct clew_slice value);
/* The body of a stored value; false when it is not a record of @kind of this version. */
CLEW_MUST_USE bool clew_review_unseal(struct clew_slice value, char kind, struct clew_slice *ret);

/* A usable name: 1 to CLEW_NAME_BYTES_MAX bytes of UTF-8 without blanks, controls, '@', ',' and
 * '='. */
CLEW_MUST_USE bool clew_name_is_good(struct clew_slice name);
/* The parts of NAME or @WRITER:NAME (history-int.h), of which @ret_writer is empty in the first;
 * false when it is neither. */
CLEW_MUST_USE bool clew_name_split(struct clew_slice text, struct clew_slice *ret_writer,
                                   struct clew_slice *ret_name);
/* Whether @b could be a slip of the pen for @a. */
CLEW_MUST_USE bool clew_name_is_near(struct clew_slice a, struct clew_slice b);

/* ---- reading JSON from people and files ------------------------------------------------------ */

/* The value behind KEY: a string's text, decoded into @arena. False when it is something else, or
 * not UTF-8. */
CLEW_MUST_USE bool clew_take_text(struct clew_json_reader *r, struct clew_arena *arena,
                                  struct clew_slice *ret);
CLEW_MUST_USE bool clew_take_uint(struct clew_json_reader *r, uint64_t *ret);
CLEW_MUST_USE bool clew_take_bool(struct clew_json_reader *r, bool *ret);
/* A string of 2 * @n hex digits. */
CLEW_MUST_USE bool clew_take_hex(struct clew_json_reader *r, struct clew_arena *arena, uint8_t *ret,
                                 size_t n);

/* ---- writing what is kept -------------------------------------------------------------------- */

/* The member @key, unless @text is empty: what is not there is not written. */
void clew_keep_text(struct clew_json_writer *w, const char *key, struct clew_slice text);
/* The same for a list of texts. */
void clew_keep_texts(struct clew_json_writer *w, const char *key, const struct clew_slice *texts,
                     uint32_t n);
void clew_keep_hex(struct clew_json_writer *w, const char *key, const uint8_t *id, size_t n);

#endif
