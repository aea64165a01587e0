#include "query/model/left-out.h"

#include "proto/base/cursor.h"
#include "proto/base/hash.h"
#include "proto/base/sha256.h"
#include "proto/base/utf8.h"
#include "proto/otlp/wire.h"

#include <string.h>

#define NOTE_VERSION 1u
#define NOTE_BYTES_MAX ((size_t)1 << 20)
/* A stand-in within JSON that is shorter may be a text that stayed: "?", "...". */
#define WITHIN_BYTES_MIN 4u
#define SHOWN_BYTES_MAX ((size_t)256 << 20)

/* None of them is a letter, a digit, a quote, a bracket, or the beginning of a formula. */
static const char signs[16] = {'!', '#', '$', '%', '&', '(', ')', '*',
                               '.', '/', ':', ';', '?', '^', '_', '|'};

/* ---- stand-ins ------------------------------------------------------------------------------- */

static uint64_t seed_of(const uint8_t key[CLEW_LEFT_OUT_KEY_BYTES], size_t at)
{
        uint64_t seed;

        memcpy(&seed, key + at, sizeof(seed));
        return seed;
}

/* SHA-256 over two keyed sums of the text, not over the text: the history of a run is hashed with
 * every call, and who knows the key could try texts either way. */
void clew_stand_in_put(const uint8_t key[CLEW_LEFT_OUT_KEY_BYTES], uint8_t *text, size_t n)
{
        uint64_t sums[3] = {n, clew_hash_seeded(clew_slice_make(text, n), seed_of(key, 0)),
                            clew_hash_seeded(clew_slice_make(text, n), seed_of(key, 8))};
        size_t head = n < CLEW_STAND_IN_HASH_BYTES ? n : CLEW_STAND_IN_HASH_BYTES;
        uint8_t digest[CLEW_SHA256_BYTES];
        struct clew_sha256 h;

        clew_sha256_init(&h);
        clew_sha256_add(&h, clew_slice_make(key, CLEW_LEFT_OUT_KEY_BYTES));
        clew_sha256_add(&h, clew_slice_make(sums, sizeof(sums)));
        clew_sha256_end(&h, digest);
        for (size_t i = 0; i < head; i++)
                text[i] = (uint8_t)signs[digest[i / 2] >> (i % 2 ? 0 : 4) & 15];
        if (n > head)
                memset(text + head, CLEW_STAND_IN_FILL, n - head);
}

static int digit_of(uint8_t c)
{
        const char *p = c ? memchr(signs, c, sizeof(signs)) : NULL;

        return p ? (int)(p - signs) : -1;
}

bool clew_stand_in_is(struct clew_slice text)
{
        size_t head = text.len < CLEW_STAND_IN_HASH_BYTES ? text.len : CLEW_STAND_IN_HASH_BYTES;

        for (size_t i = 0; i < head; i++) {
                if (digit_of(text.data[i]) < 0)
                        return false;
        }
        for (size_t i = head; i < text.len; i++) {
                if (text.data[i] != CLEW_STAND_IN_FILL)
                        return false;
        }
        return text.len > 0;
}

/* {"...":0}, ["..."] */
static struct clew_slice inside(struct clew_slice text)
{
        bool is_list = text.len > 4 && text.data[0] == '[' && text.data[1] == '"';
        bool is_object = text.len > 6 && text.data[0] == '{' && text.data[1] == '"';
        const char *tail = is_list ? "\"]" : "\":0}";
        size_t n = strlen(tail);

        if ((!is_list && !is_object) || memcmp(text.data + text.len - n, tail, n) != 0)
                return text;
        return clew_slice_make(text.data + 2, text.len - 2 - n);
}

/* "[1234 bytes left out, #3f0a91c2]" for @bytes bytes, of which @in is the stand-in. */
static void print(struct clew_slice in, size_t bytes, struct clew_buffer *out)
{
        char hex[9] = "";

        for (size_t i = 0; i < in.len && i < sizeof(hex) - 1; i++) {
                int digit = digit_of(in.data[i]);

                if (digit < 0)
                        break;
                hex[i] = "0123456789abcdef"[digit];
        }
        clew_buffer_printf(out, "[%zu byte%s left out, #%s]", bytes, bytes == 1 ? "" : "s", hex);
}

/* The string of JSON that begins at @at, without its quotes; false when it does not end. */
static bool read_string(struct clew_slice text, size_t at, struct clew_slice *ret)
{
        for (size_t i = at + 1; i < text.len; i++) {
                if (text.data[i] == '\\') {
                        i++;
                } else if (text.data[i] == '"') {
                        *ret = clew_slice_make(text.data + at + 1, i - at - 1);
                        return true;
                }
        }
        return false;
}

/* {"...":0} in the place of an object: how much of @text from the string on is its end. */
static size_t object_end(struct clew_slice text, struct clew_slice string)
{
        const uint8_t *behind = string.data + string.len;
        bool is = string.data - text.data >= 2 && string.data[-2] == '{' &&
                  (size_t)(text.data + text.len - behind) >= 4 && memcmp(behind, "\":0}", 4) == 0;

        return is ? 4 : 0;
}

/* JSON in which stand-ins are values. */
static void show_within(struct clew_slice text, struct clew_buffer *out)
{
        size_t done = 0;

        for (size_t at = 0; at < text.len; at++) {
                struct clew_slice string;
                size_t object;

                if (text.data[at] != '"')
                        continue;
                if (!read_string(text, at, &string))
                        break;
                at += string.len + 1;
                if (string.len < WITHIN_BYTES_MIN || !clew_stand_in_is(string))
                        continue;
                object = object_end(text, string);
                clew_buffer_append(out, text.data + done,
                                   (size_t)(string.data - text.data) - done - (object ? 2 : 0));
                clew_buffer_append_cstr(out, object ? "\"" : "");
                print(string, string.len + (object ? object + 2 : 0), out);
                clew_buffer_append_cstr(out, "\"");
                done = (size_t)(string.data + string.len - text.data) + (object ? object : 1);
                at = done - 1;
        }
        if (done > 0)
                clew_buffer_append(out, text.data + done, text.len - done);
}

struct clew_slice clew_stand_in_show(struct clew_slice text, struct clew_arena *arena)
{
        struct clew_slice in = inside(text);
        struct clew_slice shown = CLEW_SLICE_NULL;
        CLEW_BUFFER out = {0};

        clew_buffer_init(&out, SHOWN_BYTES_MAX);
        if (clew_stand_in_is(in))
                print(in, text.len, &out);
        else if (text.len > 0 && (text.data[0] == '{' || text.data[0] == '['))
                show_within(text, &out);
        if (out.len > 0 && clew_buffer_error(&out) == 0)
                shown = clew_arena_copy(arena, clew_buffer_slice(&out));
        return shown.len > 0 ? shown : text;
}

/* ---- notes ----------------------------------------------------------------------------------- */

static void put(struct clew_buffer *out, struct clew_slice bytes)
{
        clew_buffer_append_varint(out, bytes.len);
        clew_buffer_append_slice(out, bytes);
}

static struct clew_slice get(struct clew_cursor *c)
{
        return clew_cursor_bytes(c, clew_cursor_varint(c));
}

int clew_left_out_write(const struct clew_left_out_note *note, struct clew_buffer *out)
{
        CLEW_BUFFER body = {0};

        clew_buffer_init(&body, NOTE_BYTES_MAX);
        clew_buffer_append_varint(&body, NOTE_VERSION);
        clew_buffer_append_varint(&body, note->time_ns);
        clew_buffer_append_varint(&body, note->items);
        clew_buffer_append_varint(&body, note->texts);
        clew_buffer_append_varint(&body, note->bytes);
        put(&body, clew_utf8_cut(note->rule, CLEW_LEFT_OUT_RULE_MAX));
        put(&body, note->summary);
        put(&body, note->why);
        put(&body, note->run.summary);
        put(&body, note->run.why);
        if (clew_buffer_error(&body) < 0)
                return clew_buffer_error(&body);
        clew_buffer_append_varint(out, CLEW_FIELD_DATA_LEFT_OUT << 3 | CLEW_WIRE_BYTES);
        clew_buffer_append_varint(out, body.len);
        clew_buffer_append_slice(out, clew_buffer_slice(&body));
        return clew_buffer_error(out);
}

static bool read_note(struct clew_slice bytes, struct clew_left_out_note *ret)
{
        struct clew_cursor c = clew_cursor_make(bytes);
        struct clew_left_out_note n = {0};

        if (clew_cursor_varint(&c) != NOTE_VERSION)
                return false;
        n.time_ns = clew_cursor_varint(&c);
        n.items = clew_cursor_varint(&c);
        n.texts = clew_cursor_varint(&c);
        n.bytes = clew_cursor_varint(&c);
        n.rule = get(&c);
        n.summary = get(&c);
        n.why = get(&c);
        n.run.summary = get(&c);
        n.run.why = get(&c);
        if (c.failed)
                return false;
        *ret = n;
        return true;
}

bool clew_left_out_next(struct clew_slice traces, size_t *at, struct clew_left_out_note *ret)
{
        struct clew_cursor c = clew_cursor_make(clew_slice_from(traces, *at));
        struct clew_field f;

        while (clew_field_next(&c, &f)) {
                *at = traces.len - clew_cursor_left(&c);
                if (f.number == CLEW_FIELD_DATA_LEFT_OUT && f.wire == CLEW_WIRE_BYTES &&
                    read_note(f.bytes, ret))
                        return true;
        }
        return false;
}

bool clew_left_out_is_joined(struct clew_slice traces)
{
        struct clew_left_out_note note;
        size_t at = 0;

        return clew_left_out_next(traces, &at, &note) && clew_left_out_next(traces, &at, &note);
}

struct clew_slice clew_left_out_behind(struct clew_slice traces)
{
        struct clew_cursor c = clew_cursor_make(traces);
        struct clew_field f;
        size_t behind = 0;

        while (clew_field_next(&c, &f) && f.number == CLEW_FIELD_DATA_LEFT_OUT)
                behind = traces.len - clew_cursor_left(&c);
        return clew_slice_from(traces, behind);
}
