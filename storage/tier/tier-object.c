#include "storage/tier/tier-object-int.h"

#include "proto/base/hash.h"
#include "storage/bucket/bucket-int.h"
#include "storage/tier/frame-int.h"

#include <errno.h>
#include <string.h>

#define MAGIC "CLEWBLK1"
#define FOOTER_MAGIC "CLEWFTR1"
#define DIRECTORY_MAGIC "CLEWDIR1"
#define MAGIC_BYTES 8u
#define CHECK_BYTES 8u

/* Where its footer ends. */
static uint64_t end_of(const struct clew_tier_footer *f)
{
        return f->sections[CLEW_TIER_INDEX].offset + f->sections[CLEW_TIER_INDEX].len +
               CLEW_TIER_FOOTER_BYTES;
}

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

        (void)!clew_cursor_trace_id(c, &row.id); /* the cursor tells */
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

void clew_tier_making_init(struct clew_tier_making *m)
{
        memset(m, 0, sizeof(*m));
        clew_buffer_init(&m->bytes, CLEW_BUCKET_OBJECT_MAX);
        clew_buffer_init(&m->behind, CLEW_BUCKET_OBJECT_MAX);
        clew_buffer_init(&m->footers, CLEW_TIER_MEMBERS_MAX * sizeof(struct clew_tier_footer));
}

void clew_tier_making_deinit(struct clew_tier_making *m)
{
        clew_buffer_deinit(&m->bytes);
        clew_buffer_deinit(&m->behind);
        clew_buffer_deinit(&m->footers);
}

void clew_tier_making_clear(struct clew_tier_making *m)
{
        clew_buffer_clear(&m->bytes);
        clew_buffer_clear(&m->behind);
        clew_buffer_clear(&m->footers);
        m->n = 0;
}

uint64_t clew_tier_making_bytes(const struct clew_tier_making *m)
{
        return m->bytes.len + m->behind.len;
}

void clew_tier_making_add(struct clew_tier_making *m, uint64_t created_ns, uint64_t segment,
                          const struct clew_slice sections[CLEW_TIER_SECTIONS])
{
        struct clew_tier_footer f = {.created_ns = created_ns, .segment = segment};

        if (m->n == 0)
                clew_buffer_append(&m->bytes, MAGIC, MAGIC_BYTES);
        for (unsigned s = 0; s < CLEW_TIER_SECTIONS; s++) {
                struct clew_buffer *to = s == CLEW_TIER_SEGMENT ? &m->bytes : &m->behind;

                f.sections[s] = (struct clew_tier_range){to->len, sections[s].len,
                                                         clew_tier_check(segment, s, sections[s])};
                clew_buffer_append_slice(to, sections[s]);
        }
        clew_buffer_append(&m->footers, &f, sizeof(f));
        m->n++;
}

static void put_footer(struct clew_buffer *out, const struct clew_tier_footer *f)
{
        size_t from = out->len;

        clew_buffer_append_le64(out, f->created_ns);
        clew_buffer_append_le64(out, f->segment);
        for (unsigned s = 0; s < CLEW_TIER_SECTIONS; s++) {
                clew_buffer_append_le64(out, f->sections[s].offset);
                clew_buffer_append_le64(out, f->sections[s].len);
                clew_buffer_append_le64(out, f->sections[s].check);
        }
        clew_buffer_append_le64(out, from); /* where the footer begins */
        clew_buffer_append_le32(out, CLEW_TIER_FOOTER_BYTES);
        clew_buffer_append_le32(out, CLEW_TIER_OBJECT_VERSION);
        if (clew_buffer_error(out) == 0)
                clew_buffer_append_le64(
                        out, clew_hash(clew_slice_make(out->data + from, out->len - from)));
        clew_buffer_append(out, FOOTER_MAGIC, MAGIC_BYTES);
}

static void put_directory(struct clew_buffer *out, const struct clew_tier_footer *f, uint32_t n)
{
        size_t from = out->len;

        for (uint32_t i = 0; i < n; i++) {
                clew_buffer_append_le64(out, f[i].segment);
                clew_buffer_append_le64(out, end_of(&f[i]));
        }
        clew_buffer_append_le32(out, n);
        clew_buffer_append_le32(out, CLEW_TIER_OBJECT_VERSION);
        if (clew_buffer_error(out) == 0)
                clew_buffer_append_le64(
                        out, clew_hash(clew_slice_make(out->data + from, out->len - from)));
        clew_buffer_append(out, DIRECTORY_MAGIC, MAGIC_BYTES);
}

int clew_tier_making_end(struct clew_tier_making *m)
{
        struct clew_tier_footer *f = (void *)m->footers.data;
        struct clew_buffer *out = &m->bytes;

        if (clew_buffer_error(out) < 0 || clew_buffer_error(&m->behind) < 0 ||
            clew_buffer_error(&m->footers) < 0)
                return -ENOMEM;
        for (uint32_t i = 0; i < m->n; i++) {
                uint64_t from = f[i].sections[CLEW_TIER_ROWS].offset;
                uint64_t to =
                        f[i].sections[CLEW_TIER_INDEX].offset + f[i].sections[CLEW_TIER_INDEX].len;
                uint64_t further = out->len - from;

                clew_buffer_append(out, m->behind.data + from, (size_t)(to - from));
                for (unsigned s = CLEW_TIER_ROWS; s < CLEW_TIER_SECTIONS; s++)
                        f[i].sections[s].offset += further;
                put_footer(out, &f[i]);
        }
        put_directory(out, f, m->n);
        return clew_buffer_error(out);
}

struct clew_tier_footer clew_tier_making_footer(const struct clew_tier_making *m, uint32_t i,
                                                uint64_t digest, struct clew_tier_place *ret)
{
        const struct clew_tier_footer *f = (const void *)m->footers.data;

        *ret = (struct clew_tier_place){
                .first = f[0].segment, .digest = digest, .whole = m->bytes.len};
        clew_tier_footer_place(&f[i], ret);
        return f[i];
}

/* ---- reading it ------------------------------------------------------------------------------ */

void clew_tier_footer_place(const struct clew_tier_footer *f, struct clew_tier_place *ret)
{
        ret->at = f->sections[CLEW_TIER_SEGMENT].offset;
        ret->len = f->sections[CLEW_TIER_SEGMENT].len;
        ret->meta = f->sections[CLEW_TIER_ROWS].offset;
        ret->end = end_of(f);
}

/* What a segment is found by stands before its footer without gaps, its bytes somewhere before
 * that; those of a segment alone before it too. */
static bool sections_are_good(const struct clew_tier_footer *f, uint64_t begin, uint32_t version)
{
        const struct clew_tier_range *bytes = &f->sections[CLEW_TIER_SEGMENT];
        uint64_t at = f->sections[CLEW_TIER_ROWS].offset;

        if (bytes->offset < CLEW_TIER_SEGMENT_AT || at > begin || bytes->offset > at ||
            bytes->len > at - bytes->offset)
                return false;
        if (version == CLEW_TIER_OBJECT_ALONE &&
            (bytes->offset != CLEW_TIER_SEGMENT_AT || bytes->len != at - bytes->offset))
                return false;
        for (unsigned s = CLEW_TIER_ROWS; s < CLEW_TIER_SECTIONS; s++) {
                if (f->sections[s].offset != at || f->sections[s].len > begin - at)
                        return false;
                at += f->sections[s].len;
        }
        return at == begin;
}

int clew_tier_footer_read(struct clew_slice bytes, uint64_t end, struct clew_tier_footer *ret)
{
        struct clew_slice footer;
        struct clew_cursor c;
        uint64_t begin;
        uint64_t check;
        uint32_t version;
        size_t sum = CLEW_TIER_FOOTER_BYTES - MAGIC_BYTES - CHECK_BYTES;

        if (bytes.len < CLEW_TIER_FOOTER_BYTES || end < CLEW_TIER_FOOTER_BYTES + MAGIC_BYTES)
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
        if (version > CLEW_TIER_OBJECT_VERSION || version < CLEW_TIER_OBJECT_ALONE)
                return -EPROTONOSUPPORT;
        return begin == end - CLEW_TIER_FOOTER_BYTES && sections_are_good(ret, begin, version)
                       ? 0
                       : -EBADMSG;
}

uint64_t clew_tier_directory_bytes(uint32_t n)
{
        return (uint64_t)n * CLEW_TIER_MEMBER_BYTES + CLEW_TIER_TAIL_BYTES;
}

int clew_tier_directory_tail(struct clew_slice bytes, uint64_t size, uint32_t *ret_n)
{
        struct clew_cursor c;
        uint32_t n;

        if (bytes.len < CLEW_TIER_TAIL_BYTES || bytes.len > size)
                return -EBADMSG;
        if (memcmp(bytes.data + bytes.len - MAGIC_BYTES, FOOTER_MAGIC, MAGIC_BYTES) == 0)
                return -ENOENT;
        if (memcmp(bytes.data + bytes.len - MAGIC_BYTES, DIRECTORY_MAGIC, MAGIC_BYTES) != 0)
                return -EBADMSG;
        c = clew_cursor_make(clew_slice_from(bytes, bytes.len - CLEW_TIER_TAIL_BYTES));
        n = clew_cursor_le32(&c);
        if (clew_cursor_le32(&c) != CLEW_TIER_OBJECT_VERSION)
                return -EPROTONOSUPPORT;
        if (n == 0 || n > CLEW_TIER_MEMBERS_MAX || clew_tier_directory_bytes(n) > size)
                return -EBADMSG;
        *ret_n = n;
        return 0;
}

int clew_tier_directory_check(struct clew_slice bytes, uint32_t n)
{
        struct clew_slice all;
        struct clew_cursor c;

        if (bytes.len < clew_tier_directory_bytes(n))
                return -EBADMSG;
        all = clew_slice_from(bytes, bytes.len - (size_t)clew_tier_directory_bytes(n));
        c = clew_cursor_make(clew_slice_from(all, all.len - MAGIC_BYTES - CHECK_BYTES));
        all.len -= MAGIC_BYTES + CHECK_BYTES;
        return clew_cursor_le64(&c) == clew_hash(all) ? 0 : -EBADMSG;
}

struct clew_tier_member clew_tier_directory_member(struct clew_slice bytes, uint32_t n, uint32_t i)
{
        struct clew_cursor c = clew_cursor_make(
                clew_slice_from(bytes, bytes.len - (size_t)clew_tier_directory_bytes(n) +
                                               (size_t)i * CLEW_TIER_MEMBER_BYTES));
        struct clew_tier_member m = {.segment = clew_cursor_le64(&c)};

        m.end = clew_cursor_le64(&c);
        return m;
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
