/*
 * See values.h.
 */
#include "query/answer/values.h"

#include "proto/otlp/walk.h"
#include "query/answer/when.h"

void clew_write_trace_id(struct clew_json_writer *w, const struct clew_trace_id *id)
{
        clew_json_write_hex(w, clew_slice_make(id->bytes, sizeof(id->bytes)));
}

void clew_write_span_id(struct clew_json_writer *w, const struct clew_span_id *id)
{
        clew_json_write_hex(w, clew_slice_make(id->bytes, sizeof(id->bytes)));
}

void clew_write_time(struct clew_json_writer *w, uint64_t unix_ns)
{
        char text[CLEW_WHEN_TEXT];

        if (unix_ns == 0) {
                clew_json_write_null(w);
                return;
        }
        clew_when_rfc3339(unix_ns, text);
        clew_json_write_cstr(w, text);
}

void clew_write_text(struct clew_json_writer *w, struct clew_slice text)
{
        if (text.len == 0)
                clew_json_write_null(w);
        else
                clew_json_write_string(w, text);
}

void clew_write_member(struct clew_json_writer *w, const char *key, struct clew_slice text)
{
        if (text.len == 0)
                return;
        clew_json_write_key(w, key);
        clew_json_write_string(w, text);
}

void clew_write_tokens(struct clew_json_writer *w, const struct clew_tokens *tokens)
{
        const struct {
                const char *name;
                uint64_t count;
                unsigned bit;
        } counts[] = {
                {"in", tokens->in, CLEW_TOKENS_IN},
                {"out", tokens->out, CLEW_TOKENS_OUT},
                {"cache_read", tokens->cache_read, CLEW_TOKENS_CACHE_READ},
                {"cache_write", tokens->cache_write, CLEW_TOKENS_CACHE_WRITE},
                {"reasoning", tokens->reasoning, CLEW_TOKENS_REASONING},
        };
        const struct {
                const char *name;
                uint64_t count;
        } parts[] = {
                {"in_audio", tokens->in_audio},
                {"in_image", tokens->in_image},
                {"out_audio", tokens->out_audio},
                {"out_image", tokens->out_image},
        };

        clew_json_write_object_begin(w);
        for (size_t i = 0; i < CLEW_ARRAY_LEN(counts); i++) {
                if ((tokens->has & counts[i].bit) == 0)
                        continue;
                clew_json_write_key(w, counts[i].name);
                clew_json_write_uint64(w, counts[i].count);
        }
        for (size_t i = 0; i < CLEW_ARRAY_LEN(parts); i++) {
                if (parts[i].count == 0)
                        continue;
                clew_json_write_key(w, parts[i].name);
                clew_json_write_uint64(w, parts[i].count);
        }
        clew_json_write_key(w, "total");
        clew_json_write_uint64(w, tokens->total);
        clew_json_write_object_end(w);
}

/* An array or key-value list that is being written. */
struct level {
        struct clew_message_iter it;
        bool is_list; /* key-value list */
};

static void write_scalar(struct clew_json_writer *w, const struct clew_value *v)
{
        switch (v->type) {
        case CLEW_VALUE_STRING:
                clew_json_write_string(w, v->bytes);
                return;
        case CLEW_VALUE_BOOL:
                clew_json_write_bool(w, v->boolean);
                return;
        case CLEW_VALUE_INT:
                clew_json_write_int64(w, v->integer);
                return;
        case CLEW_VALUE_DOUBLE:
                clew_json_write_double(w, v->number);
                return;
        case CLEW_VALUE_BYTES:
                clew_json_write_object_begin(w);
                clew_json_write_key(w, "bytes");
                clew_json_write_base64(w, v->bytes);
                clew_json_write_object_end(w);
                return;
        case CLEW_VALUE_EMPTY:
        case CLEW_VALUE_ARRAY:
        case CLEW_VALUE_KVLIST:
                break;
        }
        clew_json_write_null(w);
}

void clew_write_value(struct clew_json_writer *w, const struct clew_value *value)
{
        /* The walk admits CLEW_OTLP_DEPTH_MAX levels; deeper ones would be damage and give null. */
        struct level levels[CLEW_OTLP_DEPTH_MAX + 2];
        struct clew_value v = *value;
        unsigned depth = 0;
        bool have = true;

        do {
                struct clew_attribute pair;

                if (have && (v.type == CLEW_VALUE_ARRAY || v.type == CLEW_VALUE_KVLIST) &&
                    depth < CLEW_ARRAY_LEN(levels)) {
                        bool is_list = v.type == CLEW_VALUE_KVLIST;

                        levels[depth++] = (struct level){clew_value_elements(&v), is_list};
                        if (is_list)
                                clew_json_write_object_begin(w);
                        else
                                clew_json_write_array_begin(w);
                } else if (have) {
                        write_scalar(w, &v);
                }
                if (depth == 0)
                        return;
                if (!levels[depth - 1].is_list) {
                        have = clew_value_next(&levels[depth - 1].it, &v);
                        if (!have)
                                clew_json_write_array_end(w);
                } else {
                        have = clew_attribute_next(&levels[depth - 1].it, &pair);
                        if (have) {
                                clew_json_write_key_slice(w, pair.key);
                                v = pair.value;
                        } else {
                                clew_json_write_object_end(w);
                        }
                }
                depth -= !have;
        } while (depth > 0);
}
