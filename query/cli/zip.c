/*
 * See zip.h. By the .ZIP file format specification (APPNOTE 6.3): numbers are little-endian, the
 * end record is looked for from the end of the file, a member's own header is trusted for nothing
 * but the length of its name.
 */
#include "query/cli/zip.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define LOCAL_HEADER 0x04034b50u
#define LOCAL_BYTES 30u
#define LIST_HEADER 0x02014b50u
#define LIST_BYTES 46u
#define END_HEADER 0x06054b50u
#define END_BYTES 22u
#define END64_HEADER 0x06064b50u
#define END64_BYTES 56u
#define END64_PLACE 0x07064b50u
#define END64_PLACE_BYTES 20u
/* A comment may follow the end record. */
#define COMMENT_MAX 65535u
#define EXTRA_64 1u
#define IS_ENCRYPTED 1u
/* Deflate makes at most 1,032 bytes of one. */
#define GROWTH_MAX 1100u
#define PIECE_BYTES ((size_t)256 << 10)

enum { STORED = 0, DEFLATED = 8, ZSTD = 93 };

static uint16_t u16(const uint8_t *p)
{
        return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t u32(const uint8_t *p)
{
        return (uint32_t)u16(p) | (uint32_t)u16(p + 2) << 16;
}

static uint64_t u64(const uint8_t *p)
{
        return (uint64_t)u32(p) | (uint64_t)u32(p + 4) << 32;
}

static int damaged(struct clew_error *err, const char *what)
{
        return clew_error_set(err, -EBADMSG, 0, "a damaged zip archive: %s", what);
}

bool clew_zip_is(struct clew_slice bytes)
{
        return bytes.len >= 4 && (u32(bytes.data) == LOCAL_HEADER || u32(bytes.data) == END_HEADER);
}

/* Where @bytes of a record begin at @offset; NULL when they are not there. */
static const uint8_t *at(struct clew_slice file, uint64_t offset, uint64_t bytes)
{
        return offset <= file.len && file.len - offset >= bytes ? file.data + offset : NULL;
}

static const uint8_t *find_end(struct clew_slice file)
{
        size_t most = END_BYTES + COMMENT_MAX;

        for (size_t back = END_BYTES; back <= most && back <= file.len; back++) {
                const uint8_t *p = file.data + file.len - back;

                if (u32(p) == END_HEADER && u16(p + 20) <= back - END_BYTES)
                        return p;
        }
        return NULL;
}

int clew_zip_open(struct clew_zip *z, struct clew_slice file, struct clew_error *err)
{
        const uint8_t *end = find_end(file);
        const uint8_t *place;
        const uint8_t *list;
        uint64_t size;
        uint64_t offset;

        *z = (struct clew_zip){.file = file};
        if (!end)
                return damaged(err, "it has no end record; was it cut?");
        z->n_left = u16(end + 10);
        size = u32(end + 12);
        offset = u32(end + 16);
        place = (size_t)(end - file.data) >= END64_PLACE_BYTES ? end - END64_PLACE_BYTES : NULL;
        if (place && u32(place) == END64_PLACE) {
                const uint8_t *end64 = at(file, u64(place + 8), END64_BYTES);

                if (!end64 || u32(end64) != END64_HEADER)
                        return damaged(err, "its end record is not where it says");
                z->n_left = u64(end64 + 32);
                size = u64(end64 + 40);
                offset = u64(end64 + 48);
        }
        list = at(file, offset, size);
        if (!list || z->n_left > size / LIST_BYTES)
                return damaged(err, "its list lies outside of the file");
        z->list = clew_slice_make(list, (size_t)size);
        return 0;
}

/* Sizes of 64 bits stand in an extra field, those of 0xffffffff alone, in this order. */
static bool take_extra(struct clew_slice extra, uint64_t *size, uint64_t *packed, uint64_t *offset)
{
        while (extra.len >= 4) {
                size_t n = u16(extra.data + 2);
                struct clew_slice field = clew_slice_from(extra, 4);

                if (n > field.len)
                        return false;
                if (u16(extra.data) == EXTRA_64) {
                        uint64_t *const values[] = {size, packed, offset};

                        field.len = n;
                        for (size_t i = 0; i < 3; i++) {
                                if (*values[i] != UINT32_MAX)
                                        continue;
                                if (field.len < 8)
                                        return false;
                                *values[i] = u64(field.data);
                                field = clew_slice_from(field, 8);
                        }
                        return true;
                }
                extra = clew_slice_from(extra, 4 + n);
        }
        return *size != UINT32_MAX && *packed != UINT32_MAX && *offset != UINT32_MAX;
}

int clew_zip_next(struct clew_zip *z, struct clew_zip_member *ret, struct clew_error *err)
{
        const uint8_t *p = z->list.data;
        const uint8_t *local;
        uint64_t size;
        uint64_t packed;
        uint64_t offset;
        size_t n_name;
        size_t n_extra;
        size_t whole;

        if (z->n_left == 0)
                return 0;
        if (z->list.len < LIST_BYTES || u32(p) != LIST_HEADER)
                return damaged(err, "its list ends early");
        n_name = u16(p + 28);
        n_extra = u16(p + 30);
        whole = LIST_BYTES + n_name + n_extra + u16(p + 32);
        if (z->list.len < whole)
                return damaged(err, "its list ends early");
        packed = u32(p + 20);
        size = u32(p + 24);
        offset = u32(p + 42);
        if (!take_extra(clew_slice_make(p + LIST_BYTES + n_name, n_extra), &size, &packed, &offset))
                return damaged(err, "a size is missing");
        local = at(z->file, offset, LOCAL_BYTES);
        if (!local || u32(local) != LOCAL_HEADER)
                return damaged(err, "a member is not where the list says");
        offset += LOCAL_BYTES + u16(local + 26) + u16(local + 28);
        local = at(z->file, offset, packed);
        if (!local)
                return damaged(err, "a member lies outside of the file");
        if (u16(p + 8) & IS_ENCRYPTED)
                return clew_error_set(err, -EBADMSG, 0, "the zip archive is encrypted");
        *ret = (struct clew_zip_member){.name = clew_slice_make(p + LIST_BYTES, n_name),
                                        .data = clew_slice_make(local, (size_t)packed),
                                        .size = size,
                                        .crc32 = u32(p + 16),
                                        .method = u16(p + 10)};
        z->list = clew_slice_from(z->list, whole);
        z->n_left--;
        return 1;
}

/* ---- contents ------------------------------------------------------------------------------- */

static int inflate_all(struct clew_slice data, struct clew_buffer *out, struct clew_error *err)
{
        z_stream s = {.next_in = (z_const Bytef *)(uintptr_t)data.data};
        int r;

        if (data.len > UINT32_MAX)
                return damaged(err, "a member is too large");
        s.avail_in = (uInt)data.len;
        if (inflateInit2(&s, -15) != Z_OK)
                return -ENOMEM;
        do {
                uint8_t *to = clew_buffer_reserve(out, PIECE_BYTES);

                if (!to) {
                        inflateEnd(&s);
                        return clew_buffer_error(out);
                }
                s.next_out = to;
                s.avail_out = (uInt)PIECE_BYTES;
                r = inflate(&s, Z_NO_FLUSH);
                clew_buffer_commit(out, PIECE_BYTES - s.avail_out);
        } while (r == Z_OK && (s.avail_in > 0 || s.avail_out == 0));
        inflateEnd(&s);
        if (r == Z_MEM_ERROR)
                return -ENOMEM;
        return r == Z_STREAM_END ? 0 : damaged(err, "a member cannot be inflated");
}

static int unzstd_all(struct clew_slice data, struct clew_buffer *out, struct clew_error *err)
{
        ZSTD_DCtx *zstd = ZSTD_createDCtx();
        ZSTD_inBuffer from = {data.data, data.len, 0};
        size_t r = 1;

        if (!zstd)
                return -ENOMEM;
        while (r != 0) {
                ZSTD_outBuffer to = {clew_buffer_reserve(out, PIECE_BYTES), PIECE_BYTES, 0};
                size_t before = from.pos;

                if (!to.dst)
                        break;
                r = ZSTD_decompressStream(zstd, &to, &from);
                if (ZSTD_isError(r))
                        break;
                clew_buffer_commit(out, to.pos);
                if (r != 0 && to.pos == 0 && from.pos == before)
                        break; /* it ends inside */
        }
        ZSTD_freeDCtx(zstd);
        if (clew_buffer_error(out) < 0)
                return clew_buffer_error(out);
        return r == 0 ? 0 : damaged(err, "a member cannot be decompressed");
}

int clew_zip_read(struct clew_zip *z, const struct clew_zip_member *m, struct clew_buffer *out,
                  struct clew_error *err)
{
        size_t before = out->len;
        int r = 0;

        switch (m->method) {
        case STORED:
                clew_buffer_append_slice(out, m->data);
                r = clew_buffer_error(out);
                break;
        case DEFLATED:
                r = inflate_all(m->data, out, err);
                break;
        case ZSTD:
                r = unzstd_all(m->data, out, err);
                break;
        default:
                return clew_error_set(err, -EBADMSG, 0,
                                      "a zip archive compressed in a way that is not read (method "
                                      "%u)",
                                      m->method);
        }
        z->bytes_out += out->len - before;
        if (r == -EMSGSIZE || (r == 0 && z->bytes_out / GROWTH_MAX > z->file.len))
                return clew_error_set(err, -EMSGSIZE, 0,
                                      "a member of the zip archive is larger than its limit");
        if (r < 0)
                return r;
        if (out->len - before != m->size ||
            crc32_z(0, out->data + before, out->len - before) != m->crc32)
                return damaged(err, "a member is not what its sum says");
        return 0;
}
