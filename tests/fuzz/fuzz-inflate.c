/*
 * gzip under a limit. First byte: where the input is cut in two; second: the limit in KiB; then the
 * stream. Whatever it is: never more output than the limit, the same verdict whole and in pieces,
 * and memory in proportion to the limit.
 */
#include "collector/gate/inflate.h"
#include "proto/base/compiler.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#define SLACK_BYTES ((size_t)128 * 1024)

static int inflate_parts(const struct clew_slice *parts, size_t n, size_t max,
                         struct clew_buffer *out)
{
        struct clew_error err = {.code = 0};
        int r;

        clew_buffer_init(out, max + SLACK_BYTES);
        r = clew_inflate_gzip(parts, n, max, out, &err);
        CLEW_ASSERT(r == 0 || r == -EMSGSIZE || r == -EBADMSG);
        CLEW_ASSERT(out->len <= max && out->capacity <= max + SLACK_BYTES);
        return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct clew_slice whole;
        struct clew_slice parts[2];
        struct clew_buffer a;
        struct clew_buffer b;
        size_t max;
        size_t cut;
        int ra;
        int rb;

        if (size < 2)
                return 0;
        whole = clew_slice_make(data + 2, size - 2);
        max = (size_t)data[1] * 1024;
        cut = whole.len * data[0] / 256;
        parts[0] = clew_slice_make(whole.data, cut);
        parts[1] = clew_slice_from(whole, cut);
        CLEW_ASSERT(clew_inflate_hint(parts, 2, max) <= max);
        ra = inflate_parts(&whole, 1, max, &a);
        rb = inflate_parts(parts, 2, max, &b);
        CLEW_ASSERT(ra == rb);
        CLEW_ASSERT(ra != 0 || clew_slice_eq(clew_buffer_slice(&a), clew_buffer_slice(&b)));
        clew_buffer_deinit(&a);
        clew_buffer_deinit(&b);
        return 0;
}
