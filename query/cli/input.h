/*
 * Files to import: plain, zstd or gzip (told by their first bytes, not by the name), or standard
 * input, read as a stream of lines.
 *
 * Memory is bounded whatever the file says: one line, one zstd window and fixed buffers. A file of
 * several compressed frames or members is read through; one that ends inside a frame is an error
 * after the lines before it.
 */
#ifndef CLEW_QUERY_CLI_INPUT_H
#define CLEW_QUERY_CLI_INPUT_H

#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "proto/base/slice.h"

#include <stdint.h>

/* One line, or one pretty-printed document: what an OTLP receiver takes in one request. */
#define CLEW_INPUT_LINE_MAX ((size_t)64 << 20)
/* zstd windows up to 2^27 = 128 MiB (`zstd --long`); more is asked for by nobody's defaults. */
#define CLEW_INPUT_WINDOW_LOG_MAX 27

struct clew_input;

/* @path "-" is standard input. Returns 0, or a negative errno with a message. */
CLEW_MUST_USE int clew_input_open(const char *path, struct clew_input **ret,
                                  struct clew_error *err);
void clew_input_close(struct clew_input *in); /* NULL is fine */

/*
 * The next line, without its end. 1 = @ret filled (it lives until the next call), 0 = end,
 * -EMSGSIZE = a line over CLEW_INPUT_LINE_MAX was skipped and reading can go on; other negative
 * errno = reading cannot go on. @ret_number (1-based) is set in all cases but 0.
 */
CLEW_MUST_USE int clew_input_line(struct clew_input *in, struct clew_slice *ret,
                                  uint64_t *ret_number, struct clew_error *err);

/*
 * What comes next, at least @n bytes of it (at most CLEW_INPUT_LINE_MAX) unless the file ends
 * before; nothing is taken. @ret lives until the next call. 0 or a negative errno.
 */
CLEW_MUST_USE int clew_input_peek(struct clew_input *in, size_t n, struct clew_slice *ret,
                                  struct clew_error *err);
/* Takes @n bytes that were peeked at. */
void clew_input_skip(struct clew_input *in, size_t n);

/* Bytes read so far, after decompression. */
uint64_t clew_input_bytes(const struct clew_input *in);

#endif
