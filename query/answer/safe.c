/*
 * See safe.h. One decoder, one classification, three ways of laying the result out.
 */
#include "query/answer/safe.h"

#include "proto/base/utf8.h"
#include "query/answer/width-int.h"

#include <stdint.h>
#include <stdio.h>

#define INVALID UINT32_MAX

/* One code point at @at (which is below s.len); of a broken sequence the first byte. */
static uint32_t decode(struct clew_slice s, size_t at, size_t *ret_len)
{
        struct clew_slice left = clew_slice_from(s, at);
        bool valid = true;
        uint32_t c = clew_utf8_next(&left, &valid);

        *ret_len = valid ? s.len - at - left.len : 1;
        return valid ? c : INVALID;
}

/* Joiners and variation selectors: writing needs them, so one is taken as it is behind something
 * that it can belong to. Elsewhere, and in rows, they carry what nobody sees. */
static bool is_joiner(uint32_t c)
{
        return c == 0x200c || c == 0x200d || c == 0xfe0e || c == 0xfe0f;
}

/* What joiners follow: scripts that join, and symbols; not Latin, Greek or Cyrillic letters. */
static bool takes_joiner(uint32_t c)
{
        return c >= 0x0590 && c != INVALID && !clew_utf8_is_hidden(c);
}

/* One code point in its safe form. */
struct form {
        char text[CLEW_SAFE_FORM_MAX + 2];
        size_t len; /* 0: take the @source bytes as they are */
        size_t source;
        unsigned columns;
};

struct reader {
        struct clew_slice text;
        size_t at;
        unsigned marks;  /* in a row */
        uint32_t before; /* the code point before, 0 at the start */
        bool ascii;
};

static struct form next_form(struct reader *r)
{
        struct form f = {.len = 0};
        uint32_t c = decode(r->text, r->at, &f.source);
        bool joins = is_joiner(c) && takes_joiner(r->before);

        r->before = c;
        if (CLEW_LIKELY(c >= 0x20 && c < 0x7f)) {
                r->marks = 0;
                f.columns = 1;
                return f;
        }
        if (c == INVALID) {
                f.len = (size_t)snprintf(f.text, sizeof(f.text), "\\x%02x", r->text.data[r->at]);
        } else if (r->ascii || (!joins && clew_utf8_is_hidden(c))) {
                /* A code point of U+0080 to U+00FF is not the byte of that number. */
                if (c < 0x80)
                        f.len = (size_t)snprintf(f.text, sizeof(f.text), "\\x%02x", c);
                else if (c < 0x10000)
                        f.len = (size_t)snprintf(f.text, sizeof(f.text), "\\u%04x", c);
                else
                        f.len = (size_t)snprintf(f.text, sizeof(f.text), "\\u{%x}", c);
        } else {
                f.columns = clew_width_of(c);
                r->marks = f.columns == 0 ? r->marks + 1 : 0;
                if (r->marks <= CLEW_SAFE_MARKS_MAX)
                        return f;
                f.len = (size_t)snprintf(f.text, sizeof(f.text), "\\u%04x", c);
        }
        f.columns = (unsigned)f.len;
        return f;
}

static void append_form(struct clew_buffer *out, const struct reader *r, const struct form *f)
{
        if (f->len > 0)
                clew_buffer_append(out, f->text, f->len);
        else
                clew_buffer_append(out, r->text.data + r->at, f->source);
}

static bool is_space(uint8_t byte)
{
        return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static void skip_spaces(struct reader *r)
{
        while (r->at < r->text.len && is_space(r->text.data[r->at]))
                r->at++;
}

size_t clew_safe_line(struct clew_buffer *out, struct clew_slice text, size_t max_columns,
                      bool ascii)
{
        struct reader r = {.text = text, .ascii = ascii};
        size_t columns = 0;
        size_t cut_len = out->len; /* where an ellipsis still fits */
        size_t cut_columns = 0;

        skip_spaces(&r);
        while (r.at < text.len) {
                struct form f;

                if (is_space(text.data[r.at])) {
                        size_t before = r.at;

                        skip_spaces(&r);
                        if (r.at == text.len)
                                break;
                        r.at--; /* the last space stands for all */
                        f = (struct form){.text = " ", .len = 1, .source = 1, .columns = 1};
                        r.marks = 0;
                        r.before = ' ';
                        CLEW_DCHECK(r.at >= before);
                } else {
                        f = next_form(&r);
                }
                if (columns + f.columns > max_columns) {
                        if (max_columns == 0)
                                return 0;
                        out->len = cut_len;
                        clew_buffer_append_cstr(out, ascii ? "~" : "…");
                        return cut_columns + 1;
                }
                append_form(out, &r, &f);
                r.at += f.source;
                columns += f.columns;
                if (columns < max_columns) {
                        cut_len = out->len;
                        cut_columns = columns;
                }
        }
        return columns;
}

void clew_safe_block(struct clew_buffer *out, struct clew_slice text, const char *indent,
                     bool ascii)
{
        struct reader r = {.text = text, .ascii = ascii};
        bool line_start = true;

        while (r.at < text.len) {
                uint8_t byte = text.data[r.at];

                if (line_start && byte != '\n')
                        clew_buffer_append_cstr(out, indent);
                line_start = byte == '\n';
                if (byte == '\n' || byte == '\t') {
                        clew_buffer_append_byte(out, byte);
                        r.at++;
                        r.marks = 0;
                        r.before = byte;
                } else if (byte == '\r' && r.at + 1 < text.len && text.data[r.at + 1] == '\n') {
                        r.at++;
                } else {
                        struct form f = next_form(&r);

                        append_form(out, &r, &f);
                        r.at += f.source;
                }
        }
        if (!line_start)
                clew_buffer_append_byte(out, '\n');
}

size_t clew_safe_columns(struct clew_slice safe)
{
        size_t columns = 0;
        size_t len;

        for (size_t at = 0; at < safe.len; at += len) {
                uint32_t c = decode(safe, at, &len);

                columns += c == INVALID ? 1 : clew_width_of(c);
        }
        return columns;
}

const char *clew_safe_cstr(struct clew_slice text, char *ret, size_t size)
{
        CLEW_BUFFER b = {0};
        size_t n;

        clew_buffer_init(&b, 4096);
        clew_safe_line(&b, text, size > 200 ? 160 : size / 4, false);
        n = clew_buffer_error(&b) == 0 && b.len < size ? b.len : 0;
        if (n > 0)
                memcpy(ret, b.data, n);
        ret[n] = '\0';
        return ret;
}

/* A trace id fits, whatever the screen. */
#define WORD_COLUMNS_MAX 64u

void clew_safe_words(struct clew_buffer *out, struct clew_slice text, size_t indent,
                     size_t max_columns, bool ascii)
{
        size_t used = indent;
        bool first = true;

        while (text.len > 0) {
                const uint8_t *gap = memchr(text.data, ' ', text.len);
                size_t n = gap ? (size_t)(gap - text.data) : text.len;
                size_t before = out->len;
                size_t columns;

                /* Written with the blank that may turn out to be a line break. */
                if (!first)
                        clew_buffer_append_byte(out, ' ');
                columns =
                        clew_safe_line(out, clew_slice_make(text.data, n), WORD_COLUMNS_MAX, ascii);
                if (!first && used + 1 + columns > max_columns) {
                        out->len = before;
                        clew_buffer_printf(out, "\n%*s", (int)indent, "");
                        clew_safe_line(out, clew_slice_make(text.data, n), WORD_COLUMNS_MAX, ascii);
                        used = indent + columns;
                } else {
                        used += columns + !first;
                }
                first = false;
                text = clew_slice_from(text, gap ? n + 1 : n);
        }
        clew_buffer_append_byte(out, '\n');
}
