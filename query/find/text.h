/*
 * Text search that sees what people see.
 *
 * Texts of agents lie in JSON, and JSON in JSON: `Größe` may be stored as `Gr\u00f6\u00dfe`, a
 * quote as `\"` or `\\\"`. A text is found when it stands in the bytes as they are, or in what they
 * say when their JSON escapes are taken away once, twice ... (CLEW_TEXT_LAYERS_MAX times). The
 * bytes need not be JSON: an escape that is none stays as it is. One window of bounded size is
 * decoded at a time; the time is linear in the bytes.
 */
#ifndef CLEW_QUERY_FIND_TEXT_H
#define CLEW_QUERY_FIND_TEXT_H

#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* JSON in JSON in JSON in JSON: deeper is not met in real runs. */
#define CLEW_TEXT_LAYERS_MAX 4u
/* Bytes of a text that is searched for. */
#define CLEW_TEXT_NEEDLE_BYTES_MAX 65536u

/*
 * Whether @bytes hold @text. @ignore_case compares both by Unicode's simple case folding. An empty
 * @text, and one over the limit, is nowhere.
 */
bool clew_text_holds(struct clew_slice bytes, struct clew_slice text, bool ignore_case);

/* Appends @bytes in folded case to @out; what is no UTF-8 stays as it is. */
void clew_text_fold(struct clew_buffer *out, struct clew_slice bytes);

/* One code point of that. */
uint32_t clew_text_fold_sign(uint32_t c);

/* Appends @bytes without one layer of JSON escapes to @out. True when there was one. */
bool clew_text_unescape(struct clew_buffer *out, struct clew_slice bytes);

#endif
