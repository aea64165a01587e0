/*
 * Writing a run; run-int.h.
 *
 * Block of keys: entries n varint | bytes of the keys varint | bytes of short postings varint |
 * keys | short postings | long postings. A key is: a byte of three lengths, further bytes. The
 * lengths are: bytes that it shares with the one before in the upper three bits, further bytes in
 * the next three, bytes of its posting in the lower two; 7 (in the others 0) says that a varint
 * follows, and of the posting that it is a long one. The first of a block shares nothing. So a walk
 * over keys reads no posting. The block, or what stands before the long postings, is packed
 * (run-pack-int.h). Directory: blocks n varint, n times the end of a separator 4 le, separators. A
 * separator is greater than all keys before its block and not greater than the block's first. Block
 * of numbers: least varint, bits of a difference 1, differences, 8 zero bytes for readers that read
 * words. Block of ids: ids.
 */
#include "storage/index/run-int.h"

#include <errno.h>
#include <string.h>

/* Of the offsets, and of the separators: a directory is one block, however many blocks it is of. */
#define DIRECTORY_MAX ((size_t)64 << 20)
/* A byte, three varints, a key. */
#define ENTRY_BYTES_MAX (31u + CLEW_INDEX_KEY_MAX)

void clew_run_writer_init(struct clew_run_writer *w,
                          int (*put)(void *context, uint32_t block, struct clew_slice bytes,
                                     struct clew_error *err),
                          void *context)
{
        memset(w, 0, sizeof(*w));
        w->put = put;
        w->context = context;
        w->next_block = 1;
        clew_buffer_init(&w->keys, CLEW_RUN_BLOCK_MAX);
        clew_buffer_init(&w->postings, CLEW_RUN_BLOCK_MAX);
        clew_buffer_init(&w->far, CLEW_RUN_BLOCK_MAX);
        w->block_bytes = CLEW_RUN_BLOCK_BYTES;
        clew_buffer_init(&w->block, 2 * DIRECTORY_MAX + CLEW_RUN_BLOCK_MAX);
        clew_buffer_init(&w->packed, 4 * CLEW_RUN_BLOCK_MAX);
        clew_buffer_init(&w->offsets, DIRECTORY_MAX);
        clew_buffer_init(&w->separators, DIRECTORY_MAX);
}

void clew_run_writer_deinit(struct clew_run_writer *w)
{
        clew_buffer_deinit(&w->keys);
        clew_buffer_deinit(&w->postings);
        clew_buffer_deinit(&w->far);
        clew_buffer_deinit(&w->block);
        clew_buffer_deinit(&w->packed);
        clew_run_packer_deinit(&w->packer);
        clew_buffer_deinit(&w->offsets);
        clew_buffer_deinit(&w->separators);
}

static void fail(struct clew_run_writer *w, int error)
{
        if (w->error == 0)
                w->error = error;
}

/* Hands out w->block. */
static void put_block(struct clew_run_writer *w)
{
        int r = clew_buffer_error(&w->block);

        if (w->error == 0 && r == 0)
                r = w->put(w->context, w->next_block, clew_buffer_slice(&w->block), w->err);
        if (r < 0)
                fail(w, r);
        w->next_block++;
        w->bytes += w->block.len;
        clew_buffer_clear(&w->block);
}

static void begin_section(struct clew_run_writer *w, unsigned tag)
{
        w->now = (struct clew_run_section){.tag = (uint8_t)tag, .first_block = w->next_block};
}

static void end_section(struct clew_run_writer *w)
{
        if (w->n_sections == CLEW_RUN_SECTIONS_MAX)
                fail(w, -E2BIG);
        else
                w->sections[w->n_sections++] = w->now;
}

/* ---- keys ------------------------------------------------------------------------------------ */

/* The next block is to have about the bytes that are wanted when it is packed as well as this. */
static void pack_block(struct clew_run_writer *w)
{
        size_t plain = w->block.len + w->far.len;
        bool packs_far = w->again_bytes >= w->far.len / CLEW_RUN_AGAIN_SHARE;
        size_t next;

        if (packs_far)
                clew_buffer_append_slice(&w->block, clew_buffer_slice(&w->far));
        if (clew_run_pack(&w->packer, &w->block, &w->packed) < 0) {
                fail(w, -ENOMEM);
                return;
        }
        if (!packs_far)
                clew_buffer_append_slice(&w->block, clew_buffer_slice(&w->far));
        next = plain * CLEW_RUN_PACKED_BYTES / w->block.len;
        if (next > CLEW_RUN_BLOCK_BYTES_MAX)
                next = CLEW_RUN_BLOCK_BYTES_MAX;
        w->block_bytes = next < CLEW_RUN_PACKED_BYTES ? CLEW_RUN_PACKED_BYTES : next;
}

static void close_block(struct clew_run_writer *w)
{
        if (w->n_entries == 0)
                return;
        clew_buffer_append_varint(&w->block, w->n_entries);
        clew_buffer_append_varint(&w->block, w->keys.len);
        clew_buffer_append_varint(&w->block, w->postings.len);
        clew_buffer_append_slice(&w->block, clew_buffer_slice(&w->keys));
        clew_buffer_append_slice(&w->block, clew_buffer_slice(&w->postings));
        if (clew_buffer_error(&w->keys) < 0 || clew_buffer_error(&w->postings) < 0 ||
            clew_buffer_error(&w->far) < 0)
                fail(w, -ENOMEM);
        pack_block(w);
        put_block(w);
        clew_buffer_clear(&w->keys);
        clew_buffer_clear(&w->postings);
        clew_buffer_clear(&w->far);
        memset(w->ends, 0, sizeof(w->ends));
        w->again_bytes = 0;
        w->now.n_blocks++;
        w->n_entries = 0;
}

static void close_kind(struct clew_run_writer *w)
{
        if (!w->in_kind)
                return;
        close_block(w);
        w->block_bytes = CLEW_RUN_BLOCK_BYTES; /* another kind packs otherwise */
        w->now.directory = w->next_block;
        clew_buffer_append_varint(&w->block, w->now.n_blocks);
        clew_buffer_append_slice(&w->block, clew_buffer_slice(&w->offsets));
        clew_buffer_append_slice(&w->block, clew_buffer_slice(&w->separators));
        if (clew_buffer_error(&w->offsets) < 0 || clew_buffer_error(&w->separators) < 0)
                fail(w, -ENOMEM);
        put_block(w);
        clew_buffer_clear(&w->offsets);
        clew_buffer_clear(&w->separators);
        end_section(w);
        w->in_kind = false;
        w->last_len = 0;
}

static size_t shared_bytes(struct clew_slice a, struct clew_slice b)
{
        size_t n = a.len < b.len ? a.len : b.len;
        size_t i = 0;

        while (i + sizeof(uint64_t) <= n && memcmp(a.data + i, b.data + i, sizeof(uint64_t)) == 0)
                i += sizeof(uint64_t);
        while (i < n && a.data[i] == b.data[i])
                i++;
        return i;
}

static uint8_t *put_varint(uint8_t *at, uint64_t v)
{
        for (; v >= 0x80; v >>= 7)
                *at++ = (uint8_t)(v | 0x80);
        *at++ = (uint8_t)v;
        return at;
}

/* An entry and its key's further bytes. Of its three lengths most fit into one byte. */
static void put_entry(struct clew_buffer *out, size_t shared, struct clew_slice more,
                      size_t posting)
{
        size_t s = shared < CLEW_RUN_SHARED_MORE ? shared : CLEW_RUN_SHARED_MORE;
        size_t m = more.len <= CLEW_RUN_FURTHER_MAX ? more.len : 0;
        size_t p = posting <= CLEW_RUN_POSTING_MAX ? posting : 0;
        uint8_t *to = clew_buffer_reserve(out, ENTRY_BYTES_MAX);
        uint8_t *at = to;

        if (!to)
                return;
        *at++ = (uint8_t)(s << 5 | m << 2 | p);
        if (s == CLEW_RUN_SHARED_MORE)
                at = put_varint(at, shared);
        if (m == 0)
                at = put_varint(at, more.len);
        if (p == 0)
                at = put_varint(at, posting);
        memcpy(at, more.data, more.len);
        clew_buffer_commit(out, (size_t)(at - to) + more.len);
}

static void put_far(struct clew_run_writer *w, struct clew_slice posting)
{
        uint32_t end;
        uint64_t told;
        uint64_t *seen;

        memcpy(&end, posting.data + posting.len - sizeof(end), sizeof(end));
        told = (uint64_t)posting.len << 32 | end;
        seen = &w->ends[(told * UINT64_C(0x9e3779b97f4a7c15)) >> 32 & (CLEW_RUN_ENDS - 1)];
        if (*seen == told)
                w->again_bytes += posting.len;
        *seen = told;
        clew_buffer_append_slice(&w->far, posting);
}

void clew_run_writer_key(struct clew_run_writer *w, unsigned kind, struct clew_slice key,
                         struct clew_slice posting)
{
        struct clew_slice last = clew_slice_make(w->last, w->last_len);
        size_t shared;

        CLEW_ASSERT(key.len > 0 && key.len <= CLEW_INDEX_KEY_MAX);
        if (w->in_kind && w->now.tag != kind) {
                close_kind(w);
                last.len = 0;
        }
        if (!w->in_kind) {
                begin_section(w, kind);
                w->in_kind = true;
        }
        if (w->n_entries > 0 &&
            w->keys.len + w->postings.len + w->far.len + key.len + posting.len > w->block_bytes)
                close_block(w);
        shared = shared_bytes(last, key);
        if (w->n_entries == 0) {
                size_t need = shared < key.len ? shared + 1 : key.len;

                clew_buffer_append(&w->separators, key.data, need);
                clew_buffer_append_le32(&w->offsets, (uint32_t)w->separators.len);
                shared = 0;
        }
        put_entry(&w->keys, shared, clew_slice_from(key, shared), posting.len);
        if (posting.len <= CLEW_RUN_POSTING_MAX)
                clew_buffer_append_slice(&w->postings, posting);
        else
                put_far(w, posting);
        memcpy(w->last, key.data, key.len);
        w->last_len = key.len;
        w->n_entries++;
        w->now.n_items++;
}

/* ---- numbers and ids ------------------------------------------------------------------------- */

static unsigned width_of(uint64_t most)
{
        unsigned width = most == 0 ? 0 : 64 - (unsigned)__builtin_clzll(most);

        return width > 56 ? 64 : width; /* a word holds 56 bits at any bit of its first byte */
}

static void pack(struct clew_buffer *out, const uint64_t *values, uint32_t n, uint64_t least,
                 unsigned width)
{
        uint64_t word = 0;
        unsigned used = 0;

        for (uint32_t i = 0; width > 0 && i < n; i++) {
                uint64_t v = values[i] - least;

                word |= v << used;
                if (used + width < 64) {
                        used += width;
                        continue;
                }
                clew_buffer_append_le64(out, word);
                word = used > 0 ? v >> (64 - used) : 0;
                used = used + width - 64;
        }
        if (used > 0)
                clew_buffer_append_le64(out, word);
        clew_buffer_append_le64(out, 0);
}

void clew_run_writer_numbers(struct clew_run_writer *w, unsigned tag, const uint64_t *values,
                             uint32_t n)
{
        close_kind(w);
        begin_section(w, tag);
        w->now.n_items = n;
        for (uint32_t from = 0; from < n; from += CLEW_RUN_COLUMN_ROWS) {
                uint32_t rows = n - from < CLEW_RUN_COLUMN_ROWS ? n - from : CLEW_RUN_COLUMN_ROWS;
                uint64_t least = values[from];
                uint64_t most = values[from];
                unsigned width;

                for (uint32_t i = from; i < from + rows; i++) {
                        least = values[i] < least ? values[i] : least;
                        most = values[i] > most ? values[i] : most;
                }
                width = width_of(most - least);
                clew_buffer_append_varint(&w->block, least);
                clew_buffer_append_byte(&w->block, (uint8_t)width);
                pack(&w->block, values + from, rows, least, width);
                put_block(w);
                w->now.n_blocks++;
        }
        if (n > 0)
                end_section(w);
}

void clew_run_writer_ids(struct clew_run_writer *w, const struct clew_trace_id *ids, uint32_t n)
{
        close_kind(w);
        begin_section(w, CLEW_RUN_IDS);
        w->now.n_items = n;
        for (uint32_t from = 0; from < n; from += CLEW_RUN_IDS_ROWS) {
                uint32_t rows = n - from < CLEW_RUN_IDS_ROWS ? n - from : CLEW_RUN_IDS_ROWS;

                for (uint32_t i = from; i < from + rows; i++)
                        clew_buffer_append(&w->block, ids[i].bytes, CLEW_TRACE_ID_BYTES);
                put_block(w);
                w->now.n_blocks++;
        }
        if (n > 0)
                end_section(w);
}

int clew_run_writer_finish(struct clew_run_writer *w, struct clew_run_head *head)
{
        close_kind(w);
        head->n_blocks = w->next_block - 1;
        head->bytes = w->bytes;
        head->sections = w->sections;
        head->n_sections = w->n_sections;
        return w->error;
}
