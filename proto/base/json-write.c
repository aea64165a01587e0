/* The writer's half of json.h: commas, indentation, escaping. */
#include "proto/base/json.h"

#include "proto/base/base64.h"
#include "proto/base/ids.h"
#include "proto/base/number.h"
#include "proto/base/utf8.h"

/* What of a byte the escaper has to look at. */
enum { PLAIN = 0, ESCAPE = 1, WIDE = 2 };

static inline unsigned char_class(uint8_t c)
{
        if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f)
                return ESCAPE;
        return c >= 0x80 ? WIDE : PLAIN;
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

static void append_escape(struct clew_buffer *out, uint8_t c)
{
        static const char hex[] = "0123456789abcdef";
        char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
        char name = 0;

        switch (c) {
        case '"':
        case '\\':
                name = (char)c;
                break;
        case '\b':
                name = 'b';
                break;
        case '\f':
                name = 'f';
                break;
        case '\n':
                name = 'n';
                break;
        case '\r':
                name = 'r';
                break;
        case '\t':
                name = 't';
                break;
        default:
                clew_buffer_append(out, text, sizeof(text));
                return;
        }
        text[1] = name;
        clew_buffer_append(out, text, 2);
}

/* The bytes of one code point, or its escape, or U+FFFD. Returns the bytes consumed. */
static size_t append_wide(struct clew_buffer *out, struct clew_slice s)
{
        struct clew_slice rest = s;
        bool valid;
        uint32_t c = clew_utf8_next(&rest, &valid);
        size_t n = s.len - rest.len;

        if (!valid)
                clew_buffer_append(out, "\xef\xbf\xbd", 3);
        else if (c == 0x2028 || c == 0x2029)
                clew_buffer_append_cstr(out, c == 0x2028 ? "\\u2028" : "\\u2029");
        else
                clew_buffer_append(out, s.data, n);
        return n;
}

void clew_json_escape(struct clew_slice s, struct clew_buffer *out)
{
        size_t at = 0;
        size_t copied = 0;

        while (at < s.len) {
                if (s.len - at >= 8 && eight_plain(s.data + at)) {
                        at += 8;
                        continue;
                }
                switch (char_class(s.data[at])) {
                case PLAIN:
                        at++;
                        break;
                case ESCAPE:
                        clew_buffer_append(out, s.data + copied, at - copied);
                        append_escape(out, s.data[at]);
                        copied = ++at;
                        break;
                default:
                        clew_buffer_append(out, s.data + copied, at - copied);
                        at += append_wide(out, clew_slice_from(s, at));
                        copied = at;
                        break;
                }
        }
        if (at > copied)
                clew_buffer_append(out, s.data + copied, at - copied);
}

struct clew_json_writer clew_json_writer_make(struct clew_buffer *out, unsigned indent)
{
        return (struct clew_json_writer){.out = out, .indent = indent};
}

static void new_line(struct clew_json_writer *w)
{
        if (w->indent == 0)
                return;
        clew_buffer_append_byte(w->out, '\n');
        for (unsigned i = 0; i < w->depth * w->indent; i++)
                clew_buffer_append_byte(w->out, ' ');
}

/* Before each key and each value that is not behind a key. */
static void begin_item(struct clew_json_writer *w)
{
        if (w->after_key) {
                w->after_key = false;
        } else {
                if (w->need_comma)
                        clew_buffer_append_byte(w->out, ',');
                if (w->depth > 0)
                        new_line(w);
        }
        w->need_comma = true;
}

static void begin_container(struct clew_json_writer *w, uint8_t bracket)
{
        begin_item(w);
        clew_buffer_append_byte(w->out, bracket);
        w->depth++;
        w->need_comma = false;
}

static void end_container(struct clew_json_writer *w, uint8_t bracket)
{
        CLEW_ASSERT(w->depth > 0);
        w->depth--;
        if (w->need_comma)
                new_line(w);
        clew_buffer_append_byte(w->out, bracket);
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
        clew_buffer_append_byte(w->out, '"');
        clew_json_escape(s, w->out);
        clew_buffer_append_byte(w->out, '"');
}

void clew_json_write_key_slice(struct clew_json_writer *w, struct clew_slice key)
{
        begin_item(w);
        append_quoted(w, key);
        clew_buffer_append_cstr(w->out, w->indent ? ": " : ":");
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
                clew_buffer_append_byte(out, '-');
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
        clew_buffer_append_byte(w->out, '"');
        append_int64(w->out, v);
        clew_buffer_append_byte(w->out, '"');
}

void clew_json_write_uint64_string(struct clew_json_writer *w, uint64_t v)
{
        begin_item(w);
        clew_buffer_append_byte(w->out, '"');
        append_uint64(w->out, v);
        clew_buffer_append_byte(w->out, '"');
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
        clew_buffer_append_byte(w->out, '"');
        p = clew_buffer_reserve(w->out, 2 * bytes.len + 1);
        if (p) {
                clew_hex_encode(bytes, (char *)p);
                clew_buffer_commit(w->out, 2 * bytes.len);
        }
        clew_buffer_append_byte(w->out, '"');
}

void clew_json_write_base64(struct clew_json_writer *w, struct clew_slice bytes)
{
        begin_item(w);
        clew_buffer_append_byte(w->out, '"');
        clew_base64_encode(bytes, w->out);
        clew_buffer_append_byte(w->out, '"');
}

void clew_json_write_raw(struct clew_json_writer *w, struct clew_slice json)
{
        begin_item(w);
        clew_buffer_append_slice(w->out, json);
}
