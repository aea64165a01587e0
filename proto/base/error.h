/*
 * One fixed-size error value for parsers, openers and everything whose failure a person will read.
 *
 * Functions return 0 or a negative errno; where a text helps they also fill a struct clew_error.
 * A message names the thing, the value, the limit and the way out. It never holds trace text.
 */
#ifndef CLEW_PROTO_BASE_ERROR_H
#define CLEW_PROTO_BASE_ERROR_H

#include "proto/base/compiler.h"

#include <stddef.h>

#define CLEW_ERROR_MESSAGE_MAX 320 /* fits one log line; longer text is cut */

struct clew_error {
        int code;      /* negative errno, 0 if unset */
        size_t offset; /* byte offset into the input, where that means something */
        char message[CLEW_ERROR_MESSAGE_MAX];
};

/* Fills @err (which may be NULL) and returns @code unchanged, so that a caller can
 * `return clew_error_set(err, -EINVAL, 0, "...")`. */
int clew_error_set(struct clew_error *err, int code, size_t offset, const char *fmt, ...)
        CLEW_PRINTF(4, 5);

/* Puts text before the message already in @err: "reading FILE: " + message. */
void clew_error_prefix(struct clew_error *err, const char *fmt, ...) CLEW_PRINTF(2, 3);

#endif
