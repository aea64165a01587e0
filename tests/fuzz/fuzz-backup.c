/*
 * Files of a backup and a data file, as somebody else may have made them. The first byte chooses:
 * the records of `state`, an object, or a data file that is read page by page.
 *
 * Promise: reading ends, within the bytes that are there; what is damaged is refused or left out,
 * and a record that is given has a checksum that holds or is a batch of fragments.
 */
#include "storage/keep/object-file-int.h"
#include "storage/keep/salvage-int.h"
#include "storage/keep/stream-int.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static void read_stream(int fd)
{
        struct clew_stream_reader reader;
        struct clew_stream_record record;
        uint64_t bytes = 0;
        int r = clew_stream_open(&reader, fd);

        while (r == 0 && (r = clew_stream_next(&reader, &record)) == 1) {
                bytes += record.key.len + record.value.len;
                CLEW_ASSERT(bytes <= reader.bytes);
                r = 0;
        }
        clew_stream_reader_deinit(&reader);
}

static int take(void *context, enum clew_table table, struct clew_slice key,
                struct clew_slice stored, bool found_again, struct clew_error *err)
{
        struct clew_slice value;

        (void)context;
        (void)found_again;
        (void)err;
        CLEW_ASSERT(table == CLEW_TABLE_HOT || clew_record_check(key, stored, &value));
        return 0;
}

static void read_pages(int fd)
{
        struct clew_salvage s = {.fd = fd, .dir = "fuzz", .fn = take};
        struct clew_error err = {0};

        CLEW_ASSERT(clew_salvage_run(&s, &err) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        int fd;

        if (size < 1)
                return 0;
        fd = memfd_create("fuzz", MFD_CLOEXEC);
        if (fd < 0)
                return 0;
        if (clew_write_all(fd, data + 1, size - 1) == 0 && lseek(fd, 0, SEEK_SET) == 0) {
                if (data[0] % 2 == 0)
                        read_stream(fd);
                else
                        read_pages(fd);
        }
        close(fd);
        return 0;
}
