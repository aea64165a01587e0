/*
 * Masking of any text: secrets found do not overlap and lie inside of it; what comes out is found
 * clean, JSON stays JSON, and valid UTF-8 stays valid.
 */
#include "proto/base/json.h"
#include "proto/base/utf8.h"
#include "proto/mask/mask.h"
#include "tests/fuzz/fuzz.h"

#define MEMORY_MAX ((size_t)64 << 20)

static bool is_json(struct clew_slice text)
{
        struct clew_json_reader r = clew_json_reader_make(text, CLEW_JSON_DEPTH_MAX);

        (void)clew_json_next(&r);
        clew_json_skip(&r);
        return clew_json_next(&r) == CLEW_JSON_END && r.status == CLEW_JSON_COMPLETE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct clew_slice text = clew_slice_make(data, size);
        struct clew_mask_scan scan;
        struct clew_mask_hit hit;
        CLEW_BUFFER out = {0};
        CLEW_BUFFER again = {0};
        struct clew_mask m;
        size_t last = 0;

        if (size == 0)
                return 0;
        clew_mask_scan_begin(&scan, text, CLEW_MASK_ALL);
        while (clew_mask_scan_next(&scan, &hit)) {
                CLEW_ASSERT(hit.from >= last && hit.from < hit.to && hit.to <= size);
                CLEW_ASSERT(hit.rule < CLEW_MASK_RULES);
                last = hit.to;
        }
        clew_mask_init(&m);
        clew_buffer_init(&out, MEMORY_MAX);
        clew_buffer_init(&again, MEMORY_MAX);
        if (!clew_mask_text(&m, text, &out))
                return 0;
        CLEW_ASSERT(clew_buffer_error(&out) == 0 && clew_mask_count(&m) > 0);
        CLEW_ASSERT(!clew_utf8_valid(text) || clew_utf8_valid(clew_buffer_slice(&out)));
        CLEW_ASSERT(!is_json(text) || is_json(clew_buffer_slice(&out)));
        return 0;
}
