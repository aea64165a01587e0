/*
 * The tail of a node, as a reader takes it from whoever answers at the address that the bucket
 * names. Whatever the bytes are: they are refused, or runs and fragments rise, lie below the end,
 * and within the bytes. The check at the end is made right, so that the rest is met.
 */
#include "proto/base/hash.h"
#include "storage/tier/tail-int.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void read_tail(struct clew_slice bytes)
{
        struct clew_tail tail;
        struct clew_tail again;
        struct clew_tail_item item = {.sequence = 0};
        uint64_t at = 0;
        uint64_t n = 0;
        uint64_t last = 0;

        if (!clew_tail_read(bytes, &tail))
                return;
        again = tail;
        while (clew_tail_next_run(&again, &at, &n)) {
                CLEW_ASSERT(n > 0 && at + n - 1 <= tail.end && at + n > at);
                at += n;
        }
        while (clew_tail_next(&tail, &item)) {
                CLEW_ASSERT(item.sequence > last && item.sequence <= tail.end);
                CLEW_ASSERT(item.bytes.data >= bytes.data && item.bytes.len <= bytes.len);
                last = item.sequence;
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEW_BUFFER whole = {.max_bytes = (size_t)64 << 20};

        read_tail(clew_slice_make(data, size));
        if (size < 8)
                return 0;
        clew_buffer_append(&whole, data, size - 8);
        clew_buffer_append_le64(&whole, clew_hash(clew_buffer_slice(&whole)));
        if (clew_buffer_error(&whole) == 0)
                read_tail(clew_buffer_slice(&whole));
        return 0;
}
