#include "storage/tier/tier-part-int.h"

#include "proto/base/hash.h"
#include "storage/tier/frame-int.h"

#include <errno.h>

#define MAGIC "CLEWSID1"
#define FORMAT 1u

void clew_tier_part_put(struct clew_buffer *out, const struct clew_tier_part_head *h,
                        struct clew_slice records)
{
        size_t from = clew_frame_begin(out, MAGIC);

        clew_buffer_append_varint(out, FORMAT);
        clew_buffer_append_varint(out, h->created_ns);
        clew_buffer_append_le64(out, h->writer);
        clew_buffer_append_varint(out, h->generation);
        clew_buffer_append_varint(out, h->index);
        clew_buffer_append_byte(out, h->completes);
        clew_buffer_append_varint(out, h->after.records);
        clew_buffer_append_le64(out, h->after.sum);
        clew_buffer_append_varint(out, h->after.last);
        clew_buffer_append_varint(out, h->after.notes);
        clew_buffer_append_le64(out, h->after.note_sum);
        clew_buffer_append_slice(out, records);
        clew_frame_end(out, from);
}

int clew_tier_part_read(struct clew_slice bytes, struct clew_tier_part_head *ret,
                        struct clew_slice *ret_records)
{
        struct clew_tier_part_head h = {.after = {.is_known = true}};
        struct clew_cursor c;
        uint64_t format;

        if (!clew_frame_read(bytes, MAGIC, &c))
                return -EBADMSG;
        format = clew_cursor_varint(&c);
        if (!c.failed && format != FORMAT)
                return -EPROTONOSUPPORT;
        h.created_ns = clew_cursor_varint(&c);
        h.writer = clew_cursor_le64(&c);
        h.generation = clew_cursor_varint(&c);
        h.index = clew_cursor_varint(&c);
        h.completes = clew_cursor_varint(&c) == 1;
        h.after.records = clew_cursor_varint(&c);
        h.after.sum = clew_cursor_le64(&c);
        h.after.last = clew_cursor_varint(&c);
        h.after.notes = clew_cursor_varint(&c);
        h.after.note_sum = clew_cursor_le64(&c);
        if (c.failed)
                return -EBADMSG;
        *ret = h;
        *ret_records = clew_slice_make(c.at, clew_cursor_left(&c));
        return 0;
}

int clew_tier_part_get(struct clew_object_bucket *b, const struct clew_tier_part *part,
                       uint64_t created_ns, struct clew_buffer *bytes,
                       struct clew_slice *ret_records, struct clew_error *err)
{
        struct clew_tier_part_head head;
        char name[CLEW_TIER_NAME_MAX];
        int r;

        clew_tier_part_name(part->digest, name);
        clew_buffer_clear(bytes);
        r = part->size == 0 ? -EBADMSG
                            : clew_bucket_get(b, name, 0, (size_t)part->size, bytes, NULL, err);
        if (r < 0)
                return r;
        r = clew_hash(clew_buffer_slice(bytes)) == part->digest
                    ? clew_tier_part_read(clew_buffer_slice(bytes), &head, ret_records)
                    : -EBADMSG;
        if (r == 0 && created_ns && head.created_ns != created_ns)
                r = -EBADMSG;
        return r == -EPROTONOSUPPORT
                       ? clew_error_set(err, r, 0,
                                        "%s: %s is of a later format: a newer clew reads it",
                                        b->url, name)
                       : r;
}

void clew_tier_record_put(struct clew_buffer *out, const struct clew_tier_record *r)
{
        clew_buffer_append_byte(out, r->tag);
        clew_buffer_append_varint(out, r->key.len);
        clew_buffer_append_slice(out, r->key);
        clew_buffer_append_varint(out, r->value.len);
        clew_buffer_append_slice(out, r->value);
}

bool clew_tier_record_take(struct clew_cursor *c, struct clew_tier_record *ret)
{
        struct clew_slice tag;

        if (clew_cursor_left(c) == 0)
                return false;
        tag = clew_cursor_bytes(c, 1);
        ret->tag = tag.len ? tag.data[0] : 0;
        ret->key = clew_cursor_bytes(c, clew_cursor_varint(c));
        ret->value = clew_cursor_bytes(c, clew_cursor_varint(c));
        return !c->failed;
}
