/*
 * A text that is to be taken out of a store, in the forms in which it can be there: as it is,
 * inside of JSON (once and twice escaped), and as base64 at whatever place of what was encoded.
 * What stands in its place has the same length: "[redacted:" and a keyed hash, as far as there is
 * room. The same text gives the same hash under one key, so that joins still work; without the key
 * nobody can try out which text it was.
 */
#ifndef CLEW_QUERY_REVIEW_REDACT_H
#define CLEW_QUERY_REVIEW_REDACT_H

#include "proto/base/arena.h"
#include "proto/base/error.h"
#include "proto/base/slice.h"
#include "storage/erase.h"

#include <stdint.h>

/* Shorter texts are in much that is not meant. */
#define CLEW_REDACT_BYTES_MIN 6u
#define CLEW_REDACT_BYTES_MAX 4096u
/* As it is; escaped once and twice, in three ways; three places in base64, in two alphabets. */
#define CLEW_REDACT_FORMS_MAX 13u
#define CLEW_REDACT_KEY_BYTES 32u

struct clew_redact_form {
        struct clew_slice from; /* in the arena */
        struct clew_slice to;   /* as long */
};

struct clew_redact {
        struct clew_arena arena;
        struct clew_redact_form forms[CLEW_REDACT_FORMS_MAX];
        uint32_t n;
};

/* @text is copied. 0; -EINVAL with a message: too short, too long, no UTF-8; -ENOMEM. */
CLEW_MUST_USE int clew_redact_init(struct clew_redact *r, struct clew_slice text,
                                   const uint8_t key[CLEW_REDACT_KEY_BYTES],
                                   struct clew_error *err);
void clew_redact_deinit(struct clew_redact *r); /* wipes; zeroed is fine */
/* For clew_store_redact(); @r is borrowed. */
struct clew_redaction clew_redact_store(struct clew_redact *r);
/* What stands in the place of the text as it is. */
struct clew_slice clew_redact_shown(const struct clew_redact *r);

#endif
