/*
 * Rules of a user's own, beside those of mask.h: names whose values go, texts that go in whatever
 * form they stand, patterns.
 *
 * Built once and then only read, by any number of threads.
 */
#ifndef CLEW_PROTO_MASK_OWN_H
#define CLEW_PROTO_MASK_OWN_H

#include "proto/base/arena.h"
#include "proto/base/compiler.h"
#include "proto/base/error.h"
#include "proto/base/pattern.h"
#include "proto/base/slice.h"
#include "proto/mask/forms.h"
#include "proto/mask/needles.h"

#include <stdbool.h>
#include <stdint.h>

#define CLEW_OWN_RULES_MAX 64u
#define CLEW_OWN_KEYS_MAX 256u
#define CLEW_OWN_TEXTS_MAX 256u
#define CLEW_OWN_PATTERNS_MAX 16u
#define CLEW_OWN_NAME_MAX 32u
#define CLEW_OWN_KEY_MAX 128u
/* Of one match of a pattern; what is longer is cut there. */
#define CLEW_OWN_MATCH_MAX ((size_t)4096)

struct clew_own_rule {
        char name[CLEW_OWN_NAME_MAX + 1];
        unsigned line; /* that names it first */
};

struct clew_own_key {
        struct clew_slice name; /* small letters, in the arena */
        bool is_prefix;         /* written with a star at its end */
        uint8_t rule;
};

struct clew_own_text {
        struct clew_slice text; /* in the arena */
        uint8_t rule;
};

/* One form of one text, as the matcher numbers them. */
struct clew_own_form {
        struct clew_form form;
        uint16_t text;
};

struct clew_own_pattern {
        struct clew_pattern *pattern;
        uint8_t rule;
};

struct clew_own {
        struct clew_arena arena;
        struct clew_own_rule rules[CLEW_OWN_RULES_MAX];
        struct clew_own_key keys[CLEW_OWN_KEYS_MAX];
        struct clew_own_text texts[CLEW_OWN_TEXTS_MAX];
        struct clew_own_pattern patterns[CLEW_OWN_PATTERNS_MAX];
        uint32_t n_rules;
        uint32_t n_keys;
        uint32_t n_texts;
        uint32_t n_patterns;
        struct clew_own_form *forms; /* in the arena */
        uint32_t n_forms;
        struct clew_needles *needles; /* their bytes; NULL without texts */
        uint64_t tails[16];           /* last two bytes of names */
        bool has_prefix;
};

void clew_own_init(struct clew_own *own);
void clew_own_deinit(struct clew_own *own); /* zeroed is fine */

/* The number of the rule @name, made when there is none. -EINVAL: no good name;
 * -E2BIG: too many. */
CLEW_MUST_USE int clew_own_rule(struct clew_own *own, struct clew_slice name, unsigned line,
                                struct clew_error *err);
/* Each adds to the rule @rule. 0, or -EINVAL, -E2BIG, -ENOMEM with a message that has no place. */
CLEW_MUST_USE int clew_own_add_key(struct clew_own *own, int rule, struct clew_slice key,
                                   struct clew_error *err);
CLEW_MUST_USE int clew_own_add_text(struct clew_own *own, int rule, struct clew_slice text,
                                    struct clew_error *err);
CLEW_MUST_USE int clew_own_add_pattern(struct clew_own *own, int rule, struct clew_slice pattern,
                                       struct clew_error *err);
/* After the last addition, before the first question. */
CLEW_MUST_USE int clew_own_finish(struct clew_own *own, struct clew_error *err);

/* Which rule takes the value of what is called @name, by the whole name or what stands behind one
 * of its dots; -1 = none. */
CLEW_MUST_USE int clew_own_key_rule(const struct clew_own *own, struct clew_slice name);

#endif
