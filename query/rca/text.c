/*
 * Searching in texts, value tokens, shapes of errors. Linear, no allocation.
 */
#include "query/rca/text-int.h"

#include "proto/base/hash.h"

/* Letters in small, digits, and all that is not ASCII. */
const uint8_t clew_word_class[256] = {
        0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,
        0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,
        0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   0,   48,  49,  50,  51,  52,  53,
        54,  55,  56,  57,  0,   0,   0,   0,   0,   0,   0,   97,  98,  99,  100, 101, 102, 103,
        104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121,
        122, 0,   0,   0,   0,   0,   0,   97,  98,  99,  100, 101, 102, 103, 104, 105, 106, 107,
        108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 0,   0,   0,
        0,   0,   128, 129, 130, 131, 132, 133, 134, 135, 136, 137, 138, 139, 140, 141, 142, 143,
        144, 145, 146, 147, 148, 149, 150, 151, 152, 153, 154, 155, 156, 157, 158, 159, 160, 161,
        162, 163, 164, 165, 166, 167, 168, 169, 170, 171, 172, 173, 174, 175, 176, 177, 178, 179,
        180, 181, 182, 183, 184, 185, 186, 187, 188, 189, 190, 191, 192, 193, 194, 195, 196, 197,
        198, 199, 200, 201, 202, 203, 204, 205, 206, 207, 208, 209, 210, 211, 212, 213, 214, 215,
        216, 217, 218, 219, 220, 221, 222, 223, 224, 225, 226, 227, 228, 229, 230, 231, 232, 233,
        234, 235, 236, 237, 238, 239, 240, 241, 242, 243, 244, 245, 246, 247, 248, 249, 250, 251,
        252, 253, 254, 255,
};

struct clew_slice clew_text_trim(struct clew_slice t)
{
        while (t.len && is_space(t.data[0]))
                t = clew_slice_from(t, 1);
        while (t.len && is_space(t.data[t.len - 1]))
                t.len--;
        return t;
}

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Bytes looked at together. */
#define BLOCK 16u
#define ACTION_WITHIN 4000u /* bytes of a text in which "Action:" may stand */

/* Setting this bit makes both cases of a letter one; other characters stay as they are. */
static uint8_t case_bit(uint8_t c)
{
        return c >= 'a' && c <= 'z' ? 0x20 : 0;
}

/* Marks those of BLOCK places from @p on that begin with the characters @c0 @c1, whose cases
 * @bit0 and @bit1 make one. Reads BLOCK + 1 bytes. */
static inline unsigned begins_16(const uint8_t *p, uint8_t c0, uint8_t c1, uint8_t bit0,
                                 uint8_t bit1)
{
#ifdef __SSE2__
        __m128i a = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(p + 1));

        a = _mm_cmpeq_epi8(_mm_or_si128(a, _mm_set1_epi8((char)bit0)), _mm_set1_epi8((char)c0));
        b = _mm_cmpeq_epi8(_mm_or_si128(b, _mm_set1_epi8((char)bit1)), _mm_set1_epi8((char)c1));
        return (unsigned)_mm_movemask_epi8(_mm_and_si128(a, b));
#else
        unsigned marks = 0;

        for (unsigned i = 0; i < BLOCK; i++)
                marks |= (unsigned)(((p[i] | bit0) == c0) & ((p[i + 1] | bit1) == c1)) << i;
        return marks;
#endif
}

/* The same for what is left of @t from @i on, BLOCK bytes or fewer, but for the last one. */
static unsigned begins_at_end(struct clew_slice t, size_t i, uint8_t c0, uint8_t c1, uint8_t bit0,
                              uint8_t bit1)
{
        uint8_t room[BLOCK + 1] = {0};
        size_t from = t.len - BLOCK - 1;

        if (t.len > BLOCK)
                return begins_16(t.data + from, c0, c1, bit0, bit1) >> (i - from);
        memcpy(room, t.data + i, t.len - i);
        return begins_16(room, c0, c1, bit0, bit1);
}

/* Marks the digits among BLOCK bytes from @p on. */
static inline unsigned digits_16(const uint8_t *p)
{
#ifdef __SSE2__
        __m128i v =
                _mm_sub_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), _mm_set1_epi8('0'));

        return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(9)), v));
#else
        unsigned marks = 0;

        for (unsigned i = 0; i < BLOCK; i++)
                marks |= (unsigned)((uint8_t)(p[i] - '0') < 10) << i;
        return marks;
#endif
}

/* The first digit of @t from @i on, or where it ends. */
static size_t next_digit(struct clew_slice t, size_t i)
{
        for (; i + BLOCK <= t.len; i += BLOCK) {
                unsigned marks = digits_16(t.data + i);

                if (marks)
                        return i + (unsigned)__builtin_ctz(marks);
        }
        while (i < t.len && !is_digit(t.data[i]))
                i++;
        return i;
}

static bool is_at(const uint8_t *p, const char *needle, size_t n)
{
        size_t k = 0;

        while (k < n && lower(p[k]) == (uint8_t)needle[k])
                k++;
        return k == n;
}

bool clew_text_begins_so(struct clew_slice t, const char *needle)
{
        size_t n = strlen(needle);

        return n > 0 && t.len >= n && is_at(t.data, needle, n);
}

bool clew_text_has_digit(struct clew_slice t)
{
        return next_digit(t, 0) < t.len;
}

ptrdiff_t clew_text_find_bytes(struct clew_slice t, const char *needle, size_t n)
{
        const uint8_t c0 = (uint8_t)needle[0];
        const uint8_t c1 = n > 1 ? (uint8_t)needle[1] : 0;
        const uint8_t bit0 = case_bit(c0);
        const uint8_t bit1 = n > 1 ? case_bit(c1) : 0;
        size_t end; /* of the places where it may begin */

        if (n == 0 || t.len < n)
                return -1;
        end = t.len - n + 1;
        if (n == 1) {
                for (size_t i = 0; i < end; i++) {
                        if ((t.data[i] | bit0) == c0)
                                return (ptrdiff_t)i;
                }
                return -1;
        }
        for (size_t i = 0; i < end; i += BLOCK) {
                unsigned marks = t.len - i > BLOCK ? begins_16(t.data + i, c0, c1, bit0, bit1)
                                                   : begins_at_end(t, i, c0, c1, bit0, bit1);

                for (; marks; marks &= marks - 1) {
                        size_t at = i + (unsigned)__builtin_ctz(marks);

                        if (at < end && is_at(t.data + at, needle, n))
                                return (ptrdiff_t)at;
                }
        }
        return -1;
}

/* ---- value tokens --------------------------------------------------------------------------- */

/* What tokens are made of: letters, digits, and the marks that stand inside of ids and numbers. */
static const bool token_chars[256] = {
        ['#'] = true, [','] = true, ['-'] = true, ['.'] = true, ['0'] = true, ['1'] = true,
        ['2'] = true, ['3'] = true, ['4'] = true, ['5'] = true, ['6'] = true, ['7'] = true,
        ['8'] = true, ['9'] = true, [':'] = true, ['@'] = true, ['A'] = true, ['B'] = true,
        ['C'] = true, ['D'] = true, ['E'] = true, ['F'] = true, ['G'] = true, ['H'] = true,
        ['I'] = true, ['J'] = true, ['K'] = true, ['L'] = true, ['M'] = true, ['N'] = true,
        ['O'] = true, ['P'] = true, ['Q'] = true, ['R'] = true, ['S'] = true, ['T'] = true,
        ['U'] = true, ['V'] = true, ['W'] = true, ['X'] = true, ['Y'] = true, ['Z'] = true,
        ['_'] = true, ['a'] = true, ['b'] = true, ['c'] = true, ['d'] = true, ['e'] = true,
        ['f'] = true, ['g'] = true, ['h'] = true, ['i'] = true, ['j'] = true, ['k'] = true,
        ['l'] = true, ['m'] = true, ['n'] = true, ['o'] = true, ['p'] = true, ['q'] = true,
        ['r'] = true, ['s'] = true, ['t'] = true, ['u'] = true, ['v'] = true, ['w'] = true,
        ['x'] = true, ['y'] = true, ['z'] = true,
};

/* A token longer than this is a blob (base64, a path), which nobody copies by hand. */
#define TOKEN_MAX 48u

static void normalise(struct clew_slice t, struct clew_token *ret)
{
        uint8_t norm[TOKEN_MAX];
        uint8_t shape[TOKEN_MAX];
        size_t n = 0;
        size_t dots = 0;
        bool number = true;
        double value = 0;
        double scale = 0;

        ret->digits = 0;
        for (size_t i = 0; i < t.len; i++) {
                uint8_t c = t.data[i];

                if (is_digit(c)) {
                        ret->digits++;
                        if (scale > 0) {
                                value += (c - '0') * scale;
                                scale /= 10;
                        } else {
                                value = value * 10 + (c - '0');
                        }
                        norm[n] = c;
                        shape[n++] = '0';
                        continue;
                }
                if (c == ',' && i > 0 && is_digit(t.data[i - 1]) && i + 1 < t.len &&
                    is_digit(t.data[i + 1]))
                        continue;
                if (c == '.') {
                        dots++;
                        scale = 0.1;
                } else {
                        number = false;
                }
                norm[n] = lower(c);
                shape[n] = norm[n];
                n++;
        }
        ret->is_number = number && dots <= 1;
        ret->number = value;
        if (ret->is_number && dots == 1) { /* 12.50 and 12.5 are one value */
                while (n > 1 && norm[n - 1] == '0')
                        n--;
                if (norm[n - 1] == '.')
                        n--;
        }
        ret->hash = clew_hash(clew_slice_make(norm, n));
        ret->shape = clew_hash(clew_slice_make(shape, n));
}

static bool at_line_start(struct clew_slice t, size_t i)
{
        while (i > 0 && (t.data[i - 1] == ' ' || t.data[i - 1] == '*' || t.data[i - 1] == '\t'))
                i--;
        return i == 0 || t.data[i - 1] == '\n';
}

static bool is_hex(uint8_t c)
{
        return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f');
}

/* Letters behind a backslash at @from that belong to an escape (\u2019, \x1b, \n) and not to what
 * follows it: texts inside JSON are looked at as they came. */
static size_t escape_at(struct clew_slice t, size_t from, size_t to)
{
        size_t hex = 0;

        if (from == 0 || t.data[from - 1] != '\\' || from == to)
                return 0;
        if (t.data[from] == 'u' || t.data[from] == 'x')
                hex = t.data[from] == 'u' ? 4 : 2;
        else
                return memchr("nrtbf", t.data[from], 5) ? 1 : 0;
        for (size_t i = 1; i <= hex; i++) {
                if (from + i >= to || !is_hex(t.data[from + i]))
                        return 0;
        }
        return 1 + hex;
}

static bool has_digit(struct clew_slice t, size_t from, size_t to)
{
        while (from < to && !is_digit(t.data[from]))
                from++;
        return from < to;
}

bool clew_token_next(struct clew_token_iter *it, struct clew_token *ret)
{
        struct clew_slice t = it->text;

        while (it->at < t.len) {
                size_t from = it->at;
                size_t to;
                size_t end;

                /* The next digit, and the run of characters round it: most texts hold few. */
                from = next_digit(t, from);
                if (from == t.len)
                        break;
                to = from;
                while (from > it->at && token_chars[t.data[from - 1]])
                        from--;
                while (to < t.len && token_chars[t.data[to]])
                        to++;
                it->at = to;
                end = to;
                from += escape_at(t, from, to);
                if (!has_digit(t, from, to))
                        continue;
                while (from < end && !is_digit(t.data[from]) && !is_alpha(t.data[from]))
                        from++;
                while (end > from && !is_digit(t.data[end - 1]) && !is_alpha(t.data[end - 1]))
                        end--;
                if (end - from > TOKEN_MAX || end == from)
                        continue;
                ret->text = clew_slice_make(t.data + from, end - from);
                ret->offset = (uint32_t)from;
                normalise(ret->text, ret);
                ret->is_list_mark = ret->digits <= 2 && ret->is_number && end < t.len &&
                                    (t.data[end] == '.' || t.data[end] == ')') &&
                                    at_line_start(t, from);
                return true;
        }
        it->at = t.len;
        return false;
}

static bool is_separator(uint8_t c)
{
        return c == '-' || c == ':' || c == '_' || c == '@' || c == '#';
}

bool clew_token_part(const struct clew_token *t, size_t *at, struct clew_token *ret)
{
        bool compound = false;

        for (size_t i = 0; i < t->text.len; i++)
                compound |= is_separator(t->text.data[i]);
        while (compound && *at < t->text.len) {
                size_t from = *at;
                bool digit = false;

                while (*at < t->text.len && !is_separator(t->text.data[*at]))
                        digit |= is_digit(t->text.data[(*at)++]);
                ret->text = clew_slice_make(t->text.data + from, *at - from);
                *at += 1;
                if (!digit)
                        continue;
                ret->offset = t->offset + (uint32_t)from;
                ret->is_list_mark = false;
                normalise(ret->text, ret);
                return true;
        }
        return false;
}

/* Agents that act by text write "Action: go to shelf 1", or end with a line "search[blue shoes]".
 */
static ptrdiff_t action_at(struct clew_slice text)
{
        static const char label[] = "action:";
        struct clew_slice t = clew_text_trim(text);
        size_t n = sizeof(label) - 1;
        size_t last = t.len;
        size_t i;

        for (i = 0; i + n < t.len && i < ACTION_WITHIN;) {
                const uint8_t *line;

                if (lower(t.data[i]) == 'a' &&
                    clew_text_begins(clew_slice_make(t.data + i, n), label))
                        return t.data + i - text.data;
                line = memchr(t.data + i, '\n', t.len - i);
                if (!line)
                        break;
                i = (size_t)(line - t.data) + 1;
        }
        while (last > 0 && t.data[last - 1] != '\n')
                last--;
        i = last;
        while (i < t.len && (is_alpha(t.data[i]) || t.data[i] == '_'))
                i++;
        if (t.len > 0 && i > last && i < t.len && t.data[i] == '[' && t.data[t.len - 1] == ']')
                return t.data + last - text.data;
        return -1;
}

ptrdiff_t clew_text_program(struct clew_slice text)
{
        const uint8_t *fence = clew_find(text, "```", 3);
        const uint8_t *tag = clew_find(text, "<code>", 6);

        if (tag && (!fence || tag < fence))
                fence = tag;
        return fence ? fence - text.data : action_at(text);
}

bool clew_text_in_code(struct clew_slice text, size_t at)
{
        bool in = false;

        while (text.len) {
                const uint8_t *fence = clew_find(text, "```", 3);
                size_t from = fence ? (size_t)(fence - text.data) : at;

                if (from >= at)
                        break;
                in = !in;
                text = clew_slice_from(text, from + 3);
                at = at > from + 3 ? at - from - 3 : 0;
        }
        return in;
}

/* ---- shapes ---------------------------------------------------------------------------------- */

uint64_t clew_text_error_shape(struct clew_slice text)
{
        uint8_t kept[CLEW_TEXT_TAIL_MAX];
        struct clew_slice t = tail(clew_text_trim(text), 4 * CLEW_TEXT_TAIL_MAX);
        size_t n = 0;
        uint8_t quote = 0;

        for (size_t i = 0; i < t.len && n < sizeof(kept); i++) {
                uint8_t c = lower(t.data[i]);

                if (quote) {
                        if (c == quote || c == '\n')
                                quote = 0;
                        continue;
                }
                if (c == '"' || c == '`' || (c == '\'' && (i == 0 || !is_alpha(t.data[i - 1])))) {
                        quote = c;
                        continue;
                }
                if (is_digit(c) || (is_space(c) && n && kept[n - 1] == ' '))
                        continue;
                kept[n++] = is_space(c) ? ' ' : c;
        }
        return clew_hash(clew_slice_make(kept, n));
}
