/*
 * Step patterns. First line: the pattern; then one byte a step. Whatever both are: the pattern is
 * read, or refused with a message and a place inside it, and a match ends; a pattern with `...` on
 * both sides matches where it matches without.
 */
#include "proto/base/error.h"
#include "query/find/path.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define MEMORY_MAX ((size_t)64 << 20)
#define STEPS_MAX 200u

static uint32_t read_steps(const uint8_t *data, size_t size, struct clew_path_step *ret)
{
        static const char *const names[] = {"search", "open", "a.b", "answer"};
        uint32_t n = 0;

        for (; n < STEPS_MAX && n < size; n++)
                ret[n] = (struct clew_path_step){
                        .kinds = 1u << (data[n] % CLEW_KIND_COUNT),
                        .is_error = (data[n] & 0x80) != 0,
                        .name = clew_slice_of_cstr(names[data[n] >> 4 & 3]),
                        .agent = clew_slice_of_cstr(names[data[n] >> 2 & 3]),
                };
        return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct clew_path_step steps[STEPS_MAX];
        const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
        struct clew_slice text = clew_slice_make(data, line ? (size_t)(line - data) : size);
        CLEW_ARENA arena = {.max_bytes = MEMORY_MAX};
        CLEW_BUFFER wide = {.max_bytes = MEMORY_MAX};
        CLEW_BUFFER printed = {.max_bytes = MEMORY_MAX};
        struct clew_path *path = NULL;
        struct clew_path *wider = NULL;
        struct clew_error err = {0};
        uint32_t n = line ? read_steps(line + 1, size - text.len - 1, steps) : 0;
        bool is;
        int r = clew_path_parse(text, &arena, &path, &err);

        if (r < 0) {
                CLEW_ASSERT(err.message[0] && err.offset <= text.len);
                return 0;
        }
        is = clew_path_match(path, steps, n);
        CLEW_ASSERT(is == clew_path_match(path, steps, n));
        clew_buffer_append_cstr(&wide, "... (");
        clew_buffer_append_slice(&wide, text);
        clew_buffer_append_cstr(&wide, ") ...");
        if (clew_path_parse(clew_buffer_slice(&wide), &arena, &wider, &err) == 0)
                CLEW_ASSERT(clew_path_match(wider, steps, n) == is);
        clew_path_print(steps, n, 200, &printed);
        return 0;
}
