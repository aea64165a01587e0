/*
 * A file of rules for what is taken out of texts: which of mask.h's are used, and rules of the
 * user's own. One thing a line; `#` begins a comment.
 *
 *     use all                          # or names: api-key, token, email, ...
 *     not phone                        # but that one
 *     key health  ssn patient.* dob    # values behind these names, whatever they are
 *     text host    db7.internal.example
 *     pattern order  ORD-[0-9]{8}
 */
#ifndef CLEW_PROTO_MASK_RULES_H
#define CLEW_PROTO_MASK_RULES_H

#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "proto/base/slice.h"
#include "proto/mask/mask.h"

#define CLEW_RULES_FILE_MAX ((size_t)64 << 10)

struct clew_rules {
        unsigned used; /* bits of 1 << rule of mask.h */
        struct clew_own own;
};

/* 0, -ENOMEM, or -EINVAL or -E2BIG with a message that names the line: a word that is not known,
 * lines that contradict, that change nothing, or that would leave next to nothing. */
CLEW_MUST_USE int clew_rules_parse(struct clew_rules *r, struct clew_slice text,
                                   struct clew_error *err);
/* The same of a file; messages begin with its name. */
CLEW_MUST_USE int clew_rules_load(struct clew_rules *r, const char *path, struct clew_error *err);
void clew_rules_deinit(struct clew_rules *r); /* zeroed is fine */

#endif
