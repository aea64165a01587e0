/*
 * The finder of mask.h for numbers: cards (ISO/IEC 7812: network, length, Luhn's digit), accounts
 * (IBAN, ISO 13616: country, length, two check digits modulo 97), phones (E.164 behind '+', the
 * North American form).
 *
 * Every group of digits may begin one; from there at most a fixed number of bytes is read. Ids,
 * times, sums and versions are numbers too: without a check digit only what is written as a phone
 * number is written counts.
 */
#include "proto/base/compiler.h"
#include "proto/mask/mask-int.h"

#include <string.h>

#define CARD_DIGITS_MIN 13u
#define CARD_DIGITS_MAX 19u
#define IBAN_MAX 34u
#define PHONE_DIGITS_MIN 8u
#define PHONE_DIGITS_MAX 15u
/* Without anything between the digits, shorter ones are sums. */
#define PHONE_PLAIN_MIN 9u

static bool is_edge(struct clew_slice text, size_t to)
{
        if (to >= text.len)
                return true;
        if (clew_mask_is_alnum(text.data[to]) || text.data[to] == '_')
                return false;
        return !((text.data[to] == '.' || text.data[to] == '-' || text.data[to] == ',') &&
                 to + 1 < text.len && clew_mask_is_digit(text.data[to + 1]));
}

static bool may_begin(struct clew_slice text, size_t at)
{
        uint8_t before = at > 0 ? text.data[at - 1] : ' ';

        if (clew_mask_in_word(text, at) || before == '.' || before == '+' || before == '#')
                return false;
        return !((before == '-' || before == '/' || before == ',') && at >= 2 &&
                 clew_mask_is_alnum(text.data[at - 2]));
}

/* ---- cards ---------------------------------------------------------------------------------- */

static bool is_luhn(const uint8_t *digits, size_t n)
{
        unsigned sum = 0;

        for (size_t i = 0; i < n; i++) {
                unsigned d = digits[n - 1 - i];

                if (i % 2 == 1)
                        d = d > 4 ? 2 * d - 9 : 2 * d;
                sum += d;
        }
        return sum % 10 == 0;
}

static unsigned leading(const uint8_t *digits, size_t n)
{
        unsigned v = 0;

        for (size_t i = 0; i < n; i++)
                v = 10 * v + digits[i];
        return v;
}

/* Whether a network gives numbers that begin so in that length. */
static bool is_network(const uint8_t *digits, size_t n)
{
        unsigned two = leading(digits, 2);
        unsigned four = leading(digits, 4);

        if (digits[0] == 4)
                return n == 13 || n == 16 || n == 19;
        if (two == 34 || two == 37)
                return n == 15;
        if (two == 30 || two == 36 || two == 38 || two == 39)
                return n == 14;
        if (four >= 2200 && four <= 2720)
                return n == 16;
        if (two == 35 || two == 62 || two == 64 || two == 65 || two == 60)
                return n >= 16;
        return (digits[0] == 5 || digits[0] == 6 || two == 81 || two == 97) && n == 16;
}

/* Groups as cards have them: 4 4 4 4 (3), 4 6 5, 4 6 4, or none. */
static bool is_grouped(const size_t *groups, size_t n)
{
        if (n == 1)
                return true;
        if (n == 3 && groups[0] == 4 && groups[1] == 6)
                return groups[2] == 5 || groups[2] == 4;
        for (size_t i = 0; i + 1 < n; i++) {
                if (groups[i] != 4)
                        return false;
        }
        return n >= 4 && groups[n - 1] <= 4;
}

static bool find_card(struct clew_slice text, size_t at, size_t *ret_to)
{
        uint8_t digits[CARD_DIGITS_MAX];
        size_t groups[CARD_DIGITS_MAX] = {0};
        size_t n_groups = 0;
        size_t n = 0;
        size_t i = at;
        uint8_t sign = 0;
        bool found = false;

        if (!may_begin(text, at))
                return false;
        while (n < CARD_DIGITS_MAX && i < text.len && clew_mask_is_digit(text.data[i])) {
                size_t from = i;

                while (i < text.len && n < CARD_DIGITS_MAX && clew_mask_is_digit(text.data[i]))
                        digits[n++] = (uint8_t)(text.data[i++] - '0');
                groups[n_groups++] = i - from;
                if (n >= CARD_DIGITS_MIN && is_network(digits, n) && is_grouped(groups, n_groups) &&
                    is_luhn(digits, n) && is_edge(text, i) &&
                    (i >= text.len || !clew_mask_is_digit(text.data[i]))) {
                        *ret_to = i; /* a longer one may follow */
                        found = true;
                }
                if (i >= text.len || (text.data[i] != ' ' && text.data[i] != '-') ||
                    (sign && text.data[i] != sign))
                        break;
                sign = text.data[i++];
        }
        return found;
}

/* ---- accounts ------------------------------------------------------------------------------- */

/* Country and length of the whole, by the registry of ISO 13616. */
static const char iban_lengths[] =
        "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29"
        "ES24FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20"
        "LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29"
        "PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20"
        "YE30";

static uint8_t upper(uint8_t c)
{
        return c >= 'a' && c <= 'z' ? (uint8_t)(c - 32) : c;
}

static size_t iban_length(uint8_t a, uint8_t b)
{
        for (size_t i = 0; i + 4 < sizeof(iban_lengths); i += 4) {
                if ((uint8_t)iban_lengths[i] == upper(a) &&
                    (uint8_t)iban_lengths[i + 1] == upper(b))
                        return 10u * (size_t)(iban_lengths[i + 2] - '0') +
                               (size_t)(iban_lengths[i + 3] - '0');
        }
        return 0;
}

/* @s: @n letters and digits. The first four go last; letters count 10 to 35. */
static bool is_checked(const uint8_t *s, size_t n)
{
        unsigned rest = 0;

        for (size_t k = 0; k < n; k++) {
                uint8_t c = s[(k + 4) % n];

                if (clew_mask_is_digit(c))
                        rest = (10 * rest + (unsigned)(c - '0')) % 97;
                else
                        rest = (100 * rest + (unsigned)(c - 'A') + 10) % 97;
        }
        return rest == 1;
}

/* @at is that of the first letter. */
static bool find_iban(struct clew_slice text, size_t at, size_t *ret_to)
{
        uint8_t s[IBAN_MAX];
        size_t length = iban_length(text.data[at], text.data[at + 1]);
        size_t n = 0;
        size_t i = at;

        if (length == 0 || clew_mask_in_word(text, at))
                return false;
        while (n < length && i < text.len) {
                if (clew_mask_is_alnum(text.data[i]))
                        s[n++] = upper(text.data[i++]);
                else if (n > 0 && n % 4 == 0 && (text.data[i] == ' ' || text.data[i] == '-') &&
                         clew_mask_is_alnum(text.data[i - 1]))
                        i++;
                else
                        break;
        }
        if (n < length || !is_edge(text, i) || !is_checked(s, n))
                return false;
        *ret_to = i;
        return true;
}

/* ---- phones --------------------------------------------------------------------------------- */

static bool is_phone_sign(uint8_t c)
{
        return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/';
}

/* Where a number behind '+' may end: after a group that makes it long enough. */
struct dialled {
        size_t digits;
        size_t group;   /* digits of the group that is read */
        size_t longest; /* of all groups */
        size_t n_groups;
        size_t good; /* end of the longest number so far; 0 = none */
};

static void end_group(struct clew_slice text, struct dialled *d, size_t to)
{
        size_t least = d->n_groups > 1 ? PHONE_DIGITS_MIN : PHONE_PLAIN_MIN;

        if (d->group > 0 && d->digits >= least && d->digits <= PHONE_DIGITS_MAX &&
            (d->n_groups == 1 || d->longest >= 3) && is_edge(text, to))
                d->good = to;
        d->group = 0;
}

/* "+49 (0)30 1234567"; @at is that of the first digit, behind '+'. */
static bool find_international(struct clew_slice text, size_t at, size_t *ret_to)
{
        struct dialled d = {0};
        bool open = false;
        unsigned signs = 0;
        size_t i;

        if (at < 1 || text.data[at - 1] != '+' || text.data[at] == '0' ||
            clew_mask_in_word(text, at - 1) ||
            (at >= 2 && (text.data[at - 2] == '+' || text.data[at - 2] == ')')))
                return false;
        for (i = at; i < text.len && d.digits <= PHONE_DIGITS_MAX; i++) {
                uint8_t c = text.data[i];

                if (clew_mask_is_digit(c)) {
                        d.n_groups += d.group == 0;
                        d.group++;
                        d.digits++;
                        d.longest = d.group > d.longest ? d.group : d.longest;
                        signs = 0;
                        continue;
                }
                /* "+2026-01-15" in a patch is a date. */
                if (d.n_groups == 1 && d.group == 4 && c == '-')
                        return false;
                end_group(text, &d, i);
                if (!is_phone_sign(c) || ++signs > 2 || (c == ')' && !open) || (c == '(' && open))
                        break;
                open = c == '(' || (open && c != ')');
        }
        end_group(text, &d, i);
        *ret_to = d.good;
        return d.good > 0;
}

static bool digits_at(struct clew_slice text, size_t at, size_t n)
{
        if (at > text.len || text.len - at < n)
                return false;
        for (size_t i = 0; i < n; i++) {
                if (!clew_mask_is_digit(text.data[at + i]))
                        return false;
        }
        return true;
}

/* "(212) 555-0143", "212-555-0143", "212.555.0143"; @at is that of the first digit. */
static bool find_american(struct clew_slice text, size_t at, size_t *ret_from, size_t *ret_to)
{
        bool bracket = at > 0 && text.data[at - 1] == '(';
        size_t from = bracket ? at - 1 : at;
        size_t i = at + 3;
        uint8_t sign;

        if (text.data[at] < '2' || !digits_at(text, at, 3) || !may_begin(text, from) ||
            i >= text.len)
                return false;
        if (bracket) {
                if (text.data[i] != ')')
                        return false;
                i++;
                i += i < text.len && text.data[i] == ' ';
                sign = '-';
        } else {
                sign = text.data[i++];
                if (sign != '-' && sign != '.')
                        return false;
        }
        if (!digits_at(text, i, 3) || text.data[i] < '2' || i + 3 >= text.len ||
            (text.data[i + 3] != sign && !(bracket && text.data[i + 3] == ' ')) ||
            !digits_at(text, i + 4, 4) || !is_edge(text, i + 8))
                return false;
        *ret_from = from;
        *ret_to = i + 8;
        return true;
}

/* ---- the finder ----------------------------------------------------------------------------- */

/* What begins with the digit at @at, the first of its group. */
static bool find_at(struct clew_slice text, size_t at, size_t least, unsigned rules,
                    struct clew_mask_hit *ret)
{
        ret->from = at;
        if ((rules >> CLEW_MASK_IBAN & 1) && at >= least + 2 && at + 1 < text.len &&
            clew_mask_is_letter(text.data[at - 1]) && clew_mask_is_letter(text.data[at - 2]) &&
            clew_mask_is_digit(text.data[at + 1]) && find_iban(text, at - 2, &ret->to)) {
                ret->rule = CLEW_MASK_IBAN;
                ret->from = at - 2;
                return true;
        }
        if ((rules >> CLEW_MASK_CARD & 1) && find_card(text, at, &ret->to)) {
                ret->rule = CLEW_MASK_CARD;
                return true;
        }
        if ((rules >> CLEW_MASK_PHONE & 1) == 0)
                return false;
        ret->rule = CLEW_MASK_PHONE;
        if (at > least && find_international(text, at, &ret->to)) {
                ret->from = at - 1;
                return true;
        }
        return find_american(text, at, &ret->from, &ret->to) && ret->from >= least;
}

bool clew_mask_find_number(struct clew_slice text, size_t from, unsigned rules,
                           struct clew_mask_hit *ret)
{
        size_t least = from;

        for (size_t i = from; i < text.len; i++) {
                if (!clew_mask_is_digit(text.data[i]))
                        continue;
                if (find_at(text, i, least, rules, ret))
                        return true;
                while (i + 1 < text.len && clew_mask_is_digit(text.data[i + 1]))
                        i++;
        }
        return false;
}
