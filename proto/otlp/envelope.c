#include "proto/otlp/envelope-int.h"

#include <errno.h>

static bool holds_items(const struct clew_field *f, uint32_t also)
{
        return f->number == CLEW_FIELD_ENVELOPE_ITEMS ||
               (f->number == also && f->wire == CLEW_WIRE_BYTES);
}

/* Appends the bytes of the fields that are not items to @to. */
static void copy_rest(struct clew_slice raw, uint32_t also, uint8_t *to)
{
        struct clew_cursor c = clew_cursor_make(raw);
        struct clew_field f;

        while (clew_field_next(&c, &f)) {
                size_t n = (size_t)(c.at - f.start);

                if (holds_items(&f, also))
                        continue;
                memcpy(to, f.start, n);
                to += n;
        }
}

int clew_envelope_split(struct clew_slice raw, size_t min_item, uint32_t also,
                        struct clew_arena *arena, struct clew_envelope *ret,
                        const uint8_t **ret_bad)
{
        struct clew_cursor c = clew_cursor_make(raw);
        struct clew_envelope e = {0};
        const uint8_t *rest_start = NULL;
        const uint8_t *rest_end = NULL;
        size_t rest_bytes = 0;
        struct clew_field f;
        uint8_t *copy;

        f.start = c.at;
        while (clew_field_next(&c, &f)) {
                if (f.number <= CLEW_FIELD_ENVELOPE_SCHEMA_URL && f.wire != CLEW_WIRE_BYTES) {
                        *ret_bad = f.start;
                        return -EBADMSG;
                }
                if (holds_items(&f, also)) {
                        e.n_items++;
                        e.has_other |= f.number != CLEW_FIELD_ENVELOPE_ITEMS;
                        e.n_min_items += f.bytes.len >= min_item;
                        continue;
                }
                if (f.number == CLEW_FIELD_ENVELOPE_HEAD) {
                        e.head = f.bytes;
                        e.n_heads++;
                }
                if (!rest_start)
                        rest_start = f.start;
                rest_bytes += (size_t)(c.at - f.start);
                rest_end = c.at;
        }
        if (c.failed) {
                *ret_bad = f.start;
                return -EBADMSG;
        }
        if (arena && rest_bytes == (size_t)(rest_end - rest_start)) {
                e.rest = clew_slice_make(rest_start, rest_bytes);
        } else if (arena) {
                copy = clew_arena_alloc(arena, rest_bytes);
                if (!copy)
                        return -ENOMEM;
                copy_rest(raw, also, copy);
                e.rest = clew_slice_make(copy, rest_bytes);
        }
        *ret = e;
        return 0;
}

size_t clew_envelope_field_size(size_t len)
{
        size_t n = 2;

        for (size_t v = len; v >= 0x80; v >>= 7)
                n++;
        return n + len;
}

void clew_envelope_write_head(struct clew_buffer *out, uint32_t number, size_t len)
{
        clew_buffer_append_byte(out, (uint8_t)(number << 3 | CLEW_WIRE_BYTES));
        clew_buffer_append_varint(out, len);
}
