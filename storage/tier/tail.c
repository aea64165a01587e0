#include "storage/tier/tail-int.h"

#include "storage/tier/frame-int.h"

#define MAGIC "CLEWTAI1"
#define IS_WHOLE 1u
#define MORE 2u

void clew_tail_write(const struct clew_tail *t, struct clew_slice runs, struct clew_slice fragments,
                     struct clew_buffer *out)
{
        size_t from = clew_frame_begin(out, MAGIC);

        clew_buffer_append_le64(out, t->life);
        clew_buffer_append_varint(out, t->epoch);
        clew_buffer_append_byte(out,
                                (uint8_t)((t->is_whole ? IS_WHOLE : 0) | (t->more ? MORE : 0)));
        clew_buffer_append_varint(out, t->next_segment);
        clew_buffer_append_varint(out, t->complete);
        clew_buffer_append_varint(out, t->version);
        clew_buffer_append_varint(out, t->end);
        clew_buffer_append_varint(out, t->n_runs);
        clew_buffer_append_varint(out, runs.len);
        clew_buffer_append_slice(out, runs);
        clew_buffer_append_varint(out, t->n_fragments);
        clew_buffer_append_slice(out, fragments);
        clew_frame_end(out, from);
}

bool clew_tail_read(struct clew_slice bytes, struct clew_tail *ret)
{
        struct clew_cursor c;
        uint64_t flags;

        if (!clew_frame_read(bytes, MAGIC, &c))
                return false;
        ret->life = clew_cursor_le64(&c);
        ret->epoch = clew_cursor_varint(&c);
        flags = clew_cursor_varint(&c);
        ret->is_whole = (flags & IS_WHOLE) != 0;
        ret->more = (flags & MORE) != 0;
        ret->next_segment = clew_cursor_varint(&c);
        ret->complete = clew_cursor_varint(&c);
        ret->version = clew_cursor_varint(&c);
        ret->end = clew_cursor_varint(&c);
        ret->n_runs = clew_cursor_varint(&c);
        ret->runs = clew_cursor_make(clew_cursor_bytes(&c, clew_cursor_varint(&c)));
        ret->n_fragments = clew_cursor_varint(&c);
        ret->items = c;
        return !c.failed && flags <= (IS_WHOLE | MORE);
}

bool clew_tail_next_run(struct clew_tail *t, uint64_t *at, uint64_t *ret_n)
{
        uint64_t gap;
        uint64_t n;

        if (t->n_runs == 0)
                return false;
        t->n_runs--;
        gap = clew_cursor_varint(&t->runs);
        n = clew_cursor_varint(&t->runs);
        if (t->runs.failed || n == 0 || gap > t->end || n > t->end || *at > t->end ||
            gap + n > t->end - *at + 1) {
                t->runs.failed = true;
                return false;
        }
        *at += gap;
        *ret_n = n;
        return true;
}

bool clew_tail_next(struct clew_tail *t, struct clew_tail_item *ret)
{
        uint64_t step;
        bool has_id;

        if (t->n_fragments == 0)
                return false;
        t->n_fragments--;
        step = clew_cursor_varint(&t->items);
        has_id = clew_cursor_trace_id(&t->items, &ret->id);
        ret->bytes = clew_cursor_bytes(&t->items, clew_cursor_varint(&t->items));
        if (!has_id || t->items.failed || step == 0 || ret->sequence > t->end ||
            step > t->end - ret->sequence) {
                t->items.failed = true;
                return false;
        }
        ret->sequence += step;
        return true;
}
