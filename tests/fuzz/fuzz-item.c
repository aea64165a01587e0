/*
 * Items from files. First byte: bit 0 = a table (CSV), else one JSON object. Whatever it is, it is
 * refused with a message or becomes an item whose canonical JSON reads back to the same bytes.
 */
#include "proto/base/utf8.h"
#include "query/review/item-import.h"
#include "tests/fuzz/fuzz.h"

#define MEMORY_MAX ((size_t)256 << 20)

static void write_item(const struct clew_item *item, struct clew_buffer *out)
{
        struct clew_json_writer w = clew_json_writer_make(out, 0);

        clew_item_write(&w, item);
        CLEW_ASSERT(clew_buffer_error(out) == 0);
}

static void import(struct clew_slice json)
{
        static const struct clew_item_mapping mapping = {0};
        CLEW_ARENA arena = {0};
        CLEW_BUFFER first = {0};
        CLEW_BUFFER second = {0};
        struct clew_sketch sketch;
        struct clew_item item;
        struct clew_item again;
        struct clew_error err = {0};

        clew_arena_init(&arena, MEMORY_MAX);
        clew_buffer_init(&first, MEMORY_MAX);
        clew_buffer_init(&second, MEMORY_MAX);
        if (clew_item_import(json, &mapping, &arena, &item, &err) < 0) {
                CLEW_ASSERT(err.message[0] != '\0' || clew_arena_failed(&arena));
                return;
        }
        clew_item_sketch(&item, &sketch);
        CLEW_ASSERT(sketch.n <= CLEW_SKETCH_HASHES);
        CLEW_ASSERT(clew_sketch_likeness(&sketch, &sketch) >= 1);
        write_item(&item, &first);
        CLEW_ASSERT(clew_utf8_valid(clew_buffer_slice(&first)));
        CLEW_ASSERT(clew_item_read(clew_buffer_slice(&first), &arena, &again) == 0);
        write_item(&again, &second);
        CLEW_ASSERT(clew_slice_eq(clew_buffer_slice(&first), clew_buffer_slice(&second)));
}

static void table(struct clew_slice text)
{
        CLEW_ARENA arena = {0};
        CLEW_BUFFER row = {0};
        struct clew_csv csv;
        struct clew_error err = {0};

        clew_arena_init(&arena, MEMORY_MAX);
        clew_buffer_init(&row, MEMORY_MAX);
        if (clew_csv_open(&csv, text, &arena, &err) < 0)
                return;
        while (clew_csv_next(&csv, &row, &err) == 1) {
                CLEW_ASSERT(csv.line <= text.len + 1);
                import(clew_buffer_slice(&row));
                clew_buffer_clear(&row);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size == 0)
                return 0;
        if (data[0] & 1)
                table(clew_slice_make(data + 1, size - 1));
        else
                import(clew_slice_make(data + 1, size - 1));
        return 0;
}
