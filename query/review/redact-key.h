/*
 * The key of a store's marks: with it what is taken out becomes the same mark at ingest and
 * afterwards, in each trace. It lies beside the store as a line of hex digits, for its owner alone;
 * whoever has it can try out which text a mark stands for.
 */
#ifndef CLEW_QUERY_REVIEW_REDACT_KEY_H
#define CLEW_QUERY_REVIEW_REDACT_KEY_H

#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "proto/mask/fill.h"

#include <stdint.h>

#define CLEW_REDACT_KEY_FILE "redact.key"

/* The key of the store in @dir, made when there is none. 0, or a negative errno with a message that
 * names the file: it is damaged, or others may read it. */
CLEW_MUST_USE int clew_redact_key(const char *dir, uint8_t ret[CLEW_MASK_KEY_BYTES],
                                  struct clew_error *err);

#endif
