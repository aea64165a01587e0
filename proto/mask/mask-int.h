/*
 * The finders of mask.h: each looks for the first secret of its kind at or behind a place.
 */
#ifndef CLEW_PROTO_MASK_MASK_INT_H
#define CLEW_PROTO_MASK_MASK_INT_H

#include "proto/mask/mask.h"

typedef bool clew_mask_find_fn(struct clew_slice text, size_t from, unsigned rules,
                               struct clew_mask_hit *ret);

clew_mask_find_fn clew_mask_find_private_key;
clew_mask_find_fn clew_mask_find_api_key;
clew_mask_find_fn clew_mask_find_jwt;
clew_mask_find_fn clew_mask_find_bearer;
clew_mask_find_fn clew_mask_find_address; /* a password in it */
clew_mask_find_fn clew_mask_find_behind_colon;
clew_mask_find_fn clew_mask_find_behind_equals;
clew_mask_find_fn clew_mask_find_email;
clew_mask_find_fn clew_mask_find_number; /* card, IBAN, phone */

/* Of the user's own: texts, values behind names before @sign, pattern @i. */
bool clew_mask_find_own_text(struct clew_mask_scan *s, struct clew_mask_hit *ret);
bool clew_mask_find_own_named(struct clew_mask_scan *s, uint8_t sign, struct clew_mask_hit *ret);
bool clew_mask_find_own_pattern(struct clew_mask_scan *s, unsigned i, struct clew_mask_hit *ret);
/* A name that ends before the sign at @at; its length, 0 = none. */
size_t clew_mask_name_before(struct clew_slice text, size_t at, bool equals, size_t *ret_from);
/* What stands behind the sign, in quotes or bare, whatever it is. */
bool clew_mask_value_behind(struct clew_slice text, size_t sign, struct clew_mask_hit *ret);

static inline bool clew_mask_is_digit(uint8_t c)
{
        return c >= '0' && c <= '9';
}

static inline bool clew_mask_is_letter(uint8_t c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool clew_mask_is_alnum(uint8_t c)
{
        return clew_mask_is_digit(c) || clew_mask_is_letter(c);
}

/* What keys and tokens are made of. */
static inline bool clew_mask_is_token(uint8_t c)
{
        return clew_mask_is_alnum(c) || c == '_' || c == '-';
}

/*
 * How many bytes at @at belong to an escape that began before it ("\n", "\u0022", or "%22"), though
 * they look like letters of a word: 0 when none do.
 */
static inline size_t clew_mask_escape(struct clew_slice text, size_t at)
{
        uint8_t before = at > 0 ? text.data[at - 1] : ' ';

        if (at >= text.len)
                return 0;
        if (before == '\\')
                return text.data[at] == 'u' && text.len - at > 5 ? 5 : 1;
        if (before == '%' && text.len - at > 2 && clew_mask_is_alnum(text.data[at]) &&
            clew_mask_is_alnum(text.data[at + 1]))
                return 2;
        return 0;
}

/* Whether a word goes on before @at; the letter of an escape is none. */
static inline bool clew_mask_in_word(struct clew_slice text, size_t at)
{
        if (at == 0 || !(clew_mask_is_alnum(text.data[at - 1]) || text.data[at - 1] == '_'))
                return false;
        if (at >= 2 && text.data[at - 2] == '\\')
                return false;
        return !(at >= 3 && text.data[at - 3] == '%') &&
               !(at >= 6 && text.data[at - 6] == '\\' && text.data[at - 5] == 'u');
}

#endif
