/*
 * Reads trace files.
 *
 * Model: bytes come from the file (through zstd where its magic says so) into one growing window; a
 * splitter takes whole records off its front and the rest moves down before the next read. Only
 * sizes that have been compared with what is there are used.
 */
#include "tools/loadgen/input.h"

#include "proto/base/cursor.h"
#include "proto/otlp/json.h"

#include <errno.h>
#include <stdio.h>
#include <zstd.h>

#define READ_BYTES (1u << 20)
#define ZSTD_WINDOW_LOG_MAX                                                                        \
        31 /* files are compressed with a long window; this is zstd's own limit */

enum format { FORMAT_UNKNOWN, FORMAT_JSON, FORMAT_PROTOBUF };

struct reader {
        const char *path;
        FILE *file;
        ZSTD_DCtx *zstd; /* NULL = plain */
        struct clew_buffer raw;
        struct clew_buffer window;
        struct clew_buffer converted;
        enum format format;
        size_t offset; /* of the window's first byte in the (decompressed) file */
        clew_input_fn fn;
        void *context;
        struct clew_error *err;
};

/* 1 = more came, 0 = end of file, or a negative errno. */
static int read_plain(struct reader *r, struct clew_buffer *out)
{
        uint8_t *at = clew_buffer_reserve(out, READ_BYTES);
        size_t n;

        if (!at)
                return clew_error_set(r->err, clew_buffer_error(out), r->offset,
                                      "%s: a record is larger than %u bytes", r->path,
                                      CLEW_INPUT_RECORD_MAX);
        n = fread(at, 1, READ_BYTES, r->file);
        clew_buffer_commit(out, n);
        if (n == 0 && ferror(r->file))
                return clew_error_set(r->err, -EIO, r->offset, "%s: cannot be read", r->path);
        return n > 0;
}

static int inflate(struct reader *r)
{
        ZSTD_inBuffer in = {.src = r->raw.data, .size = r->raw.len};
        ZSTD_outBuffer out;

        do { /* a full output may hide more behind it, even when all input is taken */
                size_t rc;

                out = (ZSTD_outBuffer){.dst = clew_buffer_reserve(&r->window, READ_BYTES),
                                       .size = READ_BYTES};
                if (!out.dst)
                        return clew_error_set(r->err, clew_buffer_error(&r->window), r->offset,
                                              "%s: a record is larger than %u bytes", r->path,
                                              CLEW_INPUT_RECORD_MAX);
                rc = ZSTD_decompressStream(r->zstd, &out, &in);
                if (ZSTD_isError(rc))
                        return clew_error_set(r->err, -EBADMSG, r->offset, "%s: zstd: %s", r->path,
                                              ZSTD_getErrorName(rc));
                clew_buffer_commit(&r->window, out.pos);
        } while (in.pos < in.size || out.pos == out.size);
        clew_buffer_clear(&r->raw);
        return 0;
}

static int fill(struct reader *r)
{
        int more;

        if (!r->zstd)
                return read_plain(r, &r->window);
        more = read_plain(r, &r->raw);
        if (more > 0) {
                int rc = inflate(r);

                if (rc < 0)
                        return rc;
        }
        return more;
}

static int give_json(struct reader *r, struct clew_slice line, size_t at)
{
        struct clew_error inner = {0};
        int rc;

        while (line.len > 0 && line.data[line.len - 1] <= ' ')
                line.len--;
        if (line.len == 0)
                return 0;
        clew_buffer_clear(&r->converted);
        rc = clew_otlp_from_json(line, CLEW_OTLP_TRACES, &r->converted, &inner);
        if (rc < 0)
                return clew_error_set(r->err, rc, at + inner.offset,
                                      "%s: not OTLP JSON at byte %zu: %s", r->path,
                                      at + inner.offset, inner.message);
        return r->fn(r->context, clew_buffer_slice(&r->converted));
}

/* Takes whole records off the window. At the end of the file a last line may lack its newline. */
static int split(struct reader *r, bool at_end)
{
        struct clew_slice left = clew_buffer_slice(&r->window);
        int rc = 0;

        while (left.len > 0 && rc == 0) {
                size_t at = r->offset + (r->window.len - left.len);
                struct clew_slice record;

                if (r->format == FORMAT_JSON) {
                        const uint8_t *nl = memchr(left.data, '\n', left.len);

                        if (!nl && !at_end)
                                break;
                        record = clew_slice_make(left.data,
                                                 nl ? (size_t)(nl - left.data) : left.len);
                        left = clew_slice_from(left, record.len + (nl ? 1 : 0));
                        rc = give_json(r, record, at);
                } else {
                        struct clew_cursor c = clew_cursor_make(left);
                        uint32_t len = clew_cursor_le32(&c);

                        record = clew_cursor_bytes(&c, len);
                        if (c.failed)
                                break;
                        left = clew_slice_make(c.at, clew_cursor_left(&c));
                        rc = r->fn(r->context, record);
                }
        }
        r->offset += r->window.len - left.len;
        if (left.len > 0 && left.len < r->window.len)
                memmove(r->window.data, left.data, left.len);
        r->window.len = left.len;
        return rc;
}

static int read_all(struct reader *r)
{
        int more;

        do {
                int rc;

                more = fill(r);
                if (more < 0)
                        return more;
                if (r->format == FORMAT_UNKNOWN && r->window.len > 0)
                        r->format = r->window.data[0] == '{' ? FORMAT_JSON : FORMAT_PROTOBUF;
                rc = split(r, more == 0);
                if (rc != 0)
                        return rc;
        } while (more > 0);
        if (r->window.len > 0)
                return clew_error_set(r->err, -EBADMSG, r->offset,
                                      "%s: %zu bytes at its end (from byte %zu on) are no whole "
                                      "record; expected OTLP JSON lines, or protobuf records "
                                      "behind their lengths (little-endian u32)",
                                      r->path, r->window.len, r->offset);
        return 0;
}

int clew_input_read(const char *path, clew_input_fn fn, void *context, struct clew_error *err)
{
        static const uint8_t zstd_magic[4] = {0x28, 0xb5, 0x2f, 0xfd};
        struct reader r = {.path = path, .fn = fn, .context = context, .err = err};
        uint8_t magic[4] = {0};
        size_t n;
        int rc;

        r.file = fopen(path, "rb");
        if (!r.file)
                return clew_error_set(err, -errno, 0, "%s: %s", path, strerror(errno));
        clew_buffer_init(&r.raw, CLEW_INPUT_RECORD_MAX);
        clew_buffer_init(&r.window, CLEW_INPUT_RECORD_MAX);
        clew_buffer_init(&r.converted, CLEW_INPUT_RECORD_MAX);
        n = fread(magic, 1, sizeof(magic), r.file);
        rewind(r.file);
        if (n == sizeof(magic) && memcmp(magic, zstd_magic, sizeof(magic)) == 0) {
                r.zstd = ZSTD_createDCtx();
                if (r.zstd)
                        ZSTD_DCtx_setParameter(r.zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX);
                rc = r.zstd ? read_all(&r) : clew_error_set(err, -ENOMEM, 0, "%s: no memory", path);
        } else {
                rc = read_all(&r);
        }
        ZSTD_freeDCtx(r.zstd);
        clew_buffer_deinit(&r.raw);
        clew_buffer_deinit(&r.window);
        clew_buffer_deinit(&r.converted);
        fclose(r.file);
        return rc;
}
