/*
 * Text from traces, made safe for a terminal.
 *
 * What a model or a tool wrote can hold anything: escape sequences that rewrite the screen or fill
 * the clipboard, controls of the C1 range, marks that turn the reading direction, invisible
 * characters that hide an instruction, bytes that are not UTF-8. All of these are shown as text
 * (`\x1b`, `\u202e`) and never sent raw. What is left is valid UTF-8 whose width in columns is
 * known.
 */
#ifndef CLEW_QUERY_ANSWER_SAFE_H
#define CLEW_QUERY_ANSWER_SAFE_H

#include "proto/base/buffer.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stddef.h>

/* Marks in a row that take no column; real scripts stack four. More are shown as escapes, or a
 * line could hold any number of bytes. */
#define CLEW_SAFE_MARKS_MAX 8u
/* The longest safe form of one code point: "\u{10ffff}". */
#define CLEW_SAFE_FORM_MAX 10u
/* No text grows more: a byte becomes "\xff". */
#define CLEW_SAFE_GROWTH_MAX 4u

#define CLEW_NO_WIDTH_LIMIT SIZE_MAX

/*
 * Appends @text as one line: runs of white space (line breaks and tabs too) become one space, ends
 * are trimmed. When it takes more than @max_columns it is cut and ends with an ellipsis ("…", or
 * "~" with @ascii). With @ascii other than ASCII characters are shown as escapes. Reads no more of
 * a long text than it shows. Returns the columns used.
 */
size_t clew_safe_line(struct clew_buffer *out, struct clew_slice text, size_t max_columns,
                      bool ascii);

/*
 * Appends @text over as many lines as it has, each beginning with @indent; tabs stay, "\r\n" counts
 * as a line break. The last line ends with a line break. Empty text appends nothing.
 */
void clew_safe_block(struct clew_buffer *out, struct clew_slice text, const char *indent,
                     bool ascii);

/*
 * Appends @text word by word, broken into lines of at most @max_columns; a word that is longer has
 * a line for itself, and one of more than 64 columns is cut. The first line continues at column
 * @indent, the others begin with as many blanks; the last ends with a line break.
 */
void clew_safe_words(struct clew_buffer *out, struct clew_slice text, size_t indent,
                     size_t max_columns, bool ascii);

/* Columns of text that is already safe: ours, or from clew_safe_line(). */
size_t clew_safe_columns(struct clew_slice safe);

/* @text on one line in @ret, cut to fit: for messages. Returns @ret. */
const char *clew_safe_cstr(struct clew_slice text, char *ret, size_t size);

#endif
