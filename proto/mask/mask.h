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
 * Rules of a user's own (own.h) are found by the same walk.
 *
 * What is put in place, "[redacted:email]", is found by no rule: masking twice is masking once.
 * With a key it carries a keyed hash, "[redacted:email:5f0c2ab1d3e4]": the same secret is the same
 * text everywhere, so that joins still work, and without the key nobody can try out phone numbers.
 * Where no length may change it is fill.h's instead.
 */
#ifndef CLEW_PROTO_MASK_MASK_H
#define CLEW_PROTO_MASK_MASK_H

#include "proto/base/buffer.h"
#include "proto/base/compiler.h"
#include "proto/base/slice.h"
#include "proto/mask/fill.h"
#include "proto/mask/joint.h"
#include "proto/mask/own.h"

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
        unsigned rule;                    /* of mask.h; behind CLEW_MASK_RULES, of the user's own */
        size_t from;                      /* first byte of the secret */
        size_t to;                        /* behind its last */
        const struct clew_own_form *form; /* a text of the user's own in this form; else NULL */
        bool is_unsure; /* a pattern's limit ended the search: the rest of the text */
};

/* The built-in ones; texts, names behind each sign, patterns of the user's own. */
#define CLEW_MASK_FINDERS_BUILT_IN 9u
#define CLEW_MASK_FINDERS (CLEW_MASK_FINDERS_BUILT_IN + 3u + CLEW_OWN_PATTERNS_MAX)

/* What patterns have cost so far, over all texts of a message. */
struct clew_mask_budget {
        uint64_t bytes; /* of the message, when it is known */
        uint64_t looked;
        uint64_t next;     /* when the clock is looked at again */
        uint64_t began_ns; /* CPU time; 0 = not yet */
        bool is_spent;
};

/* One walk over a text. Members are private. */
struct clew_mask_scan {
        struct clew_slice text;
        unsigned rules;
        unsigned n_finders;
        size_t at;
        const struct clew_own *own;
        struct clew_pattern_room *room;
        struct clew_mask_budget *budget;
        struct clew_mask_hit next[CLEW_MASK_FINDERS];
        bool ended[CLEW_MASK_FINDERS];
};

/* @rules: bits of 1 << rule. @text is borrowed for as long as the walk goes on. */
void clew_mask_scan_begin(struct clew_mask_scan *s, struct clew_slice text, unsigned rules);
/* The same with rules of the user's own; patterns among them need @room and @budget. */
void clew_mask_scan_begin_own(struct clew_mask_scan *s, struct clew_slice text, unsigned rules,
                              const struct clew_own *own, struct clew_pattern_room *room,
                              struct clew_mask_budget *budget);
/* The next secret, in the order of the text; they do not overlap. Text is looked at as it stands:
 * JSON inside of it is not decoded. */
CLEW_MUST_USE bool clew_mask_scan_next(struct clew_mask_scan *s, struct clew_mask_hit *ret);

/* Whether @value, the whole value of a member, attribute or header called @name, is a secret by its
 * name; *ret_rule is then CLEW_MASK_SECRET or CLEW_MASK_PHONE. */
CLEW_MUST_USE bool clew_mask_is_named(struct clew_slice name, struct clew_slice value,
                                      enum clew_mask_rule *ret_rule);
/* Whether masking has made @text, the whole of a value: a name's rule leaves it. */
bool clew_mask_is_mark(struct clew_slice text);

/* ---- masking --------------------------------------------------------------------------------- */

struct clew_mask {
        unsigned rules; /* bits of 1 << rule */
        bool has_key;
        bool same_length; /* what is put in has the length of what goes; needs a key */
        uint8_t key[CLEW_MASK_KEY_BYTES];
        const struct clew_own *own;  /* borrowed; NULL = none */
        uint64_t n[CLEW_MASK_RULES]; /* secrets taken out so far, by rule */
        uint64_t n_own[CLEW_OWN_RULES_MAX];
        uint64_t
                n_unsure; /* of those, texts that went because a pattern's limit ended the search */
};

/* All rules, no key, nothing counted. */
void clew_mask_init(struct clew_mask *m);
uint64_t clew_mask_count(const struct clew_mask *m);
/* The name of a rule, also of the user's own. */
const char *clew_mask_name(const struct clew_mask *m, unsigned rule);

/*
 * Appends @text to @out with each secret replaced, when there is one: true. Else nothing is
 * appended: false. Errors of memory stay in @out (then true).
 */
CLEW_MUST_USE bool clew_mask_text(struct clew_mask *m, struct clew_slice text,
                                  struct clew_buffer *out);
/* Appends what stands in the place of @secret. */
void clew_mask_put(const struct clew_mask *m, unsigned rule, struct clew_slice secret,
                   struct clew_buffer *out);

/* ---- many texts of one message --------------------------------------------------------------- */

/* Bytes that go, and what comes in their place. */
struct clew_mask_edit {
        size_t from;
        size_t to;
        size_t put; /* first byte of it in clew_mask_work.put */
        size_t n;
};

#define CLEW_MASK_LEVELS 4u

struct clew_mask_level;

/* What masking works with, kept from text to text. One thread. */
struct clew_mask_work {
        struct clew_buffer edits; /* struct clew_mask_edit, ascending */
        /* Where lengths stay: a text that may be cut into parts, borrowed, NULL = none; the name of
         * the text that is looked at; and edits in no order. */
        struct clew_joint *joint;
        struct clew_slice name;
        struct clew_buffer parts;
        struct clew_buffer late;
        struct clew_buffer put;
        struct clew_buffer merged;
        struct clew_buffer scratch;
        struct clew_mask_level *levels;
        struct clew_pattern_room *room;
        struct clew_mask_budget budget;
        /* Texts in which nothing was found, by a hash under this number; 0: not remembered. Agents
         * send the whole conversation with each call. It is to be another one for other rules, and
         * nobody's to guess. */
        uint64_t seed;
        uint64_t *clean;
        size_t max_bytes;
        int error; /* 0, -ENOMEM, -EMSGSIZE; sticky */
};

void clew_mask_work_init(struct clew_mask_work *w, size_t max_bytes);
void clew_mask_work_deinit(struct clew_mask_work *w); /* zeroed is fine */
/* Before a message of @bytes: no edits, no error. */
void clew_mask_work_begin(struct clew_mask_work *w, size_t bytes);
/* Gives back what is more than @keep_bytes. */
void clew_mask_work_tidy(struct clew_mask_work *w, size_t keep_bytes);
static inline size_t clew_mask_work_edits(const struct clew_mask_work *w)
{
        return w->edits.len / sizeof(struct clew_mask_edit);
}

/* Appends the edits that @text needs, with places counted from @base. */
void clew_mask_look(struct clew_mask *m, struct clew_mask_work *w, struct clew_slice text,
                    size_t base);
/* The same for a text of which all is to go by the rule @rule, unless it is a mark already. */
void clew_mask_take(struct clew_mask *m, struct clew_mask_work *w, unsigned rule,
                    struct clew_slice text, size_t base);
/* Appends @text with all edits made; places are counted from its first byte. */
void clew_mask_apply(const struct clew_mask_work *w, struct clew_slice text,
                     struct clew_buffer *out);
/* The same in place, where each edit keeps the length. */
void clew_mask_apply_here(const struct clew_mask_work *w, uint8_t *text, size_t n);

#endif
