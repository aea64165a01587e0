/*
 * JSON, read and written piecewise.
 *
 * The reader is a pull reader over a slice: each clew_json_next() gives one token, and text is not
 * decoded until somebody asks. No allocation, no recursion, bounded depth. It is made for trace
 * data, which holds JSON that was cut at a length limit: whatever happens, *the tokens form one
 * balanced value*. When the input ends early or is wrong, the reader closes what is open (a key
 * without a value gets a null, an unfinished string or number is given as far as it goes, with
 * `cut` set, an unfinished key is left out) and only then returns CLEW_JSON_END. A consumer
 * therefore needs no code of its own for damage; r->status says afterwards, or at any time, how the
 * input was.
 *
 * Tolerated without complaint: duplicate keys, control characters and NUL and invalid UTF-8 inside
 * strings (bytes are passed through), NaN, Infinity and -Infinity as numbers, leading zeros,
 * unknown escapes (kept as written). A lone surrogate escape decodes to U+FFFD.
 *
 *     struct clew_json_reader r = clew_json_reader_make(text, CLEW_JSON_DEPTH_DEFAULT);
 *     if (clew_json_next(&r) != CLEW_JSON_OBJECT_BEGIN) ...
 *     while (clew_json_next_member(&r)) {           // r.text is the key
 *             if (clew_json_text_is(&r, "role")) {
 *                     clew_json_next(&r);           // the value's first token
 *                     role = clew_json_string(&r, arena);
 *             } else {
 *                     clew_json_skip(&r);           // the whole value
 *             }
 *     }
 *
 * A member's value must be read (or skipped) wholly before the next member is asked for.
 */
#ifndef CLEW_PROTO_BASE_JSON_H
#define CLEW_PROTO_BASE_JSON_H

#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Deepest nesting the reader can be asked to follow: one bit a level. OTLP/JSON needs 4 levels for
 * each of 32 nested values and 20 around them. */
#define CLEW_JSON_DEPTH_MAX 192u
/* For text that a model wrote; real messages and tool arguments nest below 20. */
#define CLEW_JSON_DEPTH_DEFAULT 64u

enum clew_json_token {
        CLEW_JSON_END, /* no more tokens; see the status */
        CLEW_JSON_OBJECT_BEGIN,
        CLEW_JSON_OBJECT_END,
        CLEW_JSON_ARRAY_BEGIN,
        CLEW_JSON_ARRAY_END,
        CLEW_JSON_KEY,    /* text = what is between the quotes */
        CLEW_JSON_STRING, /* text = what is between the quotes */
        CLEW_JSON_NUMBER, /* text = the number */
        CLEW_JSON_TRUE,
        CLEW_JSON_FALSE,
        CLEW_JSON_NULL,
};

enum clew_json_status {
        CLEW_JSON_READING,   /* nothing wrong so far */
        CLEW_JSON_COMPLETE,  /* one whole value and nothing but white space behind it */
        CLEW_JSON_TRUNCATED, /* the input ended inside the value (or was empty) */
        CLEW_JSON_MALFORMED, /* not JSON from error_offset on */
        CLEW_JSON_TOO_DEEP,  /* nested deeper than max_depth */
};

struct clew_json_reader {
        /* Of the latest token: */
        enum clew_json_token token;
        bool escaped;           /* text holds escapes: decode it */
        bool cut;               /* text or value is incomplete: the input ended inside it */
        struct clew_slice text; /* raw; borrowed from the input */
        size_t offset;          /* of the token's first byte */
        unsigned depth;         /* containers open after the token */

        enum clew_json_status status;
        size_t error_offset;      /* when status is TRUNCATED, MALFORMED or TOO_DEEP */
        const char *error_reason; /* static English text for it, "" otherwise */

        /* Private: */
        const uint8_t *start;
        const uint8_t *at;
        const uint8_t *end;
        unsigned max_depth;
        uint8_t expect;
        uint64_t is_array[CLEW_JSON_DEPTH_MAX / 64];
};

/* @max_depth is at most CLEW_JSON_DEPTH_MAX (more is taken as that). */
struct clew_json_reader clew_json_reader_make(struct clew_slice input, unsigned max_depth);
/* Before the first token: passes over a byte order mark, which some programs write first. */
void clew_json_skip_mark(struct clew_json_reader *r);

/* The next token; after the end it stays CLEW_JSON_END. */
enum clew_json_token clew_json_next(struct clew_json_reader *r);

/* Inside an object: moves to the next key (token KEY). False when the object has ended. */
CLEW_MUST_USE bool clew_json_next_member(struct clew_json_reader *r);
/* Inside an array: moves to the next element's first token. False when the array has ended. */
CLEW_MUST_USE bool clew_json_next_element(struct clew_json_reader *r);

/* After KEY: skips the whole value. After the first token of a value: skips the rest of it. */
void clew_json_skip(struct clew_json_reader *r);
/* As skip, and returns the value's raw text from its first to its last byte (as far as it goes). */
struct clew_slice clew_json_take(struct clew_json_reader *r);

/* Whether the KEY or STRING just read is @s, escapes considered. */
CLEW_MUST_USE bool clew_json_text_is(const struct clew_json_reader *r, const char *s);

/*
 * The decoded text of the KEY or STRING just read: borrowed from the input when it has no escapes,
 * else a copy in @arena. Null slice when the arena is exhausted, or for other tokens.
 */
struct clew_slice clew_json_string(const struct clew_json_reader *r, struct clew_arena *arena);
/* Appends the decoded text of the KEY or STRING just read. */
void clew_json_append_string(const struct clew_json_reader *r, struct clew_buffer *out);

/* Decodes escapes from @raw into @ret, which has room for raw.len + 8 bytes; returns the length. */
size_t clew_json_decode(struct clew_slice raw, uint8_t *ret);

/* How many bytes of @raw, which begins with a backslash, are the escape there, as it is decoded;
 * *ret_len is what it stands for. */
size_t clew_json_escape_len(struct clew_slice raw, size_t *ret_len);

/* The NUMBER just read, or a STRING that spells one (64-bit integers travel so). A number with a
 * fraction or exponent is an integer when its value is whole and in range. False otherwise. */
CLEW_MUST_USE bool clew_json_int64(const struct clew_json_reader *r, int64_t *ret);
CLEW_MUST_USE bool clew_json_uint64(const struct clew_json_reader *r, uint64_t *ret);
CLEW_MUST_USE bool clew_json_double(const struct clew_json_reader *r, double *ret);

/* "truncated at byte 120: the text ends inside a string" into @err; returns -EBADMSG, or -E2BIG
 * for TOO_DEEP, or 0 when the status is READING or COMPLETE. */
struct clew_error;
int clew_json_reader_error(const struct clew_json_reader *r, struct clew_error *err);

/*
 * The writer appends to a buffer whose error is tested once at the end. It places commas; it is the
 * caller's duty to write one value per key. Output is valid UTF-8 whatever goes in: broken parts
 * become U+FFFD. What acts on a screen or cannot be seen (clew_utf8_is_hidden()) is escaped, so
 * that the output may be printed, and reads back exactly.
 */
struct clew_json_writer {
        struct clew_buffer *out; /* borrowed */
        unsigned depth;
        unsigned indent; /* spaces a level; 0 = all on one line */
        bool verbatim; /* only what JSON demands is escaped: for text that is escaped again later */
        bool need_comma;
        bool after_key;
};

struct clew_json_writer clew_json_writer_make(struct clew_buffer *out, unsigned indent);

void clew_json_write_object_begin(struct clew_json_writer *w);
void clew_json_write_object_end(struct clew_json_writer *w);
void clew_json_write_array_begin(struct clew_json_writer *w);
void clew_json_write_array_end(struct clew_json_writer *w);
void clew_json_write_key(struct clew_json_writer *w, const char *key);
void clew_json_write_key_slice(struct clew_json_writer *w, struct clew_slice key);
void clew_json_write_string(struct clew_json_writer *w, struct clew_slice s);
void clew_json_write_cstr(struct clew_json_writer *w, const char *s); /* NULL writes null */
void clew_json_write_int64(struct clew_json_writer *w, int64_t v);
void clew_json_write_uint64(struct clew_json_writer *w, uint64_t v);
/* As strings: what JavaScript would round. */
void clew_json_write_int64_string(struct clew_json_writer *w, int64_t v);
void clew_json_write_uint64_string(struct clew_json_writer *w, uint64_t v);
/* Shortest text that reads back equal; "NaN", "Infinity", "-Infinity" as strings. */
void clew_json_write_double(struct clew_json_writer *w, double v);
void clew_json_write_bool(struct clew_json_writer *w, bool v);
void clew_json_write_null(struct clew_json_writer *w);
void clew_json_write_hex(struct clew_json_writer *w, struct clew_slice bytes);
void clew_json_write_base64(struct clew_json_writer *w, struct clew_slice bytes);
/* The scalar that @r has just read, again as JSON: a string decoded and escaped anew, a number as
 * it stands, or, when it is none of RFC 8259 ("NaN", "007"), by its value; null for other tokens.
 */
void clew_json_write_token(struct clew_json_writer *w, const struct clew_json_reader *r);
/* One value that is JSON already, and ours: text from elsewhere goes through write_token. */
void clew_json_write_raw(struct clew_json_writer *w, struct clew_slice json);

/* Appends @s escaped, without quotes. */
void clew_json_escape(struct clew_slice s, struct clew_buffer *out);

#endif
