#include "query/model/left-out.h"

#include "proto/base/cursor.h"
#include "proto/base/hash.h"
#include "proto/base/sha256.h"
#include "proto/base/utf8.h"
#include "proto/otlp/wire.h"

#include <string.h>

#define NOTE_VERSION 1u
#define NOTE_BYTES_MAX ((size_t)1 << 20)

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

struct clew_slice clew_stand_in_show(struct clew_slice text, struct clew_arena *arena)
{
        struct clew_slice in = inside(text);
        struct clew_slice shown;
        char hex[9] = "";

        if (!clew_stand_in_is(in))
                return text;
        for (size_t i = 0; i < in.len && i < sizeof(hex) - 1; i++) {
                int digit = digit_of(in.data[i]);

                if (digit < 0)
                        break;
                hex[i] = "0123456789abcdef"[digit];
        }
        shown = clew_arena_printf(arena, "[%zu byte%s left out, #%s]", text.len,
                                  text.len == 1 ? "" : "s", hex);
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
