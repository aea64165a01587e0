/*
 * A command line as a request, and the frames of an answer. A request is refused with a message, or
 * read within its bounds; a row of frames is walked without reading past its end, and what is taken
 * is written as the same bytes.
 */
#include "query/serve/command-line.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define MEMORY_MAX ((size_t)64 << 20)

static void read_request(struct clew_slice body)
{
        CLEW_ARENA arena = {0};
        struct clew_command_line line = {0};
        struct clew_error err = {0};

        clew_arena_init(&arena, MEMORY_MAX);
        if (clew_command_line_read(body, &arena, &line, &err) < 0) {
                CLEW_ASSERT(err.message[0] != '\0');
                return;
        }
        CLEW_ASSERT(line.n >= 1 && line.n <= CLEW_COMMAND_WORDS_MAX && !line.values[line.n]);
        for (size_t i = 0; i < line.n; i++)
                CLEW_ASSERT(line.values[i] && strlen(line.values[i]) <= body.len);
        CLEW_ASSERT(line.values[0][0] != '-');
        CLEW_ASSERT(line.n_files <= CLEW_COMMAND_FILES_MAX);
        for (size_t i = 0; i < line.n_files; i++)
                CLEW_ASSERT(line.files[i].name && line.files[i].text.len <= body.len);
        CLEW_ASSERT(!line.time_zone || (line.time_zone[0] != '/' && !strstr(line.time_zone, "..")));
}

static void read_frames(struct clew_slice rest)
{
        while (rest.len > 0) {
                uint8_t head[CLEW_FRAME_HEAD_BYTES];
                enum clew_frame kind;
                struct clew_slice payload;
                int n = clew_frame_take(rest, &kind, &payload);

                if (n <= 0)
                        return;
                CLEW_ASSERT((size_t)n <= rest.len && payload.len <= CLEW_FRAME_BYTES_MAX);
                CLEW_ASSERT(payload.data + payload.len == rest.data + n);
                clew_frame_head(head, kind, payload.len);
                CLEW_ASSERT(memcmp(head, rest.data, sizeof(head)) == 0);
                rest = clew_slice_from(rest, (size_t)n);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        read_request(clew_slice_make(data, size));
        read_frames(clew_slice_make(data, size));
        return 0;
}
