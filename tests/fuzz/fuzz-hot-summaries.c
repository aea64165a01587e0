/*
 * The file of summaries of what is hot, which lies beside the data file and is trusted by nobody
 * (storage/hot/hot-summaries-int.h). First byte: bit 0 = it is written over a file of a few
 * summaries; bit 1 = a writer goes on with it; bit 2 = slots are asked for all at once. Then what
 * is written over: each a byte, 0 = from the beginning, 1 = the slots, else the log; two bytes, how
 * many bytes behind that; a byte, how many follow; these.
 *
 * Promise: whatever stands in it, asking, checking, writing and wiping end; what is given for a
 * trace is the summary that was kept for it; what was kept by the last writer is given, or nothing;
 * of what was wiped nothing is given.
 */
#include "storage/base/directory-int.h"
#include "storage/hot/hot-summaries-int.h"
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TRACES = 6, ASKED_ALL = 60, EPOCH = 3, VERSION = 7 };

/* Where slots and log begin, by the header's comment. */
#define SLOTS_AT 4096u
#define LOG_AT (SLOTS_AT + (off_t)CLEW_HOT_SLOTS_MAX * 16)

static char dir[64];
static char path[128];

static void leave(void)
{
        (void)unlink(path);
        (void)rmdir(dir);
}

static void begin(void)
{
        if (dir[0])
                return;
        (void)snprintf(dir, sizeof(dir), "/tmp/fuzz-hot-summaries-XXXXXX");
        CLEW_ASSERT(mkdtemp(dir) != NULL);
        (void)snprintf(path, sizeof(path), "%s/" CLEW_HOT_SUMMARIES_FILE, dir);
        (void)atexit(leave);
}

static struct clew_hot_mark mark_of(unsigned i)
{
        struct clew_hot_mark m = {.last_sequence = i, .n_spans = 1, .n_fragments = 1};

        m.id.bytes[0] = 1;
        m.id.bytes[15] = (uint8_t)i;
        return m;
}

static struct clew_slice summary_of(unsigned i, uint8_t room[64])
{
        memset(room, (int)('a' + i), 64);
        return clew_slice_make(room, 8 + 8 * (size_t)i);
}

static bool holds(void *context)
{
        (void)context;
        return true;
}

static void keep_all(void)
{
        struct clew_hot_summary_log log = {0};
        struct clew_error err = {0};

        for (unsigned i = 0; i < TRACES; i++) {
                struct clew_hot_mark mark = mark_of(i);
                uint8_t room[64];

                clew_hot_summary_log_add(&log, &mark, EPOCH, VERSION, summary_of(i, room));
        }
        CLEW_ASSERT(clew_hot_summary_log_write(&log, dir, TRACES, 160, holds, NULL, &err) <= 0);
        clew_hot_summary_log_deinit(&log);
}

/* How many are there; what is, is what was kept. */
static unsigned ask(bool all)
{
        struct clew_hot_summaries s = {0};
        unsigned found = 0;

        clew_hot_summaries_begin(&s, dir, EPOCH);
        for (unsigned n = 0; n < (all ? ASKED_ALL : TRACES); n++) {
                struct clew_hot_mark mark = mark_of(n % TRACES);
                struct clew_slice got;
                uint32_t version;
                uint8_t room[64];

                if (!clew_hot_summaries_get(&s, &mark, &got, &version))
                        continue;
                CLEW_ASSERT(version == VERSION);
                CLEW_ASSERT(clew_slice_eq(got, summary_of(n % TRACES, room)));
                (void)clew_hot_summaries_is_old(&s, TRACES, 160);
                found += n < TRACES;
        }
        clew_hot_summaries_end(&s);
        return found;
}

static void write_over(struct clew_slice bytes)
{
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

        CLEW_ASSERT(fd >= 0);
        while (bytes.len >= 4) {
                off_t at = bytes.data[0] == 0 ? 0 : bytes.data[0] == 1 ? SLOTS_AT : LOG_AT;
                size_t n = bytes.data[3];

                at += bytes.data[1] << 8 | bytes.data[2];
                bytes = clew_slice_from(bytes, 4);
                n = n < bytes.len ? n : bytes.len;
                CLEW_ASSERT(pwrite(fd, bytes.data, n, at) == (ssize_t)n);
                bytes = clew_slice_from(bytes, n);
        }
        close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct clew_error err = {0};

        if (size == 0)
                return 0;
        begin();
        (void)unlink(path);
        if ((data[0] & 1) != 0) {
                keep_all();
                CLEW_ASSERT(ask(false) == TRACES);
        }
        write_over(clew_slice_make(data + 1, size - 1));
        CLEW_ASSERT(clew_hot_summaries_check(dir, true, &err) <= 0);
        (void)ask((data[0] & 4) != 0);
        if ((data[0] & 2) != 0) {
                keep_all();
                (void)ask((data[0] & 4) != 0);
                CLEW_ASSERT(clew_hot_summaries_check(dir, true, &err) <= 0);
        }
        if (clew_hot_summaries_wipe(dir, &err) == 0)
                CLEW_ASSERT(ask(false) == 0);
        return 0;
}
