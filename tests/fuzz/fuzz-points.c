/* Counting data points of any bytes, as protobuf and as JSON: it ends, and never says more than
 * there are bytes. */
#include "proto/base/compiler.h"
#include "proto/otlp/points.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        for (int is_json = 0; is_json < 2; is_json++) {
                struct clew_error err = {.code = 0};
                uint64_t n = 0;
                int r = clew_otlp_count_points(clew_slice_make(data, size), is_json != 0, &n, &err);

                CLEW_ASSERT(r == 0 || r == -EBADMSG);
                CLEW_ASSERT(r == 0 || err.message[0]);
                CLEW_ASSERT(n <= size);
        }
        return 0;
}
