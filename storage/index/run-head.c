/*
 * The head of a run; run-int.h.
 *
 * version varint = 2 | version of the indexer | traces | blocks | bytes | newest and oldest start |
 * segments n, n times (difference to the one before, traces) | sections n, n times (tag 1, first
 * block, blocks, directory, items); all varints but the tag.
 */
#include "storage/index/run-int.h"

#include "proto/base/cursor.h"

#include <errno.h>
#include <string.h>

#define HEAD_VERSION 2u
/* Keys and postings were laid out otherwise. */
#define HEAD_VERSION_OLD 1u

void clew_run_head_encode(const struct clew_run_head *h, struct clew_buffer *out)
{
        uint64_t last = 0;

        clew_buffer_append_varint(out, HEAD_VERSION);
        clew_buffer_append_varint(out, h->version);
        clew_buffer_append_varint(out, h->n_traces);
        clew_buffer_append_varint(out, h->n_blocks);
        clew_buffer_append_varint(out, h->bytes);
        clew_buffer_append_varint(out, h->newest_ns);
        clew_buffer_append_varint(out, h->oldest_ns);
        clew_buffer_append_varint(out, h->n_segments);
        for (uint32_t i = 0; i < h->n_segments; i++) {
                clew_buffer_append_varint(out, h->segments[i].segment - last);
                clew_buffer_append_varint(out, h->segments[i].n);
                last = h->segments[i].segment;
        }
        clew_buffer_append_varint(out, h->n_sections);
        for (uint32_t i = 0; i < h->n_sections; i++) {
                const struct clew_run_section *s = &h->sections[i];

                clew_buffer_append_byte(out, s->tag);
                clew_buffer_append_varint(out, s->first_block);
                clew_buffer_append_varint(out, s->n_blocks);
                clew_buffer_append_varint(out, s->directory);
                clew_buffer_append_varint(out, s->n_items);
        }
}

/* A varint that is at most @max. */
static uint32_t small(struct clew_cursor *c, uint64_t max)
{
        uint64_t v = clew_cursor_varint(c);

        if (v > max)
                clew_cursor_fail(c);
        return v > max ? 0 : (uint32_t)v;
}

static int read_segments(struct clew_cursor *c, struct clew_arena *arena, struct clew_run_head *h)
{
        uint64_t last = 0;

        h->n_segments = small(c, CLEW_RUN_SEGMENTS_MAX);
        if (c->failed || h->n_segments > clew_cursor_left(c))
                return -EBADMSG;
        h->segments = clew_arena_calloc(arena, h->n_segments + 1u, sizeof(*h->segments));
        if (!h->segments)
                return -ENOMEM;
        for (uint32_t i = 0; i < h->n_segments; i++) {
                struct clew_run_segment *s = &h->segments[i];
                uint64_t step = clew_cursor_varint(c);

                s->n = small(c, CLEW_INDEX_TRACES_MAX);
                if (c->failed || step == 0 || step > UINT64_MAX - last ||
                    s->n > UINT32_MAX / 2 - h->n_places)
                        return -EBADMSG;
                last = s->segment = last + step;
                s->first = h->n_places;
                h->n_places += s->n;
        }
        return 0;
}

static int read_sections(struct clew_cursor *c, struct clew_arena *arena, struct clew_run_head *h)
{
        h->n_sections = small(c, CLEW_RUN_SECTIONS_MAX);
        h->sections = clew_arena_calloc(arena, h->n_sections + 1u, sizeof(*h->sections));
        if (!h->sections)
                return -ENOMEM;
        for (uint32_t i = 0; i < h->n_sections; i++) {
                struct clew_run_section *s = &h->sections[i];

                s->tag = clew_cursor_byte(c);
                s->first_block = small(c, h->n_blocks);
                s->n_blocks = small(c, h->n_blocks);
                s->directory = small(c, h->n_blocks);
                s->n_items = clew_cursor_varint(c);
                if (c->failed || s->first_block == 0 || s->n_blocks == 0 ||
                    s->n_blocks > h->n_blocks - s->first_block + 1 ||
                    (i > 0 && s->tag <= s[-1].tag))
                        return -EBADMSG;
        }
        return 0;
}

int clew_run_head_decode(struct clew_slice bytes, struct clew_arena *arena,
                         struct clew_run_head *ret)
{
        struct clew_cursor c = clew_cursor_make(bytes);
        struct clew_run_head h = {0};
        uint64_t version = clew_cursor_varint(&c);
        int r;

        if (version != HEAD_VERSION && version != HEAD_VERSION_OLD)
                return -EBADMSG;
        h.is_old = version == HEAD_VERSION_OLD;
        h.version = clew_cursor_varint(&c);
        h.n_traces = small(&c, CLEW_INDEX_TRACES_MAX);
        h.n_blocks = small(&c, UINT32_MAX / 2);
        h.bytes = clew_cursor_varint(&c);
        h.newest_ns = clew_cursor_varint(&c);
        h.oldest_ns = clew_cursor_varint(&c);
        if (c.failed || h.n_traces == 0)
                return -EBADMSG;
        r = read_segments(&c, arena, &h);
        if (r == 0)
                r = read_sections(&c, arena, &h);
        if (r == 0 && (c.failed || clew_cursor_left(&c) != 0))
                r = -EBADMSG;
        if (h.is_old)
                h.n_sections = 0;
        if (r == 0)
                *ret = h;
        return r;
}

const struct clew_run_section *clew_run_section(const struct clew_run_head *h, unsigned tag)
{
        for (uint32_t i = 0; i < h->n_sections; i++) {
                if (h->sections[i].tag == tag)
                        return &h->sections[i];
        }
        return NULL;
}

const struct clew_run_segment *clew_run_find_segment(const struct clew_run_head *h,
                                                     uint64_t segment)
{
        uint32_t from = 0;
        uint32_t to = h->n_segments;

        while (from < to) {
                uint32_t middle = from + (to - from) / 2;

                if (h->segments[middle].segment == segment)
                        return &h->segments[middle];
                if (h->segments[middle].segment < segment)
                        from = middle + 1;
                else
                        to = middle;
        }
        return NULL;
}
