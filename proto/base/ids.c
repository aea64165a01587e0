#include "proto/base/ids.h"

static bool all_zero(const uint8_t *p, size_t n)
{
        uint8_t any = 0;

        for (size_t i = 0; i < n; i++)
                any |= p[i];
        return any == 0;
}

bool clew_trace_id_is_zero(const struct clew_trace_id *id)
{
        return all_zero(id->bytes, sizeof(id->bytes));
}

bool clew_span_id_is_zero(const struct clew_span_id *id)
{
        return all_zero(id->bytes, sizeof(id->bytes));
}

bool clew_trace_id_from_bytes(struct clew_slice s, struct clew_trace_id *ret)
{
        if (s.len != sizeof(ret->bytes))
                return false;
        memcpy(ret->bytes, s.data, sizeof(ret->bytes));
        return true;
}

bool clew_span_id_from_bytes(struct clew_slice s, struct clew_span_id *ret)
{
        if (s.len != sizeof(ret->bytes))
                return false;
        memcpy(ret->bytes, s.data, sizeof(ret->bytes));
        return true;
}

void clew_hex_encode(struct clew_slice s, char *ret)
{
        static const char digits[] = "0123456789abcdef";

        for (size_t i = 0; i < s.len; i++) {
                *ret++ = digits[s.data[i] >> 4];
                *ret++ = digits[s.data[i] & 15];
        }
        *ret = '\0';
}

void clew_trace_id_to_hex(const struct clew_trace_id *id, char ret[CLEW_TRACE_ID_HEX])
{
        clew_hex_encode(clew_slice_make(id->bytes, sizeof(id->bytes)), ret);
}

void clew_span_id_to_hex(const struct clew_span_id *id, char ret[CLEW_SPAN_ID_HEX])
{
        clew_hex_encode(clew_slice_make(id->bytes, sizeof(id->bytes)), ret);
}

bool clew_hex_decode(struct clew_slice hex, uint8_t *ret, size_t n)
{
        if (hex.len % 2 != 0 || hex.len / 2 != n)
                return false;
        for (size_t i = 0; i < n; i++) {
                int hi = clew_hex_digit(hex.data[2 * i]);
                int lo = clew_hex_digit(hex.data[2 * i + 1]);

                if (hi < 0 || lo < 0)
                        return false;
                ret[i] = (uint8_t)(hi << 4 | lo);
        }
        return true;
}
