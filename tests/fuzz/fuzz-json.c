/*
 * The JSON reader and writer. First byte: depth limit; then the text. Whatever it is, the tokens
 * form one balanced value, what the writer makes of them is complete JSON in UTF-8 that reads back
 * to the same bytes, and skipping sees the same end as reading.
 */
#include "proto/base/error.h"
#include "proto/base/json.h"
#include "proto/base/utf8.h"
#include "tests/fuzz/fuzz.h"

#define MEMORY_MAX ((size_t)64 << 20)

static void write_scalar(struct clew_json_writer *w, const struct clew_json_reader *r,
                         struct clew_arena *arena)
{
        double number;
        int64_t integer;

        switch (r->token) {
        case CLEW_JSON_STRING:
                clew_json_write_string(w, clew_json_string(r, arena));
                break;
        case CLEW_JSON_NUMBER:
                if (clew_json_int64(r, &integer))
                        clew_json_write_int64(w, integer);
                else if (clew_json_double(r, &number))
                        clew_json_write_double(w, number);
                else
                        clew_json_write_raw(w, r->text); /* longer than any number that counts */
                break;
        case CLEW_JSON_TRUE:
        case CLEW_JSON_FALSE:
                clew_json_write_bool(w, r->token == CLEW_JSON_TRUE);
                break;
        case CLEW_JSON_NULL:
        case CLEW_JSON_KEY:
        case CLEW_JSON_OBJECT_BEGIN:
        case CLEW_JSON_OBJECT_END:
        case CLEW_JSON_ARRAY_BEGIN:
        case CLEW_JSON_ARRAY_END:
        case CLEW_JSON_END:
                clew_json_write_null(w);
                break;
        }
}

static enum clew_json_status copy(struct clew_slice text, unsigned depth, struct clew_buffer *out)
{
        struct clew_json_reader r = clew_json_reader_make(text, depth);
        struct clew_json_writer w = clew_json_writer_make(out, 0);
        CLEW_ARENA arena = {0};
        bool owes_value = false;

        clew_arena_init(&arena, MEMORY_MAX);
        while (clew_json_next(&r) != CLEW_JSON_END) {
                bool is_end = r.token == CLEW_JSON_OBJECT_END || r.token == CLEW_JSON_ARRAY_END;

                CLEW_ASSERT(!owes_value || (!is_end && r.token != CLEW_JSON_KEY));
                CLEW_ASSERT(r.offset <= text.len && r.depth <= depth);
                owes_value = r.token == CLEW_JSON_KEY;
                if (owes_value)
                        clew_json_write_key_slice(&w, clew_json_string(&r, &arena));
                else if (r.token == CLEW_JSON_OBJECT_BEGIN)
                        clew_json_write_object_begin(&w);
                else if (r.token == CLEW_JSON_ARRAY_BEGIN)
                        clew_json_write_array_begin(&w);
                else if (r.token == CLEW_JSON_OBJECT_END)
                        clew_json_write_object_end(&w);
                else if (r.token == CLEW_JSON_ARRAY_END)
                        clew_json_write_array_end(&w);
                else
                        write_scalar(&w, &r, &arena);
                CLEW_ASSERT(w.depth == r.depth);
        }
        CLEW_ASSERT(r.depth == 0 && w.depth == 0 && !owes_value);
        CLEW_ASSERT(r.status != CLEW_JSON_READING && r.error_offset <= text.len);
        CLEW_ASSERT(!clew_arena_failed(&arena) && clew_buffer_error(out) == 0);
        return r.status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        unsigned depth = size ? data[0] % 128u + 1 : 1;
        struct clew_slice text = clew_slice_from(clew_slice_make(data, size), 1);
        struct clew_json_reader skipper = clew_json_reader_make(text, depth);
        CLEW_BUFFER once = {0};
        CLEW_BUFFER twice = {0};
        enum clew_json_status status;

        clew_buffer_init(&once, MEMORY_MAX);
        clew_buffer_init(&twice, MEMORY_MAX);
        status = copy(text, depth, &once);
        if (once.len > 0) {
                CLEW_ASSERT(clew_utf8_valid(clew_buffer_slice(&once)));
                CLEW_ASSERT(copy(clew_buffer_slice(&once), depth, &twice) == CLEW_JSON_COMPLETE);
                CLEW_ASSERT(clew_slice_eq(clew_buffer_slice(&once), clew_buffer_slice(&twice)));
        }
        clew_json_next(&skipper);
        CLEW_ASSERT(clew_json_take(&skipper).len <= text.len);
        CLEW_ASSERT(clew_json_next(&skipper) == CLEW_JSON_END && skipper.status == status);
        return 0;
}
