/*
 * Leaving the texts of a trace out, on OTLP JSON (traces, line break, logs). Whatever was sent: as
 * many bytes and items stay, they are well-formed, a second time nothing is left to do, the note
 * reads back, and the summary of the skeleton is the one of before.
 */
#include "proto/base/compiler.h"
#include "proto/otlp/json.h"
#include "proto/otlp/walk.h"
#include "query/model/strip.h"
#include "query/model/summary.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

#define MEMORY_MAX ((size_t)256 << 20)

static void check_summary(struct clew_slice before, struct clew_slice traces,
                          struct clew_slice logs)
{
        CLEW_ARENA arena = {0};
        CLEW_BUFFER now = {0};
        CLEW_BUFFER was = {0};
        struct clew_summary a;

        clew_arena_init(&arena, MEMORY_MAX);
        clew_buffer_init(&now, MEMORY_MAX);
        clew_buffer_init(&was, MEMORY_MAX);
        CLEW_ASSERT(clew_summary_of_one(traces, logs, &now) == 0);
        CLEW_ASSERT(clew_summary_decode(before, &arena, &a) == 0);
        a.left_out = CLEW_LEFT_OUT_ALL;
        clew_summary_encode(&a, &was);
        CLEW_ASSERT(clew_slice_eq(clew_buffer_slice(&now), clew_buffer_slice(&was)));
}

static void check(struct clew_slice traces, struct clew_slice logs)
{
        static const uint8_t key[CLEW_LEFT_OUT_KEY_BYTES] = {1, 2, 3};
        const struct clew_strip_options options = {
                .key = key, .time_ns = 5, .rule = CLEW_SLICE_LITERAL("skeleton older=1h")};
        CLEW_BUFFER summary = {0};
        CLEW_BUFFER out = {0};
        CLEW_BUFFER again = {0};
        struct clew_left_out_note note;
        struct clew_slice now;
        struct clew_slice rest;
        size_t traces_len = 0;
        size_t at = 0;

        clew_buffer_init(&summary, MEMORY_MAX);
        clew_buffer_init(&out, MEMORY_MAX);
        clew_buffer_init(&again, MEMORY_MAX);
        if (clew_summary_of_one(traces, logs, &summary) < 0)
                return; /* neither span nor record */
        CLEW_ASSERT(clew_strip(&options, traces, logs, &out, &traces_len) == 0);
        now = clew_slice_make(out.data, traces_len);
        rest = clew_slice_from(clew_buffer_slice(&out), traces_len);
        CLEW_ASSERT(clew_left_out_behind(now).len == traces.len && rest.len == logs.len);
        CLEW_ASSERT(clew_otlp_count(now) == clew_otlp_count(traces));
        CLEW_ASSERT(clew_otlp_count(rest) == clew_otlp_count(logs));
        CLEW_ASSERT(clew_left_out_next(now, &at, &note));
        CLEW_ASSERT(clew_slice_eq(note.summary, clew_buffer_slice(&summary)));
        CLEW_ASSERT(clew_slice_eq(note.rule, options.rule) && note.time_ns == 5);
        CLEW_ASSERT(!clew_left_out_next(now, &at, &note));
        CLEW_ASSERT(clew_strip(&options, now, rest, &again, &traces_len) == -EALREADY);
        check_summary(clew_buffer_slice(&summary), now, rest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
        size_t n = line ? (size_t)(line - data) : size;
        CLEW_BUFFER traces = {0};
        CLEW_BUFFER logs = {0};
        struct clew_error err;

        clew_buffer_init(&traces, MEMORY_MAX);
        clew_buffer_init(&logs, MEMORY_MAX);
        if (clew_otlp_from_json(clew_slice_make(data, n), CLEW_OTLP_TRACES, &traces, &err) < 0)
                return 0;
        if (line && clew_otlp_from_json(clew_slice_make(line + 1, size - n - 1), CLEW_OTLP_LOGS,
                                        &logs, &err) < 0)
                return 0;
        check(clew_buffer_slice(&traces), clew_buffer_slice(&logs));
        return 0;
}
