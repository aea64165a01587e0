#include "storage/tier/tier-object-int.h"

#include "proto/base/cursor.h"
#include "proto/base/hash.h"

#include <errno.h>
#include <string.h>

#define MAGIC "CLEWBLK1"
#define FOOTER_MAGIC "CLEWFTR1"
#define MAGIC_BYTES 8u
#define CHECK_BYTES 8u

uint64_t clew_tier_check(uint64_t segment, enum clew_tier_section s, struct clew_slice bytes)
{
        uint64_t words[2] = {segment, (uint64_t)s};

        return clew_checksum(clew_slice_make(words, sizeof(words)), bytes);
}

/* ---- rows ------------------------------------------------------------------------------------ */

void clew_tier_row_put(struct clew_buffer *out, const struct clew_tier_row *row)
{
        clew_buffer_append(out, row->id.bytes, sizeof(row->id.bytes));
        clew_buffer_append_le64(out, row->start_ns);
        clew_buffer_append_varint(out, row->n_spans);
        clew_buffer_append_varint(out, row->n_logs);
        clew_buffer_append_varint(out, row->raw_bytes);
}

struct clew_tier_row clew_tier_row_take(struct clew_cursor *c)
{
        struct clew_tier_row row = {.id = {{0}}};
        struct clew_slice id = clew_cursor_bytes(c, sizeof(row.id.bytes));

        if (id.len == sizeof(row.id.bytes))
                memcpy(row.id.bytes, id.data, id.len);
        row.start_ns = clew_cursor_le64(c);
        row.n_spans = clew_cursor_varint(c);
        row.n_logs = clew_cursor_varint(c);
        row.raw_bytes = clew_cursor_varint(c);
        return row;
}

/* ---- index ----------------------------------------------------------------------------------- */

void clew_tier_index_put(struct clew_buffer *out, struct clew_slice head, struct clew_slice blocks,
                         const size_t *ends, uint32_t n)
{
        size_t from = 0;

        clew_buffer_append_varint(out, head.len);
        clew_buffer_append_slice(out, head);
        clew_buffer_append_varint(out, n);
        for (uint32_t i = 0; i < n; i++) {
                clew_buffer_append_varint(out, ends[i] - from);
                clew_buffer_append(out, blocks.data + from, ends[i] - from);
                from = ends[i];
        }
}

bool clew_tier_index_read(struct clew_slice section, struct clew_tier_index *ret)
{
        struct clew_cursor c = clew_cursor_make(section);
        uint64_t n;

        if (section.len == 0)
                return false;
        ret->head = clew_cursor_bytes(&c, clew_cursor_varint(&c));
        n = clew_cursor_varint(&c);
        if (c.failed || n > UINT32_MAX || ret->head.len == 0)
                return false;
        ret->n_blocks = (uint32_t)n;
        ret->blocks = c;
        for (uint64_t i = 0; i < n && !c.failed; i++)
                (void)clew_cursor_bytes(&c, clew_cursor_varint(&c));
        return !c.failed && clew_cursor_left(&c) == 0;
}

/* ---- the object ------------------------------------------------------------------------------ */

void clew_tier_object_build(struct clew_buffer *out, uint64_t created_ns, uint64_t segment,
                            const struct clew_slice sections[CLEW_TIER_SECTIONS])
{
        CLEW_BUFFER footer = {0};
        uint64_t at = MAGIC_BYTES;

        clew_buffer_init(&footer, CLEW_TIER_FOOTER_BYTES);
        clew_buffer_append(out, MAGIC, MAGIC_BYTES);
        clew_buffer_append_le64(&footer, created_ns);
        clew_buffer_append_le64(&footer, segment);
        for (unsigned s = 0; s < CLEW_TIER_SECTIONS; s++) {
                clew_buffer_append_slice(out, sections[s]);
                clew_buffer_append_le64(&footer, at);
                clew_buffer_append_le64(&footer, sections[s].len);
                clew_buffer_append_le64(&footer, clew_tier_check(segment, s, sections[s]));
                at += sections[s].len;
        }
        clew_buffer_append_le64(&footer, at); /* where the footer begins */
        clew_buffer_append_le32(&footer, CLEW_TIER_FOOTER_BYTES);
        clew_buffer_append_le32(&footer, CLEW_TIER_OBJECT_VERSION);
        clew_buffer_append_le64(&footer, clew_hash(clew_buffer_slice(&footer)));
        clew_buffer_append(&footer, FOOTER_MAGIC, MAGIC_BYTES);
        if (clew_buffer_error(&footer) < 0)
                out->error = -ENOMEM;
        clew_buffer_append_slice(out, clew_buffer_slice(&footer));
}

static bool sections_are_good(const struct clew_tier_footer *f, uint64_t begin)
{
        uint64_t at = MAGIC_BYTES;

        for (unsigned s = 0; s < CLEW_TIER_SECTIONS; s++) {
                if (f->sections[s].offset != at || f->sections[s].len > begin - at)
                        return false;
                at += f->sections[s].len;
        }
        return at == begin;
}

int clew_tier_footer_read(struct clew_slice bytes, uint64_t size, struct clew_tier_footer *ret)
{
        struct clew_slice footer;
        struct clew_cursor c;
        uint64_t begin;
        uint64_t check;
        uint32_t version;
        size_t sum = CLEW_TIER_FOOTER_BYTES - MAGIC_BYTES - CHECK_BYTES;

        if (bytes.len < CLEW_TIER_FOOTER_BYTES || size < CLEW_TIER_FOOTER_BYTES + MAGIC_BYTES)
                return -EBADMSG;
        footer = clew_slice_from(bytes, bytes.len - CLEW_TIER_FOOTER_BYTES);
        if (memcmp(footer.data + CLEW_TIER_FOOTER_BYTES - MAGIC_BYTES, FOOTER_MAGIC, MAGIC_BYTES) !=
            0)
                return -EBADMSG;
        c = clew_cursor_make(clew_slice_from(footer, sum));
        check = clew_cursor_le64(&c);
        c = clew_cursor_make(footer);
        ret->created_ns = clew_cursor_le64(&c);
        ret->segment = clew_cursor_le64(&c);
        for (unsigned s = 0; s < CLEW_TIER_SECTIONS; s++) {
                ret->sections[s].offset = clew_cursor_le64(&c);
                ret->sections[s].len = clew_cursor_le64(&c);
                ret->sections[s].check = clew_cursor_le64(&c);
        }
        begin = clew_cursor_le64(&c);
        (void)clew_cursor_le32(&c);
        version = clew_cursor_le32(&c);
        if (check != clew_hash(clew_slice_make(footer.data, sum)))
                return -EBADMSG;
        if (version != CLEW_TIER_OBJECT_VERSION)
                return -EPROTONOSUPPORT;
        return begin == size - CLEW_TIER_FOOTER_BYTES && sections_are_good(ret, begin) ? 0
                                                                                       : -EBADMSG;
}

int clew_tier_section_of(const struct clew_tier_footer *f, enum clew_tier_section s,
                         struct clew_slice bytes, uint64_t from, struct clew_slice *ret)
{
        const struct clew_tier_range *r = &f->sections[s];

        if (r->offset < from || r->offset - from > bytes.len ||
            r->len > bytes.len - (r->offset - from))
                return -EBADMSG;
        *ret = clew_slice_make(bytes.data + (r->offset - from), (size_t)r->len);
        return clew_tier_check(f->segment, s, *ret) == r->check ? 0 : -EBADMSG;
}
