/*
 * See import-printed.h. One pass, no recursion: brackets and commas are copied as they are, so the
 * JSON is as right as the print; who reads it checks that. Words in front of a colon are keys.
 *
 *     {                                  {
 *       resource: {                        "resource":{
 *         attributes: {                      "attributes":{
 *           'service.name': 's',               "service.name":"s",
 *       },                                 },
 *       parentSpanContext: undefined,      "parentSpanContext":null,
 *       events: [ [Object] ]               "events":[null]
 */
#include "query/cli/import-printed.h"

#include "proto/base/buffer.h"
#include "proto/base/json.h"

#include <string.h>

/* A print is read whole, and made at most so much longer by escapes. */
#define PRINT_BYTES_MAX ((size_t)64 << 20)

struct print {
        struct clew_slice text;
        size_t at;
        struct clew_buffer *out;
        struct clew_buffer *string; /* of the string that is being read */
};

static int peek(const struct print *p)
{
        return p->at < p->text.len ? p->text.data[p->at] : -1;
}

static bool is_space(int c)
{
        return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool is_word(int c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '$' || c == '-' || c == '.' || c == '+';
}

static void skip_space(struct print *p)
{
        while (is_space(peek(p)))
                p->at++;
}

/* One character behind a backslash. */
static void take_escape(struct print *p)
{
        static const char from[] = "nrtbfv0";
        static const char to[] = "\n\r\t\b\f\v";
        int c = peek(p);
        const char *known = c > 0 ? strchr(from, c) : NULL;

        p->at++;
        if (known)
                clew_buffer_append_byte(p->string, (uint8_t)to[known - from]);
        else if (c >= 0)
                clew_buffer_append_byte(p->string, (uint8_t)c);
}

/* A string in any of the three quotes, and those that a '+' joins to it. */
static bool take_string(struct print *p)
{
        clew_buffer_clear(p->string);
        for (;;) {
                int quote = peek(p);
                size_t back;

                p->at++;
                while (peek(p) >= 0 && peek(p) != quote) {
                        size_t from = p->at;

                        while (peek(p) >= 0 && peek(p) != quote && peek(p) != '\\')
                                p->at++;
                        clew_buffer_append(p->string, p->text.data + from, p->at - from);
                        if (peek(p) == '\\') {
                                p->at++;
                                take_escape(p);
                        }
                }
                if (peek(p) < 0)
                        return false;
                p->at++;
                back = p->at;
                skip_space(p);
                if (peek(p) == '+') {
                        p->at++;
                        skip_space(p);
                        if (peek(p) == '\'' || peek(p) == '"' || peek(p) == '`')
                                continue;
                }
                p->at = back;
                break;
        }
        return true;
}

static void put_string(struct print *p, struct clew_slice text)
{
        struct clew_json_writer w = {.out = p->out};

        clew_json_write_string(&w, text);
}

/* A key, a number, or a word that stands for a value. */
static void take_word(struct print *p)
{
        size_t from = p->at;
        struct clew_slice word;

        while (is_word(peek(p)))
                p->at++;
        word = clew_slice_make(p->text.data + from, p->at - from);
        skip_space(p);
        if (peek(p) == ':') {
                put_string(p, word);
        } else if (word.data[0] == '-' || (word.data[0] >= '0' && word.data[0] <= '9')) {
                if (word.data[word.len - 1] == 'n') /* of a BigInt */
                        word.len--;
                clew_buffer_append_slice(p->out, word);
        } else if (clew_slice_eq_cstr(word, "true") || clew_slice_eq_cstr(word, "false")) {
                clew_buffer_append_slice(p->out, word);
        } else {
                clew_buffer_append_cstr(p->out, "null");
        }
}

/* "[Object]", "[Array]", "[Circular *1]": what was too deep to be printed. */
static bool take_left_out(struct print *p)
{
        size_t end = p->at + 1;

        if (end >= p->text.len || p->text.data[end] < 'A' || p->text.data[end] > 'Z')
                return false;
        while (end < p->text.len && (is_word(p->text.data[end]) || p->text.data[end] == ' ' ||
                                     p->text.data[end] == '*' || p->text.data[end] == ':'))
                end++;
        if (end >= p->text.len || p->text.data[end] != ']')
                return false;
        p->at = end + 1;
        clew_buffer_append_cstr(p->out, "null");
        return true;
}

/* "... 12 more items" ends a long list; a null stands for them. */
static void take_more(struct print *p)
{
        while (peek(p) >= 0 && peek(p) != ']' && peek(p) != '}')
                p->at++;
        clew_buffer_append_cstr(p->out, "null");
}

static bool take_one(struct print *p)
{
        int c = peek(p);

        if (c == '\'' || c == '"' || c == '`') {
                if (!take_string(p))
                        return false;
                put_string(p, clew_buffer_slice(p->string));
        } else if (c == '.') {
                take_more(p);
        } else if (c == '[' && take_left_out(p)) {
                return true;
        } else if (c > 0 && strchr("{}[]:,", c)) {
                clew_buffer_append_byte(p->out, (uint8_t)c);
                p->at++;
        } else if (is_word(c)) {
                take_word(p);
        } else {
                return false;
        }
        return true;
}

/* "{" and a key without double quotes: JSON has none. */
static bool begins(struct clew_slice text)
{
        size_t at = 0;

        while (at < text.len && is_space(text.data[at]))
                at++;
        if (at == text.len || text.data[at] != '{')
                return false;
        do
                at++;
        while (at < text.len && is_space(text.data[at]));
        return at < text.len &&
               (text.data[at] == '\'' || (is_word(text.data[at]) && text.data[at] > '9'));
}

struct clew_slice clew_import_printed(struct clew_slice text, struct clew_arena *arena)
{
        CLEW_BUFFER out = {0};
        CLEW_BUFFER string = {0};
        struct print p = {.text = text, .out = &out, .string = &string};

        if (!begins(text))
                return CLEW_SLICE_NULL;
        clew_buffer_init(&out, PRINT_BYTES_MAX);
        clew_buffer_init(&string, PRINT_BYTES_MAX);
        for (skip_space(&p); peek(&p) >= 0; skip_space(&p)) {
                if (!take_one(&p))
                        return CLEW_SLICE_NULL;
        }
        if (clew_buffer_error(&out) < 0 || clew_buffer_error(&string) < 0)
                return CLEW_SLICE_NULL;
        return clew_arena_copy(arena, clew_buffer_slice(&out));
}
