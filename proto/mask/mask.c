/*
 * See mask.h: rules by name, the walk that merges what the finders find, what stands in place of a
 * secret. The finders: mask-keys.c, mask-names.c, mask-numbers.c, mask-own.c.
 */
#include "proto/mask/mask.h"

#include "proto/base/ids.h"
#include "proto/mask/mask-int.h"

#include <string.h>

/* Of the keyed hash: 48 bits tell a million secrets apart. */
#define HASH_BYTES 6u

static const char *const names[CLEW_MASK_RULES] = {"private-key", "api-key", "token", "secret",
                                                   "email",       "card",    "iban",  "phone"};

const char *clew_mask_rule_name(enum clew_mask_rule rule)
{
        return names[rule];
}

static bool add_rule(struct clew_slice name, unsigned *rules)
{
        for (unsigned i = 0; i < CLEW_MASK_RULES; i++) {
                if (clew_slice_eq_cstr(name, names[i])) {
                        *rules |= 1u << i;
                        return true;
                }
        }
        return false;
}

bool clew_mask_rules_parse(struct clew_slice text, unsigned *ret)
{
        unsigned rules = 0;

        if (clew_slice_eq_cstr(text, "all") || clew_slice_eq_cstr(text, "none")) {
                *ret = text.data[0] == 'a' ? CLEW_MASK_ALL : 0;
                return true;
        }
        for (;;) {
                const uint8_t *comma = text.len ? memchr(text.data, ',', text.len) : NULL;
                size_t n = comma ? (size_t)(comma - text.data) : text.len;

                if (!add_rule(clew_slice_make(text.data, n), &rules))
                        return false;
                if (!comma)
                        break;
                text = clew_slice_from(text, n + 1);
        }
        *ret = rules;
        return true;
}

/* ---- finding -------------------------------------------------------------------------------- */

/* Of two that begin and end at the same places the first here is told. */
static const struct {
        clew_mask_find_fn *find;
        unsigned rules;
} finders[CLEW_MASK_FINDERS_BUILT_IN] = {
        {clew_mask_find_private_key, 1u << CLEW_MASK_PRIVATE_KEY},
        {clew_mask_find_api_key, 1u << CLEW_MASK_API_KEY},
        {clew_mask_find_jwt, 1u << CLEW_MASK_TOKEN},
        {clew_mask_find_bearer, 1u << CLEW_MASK_TOKEN},
        {clew_mask_find_address, 1u << CLEW_MASK_TOKEN},
        {clew_mask_find_number,
         1u << CLEW_MASK_CARD | 1u << CLEW_MASK_IBAN | 1u << CLEW_MASK_PHONE},
        {clew_mask_find_behind_colon, 1u << CLEW_MASK_SECRET | 1u << CLEW_MASK_PHONE},
        {clew_mask_find_behind_equals, 1u << CLEW_MASK_SECRET | 1u << CLEW_MASK_PHONE},
        {clew_mask_find_email, 1u << CLEW_MASK_EMAIL},
};

enum own_finder {
        API_KEY = 1,
        BEARER = 3,
        OWN_TEXTS = CLEW_MASK_FINDERS_BUILT_IN,
        OWN_COLON,
        OWN_EQUALS,
        OWN_PATTERNS
};

/* Bytes without which a finder finds nothing: nearly all short texts have few of them. */
enum sign {
        DIGIT = 1,
        AT = 2,
        COLON = 4,
        EQUALS = 8,
        DASH = 16,
        DOT = 32,
};

#define SHORT_TEXT 256u
/* Of phones and cards; an account is as long as that, and may be of letters but for two digits. */
#define NUMBER_DIGITS_MIN 7u
#define IBAN_BYTES_MIN 15u
#define IBAN_DIGITS_MIN 2u
/* A run of a key of a service (mask-keys.c); "bearer " and eight more. */
#define KEY_BYTES_MIN 15u

static const uint8_t signs[256] = {
        ['0'] = DIGIT, ['1'] = DIGIT, ['2'] = DIGIT,  ['3'] = DIGIT, ['4'] = DIGIT,
        ['5'] = DIGIT, ['6'] = DIGIT, ['7'] = DIGIT,  ['8'] = DIGIT, ['9'] = DIGIT,
        ['@'] = AT,    [':'] = COLON, ['='] = EQUALS, ['-'] = DASH,  ['.'] = DOT,
};

/* What each finder needs, all of it. */
static const uint8_t needs[CLEW_MASK_FINDERS_BUILT_IN] = {DASH,  0,     DOT,    0, AT | COLON,
                                                          DIGIT, COLON, EQUALS, AT};

static unsigned signs_in(struct clew_slice text, size_t *ret_digits)
{
        unsigned all = 0;
        size_t digits = 0;

        for (size_t i = 0; i < text.len; i++) {
                uint8_t sign = signs[text.data[i]];

                all |= sign;
                digits += sign & DIGIT;
        }
        *ret_digits = digits;
        return all;
}

/* Ends the finders that a short text has nothing for. */
static void spare(struct clew_mask_scan *s)
{
        size_t digits = 0;
        unsigned all = signs_in(s->text, &digits);

        if (digits < (s->text.len < IBAN_BYTES_MIN ? NUMBER_DIGITS_MIN : IBAN_DIGITS_MIN))
                all &= ~(unsigned)DIGIT;
        for (unsigned i = 0; i < CLEW_MASK_FINDERS_BUILT_IN; i++)
                s->ended[i] = s->ended[i] || (needs[i] & ~all) != 0;
        if (s->text.len < KEY_BYTES_MIN)
                s->ended[API_KEY] = s->ended[BEARER] = true;
}

void clew_mask_scan_begin(struct clew_mask_scan *s, struct clew_slice text, unsigned rules)
{
        s->text = text;
        s->rules = rules;
        s->own = NULL;
        s->at = 0;
        s->n_finders = CLEW_MASK_FINDERS_BUILT_IN;
        for (unsigned i = 0; i < CLEW_MASK_FINDERS_BUILT_IN; i++) {
                s->ended[i] = (finders[i].rules & rules) == 0;
                s->next[i].to = 0; /* to be looked for */
        }
        if (text.len <= SHORT_TEXT && rules)
                spare(s);
}

void clew_mask_scan_begin_own(struct clew_mask_scan *s, struct clew_slice text, unsigned rules,
                              const struct clew_own *own, struct clew_pattern_room *room,
                              struct clew_mask_budget *budget)
{
        clew_mask_scan_begin(s, text, rules);
        s->own = own;
        s->room = room;
        s->budget = budget;
        s->n_finders = OWN_PATTERNS + own->n_patterns;
        for (unsigned i = OWN_TEXTS; i < s->n_finders; i++) {
                s->ended[i] = (i == OWN_TEXTS && !own->needles) ||
                              ((i == OWN_COLON || i == OWN_EQUALS) && own->n_keys == 0);
                s->next[i].to = 0;
        }
}

static bool find(struct clew_mask_scan *s, unsigned i)
{
        struct clew_mask_hit *h = &s->next[i];

        h->form = NULL;
        h->is_unsure = false;
        if (i < CLEW_MASK_FINDERS_BUILT_IN)
                return finders[i].find(s->text, s->at, s->rules, h);
        if (i == OWN_TEXTS)
                return clew_mask_find_own_text(s, h);
        if (i == OWN_COLON || i == OWN_EQUALS)
                return clew_mask_find_own_named(s, i == OWN_COLON ? ':' : '=', h);
        return clew_mask_find_own_pattern(s, i - OWN_PATTERNS, h);
}

bool clew_mask_scan_next(struct clew_mask_scan *s, struct clew_mask_hit *ret)
{
        const struct clew_mask_hit *best = NULL;

        for (unsigned i = 0; i < s->n_finders; i++) {
                struct clew_mask_hit *h = &s->next[i];

                /* A finder goes on where the last secret ended, so it never walks a place twice. */
                if (!s->ended[i] && (h->to == 0 || h->from < s->at))
                        s->ended[i] = !find(s, i);
                if (s->ended[i])
                        continue;
                if (!best || h->from < best->from || (h->from == best->from && h->to > best->to))
                        best = h;
        }
        if (!best)
                return false;
        *ret = *best;
        s->at = best->to;
        return true;
}

/* ---- masking -------------------------------------------------------------------------------- */

void clew_mask_init(struct clew_mask *m)
{
        *m = (struct clew_mask){.rules = CLEW_MASK_ALL};
}

uint64_t clew_mask_count(const struct clew_mask *m)
{
        uint64_t n = 0;

        for (size_t i = 0; i < CLEW_MASK_RULES; i++)
                n += m->n[i];
        for (size_t i = 0; i < CLEW_OWN_RULES_MAX; i++)
                n += m->n_own[i];
        return n;
}

const char *clew_mask_name(const struct clew_mask *m, unsigned rule)
{
        if (rule < CLEW_MASK_RULES)
                return names[rule];
        CLEW_ASSERT(m->own && rule - CLEW_MASK_RULES < m->own->n_rules);
        return m->own->rules[rule - CLEW_MASK_RULES].name;
}

bool clew_mask_is_mark(struct clew_slice text)
{
        if (text.len == 0)
                return true;
        return clew_slice_starts_with(text, CLEW_SLICE_LITERAL("[redacted:")) ||
               (text.data[0] == '*' && text.data[text.len - 1] == '*');
}

void clew_mask_put(const struct clew_mask *m, unsigned rule, struct clew_slice secret,
                   struct clew_buffer *out)
{
        uint8_t sum[CLEW_SHA256_BYTES];
        char hex[2 * HASH_BYTES + 1];

        clew_buffer_append_cstr(out, "[redacted:");
        clew_buffer_append_cstr(out, clew_mask_name(m, rule));
        if (m->has_key) {
                clew_mask_hash(secret, m->key, sum);
                clew_hex_encode(clew_slice_make(sum, HASH_BYTES), hex);
                clew_buffer_append_byte(out, ':');
                clew_buffer_append_cstr(out, hex);
        }
        clew_buffer_append_byte(out, ']');
}
