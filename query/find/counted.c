/*
 * See counted.h.
 */
#include "query/find/counted.h"

#define STEP 1000u
#define EXPONENT_MAX 3u
#define VARINT_BYTES_MAX 10u
/* A distance has 63 bits. */
#define NS_MAX (UINT64_MAX >> 1)

static uint64_t step_of(unsigned exponent)
{
        uint64_t step = 1;

        while (exponent-- > 0)
                step *= STEP;
        return step;
}

unsigned clew_counted_exponent(const struct clew_counted *values, size_t n)
{
        unsigned exponent = EXPONENT_MAX;
        uint64_t step = step_of(exponent);

        for (size_t i = 0; i < n && exponent > 0; i++) {
                while (exponent > 0 && values[i].ns % step != 0) {
                        exponent--;
                        step /= STEP;
                }
        }
        return exponent;
}

size_t clew_counted_put(const struct clew_counted *values, size_t n, unsigned exponent,
                        uint8_t *ret, size_t max, size_t *ret_len)
{
        uint8_t body[UINT8_MAX];
        uint64_t step = step_of(exponent);
        uint64_t before = 0;
        uint64_t total = 0;
        size_t len = 0;
        size_t i;

        max -= VARINT_BYTES_MAX + 1;
        for (i = 0; i < n && max - len >= 2 * VARINT_BYTES_MAX; i++) {
                uint64_t distance = (values[i].ns - before) / step;

                len += clew_varint_put(body + len, distance << 1 | (values[i].n > 1));
                if (values[i].n > 1)
                        len += clew_varint_put(body + len, values[i].n - 2);
                before = values[i].ns;
                total += values[i].n;
        }
        *ret_len = clew_varint_put(ret, total);
        ret[(*ret_len)++] = (uint8_t)exponent;
        memcpy(ret + *ret_len, body, len);
        *ret_len += len;
        return i;
}

struct clew_counted_reader clew_counted_begin(struct clew_slice piece)
{
        struct clew_counted_reader r = {.c = clew_cursor_make(piece)};
        unsigned exponent;

        r.left = clew_cursor_varint(&r.c);
        exponent = clew_cursor_byte(&r.c);
        if (exponent > EXPONENT_MAX || r.left == 0)
                clew_cursor_fail(&r.c);
        else
                r.step = step_of(exponent);
        return r;
}

bool clew_counted_next(struct clew_counted_reader *r, struct clew_counted *ret)
{
        uint64_t told;
        uint64_t distance;

        if (r->left == 0 && clew_cursor_left(&r->c) > 0)
                clew_cursor_fail(&r->c);
        if (r->c.failed || r->left == 0)
                return false;
        told = clew_cursor_varint(&r->c);
        ret->n = 1;
        if ((told & 1) != 0) {
                ret->n = clew_cursor_varint(&r->c);
                if (ret->n > NS_MAX)
                        clew_cursor_fail(&r->c);
                ret->n += 2;
        }
        if (__builtin_mul_overflow(told >> 1, r->step, &distance) || distance > NS_MAX - r->ns ||
            (r->begun && distance == 0) || ret->n > r->left)
                clew_cursor_fail(&r->c);
        if (r->c.failed)
                return false;
        r->begun = true;
        r->left -= ret->n;
        ret->ns = r->ns += distance;
        return true;
}

uint64_t clew_counted_values(struct clew_slice piece)
{
        struct clew_cursor c = clew_cursor_make(piece);
        uint64_t n = clew_cursor_varint(&c);

        return c.failed ? 0 : n;
}
