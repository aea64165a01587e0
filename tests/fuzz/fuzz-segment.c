/*
 * Stored bytes. The first byte chooses: a segment object (every trace of it is read), a catalog
 * entry with its summaries, a hot fragment of format 1, a batch of fragments, or a message to pack
 * and unpack.
 *
 * Promise: damaged or hostile bytes are refused or give some message of the announced length;
 * nothing is read or written outside; and what is packed comes out the same.
 */
#include "proto/base/cursor.h"
#include "proto/base/hash.h"
#include "storage/base/record-int.h"
#include "storage/hot/fragment-int.h"
#include "storage/hot/hot-batch-int.h"
#include "storage/sealed/segment-int.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* A few bytes may rightly announce a gigabyte of repeats; the target does not follow so far. */
#define OUTPUT_MAX ((size_t)16 << 20)

static void read_segment(struct clew_slice object)
{
        struct clew_segment_reader reader;
        CLEW_BUFFER out = {0};

        clew_buffer_init(&out, OUTPUT_MAX);
        if (clew_segment_reader_init(&reader) == 0 &&
            clew_segment_reader_open(&reader, object) == 0) {
                for (uint32_t i = 0; i < reader.n_traces; i++) {
                        struct clew_segment_row row;

                        clew_buffer_clear(&out);
                        if (clew_segment_reader_read(&reader, i, NULL, &out, &row) == 0)
                                CLEW_ASSERT(row.traces_len <= out.len);
                }
        }
        clew_segment_reader_deinit(&reader);
}

static void read_entry(struct clew_slice value)
{
        struct clew_segment_entry entry;
        struct clew_slice summary;
        CLEW_BUFFER plain = {0};

        clew_buffer_init(&plain, OUTPUT_MAX);
        if (!clew_segment_entry_decode(value, &entry) ||
            clew_summaries_decompress(entry.summaries, &plain) < 0)
                return;
        for (uint32_t i = 0; i < 8; i++) {
                if (clew_summaries_at(clew_buffer_slice(&plain), i, &summary))
                        CLEW_ASSERT(summary.len <= plain.len);
        }
}

static void read_fragment(struct clew_slice value)
{
        struct clew_fragment_header header;
        struct clew_unpacker *unpacker = clew_unpacker_new();
        struct clew_slice key = clew_slice_make("0123456789abcdef01234567", 24);
        struct clew_slice head;
        struct clew_slice pack;
        CLEW_BUFFER bytes = {0};
        CLEW_BUFFER out = {0};
        uint64_t check;

        /* The header check would stop nearly every input, so it is put right first. */
        clew_buffer_init(&bytes, OUTPUT_MAX);
        clew_buffer_init(&out, OUTPUT_MAX);
        if (clew_fragment_split(value, &head, &pack)) {
                check = clew_checksum(key, head);
                clew_buffer_append(&bytes, &check, 4);
                clew_buffer_append_slice(&bytes, value);
                if (clew_fragment_read_header(key, clew_buffer_slice(&bytes), &header, &pack) &&
                    clew_unpacker_open(unpacker, pack) == 0)
                        (void)!clew_unpacker_read(unpacker, 0, &out);
        }
        clew_unpacker_free(unpacker);
}

/* The rows of a batch made of what the other parts hold: they must come out as they went in. */
static void write_again(const struct clew_hot_batch *batch)
{
        struct clew_hot_batch_writer w;
        struct clew_hot_batch again;
        CLEW_BUFFER value = {0};
        size_t n = 0;

        clew_buffer_init(&value, OUTPUT_MAX);
        clew_hot_batch_writer_init(&w);
        for (uint32_t i = 0; i < batch->n; i++)
                clew_hot_batch_writer_add(&w, clew_hot_batch_id(batch, i), &batch->rows[i]);
        CLEW_ASSERT(clew_hot_batch_writer_finish(&w, batch->first, &n) == 0);
        for (size_t i = 0; i < n; i++)
                clew_buffer_append_slice(&value, w.parts[i]);
        CLEW_ASSERT(clew_hot_batch_open(batch->first, clew_buffer_slice(&value), &again));
        CLEW_ASSERT(clew_hot_batch_rows(&again) && again.n == batch->n);
        for (uint32_t i = 0; i < batch->n; i++) {
                uint64_t sequence = batch->first + batch->rows[i].offset;
                const struct clew_hot_row *row = clew_hot_batch_find(&again, sequence);

                CLEW_ASSERT(row == &again.rows[i]);
                CLEW_ASSERT(clew_slice_eq(row->header, batch->rows[i].header));
                CLEW_ASSERT(clew_slice_eq(row->pack, batch->rows[i].pack));
        }
        clew_hot_batch_writer_deinit(&w);
}

/* @value begins with the length of the directory: its check is put right first. */
static void read_batch(struct clew_slice value)
{
        struct clew_hot_batch batch;
        struct clew_fragment_header header;
        struct clew_key key = clew_key_batch(7);
        struct clew_cursor c = clew_cursor_make(value);
        uint32_t len = clew_cursor_le32(&c);
        CLEW_BUFFER bytes = {0};
        uint64_t check;

        if (c.failed || len > clew_cursor_left(&c))
                return;
        check = clew_checksum(clew_key_slice(&key), clew_slice_make(value.data, 4 + (size_t)len));
        clew_buffer_init(&bytes, OUTPUT_MAX);
        clew_buffer_append(&bytes, &check, sizeof(check));
        clew_buffer_append_slice(&bytes, value);
        if (!clew_hot_batch_open(7, clew_buffer_slice(&bytes), &batch) ||
            !clew_hot_batch_rows(&batch))
                return;
        for (uint32_t i = 0; i < batch.n; i++) {
                if (clew_fragment_parse_header(batch.rows[i].header, &header))
                        CLEW_ASSERT(header.service.len <= batch.rows[i].header.len);
        }
        write_again(&batch);
}

static void round_trip(struct clew_slice message)
{
        struct clew_packer *packer = clew_packer_new();
        struct clew_unpacker *unpacker = clew_unpacker_new();
        struct clew_slice half = clew_slice_make(message.data, message.len / 2);
        CLEW_BUFFER pack = {0};
        CLEW_BUFFER out = {0};

        clew_buffer_init(&pack, OUTPUT_MAX);
        clew_buffer_init(&out, OUTPUT_MAX);
        CLEW_ASSERT(clew_packer_add(packer, message) == 0);
        CLEW_ASSERT(clew_packer_add(packer, half) == 1);
        CLEW_ASSERT(clew_packer_finish(packer, CLEW_PACK_FAST, &pack) == 0);
        CLEW_ASSERT(clew_unpacker_open(unpacker, clew_buffer_slice(&pack)) == 0);
        CLEW_ASSERT(clew_unpacker_read(unpacker, 0, &out) == 0);
        CLEW_ASSERT(clew_slice_eq(clew_buffer_slice(&out), message));
        clew_buffer_clear(&out);
        CLEW_ASSERT(clew_unpacker_read(unpacker, 1, &out) == 0);
        CLEW_ASSERT(clew_slice_eq(clew_buffer_slice(&out), half));
        clew_packer_free(packer);
        clew_unpacker_free(unpacker);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct clew_slice rest = clew_slice_from(clew_slice_make(data, size), 1);

        if (size == 0)
                return 0;
        switch (data[0] & 7) {
        case 0:
                read_segment(rest);
                break;
        case 1:
                read_entry(rest);
                break;
        case 2:
                read_fragment(rest);
                break;
        case 4:
                read_batch(rest);
                break;
        default:
                round_trip(rest);
        }
        return 0;
}
