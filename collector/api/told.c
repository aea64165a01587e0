/*
 * See told-int.h.
 */
#include "collector/api/told-int.h"

#include <errno.h>
#include <string.h>

void clew_told_init(struct clew_told *t, size_t keep_bytes, size_t add_bytes)
{
        *t = (struct clew_told){.keep_bytes = keep_bytes};
        clew_buffer_init(&t->bytes, keep_bytes + add_bytes);
}

void clew_told_deinit(struct clew_told *t)
{
        clew_buffer_deinit(&t->bytes);
}

/* Nothing is kept, not even its memory. */
static void empty(struct clew_told *t)
{
        size_t max = t->bytes.max_bytes;

        clew_buffer_deinit(&t->bytes);
        clew_buffer_init(&t->bytes, max);
}

void clew_told_drop(struct clew_told *t, uint64_t all_have)
{
        uint64_t end = clew_told_end(t);
        uint64_t from = all_have < end ? all_have : end;
        size_t n;

        if (end - t->begin > t->keep_bytes && from < end - t->keep_bytes)
                from = end - t->keep_bytes;
        if (from <= t->begin)
                return;
        n = (size_t)(from - t->begin);
        t->begin = from;
        if (from == end) {
                empty(t);
                return;
        }
        memmove(t->bytes.data, t->bytes.data + n, t->bytes.len - n);
        t->bytes.len -= n;
}

void clew_told_add(struct clew_told *t, struct clew_slice bytes)
{
        uint64_t end = clew_told_end(t) + bytes.len;

        clew_buffer_append_slice(&t->bytes, bytes);
        if (clew_buffer_error(&t->bytes) == 0)
                return;
        empty(t);
        t->begin = end;
}

int64_t clew_told_read(const struct clew_told *t, uint64_t at, void *ret, size_t max)
{
        uint64_t n = clew_told_end(t) - at;

        if (at < t->begin)
                return -ESTALE;
        n = n < max ? n : max;
        if (n > 0)
                memcpy(ret, t->bytes.data + (at - t->begin), (size_t)n);
        return (int64_t)n;
}
