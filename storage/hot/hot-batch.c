#include "storage/hot/hot-batch-int.h"

#include "proto/base/cursor.h"
#include "proto/base/hash.h"
#include "storage/base/record-int.h"

#include <string.h>

#define CHECK_BYTES 8u
#define LENGTH_BYTES 4u
#define COUNT_BYTES 2u
/* Ids, headers and lengths of 256 rows; a header has at most 512 bytes. */
#define DIRECTORY_BYTES_MAX ((size_t)1 << 20)

bool clew_hot_batch_open(uint64_t first, struct clew_slice value, struct clew_hot_batch *ret)
{
        struct clew_key key = clew_key_batch(first);
        struct clew_cursor c = clew_cursor_make(value);
        struct clew_slice check = clew_cursor_bytes(&c, CHECK_BYTES);
        uint32_t len = clew_cursor_le32(&c);
        struct clew_slice directory = clew_cursor_bytes(&c, len);
        struct clew_slice count;
        uint64_t sum;

        if (c.failed)
                return false;
        sum = clew_checksum(clew_key_slice(&key),
                            clew_slice_make(value.data + CHECK_BYTES, LENGTH_BYTES + len));
        if (memcmp(check.data, &sum, sizeof(sum)) != 0)
                return false;
        ret->packs = clew_slice_make(c.at, clew_cursor_left(&c));
        c = clew_cursor_make(directory);
        count = clew_cursor_bytes(&c, COUNT_BYTES);
        if (c.failed)
                return false;
        ret->first = first;
        ret->n = (uint32_t)count.data[0] | (uint32_t)count.data[1] << 8;
        if (ret->n == 0 || ret->n > CLEW_HOT_BATCH_ROWS_MAX)
                return false;
        ret->ids = clew_cursor_bytes(&c, (size_t)ret->n * CLEW_TRACE_ID_BYTES);
        ret->directory = clew_slice_make(c.at, clew_cursor_left(&c));
        return !c.failed;
}

bool clew_hot_batch_rows(struct clew_hot_batch *b)
{
        struct clew_cursor c = clew_cursor_make(b->directory);
        struct clew_cursor packs = clew_cursor_make(b->packs);

        for (uint32_t i = 0; i < b->n; i++) {
                struct clew_hot_row *row = &b->rows[i];
                uint64_t offset = clew_cursor_varint(&c);
                struct clew_slice length;

                row->pack = clew_cursor_bytes(&packs, clew_cursor_varint(&c));
                row->check = clew_cursor_bytes(&c, CHECK_BYTES);
                length = clew_cursor_bytes(&c, 2);
                if (c.failed || packs.failed || offset >= CLEW_HOT_BATCH_ROWS_MAX ||
                    (i && offset <= b->rows[i - 1].offset))
                        return false;
                row->offset = (uint32_t)offset;
                row->header = clew_slice_make(
                        length.data, 2 + ((size_t)length.data[0] | (size_t)length.data[1] << 8));
                clew_cursor_bytes(&c, row->header.len - 2);
        }
        return !c.failed && clew_cursor_left(&c) == 0;
}

const struct clew_hot_row *clew_hot_batch_find(const struct clew_hot_batch *b, uint64_t sequence)
{
        uint64_t offset = sequence - b->first;
        uint32_t lo = 0;
        uint32_t hi = b->n;

        while (lo < hi) {
                uint32_t mid = lo + (hi - lo) / 2;

                if (b->rows[mid].offset == offset)
                        return &b->rows[mid];
                if (b->rows[mid].offset < offset)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        return NULL;
}

bool clew_hot_batch_has(const struct clew_hot_batch *b, const struct clew_trace_id *id)
{
        for (uint32_t i = 0; i < b->n; i++) {
                if (memcmp(clew_hot_batch_id(b, i), id->bytes, sizeof(id->bytes)) == 0)
                        return true;
        }
        return false;
}

void clew_hot_pack_check(const struct clew_trace_id *id, uint64_t sequence, struct clew_slice pack,
                         uint8_t ret[8])
{
        struct clew_key key = clew_key_numbered(id, sequence);
        uint64_t sum = clew_checksum(clew_key_slice(&key), pack);

        memcpy(ret, &sum, sizeof(sum));
}

bool clew_hot_row_check(const struct clew_hot_row *row, const struct clew_trace_id *id,
                        uint64_t sequence)
{
        uint8_t check[CHECK_BYTES];

        clew_hot_pack_check(id, sequence, row->pack, check);
        return memcmp(check, row->check.data, sizeof(check)) == 0;
}

void clew_hot_batch_writer_init(struct clew_hot_batch_writer *w)
{
        clew_buffer_init(&w->ids, DIRECTORY_BYTES_MAX);
        clew_buffer_init(&w->rows, DIRECTORY_BYTES_MAX);
        clew_buffer_init(&w->directory, 2 * DIRECTORY_BYTES_MAX);
        w->n = 0;
        w->bytes = 0;
}

void clew_hot_batch_writer_deinit(struct clew_hot_batch_writer *w)
{
        clew_buffer_deinit(&w->ids);
        clew_buffer_deinit(&w->rows);
        clew_buffer_deinit(&w->directory);
}

void clew_hot_batch_writer_clear(struct clew_hot_batch_writer *w)
{
        clew_buffer_clear(&w->ids);
        clew_buffer_clear(&w->rows);
        w->n = 0;
        w->bytes = 0;
}

bool clew_hot_batch_writer_takes(const struct clew_hot_batch_writer *w, size_t bytes)
{
        return w->n == 0 || (w->n < CLEW_HOT_BATCH_ROWS_MAX && w->bytes < CLEW_HOT_BATCH_BYTES &&
                             bytes <= CLEW_HOT_BATCH_BYTES - w->bytes);
}

void clew_hot_batch_writer_add(struct clew_hot_batch_writer *w, const uint8_t *id,
                               const struct clew_hot_row *row)
{
        CLEW_ASSERT(w->n < CLEW_HOT_BATCH_ROWS_MAX);
        clew_buffer_append(&w->ids, id, CLEW_TRACE_ID_BYTES);
        clew_buffer_append_varint(&w->rows, row->offset);
        clew_buffer_append_varint(&w->rows, row->pack.len);
        clew_buffer_append(&w->rows, row->check.data, CHECK_BYTES);
        clew_buffer_append_slice(&w->rows, row->header);
        w->parts[2 + w->n++] = row->pack;
        w->bytes += CLEW_TRACE_ID_BYTES + CHECK_BYTES + clew_hot_row_bytes(row);
}

int clew_hot_batch_writer_finish(struct clew_hot_batch_writer *w, uint64_t first, size_t *ret)
{
        struct clew_key key = clew_key_batch(first);
        struct clew_buffer *d = &w->directory;
        uint64_t sum;

        CLEW_ASSERT(w->n > 0);
        clew_buffer_clear(d);
        clew_buffer_append_le32(d, (uint32_t)(COUNT_BYTES + w->ids.len + w->rows.len));
        clew_buffer_append_byte(d, (uint8_t)w->n);
        clew_buffer_append_byte(d, (uint8_t)(w->n >> 8));
        clew_buffer_append_slice(d, clew_buffer_slice(&w->ids));
        clew_buffer_append_slice(d, clew_buffer_slice(&w->rows));
        if (w->ids.error || w->rows.error || d->error)
                return w->ids.error ? w->ids.error : w->rows.error ? w->rows.error : d->error;
        sum = clew_checksum(clew_key_slice(&key), clew_buffer_slice(d));
        memcpy(w->check, &sum, sizeof(sum));
        w->parts[0] = clew_slice_make(w->check, sizeof(w->check));
        w->parts[1] = clew_buffer_slice(d);
        *ret = 2 + (size_t)w->n;
        return 0;
}
