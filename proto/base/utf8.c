#include "proto/base/utf8.h"

#include "proto/base/compiler.h"

#define ASCII_MASK UINT64_C(0x8080808080808080)

/*
 * Length of the sequence at @p: positive when well-formed, negative count of bytes that belong to
 * one broken part. The second byte's range depends on the first (RFC 3629 section 4).
 */
static int sequence_length(const uint8_t *p, const uint8_t *end)
{
        uint8_t first = *p;
        uint8_t low = 0x80;
        uint8_t high = 0xbf;
        int n;

        if (first < 0x80)
                return 1;
        if (first < 0xc2 || first > 0xf4)
                return -1;
        n = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
        if (first == 0xe0)
                low = 0xa0;
        else if (first == 0xed)
                high = 0x9f;
        else if (first == 0xf0)
                low = 0x90;
        else if (first == 0xf4)
                high = 0x8f;
        for (int i = 1; i < n; i++) {
                if (p + i == end || p[i] < low || p[i] > high)
                        return -i;
                low = 0x80;
                high = 0xbf;
        }
        return n;
}

size_t clew_utf8_valid_prefix(struct clew_slice s)
{
        size_t at = 0;

        while (at < s.len) {
                uint64_t word;
                int n;

                if (s.len - at >= sizeof(word)) {
                        memcpy(&word, s.data + at, sizeof(word));
                        if (!(word & ASCII_MASK)) {
                                at += sizeof(word);
                                continue;
                        }
                }
                n = sequence_length(s.data + at, s.data + s.len);
                if (n < 0)
                        break;
                at += (size_t)n;
        }
        return at;
}

bool clew_utf8_valid(struct clew_slice s)
{
        return clew_utf8_valid_prefix(s) == s.len;
}

uint32_t clew_utf8_next(struct clew_slice *s, bool *ret_valid)
{
        const uint8_t *p = s->data;
        int n = sequence_length(p, p + s->len);
        uint32_t c;

        if (ret_valid)
                *ret_valid = n > 0;
        *s = clew_slice_from(*s, (size_t)(n < 0 ? -n : n));
        if (n < 0)
                return CLEW_UTF8_REPLACEMENT;
        if (n == 1)
                return *p;
        c = *p & (0x7fu >> n);
        for (int i = 1; i < n; i++)
                c = c << 6 | (p[i] & 0x3fu);
        return c;
}

size_t clew_utf8_encode(uint32_t code_point, uint8_t ret[CLEW_UTF8_BYTES_MAX])
{
        if ((code_point >= 0xd800 && code_point <= 0xdfff) || code_point > 0x10ffff)
                code_point = CLEW_UTF8_REPLACEMENT;
        if (code_point < 0x80) {
                ret[0] = (uint8_t)code_point;
                return 1;
        }
        if (code_point < 0x800) {
                ret[0] = (uint8_t)(0xc0 | code_point >> 6);
                ret[1] = (uint8_t)(0x80 | (code_point & 0x3f));
                return 2;
        }
        if (code_point < 0x10000) {
                ret[0] = (uint8_t)(0xe0 | code_point >> 12);
                ret[1] = (uint8_t)(0x80 | (code_point >> 6 & 0x3f));
                ret[2] = (uint8_t)(0x80 | (code_point & 0x3f));
                return 3;
        }
        ret[0] = (uint8_t)(0xf0 | code_point >> 18);
        ret[1] = (uint8_t)(0x80 | (code_point >> 12 & 0x3f));
        ret[2] = (uint8_t)(0x80 | (code_point >> 6 & 0x3f));
        ret[3] = (uint8_t)(0x80 | (code_point & 0x3f));
        return 4;
}

struct clew_slice clew_utf8_cut(struct clew_slice s, size_t max_bytes)
{
        size_t start;

        if (s.len <= max_bytes)
                return s;
        start = max_bytes;
        /* Back to the first byte of the code point that the cut would split. */
        while (start > 0 && max_bytes - start < CLEW_UTF8_BYTES_MAX - 1 &&
               (s.data[start] & 0xc0) == 0x80)
                start--;
        if ((s.data[start] & 0xc0) == 0x80)
                start = max_bytes; /* not UTF-8: any place is as good */
        return clew_slice_make(s.data, start);
}

/* In ascending order; all of them in DerivedCoreProperties.txt of Unicode 15 under
 * Default_Ignorable_Code_Point, or controls, separators, private use or noncharacters. */
static const struct {
        uint32_t first;
        uint32_t last;
} hidden[] = {
        {0x0000, 0x001f},    {0x007f, 0x009f}, /* C0, DEL, C1 */
        {0x00ad, 0x00ad},                      /* soft hyphen */
        {0x034f, 0x034f},                      /* combining grapheme joiner */
        {0x061c, 0x061c},                      /* Arabic letter mark */
        {0x115f, 0x1160},                      /* Hangul fillers */
        {0x17b4, 0x17b5},                      /* Khmer inherent vowels */
        {0x180b, 0x180f},                      /* Mongolian selectors and separator */
        {0x200b, 0x200f},                      /* zero width, direction */
        {0x2028, 0x202e},                      /* line, paragraph, direction */
        {0x2060, 0x206f},                      /* word joiner, invisible operators, isolates */
        {0x3164, 0x3164},                      /* Hangul filler */
        {0xe000, 0xf8ff},                      /* private use */
        {0xfdd0, 0xfdef},                      /* noncharacters */
        {0xfe00, 0xfe0f},                      /* variation selectors */
        {0xfeff, 0xfeff},                      /* byte order mark */
        {0xffa0, 0xffa0},                      /* halfwidth Hangul filler */
        {0xfff0, 0xfffb},                      /* unassigned, interlinear marks */
        {0x1bca0, 0x1bca3},                    /* shorthand format controls */
        {0x1d173, 0x1d17a},                    /* musical format controls */
        {0xe0000, 0xe0fff},                    /* tags, more variation selectors */
        {0xf0000, 0x10ffff},                   /* private use */
};

bool clew_utf8_is_hidden(uint32_t c)
{
        size_t low = 0;
        size_t high = CLEW_ARRAY_LEN(hidden);

        if ((c >= 0x20 && c < 0x7f) || (c > 0xad && c < 0x34f) || (c > 0x3164 && c < 0xe000))
                return false; /* most text */
        if ((c & 0xfffe) == 0xfffe)
                return true; /* U+xFFFE, U+xFFFF: noncharacters */
        while (low < high) {
                size_t middle = (low + high) / 2;

                if (c > hidden[middle].last)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low < CLEW_ARRAY_LEN(hidden) && c >= hidden[low].first;
}
