/*
 * What a bucket gives: the object of a segment, a version of its catalog, a part of what is kept
 * beside the traces, an object of a journal. Whatever the bytes are: they are refused, or every
 * part lies within them; what was read is written and read again the same. The first byte chooses;
 * from 128 on a checksum at the end is made right, so that the checks behind it are met.
 */
#include "proto/base/hash.h"
#include "storage/tier/journal-int.h"
#include "storage/tier/tier-catalog-int.h"
#include "storage/tier/tier-object-int.h"
#include "storage/tier/tier-part-int.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void read_directory(struct clew_slice bytes)
{
        struct clew_tier_footer f;
        uint32_t n = 0;

        if (clew_tier_directory_tail(bytes, bytes.len, &n) < 0 ||
            clew_tier_directory_check(bytes, n) < 0)
                return;
        for (uint32_t i = 0; i < n; i++) {
                struct clew_tier_member m = clew_tier_directory_member(bytes, n, i);

                if (m.end <= bytes.len)
                        (void)!clew_tier_footer_read(clew_slice_make(bytes.data, (size_t)m.end),
                                                     m.end, &f);
        }
}

static void read_object(struct clew_slice bytes)
{
        struct clew_tier_footer f;
        struct clew_slice part;
        struct clew_tier_index index;
        struct clew_cursor c;

        read_directory(bytes);
        if (clew_tier_footer_read(bytes, bytes.len, &f) < 0)
                return;
        for (unsigned s = 0; s < CLEW_TIER_SECTIONS; s++) {
                if (clew_tier_section_of(&f, s, bytes, 0, &part) < 0)
                        continue;
                CLEW_ASSERT(part.data >= bytes.data && part.len <= bytes.len);
        }
        if (clew_tier_section_of(&f, CLEW_TIER_INDEX, bytes, 0, &part) == 0 &&
            clew_tier_index_read(part, &index)) {
                for (uint32_t i = 0; i < index.n_blocks; i++)
                        (void)clew_cursor_bytes(&index.blocks, clew_cursor_varint(&index.blocks));
                CLEW_ASSERT(!index.blocks.failed);
        }
        if (clew_tier_section_of(&f, CLEW_TIER_ROWS, bytes, 0, &part) < 0)
                return;
        for (c = clew_cursor_make(part); clew_cursor_left(&c) > 0 && !c.failed;)
                (void)clew_tier_row_take(&c);
}

static void read_catalog(struct clew_slice bytes)
{
        struct clew_tier_catalog c = {0};
        struct clew_tier_catalog again = {0};
        CLEW_BUFFER out = {.max_bytes = (size_t)64 << 20};

        for (uint64_t version = 1; version < 4; version++) {
                if (clew_tier_catalog_apply(&c, version, bytes) == 0)
                        break;
                clew_tier_catalog_deinit(&c);
        }
        for (size_t i = 1; i < c.n; i++)
                CLEW_ASSERT(c.items[i - 1].segment < c.items[i].segment);
        if (c.version > 0) {
                c.full = c.version;
                clew_tier_catalog_encode(&c, c.items, c.n, &out);
                CLEW_ASSERT(clew_tier_catalog_apply(&again, c.version, clew_buffer_slice(&out)) ==
                            0);
                CLEW_ASSERT(again.n == c.n && again.next_segment == c.next_segment);
                CLEW_ASSERT(again.erased == c.erased &&
                            memcmp(&again.beside, &c.beside, sizeof(c.beside)) == 0);
        }
        clew_tier_catalog_deinit(&again);
        clew_tier_catalog_deinit(&c);
}

static void read_part(struct clew_slice bytes)
{
        struct clew_tier_part_head head;
        struct clew_tier_part_head again;
        struct clew_tier_record record;
        struct clew_slice records;
        struct clew_slice same;
        struct clew_cursor c;
        CLEW_BUFFER out = {.max_bytes = (size_t)64 << 20};

        if (clew_tier_part_read(bytes, &head, &records) < 0)
                return;
        CLEW_ASSERT(records.len <= bytes.len);
        for (c = clew_cursor_make(records); clew_tier_record_take(&c, &record);) {
                CLEW_ASSERT(record.key.len <= records.len && record.value.len <= records.len);
                clew_tier_record_put(&out, &record);
        }
        clew_buffer_clear(&out);
        clew_tier_part_put(&out, &head, records);
        CLEW_ASSERT(clew_tier_part_read(clew_buffer_slice(&out), &again, &same) == 0);
        CLEW_ASSERT(again.index == head.index && again.after.sum == head.after.sum &&
                    clew_slice_eq(same, records));
}

static void read_journal(struct clew_slice bytes)
{
        CLEW_BUFFER fragments = {.max_bytes = (size_t)64 << 20};
        CLEW_BUFFER again = {.max_bytes = (size_t)64 << 20};
        CLEW_BUFFER out = {.max_bytes = (size_t)64 << 20};
        const struct clew_fragment *f;
        size_t n;

        if (clew_journal_decode(bytes, 7, &fragments) < 0)
                return;
        f = (const void *)fragments.data;
        n = fragments.len / sizeof(*f);
        for (size_t i = 0; i < n; i++)
                CLEW_ASSERT(f[i].bytes.data >= bytes.data &&
                            f[i].bytes.data + f[i].bytes.len <= bytes.data + bytes.len);
        clew_journal_encode(7, f, n, &out);
        CLEW_ASSERT(clew_journal_decode(clew_buffer_slice(&out), 7, &again) == 0);
        CLEW_ASSERT(again.len == fragments.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct clew_slice bytes = clew_slice_make(data, size);
        CLEW_BUFFER mended = {.max_bytes = (size_t)64 << 20};

        if (size == 0)
                return 0;
        bytes = clew_slice_from(bytes, 1);
        if (data[0] >= 128 && bytes.len > 8) {
                clew_buffer_append(&mended, bytes.data, bytes.len - 8);
                clew_buffer_append_le64(&mended, clew_hash(clew_buffer_slice(&mended)));
                bytes = clew_buffer_slice(&mended);
        }
        if (data[0] % 4 == 0)
                read_object(bytes);
        else if (data[0] % 4 == 3)
                read_journal(bytes);
        else if (data[0] % 4 == 2)
                read_part(bytes);
        else
                read_catalog(bytes);
        return 0;
}
