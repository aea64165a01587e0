/*
 * Zip archives: members lie inside of the file, what is read is as long as it was announced and no
 * longer than its bound, and whatever is wrong has a message.
 */
#include "query/cli/zip.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#define MEMBER_MAX ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct clew_slice file = clew_slice_make(data, size);
        struct clew_error err = {0};
        struct clew_zip_member m;
        struct clew_zip z;
        uint64_t n = 0;
        int r;

        if (size == 0)
                return 0;
        r = clew_zip_open(&z, file, &err);
        while (r == 0 && (r = clew_zip_next(&z, &m, &err)) == 1) {
                CLEW_BUFFER out = {0};

                CLEW_ASSERT(m.name.data >= data && m.name.data + m.name.len <= data + size);
                CLEW_ASSERT(m.data.data >= data && m.data.data + m.data.len <= data + size);
                CLEW_ASSERT(++n <= size);
                clew_buffer_init(&out, MEMBER_MAX);
                r = clew_zip_read(&z, &m, &out, &err);
                CLEW_ASSERT(r < 0 || out.len == m.size);
                CLEW_ASSERT(r != -EBADMSG || err.message[0]);
                CLEW_ASSERT(out.len <= MEMBER_MAX);
                r = 0;
        }
        CLEW_ASSERT(r >= 0 || err.message[0]);
        return 0;
}
