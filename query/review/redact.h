/*
 * What is to be taken out of a store: a text, or what rules find.
 *
 * A text is found in each form of proto/mask/forms.h, in whatever way JSON escapes it, and where it
 * was cut into parts (proto/mask/joint.h). Rules find what they find at ingest, and export: in
 * texts, JSON in texts, behind names. Not found: a text that was compressed or encrypted, one in
 * other letters or another encoding than those forms, one whose parts are in different traces, and
 * parts of which one is less than all that stands in its string before or behind.
 *
 * What stands in its place has the same length: "[redacted:" and a keyed hash, as far as there is
 * room. The same text gives the same hash under one key, so that joins still work; without the key
 * nobody can try out which text it was.
 */
#ifndef CLEW_QUERY_REVIEW_REDACT_H
#define CLEW_QUERY_REVIEW_REDACT_H

#include "proto/base/arena.h"
#include "proto/base/error.h"
#include "proto/base/slice.h"
#include "proto/mask/rules.h"
#include "storage/erase.h"

#include <stdint.h>

#define CLEW_REDACT_BYTES_MIN CLEW_FORMS_TEXT_MIN
#define CLEW_REDACT_BYTES_MAX CLEW_FORMS_TEXT_MAX
#define CLEW_REDACT_KEY_BYTES CLEW_MASK_KEY_BYTES

struct clew_redact {
        struct clew_rules own; /* made here: the text as one rule; empty with rules of others */
        struct clew_mask mask; /* counts by rule what was counted and replaced */
        struct clew_mask_work work;
        struct clew_joint *joint;
        struct clew_arena arena;
        struct clew_slice *raw; /* of each form: what stands in its place, where no text is known */
        uint8_t *shown;
        struct clew_redaction_seen seen;
};

/* @text is copied. 0; -EINVAL with a message: too short, too long, no UTF-8; -ENOMEM. */
CLEW_MUST_USE int clew_redact_init(struct clew_redact *r, struct clew_slice text,
                                   const uint8_t key[CLEW_REDACT_KEY_BYTES],
                                   struct clew_error *err);
/* What @rules find; they are borrowed. */
void clew_redact_init_rules(struct clew_redact *r, const struct clew_rules *rules,
                            const uint8_t key[CLEW_REDACT_KEY_BYTES]);
void clew_redact_deinit(struct clew_redact *r); /* zeroed is fine */
/* For clew_store_redact(); @r is borrowed. */
struct clew_redaction clew_redact_store(struct clew_redact *r);
/* What stands in the place of the text as it is; empty with rules. */
struct clew_slice clew_redact_shown(const struct clew_redact *r);

#endif
