/*
 * Objects of other tools' exports. Whatever it is: not one of them, or a request of whole JSON in
 * UTF-8, that is not larger than memory for it.
 */
#include "proto/base/json.h"
#include "proto/base/utf8.h"
#include "query/cli/import-agents.h"
#include "tests/fuzz/fuzz.h"

#define MEMORY_MAX ((size_t)256 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEW_ARENA arena = {0};
        CLEW_BUFFER out = {0};
        struct clew_json_reader r;

        clew_arena_init(&arena, MEMORY_MAX);
        clew_buffer_init(&out, MEMORY_MAX);
        if (!clew_import_agents(clew_slice_make(data, size), &arena, &out))
                return 0;
        if (clew_buffer_error(&out) < 0 || clew_arena_failed(&arena))
                return 0;
        CLEW_ASSERT(clew_utf8_valid(clew_buffer_slice(&out)));
        r = clew_json_reader_make(clew_buffer_slice(&out), CLEW_JSON_DEPTH_MAX);
        CLEW_ASSERT(clew_json_next(&r) == CLEW_JSON_OBJECT_BEGIN);
        clew_json_skip(&r);
        CLEW_ASSERT(clew_json_next(&r) == CLEW_JSON_END && r.status == CLEW_JSON_COMPLETE);
        return 0;
}
