/*
 * Spans in JSON that is not an OTLP request: wrapped in another program's answer, printed by an
 * exporter to the console, or in the form of Jaeger or Zipkin.
 */
#ifndef CLEW_QUERY_CLI_IMPORT_FORMS_H
#define CLEW_QUERY_CLI_IMPORT_FORMS_H

#include "proto/base/arena.h"
#include "proto/base/buffer.h"
#include "proto/base/error.h"
#include "proto/base/slice.h"

#include <stdbool.h>

enum clew_form {
        CLEW_FORM_OTLP,  /* a request: @ret_text is it, perhaps from inside the object */
        CLEW_FORM_MADE,  /* @ret_text is a request made in @out */
        CLEW_FORM_LIST,  /* @ret_text is an array; each element is asked about by itself */
        CLEW_FORM_NAMED, /* known, and not readable: @err names the form and the way */
        CLEW_FORM_NONE,
};

/*
 * What the JSON value @text is. Slices point into it, into @out (cleared) or into @arena. Linear in
 * the text, no recursion; what a form does not have is left out, and a span without ids is refused
 * later as any other. -ENOMEM, or @out's error, through @ret_error (0 otherwise).
 */
enum clew_form clew_import_form(struct clew_slice text, struct clew_arena *arena,
                                struct clew_buffer *out, struct clew_slice *ret_text,
                                struct clew_error *err, int *ret_error);

/* The list of a page of an API, {"data":[...]}, whose elements are asked about by themselves:
 * traces and observations of Langfuse, OTLP spans of Phoenix, "runs" of LangSmith, "traces" of
 * MLflow. Empty when @text is none. */
struct clew_slice clew_import_page(struct clew_slice text);

#endif
