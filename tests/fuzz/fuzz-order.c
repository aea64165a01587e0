/*
 * An order of another writer, as the bucket gives it, and a name of its folder. Whatever they are:
 * refused, or within their bounds; what was read is written and read again the same. With a first
 * byte from 128 on the checksum is made right, so that the checks behind it are met.
 */
#include "proto/base/hash.h"
#include "storage/tier/order-int.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void read_name(struct clew_slice bytes)
{
        char leaf[CLEW_ORDER_NAME_MAX + 1] = "";
        char whole[CLEW_ORDER_NAME_MAX];
        struct clew_order_name n;

        if (bytes.len >= sizeof(leaf))
                return;
        if (bytes.len > 0)
                memcpy(leaf, bytes.data, bytes.len);
        if (!clew_order_name_read(leaf, &n))
                return;
        clew_order_name(&n, whole);
        CLEW_ASSERT(strcmp(whole, "writers/") > 0 && strcmp(strchr(whole, '/') + 1, leaf) == 0);
}

static void read_order(struct clew_slice bytes)
{
        CLEW_BUFFER out = {.max_bytes = 2 * CLEW_ORDER_OBJECT_MAX};
        struct clew_order order;
        struct clew_order again;

        if (!clew_order_decode(bytes, &order))
                return;
        CLEW_ASSERT(order.what.data >= bytes.data &&
                    order.what.data + order.what.len <= bytes.data + bytes.len);
        CLEW_ASSERT(clew_order_encode(&order, &out) == 0);
        CLEW_ASSERT(clew_order_decode(clew_buffer_slice(&out), &again));
        CLEW_ASSERT(again.id == order.id && again.kind == order.kind &&
                    strcmp(again.by, order.by) == 0 && clew_slice_eq(again.what, order.what));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct clew_slice bytes = clew_slice_make(data, size);
        CLEW_BUFFER mended = {.max_bytes = (size_t)64 << 20};

        if (size == 0)
                return 0;
        bytes = clew_slice_from(bytes, 1);
        read_name(bytes);
        if (data[0] >= 128 && bytes.len > 8) {
                clew_buffer_append(&mended, bytes.data, bytes.len - 8);
                clew_buffer_append_le64(&mended, clew_hash(clew_buffer_slice(&mended)));
                bytes = clew_buffer_slice(&mended);
        }
        read_order(bytes);
        return 0;
}
