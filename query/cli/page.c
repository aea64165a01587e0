/*
 * See page.h.
 */
#include "query/cli/page.h"

#include "proto/base/utf8.h"
#include "query/answer/safe.h"

#include <stdarg.h>
#include <string.h>

#define LABEL_COLUMNS 10u       /* longer labels push their text */
#define FIELD_BYTES_MAX 100000u /* of one field with --all or --wide */

void clew_page_init(struct clew_page *p, FILE *out, const struct clew_look *look, bool all)
{
        *p = (struct clew_page){
                .out = out, .look = look, .all = all, .lines_max = CLEW_PAGE_LINES_MAX};
        clew_buffer_init(&p->line, CLEW_PAGE_BLOCK_MAX);
}

void clew_page_deinit(struct clew_page *p)
{
        clew_buffer_deinit(&p->line);
}

int clew_page_error(const struct clew_page *p)
{
        return p->error;
}

static void flush(struct clew_page *p)
{
        int r = clew_buffer_error(&p->line);

        if (r < 0)
                p->error = r;
        else
                fwrite(p->line.data, 1, p->line.len, p->out);
        clew_buffer_clear(&p->line);
}

/* Room for a line of which @used columns are taken. */
static size_t room(const struct clew_page *p, size_t used)
{
        if (p->look->columns == SIZE_MAX)
                return FIELD_BYTES_MAX;
        return p->look->columns > used + 8 ? p->look->columns - used : 8;
}

static void append_printf(struct clew_page *p, const char *fmt, va_list args)
{
        char text[256];

        vsnprintf(text, sizeof(text), fmt, args);
        clew_buffer_append_cstr(&p->line, text);
}

void clew_page_title(struct clew_page *p, enum clew_tone tone, struct clew_slice text,
                     const char *fmt, ...)
{
        va_list args;
        size_t from;

        clew_buffer_append_cstr(&p->line, clew_look_begin(p->look, tone));
        from = p->line.len;
        va_start(args, fmt);
        append_printf(p, fmt, args);
        va_end(args);
        clew_safe_line(&p->line, text, room(p, p->line.len - from), p->look->ascii);
        while (p->line.len > from && p->line.data[p->line.len - 1] == ' ')
                p->line.len--;
        clew_buffer_append_cstr(&p->line, clew_look_end(p->look, tone));
        clew_buffer_append_byte(&p->line, '\n');
        flush(p);
}

void clew_page_heading(struct clew_page *p, const char *heading)
{
        clew_page_heading_text(p, heading, CLEW_SLICE_NULL);
}

void clew_page_heading_text(struct clew_page *p, const char *heading, struct clew_slice text)
{
        clew_buffer_append_byte(&p->line, '\n');
        clew_buffer_append_cstr(&p->line, clew_look_begin(p->look, CLEW_TONE_STRONG));
        clew_buffer_append_cstr(&p->line, heading);
        if (text.len > 0) {
                clew_buffer_append_byte(&p->line, ' ');
                clew_safe_line(&p->line, text, room(p, strlen(heading) + 1), p->look->ascii);
        }
        clew_buffer_append_cstr(&p->line, clew_look_end(p->look, CLEW_TONE_STRONG));
        clew_buffer_append_byte(&p->line, '\n');
        flush(p);
}

/* Returns the columns used. */
static size_t put_label(struct clew_page *p, const char *label)
{
        size_t len = strlen(label);

        clew_buffer_append_cstr(&p->line, clew_look_begin(p->look, CLEW_TONE_DIM));
        clew_buffer_append_cstr(&p->line, label);
        clew_buffer_append_cstr(&p->line, clew_look_end(p->look, CLEW_TONE_DIM));
        do
                clew_buffer_append_byte(&p->line, ' ');
        while (++len < LABEL_COLUMNS);
        return len;
}

void clew_page_field(struct clew_page *p, const char *label, struct clew_slice text)
{
        size_t used;

        if (text.len == 0)
                return;
        used = put_label(p, label);
        clew_safe_line(&p->line, text, room(p, used), p->look->ascii);
        clew_buffer_append_byte(&p->line, '\n');
        flush(p);
}

void clew_page_fieldf(struct clew_page *p, const char *label, struct clew_slice text,
                      const char *fmt, ...)
{
        size_t used = put_label(p, label);
        size_t from = p->line.len;
        va_list args;

        va_start(args, fmt);
        append_printf(p, fmt, args);
        va_end(args);
        clew_safe_line(&p->line, text, room(p, used + p->line.len - from), p->look->ascii);
        while (p->line.len > from && p->line.data[p->line.len - 1] == ' ')
                p->line.len--;
        clew_buffer_append_byte(&p->line, '\n');
        flush(p);
}

void clew_page_words(struct clew_page *p, const char *label, struct clew_slice words)
{
        size_t indent = put_label(p, label);

        clew_safe_words(&p->line, words, indent, p->look->columns, p->look->ascii);
        flush(p);
}

void clew_page_line(struct clew_page *p, struct clew_slice text)
{
        clew_buffer_append_cstr(&p->line, "  ");
        clew_safe_line(&p->line, text, room(p, 2), p->look->ascii);
        clew_buffer_append_byte(&p->line, '\n');
        flush(p);
}

/* How much of @text fits into the limits of a block. */
static size_t block_bytes(struct clew_slice text, size_t lines_max)
{
        size_t lines = 0;
        size_t n = text.len;

        if (n > CLEW_PAGE_BYTES_MAX)
                n = clew_utf8_cut(text, CLEW_PAGE_BYTES_MAX).len;
        for (size_t i = 0; i < n; i++) {
                if (text.data[i] == '\n' && ++lines == lines_max)
                        return i + 1;
        }
        return n;
}

void clew_page_block(struct clew_page *p, struct clew_slice text)
{
        size_t shown = p->all ? text.len : block_bytes(text, p->lines_max);

        /* A remainder too short to be worth a sentence is shown. */
        if (text.len - shown < 100)
                shown = text.len;
        clew_safe_block(&p->line, clew_slice_make(text.data, shown), "  ", p->look->ascii);
        if (shown < text.len) {
                clew_buffer_append_cstr(&p->line, clew_look_begin(p->look, CLEW_TONE_DIM));
                clew_buffer_printf(&p->line, "  %s %zu of %zu bytes more (--all)",
                                   p->look->ascii ? "..." : "…", text.len - shown, text.len);
                clew_buffer_append_cstr(&p->line, clew_look_end(p->look, CLEW_TONE_DIM));
                clew_buffer_append_byte(&p->line, '\n');
        }
        flush(p);
}
