/*
 * See values.h.
 */
#include "query/answer/values.h"

#include "proto/otlp/value-json.h"
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

void clew_write_left_out(struct clew_json_writer *w, const struct clew_trace *trace)
{
        if (!trace->left_out)
                return;
        clew_json_write_key(w, "texts_left_out");
        clew_json_write_object_begin(w);
        clew_json_write_key(w, "time");
        clew_write_time(w, trace->left_out_note.time_ns);
        clew_json_write_key(w, "rule");
        clew_write_text(w, trace->left_out_note.rule);
        clew_json_write_key(w, "more_came");
        clew_json_write_bool(w, trace->left_out == CLEW_LEFT_OUT_SOME);
        clew_json_write_object_end(w);
}

void clew_write_value(struct clew_json_writer *w, const struct clew_value *value)
{
        clew_value_write(w, value, CLEW_VALUE_BYTES_OBJECT);
}
