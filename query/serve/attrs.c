/*
 * See attrs.h.
 */
#include "query/serve/attrs.h"

#include "query/answer/values.h"
#include "query/find/language/language.h"

#include <string.h>

/* ---- keys -------------------------------------------------------------------------------------
 */

const char *clew_attribute_type(const struct clew_attribute_key *key)
{
        static const char number[] = "number";
        static const char *const names[] = {
                [CLEW_VALUE_EMPTY] = "empty",     [CLEW_VALUE_STRING] = "text",
                [CLEW_VALUE_BOOL] = "true/false", [CLEW_VALUE_INT] = number,
                [CLEW_VALUE_DOUBLE] = number,     [CLEW_VALUE_ARRAY] = "list",
                [CLEW_VALUE_KVLIST] = "pairs",    [CLEW_VALUE_BYTES] = "bytes",
        };
        const char *one = NULL;

        for (unsigned i = 0; i < CLEW_ARRAY_LEN(names); i++) {
                if ((key->types >> i & 1) == 0)
                        continue;
                if (one && one != names[i])
                        return "mixed";
                one = names[i];
        }
        return one ? one : "empty";
}

static const struct clew_attribute_key *of_key(const void *record)
{
        return record;
}

static void put_key(struct clew_json_writer *w, const void *r)
{
        CLEW_BUFFER text = {0};

        clew_buffer_init(&text, 4096);
        clew_buffer_append_cstr(&text, of_key(r)->scope);
        clew_buffer_append_slice(&text, of_key(r)->name);
        clew_json_write_string(w, clew_buffer_slice(&text));
}

static void put_type(struct clew_json_writer *w, const void *r)
{
        clew_json_write_cstr(w, clew_attribute_type(of_key(r)));
}

static void put_n(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of_key(r)->n);
}

static void put_traces(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, of_key(r)->traces);
}

static void put_values(struct clew_json_writer *w, const void *r)
{
        if (of_key(r)->many)
                clew_json_write_null(w);
        else
                clew_json_write_uint64(w, of_key(r)->n_values);
}

static void put_example(struct clew_json_writer *w, const void *r)
{
        clew_write_text(w, of_key(r)->example);
}

const struct clew_record_field clew_attribute_fields[] = {
        {"key", true, put_key},
        {"value_type", true, put_type},
        {"n", true, put_n},
        {"traces", true, put_traces},
        {"values", true, put_values},
        {"example", true, put_example},
        {0},
};

/* ---- values -----------------------------------------------------------------------------------
 */

static void put_value(struct clew_json_writer *w, const void *r)
{
        clew_write_text(w, ((const struct clew_value_row *)r)->value);
}

static void put_value_n(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, ((const struct clew_value_row *)r)->n);
}

static void put_value_failed(struct clew_json_writer *w, const void *r)
{
        clew_json_write_uint64(w, ((const struct clew_value_row *)r)->failed);
}

const struct clew_record_field clew_value_fields[] = {
        {"value", true, put_value},
        {"n", true, put_value_n},
        {"failed", true, put_value_failed},
        {0},
};

/* A bare key may stand anywhere. */
int clew_attribute_field(const char *name, struct clew_buffer *out)
{
        static const char *const scopes[] = {
                "span.",   "resource.", "event.", "link.", "instrumentation.",
                "parent.", "trace:",    "."};
        struct clew_query_field_help help;

        for (size_t i = 0; i < CLEW_ARRAY_LEN(scopes); i++) {
                if (strncmp(name, scopes[i], strlen(scopes[i])) == 0)
                        goto whole;
        }
        for (size_t i = 0; clew_query_field_at(i, &help); i++) {
                if (strcmp(help.name, name) == 0)
                        goto whole;
        }
        clew_buffer_append_byte(out, '.');
whole:
        clew_buffer_append_cstr(out, name);
        clew_buffer_append_byte(out, 0);
        return clew_buffer_error(out);
}
