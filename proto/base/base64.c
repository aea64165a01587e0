#include "proto/base/base64.h"

#define NOT_A_DIGIT 0xffu

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static uint8_t digit_value(uint8_t c)
{
        if (c >= 'A' && c <= 'Z')
                return (uint8_t)(c - 'A');
        if (c >= 'a' && c <= 'z')
                return (uint8_t)(c - 'a' + 26);
        if (c >= '0' && c <= '9')
                return (uint8_t)(c - '0' + 52);
        if (c == '+' || c == '-')
                return 62;
        if (c == '/' || c == '_')
                return 63;
        return NOT_A_DIGIT;
}

void clew_base64_encode(struct clew_slice bytes, struct clew_buffer *out)
{
        size_t groups = bytes.len / 3;
        size_t rest = bytes.len % 3;
        const uint8_t *in = bytes.data;
        uint8_t *p;

        if (bytes.len == 0)
                return;
        if (groups > SIZE_MAX / 4 - 1)
                return;
        p = clew_buffer_reserve(out, (groups + 1) * 4);
        if (!p)
                return;
        for (size_t i = 0; i < groups; i++, in += 3) {
                *p++ = (uint8_t)alphabet[in[0] >> 2];
                *p++ = (uint8_t)alphabet[(in[0] & 3) << 4 | in[1] >> 4];
                *p++ = (uint8_t)alphabet[(in[1] & 15) << 2 | in[2] >> 6];
                *p++ = (uint8_t)alphabet[in[2] & 63];
        }
        if (rest) {
                uint8_t second = rest == 2 ? in[1] : 0;

                *p++ = (uint8_t)alphabet[in[0] >> 2];
                *p++ = (uint8_t)alphabet[(in[0] & 3) << 4 | second >> 4];
                *p++ = rest == 2 ? (uint8_t)alphabet[(second & 15) << 2] : '=';
                *p++ = '=';
        }
        clew_buffer_commit(out, (groups + (rest ? 1 : 0)) * 4);
}

static struct clew_slice without_padding(struct clew_slice text)
{
        for (int i = 0; i < 2 && text.len > 0 && text.data[text.len - 1] == '='; i++)
                text.len--;
        return text;
}

size_t clew_base64_decoded_length(struct clew_slice text)
{
        size_t digits = without_padding(text).len;

        return digits / 4 * 3 + (digits % 4 > 1 ? digits % 4 - 1 : 0);
}

bool clew_base64_decode(struct clew_slice text, struct clew_buffer *out)
{
        struct clew_slice digits = without_padding(text);
        size_t length = clew_base64_decoded_length(text);
        uint32_t bits = 0;
        unsigned n_bits = 0;
        uint8_t *p;

        if (digits.len % 4 == 1 || (digits.len != text.len && text.len % 4 != 0))
                return false;
        if (length == 0)
                return true;
        p = clew_buffer_reserve(out, length);
        if (!p)
                return true; /* the buffer remembers it */
        for (size_t i = 0; i < digits.len; i++) {
                uint8_t v = digit_value(digits.data[i]);

                if (v == NOT_A_DIGIT)
                        return false;
                bits = bits << 6 | v;
                n_bits += 6;
                if (n_bits >= 8) {
                        n_bits -= 8;
                        *p++ = (uint8_t)(bits >> n_bits);
                }
        }
        clew_buffer_commit(out, length);
        return true;
}
