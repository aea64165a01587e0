/*
 * Encodings under a limit. First byte: which; second: where the input is cut in two; third: the
 * limit in KiB. Whatever the stream is: never more output than the limit, and the same verdict and
 * bytes whole and in pieces.
 */
#include "collector/gate/encoding.h"
#include "proto/base/compiler.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#define SLACK_BYTES ((size_t)512 * 1024)

static int undo(enum clew_encoding encoding, const struct clew_slice *parts, size_t n, size_t max,
                struct clew_buffer *out)
{
        struct clew_error err = {.code = 0};
        int r;

        clew_buffer_init(out, max + SLACK_BYTES);
        r = clew_encoding_undo(encoding, parts, n, max, out, &err);
        CLEW_ASSERT(r == 0 || r == -EMSGSIZE || r == -EBADMSG);
        CLEW_ASSERT(out->len <= max && out->capacity <= max + SLACK_BYTES);
        return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        enum clew_encoding encoding;
        struct clew_slice whole;
        struct clew_slice parts[2];
        struct clew_buffer a;
        struct clew_buffer b;
        size_t max;
        size_t cut;
        int ra;
        int rb;

        if (size < 3)
                return 0;
        encoding = (enum clew_encoding)(1 + data[0] % (CLEW_ENCODINGS - 1));
        whole = clew_slice_make(data + 3, size - 3);
        max = (size_t)data[2] * 1024;
        cut = whole.len * data[1] / 256;
        parts[0] = clew_slice_make(whole.data, cut);
        parts[1] = clew_slice_from(whole, cut);
        CLEW_ASSERT(clew_encoding_hint(encoding, parts, 2, max) <= max);
        ra = undo(encoding, &whole, 1, max, &a);
        rb = undo(encoding, parts, 2, max, &b);
        CLEW_ASSERT((ra == 0) == (rb == 0));
        CLEW_ASSERT(ra != 0 || clew_slice_eq(clew_buffer_slice(&a), clew_buffer_slice(&b)));
        clew_buffer_deinit(&a);
        clew_buffer_deinit(&b);
        return 0;
}
