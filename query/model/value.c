#include "query/model/value-int.h"

#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/find.h"
#include "proto/base/json.h"
#include "proto/base/utf8.h"
#include "proto/otlp/value-json.h"

#include <limits.h>
#include <math.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* A rendered structure is bounded by what it was parsed from, times what escaping can add. */
#define RENDER_MAX ((size_t)1 << 30)
/* Longer ones are documents; the dictionaries that are sent as repr() hold a few counts. */
#define REPR_MAX ((size_t)64 * 1024)
/* A printed object of counts; what is longer is a text that may say anything. */
#define PAIRS_BYTES_MAX 1024u
/* Double encoding is met in the wild; a third layer is not. */
#define UNQUOTE_MAX 2

struct clew_slice clew_value_text(const struct clew_value *value, struct clew_arena *arena)
{
        CLEW_BUFFER out = {0};
        struct clew_json_writer w = {.out = &out, .verbatim = true};

        switch (value->type) {
        case CLEW_VALUE_STRING:
                return value->bytes;
        case CLEW_VALUE_BOOL:
                return value->boolean ? CLEW_SLICE_LITERAL("true") : CLEW_SLICE_LITERAL("false");
        case CLEW_VALUE_INT:
                return clew_arena_printf(arena, "%lld", (long long)value->integer);
        case CLEW_VALUE_EMPTY:
                return CLEW_SLICE_NULL;
        case CLEW_VALUE_DOUBLE:
        case CLEW_VALUE_BYTES:
        case CLEW_VALUE_ARRAY:
        case CLEW_VALUE_KVLIST:
                break;
        }
        clew_buffer_init(&out, RENDER_MAX);
        clew_value_write(&w, value, CLEW_VALUE_BYTES_PLAIN);
        if (clew_buffer_error(&out) < 0) {
                arena->failed = true;
                return CLEW_SLICE_NULL;
        }
        return clew_arena_copy(arena, clew_buffer_slice(&out));
}

void clew_value_decode_bytes(struct clew_value *value)
{
        struct clew_json_reader r;

        if (value->type != CLEW_VALUE_BYTES || value->bytes.len == 0 ||
            !clew_utf8_valid(value->bytes))
                return;
        r = clew_json_reader_make(value->bytes, CLEW_JSON_DEPTH_DEFAULT);
        while (clew_json_next(&r) != CLEW_JSON_END)
                ;
        if (r.status == CLEW_JSON_COMPLETE)
                value->type = CLEW_VALUE_STRING;
}

bool clew_text_number(struct clew_slice text, double *ret)
{
        struct clew_json_reader r = clew_json_reader_make(text, 1);
        double v;

        /* Longer text is no count that anybody sends. */
        if (text.len == 0 || text.len > 40 || clew_json_next(&r) != CLEW_JSON_NUMBER ||
            !clew_json_double(&r, &v) || !isfinite(v))
                return false;
        (void)clew_json_next(&r);
        if (r.status != CLEW_JSON_COMPLETE)
                return false;
        *ret = v;
        return true;
}

bool clew_value_number(const struct clew_value *value, double *ret)
{
        switch (value->type) {
        case CLEW_VALUE_INT:
                *ret = (double)value->integer;
                return true;
        case CLEW_VALUE_DOUBLE:
                if (!isfinite(value->number))
                        return false;
                *ret = value->number;
                return true;
        case CLEW_VALUE_STRING:
                return clew_text_number(value->bytes, ret);
        case CLEW_VALUE_EMPTY:
        case CLEW_VALUE_BOOL:
        case CLEW_VALUE_ARRAY:
        case CLEW_VALUE_KVLIST:
        case CLEW_VALUE_BYTES:
                break;
        }
        return false;
}

bool clew_value_flag(const struct clew_value *value, bool *ret)
{
        if (value->type == CLEW_VALUE_BOOL) {
                *ret = value->boolean;
                return true;
        }
        if (value->type == CLEW_VALUE_INT) {
                *ret = value->integer != 0;
                return true;
        }
        if (value->type != CLEW_VALUE_STRING)
                return false;
        if (clew_slice_eq_cstr(value->bytes, "true") || clew_slice_eq_cstr(value->bytes, "True"))
                *ret = true;
        else if (clew_slice_eq_cstr(value->bytes, "false") ||
                 clew_slice_eq_cstr(value->bytes, "False"))
                *ret = false;
        else
                return false;
        return true;
}

bool clew_text_is_redaction(struct clew_slice text)
{
        static const char *const marks[] = {"__REDACTED__", "<REDACTED>", "[REDACTED]"};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(marks); i++) {
                if (text.len == strlen(marks[i]) &&
                    strncasecmp((const char *)text.data, marks[i], text.len) == 0)
                        return true;
        }
        return false;
}

struct clew_slice clew_text_unquote(struct clew_slice text, struct clew_arena *arena)
{
        for (int i = 0; i < UNQUOTE_MAX && text.len >= 2 && text.data[0] == '"'; i++) {
                struct clew_json_reader r = clew_json_reader_make(text, 1);
                struct clew_slice inner;

                if (clew_json_next(&r) != CLEW_JSON_STRING)
                        break;
                inner = clew_json_string(&r, arena);
                (void)clew_json_next(&r);
                if (r.status != CLEW_JSON_COMPLETE && r.status != CLEW_JSON_TRUNCATED)
                        break;
                text = inner;
        }
        return text;
}

/* ---- members ----------------------------------------------------------------------------------
 */

static bool looks_like_repr(struct clew_slice text)
{
        return text.len > 2 && text.len <= REPR_MAX &&
               (text.data[0] == '{' || text.data[0] == '[') && text.data[1] == '\'';
}

/* One quoted string of a repr() from @at on; returns the place after it. */
static size_t put_repr_string(struct clew_slice text, size_t at, struct clew_buffer *out)
{
        uint8_t quote = text.data[at++];

        clew_buffer_append_byte(out, '"');
        for (; at < text.len && text.data[at] != quote; at++) {
                uint8_t c = text.data[at];

                if (c == '\\' && at + 1 < text.len && text.data[at + 1] == '\'') {
                        clew_buffer_append_byte(out, '\'');
                        at++;
                } else if (c == '\\' && at + 1 < text.len) {
                        clew_buffer_append(out, text.data + at, 2);
                        at++;
                } else {
                        if (c == '"')
                                clew_buffer_append_byte(out, '\\');
                        clew_buffer_append_byte(out, c);
                }
        }
        clew_buffer_append_byte(out, '"');
        return at < text.len ? at + 1 : at;
}

/* Python's repr() of a dictionary as JSON: quotes, True, False, None. What is no repr() after all
 * gives broken JSON, which is then absent. */
static struct clew_slice json_of_repr(struct clew_slice text, struct clew_arena *arena)
{
        static const struct {
                const char *python;
                const char *json;
        } words[] = {{"True", "true"}, {"False", "false"}, {"None", "null"}};
        CLEW_BUFFER out = {0};

        clew_buffer_init(&out, 2 * REPR_MAX + 16);
        for (size_t at = 0; at < text.len;) {
                struct clew_slice rest = clew_slice_from(text, at);
                size_t w = 0;

                if (*rest.data == '\'' || *rest.data == '"') {
                        at = put_repr_string(text, at, &out);
                        continue;
                }
                while (w < CLEW_ARRAY_LEN(words) &&
                       !clew_slice_starts_with(rest, clew_slice_of_cstr(words[w].python)))
                        w++;
                if (w < CLEW_ARRAY_LEN(words)) {
                        clew_buffer_append_cstr(&out, words[w].json);
                        at += strlen(words[w].python);
                } else {
                        clew_buffer_append_byte(&out, text.data[at++]);
                }
        }
        return clew_buffer_error(&out) < 0 ? CLEW_SLICE_NULL
                                           : clew_arena_copy(arena, clew_buffer_slice(&out));
}

static struct clew_slice path_head(const char *path, const char **ret_rest)
{
        const char *dot = strchr(path, '.');

        *ret_rest = dot ? dot + 1 : NULL;
        return clew_slice_make(path, dot ? (size_t)(dot - path) : strlen(path));
}

/* Elements are counted in one digit: paths name the first ones. */
static bool enter_element(struct clew_json_reader *r, struct clew_slice name)
{
        unsigned left = name.len == 1 && name.data[0] >= '0' && name.data[0] <= '9'
                                ? (unsigned)(name.data[0] - '0')
                                : UINT_MAX;

        while (left != UINT_MAX && clew_json_next_element(r)) {
                if (left-- == 0)
                        return true;
                clew_json_skip(r);
        }
        return false;
}

static bool enter_member(struct clew_json_reader *r, struct clew_slice name)
{
        if (r->token == CLEW_JSON_ARRAY_BEGIN)
                return enter_element(r, name);
        if (r->token != CLEW_JSON_OBJECT_BEGIN)
                return false;
        while (clew_json_next_member(r)) {
                if (clew_slice_eq(r->text, name)) {
                        (void)clew_json_next(r);
                        return true;
                }
                clew_json_skip(r);
        }
        return false;
}

/* Whether the last name of the path occurs at all. */
static bool has_member(struct clew_slice text, const char *path)
{
        const char *dot = strrchr(path, '.');
        const char *name = dot ? dot + 1 : path;

        return clew_find(text, name, strlen(name)) != NULL;
}

struct clew_slice clew_text_pair(struct clew_slice text, const char *name)
{
        size_t len = strlen(name);

        if (text.len > PAIRS_BYTES_MAX || strchr(name, '.') || clew_text_is_json(text))
                return CLEW_SLICE_NULL;
        for (size_t at = 0; at + len < text.len; at++) {
                size_t end = at + len + 1;

                if ((at > 0 && !memchr(" ,(", text.data[at - 1], 3)) ||
                    text.data[at + len] != '=' || memcmp(text.data + at, name, len) != 0)
                        continue;
                while (end < text.len && !memchr(" ,)", text.data[end], 3))
                        end++;
                return clew_slice_make(text.data + at + len + 1, end - at - len - 1);
        }
        return CLEW_SLICE_NULL;
}

struct clew_slice clew_text_member(struct clew_slice text, const char *path,
                                   struct clew_arena *arena)
{
        struct clew_json_reader r;

        text = clew_text_unquote(text, arena);
        if (!clew_text_is_json(text))
                return CLEW_SLICE_NULL;
        if (looks_like_repr(text))
                text = json_of_repr(text, arena);
        /* Most documents do not have it: a search costs a fraction of reading them. */
        if (!has_member(text, path))
                return CLEW_SLICE_NULL;
        r = clew_json_reader_make(text, CLEW_JSON_DEPTH_DEFAULT);
        (void)clew_json_next(&r);
        while (path) {
                struct clew_slice name = path_head(path, &path);

                if (!enter_member(&r, name))
                        return CLEW_SLICE_NULL;
        }
        if (r.token == CLEW_JSON_STRING)
                return clew_json_string(&r, arena);
        if (r.token == CLEW_JSON_NULL || r.token == CLEW_JSON_END)
                return CLEW_SLICE_NULL;
        return clew_json_take(&r);
}

struct clew_slice clew_value_member(const struct clew_value *value, const char *path,
                                    struct clew_arena *arena)
{
        struct clew_value v = *value;

        if (v.type == CLEW_VALUE_STRING)
                return clew_text_member(v.bytes, path, arena);
        while (path) {
                struct clew_slice name = path_head(path, &path);
                struct clew_message_iter it;

                if (v.type == CLEW_VALUE_ARRAY && clew_slice_eq_cstr(name, "0")) {
                        it = clew_value_elements(&v);
                        if (!clew_value_next(&it, &v))
                                return CLEW_SLICE_NULL;
                } else if (v.type != CLEW_VALUE_KVLIST ||
                           !clew_attribute_find(clew_value_elements(&v), name, &v)) {
                        return CLEW_SLICE_NULL;
                }
        }
        return clew_value_text(&v, arena);
}

struct clew_slice clew_value_first(const struct clew_value *value, struct clew_arena *arena)
{
        struct clew_message_iter it;
        struct clew_value first;
        struct clew_slice text;
        const uint8_t *comma;

        if (value->type == CLEW_VALUE_ARRAY) {
                it = clew_value_elements(value);
                if (!clew_value_next(&it, &first))
                        return CLEW_SLICE_NULL;
                return clew_value_text(&first, arena);
        }
        text = clew_text_unquote(clew_value_text(value, arena), arena);
        if (clew_text_is_json(text)) {
                struct clew_json_reader r = clew_json_reader_make(text, CLEW_JSON_DEPTH_DEFAULT);

                if (clew_json_next(&r) != CLEW_JSON_ARRAY_BEGIN || !clew_json_next_element(&r))
                        return CLEW_SLICE_NULL;
                return r.token == CLEW_JSON_STRING ? clew_json_string(&r, arena) : r.text;
        }
        comma = text.len ? memchr(text.data, ',', text.len) : NULL;
        return comma ? clew_slice_make(text.data, (size_t)(comma - text.data)) : text;
}

/* ---- times ------------------------------------------------------------------------------------
 */

/* @n digits at the front of @text. */
static bool take_digits(struct clew_slice *text, unsigned n, int *ret)
{
        int v = 0;

        if (text->len < n)
                return false;
        for (unsigned i = 0; i < n; i++) {
                if (text->data[i] < '0' || text->data[i] > '9')
                        return false;
                v = v * 10 + (text->data[i] - '0');
        }
        *text = clew_slice_from(*text, n);
        *ret = v;
        return true;
}

static bool take_one(struct clew_slice *text, const char *any)
{
        if (text->len == 0 || !strchr(any, text->data[0]) || text->data[0] == 0)
                return false;
        *text = clew_slice_from(*text, 1);
        return true;
}

static uint64_t take_fraction(struct clew_slice *text)
{
        uint64_t ns = 0;
        uint64_t unit = 1000000000;
        int digit;

        if (!take_one(text, ".,"))
                return 0;
        while (take_digits(text, 1, &digit)) {
                unit /= 10;
                ns += unit * (uint64_t)digit;
        }
        return ns;
}

static bool take_zone(struct clew_slice text, int64_t *ret_seconds)
{
        bool west = text.len > 0 && text.data[0] == '-';
        int hours;
        int minutes = 0;

        *ret_seconds = 0;
        if (text.len == 0 || (text.len == 1 && (text.data[0] == 'Z' || text.data[0] == 'z')))
                return true;
        if (!take_one(&text, "+-") || !take_digits(&text, 2, &hours))
                return false;
        (void)take_one(&text, ":");
        if (text.len > 0 && !take_digits(&text, 2, &minutes))
                return false;
        *ret_seconds = (west ? -60 : 60) * (hours * 60 + minutes);
        return text.len == 0;
}

bool clew_text_time(struct clew_slice text, uint64_t *ret_ns)
{
        struct tm tm = {0};
        uint64_t fraction;
        int64_t zone;
        int64_t seconds;

        if (!take_digits(&text, 4, &tm.tm_year) || !take_one(&text, "-") ||
            !take_digits(&text, 2, &tm.tm_mon) || !take_one(&text, "-") ||
            !take_digits(&text, 2, &tm.tm_mday) || !take_one(&text, "Tt ") ||
            !take_digits(&text, 2, &tm.tm_hour) || !take_one(&text, ":") ||
            !take_digits(&text, 2, &tm.tm_min) || !take_one(&text, ":") ||
            !take_digits(&text, 2, &tm.tm_sec))
                return false;
        fraction = take_fraction(&text);
        if (!take_zone(text, &zone) || tm.tm_year < 1970 || tm.tm_year > 2261)
                return false;
        tm.tm_year -= 1900;
        tm.tm_mon -= 1;
        seconds = (int64_t)timegm(&tm) - zone;
        if (seconds < 0)
                return false;
        *ret_ns = (uint64_t)seconds * 1000000000 + fraction;
        return true;
}

bool clew_text_is_parts(struct clew_slice text)
{
        static const char *const names[] = {
                "text", "type", "toolUse", "toolResult", "reasoningContent", "image", "document"};
        struct clew_json_reader r = clew_json_reader_make(text, CLEW_JSON_DEPTH_DEFAULT);

        if (clew_json_next(&r) != CLEW_JSON_ARRAY_BEGIN || !clew_json_next_element(&r) ||
            r.token != CLEW_JSON_OBJECT_BEGIN || !clew_json_next_member(&r))
                return false;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(names); i++) {
                if (clew_json_text_is(&r, names[i]))
                        return true;
        }
        return false;
}

/* The four digits of an escape; false when they are none. */
static bool take_hex(struct clew_slice text, size_t at, uint32_t *ret)
{
        uint32_t v = 0;

        if (text.len < at + 4)
                return false;
        for (size_t i = at; i < at + 4; i++) {
                uint8_t c = text.data[i];
                uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                                 : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10
                                 : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A') + 10
                                                        : 16;

                if (digit > 15)
                        return false;
                v = v << 4 | digit;
        }
        *ret = v;
        return true;
}

/* The character of the escape at @at, which is a backslash; 0 when it is to stay. @ret_len: bytes
 * of the escape, two of them for a pair of surrogates. */
static uint32_t escaped_character(struct clew_slice text, size_t at, size_t *ret_len)
{
        uint32_t high;
        uint32_t low;

        *ret_len = 6;
        if (text.len < at + 6 || text.data[at + 1] != 'u' || !take_hex(text, at + 2, &high) ||
            high < 0x80)
                return 0;
        if (high < 0xd800 || high > 0xdfff)
                return high;
        if (high > 0xdbff || text.len < at + 12 || text.data[at + 6] != '\\' ||
            text.data[at + 7] != 'u' || !take_hex(text, at + 8, &low) || low < 0xdc00 ||
            low > 0xdfff)
                return 0;
        *ret_len = 12;
        return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static size_t put_utf8(uint8_t *out, uint32_t c)
{
        if (c < 0x800) {
                out[0] = (uint8_t)(0xc0 | c >> 6);
                out[1] = (uint8_t)(0x80 | (c & 0x3f));
                return 2;
        }
        if (c < 0x10000) {
                out[0] = (uint8_t)(0xe0 | c >> 12);
                out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
                out[2] = (uint8_t)(0x80 | (c & 0x3f));
                return 3;
        }
        out[0] = (uint8_t)(0xf0 | c >> 18);
        out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
        out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        out[3] = (uint8_t)(0x80 | (c & 0x3f));
        return 4;
}

/* A backslash and a u; other escapes are common, so the search goes from one to the next. */
static bool has_escapes(struct clew_slice text)
{
        while (text.len > 1) {
                const uint8_t *at = memchr(text.data, '\\', text.len - 1);

                if (!at || at[1] == 'u')
                        return at != NULL;
                text = clew_slice_from(text, (size_t)(at - text.data) + 2);
        }
        return false;
}

struct clew_slice clew_text_readable(struct clew_slice text, struct clew_arena *arena)
{
        uint8_t *out;
        size_t n = 0;

        if (!clew_text_is_json(text) || !has_escapes(text))
                return text;
        out = clew_arena_alloc(arena, text.len); /* a character is shorter than its escape */
        if (!out)
                return text;
        for (size_t i = 0; i < text.len;) {
                size_t len = 1;
                uint32_t c = 0;

                if (text.data[i] == '\\') {
                        c = escaped_character(text, i, &len);
                        if (c == 0)
                                len = i + 1 < text.len ? 2 : 1; /* "\\\\" is one escape, too */
                }
                if (c != 0) {
                        n += put_utf8(out + n, c);
                } else {
                        memcpy(out + n, text.data + i, len);
                        n += len;
                }
                i += len;
        }
        return clew_slice_make(out, n);
}
