#include "proto/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void clew_assert_failed(const char *expr, const char *file, int line)
{
        fprintf(stderr, "clew: assertion failed: %s (%s:%d)\n", expr, file, line);
        abort();
}

int clew_error_set(struct clew_error *err, int code, size_t offset, const char *fmt, ...)
{
        va_list ap;

        if (!err)
                return code;
        err->code = code;
        err->offset = offset;
        va_start(ap, fmt);
        vsnprintf(err->message, sizeof(err->message), fmt, ap);
        va_end(ap);
        return code;
}

void clew_error_prefix(struct clew_error *err, const char *fmt, ...)
{
        char text[CLEW_ERROR_MESSAGE_MAX];
        size_t used;
        va_list ap;

        if (!err)
                return;
        va_start(ap, fmt);
        vsnprintf(text, sizeof(text), fmt, ap);
        va_end(ap);
        used = strlen(text);
        snprintf(text + used, sizeof(text) - used, "%s", err->message);
        memcpy(err->message, text, sizeof(text));
}
