/*
 * A page of labelled fields and blocks of text, for people.
 *
 * All text given to it is made safe here. Lines go out as they are finished; nothing is kept.
 */
#ifndef CLEW_QUERY_CLI_PAGE_H
#define CLEW_QUERY_CLI_PAGE_H

#include "proto/base/buffer.h"
#include "query/cli/terminal.h"

#include <stdbool.h>
#include <stdio.h>

/* Lines of one block that are shown unless everything was asked for. */
#define CLEW_PAGE_LINES_MAX 40u
/* A block without line breaks is cut at so many bytes instead. */
#define CLEW_PAGE_BYTES_MAX 4000u
/* The largest block written at once: a span is at most 64 MiB, escapes make it six times that. */
#define CLEW_PAGE_BLOCK_MAX ((size_t)512 << 20)

struct clew_page {
        FILE *out;
        const struct clew_look *look;
        bool all;         /* cut nothing */
        size_t lines_max; /* of a block, unless all */
        struct clew_buffer line;
        int error;
};

void clew_page_init(struct clew_page *p, FILE *out, const struct clew_look *look, bool all);
void clew_page_deinit(struct clew_page *p);
int clew_page_error(const struct clew_page *p);

/* First line of a page: our text by @fmt, then @text. */
void clew_page_title(struct clew_page *p, enum clew_tone tone, struct clew_slice text,
                     const char *fmt, ...) CLEW_PRINTF(4, 5);
/* An empty line, then a heading. */
void clew_page_heading(struct clew_page *p, const char *heading);
/* The same with text of the trace behind it. */
void clew_page_heading_text(struct clew_page *p, const char *heading, struct clew_slice text);
/* "label     text", cut to the screen; nothing when @text is empty. */
void clew_page_field(struct clew_page *p, const char *label, struct clew_slice text);
/* As above, with our text by @fmt before @text; printed also when @text is empty. */
void clew_page_fieldf(struct clew_page *p, const char *label, struct clew_slice text,
                      const char *fmt, ...) CLEW_PRINTF(4, 5);
/* "label     words", over as many lines as the screen needs: for sentences of ours, which must not
 * be cut. A label longer than usual pushes the words. */
void clew_page_words(struct clew_page *p, const char *label, struct clew_slice words);
/* One indented line, cut to the screen. */
void clew_page_line(struct clew_page *p, struct clew_slice text);
/* Text over as many lines as it has, indented by two; long text is cut, and says so. */
void clew_page_block(struct clew_page *p, struct clew_slice text);

#endif
