/*
 * Lines of annotations, as people and programs give them in files. Whatever the line is, it is
 * refused with a message or read within its bounds; what was read is written as a line that reads
 * back to the same bytes.
 */
#include "proto/base/utf8.h"
#include "query/review/annotation.h"
#include "tests/fuzz/fuzz.h"

#define MEMORY_MAX ((size_t)64 << 20)

static void write_line(const struct clew_annotation *a, struct clew_buffer *out)
{
        struct clew_json_writer w = clew_json_writer_make(out, 0);

        clew_json_write_object_begin(&w);
        clew_annotation_write(&w, a);
        clew_json_write_object_end(&w);
        CLEW_ASSERT(clew_buffer_error(out) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEW_ARENA arena = {0};
        CLEW_BUFFER first = {0};
        CLEW_BUFFER second = {0};
        struct clew_annotation a;
        struct clew_annotation b;
        struct clew_error err = {0};

        clew_arena_init(&arena, MEMORY_MAX);
        clew_buffer_init(&first, MEMORY_MAX);
        clew_buffer_init(&second, MEMORY_MAX);
        if (clew_annotation_read(clew_slice_make(data, size), &arena, &a, &err) < 0) {
                CLEW_ASSERT(err.message[0] != '\0');
                return 0;
        }
        if (clew_annotation_check(&a, &err) < 0) {
                CLEW_ASSERT(err.message[0] != '\0');
                return 0;
        }
        CLEW_ASSERT(a.n_labels <= CLEW_ANNOTATION_LABELS_MAX);
        CLEW_ASSERT(a.n_scores <= CLEW_ANNOTATION_SCORES_MAX);
        write_line(&a, &first);
        CLEW_ASSERT(clew_utf8_valid(clew_buffer_slice(&first)));
        CLEW_ASSERT(clew_annotation_read(clew_buffer_slice(&first), &arena, &b, &err) == 0);
        write_line(&b, &second);
        CLEW_ASSERT(clew_slice_eq(clew_buffer_slice(&first), clew_buffer_slice(&second)));
        return 0;
}
