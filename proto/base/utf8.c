#include "proto/base/utf8.h"

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
