/* The writer's half of json.h: commas, indentation, escaping. */
#include "proto/base/json.h"

#include "proto/base/base64.h"
#include "proto/base/ids.h"
#include "proto/base/number.h"
#include "proto/base/utf8.h"

/* Bytes escaped at a time: each may become six, and room for all is asked for at once. */
#define ESCAPE_PIECE 1024u
#define ESCAPED_BYTES_MAX 6u
#define QUOTED_AT_ONCE 128u

/* What of a byte the escaper has to look at. */
enum { PLAIN = 0, ESCAPE = 1, WIDE = 2 };

static inline unsigned char_class(uint8_t c)
{
        if (c >= 0x80)
                return WIDE;
        return c < 0x20 || c == '"' || c == '\\' || c == 0x7f ? ESCAPE : PLAIN;
}

#define ONES UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

static inline uint64_t mark(uint64_t word, uint8_t byte)
{
        uint64_t x = word ^ (ONES * byte);

        return (x - ONES) & ~x & HIGHS;
}

/* True when none of the eight bytes at @p needs a look (no borrow can hide one: any hit ends it).
 */
static inline bool eight_plain(const uint8_t *p)
{
        uint64_t word;

        memcpy(&word, p, sizeof(word));
        /* Bytes below 0x20 borrow into their high bit; bytes from 0x80 on have it. */
        return !(((word - ONES * 0x20) | word | mark(word, '"') | mark(word, '\\') |
                  mark(word, 0x7f)) &
                 HIGHS);
}

/* Writes the escape of @c; at most 6 bytes. */
static uint8_t *put_escape(uint8_t *p, uint8_t c)
{
        static const char hex[] = "0123456789abcdef";
        static const uint8_t names[256] = {
                ['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
                ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't',
        };

        *p++ = '\\';
        if (names[c]) {
                *p++ = names[c];
                return p;
        }
        memcpy(p, "u00", 3);
        p[3] = (uint8_t)hex[c >> 4];
        p[4] = (uint8_t)hex[c & 15];
        return p + 5;
}

static uint8_t *put_unit(uint8_t *p, uint32_t unit)
{
        static const char hex[] = "0123456789abcdef";

        *p++ = '\\';
        *p++ = 'u';
        for (int shift = 12; shift >= 0; shift -= 4)
                *p++ = (uint8_t)hex[unit >> shift & 15];
        return p;
}

/* Writes one code point, or its escape, or U+FFFD; at most 6 bytes for the 2 or 3 that it has, 12
 * for 4. Moves *at behind it. */
static uint8_t *put_wide(uint8_t *p, const uint8_t **at, const uint8_t *end, bool verbatim)
{
        struct clew_slice rest = clew_slice_make(*at, (size_t)(end - *at));
        size_t n = rest.len;
        bool valid;
        uint32_t c = clew_utf8_next(&rest, &valid);

        n -= rest.len;
        if (!valid) {
                memcpy(p, "\xef\xbf\xbd", 3);
                p += 3;
        } else if (c == 0x2028 || c == 0x2029 || (!verbatim && clew_utf8_is_hidden(c))) {
                if (c >= 0x10000) {
                        p = put_unit(p, 0xd800 + ((c - 0x10000) >> 10));
                        c = 0xdc00 + ((c - 0x10000) & 0x3ff);
                }
                p = put_unit(p, c);
        } else {
                memcpy(p, *at, n);
                p += n;
        }
        *at += n;
        return p;
}

/* Escapes from *at until about @stop (a code point may reach over it). */
static uint8_t *put_escaped(uint8_t *p, const uint8_t **at, const uint8_t *stop, const uint8_t *end,
                            bool verbatim)
{
        const uint8_t *in = *at;

        while (in < stop) {
                if (stop - in >= 8 && eight_plain(in)) {
                        memcpy(p, in, 8);
                        p += 8;
                        in += 8;
                        continue;
                }
                /* The byte that stopped the eight is among these; ask again only behind it. */
                for (int i = 0; i < 8 && in < stop; i++) {
                        unsigned class = char_class(*in);

                        if (class == PLAIN) {
                                *p++ = *in++;
                                continue;
                        }
                        if (class == ESCAPE)
                                p = put_escape(p, *in++);
                        else
                                p = put_wide(p, &in, end, verbatim);
                        break;
                }
        }
        *at = in;
        return p;
}

static void escape(struct clew_slice s, struct clew_buffer *out, bool verbatim)
{
        const uint8_t *in = s.data;
        const uint8_t *end = s.data ? s.data + s.len : NULL;

        while (in < end) {
                size_t n = (size_t)(end - in) < ESCAPE_PIECE ? (size_t)(end - in) : ESCAPE_PIECE;
                uint8_t *start = clew_buffer_reserve(out, ESCAPED_BYTES_MAX * (n + 1));

                if (!start)
                        return;
                clew_buffer_commit(
                        out, (size_t)(put_escaped(start, &in, in + n, end, verbatim) - start));
        }
}

void clew_json_escape(struct clew_slice s, struct clew_buffer *out)
{
        escape(s, out, false);
}

struct clew_json_writer clew_json_writer_make(struct clew_buffer *out, unsigned indent)
{
        return (struct clew_json_writer){.out = out, .indent = indent};
}

/* As clew_buffer_append_byte(), without the call where there is room. */
static inline void put_byte(struct clew_buffer *out, uint8_t c)
{
        if (CLEW_LIKELY(out->len < out->capacity && !out->error))
                out->data[out->len++] = c;
        else
                clew_buffer_append_byte(out, c);
}

static void new_line(struct clew_json_writer *w)
{
        if (w->indent == 0)
                return;
        put_byte(w->out, '\n');
        for (unsigned i = 0; i < w->depth * w->indent; i++)
                put_byte(w->out, ' ');
}

/* Before each key and each value that is not behind a key. */
static void begin_item(struct clew_json_writer *w)
{
        if (w->after_key) {
                w->after_key = false;
        } else {
                if (w->need_comma)
                        put_byte(w->out, ',');
                if (w->depth > 0)
                        new_line(w);
        }
        w->need_comma = true;
}

static void begin_container(struct clew_json_writer *w, uint8_t bracket)
{
        begin_item(w);
        put_byte(w->out, bracket);
        w->depth++;
        w->need_comma = false;
}

static void end_container(struct clew_json_writer *w, uint8_t bracket)
{
        CLEW_ASSERT(w->depth > 0);
        w->depth--;
        if (w->need_comma)
                new_line(w);
        put_byte(w->out, bracket);
        w->need_comma = true;
        w->after_key = false;
}

void clew_json_write_object_begin(struct clew_json_writer *w)
{
        begin_container(w, '{');
}

void clew_json_write_object_end(struct clew_json_writer *w)
{
        end_container(w, '}');
}

void clew_json_write_array_begin(struct clew_json_writer *w)
{
        begin_container(w, '[');
}

void clew_json_write_array_end(struct clew_json_writer *w)
{
        end_container(w, ']');
}

static void append_quoted(struct clew_json_writer *w, struct clew_slice s)
{
        const uint8_t *in = s.data;
        uint8_t *start;
        uint8_t *p;

        if (s.len > 0 && s.len <= QUOTED_AT_ONCE) { /* names and most values */
                start = clew_buffer_reserve(w->out, ESCAPED_BYTES_MAX * (s.len + 1) + 2);
                if (!start)
                        return;
                *start = '"';
                p = put_escaped(start + 1, &in, in + s.len, in + s.len, w->verbatim);
                *p++ = '"';
                clew_buffer_commit(w->out, (size_t)(p - start));
                return;
        }
        put_byte(w->out, '"');
        escape(s, w->out, w->verbatim);
        put_byte(w->out, '"');
}

void clew_json_write_key_slice(struct clew_json_writer *w, struct clew_slice key)
{
        begin_item(w);
        append_quoted(w, key);
        put_byte(w->out, ':');
        if (w->indent)
                put_byte(w->out, ' ');
        w->after_key = true;
}

void clew_json_write_key(struct clew_json_writer *w, const char *key)
{
        clew_json_write_key_slice(w, clew_slice_of_cstr(key));
}

void clew_json_write_string(struct clew_json_writer *w, struct clew_slice s)
{
        begin_item(w);
        append_quoted(w, s);
}

void clew_json_write_cstr(struct clew_json_writer *w, const char *s)
{
        if (s)
                clew_json_write_string(w, clew_slice_of_cstr(s));
        else
                clew_json_write_null(w);
}

static void append_uint64(struct clew_buffer *out, uint64_t v)
{
        char text[20];

        clew_buffer_append(out, text, clew_format_uint64(v, text));
}

static void append_int64(struct clew_buffer *out, int64_t v)
{
        if (v < 0)
                put_byte(out, '-');
        append_uint64(out, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void clew_json_write_int64(struct clew_json_writer *w, int64_t v)
{
        begin_item(w);
        append_int64(w->out, v);
}

void clew_json_write_uint64(struct clew_json_writer *w, uint64_t v)
{
        begin_item(w);
        append_uint64(w->out, v);
}

void clew_json_write_int64_string(struct clew_json_writer *w, int64_t v)
{
        begin_item(w);
        put_byte(w->out, '"');
        append_int64(w->out, v);
        put_byte(w->out, '"');
}

void clew_json_write_uint64_string(struct clew_json_writer *w, uint64_t v)
{
        begin_item(w);
        put_byte(w->out, '"');
        append_uint64(w->out, v);
        put_byte(w->out, '"');
}

void clew_json_write_double(struct clew_json_writer *w, double v)
{
        char text[CLEW_DOUBLE_TEXT_MAX];
        size_t n = clew_format_double(v, text);

        if (text[n - 1] >= 'a' && text[n - 1] <= 'z') /* Infinity */
                clew_json_write_string(w, clew_slice_make(text, n));
        else if (text[0] == 'N')
                clew_json_write_cstr(w, "NaN");
        else
                clew_json_write_raw(w, clew_slice_make(text, n));
}

void clew_json_write_bool(struct clew_json_writer *w, bool v)
{
        begin_item(w);
        clew_buffer_append_cstr(w->out, v ? "true" : "false");
}

void clew_json_write_null(struct clew_json_writer *w)
{
        begin_item(w);
        clew_buffer_append_cstr(w->out, "null");
}

void clew_json_write_hex(struct clew_json_writer *w, struct clew_slice bytes)
{
        uint8_t *p;

        begin_item(w);
        put_byte(w->out, '"');
        p = clew_buffer_reserve(w->out, 2 * bytes.len + 1);
        if (p) {
                clew_hex_encode(bytes, (char *)p);
                clew_buffer_commit(w->out, 2 * bytes.len);
        }
        put_byte(w->out, '"');
}

void clew_json_write_base64(struct clew_json_writer *w, struct clew_slice bytes)
{
        begin_item(w);
        put_byte(w->out, '"');
        clew_base64_encode(bytes, w->out);
        put_byte(w->out, '"');
}

void clew_json_write_raw(struct clew_json_writer *w, struct clew_slice json)
{
        begin_item(w);
        clew_buffer_append_slice(w->out, json);
}

static bool is_digit(uint8_t c)
{
        return c >= '0' && c <= '9';
}

/* Digits from *at; their number. */
static size_t take_digits(struct clew_slice s, size_t *at)
{
        size_t from = *at;

        while (*at < s.len && is_digit(s.data[*at]))
                ++*at;
        return *at - from;
}

/* Whether @s is a number as RFC 8259 has it: the reader takes more than that. */
static bool is_number(struct clew_slice s)
{
        size_t at = s.len > 0 && s.data[0] == '-';
        size_t first = at;
        size_t n = take_digits(s, &at);

        if (n == 0 || (n > 1 && s.data[first] == '0'))
                return false;
        if (at < s.len && s.data[at] == '.') {
                at++;
                if (take_digits(s, &at) == 0)
                        return false;
        }
        if (at < s.len && (s.data[at] == 'e' || s.data[at] == 'E')) {
                at++;
                at += at < s.len && (s.data[at] == '+' || s.data[at] == '-');
                if (take_digits(s, &at) == 0)
                        return false;
        }
        return at == s.len;
}

void clew_json_write_token(struct clew_json_writer *w, const struct clew_json_reader *r)
{
        CLEW_BUFFER text = {0};
        double number;

        switch (r->token) {
        case CLEW_JSON_STRING:
                clew_buffer_init(&text, w->out->max_bytes);
                clew_json_append_string(r, &text);
                if (clew_buffer_error(&text) < 0 && w->out->error == 0)
                        w->out->error = clew_buffer_error(&text);
                clew_json_write_string(w, clew_buffer_slice(&text));
                return;
        case CLEW_JSON_NUMBER:
                if (is_number(r->text))
                        clew_json_write_raw(w, r->text);
                else if (clew_json_double(r, &number))
                        clew_json_write_double(w, number);
                else
                        clew_json_write_string(w, r->text);
                return;
        case CLEW_JSON_TRUE:
        case CLEW_JSON_FALSE:
                clew_json_write_bool(w, r->token == CLEW_JSON_TRUE);
                return;
        case CLEW_JSON_END:
        case CLEW_JSON_NULL:
        case CLEW_JSON_KEY:
        case CLEW_JSON_OBJECT_BEGIN:
        case CLEW_JSON_OBJECT_END:
        case CLEW_JSON_ARRAY_BEGIN:
        case CLEW_JSON_ARRAY_END:
                break;
        }
        clew_json_write_null(w);
}
