/*
 * Sums of steps. First byte: bit 0 = the rest is pieces of durations in a row, as they are kept for
 * an answer; else it is keys of steps, each behind its length, as a merge gives them.
 *
 * Promise: quantiles of pieces end within the bytes, and are refused or told; keys that were given
 * make sums or none, in order, each within a key, and whose pieces hold what they say where they
 * say it.
 */
#include "query/find/index/step-sums-int.h"
#include "query/find/statistics.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TRACES 64u
/* Values that a row says it holds, for which there is room. */
#define VALUES_MAX 100000u

static void look_at_row(struct clew_slice bytes)
{
        static const double q[] = {0.5, 0.99};
        struct clew_slice row = bytes;
        struct clew_counted_piece piece;
        struct clew_sample_part part = {0};
        double got[2];
        uint64_t n = 0;
        int r;

        while (row.len >= CLEW_COUNTED_HEAD && row.len - CLEW_COUNTED_HEAD >= row.data[2] &&
               row.data[0] < 0x80 && clew_counted_kept(&row, &piece)) {
                uint64_t here = clew_counted_values(piece.bytes);

                if (here == 0 || here > VALUES_MAX - n)
                        return;
                n += here;
        }
        part.counted = clew_slice_make(bytes.data, bytes.len - row.len);
        part.n = n;
        if (n == 0)
                return;
        r = clew_quantiles(&part, 1, q, 2, got);
        CLEW_ASSERT(r == 0 || r == -EBADMSG);
        CLEW_ASSERT(r != 0 || got[0] <= got[1]);
}

/* What a piece holds, all of it. */
static void look_at_piece(struct clew_slice key)
{
        unsigned place = (unsigned)key.data[1 + CLEW_STEP_HASH_BYTES] << 8 |
                         key.data[2 + CLEW_STEP_HASH_BYTES];
        struct clew_slice piece = clew_slice_from(key, 1 + CLEW_STEP_HASH_BYTES + 2 + 4);
        struct clew_counted_reader r = clew_counted_begin(piece);
        struct clew_counted value;
        uint64_t n = 0;

        while (clew_counted_next(&r, &value)) {
                CLEW_ASSERT(clew_sample_place(clew_counted_seconds(value.ns)) == place);
                n += value.n;
        }
        CLEW_ASSERT(!r.c.failed && n > 0 && n == clew_counted_values(piece));
}

static void add_keys(const struct clew_index_adder *adder, void *sums, struct clew_slice bytes)
{
        static uint32_t ordinals[TRACES];
        struct clew_slice last = CLEW_SLICE_NULL;

        for (uint32_t i = 0; i < TRACES; i++)
                ordinals[i] = i;
        while (bytes.len > 0) {
                size_t len = bytes.data[0];
                struct clew_slice key;

                if (len == 0 || len > bytes.len - 1)
                        break;
                key = clew_slice_make(bytes.data + 1, len);
                bytes = clew_slice_from(bytes, 1 + len);
                if (clew_slice_cmp(key, last) <= 0) /* a merge gives each once, in order */
                        continue;
                last = key;
                adder->add(sums, key, ordinals, 1 + (uint32_t)len % TRACES);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const struct clew_index_adder *adder = clew_step_sums_adder();
        uint8_t last[CLEW_INDEX_KEY_MAX];
        uint8_t key[CLEW_INDEX_KEY_MAX];
        size_t last_len = 0;
        size_t len;
        void *sums;

        if (size == 0)
                return 0;
        if ((data[0] & 1) != 0) {
                look_at_row(clew_slice_make(data + 1, size - 1));
                return 0;
        }
        sums = adder->begin(TRACES);
        if (!sums)
                return 0;
        add_keys(adder, sums, clew_slice_make(data + 1, size - 1));
        while ((len = adder->next(sums, key)) > 0) {
                CLEW_ASSERT(len <= sizeof(key));
                CLEW_ASSERT(clew_slice_cmp(clew_slice_make(last, last_len),
                                           clew_slice_make(key, len)) < 0);
                CLEW_ASSERT(key[0] == 'S' || key[0] == 'V');
                if (key[0] == 'V')
                        look_at_piece(clew_slice_make(key, len));
                memcpy(last, key, len);
                last_len = len;
        }
        adder->end(sums);
        return 0;
}
