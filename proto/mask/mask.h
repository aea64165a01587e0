/*
 * Secrets and personal data in texts of unknown origin, and the masking of them: the one place that
 * says what is taken out of a text before it leaves the house, comes in, or is taken back.
 *
 * A rule is judged by the text alone, without a model and without a list of names: forms of keys
 * that their issuers document, check digits of cards and accounts, what stands behind a name such
 * as "password". It is made to be quiet on code and prose: a rule that fires on every second text
 * would be turned off. So it is a net, no proof: what has no form (a name, a street) passes.
 *
 * Work is linear in the text, whatever the text: each rule walks it once, and looks at most a fixed
 * number of bytes back and ahead. No allocation in the search; texts that are JSON, also inside of
 * strings of JSON (four levels), are read as JSON, so that escapes hide nothing and what comes out
 * is JSON again: all bytes but those of a secret stay as they were.
 *
 * What is put in place, "[redacted:email]", is found by no rule: masking twice is masking once.
 * With a key it carries a keyed hash, "[redacted:email:5f0c2ab1d3e4]": the same secret is the same
 * text everywhere, so that joins still work, and without the key nobody can try out phone numbers.
 */
#ifndef CLEW_PROTO_MASK_MASK_H
#define CLEW_PROTO_MASK_MASK_H

#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum clew_mask_rule {
        CLEW_MASK_PRIVATE_KEY, /* PEM and PGP blocks */
        CLEW_MASK_API_KEY,     /* keys whose issuer gave them a form */
        CLEW_MASK_TOKEN,       /* JWT, bearer tokens, passwords in addresses */
        CLEW_MASK_SECRET,      /* what stands behind a name such as password, api_key */
        CLEW_MASK_EMAIL,
        CLEW_MASK_CARD,  /* network, length and Luhn's digit */
        CLEW_MASK_IBAN,  /* country, length and ISO 7064's digits */
        CLEW_MASK_PHONE, /* international, North American, or behind a name */
        CLEW_MASK_RULES,
};
#define CLEW_MASK_ALL ((1u << CLEW_MASK_RULES) - 1)

/* "private-key", "api-key", "token", "secret", "email", "card", "iban", "phone". */
const char *clew_mask_rule_name(enum clew_mask_rule rule);
/* "all", "none", or names with commas between, as bits of 1 << rule; false when one is no rule. */
CLEW_MUST_USE bool clew_mask_rules_parse(struct clew_slice text, unsigned *ret);

/* ---- finding --------------------------------------------------------------------------------- */

struct clew_mask_hit {
        enum clew_mask_rule rule;
        size_t from; /* first byte of the secret */
        size_t to;   /* behind its last */
};

#define CLEW_MASK_FINDERS 9u

/* One walk over a text. Members are private. */
struct clew_mask_scan {
        struct clew_slice text;
        unsigned rules;
        size_t at;
        struct clew_mask_hit next[CLEW_MASK_FINDERS];
        bool ended[CLEW_MASK_FINDERS];
};

/* @rules: bits of 1 << rule. @text is borrowed for as long as the walk goes on. */
void clew_mask_scan_begin(struct clew_mask_scan *s, struct clew_slice text, unsigned rules);
/* The next secret, in the order of the text; they do not overlap. Text is looked at as it stands:
 * JSON inside of it is not decoded. */
CLEW_MUST_USE bool clew_mask_scan_next(struct clew_mask_scan *s, struct clew_mask_hit *ret);

/* Whether @value, the whole value of a member, attribute or header called @name, is a secret by its
 * name; *ret_rule is then CLEW_MASK_SECRET or CLEW_MASK_PHONE. */
CLEW_MUST_USE bool clew_mask_is_named(struct clew_slice name, struct clew_slice value,
                                      enum clew_mask_rule *ret_rule);

/* ---- masking --------------------------------------------------------------------------------- */

#define CLEW_MASK_KEY_BYTES 32u

struct clew_mask {
        unsigned rules; /* bits of 1 << rule */
        bool has_key;
        uint8_t key[CLEW_MASK_KEY_BYTES];
        uint64_t n[CLEW_MASK_RULES]; /* secrets taken out so far, by rule */
};

/* All rules, no key, nothing counted. */
void clew_mask_init(struct clew_mask *m);
uint64_t clew_mask_count(const struct clew_mask *m);

/*
 * Appends @text to @out with each secret replaced, when there is one: true. Else nothing is
 * appended: false. Errors of memory stay in @out (then true).
 */
CLEW_MUST_USE bool clew_mask_text(struct clew_mask *m, struct clew_slice text,
                                  struct clew_buffer *out);
/* Appends what stands in the place of @secret. */
void clew_mask_put(const struct clew_mask *m, enum clew_mask_rule rule, struct clew_slice secret,
                   struct clew_buffer *out);

#endif
