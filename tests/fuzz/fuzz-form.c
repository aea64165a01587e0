/*
 * Other forms of spans (query/cli/import-forms.h), and what JavaScript prints of them
 * (query/cli/import-printed.h). Whatever the text is: a request that is made is
 * whole JSON of a size in proportion to it and converts to OTLP; what is found inside lies inside;
 * what is refused says why.
 */
#include "query/cli/import-forms.h"
#include "query/cli/import-printed.h"

#include "proto/base/compiler.h"
#include "proto/base/json.h"
#include "proto/otlp/json.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#define MEMORY_MAX ((size_t)64 << 20)
/* A made span repeats names of OTLP around what little it had. */
#define GROWTH_MAX 64u

static void check_made(struct clew_slice text, struct clew_slice made)
{
        struct clew_json_reader r = clew_json_reader_make(made, CLEW_JSON_DEPTH_MAX);
        CLEW_BUFFER pb = {0};
        struct clew_error err = {0};
        int ret;

        CLEW_ASSERT(made.len <= (text.len + 64) * GROWTH_MAX);
        while (clew_json_next(&r) != CLEW_JSON_END)
                ;
        clew_buffer_init(&pb, MEMORY_MAX);
        ret = clew_otlp_from_json(made, CLEW_OTLP_TRACES, &pb, &err);
        CLEW_ASSERT(ret == 0 || ((ret == -EBADMSG || ret == -E2BIG) && err.message[0]));
}

static void check_form(struct clew_slice text)
{
        struct clew_slice found = CLEW_SLICE_NULL;
        struct clew_error err = {0};
        struct clew_arena arena;
        struct clew_buffer out;
        int error = 0;

        clew_arena_init(&arena, MEMORY_MAX);
        clew_buffer_init(&out, MEMORY_MAX);
        switch (clew_import_form(text, &arena, &out, &found, &err, &error)) {
        case CLEW_FORM_OTLP:
                CLEW_ASSERT(found.data >= text.data &&
                            found.data + found.len <= text.data + text.len);
                break;
        case CLEW_FORM_MADE:
                if (error == 0)
                        check_made(text, found);
                break;
        case CLEW_FORM_NAMED:
                CLEW_ASSERT(err.message[0]);
                break;
        case CLEW_FORM_LIST:
        case CLEW_FORM_NONE:
                break;
        }
        clew_buffer_deinit(&out);
        clew_arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct clew_slice text = clew_slice_make(data, size);
        struct clew_slice printed;
        struct clew_arena arena;

        check_form(text);
        clew_arena_init(&arena, MEMORY_MAX);
        printed = clew_import_printed(text, &arena);
        /* An escape is six bytes for one, a key gets two quotes. */
        CLEW_ASSERT(printed.len <= text.len * 6 + 8);
        if (printed.len > 0)
                check_form(printed);
        clew_arena_deinit(&arena);
        return 0;
}
