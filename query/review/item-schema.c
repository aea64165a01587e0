/*
 * See item-schema.h.
 */
#include "query/review/item-schema.h"

#include "query/review/export/export.h"

#include <errno.h>

/* What an item holds, in the common shapes of exports; JSON may escape much of it. */
#define VALUE_BYTES_MAX (2 * CLEW_ITEM_BYTES_MAX)

static void put_item(struct clew_json_writer *w, const struct clew_item *item)
{
        clew_json_write_object_begin(w);
        clew_export_case(w, item);
        clew_export_expected(w, item);
        if (item->metadata.len) {
                clew_json_write_key(w, "metadata");
                clew_json_write_raw(w, item->metadata);
        }
        if (item->name.len) {
                clew_json_write_key(w, "name");
                clew_json_write_string(w, item->name);
        }
        clew_json_write_key(w, "labels");
        clew_json_write_array_begin(w);
        for (uint32_t i = 0; i < item->n_labels; i++)
                clew_json_write_string(w, item->labels[i]);
        clew_json_write_array_end(w);
        clew_json_write_object_end(w);
}

int clew_item_schema_check(const struct clew_shape *schema, const struct clew_item *item,
                           struct clew_arena *arena, struct clew_error *err)
{
        CLEW_BUFFER value = {0};
        struct clew_json_writer w = clew_json_writer_make(&value, 0);
        int r;

        clew_buffer_init(&value, VALUE_BYTES_MAX);
        put_item(&w, item);
        if (clew_buffer_error(&value) < 0)
                return clew_error_set(err, clew_buffer_error(&value), 0,
                                      "the item is too large to be checked");
        r = clew_shape_check(schema, clew_buffer_slice(&value), arena, err);
        if (r == -EINVAL)
                clew_error_prefix(err, "does not meet the schema at ");
        return r;
}
