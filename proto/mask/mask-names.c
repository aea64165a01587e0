/*
 * Finders of mask.h for what stands behind a name: password=..., "api_key": "...", X-Api-Key: ...,
 * also where the quotes are escaped, as JSON in a string has them.
 *
 * The name is read backwards from the sign, the value forwards; both are bounded. In quotes any
 * value that is no placeholder counts; without quotes it has to look like no word and no code,
 * because prose and programs say "password:" all the time.
 */
#include "proto/base/compiler.h"
#include "proto/mask/mask-int.h"

#include <string.h>
#include <strings.h>

#define NAME_MAX 48u
/* Nobody's password is longer; keys of many lines have a rule of their own. */
#define VALUE_MAX 4096u
#define VALUE_MIN 4u
#define BARE_MIN 6u
#define TOKEN_MIN 16u
#define QUOTE_SLASHES_MAX 7u
/* A value with so many blanks is a sentence. */
#define SENTENCE_BLANKS 3u
#define PHONE_DIGITS_MIN 6u

enum kind {
        NONE,
        SECRET,
        HEADER, /* authorization: to the end of the line */
        PHRASE, /* of words */
        TOKEN,  /* may be a word of a language model as well */
        WHOLE,  /* "pass": a secret in quotes or directly behind '=' */
        PHONE,
};

/* clang-format off */
#define N(end, kind) {end, sizeof(end) - 1, kind}
/* clang-format on */

static const struct {
        const char *end; /* what the name, in small letters and digits alone, ends with */
        uint8_t n;
        uint8_t kind;
} secret_names[] = {
        N("password", SECRET),
        N("passwd", SECRET),
        N("passcode", SECRET),
        N("pwd", SECRET),
        N("passphrase", PHRASE),
        N("mnemonic", PHRASE),
        N("seedphrase", PHRASE),
        N("secret", SECRET),
        N("secretkey", SECRET),
        N("secretaccesskey", SECRET),
        N("apikey", SECRET),
        N("accesskey", SECRET),
        N("authkey", SECRET),
        N("privatekey", SECRET),
        N("signingkey", SECRET),
        N("encryptionkey", SECRET),
        N("masterkey", SECRET),
        N("accountkey", SECRET),
        N("sharedkey", SECRET),
        N("storagekey", SECRET),
        N("subscriptionkey", SECRET),
        N("licensekey", SECRET),
        N("accesstoken", SECRET),
        N("refreshtoken", SECRET),
        N("authtoken", SECRET),
        N("sessiontoken", SECRET),
        N("apitoken", SECRET),
        N("idtoken", SECRET),
        N("bearertoken", SECRET),
        N("csrftoken", SECRET),
        N("credential", SECRET),
        N("credentials", SECRET),
        N("authorization", HEADER),
        N("cookie", HEADER),
        N("token", TOKEN),
        N("pass", WHOLE),
        N("phone", PHONE),
        N("phonenumber", PHONE),
        N("telephone", PHONE),
        N("mobile", PHONE),
        N("mobilenumber", PHONE),
        N("cellphone", PHONE),
        N("fax", PHONE),
};

/* Whether a name may end so: nearly all do not, and are done with. */
static bool may_end(const uint8_t *p, size_t n)
{
        static const char ends[] = "rd wd de se ic et ey en on al ls ss ne er le ie ax ";
        uint8_t a;
        uint8_t b;

        while (n > 0 && !clew_mask_is_alnum(p[n - 1]))
                n--;
        if (n < 2 || !clew_mask_is_letter(p[n - 1]) || !clew_mask_is_letter(p[n - 2]))
                return n >= 2; /* "key_" and the like: looked at in full */
        a = p[n - 2] | 0x20;
        b = p[n - 1] | 0x20;
        for (size_t i = 0; i + 2 < sizeof(ends); i += 3) {
                if ((uint8_t)ends[i] == a && (uint8_t)ends[i + 1] == b)
                        return true;
        }
        return false;
}

static bool is_name(uint8_t c)
{
        return clew_mask_is_alnum(c) || c == '_' || c == '-' || c == '.';
}

/* The kind of a name as it is written. */
static enum kind kind_of(const uint8_t *p, size_t n)
{
        char small[NAME_MAX];
        size_t k = 0;

        if (n > NAME_MAX) {
                p += n - NAME_MAX;
                n = NAME_MAX;
        }
        for (size_t i = 0; i < n; i++) {
                if (clew_mask_is_alnum(p[i]))
                        small[k++] = (char)(p[i] >= 'A' && p[i] <= 'Z' ? p[i] + 32 : p[i]);
        }
        for (size_t i = 0; k > 0 && i < CLEW_ARRAY_LEN(secret_names); i++) {
                const char *end = secret_names[i].end;
                size_t m = secret_names[i].n;

                if (m > k || small[k - 1] != end[m - 1] || memcmp(small + k - m, end, m) != 0)
                        continue;
                /* "bypass" is no pass, "microphone" no phone. */
                if ((secret_names[i].kind == WHOLE || secret_names[i].kind == PHONE) && k > m &&
                    n > m && clew_mask_is_alnum(p[n - m - 1]) && p[n - m] >= 'a')
                        continue;
                return (enum kind)secret_names[i].kind;
        }
        return NONE;
}

/* ---- values --------------------------------------------------------------------------------- */

static bool is_same_letter(struct clew_slice v)
{
        for (size_t i = 1; i < v.len; i++) {
                if (v.data[i] != v.data[0])
                        return false;
        }
        return true;
}

/* What stands where a secret would: a type, a variable, stars. */
static bool is_placeholder(struct clew_slice v)
{
        static const char *const words[] = {
                "string",    "str",      "text",     "null",    "none",     "true",   "false",
                "undefined", "required", "optional", "hidden",  "redacted", "masked", "password",
                "secret",    "token",    "basic",    "bearer",  "object",   "number", "boolean",
                "integer",   "missing",  "invalid",  "unknown", "default",  "empty",  "secretstr",
        };
        char small[16];
        uint8_t first = v.data[0];
        uint8_t last = v.data[v.len - 1];

        if (first == '$' || first == '<' || first == '%' || (first == '{' && last == '}') ||
            (first == '*' && last == '*') || is_same_letter(v) ||
            (v.len > 10 && memcmp(v.data, "[redacted:", 10) == 0))
                return true;
        if (v.len >= sizeof(small))
                return false;
        for (size_t i = 0; i < v.len; i++)
                small[i] =
                        (char)(v.data[i] >= 'A' && v.data[i] <= 'Z' ? v.data[i] + 32 : v.data[i]);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(words); i++) {
                if (strlen(words[i]) == v.len && memcmp(words[i], small, v.len) == 0)
                        return true;
        }
        return false;
}

struct looks {
        size_t digits;
        size_t blanks;
        bool phone;      /* nothing but digits and what stands between them */
        bool identifier; /* letters, digits, '_' and '.' */
        bool special;    /* something that no word and no identifier has */
};

static struct looks look_at(struct clew_slice v)
{
        struct looks l = {.phone = true, .identifier = !clew_mask_is_digit(v.data[0])};

        for (size_t i = 0; i < v.len; i++) {
                uint8_t c = v.data[i];
                bool word = clew_mask_is_alnum(c) || c == '_' || c == '.';

                l.digits += clew_mask_is_digit(c);
                l.blanks += c == ' ' || (c >= 9 && c <= 13);
                l.phone = l.phone && (clew_mask_is_digit(c) || (c && strchr(" +-./()", c)));
                l.identifier = l.identifier && word;
                l.special = l.special || !(word || c == '-' || c == '/' || c == ' ');
        }
        return l;
}

/* "Basic dXNlcjpwYXNz": the word before what it brings. */
static bool has_scheme(struct clew_slice v)
{
        static const char *const schemes[] = {"basic ", "bearer ", "token ", "digest ", "apikey "};

        for (size_t i = 0; i < CLEW_ARRAY_LEN(schemes); i++) {
                size_t n = strlen(schemes[i]);

                if (v.len >= n + 6 && strncasecmp((const char *)v.data, schemes[i], n) == 0 &&
                    !memchr(v.data + n, ' ', v.len - n))
                        return true;
        }
        return false;
}

static bool is_secret(enum kind kind, struct clew_slice v)
{
        struct looks l;

        if (v.len < VALUE_MIN || v.len > VALUE_MAX || is_placeholder(v))
                return false;
        l = look_at(v);
        switch (kind) {
        case PHONE:
                return l.phone && l.digits >= PHONE_DIGITS_MIN && l.digits <= 15;
        case TOKEN:
                return v.len >= TOKEN_MIN && l.blanks == 0 && l.digits > 0;
        case HEADER:
                return v.len >= 8 && (l.digits > 0 || has_scheme(v));
        case SECRET:
        case WHOLE:
                return l.blanks < SENTENCE_BLANKS;
        case PHRASE:
                return true;
        case NONE:
                break;
        }
        return false;
}

bool clew_mask_is_named(struct clew_slice name, struct clew_slice value,
                        enum clew_mask_rule *ret_rule)
{
        enum kind kind = may_end(name.data, name.len) ? kind_of(name.data, name.len) : NONE;

        if (kind == NONE || !is_secret(kind, value))
                return false;
        *ret_rule = kind == PHONE ? CLEW_MASK_PHONE : CLEW_MASK_SECRET;
        return true;
}

/* ---- in texts ------------------------------------------------------------------------------- */

static bool is_quote(uint8_t c)
{
        return c == '"' || c == '\'' || c == '`';
}

/* Where the name ends that stands before @at: blanks, a bracket, a quote with its backslashes are
 * stepped over. */
static size_t name_end(struct clew_slice text, size_t at, bool equals)
{
        size_t i = at;

        for (unsigned n = 0; n < 2 && i > 0 && text.data[i - 1] == ' '; n++)
                i--;
        if (equals && i > 0 && text.data[i - 1] == ']')
                i--;
        if (i > 0 && is_quote(text.data[i - 1])) {
                i--;
                for (unsigned n = 0; n < QUOTE_SLASHES_MAX && i > 0 && text.data[i - 1] == '\\';
                     n++)
                        i--;
        }
        return i;
}

/* "[redacted:secret:..." is no secret behind a name. */
static bool is_in_mark(struct clew_slice text, size_t name)
{
        return name >= 10 && memcmp(text.data + name - 10, "[redacted:", 10) == 0;
}

size_t clew_mask_name_before(struct clew_slice text, size_t at, bool equals, size_t *ret_from)
{
        size_t end = name_end(text, at, equals);
        size_t i = end;

        while (i > 0 && end - i < CLEW_OWN_KEY_MAX && is_name(text.data[i - 1]))
                i--;
        *ret_from = i;
        return is_in_mark(text, i) ? 0 : end - i;
}

static enum kind name_before(struct clew_slice text, size_t at, bool equals)
{
        size_t end = name_end(text, at, equals);
        size_t i = end;

        if (end < 2 || !may_end(text.data + end - 2, 2))
                return NONE;
        while (i > 0 && end - i < NAME_MAX && is_name(text.data[i - 1]))
                i--;
        return i == end || is_in_mark(text, i) ? NONE : kind_of(text.data + i, end - i);
}

/* The value in quotes at @at, which is behind the opening one; false when it does not end. */
static bool quoted(struct clew_slice text, size_t at, uint8_t quote, size_t slashes, size_t *ret)
{
        size_t run = 0;

        for (size_t i = at; i < text.len && i - at <= VALUE_MAX; i++) {
                if (text.data[i] == quote && run == slashes) {
                        *ret = i - slashes;
                        return true;
                }
                run = text.data[i] == '\\' ? run + 1 : 0;
        }
        return false;
}

static bool ends_bare(uint8_t c)
{
        return c <= ' ' || is_quote(c) || c == ',' || c == ';' || c == '&' || c == '<' ||
               c == '>' || c == '(' || c == ')' || c == '[' || c == ']' || c == '{' || c == '}' ||
               c == '|' || c == ':' || c == '\\';
}

static size_t bare(struct clew_slice text, size_t at)
{
        size_t i = at;

        while (i < text.len && i - at < VALUE_MAX && !ends_bare(text.data[i]) &&
               (text.data[i] != '=' || i + 1 == text.len || text.data[i + 1] == '=' ||
                ends_bare(text.data[i + 1])))
                i++;
        while (i > at &&
               (text.data[i - 1] == '.' || text.data[i - 1] == '!' || text.data[i - 1] == '?'))
                i--;
        return i;
}

/* f(password=user.password1): such names say again what they are. */
static bool is_variable(struct clew_slice v, const struct looks *l)
{
        static const char *const parts[] = {"pass", "pwd", "secret", "token", "key", "cred"};

        if (!l->identifier)
                return false;
        for (size_t i = 0; i < CLEW_ARRAY_LEN(parts); i++) {
                if (memmem(v.data, v.len, parts[i], strlen(parts[i])))
                        return true;
        }
        return l->digits == 0 || memchr(v.data, '.', v.len);
}

/* Without quotes. @tight = directly behind '='. */
static bool is_bare_secret(struct clew_slice text, enum kind kind, size_t at, size_t to, bool tight)
{
        struct clew_slice v = clew_slice_make(text.data + at, to - at);
        uint8_t next = to < text.len ? text.data[to] : '\n';
        struct looks l;

        if (v.len < BARE_MIN || !is_secret(kind, v))
                return false;
        l = look_at(v);
        if (kind == PHONE)
                return true;
        if (next == '(' || next == '[' || ((next == ',' || next == ')') && is_variable(v, &l)))
                return false; /* code */
        if (kind == WHOLE && !tight)
                return false;
        if (l.digits > 0 || l.special)
                return true;
        return tight && !memchr(v.data, '.', v.len) && (next <= ' ' || next == '&' || next == ';');
}

/* A header's value is the rest of its line, or of the string that it stands in. */
static size_t end_of_line(struct clew_slice text, size_t at)
{
        size_t i = at;

        while (i < text.len && i - at < VALUE_MAX && text.data[i] >= ' ' &&
               !is_quote(text.data[i]) && text.data[i] != '\\')
                i++;
        while (i > at && text.data[i - 1] == ' ')
                i--;
        return i;
}

/* The value behind the sign at @sign. */
static bool value_behind(struct clew_slice text, size_t sign, enum kind kind, bool equals,
                         struct clew_mask_hit *ret)
{
        size_t at = sign + 1;
        size_t slashes = 0;
        size_t to;

        while (at < text.len && at - sign < 4 && (text.data[at] == ' ' || text.data[at] == '='))
                at++;
        ret->rule = kind == PHONE ? CLEW_MASK_PHONE : CLEW_MASK_SECRET;
        while (slashes < QUOTE_SLASHES_MAX && at + slashes < text.len &&
               text.data[at + slashes] == '\\')
                slashes++;
        if (at + slashes < text.len && is_quote(text.data[at + slashes])) {
                ret->from = at + slashes + 1;
                if (!quoted(text, ret->from, text.data[at + slashes], slashes, &ret->to))
                        return false;
                return is_secret(kind, clew_slice_make(text.data + ret->from, ret->to - ret->from));
        }
        to = kind == HEADER ? end_of_line(text, at) : bare(text, at);
        if (kind == PHONE) {
                for (to = at; to < text.len && to - at < 32 && text.data[to] &&
                              strchr("0123456789 +-./()", text.data[to]);
                     to++)
                        ;
                while (to > at && !clew_mask_is_digit(text.data[to - 1]))
                        to--;
        }
        ret->from = at;
        ret->to = to;
        if (to <= at)
                return false;
        if (kind == HEADER)
                return !equals && is_secret(kind, clew_slice_make(text.data + at, to - at));
        return is_bare_secret(text, kind, at, to, equals && at == sign + 1);
}

bool clew_mask_value_behind(struct clew_slice text, size_t sign, struct clew_mask_hit *ret)
{
        size_t at = sign + 1;
        size_t slashes = 0;

        while (at < text.len && at - sign < 4 && (text.data[at] == ' ' || text.data[at] == '='))
                at++;
        while (slashes < QUOTE_SLASHES_MAX && at + slashes < text.len &&
               text.data[at + slashes] == '\\')
                slashes++;
        ret->from = at;
        if (at + slashes < text.len && is_quote(text.data[at + slashes])) {
                ret->from = at + slashes + 1;
                if (!quoted(text, ret->from, text.data[at + slashes], slashes, &ret->to))
                        ret->to = text.len - ret->from > VALUE_MAX ? ret->from + VALUE_MAX
                                                                   : text.len; /* cut off */
        } else {
                ret->to = bare(text, at);
        }
        return ret->to > ret->from;
}

/* A header in what was the value of another one, which ends at @to and is no secret: it may only be
 * one by its first word. Looking at the rest again for each would not be linear. */
static bool is_later_header(struct clew_slice text, size_t sign, size_t to,
                            struct clew_mask_hit *ret)
{
        size_t at = sign + 1;

        while (at < to && text.data[at] == ' ')
                at++;
        if (at >= to)
                return false;
        *ret = (struct clew_mask_hit){.rule = CLEW_MASK_SECRET, .from = at, .to = to};
        return has_scheme(clew_slice_make(text.data + at, to - at));
}

static bool find_behind(struct clew_slice text, size_t from, uint8_t sign, unsigned rules,
                        struct clew_mask_hit *ret)
{
        size_t looked = 0; /* end of a header's value that is no secret */

        while (from < text.len) {
                const uint8_t *p = memchr(text.data + from, sign, text.len - from);
                enum kind kind;
                size_t at;

                if (!p)
                        return false;
                at = (size_t)(p - text.data);
                from = at + 1;
                kind = name_before(text, at, sign == '=');
                if (kind == NONE ||
                    (rules >> (kind == PHONE ? CLEW_MASK_PHONE : CLEW_MASK_SECRET) & 1) == 0)
                        continue;
                if (kind == HEADER && at < looked) {
                        if (is_later_header(text, at, looked, ret))
                                return true;
                        continue;
                }
                ret->to = 0;
                if (value_behind(text, at, kind, sign == '=', ret))
                        return true;
                if (kind == HEADER)
                        looked = ret->to;
        }
        return false;
}

bool clew_mask_find_behind_colon(struct clew_slice text, size_t from, unsigned rules,
                                 struct clew_mask_hit *ret)
{
        return find_behind(text, from, ':', rules, ret);
}

bool clew_mask_find_behind_equals(struct clew_slice text, size_t from, unsigned rules,
                                  struct clew_mask_hit *ret)
{
        return find_behind(text, from, '=', rules, ret);
}
