#include "storage/tier/order-int.h"

#include "proto/base/number.h"
#include "storage/tier/frame-int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FOLDER "writers/"
#define ORDER "redact."
#define MARK "done."
#define BACK "back."
#define GONE "gone."
#define ID_DIGITS 20u
#define MAGIC "CLEWORD1"
#define FORMAT 1u

/* 20 digits; what comes behind them, or NULL. */
static const char *read_digits(const char *text, uint64_t *ret)
{
        return strspn(text, "0123456789") == ID_DIGITS &&
                               clew_parse_uint64(clew_slice_make(text, ID_DIGITS), ret)
                       ? text + ID_DIGITS
                       : NULL;
}

bool clew_order_name_read(const char *leaf, struct clew_order_name *ret)
{
        size_t head;

        *ret = (struct clew_order_name){.is_mark = strncmp(leaf, MARK, sizeof(MARK) - 1) == 0};
        head = ret->is_mark ? sizeof(MARK) - 1 : sizeof(ORDER) - 1;
        if (!ret->is_mark && strncmp(leaf, ORDER, head) != 0)
                return false;
        leaf += head;
        leaf = read_digits(leaf, &ret->id);
        if (!leaf)
                return false;
        if (*leaf == '\0')
                return true;
        if (!ret->is_mark || *leaf != '.' || !clew_tier_is_writer_name(leaf + 1))
                return false;
        snprintf(ret->writer, sizeof(ret->writer), "%s", leaf + 1);
        return true;
}

void clew_order_name(const struct clew_order_name *n, char ret[CLEW_ORDER_NAME_MAX])
{
        snprintf(ret, CLEW_ORDER_NAME_MAX, FOLDER "%s%020llu%s%s", n->is_mark ? MARK : ORDER,
                 (unsigned long long)n->id, n->is_mark && n->writer[0] ? "." : "",
                 n->is_mark ? n->writer : "");
}

bool clew_order_back_read(const char *leaf, struct clew_order_back *ret)
{
        const char *at;

        if (strncmp(leaf, BACK, sizeof(BACK) - 1) != 0)
                return false;
        at = read_digits(leaf + sizeof(BACK) - 1, &ret->id);
        if (!at || *at != '.')
                return false;
        at = read_digits(at + 1, &ret->at_ns);
        return at && *at == '\0';
}

void clew_order_back_name(const struct clew_order_back *b, char ret[CLEW_ORDER_NAME_MAX])
{
        snprintf(ret, CLEW_ORDER_NAME_MAX, FOLDER BACK "%020llu.%020llu", (unsigned long long)b->id,
                 (unsigned long long)b->at_ns);
}

bool clew_order_gone_read(const char *leaf, char ret[CLEW_TIER_WRITER_BYTES])
{
        size_t head = sizeof(GONE) - 1;

        if (strncmp(leaf, GONE, head) != 0 ||
            (leaf[head] && !clew_tier_is_writer_name(leaf + head)))
                return false;
        snprintf(ret, CLEW_TIER_WRITER_BYTES, "%s", leaf + head);
        return true;
}

void clew_order_gone_name(const char *writer, char ret[CLEW_ORDER_NAME_MAX])
{
        snprintf(ret, CLEW_ORDER_NAME_MAX, FOLDER GONE "%s", writer);
}

int clew_order_encode(const struct clew_order *o, struct clew_buffer *out)
{
        size_t from = clew_frame_begin(out, MAGIC);
        size_t by = strlen(o->by);

        if (o->what.len > CLEW_ORDER_WHAT_MAX)
                return -EMSGSIZE;
        clew_buffer_append_varint(out, FORMAT);
        clew_buffer_append_varint(out, o->id);
        clew_buffer_append_varint(out, o->kind);
        clew_buffer_append_varint(out, by);
        clew_buffer_append(out, o->by, by);
        clew_buffer_append_varint(out, o->what.len);
        clew_buffer_append_slice(out, o->what);
        clew_frame_end(out, from);
        return clew_buffer_error(out);
}

bool clew_order_decode(struct clew_slice bytes, struct clew_order *ret)
{
        struct clew_cursor c;
        struct clew_slice by;
        uint64_t kind;

        if (bytes.len > CLEW_ORDER_OBJECT_MAX || !clew_frame_read(bytes, MAGIC, &c) ||
            clew_cursor_varint(&c) != FORMAT)
                return false;
        *ret = (struct clew_order){.id = clew_cursor_varint(&c)};
        kind = clew_cursor_varint(&c);
        by = clew_cursor_bytes(&c, clew_cursor_varint(&c));
        ret->what = clew_cursor_bytes(&c, clew_cursor_varint(&c));
        if (c.failed || clew_cursor_left(&c) > 0 || kind < CLEW_ORDER_TEXT ||
            kind > CLEW_ORDER_RULES || by.len >= sizeof(ret->by) || ret->what.len == 0 ||
            ret->what.len > CLEW_ORDER_WHAT_MAX)
                return false;
        ret->kind = (enum clew_order_kind)kind;
        if (by.len > 0)
                memcpy(ret->by, by.data, by.len);
        return strlen(ret->by) == by.len && (by.len == 0 || clew_tier_is_writer_name(ret->by));
}
