/*
 * An OTLP value as JSON: a walk over its levels, no recursion.
 */
#include "proto/otlp/value-json.h"

#include "proto/base/compiler.h"
#include "proto/otlp/depth.h"

/* An array or key-value list that is being written. */
struct level {
        struct clew_message_iter iter;
        bool is_list; /* key-value list */
};

static void write_bytes(struct clew_json_writer *w, struct clew_slice bytes,
                        enum clew_value_bytes_form form)
{
        if (form == CLEW_VALUE_BYTES_PLAIN) {
                clew_json_write_base64(w, bytes);
                return;
        }
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "bytes");
        clew_json_write_base64(w, bytes);
        clew_json_write_object_end(w);
}

static void write_scalar(struct clew_json_writer *w, const struct clew_value *value,
                         enum clew_value_bytes_form form)
{
        switch (value->type) {
        case CLEW_VALUE_STRING:
                clew_json_write_string(w, value->bytes);
                return;
        case CLEW_VALUE_BOOL:
                clew_json_write_bool(w, value->boolean);
                return;
        case CLEW_VALUE_INT:
                clew_json_write_int64(w, value->integer);
                return;
        case CLEW_VALUE_DOUBLE:
                clew_json_write_double(w, value->number);
                return;
        case CLEW_VALUE_BYTES:
                write_bytes(w, value->bytes, form);
                return;
        case CLEW_VALUE_EMPTY:
        case CLEW_VALUE_ARRAY:
        case CLEW_VALUE_KVLIST:
                break;
        }
        clew_json_write_null(w);
}

static bool is_structure(const struct clew_value *value)
{
        return value->type == CLEW_VALUE_ARRAY || value->type == CLEW_VALUE_KVLIST;
}

static struct level enter(struct clew_json_writer *w, const struct clew_value *value)
{
        bool list = value->type == CLEW_VALUE_KVLIST;

        if (list)
                clew_json_write_object_begin(w);
        else
                clew_json_write_array_begin(w);
        return (struct level){clew_value_elements(value), list};
}

/* The next value of @level with its key written; at the end the level is closed: false. */
static bool next_value(struct level *level, struct clew_json_writer *w, struct clew_value *ret)
{
        struct clew_attribute pair;

        if (!level->is_list) {
                if (clew_value_next(&level->iter, ret))
                        return true;
                clew_json_write_array_end(w);
                return false;
        }
        if (!clew_attribute_next(&level->iter, &pair)) {
                clew_json_write_object_end(w);
                return false;
        }
        clew_json_write_key_slice(w, pair.key);
        *ret = pair.value;
        return true;
}

void clew_value_write(struct clew_json_writer *w, const struct clew_value *value,
                      enum clew_value_bytes_form form)
{
        struct level stack[CLEW_OTLP_DEPTH_MAX + 2];
        struct clew_value v = *value;
        unsigned depth = 0;

        do {
                if (is_structure(&v) && depth < CLEW_ARRAY_LEN(stack))
                        stack[depth++] = enter(w, &v);
                else
                        write_scalar(w, &v, form);
                while (depth > 0 && !next_value(&stack[depth - 1], w, &v))
                        depth--;
        } while (depth > 0);
}
